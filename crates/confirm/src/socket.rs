//! The socket: only its owner can connect, only its owner's directory holds it, and it replaces nobody alive.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen as listen_on, socket_with,
};
use rustix::process::geteuid;

/// Connections that wait while one is served.
pub(crate) const BACKLOG: i32 = 16;
/// Permission bits that let a group or everybody write.
const OTHERS_WRITE: u32 = 0o022;

/// Why the socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Others could put their own socket in its place.
    #[error("directory {} can be written to by others (owner {uid}, mode {mode:o})", path.display())]
    SharedDirectory {
        /// The directory.
        path: PathBuf,
        /// Who it belongs to.
        uid: u32,
        /// Its permission bits.
        mode: u32,
    },
    /// A process answers there already.
    #[error("{} is in use", .0.display())]
    InUse(PathBuf),
    /// There is something, and it is no socket.
    #[error("{} is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The system says no.
    #[error("{address} cannot be listened on")]
    System {
        /// Where.
        address: String,
        /// What it says.
        source: io::Error,
    },
}

/// Listens at `path`, with mode 0600. A socket that a dead process left there is replaced.
///
/// # Errors
/// When others can write to the directory, somebody listens there, something else is there, or the system says no.
pub(crate) fn listen(path: &Path) -> Result<UnixListener, SocketError> {
    let system = |source| SocketError::System { address: path.display().to_string(), source };
    let directory = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(system(io::ErrorKind::InvalidInput.into())),
    };
    let held = File::open(directory).map_err(system)?;
    check_directory(directory, &held.metadata().map_err(system)?)?;
    // Of two that find the same dead socket, the second must not remove the first one's.
    held.lock().map_err(system)?;
    clear(path)?;
    bound(path).map_err(system)
}

fn check_directory(path: &Path, directory: &Metadata) -> Result<(), SocketError> {
    let (uid, mode) = (directory.uid(), directory.mode() & 0o7777);
    let ours = uid == 0 || uid == geteuid().as_raw();
    if ours && mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(SocketError::SharedDirectory { path: path.to_owned(), uid, mode })
}

fn clear(path: &Path) -> Result<(), SocketError> {
    let system = |source| SocketError::System { address: path.display().to_string(), source };
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        there => there.map_err(system)?,
    };
    if !there.file_type().is_socket() {
        return Err(SocketError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(system)
        }
        Err(error) => Err(system(error)),
        Ok(_) => Err(SocketError::InUse(path.to_owned())),
    }
}

/// A socket's mode, taken before it has a name, becomes its file's: there is no moment in which others can connect.
fn bound(path: &Path) -> io::Result<UnixListener> {
    let address = SocketAddrUnix::new(path)?;
    let socket: OwnedFd = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    bind(&socket, &address)?;
    listen_on(&socket, BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().expect("directory")
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("there").mode() & 0o777
    }

    #[test]
    fn socket_is_its_owners() {
        let directory = directory();
        let path = directory.path().join("socket");
        let _listener = listen(&path).expect("listens");
        assert_eq!(mode(&path), 0o600);
        UnixStream::connect(&path).expect("connects");
    }

    #[test]
    fn dead_socket_is_replaced_and_a_live_one_is_not() {
        let directory = directory();
        let path = directory.path().join("socket");
        let first = listen(&path).expect("listens");
        assert!(matches!(listen(&path), Err(SocketError::InUse(_))));
        drop(first);
        assert!(path.exists(), "a socket outlives its process");
        let _second = listen(&path).expect("listens");
        UnixStream::connect(&path).expect("connects");
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let directory = directory();
        let path = directory.path().join("socket");
        fs::write(&path, "precious").expect("written");
        assert!(matches!(listen(&path), Err(SocketError::NotASocket(_))));
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        assert!(matches!(listen(&link), Err(SocketError::NotASocket(_))));
        assert_eq!(fs::read_to_string(&path).expect("there"), "precious");
    }

    #[test]
    fn directory_that_others_write_to_is_refused() {
        for shared in [0o777, 0o1777, 0o720, 0o702] {
            let directory = directory();
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(shared)).expect("changed");
            let refused = listen(&directory.path().join("socket"));
            let Err(SocketError::SharedDirectory { mode, .. }) = refused else {
                panic!("{shared:o}: {refused:?}")
            };
            assert_eq!(mode, shared);
        }
    }

    #[test]
    fn impossible_places_are_refused() {
        let directory = directory();
        for path in
            [PathBuf::from("/"), directory.path().join("none/socket"), directory.path().join("x".repeat(108))]
        {
            assert!(matches!(listen(&path), Err(SocketError::System { .. })), "{path:?}");
        }
    }
}
