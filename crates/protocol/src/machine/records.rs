//! Epochs, blocks and the log as others read them: like the contract's views. What a ring has let go is unknown.

use alloy_primitives::B256;

use super::State;
use super::block::Block;
use super::epoch::EpochRecord;
use super::input::BlockRef;
use super::rejection::Rejection;
use super::view::{AssignmentView, BlockView, EpochView, LogEntryView, NetworkView};
use crate::{Assignment, Check, Epoch, Marks, SeatId, challenge};

/// The log position that stands for an empty place.
const EMPTY_PLACE: u64 = (1 << 40) - 1;

impl State {
    /// `blockOf`, at a time.
    ///
    /// # Errors
    /// `NetworkNotStarted`, `BlockUnknown`.
    pub fn block_view(&self, epoch: Epoch, order: u32, timestamp_s: u64) -> Result<BlockView, Rejection> {
        let now = self.clock(timestamp_s)?;
        let block = self.block(epoch, order).ok_or(Rejection::BlockUnknown { epoch, order })?;
        Ok(self.shown(block, order, now))
    }

    /// `blockOfSeat`, at a time.
    ///
    /// # Errors
    /// `NetworkNotStarted`, `BlockUnknown`.
    pub fn block_view_of_seat(
        &self,
        id: SeatId,
        epoch: Epoch,
        timestamp_s: u64,
    ) -> Result<BlockView, Rejection> {
        let order = self.seat(id).map_or(0, |seat| self.order_of(seat, epoch));
        let view = self.block_view(epoch, order, timestamp_s)?;
        if view.seat == id { Ok(view) } else { Err(Rejection::BlockUnknown { epoch, order }) }
    }

    fn shown(&self, block: &Block, order: u32, now: Epoch) -> BlockView {
        let in_log = block.logged && !block.decided && !self.is_void(block.epoch, now);
        let tally = if in_log { self.log.tally(block.position) } else { block.tally };
        BlockView {
            seat: block.seat,
            epoch: block.epoch,
            order,
            weight: block.weight,
            positive: tally.positive(),
            negative: tally.negative(),
            count: tally.count(),
            logged: block.logged,
            passed: block.passed,
            decided: block.decided,
            malicious: block.malicious,
            honest_for_good: block.finished || (block.decided && !block.malicious),
            accuser: block.accuser,
            off: block.off_power().is_some(),
            due: self.is_due(block, now),
            position: block.position,
            rank: block.rank,
            share: block.share(),
            off_power: block.off_power().unwrap_or(0),
            counted_marks: block.marks,
            evidence_binding: block.evidence_binding,
        }
    }

    /// `epochOf`, at a time.
    ///
    /// # Errors
    /// `NetworkNotStarted`, `EpochNotOpened`.
    pub fn epoch_view(&self, epoch: Epoch, timestamp_s: u64) -> Result<EpochView, Rejection> {
        self.clock(timestamp_s)?;
        let record = self.epoch_at(epoch);
        if !record.recorded || record.epoch != epoch {
            return Err(Rejection::EpochNotOpened(epoch));
        }
        let opened = record.index != 0;
        Ok(EpochView {
            epoch,
            opened,
            root: record.root,
            seed_block: record.seed_block,
            roster_epoch: record.roster_epoch,
            roster_size: record.roster_size,
            window_start: record.window_start,
            window_size: record.window_size,
            latest_checks: record.latest_checks,
            suspicious_checks: record.suspicious_checks,
            decision_marks: record.decision_marks,
            previous_opened: record.previous_opened,
            next_opened: record.next_opened,
            weighted_blocks: record.weighted,
            weightless_blocks: record.weightless,
            log_end: record.log_end,
            pot: record.pot,
            left: record.left,
            shares: record.shares,
            policy_digest: record.policy_digest,
            reference_digest: record.reference_digest,
        })
    }

