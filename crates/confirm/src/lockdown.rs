//! What keeps others on the same machine out of the process: the key is in its memory.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

/// A part of the lock-down that the kernel did not grant.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot be forbidden")]
pub struct LockdownError {
    /// What was to be forbidden.
    pub what: &'static str,
    /// What the kernel said.
    #[source]
    pub source: io::Error,
}

/// Forbids core dumps, tracing and reading of memory by other processes of the same user (`PR_SET_DUMPABLE`), and new
/// privileges. It holds for the rest of the process's life; the superuser of the machine is not kept out by it.
///
/// # Errors
/// When the kernel does not grant it.
pub fn lock_down() -> Result<(), LockdownError> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    forbidden("tracing", set_dumpable_behavior(DumpableBehavior::NotDumpable))?;
    forbidden("core dumps", setrlimit(Resource::Core, none))?;
    forbidden("new privileges", set_no_new_privs(true))
}

fn forbidden(what: &'static str, done: rustix::io::Result<()>) -> Result<(), LockdownError> {
    done.map_err(|error| LockdownError { what, source: error.into() })
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};
    use rustix::thread::no_new_privs;

    use super::*;

    #[test]
    fn locked_process_cannot_be_dumped_or_traced() {
        lock_down().expect("granted");
        assert_eq!(dumpable_behavior().expect("asked"), DumpableBehavior::NotDumpable);
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        assert!(no_new_privs().expect("asked"));
    }
}
