//! Messages on a stream socket, the same on both sides of it.
//!
//! A message is its length, four bytes, big-endian, and then its bytes. Its length is looked at before anything is kept
//! of it, memory grows with what has come, and all of a message comes within a time: a peer that dribbles is as one
//! that is silent. Opening the socket is the business of whoever brings it.

#![allow(clippy::disallowed_types, reason = "others are waited for; no message depends on when it came")]

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A connection on which messages are sent and received.
#[derive(Debug)]
pub struct Wire {
    stream: UnixStream,
}

/// Why a message did not get through. The connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The message is longer than the receiver takes.
    #[error("message of {len} bytes exceeds {max}")]
    TooLong {
        /// What it announces, in bytes.
        len: u64,
        /// What is taken, in bytes.
        max: u64,
    },
    /// The other side hung up in the middle.
    #[error("connection ended within a message")]
    CutOff,
    /// The other side let the time pass.
    #[error("message did not get through in {ms_max} ms")]
    TimedOut {
        /// The time there was, in milliseconds.
        ms_max: u64,
    },
    /// The connection broke.
    #[error("connection broke")]
    Broken(#[source] io::Error),
}

impl Wire {
    /// Messages over this connection, whose time limits are taken over.
    ///
    /// It may be a stream socket of any family: std has a type for some only, and what is used of this one here
    /// (sending, receiving, time limits) the system does alike for all.
    pub fn new(socket: impl Into<OwnedFd>) -> Self {
        Self { stream: UnixStream::from(socket.into()) }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the other side does not take all of it within `time_max`.
    pub fn send(&mut self, message: &[u8], time_max: Duration) -> Result<(), WireError> {
        let len = u32::try_from(message.len()).map_err(|_| too_long(message.len(), u32::MAX as usize))?;
        let mut timed = self.timed(time_max);
        let sent = timed.write_all(&len.to_be_bytes()).and_then(|()| timed.write_all(message));
        sent.map_err(|error| explain(error, time_max))
    }

    /// The next message; `None` if the other side hung up before it.
    ///
    /// # Errors
    /// When it is longer than `bytes_max`, or not there within `time_max`.
    pub fn receive(&mut self, bytes_max: usize, time_max: Duration) -> Result<Option<Vec<u8>>, WireError> {
        let mut timed = self.timed(time_max);
        let head = read_up_to(HEAD_BYTES, &mut timed).map_err(|error| explain(error, time_max))?;
        if head.is_empty() {
            return Ok(None);
        }
        let len = u32::from_be_bytes(head.try_into().map_err(|_| WireError::CutOff)?);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len > bytes_max {
            return Err(too_long(len, bytes_max));
        }
        let message = read_up_to(len, &mut timed).map_err(|error| explain(error, time_max))?;
        if message.len() < len { Err(WireError::CutOff) } else { Ok(Some(message)) }
    }

    fn timed(&self, time_max: Duration) -> Timed<'_> {
        Timed { stream: &self.stream, deadline: Instant::now() + time_max }
    }
}

const HEAD_BYTES: usize = 4;

/// A stream that must be done by its deadline.
struct Timed<'a> {
    stream: &'a UnixStream,
    deadline: Instant,
}

impl Timed<'_> {
    /// Never zero, which sockets take for "no limit".
    fn time_left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.time_left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.time_left()?))?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// So many bytes, or fewer at the end. There is never room for many more than have come.
fn read_up_to(len: usize, from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    from.take(len as u64).read_to_end(&mut read)?;
    Ok(read)
}

fn too_long(len: usize, max: usize) -> WireError {
    WireError::TooLong { len: len as u64, max: max as u64 }
}

/// Sockets with a time limit say "would block" when it is over.
fn explain(error: io::Error, time_max: Duration) -> WireError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            WireError::TimedOut { ms_max: u64::try_from(time_max.as_millis()).unwrap_or(u64::MAX) }
        }
        _ => WireError::Broken(error),
    }
}

