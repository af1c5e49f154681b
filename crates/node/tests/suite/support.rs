//! A small network: a chain that can fail, a SIMULATED vendor, and a controller for each device.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolEventInterface;
use multee_chain::bindings::IProofOfAttestation::{self as contract, IProofOfAttestationEvents as Event};
use multee_chain::bindings::deployed::TestToken;
use multee_chain::embedded::Config;
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, Limit, LogEntry, LogFilter, Once, Receipt, Sender, Transaction,
};
use multee_confirmation::{
    AppConfig, Confirm, ConfirmError, ConfirmationApp, PowerSource, ReferenceValue, Remote,
};
use multee_evidence::{AttestError, ObtainQuote, Policy, Properties, Register, RegisterValue, measurement};
use multee_founding::{Founded, Founding, FoundingSeat, found_devnet, join_devnet};
use multee_mock_vendor::{
    CollateralSpec, Platform, PlatformSpec, QuoteSpec, Registers, Vendor, VendorConfig,
};
use multee_node::{
    Action, Boot, Booted, Controller, ControllerConfig, ControllerError, Ledger, ReadCollateral,
    RestartPolicy, Sent, State,
};
use multee_protocol::{DeviceId, Epoch, Fixed, Parameters, SeatId, TeeType};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

use crate::forking::Forking;

pub(crate) const GENESIS_S: u64 = 1_800_000_000;
pub(crate) const EPOCH_S: u32 = 3_600;
pub(crate) const UNTIL_S: u64 = GENESIS_S + 1_000 * EPOCH_S as u64;
pub(crate) const NUMBER: u32 = 1;
pub(crate) const AGENT: &str = "agent";
pub(crate) const OTHER_AGENT: &str = "agent with somebody's changes";
pub(crate) const POWER: u64 = 1_000;
pub(crate) const TEES: [TeeType; 2] = [TeeType::Sgx, TeeType::Tdx];
/// Chain blocks after which an opening's seed is surely known (R2).
const SEED_BLOCKS: u64 = 3;

/// Tiers by their numbers in the contract.
pub(crate) const PROBATION: u8 = 1;
pub(crate) const SUSPENDED: u8 = 5;
pub(crate) const BLOCKED: u8 = 6;

/// When a sending is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fails {
    /// It is not executed.
    Before,
    /// It is executed, but its receipt is lost.
    After,
    /// It is executed with too little gas. Sent again under its key, it has the same outcome.
    Starved,
}

/// The embedded chain, failing when told to.
pub(crate) struct FailingChain {
    pub(crate) embedded: Forking,
    /// The next sending of this function fails.
    armed: Mutex<Option<([u8; 4], Fails)>>,
    /// What had too little gas.
    starved: Mutex<Option<(Transaction, Receipt)>>,
    /// Every so many requests one fails; 0 for none.
    period: Mutex<(u64, u64)>,
    /// Logs that one answer holds; 0 for as many as there are.
    logs_max: AtomicUsize,
    /// The first block whose logs are kept, and whether it is said that older ones are not.
    history: Mutex<(u64, bool)>,
    /// What was sent: function and key.
    sent: Mutex<Vec<([u8; 4], Once)>>,
}

impl FailingChain {
    /// From now on an answer holds so many logs at most, as long as more than one block is asked about.
    pub(crate) fn limit_logs(&self, logs_max: usize) {
        self.logs_max.store(logs_max, Ordering::Relaxed);
    }

    /// From now on there are no logs of blocks before this one. It is said so, or they are just left out.
    pub(crate) fn prune(&self, from_block: u64, said: bool) {
        *self.history.lock().expect("history") = (from_block, said);
    }

    /// The next sending of the function with this selector fails.
    pub(crate) fn arm(&self, selector: [u8; 4], fails: Fails) {
        *self.armed.lock().expect("armed") = Some((selector, fails));
    }

    /// From now on one of `period` requests of any kind fails; 0 for none.
    pub(crate) fn fail_one_of(&self, period: u64) {
        *self.period.lock().expect("period") = (period, 0);
    }

    /// Under what the function was sent, each time.
    pub(crate) fn sent(&self, selector: [u8; 4]) -> Vec<Once> {
        let sent = self.sent.lock().expect("sent");
        sent.iter().filter(|(of, _)| *of == selector).map(|(_, once)| *once).collect()
    }

