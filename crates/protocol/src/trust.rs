//! How trust moves (R9): it falls at once and rises by the streak, so that a liar loses standing faster than
//! it regains it.

use serde::{Deserialize, Serialize};

use crate::{Score, ScoreError};

const FULL_BPS: u64 = 10_000;

/// How fast scores move, from the parameters of the last opened epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gain {
    /// `scoreGainBps`, 1..=10000: the part of the distance that one step takes.
    pub gain_bps: u16,
    /// `fullGainStreak` S, at least 1: how many good blocks in a row until steps upward are full ones.
    pub full_streak: u8,
}

/// Why a seat takes a step: one of its blocks passed or was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Settled {
    /// r = ⌊v·a/10000⌋: validity and judgement both count ([`Settled::new`]).
    pub target: Score,
    /// Whether the block was decided malicious.
    pub malicious: bool,
    /// Whether it is a block of an incarnation the seat has left behind: such only lower.
    pub former_incarnation: bool,
}

impl Settled {
    /// A block of the current incarnation with validity v and judgement a.
    pub fn new(validity: Score, judgement: Score, malicious: bool) -> Self {
        Self { target: validity.times(judgement), malicious, former_incarnation: false }
    }
}

/// A seat's trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trust {
    /// Trust from past blocks.
    pub score: Score,
    /// Good blocks in a row, at most S.
    pub streak: u8,
}

impl Trust {
    /// What founding seats start with: score 10000, full streak (R1).
    pub fn founding(gain: Gain) -> Self {
        Self { score: Score::MAX, streak: gain.full_streak }
    }

    /// What every other seat starts with (R1).
    ///
    /// # Errors
    /// When the admission score exceeds 10000.
    pub fn joining(admission_score: u16) -> Result<Self, ScoreError> {
        Ok(Self { score: Score::new(admission_score)?, streak: 0 })
    }

    /// What a restart leaves: no more than the admission score, streak 0 (R11).
    #[must_use]
    pub fn restarted(self, admission_score: Score) -> Self {
        Self { score: self.score.min(admission_score), streak: 0 }
    }

    /// One step toward the target (R9).
    ///
    /// Below the score: score −= ⌊gain·(score − r)/10000⌋, streak = ⌊streak·r/10000⌋. Else, unless the block is malicious:
    /// streak = min(streak + 1, S), score += ⌊gain·streak·(r − score)/(10000·S)⌋. Rounding down makes the last
    /// ⌊9999/gain⌋ points (3 at the default) out of reach in either direction.
    #[must_use]
    pub fn step(self, settled: Settled, gain: Gain) -> Self {
        if settled.target < self.score {
            self.fallen(settled.target, gain)
        } else if settled.malicious || settled.former_incarnation {
            self
        } else {
            self.risen(settled.target, gain)
        }
    }

    fn fallen(self, target: Score, gain: Gain) -> Self {
        let (score, r) = (u64::from(self.score.bps()), u64::from(target.bps()));
        let loss = u64::from(gain.gain_bps) * (score - r) / FULL_BPS;
        // What little was lost is soon regained; after a clear lie the climb begins anew.
        let streak = u8::try_from(u64::from(self.streak) * r / FULL_BPS).unwrap_or(0);
        Self { score: Score::saturating(score.saturating_sub(loss)), streak }
    }

