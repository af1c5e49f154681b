//! The Execution Controller: one seat's duties, done as soon as the chain allows them.
//!
//! [`Controller::tick`] looks at the chain and does whatever can be done now: open the epoch, settle what is due,
//! restart the seat, publish. What it knows it has from the chain, so a controller that was killed starts anew from the
//! events, and [`Controller::resume`]s with what it sent and started. Calling it often is harmless.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationErrors as Refused;
use multee_chain::{ChainError, ReadError, Receipt, Sender};
use multee_confirmation::{Confirm, ConfirmError, Duty, Refusal, SignedBlock};
use multee_protocol::{Epoch, Permutation, SeatId};

use crate::boot::Boot;
use crate::collateral::ReadCollateral;
use crate::duty::{DutyError, duty, rank};
use crate::keeper::Keeper;
use crate::ledger::{Ledger, LedgerError};
use crate::network::{Network, SendError, Sent};
use crate::restart::RestartPolicy;
use crate::state::{PersistencePoint, State, StateError};

/// Blocks settled in one transaction at most: some 16 × 100,000 gas.
const SETTLED_PER_TRANSACTION: usize = 16;
/// Turns that a seat waits at most.
const TURNS_MAX: u64 = 32;
/// Blocks of the chain after a seed's source in which the seed can be set (R2).
const SEED_LIFETIME_BLOCKS: u64 = 256;

/// What a tick did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opened the epoch, or set its seed.
    Opened(Epoch),
    /// Settled so many blocks.
    Settled(u64),
    /// Began a new incarnation.
    Restarted(Address),
    /// Published.
    Published {
        /// The epoch.
        epoch: Epoch,
        /// What the transaction cost.
        gas: u64,
        /// What was published, with the verdicts on others.
        signed: Box<SignedBlock>,
    },
    /// The contract settled but took no block (R6), for the reason with this number in its `Refusal`.
    NotTaken(u8),
}

