//! R9: blocks pass, are decided, or become honest for good; their seats' scores take a step.

use super::State;
use super::block::{Block, ORDERS};
use super::event::{Event, Suspicion};
use super::input::BlockRef;
use super::log::Finding;
use super::rejection::Rejection;
use super::seat::{HISTORY_EPOCHS, History, Kind, Status};
use super::turn::Turn;
use crate::{Decision, Epoch, Score, SeatId, Settled, Tally, Verdict};

const SETTLED_MAX: usize = 16;

impl Turn<'_> {
    /// Errors: `TooMany`, `NetworkNotStarted`.
    pub(super) fn settle_all(&mut self, blocks: &[BlockRef]) -> Result<u32, Rejection> {
        if blocks.len() > SETTLED_MAX {
            return Err(Rejection::TooMany { given: blocks.len(), limit: SETTLED_MAX });
        }
        self.require_started()?;
        let mut settled = 0;
        for block in blocks {
            settled += u32::from(self.settle(block.epoch, block.order));
        }
        Ok(settled)
    }

    /// Settles the block if it is due; whether it was.
    fn settle(&mut self, epoch: Epoch, order: u32) -> bool {
        let block = self.state.block(epoch, order).filter(|_| order < ORDERS).copied();
        let Some(mut block) = block.filter(|block| self.state.is_due(block, self.now)) else { return false };
        if block.logged {
            self.judge(block, order);
        } else if block.passed {
            self.finish(block, order);
        } else if block.tally.count() == 0 {
            block = self.enter_log(block, order, Suspicion::Unchecked);
            self.state.change_block(order, block);
        } else {
            self.pass(block, order);
        }
        true
    }

    /// Settles up to `limit` due blocks of a seat, oldest first.
    pub(super) fn settle_oldest(&mut self, id: SeatId, mut limit: u32) {
        let Some(history) = self.state.seat(id).map(|seat| seat.history) else { return };
        let Some(last) = history.last() else { return };
        let candidates = self.candidates(&history, last);
        for age in (0..HISTORY_EPOCHS).rev().filter(|age| candidates >> age & 1 != 0) {
            if limit == 0 {
                return;
            }
            let Some(epoch) = last.checked_sub(age) else { continue };
            let order = self.state.seat(id).map_or(0, |seat| self.state.order_of(seat, epoch));
            limit -= u32::from(self.settle(epoch, order));
        }
    }

    /// A seat's open blocks that may be due, by age: an unlogged block is not due before its checking epoch is over,
    /// which is its own successor at the earliest, nor for good before finality.
    fn candidates(&self, history: &History, last: Epoch) -> u64 {
        let live = |kind| history.live(kind, self.now, self.state.retention());
        let elapsed = self.now.saturating_sub(last);
        let older_than = |wait: u32| {
            let youngest = (wait + 1).saturating_sub(elapsed);
            u64::MAX.checked_shl(youngest).unwrap_or(0)
        };
        let finality = u32::from(self.state.core.parameters.finality_epochs);
        let passed = live(Kind::Passed);
        live(Kind::Open)
            & (live(Kind::Undecided) | !passed & older_than(1) | passed & older_than(finality + 1))
    }

    /// A passed block is honest for good.
    fn finish(&mut self, mut block: Block, order: u32) {
        block.finished = true;
        self.state.change_block(order, block);
        self.state.change_history(block.seat, |history| history.without(Kind::Open, block.epoch));
        let to_seat = self.state.seat(block.seat).is_some_and(|seat| !seat.status.blocked);
        let reward = self.take_reward(&block, to_seat);
        self.emit(Event::BlockFinal { seat: block.seat, epoch: block.epoch, reward });
    }

    fn pass(&mut self, mut block: Block, order: u32) {
        block.passed = true;
        self.state.change_block(order, block);
        let (seat, epoch) = (block.seat, block.epoch);
        self.state.change_history(seat, |history| history.with(Kind::Passed, epoch).with_good(epoch));
        let judgement = self.state.judgement(&block, self.now);
        let Some(mut status) = self.state.seat(seat).map(|seat| seat.status) else { return };
        if !status.blocked {
            let target = self.state.variation.target(Score::MAX, judgement);
            status = self.step(&block, status, target, false);
            self.state.set_status(seat, status);
        }
        let (score, streak) = (status.trust.score, status.trust.streak);
        self.emit(Event::BlockPassed { seat, epoch, judgement, score, streak });
    }

    /// Decides a logged block, or logs it again with its tally if too few marks came.
    fn judge(&mut self, mut block: Block, order: u32) {
        let tally = self.state.log.tally(block.position);
        let Some(decision) = tally.decide(self.cursor().decision_marks) else {
            self.state.set_finding(block.position, Finding::LOGGED_AGAIN);
            let (epoch, reason) = (block.epoch, Suspicion::Undecided);
            block.position = self.state.append_entry(epoch, order, tally);
            self.state.change_block(order, block);
            self.emit(Event::BlockLogged { epoch, order, position: block.position, reason });
            return;
        };
        let malicious = decision.verdict == Verdict::Malicious;
        self.state.set_finding(block.position, decision.into());
        (block.tally, block.decided, block.malicious) = (tally, true, malicious);
        self.state.change_block(order, block);
        self.decide(&block);
        if malicious {
            self.unwind(&block);
        }
    }

    /// What a decision does to the block's seat.
    fn decide(&mut self, block: &Block) {
        let judgement = self.state.judgement(block, self.now);
        let Block { seat, epoch, malicious, tally, .. } = *block;
        self.state.change_history(seat, |history| {
            let history = history.without(Kind::Open, epoch).without(Kind::Undecided, epoch);
            if malicious { history } else { history.with_good(epoch) }
        });
        let Some(mut status) = self.state.seat(seat).map(|seat| seat.status) else { return };
        if !status.blocked {
            status = self.after_decision(block, status, judgement);
            self.state.set_status(seat, status);
        }
        let reward = self.take_reward(block, !malicious && !status.blocked);
        self.emit(Event::BlockDecided {
            seat,
            epoch,
            malicious,
            positive: tally.positive(),
            negative: tally.negative(),
            count: tally.count(),
            judgement,
            score: status.trust.score,
            streak: status.trust.streak,
            reward,
        });
    }

    /// What a decision makes of the status of a seat that is not blocked.
    fn after_decision(&mut self, block: &Block, mut status: Status, judgement: Score) -> Status {
        if block.malicious || !block.passed {
            let variation = self.state.variation;
            let target = variation.target(variation.validity(&block.tally), judgement);
            status = self.step(block, status, target, block.malicious);
        }
        if block.malicious {
            self.penalise(block.seat, status)
        } else {
            let status = self.verify_power(block, status);
            self.admit(block, status)
        }
    }

    /// One step of the seat's score; below 5000, out of probation, it is suspended (R11).
    fn step(&mut self, block: &Block, mut status: Status, target: Score, malicious: bool) -> Status {
        let former_incarnation = block.epoch < status.since_epoch;
        let settled = Settled { target, malicious, former_incarnation };
        status.trust = status.trust.step(settled, self.state.core.parameters.gain());
        let score = status.trust.score;
        if score < Score::SUSPENSION && !status.probation && !status.suspended {
            (status.suspended, status.suspended_epoch) = (true, self.now);
            self.emit(Event::SeatSuspended { seat: block.seat, epoch: self.now, score });
        }
        status
    }

    /// Ends probation after an honest decision on a block of the current incarnation, and binds the device id to the
    /// first seat that is admitted under it (R1).
    fn admit(&mut self, block: &Block, mut status: Status) -> Status {
        let worthy = block.epoch >= status.since_epoch && status.trust.score >= Score::SUSPENSION;
        if !status.probation || status.exiting || !worthy {
            return status;
        }
        let Some(device_id) = self.state.seat(block.seat).map(|seat| seat.device_id) else { return status };
        if !status.admitted {
            if self.state.claim(device_id).bound.is_some() {
                return status;
            }
            self.state.bind(device_id, block.seat);
        }
        // Peers have seen this incarnation at work: what it signs twice counts against the seat (R15).
        self.state.confirm_incarnation(block.seat);
        self.emit(Event::SeatAdmitted { seat: block.seat, epoch: self.now, device_id });
        (status.probation, status.admitted) = (false, true);
        status
    }
}

