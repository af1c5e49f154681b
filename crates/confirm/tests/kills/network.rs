//! A network on anvil: one seat whose controllers are killed, and peers that are left alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, keccak256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::rpc::{Config, Endpoint, InMemory, Journal, Rests, Rpc};
use multee_chain::{Chain, Sender};
use multee_confirmation::{Confirm, ReferenceValue};
use multee_founding::{Founding, FoundingSeat, found_devnet};
use multee_node::{
    Controller, ControllerConfig, Ledger, Network, Process, ProcessConfig, ReadCollateral, RestartLimits,
    RestartPolicy, Socket, SocketConfig,
};
use multee_protocol::{DeviceId, Epoch, Fixed, Parameters, SeatId, TeeType};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::anvil::Anvil;
use crate::world::{AGENT, GENESIS_S, POWER, World};

const PROGRAM: &str = env!("CARGO_BIN_EXE_multee-confirm");
/// Longer than anything here takes, on a busy machine, too.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// Seconds after anvil's first block, and after the vendor's certificates begin to hold.
const FOUNDING_S: u64 = 10_000;
const EPOCH_S: u32 = 3_600;
const CHAIN_ID: u64 = 31_337;
/// The machine of the seat whose controllers are killed; its seat is the first.
pub(crate) const VICTIM: u32 = 0;
pub(crate) const SEAT: SeatId = SeatId(1);
const PEERS: std::ops::RangeInclusive<u32> = 1..=3;

/// What a controller needs to be started, and all that crosses from one process to the next.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) contract: Address,
    pub(crate) directory: PathBuf,
}

pub(crate) struct Net {
    pub(crate) anvil: Anvil,
    network: Network,
    peers: Vec<Controller>,
    epoch: Option<Epoch>,
    directory: Directory,
}

/// Hands out the vendor's own collateral.
struct Sound(World);

impl ReadCollateral for Sound {
    fn collateral(&self, quote: &[u8], _: u32, _: u64) -> Option<Vec<u8>> {
        let tee = if quote.get(4) == Some(&0x81) { TeeType::Tdx } else { TeeType::Sgx };
        Some(self.0.collateral(tee).to_vec())
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        vec![self.0.vendor.root_der().to_vec()]
    }
}

/// Patient with a busy machine, and waits for nothing longer than it must.
pub(crate) fn connect(url: &str, journal: Box<dyn Journal>) -> Arc<dyn Chain> {
    let config = Config {
        timeout: Duration::from_secs(20),
        rests: Rests { first: Duration::from_millis(10), longest: Duration::from_millis(40) },
        survey_every: Duration::ZERO,
        head_age_max: Duration::ZERO,
        confirmations: 1,
        poll_every: Duration::from_millis(5),
        ..Config::new(CHAIN_ID, vec![Endpoint::parse(url).expect("a URL")])
    };
    Arc::new(Rpc::connect(&config, journal).expect("connects"))
}

fn account(name: &str) -> Sender {
    Sender::from_key(&keccak256(format!("multee test account {name}")).0).expect("a key")
}

fn operator(machine: u32) -> Sender {
    account(&format!("operator {machine}"))
}

/// The SIMULATED machine with this number.
pub(crate) fn machine(world: &World, index: u32, directory: &Path) -> Process {
    Process::new(process(world, index, directory))
}

pub(crate) fn process(world: &World, index: u32, directory: &Path) -> ProcessConfig {
    let measurement = world.measurement(TeeType::Sgx, AGENT);
    let mut config = ProcessConfig::new(PROGRAM.into(), directory.to_owned(), measurement);
    let until_s = GENESIS_S + 100 * u64::from(EPOCH_S) * 24;
    let args = format!(
        "--attester mock --mock-seed 1 --mock-machine {index} --mock-from-s {GENESIS_S} --mock-until-s {until_s}"
    );
    config.args = args.split(' ').map(str::to_owned).collect();
    config
}

