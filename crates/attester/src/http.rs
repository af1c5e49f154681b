//! One HTTP request on a Unix socket, with limits on time and size.
//!
//! It is made in HTTP/1.0, to which no server answers in chunks (RFC 9112, 6.1), and closes the connection.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::error::Fault;

const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;

/// Limits of one exchange.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    pub(crate) body_bytes_max: usize,
}

/// A status and what came with it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// What the head of an answer says.
struct Head {
    bytes: usize,
    status: u16,
    body_bytes: Option<usize>,
}

/// Posts a JSON document.
pub(crate) fn post(socket: &Path, target: &str, document: &str, limits: Limits) -> Result<Answer, Fault> {
    let mut exchange = Exchange::open(socket, Instant::now() + limits.time)?;
    exchange.send(&format!(
        "POST {target} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{document}",
        document.len()
    ))?;
    exchange.receive(limits.body_bytes_max)
}

/// A connection that must be done by its deadline.
struct Exchange {
    stream: UnixStream,
    deadline: Instant,
}

impl Exchange {
    /// A server whose queue is full makes connecting wait, too.
    fn open(socket: &Path, deadline: Instant) -> Result<Self, Fault> {
        let address = SocketAddrUnix::new(socket).map_err(io::Error::from)?;
        let flags = SocketFlags::CLOEXEC;
        let unconnected = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
        let unconnected = unconnected.map_err(io::Error::from)?;
        let left = Some(time_left(deadline)?);
        set_socket_timeout(&unconnected, Timeout::Send, left).map_err(io::Error::from)?;
        connect(&unconnected, &address).map_err(|error| in_time(error.into()))?;
        Ok(Self { stream: unconnected.into(), deadline })
    }

    fn send(&mut self, request: &str) -> Result<(), Fault> {
        self.stream.set_write_timeout(Some(time_left(self.deadline)?))?;
        // A server may answer, and hang up, before it has read everything.
        match self.stream.write_all(request.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            sent => sent.map_err(in_time),
        }
    }

    fn receive(&mut self, body_bytes_max: usize) -> Result<Answer, Fault> {
        let mut received = Vec::new();
        let head = loop {
            if let Some(head) = parse_head(&received)? {
                break head;
            }
            if received.len() > HEAD_BYTES_MAX {
                return Err(Fault::TooLarge { bytes_max: HEAD_BYTES_MAX });
            }
            if self.read_into(&mut received)? == 0 {
                return Err(Fault::Unexpected("answer ends in its head"));
            }
        };
        let mut body = received.split_off(head.bytes);
        while body.len() < head.body_bytes.unwrap_or(usize::MAX) && body.len() <= body_bytes_max {
            if self.read_into(&mut body)? == 0 {
                break;
            }
        }
        check_body(&head, &mut body, body_bytes_max)?;
        Ok(Answer { status: head.status, body })
    }

    /// Appends what has come; 0 bytes at the end.
    fn read_into(&mut self, received: &mut Vec<u8>) -> Result<usize, Fault> {
        const PART_BYTES: usize = 16 * 1024;
        self.stream.set_read_timeout(Some(time_left(self.deadline)?))?;
        let mut part = [0; PART_BYTES];
        let len = loop {
            match self.stream.read(&mut part) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(in_time)?,
            }
        };
        received.extend(part.iter().take(len));
        Ok(len)
    }
}

fn check_body(head: &Head, body: &mut Vec<u8>, bytes_max: usize) -> Result<(), Fault> {
    if body.len() > bytes_max || head.body_bytes.is_some_and(|announced| announced > bytes_max) {
        return Err(Fault::TooLarge { bytes_max });
    }
    let Some(announced) = head.body_bytes else { return Ok(()) };
    if body.len() < announced {
        return Err(Fault::Unexpected("answer ends before its end"));
    }
    body.truncate(announced);
    Ok(())
}

/// The head if all of it is there.
fn parse_head(received: &[u8]) -> Result<Option<Head>, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(received).map_err(|_| Fault::Unexpected("answer is not HTTP"))?;
    let (httparse::Status::Complete(bytes), Some(status)) = (parsed, response.code) else { return Ok(None) };
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| String::from_utf8_lossy(header.value).trim().to_owned())
    };
    if value("transfer-encoding").is_some() {
        return Err(Fault::Unexpected("answer has a transfer encoding, which HTTP/1.0 has not"));
    }
    let body_bytes = value("content-length").map(|text| text.parse()).transpose();
    let body_bytes = body_bytes.map_err(|_| Fault::Unexpected("answer's length is no number"))?;
    Ok(Some(Head { bytes, status, body_bytes }))
}

/// Never zero, which sockets take for "no limit".
fn time_left(deadline: Instant) -> Result<Duration, Fault> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(Fault::TimedOut),
        left => Ok(left),
    }
}

/// Sockets with a time limit say "would block" when it is over.
fn in_time(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Fault::TimedOut,
        io::ErrorKind::ConnectionRefused => Fault::Unexpected("nobody listens"),
        _ => error.into(),
    }
}
