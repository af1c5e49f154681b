//! The network under chaos: five processes on `anvil`, whose time and blocks are made here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use alloy_primitives::{Address, Bytes, U64, U256};
use alloy_sol_types::SolCall;
use multee_chain::Chain;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::read;
use multee_chain::rpc::Rpc;
use multee_protocol::Fixed;
use serde::Deserialize;
use serde_json::json;

use super::judgement::Statement;
use super::{ChaosConfig, ChaosError};
use crate::anvil::Anvil;
use crate::chain::{self, CHAIN_ID};
use crate::child::Process;
use crate::crew::{self, Application};
use crate::devices::Devices;
use crate::network::{self, Arrangement, NetworkError, NodeFiles, Surroundings};
use crate::observed::{Publications, Tier, seat};
use crate::pcs::Pcs;
use crate::tether::Tether;

/// The length of an epoch on the chain's clock, in seconds. That clock follows this machine's within an epoch, so it is
/// longer than an epoch may take here.
pub(super) const EPOCH_S: u32 = 3600;
/// From founding to the first epoch, on the chain's clock.
const FOUNDING_S: u64 = 86_400;
/// Between a node's looks at the chain, in milliseconds.
const POLL_MS: u64 = 100;
/// Empty blocks after the last transaction: seeds must be deep, and then nothing is waited for.
const IDLE_BLOCKS: u32 = 6;
/// How long a look takes.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How long nodes may take to end.
const END: Duration = Duration::from_secs(30);
/// Blocks whose states `anvil` keeps: nodes ask for up to twice their confirmations.
const ANVIL: [&str; 2] = ["--prune-history", "512"];

/// All that runs.
#[derive(Debug)]
pub(super) struct Scene {
    /// Nodes come first: what they need is dropped after them.
    nodes: Vec<Process>,
    applications: Vec<Application>,
    files: Vec<NodeFiles>,
    devices: Devices,
    config: ChaosConfig,
    anvil: Box<Anvil>,
    rpc: Arc<Rpc>,
    _pcs: Pcs,
    _tether: Tether,
    network: Address,
    genesis_s: u64,
    publications: Publications,
    statements: BTreeSet<Statement>,
    /// The first block that was not read for statements.
    unread: u64,
    idle: u32,
}

impl Scene {
    /// Founds the network and starts the nodes. Time stands still before the first epoch.
    pub(super) fn set(config: &ChaosConfig) -> Result<Self, ChaosError> {
        let directory = &config.directory;
        let now_s = chain::now_s();
        let devices =
            Devices { seed: config.seed, from_s: now_s - 86_400, until_s: now_s + 10 * 365 * 86_400 };
        let files: Vec<NodeFiles> =
            (0..config.devices).map(|index| NodeFiles::of(directory, index, arrangement(index))).collect();
        let tether = Tether::hold(directory).map_err(NetworkError::at(&Tether::path(directory)))?;
        let mut applications = Vec::new();
        for files in &files {
            files.prepare(&devices)?;
            applications.push(config.programs.boot(&devices, files)?);
        }
        let anvil =
            Anvil::start(&config.programs, &config.anvil, CHAIN_ID, 0, &ANVIL, &directory.join("anvil.log"))?;
        for account in network::spenders(&devices, config.devices)? {
            anvil.set_balance(account, U256::from(chain::BALANCE_WEI))?;
        }
        let vendor = devices.vendor()?;
        let pcs = Pcs::start(&vendor, 0)?;
        let root = directory.join("root.der");
        network::write(&root, vendor.root_der())?;
        let rpc = Arc::new(chain::connect(anvil.url())?);
        let shared: Arc<dyn Chain> = Arc::<Rpc>::clone(&rpc);
        let genesis_s = now_s + FOUNDING_S;
        let incarnations: Vec<Address> = applications.iter().map(|app| app.incarnation).collect();
        let founded = network::found(&shared, &devices, &incarnations, genesis_s, EPOCH_S)?;
        anvil.set_automine(false)?;
        let network = founded.network.deployment().contract;
        let around = Surroundings {
            contract: network,
            chain_id: CHAIN_ID,
            rpc_url: anvil.url(),
            pcs_url: &pcs.url(),
            root: &root,
            multee: &config.programs.multee,
            poll_ms: POLL_MS,
        };
        let mut nodes = Vec::new();
        for files in &files {
            files.configure(&devices, around)?;
            nodes.push(config.programs.run(files)?);
        }
        Ok(Self {
            nodes,
            applications,
            files,
            devices,
            config: config.clone(),
            anvil: Box::new(anvil),
            rpc,
            _pcs: pcs,
            _tether: tether,
            network,
            genesis_s,
            publications: Publications::default(),
            statements: BTreeSet::new(),
            unread: 0,
            idle: 0,
        })
    }

    /// Lets an epoch begin.
    pub(super) fn begin(&mut self, epoch: u32) -> Result<(), ChaosError> {
        let start_s = self.genesis_s + u64::from(epoch) * u64::from(EPOCH_S);
        self.idle = 0;
        Ok(self.anvil.mine_at(start_s + 1)?)
    }

    /// Waits a moment, makes a block if one is needed, and sees what was published. No node may have ended by itself.
    pub(super) fn turn(&mut self) -> Result<(), ChaosError> {
        thread::sleep(LOOK_EVERY);
        self.anvil.process().check()?;
        let is_pending = self.anvil.pending()? > 0;
        self.idle = if is_pending { 0 } else { self.idle.saturating_add(1) };
        if self.idle <= IDLE_BLOCKS {
            self.anvil.mine(1)?;
        }
        self.publications.follow(self.rpc.as_ref(), self.network)?;
        for node in &mut self.nodes {
            node.check()?;
        }
        Ok(())
    }