    fn unreachable() -> ChainError {
        ChainError::Unreachable { place: "test".to_owned(), cause: "told to fail".to_owned() }
    }

    /// Counts a request. Every second of those that fail is executed.
    fn turn(&self) -> Option<Fails> {
        let mut period = self.period.lock().expect("period");
        if period.0 == 0 {
            return None;
        }
        period.1 += 1;
        let (turn, rest) = (period.1 / period.0, period.1 % period.0);
        (rest == 0).then_some(if turn % 2 == 0 { Fails::After } else { Fails::Before })
    }

    fn readable(&self) -> Result<&Forking, ChainError> {
        if self.turn().is_some() { Err(Self::unreachable()) } else { Ok(&self.embedded) }
    }
}

impl Chain for FailingChain {
    fn head(&self) -> Result<Head, ChainError> {
        self.readable()?.head()
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.readable()?.block(number)
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.readable()?.call(call)
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        let selector = transaction.data.first_chunk().copied().unwrap_or_default();
        self.sent.lock().expect("sent").push((selector, transaction.once));
        let mut armed = self.armed.lock().expect("armed");
        let met = armed.take_if(|(selector, _)| transaction.data.starts_with(selector));
        match met.map(|(_, fails)| fails).or_else(|| self.turn()) {
            None => match &*self.starved.lock().expect("starved") {
                Some((earlier, receipt)) if earlier == transaction => Ok(receipt.clone()),
                _ => self.embedded.send(sender, transaction),
            },
            Some(Fails::Starved) => {
                let starved = Transaction { gas_limit: 100_000, ..transaction.clone() };
                let receipt = self.embedded.send(sender, &starved)?;
                *self.starved.lock().expect("starved") = Some((transaction.clone(), receipt.clone()));
                Ok(receipt)
            }
            Some(Fails::Before) => Err(Self::unreachable()),
            Some(Fails::After) => {
                self.embedded.send(sender, transaction)?;
                Err(Self::unreachable())
            }
        }
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.readable()?.receipt(transaction_hash)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        let (kept, said) = *self.history.lock().expect("history");
        if said && filter.from_block < kept {
            return Err(ChainError::Pruned { place: "test".to_owned(), cause: "told to forget".to_owned() });
        }
        let mut logs = self.readable()?.logs(filter)?;
        logs.retain(|entry| entry.block_number >= kept);
        let (value, limit) = (logs.len(), self.logs_max.load(Ordering::Relaxed));
        if limit == 0 || value <= limit || filter.from_block == filter.to_block {
            return Ok(logs);
        }
        Err(ChainError::Limit { what: Limit::Logs, value: value as u64, limit: limit as u64 })
    }
}

/// An application that lives on when its controller is lost, and whether it is hung.
type SharedApp = Arc<Mutex<(ConfirmationApp, bool)>>;

struct Tee {
    platform: Arc<Platform>,
    image: &'static str,
}

impl ObtainQuote for Tee {
    fn tee(&self) -> TeeType {
        self.platform.spec().tee
    }

    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
        let spec = QuoteSpec::of_program(self.tee(), self.image, *report_data);
        Ok(self.platform.quote(&spec).expect("same TEE"))
    }
}

/// A SIMULATED machine. After its first boot it boots what the network allows.
#[derive(Clone)]
struct Machine {
    platform: Arc<Platform>,
    policy: Arc<Policy>,
    state: Arc<Mutex<MachineState>>,
}

struct MachineState {
    image: &'static str,
    boots: u8,
    apps: Vec<SharedApp>,
    /// It boots nothing.
    broken: bool,
    /// Its applications died.
    dead: bool,
}

impl Boot for Machine {
    fn boot(&mut self) -> Result<Booted, ConfirmError> {
        let mut state = self.state.lock().expect("machine");
        state.boots += 1;
        if state.broken {
            return Err(std::io::Error::other("told to fail").into());
        }
        let image = std::mem::replace(&mut state.image, AGENT);
        state.dead = false;
        let app = app_of(&self.platform, image, state.boots);
        let app = Arc::new(Mutex::new((app, false)));
        state.apps.push(Arc::clone(&app));
        let measurement = measurement_of(&self.policy, self.platform.spec().tee, image);
        Ok(Booted { app: remote(&app), measurement, socket: None })
    }

