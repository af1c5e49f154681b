//! A server in front of anvil that breaks as it is told to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::http;

/// What is answered to a question.
pub(crate) enum Reply {
    /// These bytes, as JSON.
    Json(Vec<u8>),
    /// An HTTP status with these headers and body.
    Status(u16, &'static str, Vec<u8>),
    /// These bytes, announced as longer by half.
    CutOff(Vec<u8>),
    /// So many bytes of junk, as one body without an announced length.
    Junk(u64),
    /// One byte at a time, for ever, each as slowly as the client takes it.
    Drip,
    /// Nothing, until the client goes away.
    Silence,
    /// The connection is closed.
    Hangup,
}

/// A question, and the way to have anvil's answer to it.
pub(crate) struct Question {
    pub(crate) method: String,
    pub(crate) params: Value,
    id: Value,
    bytes: Vec<u8>,
    anvil: SocketAddr,
}

type Behaviour = Arc<dyn Fn(&Question) -> Reply + Send + Sync>;

pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    anvil: SocketAddr,
    behaviour: Mutex<Behaviour>,
    asked: Mutex<Vec<String>>,
    junk_sent: AtomicU64,
    ended: AtomicBool,
}

impl Question {
    /// Anvil's answer.
    pub(crate) fn forward(&self) -> Vec<u8> {
        http::post(self.anvil, &self.bytes).expect("anvil answers")
    }

    /// Anvil's answer to `params` instead.
    pub(crate) fn forward_with(&self, params: &Value) -> Vec<u8> {
        let request = json!({"jsonrpc": "2.0", "id": self.id, "method": self.method, "params": params});
        http::post(self.anvil, request.to_string().as_bytes()).expect("anvil answers")
    }

    /// An answer that is not anvil's.
    pub(crate) fn result(&self, result: &Value) -> Reply {
        Reply::Json(json!({"jsonrpc": "2.0", "id": self.id, "result": result}).to_string().into_bytes())
    }

    pub(crate) fn error(&self, code: i64, message: &str) -> Reply {
        let error = json!({"code": code, "message": message});
        Reply::Json(json!({"jsonrpc": "2.0", "id": self.id, "error": error}).to_string().into_bytes())
    }

    pub(crate) fn honest(&self) -> Reply {
        Reply::Json(self.forward())
    }
}

impl Proxy {
    /// An honest one.
    pub(crate) fn before(anvil: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            anvil,
            behaviour: Mutex::new(Arc::new(Question::honest)),
            asked: Mutex::default(),
            junk_sent: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.ended.load(Ordering::SeqCst) {
                    return;
                }
                let serving = Arc::clone(&accepting);
                thread::spawn(move || serving.serve(stream));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, questions are answered so.
    pub(crate) fn behave(&self, behaviour: impl Fn(&Question) -> Reply + Send + Sync + 'static) {
        *self.shared.behaviour.lock().expect("whole") = Arc::new(behaviour);
    }

    /// The methods asked since this was called last.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.asked.lock().expect("whole"))
    }

    /// Bytes of junk that were taken from it.
    pub(crate) fn junk_sent(&self) -> u64 {
        self.shared.junk_sent.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes whoever accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let Ok(bytes) = http::read_body(&stream) else { return };
        let Ok(request) = serde_json::from_slice::<Value>(&bytes) else { return };
        let method = request["method"].as_str().unwrap_or_default().to_owned();
        self.asked.lock().expect("whole").push(method.clone());
        let (params, id) = (request["params"].clone(), request["id"].clone());
        let question = Question { method, params, id, bytes, anvil: self.anvil };
        let behaviour = Arc::clone(&self.behaviour.lock().expect("whole"));
        // A client that has gone away is what most faults are about.
        let _ = self.reply(stream, behaviour(&question));
    }

    fn reply(&self, mut stream: TcpStream, reply: Reply) -> std::io::Result<()> {
        match reply {
            Reply::Json(body) => send(&mut stream, "200 OK", body.len(), &body),
            Reply::Status(status, headers, body) => {
                send(&mut stream, &format!("{status} Told\r\n{headers}X-Proxy: 1"), body.len(), &body)
            }
            Reply::CutOff(body) => send(&mut stream, "200 OK", body.len() * 3 / 2, &body),
            Reply::Junk(length) => self.junk(stream, length),
            Reply::Drip => drip(stream),
            Reply::Silence => stream.read(&mut [0; 1]).map(drop),
            Reply::Hangup => Ok(()),
        }
    }

    fn junk(&self, mut stream: TcpStream, length: u64) -> std::io::Result<()> {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")?;
        let chunk = vec![b'['; 64 * 1024];
        for _ in 0..length.div_ceil(chunk.len() as u64) {
            stream.write_all(&chunk)?;
            self.junk_sent.fetch_add(chunk.len() as u64, Ordering::SeqCst);
        }
        Ok(())
    }
}

fn send(stream: &mut TcpStream, status: &str, length: usize, body: &[u8]) -> std::io::Result<()> {
    let head = "Content-Type: application/json\r\nConnection: close\r\n";
    write!(stream, "HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\n\r\n")?;
    stream.write_all(body)
}

/// Slowly, and not by a clock's measure: each byte waits for the client to be silent a moment longer.
fn drip(mut stream: TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n")?;
    stream.set_read_timeout(Some(std::time::Duration::from_millis(20)))?;
    loop {
        match stream.read(&mut [0; 1]) {
            Ok(0) => return Ok(()),
            _ => stream.write_all(b" ")?,
        }
    }
}
