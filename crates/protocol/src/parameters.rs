//! The numbers a network runs with, their defaults and their bounds.
//!
//! Changes are bounded in code, so that whoever holds the owner's key cannot turn the rules off: the contract
//! refuses what [`Parameters::validate`] refuses.

use serde::{Deserialize, Serialize};

use crate::{Gain, Marks};

/// L1 + L2 at most.
#[allow(clippy::cast_possible_truncation, reason = "64")]
const MARK_PLACES: u8 = Marks::PLACES as u8;

/// The largest deposit, and the largest pot from one source: 10³⁰ of the token's smallest unit.
const AMOUNT_MAX: u128 = 1_000_000_000_000_000_000_000_000_000_000;

/// What never changes after deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fixed {
    /// An epoch's length in seconds, 12..=31536000 (a year).
    pub epoch_seconds: u32,
    /// Epochs after which a block is void and its record may be overwritten (R9, R14), 16..=40.
    pub retention_epochs: u8,
    /// Seats there can be, 1..=2²⁰ (R14).
    pub max_seats: u32,
}

impl Default for Fixed {
    fn default() -> Self {
        Self { epoch_seconds: 86_400, retention_epochs: 32, max_seats: 1 << 20 }
    }
}

impl Fixed {
    /// # Errors
    /// Names the first number that is out of its bounds.
    pub fn validate(&self) -> Result<(), ParameterError> {
        self.violations().into_iter().next().map_or(Ok(()), Err)
    }

    /// Every number that is out of its bounds, in the contract's order.
    pub fn violations(&self) -> Vec<ParameterError> {
        let checked = [
            within("epoch_seconds", self.epoch_seconds, 12, 31_536_000),
            within("retention_epochs", self.retention_epochs, 16, 40),
            within("max_seats", self.max_seats, 1, 1 << 20),
        ];
        checked.into_iter().filter_map(Result::err).collect()
    }
}

/// What the owner may change within bounds; a change takes effect at the opening of a later epoch (R2).
///
/// Amounts are in the token's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Parameters {
    /// L1: latest blocks each device checks (R4), 1..=32.
    pub latest_checks: u8,
    /// L2: suspicious blocks each device checks (R4), 2..=64 − L1. One alone could leave a block with half the
    /// checks it should have: seven of thirteen, for one suspicious block among 14 devices.
    pub suspicious_checks: u8,
    /// K: marks a decision asks for in a large network (R5), L2..=90.
    pub decision_marks: u8,
    /// Q: penalty points that block a seat (R9), 1..=255.
    pub max_penalties: u8,
    /// How far a block's power may lie from the last verified (R10), 0..=10000.
    pub power_tolerance_bps: u16,
    /// The part of the distance to its target that a score moves in one step (R9), 1..=10000.
    pub score_gain_bps: u16,
    /// The score of a new seat, and the most a restarted one keeps (R1, R11), 5000..=8999: from lower
    /// an honest newcomer might not be admitted by its first block, from higher it would start with the score
    /// of tier Full.
    pub admission_score: u16,
    /// S: good blocks in a row until steps upward are full ones (R9), 1..=15.
    pub full_gain_streak: u8,
    /// Epochs after passing until a block is honest for good (R9), 1..=11: at the shortest retention a block
    /// must become final before it is void.
    pub finality_epochs: u8,
    /// Epochs a suspended seat waits before it may restart (R11), 0..=1000.
    pub restart_cooldown_epochs: u16,
    /// The deposit of a new seat (R1), 1..=10³⁰: what there is to slash.
    pub min_deposit: u128,
    /// The pot of an epoch, from unallocated funds and as much again out of carry (R12), 0..=10³⁰.
    pub reward_per_epoch: u128,
    /// Epochs in which a bucket of rewards matures (R12), 1..=1825.
    pub reward_delay_epochs: u16,
    /// Epochs between an announced exit and its payment (R13), 1..=3650.
    pub unbonding_epochs: u16,
    /// The part of a full reward that tier Restricted earns (R11), 0..=10000.
    pub restricted_reward_bps: u16,
    /// The part of a deposit that goes to who reports or removes a seat (R1, R15), 0..=5000: a cheat that
    /// reports itself must lose more than it saves.
    pub bounty_bps: u16,
}

