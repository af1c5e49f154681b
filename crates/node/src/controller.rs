//! The Execution Controller: one seat's duties, done as soon as the chain allows them.
//!
//! [`Controller::tick`] looks at the chain and does whatever can be done now: open the epoch, settle what is due,
//! restart a suspended incarnation, publish. It keeps nothing that the chain does not have, so a controller that
//! was killed starts anew from the events. Calling it often is harmless.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationErrors as Refused;
use multee_chain::{ChainError, ReadError, Receipt, Sender};
use multee_confirmation::{Confirm, ConfirmError, Duty, Refusal, SignedBlock};
use multee_protocol::{Epoch, Permutation, SeatId};

use crate::collateral::ReadCollateral;
use crate::duty::{DutyError, duty, rank};
use crate::ledger::{Ledger, LedgerError};
use crate::network::{Network, SendError, Sent};

/// Blocks settled in one transaction at most: some 16 × 100,000 gas.
const SETTLED_PER_TRANSACTION: usize = 16;
/// Blocks of the chain after a seed's source in which the seed can be set (R2).
const SEED_LIFETIME_BLOCKS: u64 = 256;

/// A machine that can boot Confirmation Applications.
pub trait Boot {
    /// Boots one: a new incarnation with a new key. Returns it with the measurement it boots from.
    ///
    /// # Errors
    /// When the machine cannot boot.
    fn boot(&mut self) -> Result<Booted, ConfirmError>;
}

/// A running incarnation.
pub struct Booted {
    /// The application.
    pub app: Box<dyn Confirm>,
    /// The measurement of the image it was booted from.
    pub measurement: B256,
}

/// Why and when a suspended seat is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// As soon as the cool-down is over.
    WhenSuspended,
    /// Not by itself.
    Never,
}

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
}

/// Works for one seat.
pub struct Controller {
    config: ControllerConfig,
    ledger: Ledger,
    machine: Box<dyn Boot>,
    app: Box<dyn Confirm>,
    /// Booted for a restart whose outcome is not known yet.
    booted: Option<Booted>,
}

