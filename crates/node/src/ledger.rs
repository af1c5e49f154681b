//! What a node knows of its network, from the contract's events alone.
//!
//! A ledger follows the chain: [`Ledger::sync`] reads the events since it last did and applies them in order.
//! It keeps blocks for `retentionEpochs`, as the contract does; documents and seats it keeps for good.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_sol_types::SolEventInterface;
use multee_chain::bindings::IProofOfAttestation::{self as contract, IProofOfAttestationEvents as Event};
use multee_chain::{ChainError, LOG_RANGE_BLOCKS_MAX, LogFilter, ReadError};
use multee_confirmation::{EpochContext, ReferenceValue};
use multee_evidence::EvidenceBundle;
use multee_protocol::{
    ConfirmationBlock, DeviceId, Epoch, EpochSnapshot, Fixed, Marks, Parameters, Power, SeatId,
    evidence_binding,
};

use crate::network::Network;

/// A seat, as far as its peers need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRecord {
    /// The claimed device.
    pub device_id: DeviceId,
    /// The account that publishes for it.
    pub operator: Address,
    /// The current incarnation's key.
    pub incarnation: Address,
    /// The current incarnation's measurement.
    pub measurement: B256,
    /// The certificates that it published last, none before the first time.
    pub certificates: Certificates,
    /// Digest of its newest block; zero before the first.
    pub last_digest: B256,
    /// Epoch of its newest block.
    pub last_epoch: Option<Epoch>,
}

/// Certificates that belong into quotes, as they were published (R6). The default is that none were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    bytes: Bytes,
    hash: B256,
}

impl Certificates {
    fn published(bytes: Bytes) -> Self {
        Self { hash: keccak256(&bytes), bytes }
    }

    /// The bytes; none if none were published.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Their keccak256; zero if none were published.
    pub fn hash(&self) -> B256 {
        self.hash
    }
}

/// What became of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// Position of its live log entry, once logged.
    pub position: Option<u64>,
    /// It passed.
    pub passed: bool,
    /// It was decided; true if malicious.
    pub decided: Option<bool>,
    /// Honest for good without a decision.
    pub finished: bool,
}

/// A published block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRecord {
    /// All that was signed.
    pub block: ConfirmationBlock,
    /// Its EIP-712 digest.
    pub digest: B256,
    /// Its order in its epoch.
    pub order: u32,
    /// The weight with which it marked.
    pub weight: u16,
    /// The evidence bundle.
    pub evidence: Bytes,
    /// keccak256 of the bundle.
    pub evidence_hash: B256,
    /// The certificates that belong into its quote: those that its incarnation had published by then.
    pub certificates: Certificates,
    /// What became of it.
    pub fate: Fate,
}

impl BlockRecord {
    /// What the contract keeps of digest, evidence and certificates (R6).
    pub fn evidence_binding(&self) -> B256 {
        evidence_binding(self.digest, self.evidence_hash, self.certificates.hash)
    }

    /// The whole quote, if the evidence is a bundle.
    pub fn quote(&self) -> Option<Vec<u8>> {
        EvidenceBundle::decode(&self.evidence).ok()?.quote.join(&self.certificates.bytes).ok()
    }
}

/// An epoch as its opening froze it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochRecord {
    /// What challenges are made of.
    pub context: EpochContext,
    /// Whether the seed is known.
    pub opened: bool,
    /// The chain's block whose hash the seed is made of.
    pub seed_block: u64,
    /// The epoch whose weighted blocks are the roster.
    pub roster_epoch: Epoch,
    /// What assignments are made of.
    pub snapshot: EpochSnapshot,
    /// Log position of the window's first entry.
    pub window_start: u64,
    /// The opened epoch after it, if there is one.
    pub next_opened: Option<Epoch>,
}

/// Why a ledger cannot follow the chain.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// No logs could be had.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The contract's settings could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The contract's events do not fit together: it is not the contract that this program knows.
    #[error("event in chain block {block_number} does not fit what was known before: {what}")]
    Contradiction {
        /// The chain's block.
        block_number: u64,
        /// What does not fit.
        what: &'static str,
    },
}

