//! What the agents know of a network: told by events alone, as real controllers are.

use std::collections::VecDeque;

use alloy_primitives::B256;
use multee_protocol::machine::{BlockRef, Event, Variation};
use multee_protocol::{Epoch, Score, Standing};

use crate::measure::{Counts, Reading};

/// Orders run upward from 0 and downward from here (R3).
const ORDER_MAX: u32 = (1 << 20) - 1;

/// A device and its seat. Its number is its index; the seat's is one more.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, as the protocol has them")]
pub(super) struct Device {
    pub(super) last_digest: B256,
    pub(super) score: u16,
    pub(super) abusive: bool,
    pub(super) blocked: bool,
    pub(super) suspended: bool,
    pub(super) probation: bool,
    pub(super) unverified: bool,
    pub(super) exiting: bool,
    /// Whether it has a seat yet.
    pub(super) seated: bool,
    pub(super) suspended_at: Epoch,
    pub(super) off_epoch: Epoch,
    /// Which of its keys is the current one.
    pub(super) incarnation: u32,
    /// Its rank in the roster of the running epoch; `NO_RANK` without.
    pub(super) rank: u32,
}

/// Stands for no rank.
pub(super) const NO_RANK: u32 = u32::MAX;

impl Device {
    /// Of a camp, before it has a seat.
    pub(super) fn new(abusive: bool) -> Self {
        Self {
            last_digest: B256::ZERO,
            score: 10_000,
            abusive,
            blocked: false,
            suspended: false,
            probation: false,
            unverified: false,
            exiting: false,
            seated: false,
            suspended_at: 0,
            off_epoch: 0,
            incarnation: 0,
            rank: NO_RANK,
        }
    }

    /// On probation the protocol asks for more (R9).
    pub(super) fn may_publish(&self) -> bool {
        self.seated && !self.blocked && !self.suspended && !self.exiting
    }

    /// What its marks weigh (R7); nothing if it may not publish.
    pub(super) fn weight(&self, variation: Variation) -> u16 {
        let standing = Standing {
            score: Score::new(self.score).unwrap_or_default(),
            blocked: self.blocked,
            suspended: self.suspended,
            probation: self.probation,
            power_unverified: self.unverified,
        };
        if self.may_publish() { variation.weight(&standing) } else { 0 }
    }

    pub(super) fn reading(&self, variation: Variation) -> Reading {
        let weight = self.weight(variation).into();
        Reading { abusive: self.abusive, blocked: self.blocked, score: self.score, weight }
    }
}

/// Whose a block is, and what its verifiers will find: 20 bits for the device, then flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nature(u32);

impl Nature {
    const VALID: u32 = 1 << 20;
    const ACCUSER: u32 = 1 << 21;

    pub(super) fn new(device: u32, valid: bool, accuser: bool) -> Self {
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        Self(device | flag(valid, Self::VALID) | flag(accuser, Self::ACCUSER))
    }

    pub(super) fn device(self) -> usize {
        (self.0 & (Self::VALID - 1)) as usize
    }

    /// Its evidence verifies.
    pub(super) fn valid(self) -> bool {
        self.0 & Self::VALID != 0
    }

    /// It accused a latest block, and so is settled an epoch later (R9).
    pub(super) fn accuser(self) -> bool {
        self.0 & Self::ACCUSER != 0
    }
}

/// The blocks of an epoch by order: upward those with weight, downward those without.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    pub(super) weighted: Vec<Nature>,
    weightless: Vec<Nature>,
}

impl Blocks {
    fn nature(&self, order: u32) -> Nature {
        let from = |natures: &[Nature], index: u32| natures.get(index as usize).copied();
        from(&self.weighted, order)
            .or_else(|| from(&self.weightless, ORDER_MAX.saturating_sub(order)))
            .unwrap_or_default()
    }
}

/// An entry of the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) nature: Nature,
    pub(super) block: BlockRef,
}

/// The running epoch, as its opening told it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epochal {
    pub(super) epoch: Epoch,
    pub(super) root: B256,
    pub(super) roster_epoch: Epoch,
    pub(super) roster_size: u32,
    pub(super) window_start: u64,
    pub(super) window_size: u32,
    pub(super) decision_marks: u8,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) devices: Vec<Device>,
    pub(super) running: Epochal,
    pub(super) counts: Counts,
    /// By epoch mod their number.
    blocks: Vec<Blocks>,
    log: VecDeque<Entry>,
    /// The position of the log's first entry that is still kept.
    log_start: u64,
    /// What is about to be published, by whom; told so by its own `BlockPublished`.
    pub(super) publishing: Nature,
}

impl Book {
    pub(super) fn new(devices: Vec<Device>, retention: u8) -> Self {
        Self {
            devices,
            running: Epochal::default(),
            counts: Counts::default(),
            blocks: vec![Blocks::default(); usize::from(retention)],
            log: VecDeque::new(),
            log_start: 0,
            publishing: Nature::default(),
        }
    }

    fn slot(&self, epoch: Epoch) -> usize {
        epoch as usize % self.blocks.len()
    }

    /// The blocks of an epoch that is not void.
    pub(super) fn blocks_of(&self, epoch: Epoch) -> &Blocks {
        &self.blocks[self.slot(epoch)]
    }