impl Default for Parameters {
    /// The protocol's defaults. Deposit and reward have none there: a unit of 10¹⁸ is taken as one token, a
    /// hundred of them as the least deposit and as an epoch's reward.
    fn default() -> Self {
        const TOKEN: u128 = 1_000_000_000_000_000_000;
        Self {
            latest_checks: 2,
            suspicious_checks: 40,
            decision_marks: 52,
            max_penalties: 13,
            power_tolerance_bps: 1000,
            score_gain_bps: 3000,
            admission_score: 7500,
            full_gain_streak: 5,
            finality_epochs: 8,
            restart_cooldown_epochs: 1,
            min_deposit: 100 * TOKEN,
            reward_per_epoch: 100 * TOKEN,
            reward_delay_epochs: 90,
            unbonding_epochs: 14,
            restricted_reward_bps: 5000,
            bounty_bps: 1000,
        }
    }
}

/// Why a network cannot run with these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// One number lies outside its bounds.
    #[error("{name} is {value}, outside {min}..={max}")]
    OutOfBounds {
        /// The field's name.
        name: &'static str,
        /// Its value.
        value: u128,
        /// The least that is allowed.
        min: u128,
        /// The most that is allowed.
        max: u128,
    },
}

impl ParameterError {
    /// The field's name as the contract's errors have it.
    pub fn contract_name(&self) -> &'static str {
        let Self::OutOfBounds { name, .. } = self;
        CONTRACT_NAMES.iter().find(|names| names.0 == *name).map_or(name, |names| names.1)
    }
}

/// Names of fields here and in the contract.
const CONTRACT_NAMES: [(&str, &str); 19] = [
    ("epoch_seconds", "epochSeconds"),
    ("retention_epochs", "retentionEpochs"),
    ("max_seats", "maxSeats"),
    ("latest_checks", "latestChecks"),
    ("suspicious_checks", "suspiciousChecks"),
    ("decision_marks", "decisionMarks"),
    ("max_penalties", "maxPenalties"),
    ("full_gain_streak", "fullGainStreak"),
    ("finality_epochs", "finalityEpochs"),
    ("power_tolerance_bps", "powerToleranceBps"),
    ("score_gain_bps", "scoreGainBps"),
    ("admission_score", "admissionScore"),
    ("restart_cooldown_epochs", "restartCooldownEpochs"),
    ("reward_delay_epochs", "rewardDelayEpochs"),
    ("unbonding_epochs", "unbondingEpochs"),
    ("restricted_reward_bps", "restrictedRewardBps"),
    ("bounty_bps", "bountyBps"),
    ("min_deposit", "minDeposit"),
    ("reward_per_epoch", "rewardPerEpoch"),
];

impl Parameters {
    /// Whether a network can run with these numbers.
    ///
    /// # Errors
    /// Names the first number that is out of its bounds, in the contract's order.
    pub fn validate(&self) -> Result<(), ParameterError> {
        self.violations().into_iter().next().map_or(Ok(()), Err)
    }

    /// Every number that is out of its bounds, in the contract's order.
    pub fn violations(&self) -> Vec<ParameterError> {
        let checked = self.checked_checks().into_iter().chain(self.checked_trust());
        checked.chain(self.checked_economy()).filter_map(Result::err).collect()
    }

    /// How fast scores move.
    pub fn gain(&self) -> Gain {
        Gain { gain_bps: self.score_gain_bps, full_streak: self.full_gain_streak }
    }

    fn checked_checks(&self) -> [Result<(), ParameterError>; 3] {
        let places = MARK_PLACES.saturating_sub(self.latest_checks);
        [
            within("latest_checks", self.latest_checks, 1, 8),
            within("suspicious_checks", self.suspicious_checks, 2, places),
            within("decision_marks", self.decision_marks, self.suspicious_checks, 90),
        ]
    }