    /// Its newest application, unless that is dead.
    fn running(&mut self, _: &[PathBuf]) -> Result<Vec<Booted>, ConfirmError> {
        let state = self.state.lock().expect("machine");
        let is_hung = |app: &SharedApp| app.lock().expect("app").1;
        let newest = state.apps.last().filter(|app| !state.dead && !is_hung(app));
        let measurement = measurement_of(&self.policy, self.platform.spec().tee, AGENT);
        Ok(newest.map(|app| Booted { app: remote(app), measurement, socket: None }).into_iter().collect())
    }
}

/// A Confirmation Application on this machine, in its `boots`-th incarnation.
pub(crate) fn app_of(platform: &Arc<Platform>, image: &'static str, boots: u8) -> ConfirmationApp {
    let mut seed = [boots; 32];
    seed[..4].copy_from_slice(&platform.spec().index.to_be_bytes());
    let properties = Properties::new("SIMULATED CPU", 2, 4096, [platform.spec().tee.name().to_owned()]);
    let config = AppConfig { power: PowerSource::Declared(POWER), properties: properties.expect("in range") };
    let tee = Tee { platform: Arc::clone(platform), image };
    ConfirmationApp::new(config, Box::new(tee), &mut ChaCha20Rng::from_seed(seed))
}

/// The application as its host sees it: through bytes, and nothing comes back while it is hung.
fn remote(app: &SharedApp) -> Box<dyn Confirm> {
    let app = Arc::clone(app);
    let remote = Remote::connect(move |request: &[u8]| {
        let mut app = app.lock().expect("app");
        if app.1 { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(app.0.handle(request)) }
    });
    Box::new(remote.expect("says hello"))
}

fn measurement_of(policy: &Policy, tee: TeeType, image: &str) -> B256 {
    let values: Vec<(Register, Vec<u8>)> = match Registers::of_program(tee, image) {
        Registers::Sgx(sgx) => vec![(Register::MrEnclave, sgx.mr_enclave.to_vec())],
        Registers::Tdx(tdx) => vec![
            (Register::MrTd, tdx.mr_td.to_vec()),
            (Register::Rtmr1, tdx.rtmrs[1].to_vec()),
            (Register::Rtmr2, tdx.rtmrs[2].to_vec()),
            (Register::MrConfigId, tdx.mr_config_id.to_vec()),
        ],
    };
    let values: Vec<RegisterValue> =
        values.into_iter().map(|(register, value)| RegisterValue { register, value }).collect();
    measurement(tee, policy.measured_registers(tee).expect("policy has it"), &values)
}

/// Hands out the vendor's own collateral.
pub(crate) struct SoundReader {
    pub(crate) vendor: Vendor,
    documents: BTreeMap<TeeType, Vec<u8>>,
}

impl SoundReader {
    fn new(vendor: Vendor) -> Self {
        let document = |tee| (tee, vendor.collateral_with(spec(tee)).expect("simulated"));
        let documents = TEES.map(document).into();
        Self { vendor, documents }
    }
}

impl ReadCollateral for SoundReader {
    fn collateral(&self, quote: &[u8], _: u32, _: u64) -> Option<Vec<u8>> {
        self.documents.get(&tee_of(quote)).cloned()
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        vec![self.vendor.root_der().to_vec()]
    }
}