/// Why a tick ended early. What it did before is on chain; the next tick goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view gave none.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The events do not fit together.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A transaction had no outcome.
    #[error(transparent)]
    Send(#[from] SendError),
    /// No duty could be made.
    #[error(transparent)]
    Duty(#[from] DutyError),
    /// The Confirmation Application did not sign.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
    /// The application of the seat's incarnation is not here: its key is lost if it runs nowhere else. Whether the seat
    /// is restarted, and when, is the [`RestartPolicy`]'s.
    #[error("the application with key {0} does not run here")]
    NoApplication(Address),
    /// What must not be forgotten cannot be kept.
    #[error(transparent)]
    State(#[from] StateError),
    /// The contract refused a publication that by the ledger it had to take.
    #[error("the contract refused: {0}")]
    Refused(String),
}

/// What a controller is made of.
pub struct ControllerConfig {
    /// The seat it works for.
    pub seat: SeatId,
    /// The account that publishes for the seat.
    pub operator: Sender,
    /// Where collateral comes from.
    pub collateral: Arc<dyn ReadCollateral>,
    /// When to restart.
    pub restart: RestartPolicy,
    /// How long a seat waits for each one whose turn comes before its own, to open, seed and settle; zero if nobody waits.
    /// A block's time or more: what one has done the others must be able to see.
    pub turn: Duration,
    /// How deep an epoch's seed must be in the chain before a block is signed for it; 1 is in the newest block, as is 0.
    /// A reorganisation of the chain that takes the seed away makes what was signed worthless.
    pub seed_depth_blocks: u64,
}

/// What any seat could do for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Open,
    Seed,
    Settle,
}

/// Works for one seat.
pub struct Controller {
    config: ControllerConfig,
    ledger: Ledger,
    keeper: Keeper,
    /// A key whose transaction was executed in vain: what is sent for it next is another transaction.
    spent: Option<B256>,
    /// What was done and not told, as an error came after it.
    untold: Vec<Action>,
    /// What it waits for its turn to do, and since when.
    waiting: Option<(Task, Epoch, Instant)>,
}

impl Controller {
    /// A controller for a seat whose incarnation runs already, which keeps nothing on disk. `ledger` may be empty: the
    /// first tick fills it.
    pub fn new(
        config: ControllerConfig,
        ledger: Ledger,
        machine: Box<dyn Boot>,
        app: Box<dyn Confirm>,
    ) -> Self {
        Self {
            config,
            ledger,
            keeper: Keeper::of(machine, app),
            spent: None,
            untold: Vec::new(),
            waiting: None,
        }
    }

    /// A controller that goes on where the last one with this state ended, however it did: with what it had sent, and
    /// with the applications that it left on the machine. The first tick looks for them.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn resume(
        config: ControllerConfig,
        ledger: Ledger,
        machine: Box<dyn Boot>,
        state: State,
    ) -> Result<Self, StateError> {
        Ok(Self {
            config,
            ledger,
            keeper: Keeper::resume(machine, state)?,
            spent: None,
            untold: Vec::new(),
            waiting: None,
        })
    }

    /// Ends working, and leaves the application running for the controller that resumes with this state.
    pub fn leave(self) {
        self.keeper.leave();
    }

    /// The seat it works for.
    pub fn seat(&self) -> SeatId {
        self.config.seat
    }

    /// What it knows of the network.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Does what can be done now.
    ///
    /// # Errors
    /// When the chain, the application or the contract stand in the way; trying again is always safe.
    ///
    /// What was done before an error is told by the next tick that ends well.
    pub fn tick(&mut self) -> Result<Vec<Action>, ControllerError> {
        let mut actions = std::mem::take(&mut self.untold);
        match self.round(&mut actions) {
            Ok(()) => Ok(actions),
            Err(error) => {
                self.untold = actions;
                Err(error)
            }
        }
    }

    fn round(&mut self, actions: &mut Vec<Action>) -> Result<(), ControllerError> {
        self.ledger.sync()?;
        let Some(now) = self.ledger.clock()? else { return Ok(()) };
        self.open(now, actions)?;
        self.settle(now, actions)?;
        self.restart(now, actions)?;
        self.publish(now, actions)
    }

    /// Whether it is this seat's turn to do what any seat could: else all would pay for it, and all but one in vain. Seats
    /// take turns in the order of their numbers, from another one on for each epoch and each `share` of the work.
    fn is_our_turn(&mut self, task: Task, epoch: Epoch, share: u64) -> bool {
        let waiting = *self.waiting.get_or_insert((task, epoch, Instant::now()));
        let since = if (waiting.0, waiting.1) == (task, epoch) { waiting.2 } else { Instant::now() };
        self.waiting = Some((task, epoch, since));
        let seats = (self.ledger.seats().count() as u64).max(1);
        let first = (u64::from(epoch) + share) % seats;
        let turn = (u64::from(self.config.seat.0) + seats - first) % seats;
        let turn = u32::try_from(turn.min(TURNS_MAX)).unwrap_or(u32::MAX);
        since.elapsed() >= self.config.turn.saturating_mul(turn)
    }

    /// Opens the epoch, or sets its seed as soon as that can be. If another was first, it is done.
    fn open(&mut self, now: Epoch, actions: &mut Vec<Action>) -> Result<(), ControllerError> {
        if self.ledger.epoch(now).is_some_and(|epoch| epoch.opened) {
            return Ok(());
        }
        // Going on after a pause takes effect with an epoch of its own: the contract tells.
        let network = self.network().read(&contract::networkCall {})?;
        if network.paused || now < network.resumesEpoch {
            return Ok(());
        }
        let seeds = match self.ledger.epoch(now).map(|epoch| epoch.seed_block) {
            Some(source) => match self.network().chain().head()?.number {
                // What is sent now is executed in the next block at the earliest.
                head if head < source => return Ok(()),
                head => head < source.saturating_add(SEED_LIFETIME_BLOCKS),
            },
            None => false,
        };
        if !self.is_our_turn(if seeds { Task::Seed } else { Task::Open }, now, 0) {
            return Ok(());
        }
        let sent = if seeds {
            self.send(&contract::seedEpochCall {})?
        } else {
            self.send(&contract::openEpochCall {})?
        };
        match sent {
            // Without an event another was first.
            Sent::Kept(receipt) if receipt.logs.is_empty() => {}
            Sent::Kept(_) => actions.push(Action::Opened(now)),
            Sent::Refused(error) => match *error {
                Refused::EpochAlreadyOpened(_) | Refused::SeedNotYetKnown(_) | Refused::NetworkPaused(_) => {}
                Refused::SeedExpired(_) => drop(self.send(&contract::openEpochCall {})?),
                other => return Err(refused(&other)),
            },
        }
        self.ledger.sync()?;
        Ok(())
    }

    /// Settles others' blocks, too, at once when an epoch ends: judgements then know their outcomes (R9).
    fn settle(&mut self, now: Epoch, actions: &mut Vec<Action>) -> Result<(), ControllerError> {
        let mut due = Vec::new();
        for (epoch, order) in self.ledger.perhaps_due(now) {
            if self.network().read(&contract::blockOfCall { epoch, order })?.due {
                due.push(contract::BlockRef { epoch, order });
            }
        }
        due.sort_by_cached_key(|block| self.settling_place(block));
        let mut settled = 0;
        for (share, blocks) in (0..).zip(due.chunks(SETTLED_PER_TRANSACTION)) {
            if !self.is_our_turn(Task::Settle, now, share) {
                continue;
            }
            match self.send(&contract::settleCall { blocks: blocks.to_vec() })? {
                // Without an event another was first.
                Sent::Kept(receipt) if !receipt.logs.is_empty() => settled += blocks.len() as u64,
                Sent::Kept(_) | Sent::Refused(_) => {}
            }
        }
        if settled > 0 {
            actions.push(Action::Settled(settled));
            self.ledger.sync()?;
        }
        Ok(())
    }

    /// Blocks of one epoch are settled as they stand in the log, then those that do not as their assignments lie in the
    /// window: neighbours share words of tallies and outcomes, and each word costs gas once a call.
    fn settling_place(&self, block: &contract::BlockRef) -> (Epoch, Result<u64, Option<u32>>) {
        let record = self.ledger.block(block.epoch, block.order);
        let logged = record.and_then(|record| record.fate.position);
        let assigned = || {
            let epoch = self.ledger.epoch(block.epoch)?;
            let positions = Permutation::new(epoch.snapshot.root, epoch.snapshot.roster_size);
            positions.position_of(rank(&self.ledger, record?.block.seat, epoch)?)
        };
        (block.epoch, logged.ok_or_else(assigned))
    }

    /// Goes on with the seat's application, and begins a new incarnation where the policy wants one (R11).
    fn restart(&mut self, now: Epoch, actions: &mut Vec<Action>) -> Result<(), ControllerError> {
        let seat = self.network().read(&contract::seatOfCall { seat: self.config.seat.0 })?;
        if self.keeper.attach(seat.incarnation)? {
            actions.push(Action::Restarted(seat.incarnation));
        }
        if !self.is_restart_due(&seat, now) {
            return Ok(());
        }
        let now_s = self.network().chain().head()?.timestamp_s;
        let Some(booted) = self.keeper.fresh(self.config.restart, seat.incarnation, now, now_s)? else {
            return Ok(());
        };
        let call = contract::restartCall {
            seat: self.config.seat.0,
            incarnation: booted.app.incarnation(),
            measurement: booted.measurement,
        };
        match self.send_once(&call, key_of(RESTART_DOMAIN, call.incarnation.as_slice()))? {
            Sent::Kept(_) => {
                if self.keeper.attach(call.incarnation)? {
                    actions.push(Action::Restarted(call.incarnation));
                }
                self.ledger.sync()?;
                Ok(())
            }
            Sent::Refused(error) => Err(refused(&error)),
        }
    }

    fn is_restart_due(&self, seat: &contract::SeatView, now: Epoch) -> bool {
        if seat.exiting || seat.tier == TIER_BLOCKED {
            return false;
        }
        let suspended = seat.tier == TIER_SUSPENDED;
        match self.config.restart {
            RestartPolicy::Never => false,
            _ if suspended => {
                let cooldown = u32::from(self.ledger.parameters().restart_cooldown_epochs);
                now >= seat.suspendedEpoch.saturating_add(cooldown)
            }
            RestartPolicy::WhenSuspended => false,
            RestartPolicy::WhenNeeded(_) => {
                let is_active = self.last_published().is_some_and(|last| last.saturating_add(1) >= now);
                let perhaps_elsewhere = is_active && !self.keeper.knew(seat.incarnation);
                !self.keeper.serves(seat.incarnation) && !perhaps_elsewhere
            }
        }
    }

    fn publish(&mut self, now: Epoch, actions: &mut Vec<Action>) -> Result<(), ControllerError> {
        let opened = self.ledger.epoch(now).is_some_and(|epoch| epoch.opened);
        let deep = self.ledger.seed_depth(now) >= self.config.seed_depth_blocks;
        if self.last_published() == Some(now) || !opened || !deep || !self.may_publish()? {
            return Ok(());
        }
        let duty: Duty = duty(&self.ledger, self.config.seat, now, self.config.collateral.as_ref())?;
        let signed = match self.keeper.confirm(&duty) {
            // An earlier try signed and did not get through: that block is the one to publish.
            Err(ConfirmError::Refused(Refusal::AlreadySigned(earlier))) => *earlier,
            other => other?,
        };
        if !self.is_worth_sending(&signed)? {
            return Ok(());
        }
        match self.send_publication(&signed)? {
            Sent::Kept(receipt) => {
                self.ledger.sync()?;
                let action = self.published(now, &receipt, signed)?;
                actions.push(action);
                Ok(())
            }
            Sent::Refused(error) => Err(refused(&error)),
        }
    }

    /// The first time, it settles the seat's blocks even if the contract then takes no block (R6). After that it would
    /// cost gas and do nothing until what stands in the way is gone: to ask costs nothing.
    fn is_worth_sending(&self, signed: &SignedBlock) -> Result<bool, ControllerError> {
        if self.spent != Some(self.publication_key(signed)) {
            return Ok(true);
        }
        let call = publication(signed, self.certificates_hash(signed));
        let refusal = self.network().rehearse(&self.config.operator, &call)?;
        Ok(refusal.is_none_or(|refusal| refusal == REFUSAL_NONE))
    }

    fn publication_key(&self, signed: &SignedBlock) -> B256 {
        key_of(PUBLICATION_DOMAIN, signed.block.digest(&self.network().deployment()).as_slice())
    }

    /// With the certificates unless they are published already. Where the seat is not what the ledger says, something
    /// happened since it looked last: its provider named the operator, and its certificates are to be published anew.
    ///
    /// The key is the block's: a controller that was killed and sends it again gets the first one's receipt. After a
    /// reorganisation the block is still the chain's to take; if the challenge changed with it, so does the block.
    fn send_publication(&mut self, signed: &SignedBlock) -> Result<Sent, ControllerError> {
        let key = self.publication_key(signed);
        let sent = self.send_once(&publication(signed, self.certificates_hash(signed)), key)?;
        match sent {
            Sent::Refused(error) if matches!(*error, Refused::IdentityWrong(_)) => {
                self.ledger.sync()?;
                Ok(self.send_once(&publication(signed, self.certificates_hash(signed)), key)?)
            }
            sent => Ok(sent),
        }
    }

    /// Of the seat's published certificates. A ledger that begins late may not know it: then most likely they are those
    /// that the quote has.
    fn certificates_hash(&self, signed: &SignedBlock) -> B256 {
        let known =
            self.ledger.seat(self.config.seat).map_or(Some(B256::ZERO), |seat| seat.certificates.hash());
        let guess =
            || if signed.certificates.is_empty() { B256::ZERO } else { keccak256(&signed.certificates) };
        known.unwrap_or_else(guess)
    }

    /// What the contract would end the call for anyway: it costs less to ask first.
    fn may_publish(&self) -> Result<bool, ControllerError> {
        let seat = self.network().read(&contract::seatOfCall { seat: self.config.seat.0 })?;
        if seat.exiting || seat.tier == TIER_SUSPENDED || seat.tier == TIER_BLOCKED {
            return Ok(false);
        }
        if self.keeper.serves(seat.incarnation) {
            return Ok(true);
        }
        Err(ControllerError::NoApplication(seat.incarnation))
    }

    fn published(
        &mut self,
        epoch: Epoch,
        receipt: &Receipt,
        signed: SignedBlock,
    ) -> Result<Action, ControllerError> {
        if self.ledger.block_of(self.config.seat, epoch).is_none() {
            self.spent = Some(self.publication_key(&signed));
            return Ok(Action::NotTaken(refusal_in(receipt)));
        }
        self.keeper.recovered()?;
        Ok(Action::Published { epoch, gas: receipt.gas_used, signed: Box::new(signed) })
    }

    fn last_published(&self) -> Option<Epoch> {
        self.ledger.seat(self.config.seat)?.last_epoch
    }

    fn network(&self) -> &Network {
        self.ledger.network()
    }

    fn send<C: SolCall>(&self, call: &C) -> Result<Sent, SendError> {
        let sent = self.network().send(&self.config.operator, call);
        self.keeper.reached(PersistencePoint::OutcomeKnown);
        sent
    }

    /// Has it executed once for a key, however often a controller that was killed sends it. If it was executed in vain,
    /// it is sent as another transaction the next time: what stood in the way may be gone.
    fn send_once<C: SolCall>(&mut self, call: &C, key: B256) -> Result<Sent, SendError> {
        if self.spent == Some(key) {
            return self.send(call);
        }
        let sent = self.network().send_once(&self.config.operator, call, key);
        self.keeper.reached(PersistencePoint::OutcomeKnown);
        if matches!(sent, Ok(Sent::Refused(_)) | Err(SendError::Halted(_) | SendError::Unexplained { .. })) {
            self.spent = Some(key);
        }
        sent
    }
}