fn config(machine: u32) -> ControllerConfig {
    // Nobody waits here for time to pass.
    let limits = RestartLimits { per_epoch_max: 9, first_rest_s: 0, longest_rest_s: 0 };
    ControllerConfig {
        seat: SeatId(machine + 1),
        operator: operator(machine),
        collateral: Arc::new(Sound(World::new())),
        restart: RestartPolicy::WhenNeeded(limits),
        seed_depth_blocks: 1,
    }
}

/// A controller of the seat, as each of the processes makes it.
pub(crate) fn resume(place: &Place, state: multee_node::State, chain: Arc<dyn Chain>) -> Controller {
    let network = Network::new(chain, place.contract).expect("answers");
    let ledger = Ledger::new(network, 0).expect("settings");
    let machine = machine(&World::new(), VICTIM, &place.directory);
    Controller::resume(config(VICTIM), ledger, Box::new(machine), state).expect("resumes")
}

impl Net {
    /// Founded, and before its first epoch. The victim's application runs, and nobody holds it.
    pub(crate) fn found() -> Self {
        let anvil = Anvil::with(&["--timestamp", &GENESIS_S.to_string()]);
        let chain = connect(&anvil.url(), Box::new(InMemory::default()));
        let (world, owner) = (World::new(), account("owner"));
        anvil.ask("anvil_setBalance", &json!([owner.address(), "0xffffffffffffffffffff"]));
        let directory = Directory::new();
        let mut seats = Vec::new();
        let mut machines = Vec::new();
        for index in std::iter::once(VICTIM).chain(PEERS) {
            let account = operator(index).address();
            anvil.ask("anvil_setBalance", &json!([account, "0xffffffffffffffffffff"]));
            let place = directory.path().join(index.to_string());
            std::fs::create_dir(&place).expect("made");
            let machine = machine(&world, index, &place);
            let running = machine.start().expect("starts");
            seats.push(founding_seat(&world, index, running.incarnation()));
            if index == VICTIM { running.leave() } else { machines.push((index, machine, running)) }
        }
        let references = vec![ReferenceValue {
            measurement: world.measurement(TeeType::Sgx, AGENT),
            from_epoch: 0,
            until_epoch: Epoch::MAX,
        }];
        let plan = Founding {
            genesis_s: GENESIS_S + FOUNDING_S,
            fixed: Fixed { epoch_seconds: EPOCH_S, ..Fixed::default() },
            parameters: Parameters::default(),
            references,
            policy: world.policy.to_vec(),
            seats,
        };
        let network = found_devnet(&chain, &owner, &plan).expect("founded").network;
        let peer = |(index, machine, running): (u32, Process, multee_node::Running)| {
            let ledger = Ledger::new(network.clone(), 0).expect("settings");
            Controller::new(config(index), ledger, Box::new(machine), Box::new(running))
        };
        let peers = machines.into_iter().map(peer).collect();
        Self { anvil, network, peers, epoch: None, directory }
    }

    pub(crate) fn place(&self) -> Place {
        let directory = self.directory.path().join(VICTIM.to_string());
        Place { url: self.anvil.url(), contract: self.network.deployment().contract, directory }
    }

    /// The next epoch, opened; what is due is settled, and the peers have published.
    pub(crate) fn next_epoch(&mut self) -> Epoch {
        let epoch = self.epoch.map_or(0, |epoch| epoch + 1);
        self.epoch = Some(epoch);
        let start_s = GENESIS_S + FOUNDING_S + u64::from(epoch) * u64::from(EPOCH_S);
        self.anvil.ask("evm_setNextBlockTimestamp", &json!([start_s]));
        self.anvil.mine(1);
        self.peers[0].tick().expect("opens");
        self.anvil.mine(3);
        for _ in 0..2 {
            for peer in &mut self.peers {
                peer.tick().expect("publishes");
            }
        }
        epoch
    }

