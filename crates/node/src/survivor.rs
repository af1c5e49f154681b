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
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::socket::connected;

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
    /// The process that listens at a socket, as the kernel says; whoever then answers there is this one.
    pub(crate) fn at(socket: &Path, time_max: Duration) -> io::Result<Self> {
        Self::open(socket_peercred(connected(socket, time_max)?)?.pid)
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
