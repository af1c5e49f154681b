//! The processes of a devnet's devices: for each a Confirmation Application, SIMULATED, and a node.
//!
//! The first application of each device is started here, as founding needs its key; the node then finds it and takes it
//! over, as it would after a crash of its own. Later ones are the node's.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use alloy_primitives::Address;
use multee_confirmation::Confirm;
use multee_node::{Socket, SocketConfig};
use rustix::process::{Pid, Signal, kill_process};

use crate::child::{Process, ProcessError};
use crate::devices::Devices;
use crate::network::NodeFiles;

/// How long an application or a node may take to start, on a machine that has much to do.
const START: Duration = Duration::from_mins(1);

/// How the processes are started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// `multee`.
    pub multee: PathBuf,
}

/// A device's first application.
#[derive(Debug)]
pub struct Application {
    /// The device's index.
    pub device: u32,
    /// The process.
    pub process: Process,
    /// The key that it drew.
    pub incarnation: Address,
}

impl Programs {
    /// Boots the first application of a device, and waits until it answers.
    ///
    /// # Errors
    /// When it does not start.
    pub fn boot(&self, devices: &Devices, files: &NodeFiles) -> Result<Application, ProcessError> {
        let socket = files.first_socket();
        let mut command = self.bare(&files.directory);
        command.args(files.confirm_arguments(devices)).arg("--socket").arg(&socket);
        let name = format!("application {}", files.index + 1);
        let mut process = Process::start(&name, command, &files.confirm_log())?;
        let hello = || Socket::new(SocketConfig::new(socket.clone())).hello().ok();
        let incarnation = process.wait_for(START, hello)?.incarnation();
        Ok(Application { device: files.index, process, incarnation })
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

    /// `program`, which is killed when this thread ends.
    pub(crate) fn child(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.multee);
        command.args(["devnet-child", "--parent", &std::process::id().to_string(), "--"]).arg(program);
        command
    }

    /// Of this process's environment it gets the path to programs only: what is set for another node is not for it.
    pub(crate) fn bare(&self, directory: &Path) -> Command {
        let mut command = self.child(&self.multee);
        command.current_dir(directory).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
    }
}

/// Waits until a node has something to say: from then on it ends in order when it is told to.
///
/// # Errors
/// When it ends, or says nothing.
pub fn await_node(node: &mut Process) -> Result<(), ProcessError> {
    let log = node.log().to_owned();
    node.wait_for(START, || fs::metadata(&log).is_ok_and(|log| log.len() > 0).then_some(()))
}

/// Kills all applications of a device, whoever started them, and says how many there were. Those that this process
/// started are to be waited for besides.
pub fn kill_applications(files: &NodeFiles) -> usize {
    let ids = applications(&files.sockets());
    for id in &ids {
        // One that ended meanwhile needs no killing.
        let _ = kill_process(*id, Signal::KILL);
    }
    ids.len()
}

/// The processes that were started to listen in this directory.
fn applications(directory: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.filter_map(|entry| Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?));
    ids.filter(|id| listens_in(directory, *id)).collect()
}

fn listens_in(directory: &Path, id: Pid) -> bool {
    let arguments = fs::read(format!("/proc/{}/cmdline", id.as_raw_nonzero())).unwrap_or_default();
    let mut arguments = arguments.split(|byte| *byte == 0).skip_while(|argument| *argument != b"--socket");
    arguments.nth(1).is_some_and(|socket| Path::new(OsStr::from_bytes(socket)).parent() == Some(directory))
}
