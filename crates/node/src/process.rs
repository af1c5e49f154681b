//! The Confirmation Application as a process on this host, `multee-confirm`, started by the controller.
//!
//! It outlives a controller that is killed, for the seat's key is only there: [`Process`] finds it by its socket, or by
//! the arguments it was started with if it does not listen yet (which takes a view of `/proc` that does not hide others'
//! processes). A controller that ends in order leaves it, too, if it is told to ([`Controller::leave`]).
//!
//! [`Controller::leave`]: crate::Controller::leave

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
use multee_confirmation::{Confirm, ConfirmError, Duty, Remote, SignedBlock, Status};

use crate::boot::{Boot, Booted};
use crate::link::Link;
use crate::socket::{Socket, SocketConfig};
use crate::survivor::{SOCKET_ARGUMENT, Survivor};

/// How a socket's name begins.
const SOCKET_PREFIX: &str = "confirm-";
/// How it ends.
const SOCKET_SUFFIX: &str = ".sock";

/// How to start applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// The program, `multee-confirm`.
    pub program: PathBuf,
    /// What it is told before its socket, such as `--attester tdx`.
    pub args: Vec<String>,
    /// Where sockets are made, an absolute path. It belongs to one seat: what runs there and is not that seat's
    /// application is ended. Nobody else may be able to write to it.
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
    /// The sockets of applications that this process holds.
    held: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// Locked from the moment on that the directory is looked through.
    lock: Option<Arc<File>>,
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
    /// Another controller has its applications there.
    #[error("{} is in use by another controller; each seat needs a directory of its own", .0.display())]
    DirectoryInUse(PathBuf),
    /// The directory cannot be looked through.
    #[error("{} cannot be looked through", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A process that an earlier controller left cannot be taken hold of; it takes Linux 5.3.
    #[error("process of an earlier controller cannot be held")]
    NotHeld(#[source] io::Error),
    /// A process that holds no key of use cannot be ended.
    #[error("process {id} cannot be ended")]
    NotEnded {
        /// Its number.
        id: u32,
        /// Why.
        source: io::Error,
    },
    /// The pipe through which it tells cannot be made or read.
    #[error("process cannot be listened to")]
    Pipe(#[source] io::Error),
}

impl ProcessConfig {
    /// A program with the measurement of its image; its sockets in `directory`. Half a minute to start.
    pub fn new(program: PathBuf, directory: PathBuf, measurement: B256) -> Self {
        let SocketConfig { send_ms_max, answer_ms_max, .. } = SocketConfig::new(PathBuf::new());
        let (args, start_ms_max) = (Vec::new(), 30_000);
        Self { program, args, directory, measurement, start_ms_max, send_ms_max, answer_ms_max }
    }
}

impl Process {
    /// Nothing is started before the first boot.
    pub fn new(config: ProcessConfig) -> Self {
        Self { config, held: Arc::default(), lock: None }
    }

    /// Starts an application and waits until it can be reached.
    ///
    /// # Errors
    /// When it does not start, or gives no proper answer to a hello.
    pub fn start(&self) -> Result<Running, ConfirmError> {
        let path = self.fresh_path();
        let (ours, theirs) = UnixStream::pair().map_err(ProcessError::Pipe)?;
        let mut child = self.spawn(&path, theirs)?;
        let ready = await_ready(&mut child, &ours, self.config.start_ms_max);
        let guard = self.hold(Held::Child(child), path);
        ready?;
        let remote = self.socket(&guard.path).hello()?;
        Ok(Running { remote, guard })
    }

    /// Of its own for each boot: what a dead incarnation left behind is never taken for the new one.
    fn fresh_path(&self) -> PathBuf {
        static BOOTS: AtomicU64 = AtomicU64::new(0);
        let boot = BOOTS.fetch_add(1, Ordering::Relaxed);
        self.config.directory.join(format!("{SOCKET_PREFIX}{}-{boot}{SOCKET_SUFFIX}", std::process::id()))
    }

    /// Its standard output is a socket, for a pipe cannot be read with a time limit. Of the host's environment it gets
    /// the path to programs only: passwords may be in the rest.
    fn spawn(&self, path: &Path, output: UnixStream) -> Result<Child, ProcessError> {
        let ProcessConfig { program, args, .. } = &self.config;
        let mut command = Command::new(program);
        command.args(args).arg(SOCKET_ARGUMENT).arg(path).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        // A signal that a terminal sends to this process's group is not for it: its key would be lost.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::from(OwnedFd::from(output)));
        command.spawn().map_err(|source| ProcessError::NotStarted { program: program.clone(), source })
    }

    fn socket(&self, path: &Path) -> Socket {
        let ProcessConfig { send_ms_max, answer_ms_max, .. } = self.config;
        Socket::new(SocketConfig { link: path.to_owned().into(), send_ms_max, answer_ms_max })
    }

    fn hold(&self, process: Held, path: PathBuf) -> Guard {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
        Guard { process, path, held: Arc::clone(&self.held), is_left: false }
    }

    fn holds(&self, path: &Path) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }

    /// Two controllers that share a directory would end each other's applications.
    fn lock(&mut self) -> Result<(), ProcessError> {
        let directory = &self.config.directory;
        let unusable = |source| ProcessError::Directory { path: directory.clone(), source };
        if self.lock.is_none() {
            let file = File::create(directory.join("lock")).map_err(unusable)?;
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(ProcessError::DirectoryInUse(directory.clone()));
                }
                Err(fs::TryLockError::Error(source)) => return Err(unusable(source)),
                Ok(()) => self.lock = Some(Arc::new(file)),
            }
        }
        Ok(())
    }

    /// The sockets in the directory that nobody here holds.
    fn sockets(&self) -> Result<Vec<PathBuf>, ProcessError> {
        let directory = &self.config.directory;
        let unusable = |source| ProcessError::Directory { path: directory.clone(), source };
        let mut sockets = Vec::new();
        for entry in fs::read_dir(directory).map_err(unusable)? {
            let entry = entry.map_err(unusable)?;
            let path = entry.path();
            if is_ours(&path) && is_socket(&path) && !self.holds(&path) {
                sockets.push(path);
            }
        }
        sockets.sort_unstable();
        Ok(sockets)
    }

    /// The application that listens there. If nobody answers, who listens there is ended.
    fn take_over(&self, path: &Path) -> Result<Option<Running>, ProcessError> {
        let time_max = Duration::from_millis(self.config.send_ms_max);
        let Ok(connection) = Link::from(path.to_owned()).connect(time_max) else { return Ok(None) };
        let connection = UnixStream::from(connection);
        let process = Survivor::behind(&connection).map_err(ProcessError::NotHeld)?;
        // It serves one client after another.
        drop(connection);
        if let Some(remote) = self.socket(path).find() {
            return Ok(Some(Running { remote, guard: self.hold(Held::Survivor(process), path.to_owned()) }));
        }
        end(&process)?;
        Ok(None)
    }

    /// All that listen there, if all that do not answer could be ended. Else all are left alone.
    fn take_over_all(&self, sockets: &[PathBuf]) -> Result<Vec<Running>, ProcessError> {
        let mut found = Vec::new();
        for path in sockets {
            match self.take_over(path) {
                Ok(Some(running)) => found.push(running),
                Ok(None) if is_socket(path) => drop(fs::remove_file(path)),
                Ok(None) => {}
                Err(error) => {
                    found.into_iter().for_each(Running::leave);
                    return Err(error);
                }
            }
        }
        Ok(found)
    }

    /// Ends what was started in the directory and is not among what is held: it never had the seat's key, for that is
    /// known only of what answered.
    fn end_others(&self) -> Result<(), ProcessError> {
        for (process, path) in Survivor::all_in(&self.config.directory) {
            if is_ours(&path) && !self.holds(&path) {
                end(&process)?;
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }
}

impl Boot for Process {
    fn boot(&mut self) -> Result<Booted, ConfirmError> {
        Ok(self.booted(self.start()?))
    }

    fn running(&mut self, recorded: &[PathBuf]) -> Result<Vec<Booted>, ConfirmError> {
        self.lock()?;
        let mut sockets = self.sockets()?;
        let elsewhere = |path: &&PathBuf| path.parent() != Some(&self.config.directory) && !self.holds(path);
        sockets.extend(recorded.iter().filter(elsewhere).cloned());
        let found = self.take_over_all(&sockets)?;
        self.end_others()?;
        Ok(found.into_iter().map(|running| self.booted(running)).collect())
    }
}

impl Process {
    fn booted(&self, running: Running) -> Booted {
        let socket = Some(running.socket().to_owned());
        Booted { app: Box::new(running), measurement: self.config.measurement, socket }
    }
}

/// Whether a path is one that a [`Process`] gives to a socket.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(SOCKET_PREFIX) && name.ends_with(SOCKET_SUFFIX))
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket())
}

