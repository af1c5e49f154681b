//! What events say, added up. The same events in the same order make the same book.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use multee_chain::BlockNumHash;
use multee_chain::bindings::IProofOfAttestation::{self as contract, IProofOfAttestationEvents as Event};
use multee_confirmation::{EpochContext, ReferenceValue};
use multee_protocol::{
    ConfirmationBlock, Deployment, DeviceId, Epoch, EpochSnapshot, Fixed, Marks, Parameters, Power, SeatId,
};
use multee_replay::words::parameters;

use super::gaps::Gaps;
use super::records::{BlockRecord, Certificates, EpochRecord, Fate, SeatRecord};
use super::terms::reference_value;

/// An event and the chain's block that it is in.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) block: BlockNumHash,
    pub(super) event: Event,
}

/// What never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) deployment: Deployment,
    pub(super) fixed: Fixed,
    pub(super) genesis_s: u64,
}

/// A network's seats, epochs and blocks of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Book {
    /// The contract's first event is in it, or it is meant to be without.
    pub(super) begun: bool,
    pub(super) gaps: Gaps,
    pub(super) parameters: Parameters,
    /// Announced parameters, with the epoch from which on they take effect.
    pub(super) announced: Option<(Epoch, Parameters)>,
    pub(super) seats: BTreeMap<SeatId, SeatRecord>,
    pub(super) epochs: BTreeMap<Epoch, EpochRecord>,
    pub(super) last_opened: Option<Epoch>,
    pub(super) blocks: BTreeMap<(Epoch, u32), BlockRecord>,
    pub(super) log: BTreeMap<u64, (Epoch, u32)>,
    pub(super) policies: BTreeMap<B256, Bytes>,
    pub(super) references: BTreeMap<B256, Vec<ReferenceValue>>,
}

impl Rules {
    /// When `epoch` starts, in seconds since the Unix epoch.
    pub(super) fn epoch_start_s(&self, epoch: Epoch) -> u64 {
        self.genesis_s + u64::from(epoch) * u64::from(self.fixed.epoch_seconds)
    }
}

impl Book {
    /// Of a network that runs with these parameters.
    pub(super) fn new(parameters: Parameters) -> Self {
        Self {
            begun: false,
            gaps: Gaps::default(),
            parameters,
            announced: None,
            seats: BTreeMap::new(),
            epochs: BTreeMap::new(),
            last_opened: None,
            blocks: BTreeMap::new(),
            log: BTreeMap::new(),
            policies: BTreeMap::new(),
            references: BTreeMap::new(),
        }
    }

    pub(super) fn apply(&mut self, rules: &Rules, told: &Told) -> Result<(), &'static str> {
        match &told.event {
            Event::NetworkDeployed(e) => (self.begun, self.parameters) = (true, parameters(&e.parameters)),
            Event::ParametersAnnounced(e) => self.announced = Some((e.fromEpoch, parameters(&e.parameters))),
            Event::ParametersAdopted(_) => {
                self.parameters = self.announced.take().ok_or("parameters that were not announced")?.1;
            }
            Event::SeatRegistered(e) => self.register(e),
            Event::IncarnationBegun(e) => {
                let seat = self.seats.get_mut(&SeatId(e.seat)).ok_or("incarnation of an unknown seat")?;
                (seat.incarnation, seat.measurement) = (e.incarnation, e.measurement);
                seat.certificates = Certificates::default();
            }
            Event::OperatorSet(e) => self.set_operator(e.seat, e.operator)?,
            Event::SeatRejoined(e) => self.set_operator(e.seat, e.operator)?,
            Event::PolicySet(e) => drop(self.policies.insert(e.digest, e.document.clone())),
            Event::ReferenceValuesSet(e) => {
                let values = e.values.iter().map(reference_value).collect();
                self.references.insert(e.digest, values);
            }
            Event::EpochOpened(e) => self.open(rules, e),
            Event::EpochSeeded(e) => self.seed(rules, e, told.block.number)?,
            Event::BlockPublished(e) => self.publish(rules, e)?,
            Event::CertificatesPublished(e) => self.publish_certificates(e)?,
            Event::BlockLogged(e) => self.log(e)?,
            Event::BlockPassed(e) => self.fate(e.seat, e.epoch, |fate| fate.passed = true)?,
            Event::BlockDecided(e) => {
                self.fate(e.seat, e.epoch, |fate| fate.decided = Some(e.malicious))?;
            }
            Event::BlockFinal(e) => self.fate(e.seat, e.epoch, |fate| fate.finished = true)?,
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

    fn open(&mut self, rules: &Rules, e: &contract::EpochOpened) {
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
            epoch_start_s: rules.epoch_start_s(e.epoch),
            seed: B256::ZERO,
            policy_digest: e.policyDigest,
            reference_digest: e.referenceDigest,
        };
        let record = EpochRecord {
            context,
            opened: false,
            seed_block: e.seedBlock,
            seeded_in: None,
            roster_epoch: e.rosterEpoch,
            snapshot,
            window_start: e.windowStart.to(),
            next_opened: None,
        };
        self.epochs.insert(e.epoch, record);
        self.forget(rules, e.epoch);
    }

