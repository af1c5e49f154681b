//! The Confirmation Application as a service of the system's: a unit in the guest, at a socket of its own.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
use multee_confirmation::{Confirm, ConfirmError, Remote};

use crate::boot::{Boot, Booted};
use crate::claim::Claim;
use crate::link::Link;
use crate::socket::{Socket, SocketConfig};

/// How often to look whether something has happened.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where a service is, and how it is started anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// Its socket, and how long it is waited for.
    pub socket: SocketConfig,
    /// The measurement of the image that it is part of.
    pub measurement: B256,
    /// The program that has it started anew, and its arguments, such as `systemctl restart multee-confirm`. Of the
    /// environment it gets the path to programs.
    pub restart: Vec<String>,
    /// How long that program may take, in milliseconds.
    pub restart_ms_max: u64,
    /// How long it may take after that until a new incarnation answers, in milliseconds.
    pub start_ms_max: u64,
}

/// Has a service of the system's started anew. The system ends it, not this process.
#[derive(Clone, Debug)]
pub struct Service {
    config: ServiceConfig,
    /// Held from the moment on that a controller looks for what runs.
    claim: Option<Arc<Claim>>,
}

/// Why a service was not started anew. It is the source of a [`ConfirmError::Unreachable`].
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Another controller on this machine works with it.
    #[error("{0} is in use by another controller; a seat has one at a time")]
    InUse(Link),
    /// Whether one does cannot be found out.
    #[error("{link} cannot be claimed for this controller")]
    NotClaimed {
        /// Where.
        link: Link,
        /// Why.
        source: io::Error,
    },
    /// No command is configured.
    #[error("no command is configured that starts the service anew")]
    NoCommand,
    /// The command cannot be run.
    #[error("{program} cannot be run")]
    NotRun {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The command says that it failed.
    #[error("{program} failed: {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The command did not end.
    #[error("{program} did not end in {ms_max} ms")]
    TooSlow {
        /// The program.
        program: String,
        /// The time there was, in milliseconds.
        ms_max: u64,
    },
    /// Nobody new answers.
    #[error("no new incarnation answers at {link} after {ms_max} ms")]
    NotReady {
        /// Where.
        link: Link,
        /// The time there was, in milliseconds.
        ms_max: u64,
    },
}

impl ServiceConfig {
    /// Half a minute for the command, and half a minute more until a new incarnation answers.
    pub fn new(socket: impl Into<Link>, measurement: B256, restart: Vec<String>) -> Self {
        let socket = SocketConfig::new(socket);
        Self { socket, measurement, restart, restart_ms_max: 30_000, start_ms_max: 30_000 }
    }
}

impl Service {
    /// Nothing is asked or started before it has to be.
    pub fn new(config: ServiceConfig) -> Self {
        Self { config, claim: None }
    }

    fn hello(&self) -> Result<Remote<Socket>, ConfirmError> {
        Socket::new(self.config.socket.clone()).hello()
    }

    fn claim(&mut self) -> Result<(), ServiceError> {
        if self.claim.is_none() {
            let link = &self.config.socket.link;
            let claim = Claim::of(link).map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => ServiceError::InUse(link.clone()),
                _ => ServiceError::NotClaimed { link: link.clone(), source },
            })?;
            self.claim = Some(Arc::new(claim));
        }
        Ok(())
    }

    fn run_command(&self) -> Result<(), ServiceError> {
        let Some((program, args)) = self.config.restart.split_first() else {
            return Err(ServiceError::NoCommand);
        };
        let (program, ms_max) = (program.clone(), self.config.restart_ms_max);
        let mut command = Command::new(&program);
        command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        match run_within(&mut command, Duration::from_millis(ms_max)) {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(ServiceError::Failed { program, status }),
            Ok(None) => Err(ServiceError::TooSlow { program, ms_max }),
            Err(source) => Err(ServiceError::NotRun { program, source }),
        }
    }

    /// Whoever answers and is not the one from before.
    fn await_other(&self, before: Option<Address>) -> Result<Remote<Socket>, ServiceError> {
        let ms_max = self.config.start_ms_max;
        let deadline = Instant::now() + Duration::from_millis(ms_max);
        loop {
            match self.hello() {
                Ok(remote) if Some(remote.incarnation()) != before => return Ok(remote),
                _ if Instant::now() >= deadline => {
                    return Err(ServiceError::NotReady { link: self.config.socket.link.clone(), ms_max });
                }
                _ => thread::sleep(LOOK_EVERY),
            }
        }
    }

    fn booted(&self, remote: Remote<Socket>) -> Booted {
        let socket = match &self.config.socket.link {
            Link::Unix(path) => Some(path.clone()),
            Link::Vsock { .. } | Link::Loopback(_) => None,
        };
        Booted { app: Box::new(remote), measurement: self.config.measurement, socket }
    }
}

impl Boot for Service {
    fn boot(&mut self) -> Result<Booted, ConfirmError> {
        let before = self.hello().ok().map(|remote| remote.incarnation());
        self.run_command()?;
        Ok(self.booted(self.await_other(before)?))
    }

    /// The system starts a service anew by itself when it has crashed, or its guest with it.
    fn fresh(&mut self, spent: &[Address]) -> Result<Option<Booted>, ConfirmError> {
        let found = Socket::new(self.config.socket.clone()).find();
        let found = found.filter(|remote| !spent.contains(&remote.incarnation()));
        Ok(found.map(|remote| self.booted(remote)))
    }

    /// The one at the socket: a service has no other.
    fn running(&mut self, _recorded: &[PathBuf]) -> Result<Vec<Booted>, ConfirmError> {
        self.claim()?;
        let found = Socket::new(self.config.socket.clone()).find();
        Ok(found.map(|remote| self.booted(remote)).into_iter().collect())
    }
}

/// How a command ended; `None` if it had to be ended, since it did not within the time.
fn run_within(command: &mut Command, time_max: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = command.spawn()?;
    let deadline = Instant::now() + time_max;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
}

impl From<ServiceError> for ConfirmError {
    fn from(error: ServiceError) -> Self {
        let kind = match &error {
            ServiceError::NotReady { .. } | ServiceError::TooSlow { .. } => io::ErrorKind::TimedOut,
            ServiceError::InUse(_)
            | ServiceError::NotClaimed { .. }
            | ServiceError::NoCommand
            | ServiceError::NotRun { .. }
            | ServiceError::Failed { .. } => io::ErrorKind::Other,
        };
        Self::Unreachable(io::Error::new(kind, error))
    }
}