/// The sound reader, but the first time it is asked something happens on chain: after a controller's ledger looked,
/// before it publishes.
struct Meddling {
    sound: Arc<SoundReader>,
    meddle: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl ReadCollateral for Meddling {
    fn collateral(&self, quote: &[u8], number: u32, at_s: u64) -> Option<Vec<u8>> {
        if let Some(meddle) = self.meddle.lock().expect("meddle").take() {
            meddle();
        }
        self.sound.collateral(quote, number, at_s)
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        self.sound.roots()
    }
}

/// What sound collateral is.
pub(crate) fn spec(tee: TeeType) -> CollateralSpec {
    CollateralSpec {
        tee,
        fmspc: PlatformSpec::sound(0, tee).fmspc,
        issued_s: GENESIS_S - u64::from(EPOCH_S),
        next_update_s: UNTIL_S,
        tcb_evaluation_number: NUMBER,
    }
}

/// The kind of TEE in a quote's header.
pub(crate) fn tee_of(quote: &[u8]) -> TeeType {
    if quote.get(4) == Some(&0x81) { TeeType::Tdx } else { TeeType::Sgx }
}

pub(crate) fn vendor(seed: u8) -> Vendor {
    let config = VendorConfig {
        not_before_s: GENESIS_S - u64::from(EPOCH_S),
        not_after_s: UNTIL_S,
        tcb_evaluation_number: NUMBER,
    };
    Vendor::from_seed([seed; 32], config).expect("dates in range")
}

/// A device with a seat.
pub(crate) struct Device {
    pub(crate) seat: SeatId,
    pub(crate) platform: Arc<Platform>,
    pub(crate) operator: Sender,
    /// For controllers that it gets from now on.
    pub(crate) seed_depth_blocks: u64,
    machine: Machine,
    /// None while it is lost.
    controller: Option<Controller>,
}

impl Device {
    pub(crate) fn tick(&mut self) -> Result<Vec<Action>, ControllerError> {
        self.controller.as_mut().map_or_else(|| Ok(Vec::new()), Controller::tick)
    }

    pub(crate) fn controller(&self) -> &Controller {
        self.controller.as_ref().expect("not lost")
    }

    fn control(&mut self, ledger: Ledger, collateral: Arc<dyn ReadCollateral>) {
        let app = remote(self.machine.state.lock().expect("machine").apps.last().expect("booted"));
        self.control_through(ledger, collateral, app);
    }

    fn control_through(
        &mut self,
        ledger: Ledger,
        collateral: Arc<dyn ReadCollateral>,
        app: Box<dyn Confirm>,
    ) {
        let config = ControllerConfig {
            seat: self.seat,
            operator: self.operator.clone(),
            collateral,
            restart: RestartPolicy::WhenSuspended,
            seed_depth_blocks: self.seed_depth_blocks,
        };
        self.controller = Some(Controller::new(config, ledger, Box::new(self.machine.clone()), app));
    }

    /// From now on its machine boots nothing, or does again.
    pub(crate) fn break_machine(&self, broken: bool) {
        self.machine.state.lock().expect("machine").broken = broken;
    }

    /// Its machine boots an application that nobody asked for.
    pub(crate) fn boot_unseen(&mut self) {
        self.machine.boot().expect("boots");
    }

    /// Its application is gone, with its key.
    pub(crate) fn kill_app(&self) {
        self.machine.state.lock().expect("machine").dead = true;
    }

    /// Its application answers nothing any more.
    pub(crate) fn hang_app(&self) {
        self.machine.state.lock().expect("machine").apps.last().expect("booted").lock().expect("app").1 =
            true;
    }

    /// How often its machine booted, or tried to.
    pub(crate) fn boots(&self) -> u8 {
        self.machine.state.lock().expect("machine").boots
    }
}

pub(crate) struct World {
    pub(crate) chain: Arc<FailingChain>,
    pub(crate) reader: Arc<SoundReader>,
    pub(crate) founded: Founded,
    pub(crate) devices: Vec<Device>,
    pub(crate) owner: Sender,
    policy: Arc<Policy>,
}

impl World {
    /// A network of so many founding seats with the protocol's defaults.
    pub(crate) fn new(seats: u32) -> Self {
        Self::with(seats, Parameters::default(), None)
    }

    /// One of them, `other`, runs a program that is not allowed, until it boots again.
    pub(crate) fn with(seats: u32, parameters: Parameters, other: Option<u32>) -> Self {
        let config = Config::devnet(7, GENESIS_S - u64::from(EPOCH_S));
        Self::over(Forking::new(config), seats, parameters, other)
    }

    /// As [`Self::new`], on anvil.
    pub(crate) fn on_anvil(seats: u32) -> Self {
        let anvil = Forking::on_anvil(7, GENESIS_S - u64::from(EPOCH_S));
        Self::over(anvil, seats, Parameters::default(), None)
    }