    fn seed(&mut self, rules: &Rules, e: &contract::EpochSeeded, seeded_in: u64) -> Result<(), &'static str> {
        let record = match self.epochs.get_mut(&e.epoch) {
            Some(record) => record,
            None if e.epoch < self.gaps.since => return Ok(()),
            None => return Err("a seed of an unopened epoch"),
        };
        record.opened = true;
        record.seeded_in = Some(seeded_in);
        record.context.seed = e.seed;
        if record.context.root(rules.deployment) != e.root {
            return Err("an epoch's root");
        }
        record.snapshot.root = e.root;
        let before = self.last_opened.replace(e.epoch);
        if let Some(before) = before.and_then(|before| self.epochs.get_mut(&before)) {
            before.next_opened = Some(e.epoch);
        }
        Ok(())
    }

    fn publish(&mut self, rules: &Rules, e: &contract::BlockPublished) -> Result<(), &'static str> {
        let deployment = rules.deployment;
        let seat_id = SeatId(e.seat);
        let seat = self.seats.get_mut(&seat_id).ok_or("a block of an unknown seat")?;
        if e.epoch < self.gaps.since {
            (seat.last_digest, seat.last_epoch) = (e.digest, Some(e.epoch));
            if !self.blocks.contains_key(&(e.epoch, e.order)) {
                self.gaps.unread.insert((e.epoch, e.order), seat_id);
            }
            return Ok(());
        }
        let context = self.epochs.get(&e.epoch).ok_or("a block of an unopened epoch")?.context;
        let mut block = ConfirmationBlock {
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
            latest_bindings: e.latestBindings,
        };
        let follows = block.digest(&deployment) == e.digest;
        let gap =
            if follows { None } else { Some(self.gaps.blocks.get(&e.digest).ok_or("a block's digest")?) };
        (seat.last_digest, seat.last_epoch) = (e.digest, Some(e.epoch));
        match gap {
            Some(Some(known)) => block = *known,
            Some(None) => {
                self.gaps.unread.insert((e.epoch, e.order), seat_id);
                return Ok(());
            }
            None => {}
        }
        let record = BlockRecord {
            block,
            digest: e.digest,
            order: e.order,
            weight: e.weight,
            evidence_hash: keccak256(&e.evidence),
            evidence: e.evidence.clone(),
            certificates: seat.certificates.clone(),
            fate: Fate::default(),
        };
        self.blocks.insert((e.epoch, e.order), record);
        Ok(())
    }

    /// They hold from the block on that they were published with.
    fn publish_certificates(&mut self, e: &contract::CertificatesPublished) -> Result<(), &'static str> {
        let certificates = Certificates::published(e.certificates.clone());
        let missing = self.gaps.has(e.seat, e.epoch);
        match self.block_mut(e.seat, e.epoch) {
            Some(block) => block.certificates = certificates.clone(),
            None if missing => {}
            None => return Err("certificates without a block"),
        }
        let seat = self.seats.get_mut(&SeatId(e.seat)).ok_or("certificates of an unknown seat")?;
        seat.certificates = certificates;
        Ok(())
    }

    fn log(&mut self, e: &contract::BlockLogged) -> Result<(), &'static str> {
        let (id, position) = ((e.epoch, e.order), e.position.to::<u64>());
        match self.blocks.get_mut(&id) {
            Some(block) => block.fate.position = Some(position),
            None if e.epoch < self.gaps.since || self.gaps.unread.contains_key(&id) => return Ok(()),
            None => return Err("an unknown block was logged"),
        }
        self.log.insert(position, id);
        Ok(())
    }

    fn fate(&mut self, seat: u32, epoch: Epoch, change: impl FnOnce(&mut Fate)) -> Result<(), &'static str> {
        let missing = self.gaps.has(seat, epoch);
        match self.block_mut(seat, epoch) {
            Some(block) => change(&mut block.fate),
            None if missing => {}
            None => return Err("the fate of an unknown block"),
        }
        Ok(())
    }

    /// The order of the seat's block in the epoch, even of one that is not known otherwise.
    pub(super) fn order_of(&self, seat: SeatId, epoch: Epoch) -> Option<u32> {
        let range = (epoch, 0)..=(epoch, u32::MAX);
        let known = self.blocks.range(range.clone()).find(|(_, block)| block.block.seat == seat);
        let unread = || self.gaps.unread.range(range).find(|(_, of)| **of == seat).map(|(id, _)| id.1);
        known.map(|(id, _)| id.1).or_else(unread)
    }

    fn block_mut(&mut self, seat: u32, epoch: Epoch) -> Option<&mut BlockRecord> {
        let mut blocks = self.blocks.range_mut((epoch, 0)..=(epoch, u32::MAX)).map(|(_, block)| block);
        blocks.find(|block| block.block.seat == SeatId(seat))
    }

    /// What is void has no consequence any more. One lap of slack: settlement reads rosters that are older.
    fn forget(&mut self, rules: &Rules, now: Epoch) {
        let oldest = now.saturating_sub(2 * u32::from(rules.fixed.retention_epochs));
        self.blocks = self.blocks.split_off(&(oldest, 0));
        self.epochs = self.epochs.split_off(&oldest);
        self.gaps.unread = self.gaps.unread.split_off(&(oldest, 0));
        let blocks = &self.blocks;
        self.log.retain(|_, id| blocks.contains_key(id));
    }
}
