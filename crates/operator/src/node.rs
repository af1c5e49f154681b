//! `multee node run`: a controller as a service, until it is told to end.
//!
//! Each round looks at the chain and does what can be done ([`Controller::tick`]). What stands in the way for a while
//! (endpoints, fees, the application) is told, counted and tried again, at longer and longer intervals; what another try
//! cannot mend ends the node with an error that says what can be done.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::rpc::{Rpc, Standing};
use multee_chain::{Chain, ChainError, ReadError};
use multee_confirmation::SignedBlock;
use multee_evidence::Policy;
use multee_node::{
    Action, Boot, Controller, ControllerConfig, ControllerError, FetchedCollateral, Ledger, LedgerError,
    Network, SendError,
};
use multee_protocol::{Epoch, Mark};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::assemble::{self, AssemblyError};
use crate::config::{ApplicationConfig, NodeConfig};
use crate::machine::Checked;
use crate::metrics::{Kind, Metrics, OfEndpoint, now_s, signed};
use crate::notify::{self, Watchdog};
use crate::page::{self, Page};
use crate::stop::Stop;
use crate::trouble::Trouble;

/// The longest pause between rounds that fail.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// How often seat, balance and endpoints are looked at for the metrics.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How long it may take to connect, or to read a network's events: systemd is told.
const START_MAX: Duration = Duration::from_mins(30);
/// How old the last good round may be for the node to count as healthy.
const HEALTHY_FOR_S: u64 = 300;

