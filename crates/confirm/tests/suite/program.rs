//! The program under test, started as a controller starts it.

use std::io::{ErrorKind, Read};
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::B256;
use multee_node::{Process, ProcessConfig, Running};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{EPOCH_S, GENESIS_S};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_multee-confirm");
pub(crate) const MEASUREMENT: B256 = B256::repeat_byte(0xAA);
/// The machine that the world's duties are for.
pub(crate) const MACHINE: u32 = 77;
/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// A running program and the directory of its socket.
pub(crate) struct Program {
    running: Running,
    _directory: tempfile::TempDir,
}

pub(crate) fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("directory")
}

/// Of the world's vendor, with the world's dates.
pub(crate) fn mock_args(machine: u32) -> Vec<String> {
    let (from_s, until_s) = (GENESIS_S, GENESIS_S + 100 * EPOCH_S);
    let args = format!(
        "--attester mock --mock-seed 1 --mock-machine {machine} --mock-from-s {from_s} --mock-until-s {until_s}"
    );
    args.split(' ').map(str::to_owned).collect()
}

pub(crate) fn config(directory: &tempfile::TempDir, more: &[&str]) -> ProcessConfig {
    let mut config = ProcessConfig::new(PROGRAM.into(), directory.path().to_owned(), MEASUREMENT);
    config.args = mock_args(MACHINE);
    config.args.extend(more.iter().map(|&arg| arg.to_owned()));
    config
}

impl Program {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(more: &[&str]) -> Self {
        let directory = directory();
        let running = Process::new(config(&directory, more)).start().expect("starts");
        Self { running, _directory: directory }
    }

    /// A client that speaks for itself.
    pub(crate) fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).expect("connects");
        stream.set_read_timeout(Some(LONG)).expect("set");
        stream
    }

    /// SIGKILL, and the process is gone when this returns: the connection it had ends with it.
    pub(crate) fn kill(&self) {
        let witness = self.connect();
        let id = Pid::from_raw(i32::try_from(self.id()).expect("small")).expect("not zero");
        kill_process(id, Signal::KILL).expect("killed");
        assert_eq!(rest(witness), b"");
    }
}

/// All that still comes until the other side hangs up.
pub(crate) fn rest(mut stream: UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // Linux says so when the other side had not read everything.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => bytes,
        read => read.map(|_| bytes).expect("hangs up"),
    }
}

/// A file beside this one.
pub(crate) fn beside(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/suite").join(name)
}

impl Deref for Program {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Running {
        &mut self.running
    }
}
