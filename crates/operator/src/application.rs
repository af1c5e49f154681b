//! The Confirmation Application of a configuration, for commands that ask it something beside the node.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use alloy_primitives::B256;
use multee_confirmation::{ConfirmError, Remote};
use multee_node::{Link, Process, ProcessConfig, Socket, SocketConfig};

use crate::config::ApplicationConfig;

/// Sockets that are tried in a directory at most.
const SOCKETS_MAX: usize = 64;

/// Why no application can be asked.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// None runs where the configuration has it.
    #[error("no application answers in {}", .0.display())]
    None(PathBuf),
    /// The directory of its sockets cannot be looked through.
    #[error("{} cannot be looked through", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not answer.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
}

/// The application that runs.
///
/// # Errors
/// When none does, or it gives no answer.
pub fn running(config: &ApplicationConfig) -> Result<Remote<Socket>, ApplicationError> {
    match config {
        ApplicationConfig::Socket { link, .. } => Ok(hello(link.clone())?),
        ApplicationConfig::Program { directory, .. } => {
            let mut found = sockets(directory)?.into_iter().filter_map(|socket| hello(socket.into()).ok());
            found.next().ok_or_else(|| ApplicationError::None(directory.clone()))
        }
    }
}

/// The application that runs, or one that is started and runs on after this: a node takes it over. A service is not
/// started by this.
///
/// # Errors
/// When it does not start, or gives no answer.
pub fn running_or_started(config: &ApplicationConfig) -> Result<Remote<Socket>, ApplicationError> {
    match (running(config), config) {
        (Err(ApplicationError::None(_)), ApplicationConfig::Program { program, args, directory }) => {
            // What is not known yet is not used: nothing is recorded here.
            let defaults = ProcessConfig::new(program.clone(), directory.clone(), B256::ZERO);
            let started = Process::new(ProcessConfig { args: args.clone(), ..defaults }).start()?;
            let remote = hello(started.socket().to_owned().into())?;
            started.leave();
            Ok(remote)
        }
        (found, _) => found,
    }
}

fn hello(link: Link) -> Result<Remote<Socket>, ConfirmError> {
    Socket::new(SocketConfig::new(link)).hello()
}

pub(crate) fn sockets(directory: &Path) -> Result<Vec<PathBuf>, ApplicationError> {
    let failed = |source| ApplicationError::Directory { path: directory.to_owned(), source };
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)?.take(SOCKETS_MAX) {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_socket() {
            sockets.push(entry.path());
        }
    }
    sockets.sort();
    Ok(sockets)
}