/// What the keys of publications are made of, besides the block's digest.
const PUBLICATION_DOMAIN: &[u8] = b"multee/publication-key/v1";
/// What the keys of restarts are made of, besides the incarnation.
const RESTART_DOMAIN: &[u8] = b"multee/restart-key/v1";

fn key_of(domain: &[u8], what: &[u8]) -> B256 {
    keccak256([domain, what].concat())
}

/// The contract's number of a publication that it takes, in its `Refusal`.
const REFUSAL_NONE: u8 = 0;
/// The contract's number of tier Suspended.
const TIER_SUSPENDED: u8 = 5;
/// The contract's number of tier Blocked.
const TIER_BLOCKED: u8 = 6;

/// A signed block as the contract takes it, of an incarnation whose published certificates have this hash (zero if it
/// published none). If its quote has others, they go along.
pub fn publication(signed: &SignedBlock, certificates_hash: B256) -> contract::publishCall {
    let known = signed.certificates.is_empty() || keccak256(&signed.certificates) == certificates_hash;
    contract::publishCall {
        publication: contract::Publication {
            seat: signed.block.seat.0,
            power: signed.block.power,
            previousDigest: signed.block.previous_digest,
            challenge: signed.block.challenge,
            propertiesDigest: signed.block.properties_digest,
            marks: signed.block.marks.0,
            latestBindings: signed.block.latest_bindings,
            deviceId: signed.block.device_id.0,
            incarnation: signed.block.incarnation,
            measurement: signed.block.measurement,
            certificatesHash: certificates_hash,
            r: signed.signature.r,
            vs: signed.signature.vs,
            evidence: signed.evidence.clone(),
            certificates: if known { Bytes::new() } else { signed.certificates.clone() },
        },
    }
}

fn refusal_in(receipt: &Receipt) -> u8 {
    use alloy_sol_types::SolEvent;
    let mut refusals =
        receipt.logs.iter().filter_map(|entry| contract::PublicationRefused::decode_log(&entry.log).ok());
    refusals.next().map_or(0, |event| event.reason)
}

fn refused(error: &Refused) -> ControllerError {
    ControllerError::Refused(format!("{error:?}"))
}