    /// What somebody knows who begins now.
    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new(self.network.clone(), 0).expect("settings");
        ledger.sync().expect("follows");
        ledger
    }

    /// The seat's view by the contract.
    pub(crate) fn seat(&self) -> contract::SeatView {
        self.network.read(&contract::seatOfCall { seat: SEAT.0 }).expect("a seat")
    }

    /// How often the seat published in an epoch.
    pub(crate) fn published(&self, epoch: Epoch) -> usize {
        let of = |block: &&multee_node::BlockRecord| block.block.seat == SEAT && block.block.epoch == epoch;
        self.ledger().blocks().filter(of).count()
    }

    pub(crate) fn await_publication(&self, epoch: Epoch) {
        let until = Instant::now() + PATIENCE;
        while self.seat().lastEpoch != epoch || self.published(epoch) == 0 {
            assert!(Instant::now() < until, "nothing is published in epoch {epoch}: {:?}", self.seat());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a transaction of the victim's is in the pool.
    pub(crate) fn await_pending(&self) {
        let until = Instant::now() + PATIENCE;
        while self.count("pending") == self.sent() {
            assert!(Instant::now() < until, "nothing is sent");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The hash of the one transaction in the pool.
    pub(crate) fn pending(&self) -> Value {
        let block = self.anvil.ask("eth_getBlockByNumber", &json!(["pending", false]));
        let [pending] = &block["transactions"].as_array().expect("listed")[..] else { panic!("{block}") };
        pending.clone()
    }

    /// How many transactions the victim has on chain.
    pub(crate) fn sent(&self) -> u64 {
        self.count("latest")
    }

    fn count(&self, block: &str) -> u64 {
        let account = operator(VICTIM).address();
        let count = self.anvil.ask("eth_getTransactionCount", &json!([account, block]));
        let count = count.as_str().expect("text").trim_start_matches("0x").to_owned();
        u64::from_str_radix(&count, 16).expect("a number")
    }

    /// Epochs in which nobody is killed, until the peers have admitted the seat's incarnation.
    pub(crate) fn await_admission(&mut self) {
        for _ in 0..4 {
            if self.seat().admitted && self.seat().tier != PROBATION {
                return;
            }
            self.next_epoch();
        }
        panic!("the seat's new incarnation is not admitted: {:?}", self.seat());
    }
}

/// The contract's number of the tier.
const PROBATION: u8 = 1;

fn founding_seat(world: &World, index: u32, incarnation: Address) -> FoundingSeat {
    let peer = world.sound_peer(index, TeeType::Sgx);
    FoundingSeat {
        provider: account(&format!("provider {index}")).address(),
        operator: operator(index).address(),
        device_id: DeviceId::from_hardware(TeeType::Sgx, peer.platform.hardware_id()),
        incarnation,
        measurement: world.measurement(TeeType::Sgx, AGENT),
        verified_power: POWER,
    }
}

/// The applications that run in a directory: number and socket.
pub(crate) fn applications(directory: &Path) -> Vec<(u32, PathBuf)> {
    let ids = std::fs::read_dir("/proc")
        .expect("listed")
        .filter_map(|entry| entry.expect("an entry").file_name().to_str()?.parse::<u32>().ok());
    let socket = |id: &u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
        let mut arguments = line.split(|byte| *byte == 0).map(|it| String::from_utf8_lossy(it).into_owned());
        let socket = PathBuf::from(arguments.find(|it| it == "--socket").and_then(|_| arguments.next())?);
        socket.starts_with(directory).then_some(socket)
    };
    ids.filter_map(|id| Some((id, socket(&id)?))).collect()
}

/// A directory whose applications end with the test, even one that fails.
pub(crate) struct Directory(tempfile::TempDir);

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("directory"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        end_applications(self.path());
    }
}

/// SIGKILL for all of them.
pub(crate) fn end_applications(directory: &Path) {
    for (id, _) in applications(directory) {
        let id = Pid::from_raw(i32::try_from(id).expect("small")).expect("not zero");
        // It may just have ended.
        let _ = kill_process(id, Signal::KILL);
    }
}

/// Who answers at a socket.
pub(crate) fn answers(socket: &Path) -> Address {
    Socket::new(SocketConfig::new(socket.to_owned())).hello().expect("says hello").incarnation()
}

/// A digest as a child says it.
pub(crate) fn digest(text: &str) -> Option<B256> {
    text.parse().ok()
}
