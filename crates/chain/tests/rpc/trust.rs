//! Endpoints on TLS with a private authority.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use multee_chain::rpc::{Config, Endpoint, TlsRoots};
use multee_chain::{Chain, ChainError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tungstenite::{Message, accept};

use crate::anvil::Anvil;
use crate::http;
use crate::support::{CHAIN_ID, config, connect};

type Tls = StreamOwned<ServerConnection, TcpStream>;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("signs").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn roots(&self) -> TlsRoots {
        TlsRoots::from_pem(self.pem.as_bytes()).expect("a certificate")
    }

    /// What a server needs that is to be this host.
    fn vouch_for(&self, host: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([host.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signs");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let settings = versions.expect("versions").with_no_client_auth();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        Arc::new(settings.with_single_cert(vec![certificate.der().clone()], key).expect("its own"))
    }
}

/// A server in front of anvil.
fn secure(settings: Arc<ServerConfig>, serve: impl Fn(Tls) + Send + Copy + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(Arc::clone(&settings)).expect("a session");
            thread::spawn(move || serve(StreamOwned::new(session, stream)));
        }
    });
    address
}

/// One question, as it comes in HTTP.
fn over_http(mut stream: Tls, anvil: SocketAddr) -> Option<()> {
    let mut request = Vec::new();
    let body = loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some(end) = text.find("\r\n\r\n") else { continue };
        let length = text.split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
        if request.len() == end + 4 + length {
            break request.split_off(end + 4);
        }
    };
    let answer = http::post(anvil, &body).ok()?;
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
    stream.write_all(&[head.as_bytes(), &answer].concat()).and_then(|()| stream.flush()).ok()
}

fn over_websocket(stream: Tls, anvil: SocketAddr) -> Option<()> {
    let mut socket = accept(stream).ok()?;
    loop {
        let question = socket.read().ok()?.into_data();
        let answer = String::from_utf8(http::post(anvil, &question).ok()?).ok()?;
        socket.send(Message::text(answer)).ok()?;
    }
}

fn trusting(url: &str, roots: TlsRoots) -> Config {
    let endpoint = Endpoint::parse(url).expect("a URL").trusting(roots);
    Config { endpoints: vec![endpoint], ..config(&[]) }
}

#[test]
fn an_endpoint_is_vouched_for_by_the_authorities_given_and_by_no_others() {
    let (anvil, authority, other) = (Anvil::start(), Authority::new(), Authority::new());
    let behind = anvil.address();
    let https = |host| {
        let at =
            secure(authority.vouch_for(host), move |stream| over_http(stream, behind).unwrap_or_default());
        format!("https://127.0.0.1:{}", at.port())
    };
    let wss = |host| {
        let at = secure(authority.vouch_for(host), move |stream| {
            over_websocket(stream, behind).unwrap_or_default();
        });
        format!("wss://127.0.0.1:{}", at.port())
    };
    for url in [https("127.0.0.1"), wss("127.0.0.1")] {
        let chain = connect(&trusting(&url, authority.roots())).expect("connects");
        assert_eq!(chain.head().expect("answers").chain_id, CHAIN_ID);
        let both = [other.pem.as_str(), authority.pem.as_str()].concat();
        connect(&trusting(&url, TlsRoots::from_pem(both.as_bytes()).expect("two"))).expect("connects");
        for roots in [TlsRoots::Public, other.roots(), TlsRoots::These(Vec::new())] {
            let error = connect(&trusting(&url, roots)).expect_err("a stranger");
            assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
        }
    }
    for url in [https("example.org"), wss("example.org")] {
        let error = connect(&trusting(&url, authority.roots())).expect_err("another host");
        assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    }
}
