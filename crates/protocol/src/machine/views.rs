//! R17: the state as others read it, like the contract's views. Epochs and blocks that a ring has let go are unknown.

use alloy_primitives::{Address, B256};

use super::State;
use super::block::Block;
use super::epoch::EpochRecord;
use super::input::{BlockRef, ReferenceValue};
use super::rejection::Rejection;
use super::view::{
    Announced, AssignmentView, BlockView, DeviceTrust, EpochView, FundsView, LogEntryView, NetworkView,
    PowerView, SeatView, Settings,
};
use crate::{Assignment, Check, Deployment, DeviceId, Epoch, Parameters, Score, SeatId, challenge, identity};

/// The log position that stands for an empty place.
const EMPTY_PLACE: u64 = (1 << 40) - 1;

impl State {
    /// `trustOf`.
    pub fn trust_of(&self, device_id: DeviceId) -> DeviceTrust {
        let bound = self.claim(device_id).bound.and_then(|id| self.seat(id).map(|seat| (id, seat)));
        let Some((id, seat)) = bound else {
            return DeviceTrust {
                seat: SeatId(0),
                tier: None,
                score: Score::ZERO,
                operational: false,
                flagged: false,
                incarnation: Address::ZERO,
                measurement: B256::ZERO,
                has_good_block: false,
                last_good_epoch: 0,
                deposit: 0,
            };
        };
        DeviceTrust {
            seat: id,
            tier: Some(seat.status.standing().tier()),
            score: seat.status.trust.score,
            operational: seat.status.is_operational(),
            flagged: seat.status.is_flagged(),
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            has_good_block: seat.history.last_good().is_some(),
            last_good_epoch: seat.history.last_good().unwrap_or(0),
            deposit: seat.deposit,
        }
    }

    /// `isTrusted`, at a time.
    pub fn is_trusted(
        &self,
        device_id: DeviceId,
        min_score: u16,
        max_age_epochs: u32,
        timestamp_s: u64,
    ) -> bool {
        let Ok(now) = self.clock(timestamp_s) else { return false };
        let Some(seat) = self.claim(device_id).bound.and_then(|id| self.seat(id)) else { return false };
        // A revived seat may run an incarnation that no peer has seen: what a former one did proves nothing of it.
        let good = seat.history.last_good().filter(|good| *good >= seat.status.since_epoch);
        let fresh = good.is_some_and(|good| now.saturating_sub(good) <= max_age_epochs);
        let value = self.references.iter().find(|value| value.measurement == seat.measurement);
        let allowed = value.is_some_and(|value| (value.from_epoch..=value.until_epoch).contains(&now));
        seat.status.is_operational() && seat.status.trust.score.bps() >= min_score && fresh && allowed
    }

    /// `boundSeatOf`.
    pub fn bound_seat_of(&self, device_id: DeviceId) -> Option<SeatId> {
        self.claim(device_id).bound
    }

    /// `seatOf`.
    ///
    /// # Errors
    /// `SeatUnknown`.
    pub fn seat_view(&self, id: SeatId) -> Result<SeatView, Rejection> {
        let seat = self.known_seat(id)?;
        let (status, history, rewards) = (&seat.status, &seat.history, &seat.rewards);
        Ok(SeatView {
            provider: seat.provider,
            operator: seat.operator,
            device_id: seat.device_id,
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            last_digest: seat.last_digest,
            identity: identity(
                seat.operator,
                seat.incarnation,
                seat.device_id,
                seat.measurement,
                seat.certificates_hash,
            ),
            since_epoch: status.since_epoch,
            joined_epoch: seat.joined_epoch,
            suspended_epoch: status.suspended_epoch,
            unbonded_epoch: seat.unbonded_epoch,
            last_epoch: history.last().unwrap_or(0),
            last_good_epoch: history.last_good().unwrap_or(0),
            seen_index: history.seen_index,
            has_published: history.last().is_some(),
            has_good_block: history.last_good().is_some(),
            admitted: status.admitted,
            exiting: status.exiting,
            tier: status.standing().tier(),
            score: status.trust.score,
            streak: status.trust.streak,
            penalties: status.penalties,
            power: PowerView {
                verified: status.verified_power,
                unverified: status.unverified_power,
                off_epoch: status.off_epoch,
                has_block: status.power_epoch.is_some(),
                block_epoch: status.power_epoch.unwrap_or(0),
            },
            funds: FundsView {
                deposit: seat.deposit,
                paid_out: status.paid_out,
                new_rewards: rewards.new,
                old_rewards: rewards.old,
                matured_rewards: rewards.matured,
                rolled_epoch: rewards.rolled_epoch,
            },
        })
    }

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
            paused: core.opening.paused,
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
            outcome: self.log.finding(position) as u8,
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

    fn last_opened(&self) -> Result<&EpochRecord, Rejection> {
        let epoch = self.core.cursor.last_opened;
        let record = self.epoch_at(epoch);
        let opened = self.core.opening.opened != 0 && record.epoch == epoch;
        if opened { Ok(record) } else { Err(Rejection::EpochNotOpened(epoch)) }
    }

    /// `parameters`: the current ones.
    pub fn parameters(&self) -> &Parameters {
        &self.core.parameters
    }

    /// `announcedParameters`.
    pub fn announced_parameters(&self) -> Option<Announced> {
        self.core.announced.map(|(from_epoch, parameters)| Announced { from_epoch, parameters })
    }

    /// `referenceValues`: the values.
    pub fn reference_values(&self) -> &[ReferenceValue] {
        &self.references
    }

    /// `referenceValues`: the digest.
    pub fn reference_digest(&self) -> B256 {
        self.core.reference_digest
    }

    /// `policyDigest`.
    pub fn policy_digest(&self) -> B256 {
        self.core.policy_digest
    }

    /// `bountyOf`.
    pub fn bounty_of(&self, account: Address) -> u128 {
        self.bounties.get(&account).copied().unwrap_or(0)
    }

    /// `owner`.
    pub fn owner(&self) -> Address {
        self.core.owner
    }

    /// `pendingOwner`.
    pub fn pending_owner(&self) -> Address {
        self.core.pending_owner
    }

    /// `settings`.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The contract.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// What the contract holds of the token, in its smallest unit.
    pub fn balance(&self) -> u128 {
        self.core.treasury.balance
    }
}
