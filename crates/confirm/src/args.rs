//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Parser};
use multee_attester::Choice;

/// Verifies what a seat is assigned, signs its confirmation blocks, and has the TEE vouch for them.
#[derive(Debug, Parser)]
#[command(
    name = "multee-confirm",
    version,
    group = ArgGroup::new("address").args(["socket", "vsock", "listen"]).required(true),
)]
pub struct Args {
    /// The Unix socket to listen on; nobody else may be able to write to its directory
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// The vsock port to listen on, for a controller on the host of this guest
    #[arg(long, value_name = "PORT")]
    pub vsock: Option<u32>,
    /// The loopback address and port to listen on, for a controller outside of this enclave: Gramine keeps Unix sockets
    /// within
    #[arg(long, value_name = "IP:PORT", value_parser = loopback)]
    pub listen: Option<SocketAddr>,
    /// The TEE to ask for quotes: auto, gramine (SGX), dstack, tdx or snp
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub attester: Choice,
    /// How long a client may take to send a message, and to take the answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=600_000))]
    pub message_ms_max: u32,
    /// The TEE without hardware.
    #[cfg(feature = "simulated")]
    #[command(flatten)]
    pub simulated: crate::simulated::SimulatedArgs,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A port of the vsock.
    Vsock(u32),
    /// A port that nobody beyond this machine reaches.
    Loopback(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(formatter),
            Self::Vsock(port) => write!(formatter, "vsock port {port}"),
            Self::Loopback(address) => address.fmt(formatter),
        }
    }
}

/// Other interfaces would let a network in.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "not IP:PORT".to_owned())?;
    if !address.ip().is_loopback() {
        return Err("not an address of this machine's loopback interface".to_owned());
    }
    if address.port() == 0 { Err("port 0 is found by nobody".to_owned()) } else { Ok(address) }
}

impl Args {
    /// The one address that is given. The parser sees to it that one is; without any, listening fails.
    pub(crate) fn address(&self) -> Address {
        match (&self.socket, self.vsock, self.listen) {
            (_, Some(port), _) => Address::Vsock(port),
            (.., Some(address)) => Address::Loopback(address),
            (path, ..) => Address::Unix(path.clone().unwrap_or_default()),
        }
    }

    pub(crate) fn message_time_max(&self) -> Duration {
        Duration::from_millis(self.message_ms_max.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &str) -> Option<Address> {
        let words = std::iter::once("multee-confirm").chain(args.split_whitespace());
        Args::try_parse_from(words).ok().map(|args| args.address())
    }

    #[test]
    fn it_listens_at_one_address() {
        assert_eq!(parsed("--socket /run/x"), Some(Address::Unix("/run/x".into())));
        assert_eq!(parsed("--vsock 5000"), Some(Address::Vsock(5000)));
        for listen in ["127.0.0.1:5000", "[::1]:5000"] {
            let address = listen.parse().expect("an address");
            assert_eq!(parsed(&format!("--listen {listen}")), Some(Address::Loopback(address)));
        }
        for wrong in [
            "",
            "--socket x --vsock 5000",
            "--vsock 5000 --listen 127.0.0.1:5000",
            "--vsock -1",
            "--vsock 4294967296",
            "--listen 0.0.0.0:5000",
            "--listen 192.0.2.1:5000",
            "--listen localhost:5000",
            "--listen 127.0.0.1:0",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
