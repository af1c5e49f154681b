//! The protocol's types as the contract's ABI has them, and back.

use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::ReferenceValue;
use multee_protocol::Parameters;

use crate::FoundingSeat;

pub(crate) fn found_call(seat: &FoundingSeat) -> contract::foundCall {
    contract::foundCall {
        provider: seat.provider,
        registration: contract::Registration {
            operator: seat.operator,
            deviceId: seat.device_id.0,
            incarnation: seat.incarnation,
            measurement: seat.measurement,
        },
        verifiedPower: seat.verified_power,
    }
}

pub(crate) fn references_call(values: &[ReferenceValue]) -> contract::setReferenceValuesCall {
    let value = |value: &ReferenceValue| contract::ReferenceValue {
        measurement: value.measurement,
        fromEpoch: value.from_epoch,
        untilEpoch: value.until_epoch,
    };
    contract::setReferenceValuesCall { values: values.iter().map(value).collect() }
}

pub(crate) fn references(values: &[contract::ReferenceValue]) -> Vec<ReferenceValue> {
    let value = |value: &contract::ReferenceValue| ReferenceValue {
        measurement: value.measurement,
        from_epoch: value.fromEpoch,
        until_epoch: value.untilEpoch,
    };
    values.iter().map(value).collect()
}

pub(crate) fn parameters(p: &contract::Parameters) -> Parameters {
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

pub(crate) fn parameters_call(p: &Parameters) -> contract::announceParametersCall {
    contract::announceParametersCall {
        parameters_: contract::Parameters {
            latestChecks: p.latest_checks,
            suspiciousChecks: p.suspicious_checks,
            decisionMarks: p.decision_marks,
            maxPenalties: p.max_penalties,
            fullGainStreak: p.full_gain_streak,
            finalityEpochs: p.finality_epochs,
            powerToleranceBps: p.power_tolerance_bps,
            scoreGainBps: p.score_gain_bps,
            admissionScore: p.admission_score,
            restartCooldownEpochs: p.restart_cooldown_epochs,
            rewardDelayEpochs: p.reward_delay_epochs,
            unbondingEpochs: p.unbonding_epochs,
            restrictedRewardBps: p.restricted_reward_bps,
            bountyBps: p.bounty_bps,
            minDeposit: p.min_deposit,
            rewardPerEpoch: p.reward_per_epoch,
        },
    }
}
