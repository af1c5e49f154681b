//! The parameters as the contract takes them.

use multee_chain::bindings::deployed;
use multee_protocol::Parameters;

pub(crate) fn parameters() -> deployed::ProofOfAttestation::Parameters {
    let p = Parameters::default();
    deployed::ProofOfAttestation::Parameters {
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
    }
}
