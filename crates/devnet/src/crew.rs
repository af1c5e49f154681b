//! The processes of a devnet's devices: for each a Confirmation Application, SIMULATED, and a node.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use alloy_primitives::Address;
use multee_confirmation::Confirm;
use multee_node::{Socket, SocketConfig};

use crate::child::{Process, ProcessError};
use crate::devices::Devices;
use crate::network::NodeFiles;

/// How long an application may take to start, on a machine that has much to do.
const START: Duration = Duration::from_mins(1);

/// How the processes are started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// `multee`.
    pub multee: PathBuf,
}

/// A device's application, as a process.
#[derive(Debug)]
pub struct Application {
    /// The process.
    pub process: Process,
    /// The key that it drew.
    pub incarnation: Address,
}

impl Programs {
    /// Boots the application of a device, and waits until it answers on its socket. What a dead one left there is
    /// replaced.
    ///
    /// # Errors
    /// When it does not start.
    pub fn boot(&self, devices: &Devices, files: &NodeFiles) -> Result<Application, ProcessError> {
        let mut command = self.bare(&files.directory);
        let Devices { seed, from_s, until_s } = devices;
        command.arg("devnet-confirm").arg("--socket").arg(files.socket());
        for (name, value) in [
            ("--seed", *seed),
            ("--device", files.index.into()),
            ("--from-s", *from_s),
            ("--until-s", *until_s),
        ] {
            command.args([name, &value.to_string()]);
        }
        let name = format!("confirm {}", files.index + 1);
        let mut process = Process::start(&name, command, &files.confirm_log())?;
        let hello = || Socket::new(SocketConfig::new(files.socket())).hello().ok();
        let incarnation = process.wait_for(START, hello)?.incarnation();
        Ok(Application { process, incarnation })
    }

    /// Starts the node of a device.
    ///
    /// # Errors
    /// When it does not start.
    pub fn run(&self, files: &NodeFiles) -> Result<Process, ProcessError> {
        let mut command = self.bare(&files.directory);
        command.args(["node", "run", "--config"]).arg(files.config());
        Process::start(&format!("node {}", files.index + 1), command, &files.log())
    }

    /// Of this process's environment it gets the path to programs only: what is set for another node is not for it.
    fn bare(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.multee);
        let path: Option<OsString> = std::env::var_os("PATH");
        command.current_dir(directory).env_clear().envs(path.map(|path| ("PATH", path)));
        command
    }
}
