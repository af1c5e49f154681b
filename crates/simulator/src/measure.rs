//! What is measured of a run, and how runs are put together.

use std::time::Duration;

use multee_protocol::Score;
use serde::Serialize;

/// A network at the end of an epoch. A blocked device counts with score 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Epochs played so far; the first epoch's end is 1.
    pub day: u32,
    /// The adversary's part of all weight (R7), 0 to 1; 0 if there is no weight.
    pub abusive_weight: f64,
    /// Mean score of the adversary's devices, basis points.
    pub abusive_score_mean: f64,
    /// Mean score of the honest, basis points.
    pub honest_score_mean: f64,
    /// The lowest score of an honest device, basis points.
    pub honest_score_min: u16,
    /// Honest devices below tier Full.
    pub honest_below_full: u32,
    /// Honest devices blocked so far.
    pub honest_blocked: u32,
    /// Devices of the adversary blocked so far.
    pub abusive_blocked: u32,
}

/// What came of one run. Amounts are in tokens of 10¹⁸ units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The run's number; with the seed it names the run.
    pub run: u32,
    /// Devices of the adversary blocked.
    pub abusive_blocked: u32,
    /// Honest devices blocked.
    pub honest_blocked: u32,
    /// Epochs until all of one camp are blocked; the most that were to be played, if neither was.
    pub days: u32,
    /// The day from which on the adversary's weight stays under 5 % of all; `None` if it never does.
    pub abusive_weight_under_5pct_epoch: Option<u32>,
    /// The adversary's part of all weight in the end, 0 to 1.
    pub abusive_weight_end: f64,
    /// The lowest score that an honest device had at the end of an epoch, basis points; 0 if one was blocked.
    pub honest_score_min: u16,
    /// The lowest mean score of the honest at the end of an epoch, basis points.
    pub honest_score_mean: f64,
    /// Honest devices ever below tier Full (9000) at the end of an epoch.
    pub honest_ever_below_full: u32,
    /// Honest devices ever below tier Warning (7500).
    pub honest_ever_below_warning: u32,
    /// Honest devices ever below tier Restricted (5000): suspended.
    pub honest_ever_below_restricted: u32,
    /// The most epochs in a row that an honest device was below Full.
    pub honest_longest_below_full: u32,
    /// Rewards of the adversary's devices, less what they lost when they were blocked (R12).
    pub reward_abusive: f64,
    /// Rewards of the honest, likewise.
    pub reward_honest: f64,
    /// Rewards that the adversary's devices would have had by then if all devices were honest.
    pub reward_abusive_if_honest: f64,
    /// Deposits that the adversary lost (R9).
    pub deposit_lost_abusive: f64,
    /// Deposits that the honest lost.
    pub deposit_lost_honest: f64,
    /// Blocks published.
    pub publications: u64,
    /// Marks given.
    pub marks: u64,
    /// Restarts (R11).
    pub restarts: u64,
    /// Epochs of devices that were not blocked.
    pub device_days: u64,
    /// How many of them were computed in a second. This alone is not the same when the run is repeated.
    pub device_days_per_s: f64,
    /// Epoch by epoch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Point>,
}

impl Run {
    /// Whether every device of the adversary was blocked, and not every honest one.
    pub fn is_won(&self, abusive: u32, honest: u32) -> bool {
        self.abusive_blocked == abusive && self.honest_blocked < honest
    }

    /// What must be the same when the run is repeated: all but the speed.
    #[must_use]
    pub fn without_speed(mut self) -> Self {
        self.device_days_per_s = 0.0;
        self
    }
}

/// Follows the honest devices' troubles and the adversary's weight, epoch by epoch.
#[derive(Debug)]
pub(crate) struct Meter {
    honest: Vec<Trouble>,
    pub(crate) series: Vec<Point>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    lowest: u16,
    below_full: u32,
    longest_below_full: u32,
}

/// A device as the meter sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) abusive: bool,
    pub(crate) blocked: bool,
    pub(crate) score: u16,
    pub(crate) weight: u32,
}

impl Meter {
    pub(crate) fn new(devices: u32) -> Self {
        let untroubled = Trouble { lowest: Score::MAX.bps(), ..Trouble::default() };
        Self { honest: vec![untroubled; devices as usize], series: Vec::new() }
    }

    /// How many epochs were read.
    pub(crate) fn days(&self) -> u32 {
        u32::try_from(self.series.len()).unwrap_or(u32::MAX)
    }

