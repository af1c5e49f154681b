//! The Confirmation Application as another process on this host, `multee-confirm`: asked through its socket, and booted
//! by starting it.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
use multee_confirmation::{
    Confirm, ConfirmError, Duty, Exchange, Remote, Response, SignedBlock, Status, Wire, WireError,
};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::controller::{Boot, Booted};

/// Where an application listens, and how long it is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketConfig {
    /// Its socket.
    pub path: PathBuf,
    /// How long connecting may take, and then sending a request, in milliseconds.
    pub send_ms_max: u64,
    /// How long the response may take, in milliseconds: the work of an epoch and the TEE's quote.
    pub answer_ms_max: u64,
}

/// The way to an application that listens on a socket. It is found anew for each exchange: what broke once is no
/// matter the next time. [`Remote`] notices when another incarnation answers.
#[derive(Clone, Debug)]
pub struct Socket {
    config: SocketConfig,
}

/// How to start applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// The program, `multee-confirm`.
    pub program: PathBuf,
    /// What it is told besides its socket, such as `--attester tdx`.
    pub args: Vec<String>,
    /// Where sockets are made; nobody else may be able to write to it.
    pub directory: PathBuf,
    /// The measurement of the image that the program is part of.
    pub measurement: B256,
    /// How long it may take to start, in milliseconds; it measures its power for three seconds.
    pub start_ms_max: u64,
    /// [`SocketConfig::send_ms_max`].
    pub send_ms_max: u64,
    /// [`SocketConfig::answer_ms_max`].
    pub answer_ms_max: u64,
}

/// Boots applications as children of this process. Each runs until it is dropped.
#[derive(Clone, Debug)]
pub struct Process {
    config: ProcessConfig,
}

/// Why a process did not become an application. It is the source of a [`ConfirmError::Unreachable`].
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program cannot be started.
    #[error("{} cannot be started", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended before it could be reached; it says why on its standard error.
    #[error("process ended at its start: {0}")]
    Ended(ExitStatus),
    /// It could not be reached in time.
    #[error("process was not ready in {ms_max} ms")]
    NotReady {
        /// The time there was, in milliseconds.
        ms_max: u64,
    },
    /// The pipe through which it tells cannot be made or read.
    #[error("process cannot be listened to")]
    Pipe(#[source] io::Error),
}

impl SocketConfig {
    /// Ten seconds for a request, and two minutes for the answer: a kernel may take one to give a quote.
    pub fn new(path: PathBuf) -> Self {
        Self { path, send_ms_max: 10_000, answer_ms_max: 120_000 }
    }
}

impl Socket {
    /// Nothing is connected before the first exchange.
    pub fn new(config: SocketConfig) -> Self {
        Self { config }
    }

    /// Says hello to the application that listens there.
    ///
    /// # Errors
    /// When it cannot be reached or gives no proper answer.
    pub fn hello(self) -> Result<Remote<Self>, ConfirmError> {
        Remote::connect(self)
    }
}

impl Exchange for Socket {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let send_time_max = Duration::from_millis(self.config.send_ms_max);
        let mut wire = Wire::new(connected(&self.config.path, send_time_max)?);
        wire.send(request, send_time_max)?;
        let answer_time_max = Duration::from_millis(self.config.answer_ms_max);
        let answer = wire.receive(Response::BYTES_MAX, answer_time_max)?;
        Ok(answer.ok_or(WireError::CutOff)?)
    }
}

/// A connection within the time, which std has no way to limit: an application whose queue is full makes it wait.
fn connected(path: &Path, time_max: Duration) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(time_max))?;
    connect(&socket, &address)?;
    Ok(socket.into())
}

impl ProcessConfig {
    /// A program with the measurement of its image; its sockets in `directory`. Half a minute to start.
    pub fn new(program: PathBuf, directory: PathBuf, measurement: B256) -> Self {
        let SocketConfig { path: directory, send_ms_max, answer_ms_max } = SocketConfig::new(directory);
        let (args, start_ms_max) = (Vec::new(), 30_000);
        Self { program, args, directory, measurement, start_ms_max, send_ms_max, answer_ms_max }
    }
}