    /// `network`, at a time.
    pub fn network_view(&self, timestamp_s: u64) -> NetworkView {
        let (core, cursor) = (&self.core, &self.core.cursor);
        NetworkView {
            epoch: self.clock(timestamp_s).unwrap_or(0),
            last_opened: cursor.last_opened,
            opened_epochs: core.opening.opened,
            seats: u32::try_from(self.seats.len()).unwrap_or(u32::MAX),
            log_end: cursor.log_end,
            window_start: cursor.window_start,
            window_end: cursor.window_end,
            decision_marks: cursor.decision_marks,
            paused: core.paused,
            resumes_epoch: core.resumes_epoch,
            has_weighted: cursor.weighted_epoch.is_some(),
            weighted_epoch: cursor.weighted_epoch.unwrap_or(0),
            last_seed: core.last_seed,
            carry: core.treasury.carry,
            purses: core.treasury.purses,
            deposits: core.treasury.deposits,
            bounties: core.treasury.bounties,
        }
    }

    /// `logEntry`, at a time.
    ///
    /// # Errors
    /// `NetworkNotStarted`, `LogEntryUnknown`.
    pub fn log_entry(&self, position: u64, timestamp_s: u64) -> Result<LogEntryView, Rejection> {
        let now = self.clock(timestamp_s)?;
        let block = self.log.block(position, now).filter(|_| position < self.core.cursor.log_end);
        let block = block.ok_or(Rejection::LogEntryUnknown { position })?;
        let tally = self.log.tally(position);
        Ok(LogEntryView {
            block: BlockRef { epoch: block.epoch, order: block.order },
            positive: tally.positive(),
            negative: tally.negative(),
            count: tally.count(),
            outcome: self.log.finding(position).code(),
        })
    }

    /// `challengeOf`, at a time.
    ///
    /// # Errors
    /// `SeatUnknown`, `NetworkNotStarted`, `EpochNotOpened`.
    pub fn challenge_of(&self, id: SeatId, timestamp_s: u64) -> Result<B256, Rejection> {
        self.known_seat(id)?;
        self.clock(timestamp_s)?;
        Ok(challenge(self.last_opened()?.root, id))
    }

    /// `assignmentOf`, at a time.
    ///
    /// # Errors
    /// `SeatUnknown`, `NetworkNotStarted`, `EpochNotOpened`.
    pub fn assignment_of(&self, id: SeatId, timestamp_s: u64) -> Result<AssignmentView, Rejection> {
        let seat = self.known_seat(id)?;
        self.clock(timestamp_s)?;
        let record = self.last_opened()?;
        let assignment = self.rank_of(seat, record).and_then(|rank| {
            Assignment::in_order(&record.snapshot(), &record.order, rank)
                .ok()
                .map(|assigned| (rank, assigned))
        });
        let Some((rank, assignment)) = assignment else { return Ok(AssignmentView::default()) };
        let mut view = AssignmentView { rank: Some(rank), ..AssignmentView::default() };
        for check in assignment.checks() {
            match check {
                Check::Latest { rank } => {
                    view.latest.push(BlockRef { epoch: record.roster_epoch, order: rank });
                }
                Check::Suspicious { entry } => view.positions.push(record.window_start + u64::from(entry)),
                Check::Empty => view.positions.push(EMPTY_PLACE),
            }
        }
        Ok(view)
    }

    /// What a publication of the seat with these marks has to state of the latest blocks, at a time
    /// ([`latest_bindings`](crate::latest_bindings)). No view of the contract: a device makes it of the records that it judged.
    ///
    /// # Errors
    /// `SeatUnknown`, `NetworkNotStarted`, `EpochNotOpened`.
    pub fn latest_bindings_of(&self, id: SeatId, marks: Marks, timestamp_s: u64) -> Result<B256, Rejection> {
        let seat = self.known_seat(id)?;
        self.clock(timestamp_s)?;
        let record = self.last_opened()?;
        let assignment = self
            .rank_of(seat, record)
            .and_then(|rank| Assignment::in_order(&record.snapshot(), &record.order, rank).ok());
        Ok(assignment.map_or(B256::ZERO, |it| self.judged(record.roster_epoch, it.latest_ranks(), marks)))
    }

    fn last_opened(&self) -> Result<&EpochRecord, Rejection> {
        let epoch = self.core.cursor.last_opened;
        let record = self.epoch_at(epoch);
        let opened = self.core.opening.opened != 0 && record.epoch == epoch;
        if opened { Ok(record) } else { Err(Rejection::EpochNotOpened(epoch)) }
    }
}
