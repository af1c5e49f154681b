//! `multee devnet up`: a chain, a vendor's service, and devices, each of them with its processes; and what they do.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use multee_chain::Chain;
use multee_founding::Founded;

use crate::chain::{self, ChainKind, RunningChain, StartChainError};
use crate::child::{Process, ProcessError};
use crate::crew::{self, Application, Programs};
use crate::devices::{Devices, DevicesError};
use crate::gateway::{Followed, RunningGateway};
use crate::network::{self, Arrangement, NetworkError, NodeFiles, Surroundings};
use crate::observed::ObserveError;
use crate::pcs::{Pcs, PcsError};
use crate::tether::Tether;

/// Seconds from now to the network's first epoch: what founding takes on a machine that has much to do.
const FOUNDING_S: u64 = 20;
/// How long the vendor's certificates hold, in seconds: ten years.
const VALIDITY_S: u64 = 10 * 365 * 86_400;
/// How old they are.
const AGE_S: u64 = 86_400;
/// Between a node's looks at the chain, in milliseconds.
const POLL_MS: u64 = 200;
/// How long nodes may take to end.
const END: Duration = Duration::from_secs(20);

/// What a devnet is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where all its files are: a directory that is not there yet, or is empty.
    pub directory: PathBuf,
    /// How many devices.
    pub devices: u32,
    /// What they grow from.
    pub seed: u64,
    /// The length of an epoch, in seconds, 12 at least (R2).
    pub epoch_seconds: u32,
    /// The chain.
    pub chain: ChainKind,
    /// Where the chain is served, 0 for any port that is free.
    pub port: u16,
    /// Where a gateway listens, port 0 for any that is free; none without an address.
    pub gateway: Option<SocketAddr>,
    /// The programs.
    pub programs: Programs,
}

/// A devnet that runs. All its processes are killed when it is dropped; see [`end`](Self::end).
#[derive(Debug)]
pub struct Devnet {
    /// Nodes come first: what they need is dropped after them.
    nodes: Vec<Process>,
    files: Vec<NodeFiles>,
    /// Those that are not known to have ended.
    applications: Vec<Application>,
    gateway: Option<RunningGateway>,
    chain: RunningChain,
    pcs: Pcs,
    founded: Founded,
    genesis_s: u64,
    _tether: Tether,
}

