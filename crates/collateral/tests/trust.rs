//! Who vouches for endpoints, and where certificates may lead.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

use multee_collateral::{AmdItem, AmdKey, Evaluation, FetchError, HttpConfig};
use multee_collateral::{Source, SourceConfig, SourceError, TlsRoots};
use multee_evidence::SnpProduct;
use multee_mock_vendor::{CollateralSpec, PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::TeeType;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

mod pcs;

use pcs::{Pcs, ROOT_CRL};

const NOW_S: u64 = 1_800_000_000;
const CHAIN: AmdItem = AmdItem::Chain(AmdKey::Vcek, SnpProduct::Milan);

fn config(url: &str, tls_roots: TlsRoots) -> SourceConfig {
    let endpoint = url.parse().expect("URL");
    SourceConfig {
        amd: vec![endpoint],
        intel: vec![url.parse().expect("URL")],
        cache: None,
        refresh_margin_s: 0,
        age_s_max: 86_400,
        http: HttpConfig { time_ms_max: 30_000, tls_roots },
    }
}

/// A service on HTTPS that gives one connection its own certificate, PEM.
fn secure_service(key: &KeyPair, params: &CertificateParams) -> (String, Vec<u8>) {
    let certificate = params.self_signed(key).expect("makes");
    let (der, pem) = (certificate.der().clone(), certificate.pem());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("its own");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("accepts");
        let connection = ServerConnection::new(Arc::new(server)).expect("connects");
        let mut stream = StreamOwned::new(connection, stream);
        // A client that does not trust it says nothing.
        if stream.read(&mut [0; 4096]).is_ok() {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{pem}", pem.len());
            let _ = stream.flush();
        }
    });
    (format!("https://127.0.0.1:{port}"), der.to_vec())
}

fn fetch(url: &str, roots: Vec<Vec<u8>>) -> Result<Vec<u8>, FetchError> {
    let source = Source::open(config(url, TlsRoots::These(roots))).expect("opens");
    source.amd(CHAIN, NOW_S, NOW_S).map_err(|error| match error {
        SourceError::Unavailable(alarm) => alarm.refusals[0].1.clone(),
        other => panic!("{other}"),
    })
}

#[test]
fn secure_endpoints_are_vouched_for_by_the_authorities_given_and_by_no_others() {
    let key = KeyPair::generate().expect("makes");
    let named = CertificateParams::new(["127.0.0.1".to_owned()]).expect("name");
    let (url, certificate) = secure_service(&key, &named);
    assert!(fetch(&url, vec![certificate]).is_ok());
    let (url, _) = secure_service(&key, &named);
    assert!(matches!(fetch(&url, vec![]), Err(FetchError::Unreachable(_))));
    let foreign = named.self_signed(&KeyPair::generate().expect("makes")).expect("makes");
    let (url, _) = secure_service(&key, &named);
    assert!(matches!(fetch(&url, vec![foreign.der().to_vec()]), Err(FetchError::Unreachable(_))));
    let misnamed = CertificateParams::new(["example.org".to_owned()]).expect("name");
    let (url, certificate) = secure_service(&key, &misnamed);
    assert!(matches!(fetch(&url, vec![certificate]), Err(FetchError::Unreachable(_))));
}

#[test]
fn public_authorities_vouch_for_no_certificate_that_was_just_made() {
    let key = KeyPair::generate().expect("makes");
    let (url, _) = secure_service(&key, &CertificateParams::new(["127.0.0.1".to_owned()]).expect("name"));
    let source = Source::open(config(&url, TlsRoots::Public)).expect("opens");
    assert!(source.amd(CHAIN, NOW_S, NOW_S).is_err());
}

/// A root whose certificate says that its list is at `url`, and the list.
fn root_and_list(url: &str) -> (String, Vec<u8>) {
    let key = KeyPair::generate().expect("makes");
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![url.to_owned()] }];
    let certificate = params.self_signed(&key).expect("makes").pem();
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2028, 1, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: vec![],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&Issuer::new(params, key)).expect("makes");
    (certificate, list.der().to_vec())
}

/// Fetches collateral whose root says that its list is at `list_url`, from a service that has no such list.
fn fetch_by_root(service: &Pcs, list_url: &str) -> (Result<Vec<u8>, SourceError>, Vec<u8>) {
    let window = (NOW_S, NOW_S + 86_400);
    let config = VendorConfig { not_before_s: window.0, not_after_s: window.1, tcb_evaluation_number: 19 };
    let vendor = Vendor::from_seed([7; 32], config).expect("dates in range");
    let platform = vendor.platform(PlatformSpec::sound(1, TeeType::Sgx)).expect("simulated");
    let (issued_s, next_update_s) = window;
    let fmspc = platform.spec().fmspc;
    let spec =
        CollateralSpec { tee: TeeType::Sgx, fmspc, issued_s, next_update_s, tcb_evaluation_number: 19 };
    service.serve(&vendor, spec);
    service.remove(ROOT_CRL);
    let (root, list) = root_and_list(list_url);
    let tcb = "/sgx/certification/v4/tcb?fmspc=53494D534758&update=standard";
    let body = service.body(tcb);
    service.put(tcb, &[("TCB-Info-Issuer-Chain", &root)], body);
    service.put("/root.crl", &[], list.clone());
    let quote = platform.quote(&QuoteSpec::of_program(TeeType::Sgx, "agent", [0; 64])).expect("same TEE");
    let source = Source::open(self::config(&service.url(), TlsRoots::These(vec![]))).expect("opens");
    (source.collateral(&quote, Evaluation::Standard, NOW_S, NOW_S), list)
}

#[test]
fn roots_list_is_fetched_from_where_the_root_says() {
    let service = Pcs::start();
    let (fetched, list) = fetch_by_root(&service, &format!("{}/root.crl", service.url()));
    let text = String::from_utf8(fetched.expect("fetched")).expect("text");
    assert!(text.contains(&format!(r#""root_ca_crl":"{}""#, hex::encode(list))));
    assert_eq!(service.asked().last().map(String::as_str), Some("/root.crl"));
}

#[test]
fn root_does_not_lead_out_of_the_machine_without_tls() {
    let service = Pcs::start();
    let (fetched, _) = fetch_by_root(&service, "http://example.org/root.crl");
    let SourceError::Unavailable(alarm) = fetched.expect_err("nowhere") else { panic!("unavailable") };
    let asked: Vec<&str> = alarm.refusals.iter().map(|(endpoint, _)| endpoint.as_str()).collect();
    assert_eq!(asked, [service.url()]);
}
