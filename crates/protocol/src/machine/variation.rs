//! What the laboratory may vary of R7 and R9, to show why these rules are as they are.
//!
//! No network runs on anything but [`Variation::default`], which is the rules: the contract knows no other.

use serde::Serialize;

use crate::{Decision, Score, Standing, Tally};

/// How validity v and judgement a make the target r of a step (R9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combination {
    /// ⌊v·a/10000⌋: both count. The rule.
    #[default]
    Product,
    /// min(v, a).
    Weaker,
    /// ⌊(v + a)/2⌋.
    Mean,
    /// v alone: nobody is judged by its marks.
    ValidityOnly,
}

/// A variation of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Variation {
    /// A mark weighs ⌊score^e / 10000^(e − 1)⌋ (R7), e in 1..=4; 2 is the rule.
    pub weight_exponent: u8,
    /// How v and a are put together.
    pub combination: Combination,
    /// Whether decisions count as they are clear, which is the rule; else v is the positive share of a malicious
    /// block's tally, and a the share of marks that outcomes bore out.
    pub graded: bool,
}

impl Default for Variation {
    fn default() -> Self {
        Self { weight_exponent: 2, combination: Combination::Product, graded: true }
    }
}

impl Variation {
    /// The largest exponent: beyond, a score of 5000 weighs next to nothing.
    pub const WEIGHT_EXPONENT_MAX: u8 = 4;

    /// What marks of a seat of this standing weigh.
    pub fn weight(self, standing: &Standing) -> u16 {
        let weight = standing.weight();
        if self.weight_exponent == 2 || weight == 0 {
            return weight;
        }
        let score = u64::from(standing.score.bps());
        let power = |weight: u64, _| weight * score / u64::from(Score::MAX.bps());
        let exponent = self.weight_exponent.clamp(1, Self::WEIGHT_EXPONENT_MAX);
        Score::saturating((1..exponent).fold(score, power)).bps()
    }

    pub(super) fn target(self, validity: Score, judgement: Score) -> Score {
        match self.combination {
            Combination::Product => validity.times(judgement),
            Combination::Weaker => validity.min(judgement),
            Combination::Mean => {
                Score::saturating(u64::from(validity.bps()).midpoint(u64::from(judgement.bps())))
            }
            Combination::ValidityOnly => validity,
        }
    }

    pub(super) fn validity(self, tally: &Tally) -> Score {
        if self.graded || tally.verdict() == crate::Verdict::Honest {
            return tally.validity();
        }
        let whole = u64::from(tally.positive()) + u64::from(tally.negative());
        let share = (10_000 * u64::from(tally.positive())).checked_div(whole);
        Score::saturating(share.unwrap_or(10_000))
    }

    /// A decision as a judgement counts it.
    pub(super) fn seen(self, decision: Decision) -> Decision {
        if self.graded { decision } else { Decision { clarity: Decision::CLEAR, ..decision } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;

    fn standing(bps: u16) -> Standing {
        let score = Score::new(bps).expect("a score");
        Standing { score, blocked: false, suspended: false, probation: false, power_unverified: false }
    }

    #[test]
    fn the_default_is_the_rules() {
        let rules = Variation::default();
        for bps in [0, 4999, 5000, 7777, 10_000] {
            assert_eq!(rules.weight(&standing(bps)), standing(bps).weight());
        }
        let (v, a) = (Score::new(6000).expect("a score"), Score::new(7001).expect("a score"));
        assert_eq!(rules.target(v, a).bps(), 4200);
        let mut tally = Tally::default();
        assert!(tally.add(Mark::Valid, 100) && tally.add(Mark::EvidenceInvalid, 200));
        assert_eq!(
            (rules.validity(&tally), rules.seen(tally.decision())),
            (tally.validity(), tally.decision())
        );
    }

    #[test]
    fn variations_vary() {
        let weights = [1, 2, 3, 4].map(|weight_exponent| {
            Variation { weight_exponent, ..Variation::default() }.weight(&standing(8000))
        });
        assert_eq!(weights, [8000, 6400, 5120, 4096]);
        let (v, a) = (Score::new(7001).expect("a score"), Score::new(6000).expect("a score"));
        let target = |combination| Variation { combination, ..Variation::default() }.target(v, a).bps();
        assert_eq!(
            [Combination::Weaker, Combination::Mean, Combination::ValidityOnly].map(target),
            [6000, 6500, 7001]
        );
        let mut tally = Tally::default();
        assert!(tally.add(Mark::Valid, 100) && tally.add(Mark::EvidenceInvalid, 200));
        let plain = Variation { graded: false, ..Variation::default() };
        assert_eq!((plain.validity(&tally).bps(), plain.seen(tally.decision()).clarity), (3333, 6));
    }
}
