//! A provisioning service on this machine that serves what the mock vendor makes, SIMULATED, and misbehaves as told.

#![allow(dead_code, reason = "each test that includes this uses a part of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use multee_mock_vendor::{CRL_OF_PROCESSORS, CRL_OF_ROOT, CollateralSpec, Publication, Vendor};

/// How the service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should.
    Sound,
    /// Not at all, with the connection open.
    Silent,
    /// With this status, whatever is asked.
    Status(u16),
    /// With status 429 and for how long to wait.
    Throttling(u64),
    /// With half of the body.
    Truncating,
    /// With ten megabytes of the letter x.
    Babbling,
    /// With something else than HTTP.
    Garbling,
    /// With a redirect to this URL.
    RedirectingTo(String),
    /// As it should, but through a redirect.
    RedirectingOnce,
    /// With the right headers and this for a body.
    Saying(&'static str),
}

#[derive(Clone, Debug)]
struct Document {
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

struct State {
    mood: Mood,
    documents: BTreeMap<String, Document>,
    asked: Vec<String>,
    stopping: bool,
}

/// The service. It is gone when dropped.
pub(crate) struct Pcs {
    port: u16,
    state: Arc<Mutex<State>>,
    listening: Option<JoinHandle<()>>,
}

impl Pcs {
    /// A service that has nothing yet.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds");
        let port = listener.local_addr().expect("bound").port();
        let state =
            State { mood: Mood::Sound, documents: BTreeMap::new(), asked: Vec::new(), stopping: false };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let listening = thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                if lock(&state).stopping {
                    return;
                }
                thread::spawn(move || serve(stream.expect("accepts"), &state));
            }
        });
        Self { port, state, listening: Some(listening) }
    }

    /// A service with the vendor's collateral for one platform family.
    pub(crate) fn with(vendor: &Vendor, spec: CollateralSpec) -> Self {
        let pcs = Self::start();
        pcs.serve(vendor, spec);
        pcs
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A URL at which nobody listens.
    pub(crate) fn dead_url() -> String {
        Self::start().url()
    }

    pub(crate) fn is(&self, mood: Mood) {
        lock(&self.state).mood = mood;
    }

    /// The paths that were asked for since the last time, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).asked)
    }

    pub(crate) fn put(&self, path: &str, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) {
        let headers = headers.iter().map(|(name, value)| (*name, encode(value))).collect();
        let document = Document { headers, body: body.into() };
        lock(&self.state).documents.insert(path.to_owned(), document);
    }

    /// What is at a path.
    pub(crate) fn body(&self, path: &str) -> Vec<u8> {
        lock(&self.state).documents[path].body.clone()
    }

    /// Puts another body at a path, with the headers that are there.
    pub(crate) fn replace(&self, path: &str, body: &[u8]) {
        lock(&self.state).documents.get_mut(path).expect("is there").body = body.to_vec();
    }

    /// Puts at a path what the vendor has at the like path for something else.
    pub(crate) fn serve_as(&self, vendor: &Vendor, spec: CollateralSpec, path: &str) {
        let other = Self::with(vendor, spec);
        let kind = if path.contains("/tcb?") { "/tcb?" } else { "/qe/identity?" };
        let found =
            lock(&other.state).documents.iter().find(|(path, _)| path.contains(kind)).map(|(_, d)| d.clone());
        lock(&self.state).documents.insert(path.to_owned(), found.expect("served"));
    }

    pub(crate) fn remove(&self, path: &str) {
        lock(&self.state).documents.remove(path).expect("was there");
    }

    /// Takes the vendor's collateral for a platform family, at every path that it may be asked for at.
    pub(crate) fn serve(&self, vendor: &Vendor, spec: CollateralSpec) {
        for Publication { target, headers, body } in vendor.publications(spec).expect("simulated") {
            lock(&self.state).documents.insert(target, Document { headers, body });
        }
    }
}

pub(crate) const PCK_CRL: &str = CRL_OF_PROCESSORS;
pub(crate) const ROOT_CRL: &str = CRL_OF_ROOT;

impl Drop for Pcs {
    fn drop(&mut self) {
        lock(&self.state).stopping = true;
        // Wakes the listener, which then sees that it is to stop.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.listening.take().map(JoinHandle::join);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no test thread panicked in here")
}

/// Percent-encodes, as services do with chains.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.push(byte.into()),
            _ => write!(encoded, "%{byte:02X}").expect("a string takes it"),
        }
        encoded
    })
}

/// One request, one answer. Who has heard enough hangs up, which is nobody's error here.
fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let Some(path) = read_path(&mut stream) else { return };
    let (mood, document) = {
        let mut state = lock(state);
        state.asked.push(path.clone());
        let found = state.documents.get(path.trim_start_matches("/moved")).cloned();
        (state.mood.clone(), found)
    };
    let _ = answer(&mut stream, &path, mood, document);
}

fn answer(stream: &mut TcpStream, path: &str, mood: Mood, document: Option<Document>) -> std::io::Result<()> {
    match mood {
        // Until the other side hangs up.
        Mood::Silent => stream.read(&mut [0]).map(drop),
        Mood::Garbling => stream.write_all(b"220 smtp.example.org ESMTP\r\n\r\n"),
        Mood::Status(status) => write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
        Mood::Throttling(after_s) => {
            write!(stream, "HTTP/1.1 429 X\r\nretry-after: {after_s}\r\ncontent-length: 0\r\n\r\n")
        }
        Mood::RedirectingTo(url) => {
            write!(stream, "HTTP/1.1 302 X\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n")
        }
        Mood::RedirectingOnce if !path.starts_with("/moved") => {
            write!(stream, "HTTP/1.1 302 X\r\nlocation: /moved{path}\r\ncontent-length: 0\r\n\r\n")
        }
        Mood::Sound | Mood::RedirectingOnce | Mood::Truncating | Mood::Babbling | Mood::Saying(_) => {
            let Some(mut document) = document else {
                return write!(stream, "HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n");
            };
            if let Mood::Saying(body) = mood {
                document.body = body.into();
            }
            if mood == Mood::Babbling {
                document.body = vec![b'x'; 10_000_000];
            }
            let sent = if mood == Mood::Truncating { document.body.len() / 2 } else { document.body.len() };
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", document.body.len())?;
            for (name, value) in &document.headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            stream.write_all(b"connection: close\r\n\r\n")?;
            stream.write_all(&document.body[..sent])
        }
    }
}

fn read_path(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    head.strip_prefix("GET ")?.split(' ').next().map(str::to_owned)
}