    /// What was published.
    pub(super) fn publications(&self) -> &Publications {
        &self.publications
    }

    /// The seats that have to publish in the epoch and have not yet: all of them, but for those that the rules do not
    /// let (R6): on probation with a block of their own that is undecided and not due.
    pub(super) fn waited_for(&self, epoch: u32) -> Result<Vec<u32>, ChaosError> {
        let mut waited_for = Vec::new();
        for number in 1..=self.config.devices {
            if self.publications.of(number, epoch).is_none() && !self.is_held_back(number, epoch)? {
                waited_for.push(number);
            }
        }
        Ok(waited_for)
    }

    fn is_held_back(&self, number: u32, epoch: u32) -> Result<bool, ChaosError> {
        if self.tier(number)? != Tier::Probation {
            return Ok(false);
        }
        // What is older is void, and its record may be another's (R14).
        let oldest = (epoch + 1).saturating_sub(Fixed::default().retention_epochs.into());
        for earlier in oldest..epoch {
            if self.publications.of(number, earlier).is_none() {
                continue;
            }
            let call = contract::blockOfSeatCall { seat: number, epoch: earlier };
            let block = read(self.rpc.as_ref(), self.network, &call)?;
            if block.logged && !block.decided && !block.due {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The seat's tier now.
    pub(super) fn tier(&self, number: u32) -> Result<Tier, ChaosError> {
        Ok(seat(self.rpc.as_ref(), self.network, number)?.tier.into())
    }

    /// The key of the seat's incarnation now.
    pub(super) fn incarnation(&self, number: u32) -> Result<Address, ChaosError> {
        Ok(seat(self.rpc.as_ref(), self.network, number)?.incarnation)
    }

    /// SIGKILL for a device's node, and another one in its place at once. One that is to leave its application to the
    /// next is told to end instead.
    pub(super) fn kill_node(&mut self, device: u32) -> Result<(), ChaosError> {
        let place = usize::try_from(device).unwrap_or(usize::MAX);
        let (Some(node), Some(files)) = (self.nodes.get_mut(place), self.files.get(place)) else {
            return Ok(());
        };
        if files.arrangement == Arrangement::Kept {
            node.terminate();
            node.end(END)?;
        } else {
            node.kill()?;
        }
        *node = self.config.programs.run(files)?;
        Ok(())
    }

    /// SIGKILL for a device's application. What follows is its node's matter, but that a service is started anew. `false`
    /// if none runs just now.
    pub(super) fn kill_application(&mut self, device: u32) -> Result<bool, ChaosError> {
        let place = usize::try_from(device).unwrap_or(usize::MAX);
        let Some(files) = self.files.get(place) else { return Ok(false) };
        let killed = crew::kill_applications(files);
        // Those that were started here are waited for, or they would stay in the table of processes.
        for mut gone in self.applications.extract_if(.., |app| app.device == device) {
            gone.process.kill()?;
        }
        if files.arrangement == Arrangement::Service {
            self.applications.push(self.config.programs.boot(&self.devices, files)?);
        }
        Ok(killed > 0)
    }

    /// Reads from the chain's blocks what was signed and sent, whatever came of it.
    pub(super) fn statements(&mut self) -> Result<&BTreeSet<Statement>, ChaosError> {
        let head = self.rpc.head()?.number;
        for number in self.unread..=head {
            let block: Block = self.anvil.ask("eth_getBlockByNumber", &json!([U64::from(number), true]))?;
            let sent = block.transactions.iter().filter(|sent| sent.to == Some(self.network));
            self.statements.extend(sent.filter_map(|sent| statement(&sent.input)));
        }
        self.unread = head + 1;
        Ok(&self.statements)
    }

    /// What a device's node wrote, from the first one on.
    pub(super) fn log(&self, device: u32) -> Result<String, ChaosError> {
        let files = NodeFiles::of(&self.config.directory, device, arrangement(device));
        let read = std::fs::read(files.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        read.map_err(|source| ChaosError::Log { path: files.log(), source })
    }

    /// The ends of all nodes' logs.
    pub(super) fn tails(&self) -> String {
        let tail = |node: &Process| format!("--- {}\n{}\n", node.name(), node.tail());
        self.nodes.iter().map(tail).collect()
    }

    /// Ends nodes in order.
    pub(super) fn end(mut self) -> Result<(), ChaosError> {
        for node in &self.nodes {
            node.terminate();
        }
        for node in &mut self.nodes {
            node.end(END)?;
        }
        Ok(())
    }
}

impl Drop for Scene {
    /// Applications that nodes started are no children of this process.
    fn drop(&mut self) {
        self.nodes.clear();
        for files in &self.files {
            crew::kill_applications(files);
        }
    }
}

/// Each arrangement has a device; most run as most do.
fn arrangement(device: u32) -> Arrangement {
    match device {
        0 => Arrangement::Service,
        1 => Arrangement::Kept,
        _ => Arrangement::Child,
    }
}

#[derive(Deserialize)]
struct Block {
    transactions: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    to: Option<Address>,
    input: Bytes,
}

/// What a publication's transaction carries, if it is one.
fn statement(input: &Bytes) -> Option<Statement> {
    let call = contract::publishCall::abi_decode(input).ok()?;
    let contract::Publication { incarnation, challenge, r, vs, .. } = call.publication;
    Some(Statement { incarnation, challenge, signature: (r, vs) })
}