/// A network's seats, epochs and blocks of late.
#[derive(Debug)]
pub struct Ledger {
    network: Network,
    next_chain_block: u64,
    fixed: Fixed,
    genesis_s: u64,
    parameters: Parameters,
    /// Announced parameters, with the epoch from which on they take effect.
    announced: Option<(Epoch, Parameters)>,
    seats: BTreeMap<SeatId, SeatRecord>,
    epochs: BTreeMap<Epoch, EpochRecord>,
    last_opened: Option<Epoch>,
    blocks: BTreeMap<(Epoch, u32), BlockRecord>,
    log: BTreeMap<u64, (Epoch, u32)>,
    policies: BTreeMap<B256, Bytes>,
    references: BTreeMap<B256, Vec<ReferenceValue>>,
}

impl Ledger {
    /// An empty ledger of `network`, whose settings are read; `from_block` is the chain's block in which the
    /// contract was deployed, or any before.
    ///
    /// # Errors
    /// When the settings cannot be read.
    pub fn new(network: Network, from_block: u64) -> Result<Self, LedgerError> {
        let settings = network.read(&contract::settingsCall {})?;
        let p = network.read(&contract::parametersCall {})?;
        let retention_epochs = u8::try_from(settings.retentionEpochs).unwrap_or(u8::MAX);
        Ok(Self {
            network,
            next_chain_block: from_block,
            fixed: Fixed {
                epoch_seconds: settings.epochSeconds,
                retention_epochs,
                max_seats: settings.maxSeats,
            },
            genesis_s: settings.genesis,
            parameters: parameters(&p),
            announced: None,
            seats: BTreeMap::new(),
            epochs: BTreeMap::new(),
            last_opened: None,
            blocks: BTreeMap::new(),
            log: BTreeMap::new(),
            policies: BTreeMap::new(),
            references: BTreeMap::new(),
        })
    }

    /// Reads and applies the events since the last time. Returns how many there were.
    ///
    /// # Errors
    /// When the chain gives no answer, or events do not fit together; what was applied before stays.
    pub fn sync(&mut self) -> Result<usize, LedgerError> {
        let head = self.network.chain().head()?.number;
        let (mut applied, mut span) = (0, LOG_RANGE_BLOCKS_MAX);
        while self.next_chain_block <= head {
            let to = head.min(self.next_chain_block.saturating_add(span - 1));
            let filter = LogFilter::of(self.network.deployment().contract, self.next_chain_block, to);
            let entries = match self.network.chain().logs(&filter) {
                // More than one answer holds: ask for half of it.
                Err(ChainError::Limit { .. }) if to > self.next_chain_block => {
                    span = (to - self.next_chain_block).div_ceil(2);
                    continue;
                }
                answer => answer?,
            };
            for entry in entries {
                // Events of the owner's standing (Ownable2Step) concern no node.
                if let Ok(event) = Event::decode_log(&entry.log) {
                    self.apply(event.data).map_err(|what| LedgerError::Contradiction {
                        block_number: entry.block_number,
                        what,
                    })?;
                    applied += 1;
                }
            }
            self.next_chain_block = to + 1;
            span = span.saturating_mul(2).min(LOG_RANGE_BLOCKS_MAX);
        }
        Ok(applied)
    }

    /// The network it follows.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What never changes.
    pub fn fixed(&self) -> &Fixed {
        &self.fixed
    }

    /// What the network runs with: the current parameters (docs/protocol.md, section 3).
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The seat, if it is registered.
    pub fn seat(&self, seat: SeatId) -> Option<&SeatRecord> {
        self.seats.get(&seat)
    }

    /// The epoch, if its opening is known and not forgotten.
    pub fn epoch(&self, epoch: Epoch) -> Option<&EpochRecord> {
        self.epochs.get(&epoch)
    }

