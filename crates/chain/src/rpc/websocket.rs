//! Exchanges with an endpoint over one WebSocket: bounded in time and bytes. One question at a time is on it.

use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, HandshakeError, Message};

use super::config::Endpoint;
use super::deadline::Deadline;
use super::fault::Fault;

/// Messages that are no answers, such as pings, before the answer at most.
const OTHER_MESSAGES_MAX: usize = 16;
/// Addresses of one host that are tried at most.
const ADDRESSES_MAX: usize = 8;

pub(super) struct WebSocket {
    endpoint: Endpoint,
    timeout: Duration,
    bytes_max: u64,
    socket: Mutex<Option<Socket>>,
}

type Socket = tungstenite::WebSocket<Stream>;

enum Stream {
    Plain(Deadline),
    Tls(Box<StreamOwned<ClientConnection, Deadline>>),
}

impl WebSocket {
    pub(super) fn new(endpoint: Endpoint, timeout: Duration, bytes_max: u64) -> Self {
        Self { endpoint, timeout, bytes_max, socket: Mutex::default() }
    }

    /// Sends `request` and reads the answer. A connection kept from before may have been closed meanwhile: then once
    /// more on a new one. After a failure none is kept, as an answer that comes late would be taken for the next one's.
    pub(super) fn exchange(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut kept = self.lock();
        if let Some(mut socket) = kept.take() {
            match self.ask(&mut socket, request) {
                Err(error) if is_closed(&error) => {}
                result => return self.keep(&mut kept, socket, result),
            }
        }
        let mut socket = self.connect()?;
        let result = self.ask(&mut socket, request);
        self.keep(&mut kept, socket, result)
    }

    pub(super) fn reset(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Socket>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(
        &self,
        kept: &mut Option<Socket>,
        socket: Socket,
        result: Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Fault> {
        let answer = result.map_err(|error| self.fault(&error))?;
        *kept = Some(socket);
        Ok(answer)
    }

    fn ask(&self, socket: &mut Socket, request: &[u8]) -> Result<Vec<u8>, Error> {
        socket.get_mut().deadline().extend(self.timeout);
        let text = String::from_utf8_lossy(request).into_owned();
        socket.send(Message::text(text))?;
        for _ in 0..OTHER_MESSAGES_MAX {
            match socket.read()? {
                Message::Text(text) => return Ok(text.as_bytes().to_vec()),
                Message::Binary(bytes) => return Ok(bytes.to_vec()),
                _ => {}
            }
        }
        Err(Error::AttackAttempt)
    }

    fn connect(&self) -> Result<Socket, Fault> {
        let stream = self.open().map_err(|error| self.fault(&Error::Io(error)))?;
        let bytes_max = usize::try_from(self.bytes_max).ok();
        let limits = WebSocketConfig::default().max_message_size(bytes_max).max_frame_size(bytes_max);
        match tungstenite::client::client_with_config(self.endpoint.uri(), stream, Some(limits)) {
            Ok((socket, _)) => Ok(socket),
            Err(HandshakeError::Failure(error)) => Err(self.fault(&error)),
            Err(HandshakeError::Interrupted(_)) => Err(Fault::Connection("interrupted".to_owned())),
        }
    }

    fn open(&self) -> io::Result<Stream> {
        let uri = self.endpoint.uri();
        let (host, tls) = (uri.host().unwrap_or_default(), uri.scheme_str() == Some("wss"));
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        // An IPv6 address is bracketed in a URL only.
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let until = Instant::now() + self.timeout;
        let plain = dial(look_up((name.to_owned(), port), self.timeout)?, until)?;
        if !tls {
            return Ok(Stream::Plain(plain));
        }
        let server = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let session = ClientConnection::new(self.endpoint.tls_roots().for_websocket()?, server)
            .map_err(io::Error::other)?;
        Ok(Stream::Tls(Box::new(StreamOwned::new(session, plain))))
    }

    /// Of the library's errors only the kind is told: a text may hold the URL.
    fn fault(&self, error: &Error) -> Fault {
        let limit_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let cause = match error {
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Fault::Timeout { limit_ms };
            }
            Error::Capacity(_) => return Fault::TooLarge { limit: self.bytes_max },
            Error::Http(response) => {
                return Fault::Status { status: response.status().as_u16(), retry_after_s: None };
            }
            Error::Io(error) => error.kind().to_string(),
            Error::ConnectionClosed | Error::AlreadyClosed => "closed".to_owned(),
            _ => "not a WebSocket".to_owned(),
        };
        Fault::Connection(cause)
    }
}

/// Addresses of a host. The system's resolver knows no time limit, so it is left behind where it takes too long.
fn look_up<T>(host: T, within: Duration) -> io::Result<Vec<SocketAddr>>
where
    T: ToSocketAddrs + Send + 'static,
{
    let (tell, told) = mpsc::channel();
    thread::Builder::new().name("look-up".to_owned()).spawn(move || {
        let found = host.to_socket_addrs().map(|addresses| addresses.take(ADDRESSES_MAX).collect());
        // Who asked may have gone on without an answer.
        let _ = tell.send(found);
    })?;
    told.recv_timeout(within).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Connects to the first that can be reached, all in one time.
fn dial(addresses: Vec<SocketAddr>, until: Instant) -> io::Result<Deadline> {
    let mut last = io::ErrorKind::NotFound.into();
    for address in addresses {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match Deadline::connect(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn is_closed(error: &Error) -> bool {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed | Error::Protocol(_) => true,
        Error::Io(error) => error.kind() != io::ErrorKind::TimedOut,
        _ => false,
    }
}

impl Stream {
    fn deadline(&mut self) -> &mut Deadline {
        match self {
            Self::Plain(plain) => plain,
            Self::Tls(tls) => tls.get_mut(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.write(buffer),
            Self::Tls(tls) => tls.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(plain) => plain.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host whose addresses are known when somebody lets go of the other end.
    struct Forgotten(mpsc::Receiver<()>);

    impl ToSocketAddrs for Forgotten {
        type Iter = std::vec::IntoIter<SocketAddr>;

        fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
            let _ = self.0.recv();
            Ok(Vec::new().into_iter())
        }
    }

    #[test]
    fn a_resolver_that_does_not_answer_is_left_behind() {
        let (held, waits) = mpsc::channel();
        let error = look_up(Forgotten(waits), Duration::from_millis(50)).expect_err("no answer");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(held);
        let found = look_up(("127.0.0.1".to_owned(), 7), Duration::from_secs(20)).expect("an address");
        assert_eq!(found, [SocketAddr::from(([127, 0, 0, 1], 7))]);
    }
}
