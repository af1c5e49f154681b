//! The contract's terms as this house has them.

use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::ReferenceValue;
use multee_protocol::Parameters;

pub(super) fn reference_value(value: &contract::ReferenceValue) -> ReferenceValue {
    ReferenceValue {
        measurement: value.measurement,
        from_epoch: value.fromEpoch,
        until_epoch: value.untilEpoch,
    }
}

/// The contract's parameters as the model has them.
pub(super) fn parameters(p: &contract::Parameters) -> Parameters {
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
