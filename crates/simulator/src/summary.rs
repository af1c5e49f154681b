//! Runs of one scenario put together: means, and how far runs lie from them.

use serde::Serialize;

use crate::measure::Run;

/// Gas that a publication costs at most, as docs/gas.md promises and its checks hold.
pub const PUBLICATION_GAS_MAX: u64 = 260_000;

/// The measures of a run as numbers; their meaning and units are those of [`Run`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the fields of `Run`, described there")]
pub struct Measures {
    pub abusive_blocked: f64,
    pub honest_blocked: f64,
    pub days: f64,
    /// Of the runs in which it fell; `None` if it never did.
    pub abusive_weight_under_5pct_epoch: Option<f64>,
    pub abusive_weight_end: f64,
    pub honest_score_min: f64,
    pub honest_score_mean: f64,
    pub honest_ever_below_full: f64,
    pub honest_ever_below_warning: f64,
    pub honest_ever_below_restricted: f64,
    pub honest_longest_below_full: f64,
    pub reward_abusive: f64,
    pub reward_honest: f64,
    pub reward_abusive_if_honest: f64,
    pub deposit_lost_abusive: f64,
    pub deposit_lost_honest: f64,
    pub publications: f64,
    pub marks: f64,
    pub restarts: f64,
    /// Gas of all publications, at most ([`PUBLICATION_GAS_MAX`] each).
    pub gas_at_most: f64,
    /// Gas of publications that a device pays for in a year of daily epochs, at most.
    pub gas_per_device_year_at_most: f64,
    pub device_days_per_s: f64,
}

/// What came of all runs of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The mean of each measure.
    pub mean: Measures,
    /// The least of each.
    pub least: Measures,
    /// The most of each.
    pub most: Measures,
    /// The standard deviation of each, of the runs as a sample.
    pub deviation: Measures,
}

impl Measures {
    /// The measures of one run.
    #[allow(clippy::cast_precision_loss, reason = "counts of less than 2⁵³")]
    pub fn of(run: &Run) -> Self {
        let gas = run.publications * PUBLICATION_GAS_MAX;
        let per_day = gas as f64 / (run.device_days.max(1)) as f64;
        Self {
            abusive_blocked: run.abusive_blocked.into(),
            honest_blocked: run.honest_blocked.into(),
            days: run.days.into(),
            abusive_weight_under_5pct_epoch: run.abusive_weight_under_5pct_epoch.map(f64::from),
            abusive_weight_end: run.abusive_weight_end,
            honest_score_min: run.honest_score_min.into(),
            honest_score_mean: run.honest_score_mean,
            honest_ever_below_full: run.honest_ever_below_full.into(),
            honest_ever_below_warning: run.honest_ever_below_warning.into(),
            honest_ever_below_restricted: run.honest_ever_below_restricted.into(),
            honest_longest_below_full: run.honest_longest_below_full.into(),
            reward_abusive: run.reward_abusive,
            reward_honest: run.reward_honest,
            reward_abusive_if_honest: run.reward_abusive_if_honest,
            deposit_lost_abusive: run.deposit_lost_abusive,
            deposit_lost_honest: run.deposit_lost_honest,
            publications: run.publications as f64,
            marks: run.marks as f64,
            restarts: run.restarts as f64,
            gas_at_most: gas as f64,
            gas_per_device_year_at_most: 365.0 * per_day,
            device_days_per_s: run.device_days_per_s,
        }
    }

    /// Puts together each measure of many.
    fn fold(all: &[Self], with: impl Fn(&mut dyn Iterator<Item = f64>) -> f64) -> Self {
        let of = |measure: fn(&Self) -> f64| with(&mut all.iter().map(measure));
        let fallen: Vec<f64> =
            all.iter().filter_map(|measures| measures.abusive_weight_under_5pct_epoch).collect();
        Self {
            abusive_blocked: of(|m| m.abusive_blocked),
            honest_blocked: of(|m| m.honest_blocked),
            days: of(|m| m.days),
            abusive_weight_under_5pct_epoch: (!fallen.is_empty()).then(|| with(&mut fallen.into_iter())),
            abusive_weight_end: of(|m| m.abusive_weight_end),
            honest_score_min: of(|m| m.honest_score_min),
            honest_score_mean: of(|m| m.honest_score_mean),
            honest_ever_below_full: of(|m| m.honest_ever_below_full),
            honest_ever_below_warning: of(|m| m.honest_ever_below_warning),
            honest_ever_below_restricted: of(|m| m.honest_ever_below_restricted),
            honest_longest_below_full: of(|m| m.honest_longest_below_full),
            reward_abusive: of(|m| m.reward_abusive),
            reward_honest: of(|m| m.reward_honest),
            reward_abusive_if_honest: of(|m| m.reward_abusive_if_honest),
            deposit_lost_abusive: of(|m| m.deposit_lost_abusive),
            deposit_lost_honest: of(|m| m.deposit_lost_honest),
            publications: of(|m| m.publications),
            marks: of(|m| m.marks),
            restarts: of(|m| m.restarts),
            gas_at_most: of(|m| m.gas_at_most),
            gas_per_device_year_at_most: of(|m| m.gas_per_device_year_at_most),
            device_days_per_s: of(|m| m.device_days_per_s),
        }
    }
}

impl Summary {
    /// Of these runs; all zero if there are none.
    pub fn of(runs: &[Run]) -> Self {
        let all: Vec<Measures> = runs.iter().map(Measures::of).collect();
        let extreme = |pick: fn(f64, f64) -> f64| {
            Measures::fold(&all, |numbers| numbers.reduce(pick).unwrap_or_default())
        };
        Self {
            mean: Measures::fold(&all, |numbers| mean(&numbers.collect::<Vec<_>>())),
            least: extreme(f64::min),
            most: extreme(f64::max),
            deviation: Measures::fold(&all, |numbers| deviation(&numbers.collect::<Vec<_>>())),
        }
    }
}

fn count(numbers: &[f64]) -> f64 {
    f64::from(u32::try_from(numbers.len()).unwrap_or(u32::MAX))
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / count(numbers).max(1.0)
}

fn deviation(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (squares / (count(numbers) - 1.0).max(1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_deviations_are_those_of_a_sample() {
        assert!((mean(&[1.0, 2.0, 6.0]) - 3.0).abs() < 1e-12);
        assert!((deviation(&[1.0, 2.0, 6.0]) - 7.0_f64.sqrt()).abs() < 1e-12);
        assert!(deviation(&[5.0]).abs() < 1e-12);
        assert!(Summary::of(&[]).mean.days.abs() < 1e-12);
    }
}
