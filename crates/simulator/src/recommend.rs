//! Parameters for a network, by search: the cheapest that withstand what is expected, and how much more they withstand.

use multee_protocol::Parameters;
use serde::Serialize;

use crate::error::SimulationError;
use crate::measure::Run;
use crate::parallel::{Runs, simulate};
use crate::scenario::{Rules, Scenario, ScenarioError};
use crate::strategy::{Evidence, Order, Strategy};

/// Larger networks are played with so many devices: what decides is how many marks a block gets, and with more
/// devices chance evens out.
const PLAYED_DEVICES_MAX: u32 = 1000;
/// L2 and K that are tried. In all of them a window has room for some seven tenths of the blocks of an epoch (R5).
const CHECKS: [(u8, u8); 5] = [(12, 16), (20, 26), (30, 39), (40, 52), (54, 70)];
/// Gains that are tried, basis points.
const GAINS_BPS: [u16; 3] = [1500, 3000, 5000];
/// How long an attack is played, in epochs.
const EPOCHS: u32 = 60;
/// How long opportunists are played: they are not found, and penalty points add up.
const EPOCHS_OF_FORESIGHT: u32 = 200;
/// Shares of abusive devices for which it is found out what the recommended parameters withstand, in percent.
const SHARES: [u32; 10] = [10, 20, 30, 35, 40, 43, 45, 47, 48, 49];
/// At even numbers nothing helps.
const SHARE_MAX: u32 = 49;

/// What parameters are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Devices in all.
    pub devices: u32,
    /// The share of abusive devices that must be withstood, in percent.
    pub abusive_percent: u32,
    /// What chance grows from.
    pub seed: u64,
}

/// How parameters did under the two attacks that matter most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// L2.
    pub suspicious_checks: u8,
    /// K.
    pub decision_marks: u8,
    /// Basis points.
    pub score_gain_bps: u16,
    /// Whether no honest device was blocked, and the abusive lost their weight.
    pub withstands: bool,
    /// Honest devices that were ever suspended, on average of all runs.
    pub honest_suspended: f64,
    /// The epoch from which on colluders with forged evidence have less than 5 % of the weight, on average; `None` if
    /// in some run they never do.
    pub weight_under_5pct: Option<f64>,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recommendation {
    /// The parameters; `None` if no candidate withstands what is expected.
    pub parameters: Option<Parameters>,
    /// The largest share of colluders with forged evidence, publishing first, that they withstood, in percent.
    pub withstands_forged_percent: u32,
    /// The largest share of slanderers with genuine evidence that they withstood, in percent.
    pub withstands_genuine_percent: u32,
    /// The largest share of opportunists with genuine evidence that blocked no honest device in 200 epochs, in percent.
    /// They keep their weight ([`Strategy::Opportunist`]).
    pub withstands_foresight_percent: u32,
    /// The size of the networks that were played.
    pub played_devices: u32,
    /// All that was tried.
    pub candidates: Vec<Candidate>,
}

/// What is tried against parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attack {
    /// Collusion with forged evidence.
    Forged,
    /// Collusion with genuine evidence, which is slander.
    Genuine,
    /// Slander only where the liars prevail.
    Foresight,
}

impl Attack {
    fn waged(self, scenario: Scenario) -> Scenario {
        let evidence = if self == Self::Forged { Evidence::Forged } else { Evidence::Genuine };
        match self {
            Self::Forged | Self::Genuine => Scenario { evidence, ..scenario },
            Self::Foresight => Scenario {
                evidence,
                strategy: Strategy::Opportunist,
                epochs_max: EPOCHS_OF_FORESIGHT,
                ..scenario
            },
        }
    }

    /// No honest device was blocked, and the liars ended with less than a fifth of the weight, if anything takes it.
    fn is_withstood(self, run: &Run) -> bool {
        run.honest_blocked == 0 && (self == Self::Foresight || run.abusive_weight_end < 0.2)
    }
}

#[derive(Clone, Copy)]
struct Search<'a> {
    need: Need,
    runs: Runs,
    told: &'a (dyn Fn() + Sync),
}

/// How many epochs a search plays at most, for who shows its progress.
pub fn recommend_epochs_max(runs: u32) -> u64 {
    let scenarios = 2 * (CHECKS.len() * GAINS_BPS.len() + SHARES.len());
    let epochs =
        |scenarios: usize, epochs: u32| u64::try_from(scenarios).unwrap_or(u64::MAX) * u64::from(epochs);
    u64::from(runs) * (epochs(scenarios, EPOCHS) + epochs(SHARES.len(), EPOCHS_OF_FORESIGHT))
}

