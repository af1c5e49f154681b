//! The devnet's gateway: index, HTTP API and page, a process like its nodes.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use multee_protocol::Deployment;

use crate::child::{Process, ProcessError};
use crate::crew::Programs;

/// Why nothing of it is real.
const SIMULATED: &str = "devices and hardware vendor are software; their evidence proves nothing";
/// How long it may take to start, on a machine that has much to do.
const START: Duration = Duration::from_mins(1);
/// How long it may take to end.
const END: Duration = Duration::from_secs(20);

/// A gateway that runs. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct RunningGateway {
    process: Process,
    url: String,
}

/// What it follows, and where its files are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Followed<'a> {
    /// What starts it.
    pub(crate) programs: &'a Programs,
    /// Where the chain is asked.
    pub(crate) rpc_url: &'a str,
    /// The network's contract.
    pub(crate) deployment: Deployment,
    /// The devnet's directory.
    pub(crate) directory: &'a Path,
}

impl RunningGateway {
    /// Starts it, and waits until it listens. It says that evidence is SIMULATED.
    pub(crate) fn start(followed: Followed<'_>, listen: SocketAddr) -> Result<Self, ProcessError> {
        let log = log(followed.directory);
        let mut process = Process::start("gateway", command(followed, listen), &log)?;
        let url = process.wait_for(START, || address(&log))?;
        Ok(Self { process, url })
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Looks whether it still runs.
    pub(crate) fn check(&mut self) -> Result<(), ProcessError> {
        self.process.check()
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn end(&mut self) -> Result<(), ProcessError> {
        self.process.terminate();
        self.process.end(END).map(drop)
    }
}

fn log(directory: &Path) -> PathBuf {
    directory.join("gateway.log")
}

fn command(followed: Followed<'_>, listen: SocketAddr) -> Command {
    let Deployment { chain_id, contract } = followed.deployment;
    let mut command = followed.programs.bare(followed.directory);
    command.args(["gateway", "run"]);
    command.args(["--rpc", followed.rpc_url, "--chain-id", &chain_id.to_string()]);
    command.args(["--contract", &contract.to_string(), "--listen", &listen.to_string()]);
    command.args(["--name", "devnet", "--simulated", SIMULATED]);
    command.arg("--db").arg(followed.directory.join("index.sqlite"));
    command
}

/// The address that it prints when it listens.
fn address(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    let (_, rest) = text.split_once(": http://")?;
    let (address, _) = rest.split_once('\n')?;
    Some(format!("http://{address}/"))
}