    fn checked_trust(&self) -> [Result<(), ParameterError>; 7] {
        [
            within("max_penalties", self.max_penalties, 1, u8::MAX),
            within("full_gain_streak", self.full_gain_streak, 1, 15),
            within("finality_epochs", self.finality_epochs, 1, 11),
            within("power_tolerance_bps", self.power_tolerance_bps, 0, 10_000_u16),
            within("score_gain_bps", self.score_gain_bps, 1, 10_000_u16),
            within("admission_score", self.admission_score, 5000_u16, 8999_u16),
            within("restart_cooldown_epochs", self.restart_cooldown_epochs, 0, 1000_u16),
        ]
    }

    fn checked_economy(&self) -> [Result<(), ParameterError>; 6] {
        [
            within("reward_delay_epochs", self.reward_delay_epochs, 1, 1825_u16),
            within("unbonding_epochs", self.unbonding_epochs, 1, 3650_u16),
            within("restricted_reward_bps", self.restricted_reward_bps, 0, 10_000_u16),
            within("bounty_bps", self.bounty_bps, 0, 5000_u16),
            within("min_deposit", self.min_deposit, 1, AMOUNT_MAX),
            within("reward_per_epoch", self.reward_per_epoch, 0, AMOUNT_MAX),
        ]
    }
}