/// Searches for parameters: of those that withstand what is expected those with the fewest checks, for checks cost gas
/// in every epoch; then with the fewest honest suspended; then those that take weight from liars soonest.
///
/// # Errors
/// If devices or share make no sense.
pub fn recommend(
    need: Need,
    runs: Runs,
    told: &(dyn Fn() + Sync),
) -> Result<Recommendation, SimulationError> {
    if need.abusive_percent > SHARE_MAX {
        let (what, value) = ("the share of abusive devices", need.abusive_percent);
        return Err(ScenarioError::Strategy { what, value, bounds: "a minority, at most 49 %" }.into());
    }
    let search = Search { need, runs, told };
    let mut candidates = Vec::new();
    for (suspicious_checks, decision_marks) in CHECKS {
        for score_gain_bps in GAINS_BPS {
            candidates.push(search.tried(suspicious_checks, decision_marks, score_gain_bps)?);
        }
    }
    let best = candidates.iter().filter(|candidate| candidate.withstands).min_by(|a, b| {
        let cost = |candidate: &Candidate| candidate.suspicious_checks;
        let when = |candidate: &Candidate| candidate.weight_under_5pct.unwrap_or(f64::INFINITY);
        cost(a)
            .cmp(&cost(b))
            .then(a.honest_suspended.total_cmp(&b.honest_suspended))
            .then(when(a).total_cmp(&when(b)))
    });
    let parameters = best.map(Candidate::parameters);
    let (forged, genuine, foresight) = match &parameters {
        Some(parameters) => (
            search.withstood(parameters, Attack::Forged)?,
            search.withstood(parameters, Attack::Genuine)?,
            search.withstood(parameters, Attack::Foresight)?,
        ),
        None => (0, 0, 0),
    };
    Ok(Recommendation {
        parameters,
        withstands_forged_percent: forged,
        withstands_genuine_percent: genuine,
        withstands_foresight_percent: foresight,
        played_devices: search.devices(),
        candidates,
    })
}

impl Candidate {
    fn parameters(&self) -> Parameters {
        Parameters {
            suspicious_checks: self.suspicious_checks,
            decision_marks: self.decision_marks,
            score_gain_bps: self.score_gain_bps,
            ..Parameters::default()
        }
    }
}

impl Search<'_> {
    fn devices(&self) -> u32 {
        self.need.devices.min(PLAYED_DEVICES_MAX)
    }

    /// Liars of one kind, in the order of publication that suits them best.
    fn attacked(
        &self,
        parameters: Parameters,
        attack: Attack,
        percent: u32,
    ) -> Result<(Scenario, Vec<Run>), SimulationError> {
        let abusive = (self.devices() * percent).div_ceil(100);
        let scenario = attack.waged(Scenario {
            parameters,
            order: Order::AbusiveFirst,
            epochs_max: EPOCHS,
            seed: self.need.seed,
            ..Scenario::new(Rules::Multee, self.devices(), abusive)
        });
        Ok((scenario, simulate(&scenario, self.runs, self.told)?))
    }

    fn tried(&self, l2: u8, k: u8, gain_bps: u16) -> Result<Candidate, SimulationError> {
        let mut candidate = Candidate {
            suspicious_checks: l2,
            decision_marks: k,
            score_gain_bps: gain_bps,
            withstands: false,
            honest_suspended: 0.0,
            weight_under_5pct: None,
        };
        let percent = self.need.abusive_percent;
        let (_, forged) = self.attacked(candidate.parameters(), Attack::Forged, percent)?;
        let (_, genuine) = self.attacked(candidate.parameters(), Attack::Genuine, percent)?;
        candidate.withstands = forged.iter().all(|run| Attack::Forged.is_withstood(run))
            && genuine.iter().all(|run| Attack::Genuine.is_withstood(run));
        let suspended = forged.iter().chain(&genuine).map(|run| f64::from(run.honest_ever_below_restricted));
        candidate.honest_suspended = suspended.sum::<f64>() / f64::from(2 * self.runs.runs.max(1));
        let under: Option<Vec<f64>> =
            forged.iter().map(|run| run.abusive_weight_under_5pct_epoch.map(f64::from)).collect();
        candidate.weight_under_5pct =
            under.map(|epochs| epochs.iter().sum::<f64>() / f64::from(self.runs.runs.max(1)));
        Ok(candidate)
    }

    /// The largest share up to which every run was withstood.
    fn withstood(&self, parameters: &Parameters, attack: Attack) -> Result<u32, SimulationError> {
        let mut largest = 0;
        for share in SHARES {
            let (scenario, runs) = self.attacked(*parameters, attack, share)?;
            if 2 * scenario.abusive >= scenario.devices || !runs.iter().all(|run| attack.is_withstood(run)) {
                break;
            }
            largest = share;
        }
        Ok(largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(devices: u32, abusive_percent: u32) -> Need {
        Need { devices, abusive_percent, seed: 1 }
    }

    #[test]
    fn recommended_parameters_are_the_cheapest_that_withstand_what_is_expected() {
        let found = recommend(need(120, 20), Runs { runs: 1, threads: 2 }, &|| ()).expect("found");
        let parameters = found.parameters.expect("some withstand");
        assert_eq!(parameters.validate(), Ok(()));
        let cheaper = |candidate: &&Candidate| candidate.suspicious_checks < parameters.suspicious_checks;
        assert!(found.candidates.iter().filter(cheaper).all(|candidate| !candidate.withstands));
        assert!(found.withstands_forged_percent >= 20 && found.withstands_genuine_percent >= 20);
        let foresight = found.withstands_foresight_percent;
        assert!((20..=found.withstands_forged_percent).contains(&foresight), "{foresight}");
    }

    #[test]
    fn nothing_withstands_a_majority() {
        let refused = recommend(need(120, 50), Runs { runs: 1, threads: 1 }, &|| ());
        assert!(matches!(refused, Err(SimulationError::Scenario(ScenarioError::Strategy { .. }))));
    }
}