fn end(process: &Survivor) -> Result<(), ProcessError> {
    process.end().map_err(|source| ProcessError::NotEnded { id: process.id(), source })
}

/// An application that runs as a process of its own, until it is dropped.
#[derive(Debug)]
pub struct Running {
    remote: Remote<Socket>,
    guard: Guard,
}

impl Running {
    /// The process's number.
    pub fn id(&self) -> u32 {
        match &self.guard.process {
            Held::Child(child) => child.id(),
            Held::Survivor(process) => process.id(),
        }
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.guard.path
    }

    /// Lets go of it: it runs on, for another controller to find.
    pub fn leave(mut self) {
        self.guard.is_left = true;
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

/// A process that ends when its guard is dropped, and its socket with it.
#[derive(Debug)]
struct Guard {
    process: Held,
    path: PathBuf,
    held: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// It is to run on.
    is_left: bool,
}

#[derive(Debug)]
enum Held {
    Child(Child),
    Survivor(Survivor),
}

/// Waits for the line in which the process says that it answers.
fn await_ready(child: &mut Child, mut output: &UnixStream, ms_max: u64) -> Result<(), ProcessError> {
    let deadline = Instant::now() + Duration::from_millis(ms_max);
    let mut byte = [0];
    while byte != *b"\n" {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ProcessError::NotReady { ms_max });
        }
        output.set_read_timeout(Some(left)).map_err(ProcessError::Pipe)?;
        match output.read(&mut byte) {
            Ok(0) => return Err(ended(child)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(ProcessError::Pipe(error)),
        }
    }
    Ok(())
}

/// A process that closed its output has ended, or has to.
fn ended(child: &mut Child) -> ProcessError {
    let status = child.kill().and_then(|()| child.wait());
    status.map_or_else(ProcessError::Pipe, ProcessError::Ended)
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.is_left {
            self.process.end();
            // It may never have been there.
            let _ = fs::remove_file(&self.path);
        }
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.path);
    }
}

impl Held {
    /// It may have ended already.
    fn end(&mut self) {
        match self {
            Self::Child(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Survivor(process) => {
                let _ = process.end();
            }
        }
    }
}

impl From<ProcessError> for ConfirmError {
    fn from(error: ProcessError) -> Self {
        let kind = match &error {
            // What is not there is a program or a directory: no application is gone by that.
            ProcessError::NotStarted { .. }
            | ProcessError::DirectoryInUse(_)
            | ProcessError::Directory { .. }
            | ProcessError::NotHeld(_)
            | ProcessError::NotEnded { .. } => io::ErrorKind::Other,
            ProcessError::Pipe(source) => source.kind(),
            ProcessError::Ended(_) => io::ErrorKind::NotConnected,
            ProcessError::NotReady { .. } => io::ErrorKind::TimedOut,
        };
        Self::Unreachable(io::Error::new(kind, error))
    }
}