impl Controller {
    /// A controller for a seat whose incarnation runs already. `ledger` may be empty: the first tick fills it.
    pub fn new(
        config: ControllerConfig,
        ledger: Ledger,
        machine: Box<dyn Boot>,
        app: Box<dyn Confirm>,
    ) -> Self {
        Self { config, ledger, machine, app, booted: None }
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
    pub fn tick(&mut self) -> Result<Vec<Action>, ControllerError> {
        let mut actions = Vec::new();
        self.ledger.sync()?;
        let Some(now) = self.ledger.clock()? else { return Ok(actions) };
        self.open(now, &mut actions)?;
        self.settle(now, &mut actions)?;
        self.restart(&mut actions)?;
        self.publish(now, &mut actions)?;
        Ok(actions)
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
        let sent = match self.ledger.epoch(now).map(|epoch| (epoch.opened, epoch.seed_block)) {
            Some((_, source)) => match self.network().chain().head()?.number {
                // What is sent now is executed in the next block at the earliest.
                head if head < source => return Ok(()),
                head if head < source.saturating_add(SEED_LIFETIME_BLOCKS) => {
                    self.send(&contract::seedEpochCall {})?
                }
                _ => self.send(&contract::openEpochCall {})?,
            },
            None => self.send(&contract::openEpochCall {})?,
        };
        match sent {
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
        for blocks in due.chunks(SETTLED_PER_TRANSACTION) {
            if let Sent::Kept(_) = self.send(&contract::settleCall { blocks: blocks.to_vec() })? {
                settled += blocks.len() as u64;
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

    /// Boots anew when the seat is suspended and its cool-down over (R11).
    fn restart(&mut self, actions: &mut Vec<Action>) -> Result<(), ControllerError> {
        if self.config.restart == RestartPolicy::Never {
            return Ok(());
        }
        let seat = self.network().read(&contract::seatOfCall { seat: self.config.seat.0 })?;
        self.adopt(seat.incarnation, actions);
        let cooled = seat.suspendedEpoch + u32::from(self.ledger.parameters().restart_cooldown_epochs);
        let now = self.ledger.clock()?.unwrap_or(0);
        if seat.tier != TIER_SUSPENDED || seat.exiting || now < cooled {
            return Ok(());
        }
        let booted = match self.booted.take() {
            Some(earlier) => earlier,
            None => self.machine.boot()?,
        };
        let call = contract::restartCall {
            seat: self.config.seat.0,
            incarnation: booted.app.incarnation(),
            measurement: booted.measurement,
        };
        // Kept until the outcome is known: a restart whose receipt is lost may have got through, and then nobody
        // else has the key that the seat is to sign with.
        self.booted = Some(booted);
        match self.send(&call)? {
            Sent::Kept(_) => {
                self.adopt(call.incarnation, actions);
                self.ledger.sync()?;
                Ok(())
            }
            Sent::Refused(error) => Err(refused(&error)),
        }
    }

    /// Goes on with what was booted for a restart, if that is the seat's incarnation now.
    fn adopt(&mut self, incarnation: Address, actions: &mut Vec<Action>) {
        if let Some(booted) = self.booted.take_if(|booted| booted.app.incarnation() == incarnation) {
            self.app = booted.app;
            actions.push(Action::Restarted(incarnation));
        }
    }

    fn publish(&mut self, now: Epoch, actions: &mut Vec<Action>) -> Result<(), ControllerError> {
        let published = self.ledger.seat(self.config.seat).and_then(|seat| seat.last_epoch);
        let opened = self.ledger.epoch(now).is_some_and(|epoch| epoch.opened);
        if published == Some(now) || !opened || !self.may_publish()? {
            return Ok(());
        }
        let duty: Duty = duty(&self.ledger, self.config.seat, now, self.config.collateral.as_ref())?;
        let signed = match self.app.confirm(&duty) {
            // An earlier try signed and did not get through: that block is the one to publish.
            Err(ConfirmError::Refused(Refusal::AlreadySigned(earlier))) => *earlier,
            other => other?,
        };
        match self.send_publication(&signed)? {
            Sent::Kept(receipt) => {
                self.ledger.sync()?;
                actions.push(self.published(now, &receipt, signed));
                Ok(())
            }
            Sent::Refused(error) => Err(refused(&error)),
        }
    }

    /// With the certificates unless they are published already. Where the seat is not what the ledger says, something
    /// happened since it looked last: its provider named the operator, and its certificates are to be published anew.
    fn send_publication(&mut self, signed: &SignedBlock) -> Result<Sent, ControllerError> {
        let sent = self.send(&publication(signed, self.certificates_hash()))?;
        match sent {
            Sent::Refused(error) if matches!(*error, Refused::IdentityWrong(_)) => {
                self.ledger.sync()?;
                Ok(self.send(&publication(signed, self.certificates_hash()))?)
            }
            sent => Ok(sent),
        }
    }

    fn certificates_hash(&self) -> B256 {
        self.ledger.seat(self.config.seat).map_or(B256::ZERO, |seat| seat.certificates.hash())
    }

    /// What the contract would end the call for anyway: it costs less to ask first.
    fn may_publish(&self) -> Result<bool, ControllerError> {
        let seat = self.network().read(&contract::seatOfCall { seat: self.config.seat.0 })?;
        let running = seat.incarnation == self.app.incarnation();
        Ok(running && !seat.exiting && seat.tier != TIER_SUSPENDED && seat.tier != TIER_BLOCKED)
    }

    fn published(&self, epoch: Epoch, receipt: &Receipt, signed: SignedBlock) -> Action {
        match self.ledger.block_of(self.config.seat, epoch) {
            Some(_) => Action::Published { epoch, gas: receipt.gas_used, signed: Box::new(signed) },
            None => Action::NotTaken(refusal_in(receipt)),
        }
    }

    fn network(&self) -> &Network {
        self.ledger.network()
    }

    fn send<C: alloy_sol_types::SolCall>(&self, call: &C) -> Result<Sent, SendError> {
        self.network().send(&self.config.operator, call)
    }
}

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
