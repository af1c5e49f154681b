//! How the processes of a devnet end with it, however it ends: killed, it can end nobody.
//!
//! What the devnet starts itself, the system kills when the parent dies ([`become_child`]). Applications outlive the
//! nodes that started them, by design. They hold on to the devnet instead: to a file that it has locked for as long as it
//! runs ([`Tether`]), and that they lock when it does not any more ([`end_with`]).

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// The file's name, below the devnet's directory.
const NAME: &str = "running.lock";

/// Held by a devnet that runs.
#[derive(Debug)]
pub struct Tether {
    _locked: File,
}

impl Tether {
    /// Holds it for the devnet in this directory.
    ///
    /// # Errors
    /// When the file cannot be made, or somebody has it locked.
    pub fn hold(devnet: &Path) -> io::Result<Self> {
        let file = File::create(Self::path(devnet))?;
        file.try_lock()?;
        Ok(Self { _locked: file })
    }

    /// Its file.
    pub fn path(devnet: &Path) -> PathBuf {
        devnet.join(NAME)
    }
}

/// Ends this process when nobody holds the tether any more, be it now.
///
/// # Errors
/// When there is no such file.
pub fn end_with(tether: &Path) -> io::Result<()> {
    let file = File::open(tether)?;
    std::thread::spawn(move || {
        // A lock that fails tells nothing of the devnet: then this process is ended as any other is.
        if file.lock_shared().is_ok() {
            exit(0);
        }
    });
    Ok(())
}

/// Becomes `program`, which is killed when the thread of `parent` that started this process ends. Returns only if that
/// cannot be, or `parent` has ended already.
pub fn become_child(parent: u32, program: &OsStr, arguments: &[OsString]) -> io::Error {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    let parent = i32::try_from(parent).ok().and_then(Pid::from_raw);
    if parent.is_none() || getppid() != parent {
        return io::Error::new(io::ErrorKind::NotFound, "the parent has ended");
    }
    Command::new(program).args(arguments).exec()
}