    fn over(embedded: Forking, seats: u32, parameters: Parameters, other: Option<u32>) -> Self {
        let chain = Arc::new(FailingChain {
            embedded,
            armed: Mutex::default(),
            starved: Mutex::default(),
            period: Mutex::default(),
            logs_max: AtomicUsize::default(),
            history: Mutex::default(),
            sent: Mutex::default(),
        });
        let vendor = vendor(1);
        let document = policy_document(&vendor);
        let policy = Arc::new(Policy::from_json(&document).expect("valid"));
        let mut prepared = Vec::new();
        for index in 0..seats {
            let image = if other == Some(index) { OTHER_AGENT } else { AGENT };
            let mut machine = machine(&vendor, &policy, index, image);
            let booted = machine.boot().expect("boots");
            prepared.push((machine, booted));
        }
        let founding = |(machine, booted): &(Machine, Booted)| FoundingSeat {
            provider: provider(machine.platform.spec().index).address(),
            operator: operator(machine.platform.spec().index).address(),
            device_id: device_id(&machine.platform),
            incarnation: booted.app.incarnation(),
            measurement: booted.measurement,
            verified_power: POWER,
        };
        let plan = Founding {
            genesis_s: GENESIS_S,
            fixed: Fixed { epoch_seconds: EPOCH_S, ..Fixed::default() },
            parameters,
            references: references(&policy),
            seats: prepared.iter().map(founding).collect(),
            policy: document,
        };
        let owner = account("owner");
        let shared: Arc<dyn Chain> = Arc::<FailingChain>::clone(&chain);
        let founded = found_devnet(&shared, &owner, &plan).expect("founded");
        let seats = founded.seats.clone();
        let reader = Arc::new(SoundReader::new(vendor));
        let mut world = Self { chain, reader, founded, devices: Vec::new(), owner, policy };
        for ((machine, _), seat) in prepared.into_iter().zip(seats) {
            world.add(seat, machine);
        }
        world
    }

    /// The machine with this number joins and says it is `claimed`; where its device stands in `devices`.
    pub(crate) fn join(&mut self, index: u32, claimed: DeviceId) -> usize {
        let mut machine = machine(&self.reader.vendor, &self.policy, index, AGENT);
        let booted = machine.boot().expect("boots");
        let registration = contract::Registration {
            operator: operator(index).address(),
            deviceId: claimed.0,
            incarnation: booted.app.incarnation(),
            measurement: booted.measurement,
        };
        let Founded { network, token, .. } = &self.founded;
        let joined = join_devnet(network, *token, &provider(index), registration).expect("answers");
        self.add(joined.expect("admitted to probation"), machine);
        self.devices.len() - 1
    }

    /// A device that was paid out takes its seat up again, with another operator and a new incarnation.
    pub(crate) fn rejoin(&mut self, device: usize, operator: Sender) {
        let booted = self.devices[device].machine.boot().expect("boots");
        let Founded { network, token, .. } = &self.founded;
        let (provider, spender) = (self.provider_of(device), network.deployment().contract);
        let approve = TestToken::approveCall { spender, value: U256::MAX };
        self.chain.send(&provider, &Transaction::invoke(*token, &approve)).expect("approved");
        let call = contract::rejoinCall {
            seat: self.devices[device].seat.0,
            operator: operator.address(),
            incarnation: booted.app.incarnation(),
            measurement: booted.measurement,
        };
        let sent = network.send(&provider, &call).expect("an outcome");
        assert!(matches!(sent, Sent::Kept(_)), "{sent:?}");
        self.devices[device].operator = operator;
        self.revive_soundly(device);
    }

    fn add(&mut self, seat: SeatId, machine: Machine) {
        let platform = Arc::clone(&machine.platform);
        let operator = operator(platform.spec().index);
        self.devices.push(Device {
            seat,
            platform,
            operator,
            seed_depth_blocks: 1,
            machine,
            controller: None,
        });
        let reader: Arc<dyn ReadCollateral> = Arc::<SoundReader>::clone(&self.reader);
        self.revive(self.devices.len() - 1, &reader);
    }

    /// The device's controller is gone, with all it knew. Its application runs on.
    pub(crate) fn lose(&mut self, device: usize) {
        self.devices[device].controller = None;
    }

    /// The device gets a new controller, and between that and its application stands this.
    pub(crate) fn revive_behind(
        &mut self,
        device: usize,
        between: impl FnOnce(Box<dyn Confirm>) -> Box<dyn Confirm>,
    ) {
        let reader: Arc<dyn ReadCollateral> = Arc::<SoundReader>::clone(&self.reader);
        self.revive_between(device, &reader, between);
    }