    /// Reads all devices at an epoch's end, in the order of their numbers.
    pub(crate) fn read(&mut self, devices: impl Iterator<Item = Reading>) -> Point {
        let (mut weights, mut scores, mut counts, mut blocked) = ([0_u64; 2], [0_u64; 2], [0_u32; 2], [0; 2]);
        let (mut lowest, mut below_full) = (Score::MAX.bps(), 0);
        for (trouble, device) in self.honest.iter_mut().zip(devices) {
            let camp = usize::from(device.abusive);
            let score = if device.blocked { 0 } else { device.score };
            weights[camp] += u64::from(device.weight);
            scores[camp] += u64::from(score);
            counts[camp] += 1;
            blocked[camp] += u32::from(device.blocked);
            if device.abusive {
                continue;
            }
            lowest = lowest.min(score);
            trouble.lowest = trouble.lowest.min(score);
            if score < Score::FULL.bps() {
                below_full += 1;
                trouble.below_full += 1;
                trouble.longest_below_full = trouble.longest_below_full.max(trouble.below_full);
            } else {
                trouble.below_full = 0;
            }
        }
        let point = Point {
            day: self.days() + 1,
            abusive_weight: share(weights[1], weights[0] + weights[1]),
            abusive_score_mean: share(scores[1], counts[1].into()),
            honest_score_mean: share(scores[0], counts[0].into()),
            honest_score_min: lowest,
            honest_below_full: below_full,
            honest_blocked: blocked[0],
            abusive_blocked: blocked[1],
        };
        self.series.push(point);
        point
    }

    /// The run's measures, as far as they follow from what was read.
    pub(crate) fn close(self, run: u32, abusive: u32, counts: Counts, spent: Duration) -> Run {
        let below = |score: Score| {
            let below = self.honest.iter().filter(|trouble| trouble.lowest < score.bps()).count();
            u32::try_from(below).unwrap_or(u32::MAX)
        };
        let last = self.series.last();
        let lowest_mean = self.series.iter().map(|point| point.honest_score_mean).reduce(f64::min);
        let over = self.series.iter().rposition(|point| point.abusive_weight >= 0.05);
        let under_from = over.map_or(0, |index| index + 1);
        let stays = abusive > 0 && under_from < self.series.len();
        #[allow(clippy::cast_precision_loss, reason = "a speed, of which three digits matter")]
        let speed = counts.device_days as f64 / spent.as_secs_f64().max(1e-9);
        Run {
            run,
            abusive_blocked: last.map_or(0, |point| point.abusive_blocked),
            honest_blocked: last.map_or(0, |point| point.honest_blocked),
            days: last.map_or(0, |point| point.day),
            abusive_weight_under_5pct_epoch: stays.then(|| u32::try_from(under_from + 1).unwrap_or(u32::MAX)),
            abusive_weight_end: last.map_or(0.0, |point| point.abusive_weight),
            honest_score_min: self.series.iter().map(|point| point.honest_score_min).min().unwrap_or(0),
            honest_score_mean: lowest_mean.unwrap_or(0.0),
            honest_ever_below_full: below(Score::FULL),
            honest_ever_below_warning: below(Score::WARNING),
            honest_ever_below_restricted: below(Score::SUSPENSION),
            honest_longest_below_full: self
                .honest
                .iter()
                .map(|trouble| trouble.longest_below_full)
                .max()
                .unwrap_or(0),
            reward_abusive: tokens(counts.rewards[1]),
            reward_honest: tokens(counts.rewards[0]),
            reward_abusive_if_honest: 0.0,
            deposit_lost_abusive: tokens(counts.slashed[1]),
            deposit_lost_honest: tokens(counts.slashed[0]),
            publications: counts.publications,
            marks: counts.marks,
            restarts: counts.restarts,
            device_days: counts.device_days,
            device_days_per_s: speed,
            series: self.series,
        }
    }
}

/// What a run adds up as it goes; by camp, the honest first. Amounts are in the token's smallest unit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) publications: u64,
    pub(crate) marks: u64,
    pub(crate) restarts: u64,
    pub(crate) device_days: u64,
    pub(crate) rewards: [i128; 2],
    pub(crate) slashed: [i128; 2],
}

#[allow(clippy::cast_precision_loss, reason = "shown with a few digits")]
fn tokens(amount: i128) -> f64 {
    amount as f64 / 1e18
}

#[allow(clippy::cast_precision_loss, reason = "sums of less than 2⁵³")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(abusive: bool, score: u16) -> Reading {
        Reading { abusive, blocked: false, score, weight: u32::from(score) }
    }

    #[test]
    fn weight_under_5_percent_counts_from_when_it_stays_there() {
        let mut meter = Meter::new(2);
        for (honest, abusive) in [(100, 100), (100, 1), (100, 50), (100, 1), (100, 2)] {
            meter.read([reading(false, honest), reading(true, abusive)].into_iter());
        }
        let run = meter.close(0, 1, Counts::default(), Duration::from_secs(1));
        assert_eq!((run.days, run.abusive_weight_under_5pct_epoch), (5, Some(4)));
    }

    #[test]
    fn the_longest_time_below_full_is_of_one_device_and_unbroken() {
        let mut meter = Meter::new(2);
        for (first, second) in [(8999, 10_000), (9000, 8000), (10_000, 8000), (10_000, 7499), (8000, 9000)] {
            meter.read([reading(false, first), reading(false, second)].into_iter());
        }
        let run = meter.close(0, 0, Counts::default(), Duration::from_secs(1));
        assert_eq!(run.honest_longest_below_full, 3);
        let ever =
            [run.honest_ever_below_full, run.honest_ever_below_warning, run.honest_ever_below_restricted];
        assert_eq!((ever, run.honest_score_min), ([2, 1, 0], 7499));
        assert_eq!(run.abusive_weight_under_5pct_epoch, None, "there is no adversary");
    }
}