fn within<N: Into<u128>>(name: &'static str, value: N, min: N, max: N) -> Result<(), ParameterError> {
    let (value, min, max) = (value.into(), min.into(), max.into());
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ParameterError::OutOfBounds { name, value, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default with one change.
    fn with(change: impl FnOnce(&mut Parameters)) -> Parameters {
        let mut parameters = Parameters::default();
        change(&mut parameters);
        parameters
    }

    fn refused_field(parameters: Parameters) -> &'static str {
        match parameters.validate() {
            Err(ParameterError::OutOfBounds { name, .. }) => name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_defaults_are_within_their_bounds() {
        assert_eq!(Parameters::default().validate(), Ok(()));
        assert_eq!(Fixed::default().validate(), Ok(()));
    }

    #[test]
    fn the_bounds_themselves_are_allowed() {
        let least = Parameters {
            latest_checks: 1,
            suspicious_checks: 2,
            decision_marks: 2,
            max_penalties: 1,
            power_tolerance_bps: 0,
            score_gain_bps: 1,
            admission_score: 5000,
            full_gain_streak: 1,
            finality_epochs: 1,
            restart_cooldown_epochs: 0,
            min_deposit: 1,
            reward_per_epoch: 0,
            reward_delay_epochs: 1,
            unbonding_epochs: 1,
            restricted_reward_bps: 0,
            bounty_bps: 0,
        };
        let most = Parameters {
            latest_checks: 8,
            suspicious_checks: 56,
            decision_marks: 90,
            max_penalties: 255,
            power_tolerance_bps: 10_000,
            score_gain_bps: 10_000,
            admission_score: 8999,
            full_gain_streak: 15,
            finality_epochs: 11,
            restart_cooldown_epochs: 1000,
            min_deposit: AMOUNT_MAX,
            reward_per_epoch: AMOUNT_MAX,
            reward_delay_epochs: 1825,
            unbonding_epochs: 3650,
            restricted_reward_bps: 10_000,
            bounty_bps: 5000,
        };
        assert_eq!((least.validate(), most.validate()), (Ok(()), Ok(())));
        assert_eq!(with(|p| (p.latest_checks, p.suspicious_checks) = (8, 52)).validate(), Ok(()));
    }

    #[test]
    fn one_beyond_a_bound_is_refused_by_name() {
        assert_eq!(refused_field(with(|p| p.latest_checks = 0)), "latest_checks");
        assert_eq!(refused_field(with(|p| p.latest_checks = 9)), "latest_checks");
        assert_eq!(refused_field(with(|p| p.suspicious_checks = 1)), "suspicious_checks");
        assert_eq!(refused_field(with(|p| p.suspicious_checks = 63)), "suspicious_checks");
        assert_eq!(refused_field(with(|p| p.decision_marks = 39)), "decision_marks");
        assert_eq!(refused_field(with(|p| p.decision_marks = 91)), "decision_marks");
        assert_eq!(refused_field(with(|p| p.max_penalties = 0)), "max_penalties");
        assert_eq!(refused_field(with(|p| p.power_tolerance_bps = 10_001)), "power_tolerance_bps");
        assert_eq!(refused_field(with(|p| p.score_gain_bps = 0)), "score_gain_bps");
        assert_eq!(refused_field(with(|p| p.score_gain_bps = 10_001)), "score_gain_bps");
        assert_eq!(refused_field(with(|p| p.admission_score = 4999)), "admission_score");
        assert_eq!(refused_field(with(|p| p.admission_score = 9000)), "admission_score");
        assert_eq!(refused_field(with(|p| p.full_gain_streak = 0)), "full_gain_streak");
        assert_eq!(refused_field(with(|p| p.full_gain_streak = 16)), "full_gain_streak");
        assert_eq!(refused_field(with(|p| p.finality_epochs = 0)), "finality_epochs");
        assert_eq!(refused_field(with(|p| p.finality_epochs = 12)), "finality_epochs");
        assert_eq!(refused_field(with(|p| p.min_deposit = 0)), "min_deposit");
        assert_eq!(refused_field(with(|p| p.min_deposit = AMOUNT_MAX + 1)), "min_deposit");
        assert_eq!(refused_field(with(|p| p.reward_per_epoch = AMOUNT_MAX + 1)), "reward_per_epoch");
        assert_eq!(refused_field(with(|p| p.restart_cooldown_epochs = 1001)), "restart_cooldown_epochs");
        assert_eq!(refused_field(with(|p| p.reward_delay_epochs = 0)), "reward_delay_epochs");
        assert_eq!(refused_field(with(|p| p.reward_delay_epochs = 1826)), "reward_delay_epochs");
        assert_eq!(refused_field(with(|p| p.unbonding_epochs = 0)), "unbonding_epochs");
        assert_eq!(refused_field(with(|p| p.unbonding_epochs = 3651)), "unbonding_epochs");
        assert_eq!(refused_field(with(|p| p.restricted_reward_bps = 10_001)), "restricted_reward_bps");
        assert_eq!(refused_field(with(|p| p.bounty_bps = 5001)), "bounty_bps");
    }

    #[test]
    fn checks_that_do_not_fit_the_marks_are_refused() {
        let with_checks = |suspicious| with(|p| (p.suspicious_checks, p.decision_marks) = (suspicious, 90));
        assert_eq!(with_checks(62).validate(), Ok(()));
        assert_eq!(refused_field(with_checks(63)), "suspicious_checks");
    }

    #[test]
    fn fixed_numbers_have_bounds_too() {
        let fixed = Fixed::default();
        for wrong in [
            Fixed { epoch_seconds: 11, ..fixed },
            Fixed { epoch_seconds: 31_536_001, ..fixed },
            Fixed { retention_epochs: 15, ..fixed },
            Fixed { retention_epochs: 41, ..fixed },
            Fixed { max_seats: 0, ..fixed },
            Fixed { max_seats: (1 << 20) + 1, ..fixed },
        ] {
            assert!(wrong.validate().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_violation_is_told_in_the_contracts_order() {
        let wrong =
            with(|p| (p.reward_per_epoch, p.bounty_bps, p.latest_checks) = (AMOUNT_MAX + 1, 5001, 255));
        let names: Vec<_> = wrong.violations().iter().map(ParameterError::contract_name).collect();
        assert_eq!(names, ["latestChecks", "suspiciousChecks", "bountyBps", "rewardPerEpoch"]);
        assert_eq!(wrong.validate(), Err(wrong.violations()[0]));
    }

    #[test]
    fn an_error_tells_the_value_and_its_bounds() {
        let error = with(|p| p.bounty_bps = 5001).validate().expect_err("refused");
        assert_eq!(error.to_string(), "bounty_bps is 5001, outside 0..=5000");
        assert_eq!(error.contract_name(), "bountyBps");
    }
}