    fn risen(self, target: Score, gain: Gain) -> Self {
        let (score, target) = (u64::from(self.score.bps()), u64::from(target.bps()));
        let streak = self.streak.saturating_add(1).min(gain.full_streak);
        let full = u64::from(gain.gain_bps) * u64::from(streak) * (target - score);
        let rise = full.checked_div(FULL_BPS * u64::from(gain.full_streak)).unwrap_or(0);
        Self { score: Score::saturating(score + rise), streak }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAIN: Gain = Gain { gain_bps: 3000, full_streak: 5 };

    fn trust(bps: u16, streak: u8) -> Trust {
        Trust { score: score(bps), streak }
    }

    fn score(bps: u16) -> Score {
        Score::new(bps).expect("a score")
    }

    fn honest() -> Settled {
        Settled::new(Score::MAX, Score::MAX, false)
    }

    fn lie() -> Settled {
        Settled::new(Score::ZERO, Score::MAX, true)
    }

    /// The scores after each of so many equal steps.
    fn walk(from: Trust, settled: Settled, steps: usize) -> Vec<u16> {
        let walk = std::iter::successors(Some(from), |trust| Some(trust.step(settled, GAIN)));
        walk.skip(1).take(steps).map(|trust| trust.score.bps()).collect()
    }

    #[test]
    fn two_unanimous_lies_suspend_a_founder() {
        assert_eq!(walk(Trust::founding(GAIN), lie(), 4), [7000, 4900, 3430, 2401]);
    }

    #[test]
    fn a_restarted_device_climbs_back_step_by_step() {
        let restarted = trust(3430, 0).restarted(score(7500));
        assert_eq!(restarted, trust(3430, 0));
        let climb = walk(restarted, honest(), 13);
        assert_eq!(
            climb,
            [3824, 4565, 5543, 6612, 7628, 8339, 8837, 9185, 9429, 9600, 9720, 9804, 9862],
            "admitted with the third honest block, Warning with the fifth, Full with the eighth"
        );
    }

    #[test]
    fn a_device_suspended_after_two_lies_is_full_again_after_seven_honest_blocks() {
        let climb = walk(trust(4900, 0), honest(), 8);
        assert_eq!(climb, [5206, 5781, 6540, 7370, 8159, 8711, 9097, 9367]);
    }

    #[test]
    fn a_joiner_is_full_after_five_honest_blocks() {
        let joiner = Trust::joining(7500).expect("a score");
        assert_eq!(walk(joiner, honest(), 6), [7650, 7932, 8304, 8711, 9097, 9367]);
    }

    #[test]
    fn a_restart_never_keeps_more_than_the_admission_score() {
        assert_eq!(Trust::founding(GAIN).restarted(score(7500)), trust(7500, 0));
    }

    #[test]
    fn a_fall_takes_the_whole_gain_whatever_the_streak_and_a_clear_lie_ends_it() {
        assert_eq!(trust(9000, 1).step(lie(), GAIN), trust(6300, 0));
        assert_eq!(trust(9000, 5).step(lie(), GAIN), trust(6300, 0));
    }

    #[test]
    fn the_streak_falls_in_proportion() {
        let doubted = |bps| Settled::new(score(bps), Score::MAX, true);
        assert_eq!(trust(10_000, 5).step(doubted(9999), GAIN), trust(10_000, 4), "rounded down");
        assert_eq!(trust(10_000, 5).step(doubted(6000), GAIN), trust(8800, 3));
        assert_eq!(trust(10_000, 5).step(doubted(1999), GAIN), trust(7600, 0));
    }

    #[test]
    fn validity_and_judgement_both_count() {
        assert_eq!(Settled::new(score(4000), Score::MAX, true).target, score(4000));
        assert_eq!(Settled::new(Score::MAX, score(3000), false).target, score(3000));
        assert_eq!(Settled::new(score(4000), score(3000), true).target, score(1200));
    }

    #[test]
    fn a_liar_with_genuine_evidence_falls_by_its_judgement() {
        let slander = Settled::new(Score::MAX, Score::ZERO, false);
        assert_eq!(walk(Trust::founding(GAIN), slander, 2), [7000, 4900]);
    }

    #[test]
    fn a_malicious_block_never_raises() {
        let disputed = Settled::new(score(4900), Score::MAX, true);
        assert_eq!(trust(3000, 2).step(disputed, GAIN), trust(3000, 2));
        assert_eq!(trust(4900, 2).step(disputed, GAIN), trust(4900, 2));
    }

    #[test]
    fn blocks_of_a_former_incarnation_only_lower() {
        let former = |settled| Settled { former_incarnation: true, ..settled };
        assert_eq!(trust(6000, 3).step(former(honest()), GAIN), trust(6000, 3));
        assert_eq!(trust(6000, 3).step(former(lie()), GAIN), trust(4200, 0));
    }

    #[test]
    fn the_streak_grows_at_the_target_too_and_stops_at_s() {
        let at_target = Settled::new(score(8000), Score::MAX, false);
        assert_eq!(trust(8000, 1).step(at_target, GAIN), trust(8000, 2));
        assert_eq!(trust(8000, 5).step(at_target, GAIN), trust(8000, 5));
    }

    #[test]
    fn steps_never_pass_their_target_nor_leave_the_scale() {
        for gain_bps in [1, 3000, 9999, 10_000] {
            for full_streak in [1, 5, 15] {
                let gain = Gain { gain_bps, full_streak };
                for from in (0..=10_000).step_by(397) {
                    for to in (0..=10_000).step_by(401) {
                        let settled = Settled::new(score(to), Score::MAX, false);
                        let after = trust(from, 4.min(full_streak)).step(settled, gain).score.bps();
                        assert!(after >= from.min(to) && after <= from.max(to));
                    }
                }
            }
        }
    }

    #[test]
    fn the_last_points_are_out_of_reach_at_the_default_gain() {
        let up = walk(trust(0, 0), honest(), 200);
        let down = walk(trust(10_000, 5), lie(), 200);
        assert_eq!((up.last(), down.last()), (Some(&9997), Some(&3)));
    }

    #[test]
    fn gains_outside_their_bounds_do_no_harm() {
        let wild = Gain { gain_bps: u16::MAX, full_streak: 0 };
        assert_eq!(trust(9000, 3).step(lie(), wild), trust(0, 0));
        assert_eq!(trust(1000, 3).step(honest(), wild), trust(1000, 0));
        let steep = Gain { gain_bps: u16::MAX, full_streak: 1 };
        assert_eq!(trust(1000, 3).step(honest(), steep).score, Score::MAX);
    }
}
