//! The contract's views as the model's, field by field.

use alloy_primitives::aliases::U40;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_protocol::machine::{
    Announced, AssignmentView, BlockRef, BlockView, DeviceTrust, EpochView, FundsView, LogEntryView,
    NetworkView, PowerView, ReferenceValue, SeatView,
};
use multee_protocol::{DeviceId, Marks, SeatId};

use crate::words::{Unreadable, amount, parameters, reference_value, score, tier};

/// `seatOf`.
///
/// # Errors
/// For a tier or a score that is none.
pub fn seat(v: &contract::SeatView) -> Result<SeatView, Unreadable> {
    let none = Unreadable::OutOfRange { what: "a seat's tier", value: alloy_primitives::U256::ZERO };
    Ok(SeatView {
        provider: v.provider,
        operator: v.operator,
        device_id: DeviceId(v.deviceId),
        incarnation: v.incarnation,
        measurement: v.measurement,
        last_digest: v.lastDigest,
        identity: v.identity,
        since_epoch: v.sinceEpoch,
        joined_index: v.joinedIndex,
        suspended_epoch: v.suspendedEpoch,
        unbonded_epoch: v.unbondedEpoch,
        last_epoch: v.lastEpoch,
        last_good_epoch: v.lastGoodEpoch,
        seen_index: v.seenIndex,
        has_published: v.hasPublished,
        has_good_block: v.hasGoodBlock,
        admitted: v.admitted,
        exiting: v.exiting,
        tier: tier(v.tier)?.ok_or(none)?,
        score: score(v.score)?,
        streak: v.streak,
        penalties: v.penalties,
        power: power(&v.power),
        funds: funds(&v.funds),
    })
}

fn power(v: &contract::PowerView) -> PowerView {
    PowerView {
        verified: v.verified,
        unverified: v.unverified,
        off_epoch: v.offEpoch,
        has_block: v.hasBlock,
        block_epoch: v.blockEpoch,
    }
}

fn funds(v: &contract::FundsView) -> FundsView {
    FundsView {
        deposit: v.deposit,
        paid_out: v.paidOut,
        new_rewards: v.newRewards,
        old_rewards: v.oldRewards,
        matured_rewards: v.maturedRewards,
        rolled_epoch: v.rolledEpoch,
    }
}

/// `blockOf`, `blockOfSeat`.
pub fn block(v: &contract::BlockView) -> BlockView {
    BlockView {
        seat: SeatId(v.seat),
        epoch: v.epoch,
        order: v.order,
        weight: v.weight,
        positive: v.positive,
        negative: v.negative,
        count: v.count,
        logged: v.logged,
        passed: v.passed,
        decided: v.decided,
        malicious: v.malicious,
        honest_for_good: v.honestForGood,
        accuser: v.accuser,
        off: v.off,
        due: v.due,
        position: v.position.to(),
        rank: v.rank,
        share: v.share,
        off_power: v.offPower,
        counted_marks: Marks(v.countedMarks),
        evidence_binding: v.evidenceBinding,
    }
}

/// `epochOf`.
///
/// # Errors
/// For a sum of shares beyond 128 bits.
pub fn epoch(v: &contract::EpochView) -> Result<EpochView, Unreadable> {
    Ok(EpochView {
        epoch: v.epoch,
        opened: v.opened,
        root: v.root,
        seed_block: v.seedBlock,
        roster_epoch: v.rosterEpoch,
        roster_size: v.rosterSize,
        window_start: v.windowStart.to(),
        window_size: v.windowSize,
        latest_checks: v.latestChecks,
        suspicious_checks: v.suspiciousChecks,
        decision_marks: v.decisionMarks,
        previous_opened: v.previousOpened,
        next_opened: v.nextOpened,
        weighted_blocks: v.weightedBlocks,
        weightless_blocks: v.weightlessBlocks,
        log_end: v.logEnd.to(),
        pot: v.pot,
        left: v.left,
        shares: amount("a sum of shares", v.shares)?,
        policy_digest: v.policyDigest,
        reference_digest: v.referenceDigest,
    })
}

/// `network`.
pub fn network(v: &contract::NetworkView) -> NetworkView {
    NetworkView {
        epoch: v.epoch,
        last_opened: v.lastOpened,
        opened_epochs: v.openedEpochs,
        seats: v.seats,
        log_end: v.logEnd.to(),
        window_start: v.windowStart.to(),
        window_end: v.windowEnd.to(),
        decision_marks: v.decisionMarks,
        paused: v.paused,
        resumes_epoch: v.resumesEpoch,
        has_weighted: v.hasWeighted,
        weighted_epoch: v.weightedEpoch,
        last_seed: v.lastSeed,
        carry: v.carry,
        purses: v.purses,
        deposits: v.deposits,
        bounties: v.bounties,
    }
}

/// `trustOf`.
///
/// # Errors
/// For a tier or a score that is none.
pub fn trust(v: &contract::Trust) -> Result<DeviceTrust, Unreadable> {
    Ok(DeviceTrust {
        seat: SeatId(v.seat),
        tier: tier(v.tier)?,
        score: score(v.score)?,
        operational: v.operational,
        flagged: v.flagged,
        incarnation: v.incarnation,
        measurement: v.measurement,
        has_good_block: v.hasGoodBlock,
        last_good_epoch: v.lastGoodEpoch,
        deposit: v.deposit,
    })
}

/// `logEntry`.
pub fn log_entry(v: &contract::logEntryReturn) -> LogEntryView {
    LogEntryView {
        block: block_ref(&v.r#ref),
        positive: v.positive,
        negative: v.negative,
        count: v.count,
        outcome: v.outcome,
    }
}

/// `assignmentOf`.
pub fn assignment(v: &contract::assignmentOfReturn) -> AssignmentView {
    AssignmentView {
        rank: v.ranked.then_some(v.rank),
        latest: v.latest.iter().map(block_ref).collect(),
        positions: v.positions.iter().map(U40::to).collect(),
    }
}

/// `announcedParameters`.
pub fn announced(v: &contract::announcedParametersReturn) -> Option<Announced> {
    let parameters = parameters(&v.parameters_);
    v.announced.then_some(Announced { from_epoch: v.fromEpoch, parameters })
}

/// `referenceValues`: the values.
pub fn references(v: &contract::referenceValuesReturn) -> Vec<ReferenceValue> {
    v.values.iter().map(reference_value).collect()
}

fn block_ref(v: &contract::BlockRef) -> BlockRef {
    BlockRef { epoch: v.epoch, order: v.order }
}