    /// The device gets a new controller that knows nothing and reads its collateral here.
    pub(crate) fn revive(&mut self, device: usize, reader: &Arc<dyn ReadCollateral>) {
        self.revive_between(device, reader, |app| app);
    }

    /// The device's controller is killed, and another goes on with the state in this file.
    pub(crate) fn resume(&mut self, device: usize, state: &Path, restart: RestartPolicy) {
        self.lose(device);
        let network = self.founded.network.clone();
        let device = &mut self.devices[device];
        let state = State::open(state, network.deployment(), device.seat).expect("opens");
        let ledger = Ledger::new(network, 0).expect("settings");
        let collateral: Arc<dyn ReadCollateral> = Arc::<SoundReader>::clone(&self.reader);
        let (seat, operator) = (device.seat, device.operator.clone());
        let config = ControllerConfig { seat, operator, collateral, restart, seed_depth_blocks: 1 };
        let machine = Box::new(device.machine.clone());
        device.controller = Some(Controller::resume(config, ledger, machine, state).expect("resumes"));
    }

    fn revive_between(
        &mut self,
        device: usize,
        reader: &Arc<dyn ReadCollateral>,
        between: impl FnOnce(Box<dyn Confirm>) -> Box<dyn Confirm>,
    ) {
        let ledger = Ledger::new(self.founded.network.clone(), 0).expect("settings");
        let device = &mut self.devices[device];
        let app = between(remote(device.machine.state.lock().expect("machine").apps.last().expect("booted")));
        device.control_through(ledger, Arc::clone(reader), app);
    }

    /// The device gets a new controller that knows what this ledger does.
    pub(crate) fn revive_with(&mut self, device: usize, ledger: Ledger) {
        let reader: Arc<dyn ReadCollateral> = Arc::<SoundReader>::clone(&self.reader);
        self.devices[device].control(ledger, reader);
    }

    /// As [`Self::revive`], with the sound reader.
    pub(crate) fn revive_soundly(&mut self, device: usize) {
        let reader: Arc<dyn ReadCollateral> = Arc::<SoundReader>::clone(&self.reader);
        self.revive(device, &reader);
    }

    /// The device gets a new controller; while that makes its first duty, `sender` has `call` executed.
    pub(crate) fn meddle(
        &mut self,
        device: usize,
        sender: Sender,
        call: impl alloy_sol_types::SolCall + Send + 'static,
    ) {
        let network = self.founded.network.clone();
        let meddle = move || {
            let sent = network.send(&sender, &call).expect("an outcome");
            assert!(matches!(sent, Sent::Kept(_)), "{sent:?}");
        };
        let meddle = Mutex::new(Some(Box::new(meddle) as Box<dyn FnOnce() + Send>));
        let reader: Arc<dyn ReadCollateral> = Arc::new(Meddling { sound: Arc::clone(&self.reader), meddle });
        self.revive(device, &reader);
    }

    /// The clock comes to an epoch.
    pub(crate) fn enter(&self, epoch: Epoch) {
        self.chain.embedded.set_time(start_s(epoch)).expect("later");
    }

    /// An epoch is opened and its seed set, by nobody's controller.
    pub(crate) fn open(&self, epoch: Epoch) {
        self.enter(epoch);
        self.founded.network.send(&self.owner, &contract::openEpochCall {}).expect("sent");
        self.chain.embedded.mine(SEED_BLOCKS).expect("mined");
        self.founded.network.send(&self.owner, &contract::seedEpochCall {}).expect("sent");
    }

    /// Every device does what there is to do, a different one first in each epoch.
    pub(crate) fn tick_all(&mut self, epoch: Epoch) -> Vec<(SeatId, Action)> {
        let count = self.devices.len();
        let mut actions = Vec::new();
        for place in 0..count {
            let device = &mut self.devices[(place + epoch as usize) % count];
            let done = device.tick().unwrap_or_else(|error| panic!("{:?}: {error}", device.seat));
            actions.extend(done.into_iter().map(|action| (device.seat, action)));
        }
        actions
    }

    /// A whole epoch: somebody opens it, and when the seed is known all publish.
    pub(crate) fn play(&mut self, epoch: Epoch) -> Vec<(SeatId, Action)> {
        self.enter(epoch);
        let first = epoch as usize % self.devices.len();
        self.devices[first].tick().expect("opens");
        self.chain.embedded.mine(SEED_BLOCKS).expect("mined");
        self.tick_all(epoch)
    }

