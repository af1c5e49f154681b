//! One scenario over ranges of its numbers.

use std::str::FromStr;

use serde::Serialize;

use crate::error::SimulationError;
use crate::parallel::{Runs, simulate};
use crate::scenario::{Scenario, ScenarioError};
use crate::summary::Summary;

/// Points of a sweep at most.
const POINTS_MAX: usize = 10_000;

/// A number of a scenario that can be varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Knob {
    /// Devices in all.
    Devices,
    /// The adversary's devices.
    Abusive,
    /// L1 (R4).
    LatestChecks,
    /// L2 (R4).
    SuspiciousChecks,
    /// K (R5).
    DecisionMarks,
    /// Q (R9).
    MaxPenalties,
    /// The gain in basis points (R9).
    ScoreGain,
    /// S (R9).
    FullGainStreak,
    /// Epochs from passing to honest for good (R9).
    FinalityEpochs,
    /// Basis points (R11).
    AdmissionScore,
    /// Epochs (R11).
    RestartCooldown,
    /// The power of the score that a mark weighs by (R7), varied.
    WeightExponent,
}

impl Knob {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Devices,
        Self::Abusive,
        Self::LatestChecks,
        Self::SuspiciousChecks,
        Self::DecisionMarks,
        Self::MaxPenalties,
        Self::ScoreGain,
        Self::FullGainStreak,
        Self::FinalityEpochs,
        Self::AdmissionScore,
        Self::RestartCooldown,
        Self::WeightExponent,
    ];

    /// The name on the command line, which is that of the flag.
    pub fn name(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Abusive => "abusive",
            Self::LatestChecks => "latest-checks",
            Self::SuspiciousChecks => "suspicious-checks",
            Self::DecisionMarks => "decision-marks",
            Self::MaxPenalties => "max-penalties",
            Self::ScoreGain => "score-gain",
            Self::FullGainStreak => "full-gain-streak",
            Self::FinalityEpochs => "finality-epochs",
            Self::AdmissionScore => "admission-score",
            Self::RestartCooldown => "restart-cooldown",
            Self::WeightExponent => "weight-exponent",
        }
    }

    /// The scenario with this number set; one that does not fit its field is as far out of bounds as can be.
    fn set(self, mut scenario: Scenario, value: u32) -> Scenario {
        let small = || u8::try_from(value).unwrap_or(u8::MAX);
        let middle = || u16::try_from(value).unwrap_or(u16::MAX);
        let parameters = &mut scenario.parameters;
        match self {
            Self::Devices => scenario.devices = value,
            Self::Abusive => scenario.abusive = value,
            Self::WeightExponent => scenario.variation.weight_exponent = small(),
            Self::LatestChecks => parameters.latest_checks = small(),
            Self::SuspiciousChecks => parameters.suspicious_checks = small(),
            Self::DecisionMarks => parameters.decision_marks = small(),
            Self::MaxPenalties => parameters.max_penalties = small(),
            Self::ScoreGain => parameters.score_gain_bps = middle(),
            Self::FullGainStreak => parameters.full_gain_streak = small(),
            Self::FinalityEpochs => parameters.finality_epochs = small(),
            Self::AdmissionScore => parameters.admission_score = middle(),
            Self::RestartCooldown => parameters.restart_cooldown_epochs = middle(),
        }
        scenario
    }
}

/// Values of a number: `NAME=A,B,C`, or `NAME=FROM..TO:STEP` with both ends, or a mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Which number.
    pub knob: Knob,
    /// Its values.
    pub values: Vec<u32>,
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// No such number.
    #[error("{name:?} cannot be varied; these can: {}", names())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// Something else than numbers.
    #[error("{0:?} is neither a list A,B,C nor a range FROM..TO:STEP")]
    Values(String),
    /// Too much of it.
    #[error("a range has at most {POINTS_MAX} values")]
    TooMany,
}

fn names() -> String {
    Knob::ALL.map(Knob::name).join(", ")
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let (name, list) = text.split_once('=').ok_or_else(|| RangeError::Values(text.to_owned()))?;
        let knob = Knob::ALL.into_iter().find(|knob| knob.name() == name);
        let knob = knob.ok_or_else(|| RangeError::Unknown { name: name.to_owned() })?;
        let mut values = Vec::new();
        for part in list.split(',') {
            let (from, to, step) = bounds(part).ok_or_else(|| RangeError::Values(part.to_owned()))?;
            // One more than there may be tells that there are too many.
            values.extend((from..=to).step_by(step).take(POINTS_MAX + 1));
            if values.len() > POINTS_MAX {
                return Err(RangeError::TooMany);
            }
        }
        Ok(Self { knob, values })
    }
}

/// From, to and step of a part of a list; a single number is a range of one.
fn bounds(part: &str) -> Option<(u32, u32, usize)> {
    let Some((from, rest)) = part.split_once("..") else {
        let value = part.parse().ok()?;
        return Some((value, value, 1));
    };
    let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let (from, to, step) = (from.parse().ok()?, to.parse().ok()?, step.parse().ok()?);
    (from <= to && step > 0).then_some((from, to, step))
}

