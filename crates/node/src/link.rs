//! Where a Confirmation Application is reached that somebody else starts: on this machine, in a guest of it, or in an
//! enclave. The other end is `multee-confirm --socket`, `--vsock` or `--listen`.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use socket2::{Domain, SockAddr, Socket, Type};

/// An application's address. As text `PATH` or `unix:PATH`, `vsock:CID:PORT`, `tcp:IP:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// A Unix socket.
    Unix(PathBuf),
    /// A port of the vsock of the guest with this context id.
    Vsock {
        /// 3 or more for guests, 1 for this machine itself.
        cid: u32,
        /// The port.
        port: u32,
    },
    /// A port of this machine's loopback interface, which is how an enclave under Gramine is reached.
    Loopback(SocketAddr),
}

/// Why a text is no address of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Neither a path, nor `unix:PATH`, `vsock:CID:PORT` or `tcp:IP:PORT`.
    #[error("not a path, and neither unix:PATH nor vsock:CID:PORT nor tcp:IP:PORT")]
    Malformed,
    /// Messages are not encrypted, and need not leave the machine.
    #[error("not an address of this machine's loopback interface")]
    NotLoopback,
}

impl Link {
    /// Connects within the time.
    ///
    /// # Errors
    /// When nobody listens there, or is not reached in time.
    pub fn connect(&self, time_max: Duration) -> io::Result<OwnedFd> {
        match self {
            Self::Unix(path) => unix(path, time_max),
            Self::Vsock { cid, port } => vsock(*cid, *port, time_max),
            Self::Loopback(address) => Ok(TcpStream::connect_timeout(address, time_max)?.into()),
        }
    }
}

/// std has no way to limit the time: an application whose queue is full makes it wait.
fn unix(path: &Path, time_max: Duration) -> io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(time_max))?;
    connect(&socket, &address)?;
    Ok(socket)
}

fn vsock(cid: u32, port: u32, time_max: Duration) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
    socket.connect_timeout(&SockAddr::vsock(cid, port), time_max)?;
    Ok(socket.into())
}

impl From<PathBuf> for Link {
    fn from(path: PathBuf) -> Self {
        Self::Unix(path)
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        match text.split_once(':') {
            Some(("vsock", rest)) => {
                let (cid, port) = rest.split_once(':').ok_or(LinkError::Malformed)?;
                let number = |digits: &str| digits.parse().map_err(|_| LinkError::Malformed);
                Ok(Self::Vsock { cid: number(cid)?, port: number(port)? })
            }
            Some(("tcp", rest)) => {
                let address: SocketAddr = rest.parse().map_err(|_| LinkError::Malformed)?;
                if address.ip().is_loopback() {
                    Ok(Self::Loopback(address))
                } else {
                    Err(LinkError::NotLoopback)
                }
            }
            Some(("unix", path)) => path_of(path),
            _ => path_of(text),
        }
    }
}

fn path_of(text: &str) -> Result<Link, LinkError> {
    if text.is_empty() { Err(LinkError::Malformed) } else { Ok(Link::Unix(text.into())) }
}

impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
            Self::Vsock { cid, port } => write!(formatter, "vsock:{cid}:{port}"),
            Self::Loopback(address) => write!(formatter, "tcp:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;

    const TIME_MAX: Duration = Duration::from_secs(10);

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let loopback = |text: &str| Link::Loopback(text.parse().expect("an address"));
        for (text, link) in [
            ("/run/multee/confirm.sock", Link::Unix("/run/multee/confirm.sock".into())),
            ("unix:confirm.sock", Link::Unix("confirm.sock".into())),
            ("vsock:3:5000", Link::Vsock { cid: 3, port: 5000 }),
            ("tcp:127.0.0.1:5000", loopback("127.0.0.1:5000")),
            ("tcp:[::1]:5000", loopback("[::1]:5000")),
        ] {
            assert_eq!(text.parse(), Ok(link.clone()), "{text}");
            assert_eq!(link.to_string().parse(), Ok(link));
        }
        for text in [
            "",
            "unix:",
            "vsock:",
            "vsock:3",
            "vsock:x:5000",
            "vsock:3:4294967296",
            "tcp:localhost:1",
            "tcp:1",
        ] {
            assert_eq!(text.parse::<Link>(), Err(LinkError::Malformed), "{text}");
        }
        assert_eq!("tcp:192.0.2.1:5000".parse::<Link>(), Err(LinkError::NotLoopback));
    }

    #[test]
    fn nobody_there_is_an_error() {
        let free = TcpListener::bind("127.0.0.1:0").expect("binds").local_addr().expect("bound");
        let refused = Link::Loopback(free).connect(TIME_MAX).expect_err("nobody");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let nowhere = Link::Unix("/nowhere/confirm.sock".into());
        assert_eq!(nowhere.connect(TIME_MAX).expect_err("nobody").kind(), io::ErrorKind::NotFound);
        // Where the kernel has no vsock at all, this is another error, and one as well.
        let soon = Duration::from_millis(200);
        assert!(Link::Vsock { cid: 1, port: 0x4D54_4546 }.connect(soon).is_err());
    }

    #[test]
    fn listeners_are_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let address = listener.local_addr().expect("bound");
        Link::Loopback(address).connect(TIME_MAX).expect("connects");
        listener.accept().expect("is there");
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).expect("binds");
        Link::Unix(path).connect(TIME_MAX).expect("connects");
        listener.accept().expect("is there");
    }
}
