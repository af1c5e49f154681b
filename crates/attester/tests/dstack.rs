//! dstack's guest agent as a real server on a Unix socket, which behaves and misbehaves. Its quotes are SIMULATED.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use multee_attester::{Dstack, DstackConfig, Fault};
use multee_evidence::{AttestError, ObtainQuote};
use multee_mock_vendor::{PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::TeeType;
use tempfile::TempDir;

const DATA: [u8; 64] = [0x5A; 64];

/// An agent that serves one connection.
struct Agent {
    directory: TempDir,
    serving: JoinHandle<String>,
}

impl Agent {
    /// Reads one request, lets `answer` do what it does, and gives back the request.
    fn start(answer: impl FnOnce(UnixStream) + Send + 'static) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let listener = UnixListener::bind(socket(directory.path())).expect("binds");
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accepts");
            let request = read_request(&mut stream);
            answer(stream);
            request
        });
        Self { directory, serving }
    }

    fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream| {
            // Who has heard enough hangs up.
            let _ = stream.write_all(&answer);
        })
    }

    fn quote(self, time_ms_max: u64) -> (Result<Vec<u8>, AttestError>, String) {
        let socket = socket(self.directory.path());
        let quote = Dstack::new(DstackConfig { socket, time_ms_max }).quote(&DATA);
        (quote, self.serving.join().expect("serves"))
    }

    fn refusal(self) -> String {
        match self.quote(5_000).0.expect_err("no quote") {
            AttestError::Refused { reason, .. } => reason,
            other @ AttestError::Unavailable { .. } => panic!("{other}"),
        }
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("dstack.sock")
}

fn read_request(stream: &mut UnixStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"}") && stream.read(&mut byte).expect("reads") == 1 {
        request.push(byte[0]);
    }
    String::from_utf8(request).expect("text")
}

fn simulated_quote(data: [u8; 64]) -> Vec<u8> {
    let config = VendorConfig { not_before_s: 1, not_after_s: 1000, tcb_evaluation_number: 1 };
    let vendor = Vendor::from_seed([7; 32], config).expect("dates in range");
    let platform = vendor.platform(PlatformSpec::sound(1, TeeType::Tdx)).expect("simulated");
    platform.quote(&QuoteSpec::of_program(TeeType::Tdx, "agent", data)).expect("same TEE")
}