impl From<WireError> for io::Error {
    fn from(error: WireError) -> Self {
        let kind = match &error {
            WireError::TooLong { .. } => io::ErrorKind::InvalidData,
            WireError::CutOff => io::ErrorKind::UnexpectedEof,
            WireError::TimedOut { .. } => io::ErrorKind::TimedOut,
            WireError::Broken(source) => source.kind(),
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_mins(1);

    fn pair() -> (Wire, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("sockets");
        (Wire::new(ours), theirs)
    }

    #[test]
    fn messages_arrive_as_they_were_sent_and_the_end_is_none() {
        let (mut sender, receiver) = pair();
        let mut receiver = Wire::new(receiver);
        for message in [&b""[..], b"x", &[7; 4096]] {
            sender.send(message, LONG).expect("sent");
            assert_eq!(receiver.receive(4096, LONG).expect("received").as_deref(), Some(message));
        }
        drop(sender);
        assert!(receiver.receive(4096, LONG).expect("ended").is_none());
    }

    #[test]
    fn socket_may_be_of_another_family() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let address = listener.local_addr().expect("bound");
        let mut ours = Wire::new(std::net::TcpStream::connect(address).expect("connects"));
        let mut theirs = Wire::new(listener.accept().expect("accepts").0);
        ours.send(b"abc", LONG).expect("sent");
        assert_eq!(theirs.receive(3, LONG).expect("received").as_deref(), Some(&b"abc"[..]));
        let silent = theirs.receive(3, SHORT);
        assert!(matches!(silent, Err(WireError::TimedOut { ms_max: 200 })), "{silent:?}");
    }

    #[test]
    fn bytes_of_a_message_are_these() {
        let (mut sender, mut receiver) = pair();
        sender.send(b"abc", LONG).expect("sent");
        let mut bytes = [0; 7];
        receiver.read_exact(&mut bytes).expect("seven");
        assert_eq!(&bytes, b"\0\0\0\x03abc");
    }

    #[test]
    fn announced_length_is_refused_before_the_message_has_come() {
        for (announced, max) in [(u32::MAX, 4096), (4097, 4096), (1, 0)] {
            let (mut wire, mut hostile) = pair();
            hostile.write_all(&announced.to_be_bytes()).expect("sent");
            let refused = wire.receive(max, LONG);
            assert!(matches!(refused, Err(WireError::TooLong { .. })), "{announced}: {refused:?}");
        }
    }

    #[test]
    fn message_that_ends_early_is_cut_off() {
        for part in [&b"\0"[..], b"\0\0\0", b"\0\0\0\x09", b"\0\0\0\x09eight by"] {
            let (mut wire, mut hostile) = pair();
            hostile.write_all(part).expect("sent");
            drop(hostile);
            assert!(matches!(wire.receive(4096, LONG), Err(WireError::CutOff)), "{part:?}");
        }
    }

    #[test]
    fn silence_and_dribbling_are_timed_out() {
        let (mut wire, _silent) = pair();
        assert!(matches!(wire.receive(4096, SHORT), Err(WireError::TimedOut { ms_max: 200 })));

        let (mut wire, mut dribbling) = pair();
        // A byte now and then: no single wait is long, all of them together would be ten minutes.
        let dribble = std::thread::spawn(move || {
            let mut bytes = b"\0\0\x0F\0".iter().chain(std::iter::repeat(&0));
            while dribbling.write_all(&[*bytes.next().expect("endless")]).is_ok() {
                std::thread::sleep(SHORT / 10);
            }
        });
        assert!(matches!(wire.receive(4096, SHORT), Err(WireError::TimedOut { .. })));
        drop(wire);
        dribble.join().expect("ends when nobody listens");
    }

    #[test]
    fn receiver_that_does_not_read_is_timed_out_and_one_that_left_is_broken() {
        let (mut wire, deaf) = pair();
        let large = vec![0; 16 * 1024 * 1024];
        assert!(matches!(wire.send(&large, SHORT), Err(WireError::TimedOut { .. })));
        drop(deaf);
        let (mut wire, gone) = pair();
        drop(gone);
        let error = wire.send(&large, LONG).expect_err("nobody there");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::BrokenPipe);
    }
}
