//! Where the application listens: a Unix socket, a port of the guest's vsock, or a port of the loopback interface.
//!
//! Nobody who connects is trusted, so which of them it is makes no difference to what the application answers. A Unix
//! socket is its owner's; the others are open to whoever is on the machine, who can keep the controller waiting and no
//! more.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use rustix::net::{SocketFlags, accept_with};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::args::Address;
use crate::socket::{self, BACKLOG, SocketError};

/// Any guest or host: who is there at all, the hypervisor decides.
const CID_ANY: u32 = u32::MAX;

/// A socket that is listened on.
#[derive(Debug)]
pub struct Listener(OwnedFd);

/// Listens at an address.
///
/// # Errors
/// When a Unix socket's place is not as it should be, or the system says no.
pub fn listen(address: &Address) -> Result<Listener, SocketError> {
    let system = |source| SocketError::System { address: address.to_string(), source };
    let socket = match address {
        Address::Unix(path) => return socket::listen(path).map(|socket| Listener(socket.into())),
        Address::Vsock(port) => vsock(*port).map_err(system)?,
        Address::Loopback(address) => loopback(*address).map_err(system)?,
    };
    Ok(Listener(socket))
}

impl Listener {
    /// The next client.
    ///
    /// # Errors
    /// What the system says.
    pub fn accept(&self) -> io::Result<OwnedFd> {
        Ok(accept_with(&self.0, SocketFlags::CLOEXEC)?)
    }
}

fn vsock(port: u32) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
    socket.bind(&SockAddr::vsock(CID_ANY, port))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn loopback(address: SocketAddr) -> io::Result<OwnedFd> {
    Ok(TcpListener::bind(address)?.into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn loopback_port_is_listened_on_and_in_use_by_one() {
        let free = TcpListener::bind("127.0.0.1:0").expect("binds").local_addr().expect("bound");
        let address = Address::Loopback(free);
        let listener = listen(&address).expect("listens");
        TcpStream::connect(free).expect("connects");
        listener.accept().expect("is there");
        let Err(SocketError::System { address: named, source }) = listen(&address) else { panic!("in use") };
        assert_eq!((named, source.kind()), (free.to_string(), io::ErrorKind::AddrInUse));
    }

    #[test]
    fn vsock_port_is_listened_on_where_the_kernel_has_vsock() {
        const PORT: u32 = 0x4D54_4545;
        match listen(&Address::Vsock(PORT)) {
            Ok(_listener) => assert!(listen(&Address::Vsock(PORT)).is_err(), "in use"),
            Err(SocketError::System { address, source }) => {
                assert_eq!(address, format!("vsock port {PORT}"));
                eprintln!("SKIPPED: this kernel has no vsock: {source}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}
