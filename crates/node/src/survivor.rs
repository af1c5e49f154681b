//! Processes that an earlier controller left running.
//!
//! A process's number says little, for numbers are given anew. What is held here is a process (a pidfd), taken by its
//! number and then seen to be the one that was meant: it answers at its socket, or was started with it. A signal goes to
//! that process or to none.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The argument before the one that names an application's socket.
pub(crate) const SOCKET_ARGUMENT: &str = "--socket";
/// How long a process that is ended may take to be gone.
const END_S_MAX: i64 = 10;

/// A process that this one did not start.
#[derive(Debug)]
pub(crate) struct Survivor {
    process: OwnedFd,
    id: Pid,
}

impl Survivor {
    /// The process that listens at the other end, as the kernel says. Whoever answers at that socket after this is the
    /// one that is held here.
    pub(crate) fn behind(connection: &UnixStream) -> io::Result<Self> {
        Self::open(socket_peercred(connection)?.pid)
    }

    /// The processes that were started to listen in `directory`, with their sockets. Those that this process may not
    /// look at are not among them.
    pub(crate) fn all_in(directory: &Path) -> Vec<(Self, PathBuf)> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        ids.filter_map(|id| Self::started_in(directory, Pid::from_raw(id)?)).collect()
    }

    /// The process is looked at when it is held: until then its number could have become another's.
    fn started_in(directory: &Path, id: Pid) -> Option<(Self, PathBuf)> {
        socket_in(directory, id)?;
        let survivor = Self::open(id).ok()?;
        let socket = socket_in(directory, id)?;
        Some((survivor, socket))
    }

    fn open(id: Pid) -> io::Result<Self> {
        Ok(Self { process: pidfd_open(id, PidfdFlags::empty())?, id })
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.id.as_raw_nonzero().get().unsigned_abs()
    }

    /// Ends it, and waits until it is gone.
    pub(crate) fn end(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.process, Signal::KILL) {
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            sent => sent?,
        }
        let mut gone = [PollFd::new(&self.process, PollFlags::IN)];
        let time_max = Timespec { tv_sec: END_S_MAX, tv_nsec: 0 };
        match poll(&mut gone, Some(&time_max))? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

/// The socket in `directory` that a process was started with.
fn socket_in(directory: &Path, id: Pid) -> Option<PathBuf> {
    let arguments = fs::read(format!("/proc/{}/cmdline", id.as_raw_nonzero())).ok()?;
    let mut arguments = arguments.split(|byte| *byte == 0).skip_while(|it| *it != SOCKET_ARGUMENT.as_bytes());
    let socket = PathBuf::from(OsStr::from_bytes(arguments.nth(1)?));
    (socket.parent() == Some(directory)).then_some(socket)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn started_with(socket: &Path) -> Child {
        let mut command = Command::new("sh");
        // It reads what never comes, and keeps its arguments meanwhile.
        command.args(["-c", "read line; true", "idle", SOCKET_ARGUMENT]).arg(socket).stdin(Stdio::piped());
        command.spawn().expect("starts")
    }

    #[test]
    fn only_processes_started_in_the_directory_are_found() {
        let (directory, other) = (tempfile::tempdir().expect("made"), tempfile::tempdir().expect("made"));
        let ours = directory.path().join("confirm-1-0.sock");
        let strangers =
            [other.path().join("confirm-1-0.sock"), directory.path().join("below/confirm-1-0.sock")];
        let mut child = started_with(&ours);
        let mut others = strangers.map(|socket| started_with(&socket));
        let found = loop {
            // A child has its arguments from when it runs its program on.
            let found = Survivor::all_in(directory.path());
            if !found.is_empty() {
                break found;
            }
            std::thread::yield_now();
        };
        let ids: Vec<(u32, PathBuf)> = found.iter().map(|(it, socket)| (it.id(), socket.clone())).collect();
        assert_eq!(ids, [(child.id(), ours)]);
        found[0].0.end().expect("ended");
        found[0].0.end().expect("nobody is there to be ended");
        assert!(!child.wait().expect("gone").success());
        found[0].0.end().expect("nor is anybody who has its number");
        for other in &mut others {
            assert!(other.try_wait().expect("asked").is_none());
            other.kill().and_then(|()| other.wait()).expect("ended");
        }
    }
}