impl Process {
    /// Nothing is started before the first boot.
    pub fn new(config: ProcessConfig) -> Self {
        Self { config }
    }

    /// Starts an application and waits until it can be reached.
    ///
    /// # Errors
    /// When it does not start, or gives no proper answer to a hello.
    pub fn start(&self) -> Result<Running, ConfirmError> {
        let path = self.fresh_path();
        let (ours, theirs) = UnixStream::pair().map_err(ProcessError::Pipe)?;
        let child = self.spawn(&path, theirs)?;
        let mut guard = Guard { child, path: path.clone() };
        guard.await_ready(&ours, self.config.start_ms_max)?;
        let ProcessConfig { send_ms_max, answer_ms_max, .. } = self.config;
        let remote = Socket::new(SocketConfig { path, send_ms_max, answer_ms_max }).hello()?;
        Ok(Running { remote, guard })
    }

    /// Of its own for each boot: what a dead incarnation left behind is never taken for the new one.
    fn fresh_path(&self) -> PathBuf {
        static BOOTS: AtomicU64 = AtomicU64::new(0);
        let boot = BOOTS.fetch_add(1, Ordering::Relaxed);
        self.config.directory.join(format!("confirm-{}-{boot}.sock", std::process::id()))
    }

    /// Its standard output is a socket, for a pipe cannot be read with a time limit. Of the host's environment it gets
    /// the path to programs only: passwords may be in the rest.
    fn spawn(&self, path: &Path, output: UnixStream) -> Result<Child, ProcessError> {
        let ProcessConfig { program, args, .. } = &self.config;
        let mut command = Command::new(program);
        command.arg("--socket").arg(path).args(args).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::null()).stdout(Stdio::from(OwnedFd::from(output)));
        command.spawn().map_err(|source| ProcessError::NotStarted { program: program.clone(), source })
    }
}

impl Boot for Process {
    fn boot(&mut self) -> Result<Booted, ConfirmError> {
        Ok(Booted { app: Box::new(self.start()?), measurement: self.config.measurement })
    }
}

/// An application that runs as a child of this process, until it is dropped.
#[derive(Debug)]
pub struct Running {
    remote: Remote<Socket>,
    guard: Guard,
}

impl Running {
    /// The process's number.
    pub fn id(&self) -> u32 {
        self.guard.child.id()
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.guard.path
    }
}

impl Confirm for Running {
    fn incarnation(&self) -> Address {
        self.remote.incarnation()
    }

    fn status(&mut self) -> Result<Status, ConfirmError> {
        self.remote.status()
    }

    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        self.remote.confirm(duty)
    }
}

/// Ends a process and takes its socket away.
#[derive(Debug)]
struct Guard {
    child: Child,
    path: PathBuf,
}

impl Guard {
    /// Waits for the line in which the process says that it answers.
    fn await_ready(&mut self, mut output: &UnixStream, ms_max: u64) -> Result<(), ProcessError> {
        let deadline = Instant::now() + Duration::from_millis(ms_max);
        let mut byte = [0];
        while byte != *b"\n" {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ProcessError::NotReady { ms_max });
            }
            output.set_read_timeout(Some(left)).map_err(ProcessError::Pipe)?;
            match output.read(&mut byte) {
                Ok(0) => return Err(self.ended()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(ProcessError::Pipe(error)),
            }
        }
        Ok(())
    }

    /// A process that closed its output has ended, or has to.
    fn ended(&mut self) -> ProcessError {
        let status = self.child.kill().and_then(|()| self.child.wait());
        status.map_or_else(ProcessError::Pipe, ProcessError::Ended)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended already, and its socket may never have been there.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.path);
    }
}

impl From<ProcessError> for ConfirmError {
    fn from(error: ProcessError) -> Self {
        let kind = match &error {
            ProcessError::NotStarted { source, .. } | ProcessError::Pipe(source) => source.kind(),
            ProcessError::Ended(_) => io::ErrorKind::NotConnected,
            ProcessError::NotReady { .. } => io::ErrorKind::TimedOut,
        };
        Self::Unreachable(io::Error::new(kind, error))
    }
}