    pub(crate) fn play_all(&mut self, epochs: std::ops::RangeInclusive<Epoch>) {
        for epoch in epochs {
            self.play(epoch);
        }
    }

    /// Mines what an opening waits for.
    pub(crate) fn await_seed(&self) {
        self.chain.embedded.mine(SEED_BLOCKS).expect("mined");
    }

    /// What somebody knows who begins now.
    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new(self.founded.network.clone(), 0).expect("settings");
        ledger.sync().expect("follows");
        ledger
    }

    /// Who paid for the device's seat.
    pub(crate) fn provider_of(&self, device: usize) -> Sender {
        provider(self.devices[device].platform.spec().index)
    }

    pub(crate) fn seat(&self, seat: SeatId) -> contract::SeatView {
        self.founded.network.read(&contract::seatOfCall { seat: seat.0 }).expect("a seat")
    }

    pub(crate) fn scores(&self) -> Vec<u16> {
        self.devices.iter().map(|device| self.seat(device.seat).score).collect()
    }

    /// All events of the contract.
    pub(crate) fn events(&self) -> Vec<Event> {
        let head = self.chain.embedded.head().expect("head").number;
        let filter = LogFilter::of(self.founded.network.deployment().contract, 0, head);
        let logs = self.chain.embedded.logs(&filter).expect("logs");
        logs.iter().filter_map(|entry| Event::decode_log(&entry.log).ok()).map(|log| log.data).collect()
    }

    /// How many blocks each seat has published in each epoch.
    pub(crate) fn publications(&self) -> BTreeMap<(u32, Epoch), u32> {
        let mut counts = BTreeMap::new();
        for event in self.events() {
            if let Event::BlockPublished(e) = event {
                *counts.entry((e.seat, e.epoch)).or_default() += 1;
            }
        }
        counts
    }

    /// Every seat published exactly once in each of these epochs, and in no other.
    pub(crate) fn assert_all_published_once(&self, epochs: impl IntoIterator<Item = Epoch>) {
        let expected: BTreeMap<(u32, Epoch), u32> = epochs
            .into_iter()
            .flat_map(|epoch| self.devices.iter().map(move |device| ((device.seat.0, epoch), 1)))
            .collect();
        assert_eq!(self.publications(), expected);
    }
}

pub(crate) fn start_s(epoch: Epoch) -> u64 {
    GENESIS_S + u64::from(epoch) * u64::from(EPOCH_S)
}

pub(crate) fn device_id(platform: &Platform) -> DeviceId {
    DeviceId::from_hardware(platform.spec().tee, platform.hardware_id())
}

/// The SIMULATED machine with this number; odd ones have TDX.
pub(crate) fn platform(vendor: &Vendor, index: u32) -> Arc<Platform> {
    let tee = TEES[index as usize % 2];
    Arc::new(vendor.platform(PlatformSpec::sound(index, tee)).expect("simulated"))
}

fn machine(vendor: &Vendor, policy: &Arc<Policy>, index: u32, image: &'static str) -> Machine {
    let state = MachineState { image, boots: 0, apps: Vec::new(), broken: false, dead: false };
    Machine {
        platform: platform(vendor, index),
        policy: Arc::clone(policy),
        state: Arc::new(Mutex::new(state)),
    }
}

fn policy_document(vendor: &Vendor) -> Vec<u8> {
    let document = serde_json::json!({
        "version": 1,
        "roots": [B256::from_slice(&Sha256::digest(vendor.root_der()))],
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": NUMBER,
    });
    document.to_string().into_bytes()
}

fn references(policy: &Policy) -> Vec<ReferenceValue> {
    let mut measurements = TEES.map(|tee| measurement_of(policy, tee, AGENT));
    measurements.sort_unstable();
    let value = |measurement| ReferenceValue { measurement, from_epoch: 0, until_epoch: Epoch::MAX };
    measurements.map(value).to_vec()
}

pub(crate) fn account(name: &str) -> Sender {
    Sender::from_key(&keccak256(format!("multee test account {name}")).0).expect("a key")
}

fn operator(index: u32) -> Sender {
    account(&format!("operator {index}"))
}

fn provider(index: u32) -> Sender {
    account(&format!("provider {index}"))
}