/// Why a node ended.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A part cannot be made.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
    /// The controller cannot go on.
    #[error(transparent)]
    Controller(#[from] ControllerError),
    /// The operator's key could be written to a disk.
    #[error("core dumps cannot be forbidden")]
    CoreDumps(#[source] io::Error),
    /// The network has no such seat.
    #[error("the network has no seat {seat}")]
    NoSeat {
        /// Of this number.
        seat: u32,
    },
    /// Somebody else publishes for the seat.
    #[error("the operator of seat {seat} is {expected}, and this node would publish as {found}")]
    NotOperator {
        /// The seat.
        seat: u32,
        /// Its operator by the contract.
        expected: Address,
        /// The account of this node's key.
        found: Address,
    },
    /// Metrics cannot be served.
    #[error("metrics cannot be served at {address}")]
    Metrics {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A node at work.
struct Node<'a> {
    config: &'a NodeConfig,
    stop: &'a Stop,
    controller: Controller,
    chain: Arc<Rpc>,
    collateral: Arc<FetchedCollateral>,
    metrics: Arc<Metrics>,
    operator: Address,
    looked: Option<Instant>,
    epoch: Option<Epoch>,
    /// What a round ended with and nothing has mended since, told once.
    trouble: Option<Trouble>,
}

/// Runs a node until `stop` is asked for. `version` is the program's.
///
/// # Errors
/// When it cannot start, or cannot go on and another try would not help.
pub fn run(config: &NodeConfig, version: &str, stop: &Stop) -> Result<(), NodeError> {
    forbid_core_dumps().map_err(NodeError::CoreDumps)?;
    let metrics = Arc::new(Metrics::new(version, config.seat.id.0));
    serve(config, &metrics)?;
    let watchdog = Watchdog::start(silence_max(config));
    let operator = assemble::operator(&config.operator.key)?;
    let state = assemble::state(config)?;
    let collateral = Arc::new(assemble::collateral(&config.collateral)?);
    let chain = || assemble::chain(config, state.clone(), stop).map(Arc::new);
    let Some(chain) = patiently(config, &watchdog, stop, chain)? else {
        not_begun();
        return Ok(());
    };
    let account = operator.address();
    let ledger = || {
        let network = Network::new(Arc::<Rpc>::clone(&chain), config.contract)?;
        let ledger = assemble::ledger(&network, config)?;
        let machine = checked_machine(config, &ledger)?;
        Ok((ledger, machine))
    };
    let Some((ledger, machine)) = patiently(config, &watchdog, stop, ledger)? else {
        not_begun();
        return Ok(());
    };
    check_operator(&ledger, config, account)?;
    let controller = ControllerConfig {
        seat: config.seat.id,
        operator,
        collateral: Arc::<FetchedCollateral>::clone(&collateral),
        restart: assemble::restart_policy(config),
        seed_depth_blocks: config.rpc.seed_depth_blocks,
        turn: config.rpc.turn,
    };
    let controller = Controller::resume(controller, ledger, machine, state).map_err(ControllerError::from)?;
    let node = Node {
        config,
        stop,
        controller,
        chain,
        collateral,
        metrics,
        operator: account,
        looked: None,
        epoch: None,
        trouble: None,
    };
    node.work(&watchdog)
}

/// The operator's key is in this process's memory.
fn forbid_core_dumps() -> io::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// A round may wait for the application and for a transaction, and then for another one.
fn silence_max(config: &NodeConfig) -> Duration {
    let answer = Duration::from_millis(config.confirm.answer_ms_max + config.confirm.start_ms_max);
    answer + config.rpc.send_within * 4 + PAUSE_MAX * 2
}

/// Tries until it is made, or until it is time to end: an outage of the chain ends no node.
fn patiently<T>(
    config: &NodeConfig,
    watchdog: &Watchdog,
    stop: &Stop,
    make: impl Fn() -> Result<T, AssemblyError>,
) -> Result<Option<T>, AssemblyError> {
    let mut pause = config.rpc.poll;
    loop {
        watchdog.beat();
        notify::starting(START_MAX);
        match make() {
            Ok(whole) => return Ok(Some(whole)),
            Err(_) if stop.is_asked() => return Ok(None),
            Err(error) if is_outage(&error) => {
                tracing::warn!(event = "chain_unreachable", "{}", chain_of(&error));
            }
            Err(error) => return Err(error),
        }
        if stop.wait(pause) {
            return Ok(None);
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Applications were not looked for yet, and run on.
fn not_begun() {
    notify::stopping();
    tracing::info!(event = "ended", "the node ends before it has begun");
}

/// By the network's policy as it is now: which registers are measured it says.
fn checked_machine(config: &NodeConfig, ledger: &Ledger) -> Result<Box<dyn Boot>, AssemblyError> {
    let digest = ledger.network().read(&contract::policyDigestCall {}).map_err(LedgerError::from)?;
    let policy = ledger.policy(digest).and_then(|document| Policy::from_json(document).ok());
    let link = match &config.confirm.application {
        ApplicationConfig::Socket { link, .. } => Some(link.clone()),
        ApplicationConfig::Program { .. } => None,
    };
    let roots = assemble::roots(&config.collateral)?;
    Ok(Box::new(Checked::new(assemble::machine(&config.confirm), link, policy, roots)))
}

/// Before anything is booted or paid for.
fn check_operator(ledger: &Ledger, config: &NodeConfig, found: Address) -> Result<(), NodeError> {
    let seat = config.seat.id.0;
    let record = ledger.seat(config.seat.id).ok_or(NodeError::NoSeat { seat })?;
    let expected = record.operator;
    if expected == found { Ok(()) } else { Err(NodeError::NotOperator { seat, expected, found }) }
}

fn is_outage(error: &AssemblyError) -> bool {
    match error {
        AssemblyError::Chain(error)
        | AssemblyError::Ledger(LedgerError::Chain(error) | LedgerError::Read(ReadError::Chain(error))) => {
            matches!(error, ChainError::Unreachable { .. })
        }
        _ => false,
    }
}

fn serve(config: &NodeConfig, metrics: &Arc<Metrics>) -> Result<(), NodeError> {
    let Some(address) = config.metrics else { return Ok(()) };
    let shown = Arc::clone(metrics);
    let pages = move |path: &str| match path {
        "/metrics" => Page {
            status: 200,
            media_type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
            body: shown.text(),
        },
        "/health" => health(&shown),
        _ => Page::not_found(),
    };
    let address = page::serve(address, pages).map_err(|source| NodeError::Metrics { address, source })?;
    tracing::info!(event = "metrics", %address, "metrics are served");
    Ok(())
}

/// Whether the last good round was of late.
fn health(metrics: &Metrics) -> Page {
    let age_s = now_s().saturating_sub(u64::try_from(metrics.last_tick_time_s.get()).unwrap_or(0));
    let healthy = age_s <= HEALTHY_FOR_S;
    Page {
        status: if healthy { 200 } else { 503 },
        media_type: "application/json",
        body: format!("{{\"healthy\":{healthy},\"last_good_round_age_s\":{age_s}}}\n"),
    }
}

impl Node<'_> {
    fn work(mut self, watchdog: &Watchdog) -> Result<(), NodeError> {
        tracing::info!(
            event = "started",
            seat = self.config.seat.id.0,
            operator = %self.operator,
            contract = %self.config.contract,
            chain_id = self.config.chain_id,
            "the node works for seat {}",
            self.config.seat.id.0
        );
        let mut pause = self.config.rpc.poll;
        let mut is_ready = false;
        while !self.stop.is_asked() {
            watchdog.beat();
            let began = Instant::now();
            let round = self.round();
            self.metrics.tick_time.observe(began.elapsed().as_secs_f64());
            match round {
                Ok(()) => {
                    pause = self.config.rpc.poll;
                    self.metrics.last_tick_time_s.set(signed(now_s()));
                    if !std::mem::replace(&mut is_ready, true) {
                        notify::ready();
                    }
                }
                Err(error) if is_final(&error) => {
                    self.tell(&error);
                    self.end();
                    return Err(error.into());
                }
                // What was interrupted goes on at the next start.
                Err(_) if self.stop.is_asked() => {}
                Err(error) => {
                    self.tell(&error);
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
            self.stop.wait(pause);
        }
        self.end();
        Ok(())
    }

    fn round(&mut self) -> Result<(), ControllerError> {
        let actions = self.controller.tick()?;
        let mended = self.trouble.take_if(|trouble| trouble.is_mended_by(&actions)).is_some();
        for action in actions {
            self.acted(action);
        }
        self.watch_epoch()?;
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
            self.look()?;
            self.looked = Some(Instant::now());
        }
        if mended {
            tracing::info!(event = "recovered", "the node goes on");
        }
        Ok(())
    }

    /// Told once for each kind of trouble in a row: a log that repeats itself is not read.
    fn tell(&mut self, error: &ControllerError) {
        let trouble = Trouble::of(error);
        let Trouble { kind, text } = &trouble;
        self.metrics.errors.get_or_create(&Kind { kind }).inc();
        if self.trouble.as_ref().is_none_or(|known| known.text != *text) {
            tracing::warn!(event = "round_failed", kind, "{text}");
        }
        self.trouble = Some(trouble);
    }

    fn acted(&self, action: Action) {
        match action {
            Action::Opened(epoch) => {
                tracing::info!(event = "opened", epoch, "epoch {epoch} opened or seeded");
            }
            Action::Settled(blocks) => {
                self.metrics.settled_blocks.inc_by(blocks);
                tracing::info!(event = "settled", blocks, "{blocks} blocks settled");
            }
            Action::Restarted(incarnation) => {
                self.metrics.restarts.inc();
                tracing::warn!(event = "restarted", %incarnation, "a new incarnation begins, on probation");
            }
            Action::Published { epoch, gas, signed } => self.published(epoch, gas, &signed),
            Action::NotTaken(reason) => {
                self.metrics.publications_refused.inc();
                let (name, why) = refusal(reason);
                tracing::warn!(event = "not_taken", reason = name, "the contract took no block: {why} (R6)");
            }
        }
    }

    fn published(&self, epoch: Epoch, gas: u64, block: &SignedBlock) {
        self.metrics.publications.inc();
        self.metrics.publication_gas.inc_by(gas);
        self.metrics.last_published_epoch.set(epoch.into());
        let deployment = self.controller.ledger().network().deployment();
        let digest = block.block.digest(&deployment);
        for verdict in &block.verdicts {
            self.metrics.marks.get_or_create(&Kind { kind: verdict.mark.name() }).inc();
            if verdict.mark != Mark::Valid {
                let (place, mark, reason) = (verdict.place, verdict.mark.name(), &verdict.reason);
                tracing::info!(
                    event = "marked",
                    epoch,
                    place,
                    mark,
                    reason,
                    "marked a block {mark}: {reason}"
                );
            }
        }
        tracing::info!(
            event = "published",
            epoch,
            gas,
            %digest,
            challenge = %block.block.challenge,
            incarnation = %block.block.incarnation,
            "published in epoch {epoch}"
        );
        notify::status(&format!("published in epoch {epoch}"));
    }

    /// Counts what was missed when an epoch is over.
    fn watch_epoch(&mut self) -> Result<(), ControllerError> {
        let Some(now) = self.controller.ledger().clock()? else { return Ok(()) };
        self.metrics.epoch.set(now.into());
        let ledger = self.controller.ledger();
        let last = ledger.seat(self.config.seat.id).and_then(|seat| seat.last_epoch);
        if let Some(last) = last {
            self.metrics.last_published_epoch.set(last.into());
        }
        let before = self.epoch.replace(now).unwrap_or(now);
        let missed = |epoch: &Epoch| {
            let opened = ledger.epoch(*epoch).is_some_and(|epoch| epoch.opened);
            opened && ledger.block_of(self.config.seat.id, *epoch).is_none()
        };
        for epoch in (before..now).filter(missed) {
            self.metrics.missed_epochs.inc();
            tracing::warn!(event = "missed", epoch, "nothing was published in epoch {epoch}");
        }
        Ok(())
    }

    fn look(&self) -> Result<(), ControllerError> {
        let head = self.chain.head()?;
        self.metrics.head_number.set(signed(head.number));
        self.metrics.head_time_s.set(signed(head.timestamp_s));
        let seat = self.config.seat.id.0;
        let seat = self.controller.ledger().network().read(&contract::seatOfCall { seat })?;
        self.metrics.score.set(f64::from(seat.score) / 10_000.0);
        self.metrics.tier.set(seat.tier.into());
        self.metrics.penalties.set(seat.penalties.into());
        self.metrics.balance_wei.set(f64::from(self.chain.balance(self.operator)?));
        for (endpoint, standing) in self.chain.standings() {
            let up = matches!(standing, Standing::Good | Standing::Unknown);
            self.metrics.endpoint_up.get_or_create(&OfEndpoint { endpoint }).set(up.into());
        }
        self.look_at_collateral();
        Ok(())
    }

    fn look_at_collateral(&self) {
        let (alarms, now_s) = (self.collateral.alarms(), now_s());
        let before = self.metrics.collateral_alarms.set(signed(alarms.len() as u64));
        let oldest_s = alarms.iter().filter_map(|alarm| alarm.age_s(now_s)).max();
        self.metrics.collateral_age_s.set(signed(oldest_s.unwrap_or(0)));
        if before != signed(alarms.len() as u64) {
            for alarm in &alarms {
                tracing::warn!(event = "collateral_alarm", item = alarm.item, "{alarm}");
            }
        }
    }

    /// The key of the seat's incarnation is only in the application's memory: unless told otherwise it runs on, for the
    /// next node to take over.
    fn end(self) {
        notify::stopping();
        let keeps = self.config.confirm.keep_running;
        tracing::info!(event = "ended", application_runs_on = keeps, "the node ends");
        if keeps {
            self.controller.leave();
        }
    }
}

/// Why the contract settles but takes no block: its `Refusal` by number, with what it means.
fn refusal(reason: u8) -> (&'static str, &'static str) {
    match reason {
        1 => ("blocked", "the seat is blocked"),
        2 => ("exiting", "the seat is exiting"),
        3 => ("suspended", "the seat is suspended"),
        4 => ("bound_elsewhere", "the device is bound to another seat"),
        5 => ("rival_claim", "another claimant of the device has a block that is not decided yet"),
        6 => (
            "undecided_block",
            "on probation, and an earlier block of the seat is not decided yet: it waits for that",
        ),
        _ => ("unknown", "for a reason that this program does not know"),
    }
}

/// What another try cannot mend.
fn is_final(error: &ControllerError) -> bool {
    let chain = |error: &ChainError| {
        matches!(error, ChainError::WrongChain { .. } | ChainError::WrongCode { .. } | ChainError::Storage(_))
    };
    match error {
        ControllerError::Ledger(LedgerError::Chain(error))
        | ControllerError::Chain(error)
        | ControllerError::Send(SendError::Chain(error)) => chain(error),
        ControllerError::Ledger(
            LedgerError::Contradiction { .. }
            | LedgerError::ReorgTooDeep { .. }
            | LedgerError::HistoryMissing { .. },
        )
        | ControllerError::State(_) => true,
        _ => false,
    }
}

/// An error with its causes, unless it ends in their words already.
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