fn document(data: [u8; 64]) -> String {
    let quote = hex::encode(simulated_quote(data));
    format!(r#"{{"quote":"{quote}","event_log":"[]","report_data":"{}","vm_config":""}}"#, hex::encode(data))
}

fn ok(body: &str) -> String {
    let len = body.len();
    format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\ncontent-length: {len}\r\n\r\n{body}")
}

#[test]
fn agent_is_asked_as_its_documentation_says_and_its_quote_is_taken() {
    let (quote, request) = Agent::saying(ok(&document(DATA))).quote(5_000);
    assert_eq!(quote.expect("quotes"), simulated_quote(DATA));
    let (head, body) = request.split_once("\r\n\r\n").expect("head and body");
    assert!(head.starts_with("POST /GetQuote HTTP/1.0\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: application/json\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    assert_eq!(body, format!(r#"{{"report_data":"{}"}}"#, "5a".repeat(64)));
}

#[test]
fn answer_may_come_without_a_length_and_stay_open_with_one() {
    let without = format!("HTTP/1.1 200 OK\r\n\r\n{}", document(DATA));
    assert!(Agent::saying(without).quote(5_000).0.is_ok());
    let agent = Agent::start(|mut stream| {
        stream.write_all(ok(&document(DATA)).as_bytes()).expect("writes");
        // Until the other side has hung up.
        let _ = stream.read(&mut [0]);
    });
    assert!(agent.quote(60_000).0.is_ok());
}

#[test]
fn agents_refusal_is_told_in_its_words() {
    let body = "{\"error\":\"no TDX \\u001b[31mhere\"}";
    let answer = format!("HTTP/1.0 400 Bad Request\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    assert_eq!(Agent::saying(answer).refusal(), "refused: status 400: no TDX [31mhere");
    assert_eq!(Agent::saying("HTTP/1.0 502 Bad Gateway\r\n\r\n<html>").refusal(), "refused: status 502");
    let long = format!("HTTP/1.0 500 X\r\n\r\n{{\"error\":\"{}\"}}", "x".repeat(10_000));
    assert_eq!(Agent::saying(long).refusal().len(), "refused: status 500: ".len() + 200);
    let redirect = "HTTP/1.0 302 Found\r\nLocation: http://example.org/\r\n\r\n";
    assert_eq!(Agent::saying(redirect).refusal(), "refused: status 302");
}

#[test]
fn answers_that_are_none_are_refused() {
    let cut = ok(&document(DATA));
    let cases = [
        (String::new(), "answer ends in its head"),
        ("HTTP/1.0 200 OK\r\nContent-".to_owned(), "answer ends in its head"),
        (cut[..cut.len() / 2].to_owned(), "answer ends before its end"),
        ("Hello!\r\n\r\n".to_owned(), "answer is not HTTP"),
        (ok("{}"), "answer has no quote"),
        (ok("[1"), "answer has no quote"),
        (ok(r#"{"quote":"0x0g"}"#), "quote is not in hex"),
        (ok(r#"{"quote":""}"#), "quote is about other report data"),
        (ok(&document([1; 64])), "quote is about other report data"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            "answer has a transfer encoding, which HTTP/1.0 has not",
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n".to_owned(), "answer's length is no number"),
    ];
    for (answer, reason) in cases {
        assert_eq!(Agent::saying(answer).refusal(), reason);
    }
}

#[test]
fn oversized_answers_are_not_read_to_their_end() {
    let announced =
        "HTTP/1.0 200 OK\r\nContent-Length: 10000000\r\n\r\n".to_owned() + &"x".repeat(10_000_000);
    let unannounced = "HTTP/1.0 200 OK\r\n\r\n".to_owned() + &"x".repeat(10_000_000);
    for answer in [announced, unannounced] {
        assert_eq!(Agent::saying(answer).refusal(), "answer is larger than 1179648 bytes");
    }
    let head = "HTTP/1.0 200 OK\r\n".to_owned() + &"X: x\r\n".repeat(60) + "Y: " + &"y".repeat(1_000_000);
    assert_eq!(Agent::saying(head).refusal(), "answer is larger than 16384 bytes");
    let quote = "5a".repeat(64 * 1024 + 1);
    assert_eq!(
        Agent::saying(ok(&format!(r#"{{"quote":"{quote}"}}"#))).refusal(),
        "answer is larger than 65536 bytes"
    );
}

#[test]
fn silent_agent_is_left_after_the_time_limit() {
    let agent = Agent::start(|mut stream| {
        let _ = stream.read(&mut [0]);
    });
    let (quote, _) = agent.quote(50);
    assert!(quote.expect_err("silence").to_string().ends_with("no answer in time"));
}

#[test]
fn time_limit_is_for_the_whole_answer_and_not_for_each_byte() {
    let agent = Agent::start(|mut stream| {
        while stream.write_all(b"H").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    // One byte at a time is no HTTP either: what is told first depends on the parser.
    assert!(agent.quote(50).0.is_err());
    let agent = Agent::start(|mut stream| {
        let mut sent = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
        while sent.is_ok() {
            thread::sleep(Duration::from_millis(5));
            sent = stream.write_all(b" ");
        }
    });
    let (quote, _) = agent.quote(50);
    assert!(quote.expect_err("dripping").to_string().ends_with("no answer in time"));
}

#[test]
fn agent_with_a_full_queue_is_left_after_the_time_limit() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket as open};
    let directory = tempfile::tempdir().expect("directory");
    let listener = open(AddressFamily::UNIX, SocketType::STREAM, None).expect("opens");
    let path = socket(directory.path());
    bind(&listener, &SocketAddrUnix::new(&path).expect("short")).expect("binds");
    listen(&listener, 0).expect("listens");
    let _waiting = UnixStream::connect(&path).expect("the one that fits the queue");
    let error = Dstack::new(DstackConfig { socket: path, time_ms_max: 50 }).quote(&DATA).expect_err("full");
    assert!(error.to_string().ends_with("no answer in time"), "{error}");
}

#[test]
fn missing_agent_is_told_from_one_that_does_not_listen() {
    let directory = tempfile::tempdir().expect("directory");
    let ask = || {
        let socket = socket(directory.path());
        Dstack::new(DstackConfig { socket, time_ms_max: 1_000 }).quote(&DATA).expect_err("nobody")
    };
    let AttestError::Unavailable { source, .. } = ask() else { panic!("missing") };
    assert!(matches!(source.downcast_ref(), Some(Fault::Missing)));
    drop(UnixListener::bind(socket(directory.path())).expect("binds"));
    assert!(ask().to_string().ends_with("nobody listens"));
}