/// One point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The values at it, one for each range.
    pub values: Vec<u32>,
    /// Runs in which every abusive device was blocked, and not every honest one.
    pub won: u32,
    /// Runs in which every honest device was blocked: the wrong camp won.
    pub lost: u32,
    /// Runs in which no honest device was blocked.
    pub unharmed: u32,
    /// Means and spread over the runs.
    #[serde(flatten)]
    pub summary: Summary,
}

/// Plays a scenario at every combination of values, the last range fastest.
///
/// # Errors
/// If one of the scenarios makes no sense, before anything runs.
pub fn sweep(
    base: &Scenario,
    ranges: &[Range],
    runs: Runs,
    told: &(dyn Fn() + Sync),
) -> Result<Vec<Point>, SimulationError> {
    let scenarios = combinations(base, ranges)?;
    scenarios.into_iter().map(|(values, scenario)| point(values, &scenario, runs, told)).collect()
}

/// Every combination of values, with the scenario that it makes.
fn combinations(base: &Scenario, ranges: &[Range]) -> Result<Vec<(Vec<u32>, Scenario)>, ScenarioError> {
    let points = ranges.iter().try_fold(1_usize, |points, range| points.checked_mul(range.values.len()));
    if points.is_none_or(|points| points > POINTS_MAX) {
        let value = points.and_then(|points| u32::try_from(points).ok()).unwrap_or(u32::MAX);
        return Err(ScenarioError::Strategy {
            what: "the number of combinations",
            value,
            bounds: "at most 10000",
        });
    }
    let mut all = vec![(Vec::new(), *base)];
    for range in ranges {
        let with = |(values, scenario): &(Vec<u32>, Scenario), value: u32| {
            ([values.as_slice(), &[value]].concat(), range.knob.set(*scenario, value))
        };
        all =
            all.iter().flat_map(|point| range.values.iter().map(move |value| with(point, *value))).collect();
    }
    all.iter().try_for_each(|(_, scenario)| scenario.validate())?;
    Ok(all)
}

fn point(
    values: Vec<u32>,
    scenario: &Scenario,
    runs: Runs,
    told: &(dyn Fn() + Sync),
) -> Result<Point, SimulationError> {
    let runs = simulate(scenario, runs, told)?;
    let (abusive, honest) = (scenario.abusive, scenario.honest());
    let count = |holds: &dyn Fn(u32, bool) -> bool| {
        let held = runs.iter().filter(|run| holds(run.honest_blocked, run.is_won(abusive, honest))).count();
        u32::try_from(held).unwrap_or(u32::MAX)
    };
    Ok(Point {
        values,
        won: count(&|_, won| won),
        lost: count(&|blocked, _| honest > 0 && blocked == honest),
        unharmed: count(&|blocked, _| blocked == 0),
        summary: Summary::of(&runs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Rules;

    fn range(text: &str) -> Range {
        text.parse().expect("a range")
    }

    #[test]
    fn ranges_are_lists_and_steps() {
        assert_eq!(range("abusive=1,5,10..20:5").values, [1, 5, 10, 15, 20]);
        assert_eq!(range("score-gain=3..5").values, [3, 4, 5]);
        for wrong in ["abusive", "abusive=", "abusive=x", "abusive=5..1", "abusive=1..5:0"] {
            assert!(matches!(wrong.parse::<Range>(), Err(RangeError::Values(_))), "{wrong}");
        }
        let unknown = "gain=3".parse::<Range>().expect_err("unknown").to_string();
        assert!(unknown.starts_with("\"gain\" cannot be varied; these can: devices, abusive"), "{unknown}");
        assert_eq!("devices=0..4000000000".parse::<Range>(), Err(RangeError::TooMany));
    }

    #[test]
    fn every_combination_is_played_the_last_range_fastest() {
        let base = Scenario { epochs_max: 3, ..Scenario::new(Rules::Multee, 10, 2) };
        let ranges = [range("abusive=1,2"), range("score-gain=1000,3000")];
        let points = sweep(&base, &ranges, Runs { runs: 2, threads: 1 }, &|| ()).expect("played");
        let values: Vec<_> = points.iter().map(|point| point.values.as_slice()).collect();
        assert_eq!(values, [[1, 1000], [1, 3000], [2, 1000], [2, 3000]]);
        assert!(points.iter().all(|point| (point.won, point.lost, point.unharmed) == (0, 0, 2)));
    }

    #[test]
    fn nothing_runs_if_one_of_them_makes_no_sense() {
        let base = Scenario::new(Rules::Multee, 10, 2);
        let told = || panic!("an epoch was played");
        let refused = sweep(&base, &[range("abusive=1,11")], Runs::on_all_cores(1), &told);
        assert!(refused.is_err());
        let many = [range("abusive=0..2"), range("score-gain=1..9999")];
        assert!(sweep(&base, &many, Runs::on_all_cores(1), &told).is_err());
    }
}
