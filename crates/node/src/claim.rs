//! One controller at a time for an application that somebody else starts.
//!
//! Two nodes with a state file each would both go on with it, and publish for the seat by turns. An application cannot tell
//! them apart; the machine can, for a link does not leave it. An abstract socket's name is free again when the process that
//! has it ends, however it does. Nodes in network namespaces of their own do not see each other's.

use std::fs;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use alloy_primitives::keccak256;

use crate::link::Link;

/// The sole controller of the application behind a link, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    _name: UnixListener,
}

impl Claim {
    /// Of kind [`AddrInUse`](io::ErrorKind::AddrInUse) if another process has it.
    pub(crate) fn of(link: &Link) -> io::Result<Self> {
        let place = match link {
            Link::Unix(path) => Link::Unix(resolved(path)),
            other => other.clone(),
        };
        let name = format!("multee-controller/v1/{}", keccak256(place.to_string()));
        Ok(Self { _name: UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)? })
    }
}

/// However it is written. The socket need not be there yet.
fn resolved(path: &Path) -> PathBuf {
    let directory = path.parent().and_then(|parent| fs::canonicalize(parent).ok());
    directory.zip(path.file_name()).map_or_else(|| path.to_owned(), |(parent, name)| parent.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_claimed_once_at_a_time_however_it_is_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let link = |name: &str| Link::Unix(directory.path().join(name));
        let claim = Claim::of(&link("confirm.sock")).expect("free");
        let name = directory.path().file_name().expect("named").to_str().expect("text");
        let same = link(&format!("../{name}/confirm.sock"));
        for taken in [link("confirm.sock"), same] {
            let error = Claim::of(&taken).expect_err("taken");
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        }
        Claim::of(&link("other.sock")).expect("another one");
        drop(claim);
        Claim::of(&link("confirm.sock")).expect("free again");
    }
}