    /// The last opened epoch.
    pub fn last_opened(&self) -> Option<(Epoch, &EpochRecord)> {
        let epoch = self.last_opened?;
        self.epochs.get(&epoch).map(|record| (epoch, record))
    }

    /// The block with this id, if it is not forgotten.
    pub fn block(&self, epoch: Epoch, order: u32) -> Option<&BlockRecord> {
        self.blocks.get(&(epoch, order))
    }

    /// The blocks that are not forgotten, oldest first.
    pub fn blocks(&self) -> impl Iterator<Item = &BlockRecord> {
        self.blocks.values()
    }

    /// The seat's block of `epoch`.
    pub fn block_of(&self, seat: SeatId, epoch: Epoch) -> Option<&BlockRecord> {
        let mut blocks = self.blocks.range((epoch, 0)..=(epoch, u32::MAX)).map(|(_, block)| block);
        blocks.find(|block| block.block.seat == seat)
    }

    /// The block whose live entry, or last known entry, stands at this position of the suspicious log.
    pub fn logged_at(&self, position: u64) -> Option<&BlockRecord> {
        self.blocks.get(self.log.get(&position)?)
    }

    /// The policy document with this digest.
    pub fn policy(&self, digest: B256) -> Option<&Bytes> {
        self.policies.get(&digest)
    }

    /// The reference values with this digest.
    pub fn references(&self, digest: B256) -> Option<&[ReferenceValue]> {
        self.references.get(&digest).map(Vec::as_slice)
    }

    /// The epoch of the chain's newest block; `None` before genesis.
    ///
    /// # Errors
    /// When the chain gives no answer.
    pub fn clock(&self) -> Result<Option<Epoch>, ChainError> {
        let now_s = self.network.chain().head()?.timestamp_s;
        let since = now_s.checked_sub(self.genesis_s);
        Ok(since.and_then(|s| Epoch::try_from(s / u64::from(self.fixed.epoch_seconds)).ok()))
    }

    /// When `epoch` starts, in seconds since the Unix epoch.
    pub fn epoch_start_s(&self, epoch: Epoch) -> u64 {
        self.genesis_s + u64::from(epoch) * u64::from(self.fixed.epoch_seconds)
    }

    /// Blocks that may be due by what the events say (R9), so that the contract need not be asked of all.
    /// Whether they are, the contract decides.
    pub fn perhaps_due(&self, now: Epoch) -> Vec<(Epoch, u32)> {
        let due = |block: &&BlockRecord| self.is_perhaps_due(block, now);
        self.blocks.values().filter(due).map(|block| (block.block.epoch, block.order)).collect()
    }

    fn is_perhaps_due(&self, block: &BlockRecord, now: Epoch) -> bool {
        let fate = &block.fate;
        if fate.decided.is_some() || fate.finished || self.is_void(block.block.epoch, now) {
            return false;
        }
        if let Some(position) = fate.position {
            let Some((epoch, last)) = self.last_opened() else { return false };
            let end = last.window_start + if now > epoch { u64::from(last.snapshot.window_size) } else { 0 };
            return position < end;
        }
        let check = self.epochs.get(&block.block.epoch).and_then(|epoch| epoch.next_opened);
        let wait = if fate.passed { u32::from(self.parameters.finality_epochs) } else { 0 };
        check.is_some_and(|check| now > check.saturating_add(wait))
    }

    fn is_void(&self, epoch: Epoch, now: Epoch) -> bool {
        epoch.saturating_add(u32::from(self.fixed.retention_epochs)) <= now
    }