impl State {
    pub(super) fn is_due(&self, block: &Block, now: Epoch) -> bool {
        if !block.is_open() || self.is_void(block.epoch, now) || self.is_being_checked(block, now) {
            return false;
        }
        if block.logged {
            return block.position < self.horizon(now, block.accuser);
        }
        let next = |epoch| Some(self.epoch_at(epoch).next_opened).filter(|next| *next != 0);
        let Some(check) = next(block.epoch) else { return false };
        if block.passed {
            return now > check.saturating_add(u32::from(self.core.parameters.finality_epochs));
        }
        let last = if block.accuser { next(check) } else { Some(check) };
        last.is_some_and(|last| now > last)
    }

    /// A latest block of the running epoch gets marks still: after an epoch without weighted blocks its checking epoch
    /// may be over already (R3), and nothing is settled inside an epoch that marks it.
    fn is_being_checked(&self, block: &Block, now: Epoch) -> bool {
        if now != self.core.cursor.last_opened || block.weight == 0 {
            return false;
        }
        let running = self.epoch_at(now);
        running.roster_size != 0 && running.roster_epoch == block.epoch
    }

    /// Entries below this position stood in a window whose epoch is over; for an accuser's block, in one after which
    /// one more opened epoch is over.
    fn horizon(&self, now: Epoch, accuser: bool) -> u64 {
        let cursor = &self.core.cursor;
        match (now > cursor.last_opened, accuser) {
            (true, false) => cursor.window_end,
            (true, true) | (false, false) => cursor.window_start,
            (false, true) => cursor.previous_window_start,
        }
    }

    /// What the tally at a log position decides, if its window's epoch is over and enough marks came.
    pub(super) fn unsettled(&self, position: u64, tally: Tally, now: Epoch) -> Option<Decision> {
        let over = position < self.horizon(now, false);
        over.then(|| tally.decide(self.core.cursor.decision_marks)).flatten()
    }
}