    /// An entry of the log, from the last window on.
    pub(super) fn entry(&self, position: u64) -> Option<&Entry> {
        let index = position.checked_sub(self.log_start)?;
        self.log.get(usize::try_from(index).ok()?)
    }

    /// Forgets entries before a position, and gives each ranked device its rank in the running epoch.
    pub(super) fn begin_epoch(&mut self, forget_before: u64) {
        while self.log_start < forget_before && self.log.pop_front().is_some() {
            self.log_start += 1;
        }
        let epoch = self.running.epoch;
        let slot = self.slot(epoch);
        self.blocks[slot] = Blocks::default();
        for device in &mut self.devices {
            device.rank = NO_RANK;
        }
        if self.running.roster_size == 0 {
            return;
        }
        let roster = self.slot(self.running.roster_epoch);
        for (rank, nature) in (0..).zip(&self.blocks[roster].weighted) {
            self.devices[nature.device()].rank = rank;
        }
    }

    /// Notes what happened.
    pub(super) fn note(&mut self, event: &Event) {
        match *event {
            Event::BlockPublished { seat, epoch, digest, weight, .. } => {
                let slot = self.slot(epoch);
                let blocks = &mut self.blocks[slot];
                let column = if weight > 0 { &mut blocks.weighted } else { &mut blocks.weightless };
                column.push(self.publishing);
                self.devices[index(seat.0)].last_digest = digest;
                self.counts.publications += 1;
            }
            Event::BlockLogged { epoch, order, .. } => {
                let nature = self.blocks_of(epoch).nature(order);
                self.log.push_back(Entry { nature, block: BlockRef { epoch, order } });
            }
            Event::BlockPassed { seat, score, .. } => self.devices[index(seat.0)].score = score.bps(),
            Event::BlockDecided { seat, malicious, score, reward, .. } => {
                self.devices[index(seat.0)].score = score.bps();
                if !malicious {
                    self.reward(index(seat.0), reward);
                }
            }
            Event::BlockFinal { seat, reward, .. } => self.reward(index(seat.0), reward),
            Event::EpochOpened {
                epoch,
                roster_epoch,
                roster_size,
                window_start,
                window_size,
                decision_marks,
                ..
            } => {
                self.running = Epochal {
                    epoch,
                    root: B256::ZERO,
                    roster_epoch,
                    roster_size,
                    window_start,
                    window_size,
                    decision_marks,
                };
            }
            Event::EpochSeeded { root, .. } => self.running.root = root,
            _ => self.note_seat(event),
        }
    }

    fn note_seat(&mut self, event: &Event) {
        match *event {
            Event::SeatRegistered { seat, founding, .. } => {
                let device = &mut self.devices[index(seat.0)];
                (device.seated, device.probation) = (true, !founding);
            }
            Event::SeatExiting { seat, .. } => self.devices[index(seat.0)].exiting = true,
            Event::SeatRejoined { seat, .. } => self.devices[index(seat.0)].exiting = false,
            Event::DepositPaid { seat, withheld, .. } => {
                let camp = usize::from(self.devices[index(seat.0)].abusive);
                self.counts.slashed[camp] += amount(withheld);
            }
            Event::EquivocationProven { bounty, .. } => self.counts.slashed[1] += amount(bounty),
            Event::SeatSuspended { seat, epoch, .. } => {
                let device = &mut self.devices[index(seat.0)];
                (device.suspended, device.suspended_at) = (true, epoch);
            }
            Event::SeatBlocked { seat, slashed, rewards_lost, .. } => {
                let device = &mut self.devices[index(seat.0)];
                device.blocked = true;
                let camp = usize::from(device.abusive);
                self.counts.slashed[camp] += amount(slashed);
                self.counts.rewards[camp] -= amount(rewards_lost);
            }
            Event::SeatRestarted { seat, score, .. } => {
                let device = &mut self.devices[index(seat.0)];
                (device.score, device.suspended, device.probation) = (score.bps(), false, true);
                self.counts.restarts += 1;
            }
            Event::ProbationBegun { seat, .. } => self.devices[index(seat.0)].probation = true,
            Event::SeatAdmitted { seat, .. } => self.devices[index(seat.0)].probation = false,
            Event::PowerUnverified { seat, epoch, .. } => {
                let device = &mut self.devices[index(seat.0)];
                (device.unverified, device.off_epoch) = (true, epoch);
            }
            Event::PowerVerified { seat, epoch, .. } => {
                let device = &mut self.devices[index(seat.0)];
                device.unverified &= epoch < device.off_epoch;
            }
            _ => {}
        }
    }

    /// What a block takes out of its pot is its seat's, or goes to carry if the seat is blocked (R12).
    fn reward(&mut self, device: usize, reward: u128) {
        let device = &self.devices[device];
        if !device.blocked {
            self.counts.rewards[usize::from(device.abusive)] += amount(reward);
        }
    }
}

fn index(seat: u32) -> usize {
    seat.saturating_sub(1) as usize
}

fn amount(units: u128) -> i128 {
    i128::try_from(units).unwrap_or(i128::MAX)
}