/// Why there is no devnet, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// There is something in its directory.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The directory cannot be looked into.
    #[error("{} cannot be used", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The devices.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] StartChainError),
    /// The vendor's service.
    #[error(transparent)]
    Pcs(#[from] PcsError),
    /// The network and the nodes' files.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A process did not start, or ended.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The network cannot be seen.
    #[error(transparent)]
    Observe(#[from] ObserveError),
}

impl Devnet {
    /// Starts everything. Epoch 0 begins some seconds later.
    ///
    /// # Errors
    /// When something does not start; what did is ended.
    pub fn start(config: &Config) -> Result<Self, DevnetError> {
        chain::check_port(config.port)?;
        let directory = claim(&config.directory)?;
        let now_s = chain::now_s();
        let (from_s, until_s) = (now_s.saturating_sub(AGE_S), now_s.saturating_add(VALIDITY_S));
        let devices = Devices { seed: config.seed, from_s, until_s };
        let files: Vec<NodeFiles> =
            (0..config.devices).map(|index| NodeFiles::of(&directory, index, Arrangement::Child)).collect();
        let tether = Tether::hold(&directory).map_err(NetworkError::at(&Tether::path(&directory)))?;
        let mut applications = Vec::new();
        for files in &files {
            files.prepare(&devices)?;
            applications.push(config.programs.boot(&devices, files)?);
        }
        let spenders = network::spenders(&devices, config.devices)?;
        let chain = RunningChain::start(&config.chain, &config.programs, &directory, &spenders, config.port)?;
        let vendor = devices.vendor()?;
        let pcs = Pcs::start(&vendor, 0)?;
        let root = directory.join("root.der");
        network::write(&root, vendor.root_der())?;

        let rpc: Arc<dyn Chain> = Arc::new(chain::connect(&chain.url())?);
        let genesis_s = chain::now_s().saturating_add(FOUNDING_S);
        let incarnations: Vec<Address> = applications.iter().map(|app| app.incarnation).collect();
        let founded = network::found(&rpc, &devices, &incarnations, genesis_s, config.epoch_seconds)?;
        chain.go_on()?;
        let deployment = founded.network.deployment();
        let around = Surroundings {
            contract: deployment.contract,
            chain_id: deployment.chain_id,
            rpc_url: &chain.url(),
            pcs_url: &pcs.url(),
            root: &root,
            multee: &config.programs.multee,
            poll_ms: POLL_MS,
        };
        let followed =
            Followed { programs: &config.programs, rpc_url: &chain.url(), deployment, directory: &directory };
        let start = |listen| RunningGateway::start(followed, listen);
        let gateway = config.gateway.map(start).transpose()?;
        let mut nodes = Vec::new();
        for files in &files {
            files.configure(&devices, around)?;
            nodes.push(config.programs.run(files)?);
        }
        nodes.iter_mut().try_for_each(crew::await_node)?;
        Ok(Self { nodes, files, applications, gateway, chain, pcs, founded, genesis_s, _tether: tether })
    }

    /// Looks whether chain, gateway and nodes run. None is started again: what ends by itself is a fault to be seen.
    ///
    /// # Errors
    /// Names the first that ended.
    pub fn check(&mut self) -> Result<(), DevnetError> {
        self.chain.check()?;
        self.gateway.as_mut().map_or(Ok(()), RunningGateway::check)?;
        for node in &mut self.nodes {
            node.check()?;
        }
        Ok(())
    }

    /// Names the first applications that ended since the last time. Their nodes boot others.
    pub fn ended_applications(&mut self) -> Vec<String> {
        let ended = self.applications.extract_if(.., |app| app.process.check().is_err());
        ended.map(|app| app.process.name().to_owned()).collect()
    }

    /// Ends nodes and gateway in order, then all that they needed.
    ///
    /// # Errors
    /// When one of them cannot be ended.
    pub fn end(mut self) -> Result<(), DevnetError> {
        for node in &self.nodes {
            node.terminate();
        }
        for node in &mut self.nodes {
            node.end(END)?;
        }
        self.gateway.as_mut().map_or(Ok(()), RunningGateway::end)?;
        Ok(())
    }

    /// The network's contract, and the way to it.
    pub fn founded(&self) -> &Founded {
        &self.founded
    }

    /// When epoch 0 starts, in seconds since the Unix epoch.
    pub fn genesis_s(&self) -> u64 {
        self.genesis_s
    }

    /// Where the chain is asked.
    pub fn chain_url(&self) -> String {
        self.chain.url()
    }

    /// Where the gateway answers, if there is one.
    pub fn gateway_url(&self) -> Option<&str> {
        self.gateway.as_ref().map(RunningGateway::url)
    }

    /// Where the vendor's service is, SIMULATED.
    pub fn pcs_url(&self) -> String {
        self.pcs.url()
    }
}

impl Drop for Devnet {
    /// Applications that nodes started are no children of this process.
    fn drop(&mut self) {
        self.nodes.clear();
        for files in &self.files {
            crew::kill_applications(files);
        }
    }
}

/// Makes the directory, or takes one that is empty.
fn claim(path: &Path) -> Result<PathBuf, DevnetError> {
    let failed = |source| DevnetError::Directory { path: path.to_owned(), source };
    if !path.exists() {
        network::make_directory(path)?;
    }
    if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
        return Err(DevnetError::NotEmpty(path.to_owned()));
    }
    path.canonicalize().map_err(failed)
}
