//! A small HTTP server for what monitoring asks: one request at a time, each within two seconds and some kilobytes.
//!
//! It serves pages without arguments and takes nothing. It is for the machine or the operator's own network.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long one request may take, and then its answer.
const TIME_MAX: Duration = Duration::from_secs(2);
/// How long a request's head may be, in bytes.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
}

impl Page {
    /// There is no such page.
    pub fn not_found() -> Self {
        Self { status: 404, media_type: "text/plain; charset=utf-8", body: "not found\n".to_owned() }
    }
}

/// Listens at `address` and answers with what `page` has for a path, in a thread that ends with the process. Returns
/// where it listens.
///
/// # Errors
/// When nothing can be listened to there.
pub fn serve(address: SocketAddr, page: impl Fn(&str) -> Page + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("pages".to_owned()).spawn(move || {
        for client in listener.incoming() {
            // A client that breaks off has no use for an answer.
            let _ = client.and_then(|client| attend(client, &page));
        }
    })?;
    Ok(address)
}

fn attend(mut client: TcpStream, page: &impl Fn(&str) -> Page) -> io::Result<()> {
    let head = head(&mut client)?;
    let answer = match path(&head) {
        Ok(path) => page(path),
        Err(status) => Page { status, ..Page::not_found() },
    };
    client.set_write_timeout(Some(TIME_MAX))?;
    client.write_all(bytes(&answer).as_bytes())?;
    client.shutdown(Shutdown::Write)
}

/// The request up to the empty line.
fn head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (until, mut head, mut part) = (Instant::now() + TIME_MAX, Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() > HEAD_BYTES_MAX {
            return Err(io::ErrorKind::TimedOut.into());
        }
        client.set_read_timeout(Some(left))?;
        let read = client.read(&mut part)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(part.get(..read).unwrap_or_default());
    }
    Ok(head)
}

/// The path of a GET, without its query; else the status that refuses it.
fn path(head: &[u8]) -> Result<&str, u16> {
    let line =
        head.split(|byte| *byte == b'\r').next().and_then(|line| str::from_utf8(line).ok()).ok_or(400_u16)?;
    match line.split(' ').collect::<Vec<&str>>().as_slice() {
        ["GET", target, version] if version.starts_with("HTTP/1.") => {
            Ok(target.split('?').next().unwrap_or(target))
        }
        [_, _, version] if version.starts_with("HTTP/1.") => Err(405),
        _ => Err(400),
    }
}

fn bytes(page: &Page) -> String {
    let reason = match page.status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        503 => "Service Unavailable",
        _ => "Bad Request",
    };
    format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
        page.status,
        page.media_type,
        page.body.len(),
        page.body
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> SocketAddr {
        let page = |path: &str| match path {
            "/there" => Page { status: 200, media_type: "text/plain", body: "here".to_owned() },
            _ => Page::not_found(),
        };
        serve(SocketAddr::from(([127, 0, 0, 1], 0)), page).expect("listens")
    }

    fn answer(address: SocketAddr, request: &[u8]) -> String {
        let mut client = TcpStream::connect(address).expect("connects");
        client.write_all(request).expect("sends");
        let mut answer = String::new();
        client.read_to_string(&mut answer).map_or_else(|_| String::new(), |_| answer)
    }

    #[test]
    fn pages_are_served_and_what_is_none_is_refused() {
        let address = server();
        let found = answer(address, b"GET /there?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(found.starts_with("HTTP/1.1 200 OK\r\n") && found.ends_with("\r\n\r\nhere"), "{found}");
        assert!(answer(address, b"GET /nowhere HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(answer(address, b"POST /there HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
        assert!(answer(address, b"\xFF\r\n\r\n").starts_with("HTTP/1.1 400"));
    }

    #[test]
    fn whoever_sends_too_much_or_nothing_keeps_nobody_else_from_an_answer() {
        let address = server();
        let _silent = TcpStream::connect(address).expect("connects");
        assert_eq!(answer(address, &vec![b'x'; HEAD_BYTES_MAX + 2048]), "");
        assert!(answer(address, b"GET /there HTTP/1.1\r\n\r\n").ends_with("here"));
    }
}
