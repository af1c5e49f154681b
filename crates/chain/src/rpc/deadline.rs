//! A connection that ends at a time.

use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// Reads and writes until the time is up, however the bytes trickle.
#[derive(Debug)]
pub(super) struct Deadline {
    stream: TcpStream,
    until: Instant,
}

impl Deadline {
    pub(super) fn connect(to: &SocketAddr, within: Duration) -> io::Result<Self> {
        let until = Instant::now() + within;
        let stream = TcpStream::connect_timeout(to, within)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, until })
    }

    /// Begins anew.
    pub(super) fn extend(&mut self, within: Duration) {
        self.until = Instant::now() + within;
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Deadline {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer).map_err(timed_out)
    }
}

impl Write for Deadline {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(buffer).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Unix says "would block" of a read that waited for too long.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
