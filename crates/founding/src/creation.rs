//! What the contracts of a network are created with. Reader first, then registry, then contract: each must be given the
//! one before.

use alloy_primitives::Address;
use multee_chain::Transaction;
use multee_chain::bindings::deployed::{ProofOfAttestation, Reader, Registry, TestToken};
use multee_protocol::{Fixed, Parameters};

/// What never changes after deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The ERC-20 token of deposits and rewards.
    pub token: Address,
    /// Who founds, and governs at first.
    pub owner: Address,
    /// When epoch 0 starts, in seconds since the Unix epoch.
    pub genesis_s: u64,
    /// The numbers.
    pub fixed: Fixed,
}

/// The three contracts have each a type of its own for the same settings.
macro_rules! settings {
    ($contract:ident, $settings:expr) => {
        $contract::Settings {
            token: $settings.token,
            owner: $settings.owner,
            genesis: $settings.genesis_s,
            epochSeconds: $settings.fixed.epoch_seconds,
            retentionEpochs: $settings.fixed.retention_epochs.into(),
            maxSeats: $settings.fixed.max_seats,
        }
    };
}

pub(crate) fn token() -> Transaction {
    Transaction::deploy(&TestToken::BYTECODE, &TestToken::constructorCall {})
}

pub(crate) fn reader(settings: &Settings) -> Transaction {
    let arguments = Reader::constructorCall { settings_: settings!(Reader, settings) };
    Transaction::deploy(&Reader::BYTECODE, &arguments)
}

pub(crate) fn registry(settings: &Settings, reader: Address) -> Transaction {
    let arguments = Registry::constructorCall { settings_: settings!(Registry, settings), reader_: reader };
    Transaction::deploy(&Registry::BYTECODE, &arguments)
}

pub(crate) fn contract(settings: &Settings, parameters: &Parameters, registry: Address) -> Transaction {
    let arguments = ProofOfAttestation::constructorCall {
        settings_: settings!(ProofOfAttestation, settings),
        parameters_: contract_parameters(parameters),
        registry_: registry,
    };
    Transaction::deploy(&ProofOfAttestation::BYTECODE, &arguments)
}

fn contract_parameters(p: &Parameters) -> ProofOfAttestation::Parameters {
    ProofOfAttestation::Parameters {
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