    fn apply(&mut self, event: Event) -> Result<(), &'static str> {
        match event {
            Event::NetworkDeployed(e) => self.parameters = parameters(&e.parameters),
            Event::ParametersAnnounced(e) => self.announced = Some((e.fromEpoch, parameters(&e.parameters))),
            Event::ParametersAdopted(_) => {
                self.parameters = self.announced.take().ok_or("parameters that were not announced")?.1;
            }
            Event::SeatRegistered(e) => self.register(&e),
            Event::IncarnationBegun(e) => {
                let seat = self.seats.get_mut(&SeatId(e.seat)).ok_or("incarnation of an unknown seat")?;
                (seat.incarnation, seat.measurement) = (e.incarnation, e.measurement);
                seat.certificates = Certificates::default();
            }
            Event::OperatorSet(e) => self.set_operator(e.seat, e.operator)?,
            Event::SeatRejoined(e) => self.set_operator(e.seat, e.operator)?,
            Event::PolicySet(e) => drop(self.policies.insert(e.digest, e.document)),
            Event::ReferenceValuesSet(e) => {
                let values = e.values.iter().map(reference_value).collect();
                self.references.insert(e.digest, values);
            }
            Event::EpochOpened(e) => self.open(&e),
            Event::EpochSeeded(e) => self.seed(&e)?,
            Event::BlockPublished(e) => self.publish(e)?,
            Event::CertificatesPublished(e) => self.publish_certificates(e)?,
            Event::BlockLogged(e) => {
                let block = self.blocks.get_mut(&(e.epoch, e.order)).ok_or("an unknown block was logged")?;
                let position = e.position.to::<u64>();
                block.fate.position = Some(position);
                self.log.insert(position, (e.epoch, e.order));
            }
            Event::BlockPassed(e) => self.fate(e.seat, e.epoch)?.passed = true,
            Event::BlockDecided(e) => self.fate(e.seat, e.epoch)?.decided = Some(e.malicious),
            Event::BlockFinal(e) => self.fate(e.seat, e.epoch)?.finished = true,
            _ => {}
        }
        Ok(())
    }

    fn register(&mut self, e: &contract::SeatRegistered) {
        let record = SeatRecord {
            device_id: DeviceId(e.deviceId),
            operator: e.operator,
            incarnation: Address::ZERO,
            measurement: B256::ZERO,
            certificates: Certificates::default(),
            last_digest: B256::ZERO,
            last_epoch: None,
        };
        self.seats.insert(SeatId(e.seat), record);
    }

    /// Another operator has to publish the certificates anew (R1).
    fn set_operator(&mut self, seat: u32, operator: Address) -> Result<(), &'static str> {
        let seat = self.seats.get_mut(&SeatId(seat)).ok_or("the operator of an unknown seat")?;
        (seat.operator, seat.certificates) = (operator, Certificates::default());
        Ok(())
    }

    fn open(&mut self, e: &contract::EpochOpened) {
        let effective = self.announced.as_ref().filter(|(from, _)| *from <= e.epoch);
        let parameters = effective.map_or(&self.parameters, |(_, announced)| announced);
        let snapshot = EpochSnapshot {
            root: B256::ZERO,
            roster_size: e.rosterSize,
            window_size: e.windowSize,
            effective_decision_marks: e.decisionMarks,
            latest_checks: parameters.latest_checks,
            suspicious_checks: parameters.suspicious_checks,
        };
        let context = EpochContext {
            epoch: e.epoch,
            epoch_start_s: self.epoch_start_s(e.epoch),
            seed: B256::ZERO,
            policy_digest: e.policyDigest,
            reference_digest: e.referenceDigest,
        };
        let record = EpochRecord {
            context,
            opened: false,
            seed_block: e.seedBlock,
            roster_epoch: e.rosterEpoch,
            snapshot,
            window_start: e.windowStart.to(),
            next_opened: None,
        };
        self.epochs.insert(e.epoch, record);
        self.forget(e.epoch);
    }

    fn seed(&mut self, e: &contract::EpochSeeded) -> Result<(), &'static str> {
        let record = self.epochs.get_mut(&e.epoch).ok_or("a seed of an unopened epoch")?;
        record.opened = true;
        record.context.seed = e.seed;
        if record.context.root(self.network.deployment()) != e.root {
            return Err("an epoch's root");
        }
        record.snapshot.root = e.root;
        let before = self.last_opened.replace(e.epoch);
        if let Some(before) = before.and_then(|before| self.epochs.get_mut(&before)) {
            before.next_opened = Some(e.epoch);
        }
        Ok(())
    }

    fn publish(&mut self, e: contract::BlockPublished) -> Result<(), &'static str> {
        let deployment = self.network.deployment();
        let seat_id = SeatId(e.seat);
        let seat = self.seats.get_mut(&seat_id).ok_or("a block of an unknown seat")?;
        let context = self.epochs.get(&e.epoch).ok_or("a block of an unopened epoch")?.context;
        let block = ConfirmationBlock {
            seat: seat_id,
            device_id: seat.device_id,
            incarnation: seat.incarnation,
            epoch: e.epoch,
            previous_digest: seat.last_digest,
            challenge: context.challenge(deployment, seat_id),
            measurement: seat.measurement,
            power: Power::from(e.power),
            properties_digest: e.propertiesDigest,
            marks: Marks(e.marks),
        };
        if block.digest(&deployment) != e.digest {
            return Err("a block's digest");
        }
        (seat.last_digest, seat.last_epoch) = (e.digest, Some(e.epoch));
        let record = BlockRecord {
            block,
            digest: e.digest,
            order: e.order,
            weight: e.weight,
            evidence_hash: keccak256(&e.evidence),
            evidence: e.evidence,
            certificates: seat.certificates.clone(),
            fate: Fate::default(),
        };
        self.blocks.insert((e.epoch, e.order), record);
        Ok(())
    }

    /// They hold from the block on that they were published with.
    fn publish_certificates(&mut self, e: contract::CertificatesPublished) -> Result<(), &'static str> {
        let certificates = Certificates::published(e.certificates);
        self.block_mut(e.seat, e.epoch).ok_or("certificates without a block")?.certificates =
            certificates.clone();
        let seat = self.seats.get_mut(&SeatId(e.seat)).ok_or("certificates of an unknown seat")?;
        seat.certificates = certificates;
        Ok(())
    }

    fn fate(&mut self, seat: u32, epoch: Epoch) -> Result<&mut Fate, &'static str> {
        self.block_mut(seat, epoch).map(|block| &mut block.fate).ok_or("the fate of an unknown block")
    }

    fn block_mut(&mut self, seat: u32, epoch: Epoch) -> Option<&mut BlockRecord> {
        let mut blocks = self.blocks.range_mut((epoch, 0)..=(epoch, u32::MAX)).map(|(_, block)| block);
        blocks.find(|block| block.block.seat == SeatId(seat))
    }

    /// What is void has no consequence any more. One lap of slack: settlement reads rosters that are older.
    fn forget(&mut self, now: Epoch) {
        let oldest = now.saturating_sub(2 * u32::from(self.fixed.retention_epochs));
        self.blocks = self.blocks.split_off(&(oldest, 0));
        self.epochs = self.epochs.split_off(&oldest);
        let blocks = &self.blocks;
        self.log.retain(|_, id| blocks.contains_key(id));
    }
}

fn reference_value(value: &contract::ReferenceValue) -> ReferenceValue {
    ReferenceValue {
        measurement: value.measurement,
        from_epoch: value.fromEpoch,
        until_epoch: value.untilEpoch,
    }
}

/// The contract's parameters as the model has them.
fn parameters(p: &contract::Parameters) -> Parameters {
    Parameters {
        latest_checks: p.latestChecks,
        suspicious_checks: p.suspiciousChecks,
        decision_marks: p.decisionMarks,
        max_penalties: p.maxPenalties,
        power_tolerance_bps: p.powerToleranceBps,
        score_gain_bps: p.scoreGainBps,
        admission_score: p.admissionScore,
        full_gain_streak: p.fullGainStreak,
        finality_epochs: p.finalityEpochs,
        restart_cooldown_epochs: p.restartCooldownEpochs,
        min_deposit: p.minDeposit,
        reward_per_epoch: p.rewardPerEpoch,
        reward_delay_epochs: p.rewardDelayEpochs,
        unbonding_epochs: p.unbondingEpochs,
        restricted_reward_bps: p.restrictedRewardBps,
        bounty_bps: p.bountyBps,
    }
}
