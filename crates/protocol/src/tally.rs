//! What the marks on one block add up to, the verdict they give, and how clear it is (R5, R7, R9).

use serde::{Deserialize, Serialize};

use crate::{Mark, Score};

/// What a decided block turned out to be (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not outweighed by negative marks.
    Honest,
    /// Negative weight exceeds positive weight.
    Malicious,
}

/// A verdict and how clear it was: what a judgement reads at a log position (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Its clarity in sixths, 0..=6.
    pub clarity: u8,
}

impl Decision {
    /// The clarity of a verdict beyond doubt.
    pub const CLEAR: u8 = 6;
}

/// The marks counted on one block. It has one tally, wherever its marks come from (R5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tally {
    positive: u32,
    negative: u32,
    count: u8,
}

impl Tally {
    /// A tally whose weights sum to this is closed: it takes no more marks (R7).
    pub const CLOSED_AT: u32 = 2_000_000;

    /// The number of marks stays here, more than twice what any decision asks for (R7).
    pub const COUNT_MAX: u8 = 127;

    /// A tally as the contract tells it: the weights of its valid and its negative marks, and their number.
    pub fn told(positive: u32, negative: u32, count: u8) -> Self {
        Self { positive, negative, count }
    }

    /// Adds a mark of a seat of this weight; whether it counted (R7).
    ///
    /// An abstention, a mark without weight, and a mark on a closed tally change nothing. With weights to
    /// 10000 each sum stays below 2²¹, the width of its field in the contract's log.
    pub fn add(&mut self, mark: Mark, weight: u16) -> bool {
        let weight = weight.min(Score::MAX.bps());
        if mark == Mark::Abstain || weight == 0 || self.is_closed() {
            return false;
        }
        let side = if mark.is_negative() { &mut self.negative } else { &mut self.positive };
        *side += u32::from(weight);
        self.count = self.count.saturating_add(1).min(Self::COUNT_MAX);
        true
    }

    /// Whether marks on it are not counted any more (R7).
    pub fn is_closed(&self) -> bool {
        self.positive.saturating_add(self.negative) >= Self::CLOSED_AT
    }

    /// The weight of the counted valid marks.
    pub fn positive(&self) -> u32 {
        self.positive
    }

    /// The weight of the counted negative marks.
    pub fn negative(&self) -> u32 {
        self.negative
    }

    /// How many marks were counted, up to 127.
    pub fn count(&self) -> u8 {
        self.count
    }

    /// Malicious iff negative weight exceeds positive weight: a tie is honest (R9).
    pub fn verdict(&self) -> Verdict {
        if self.negative > self.positive { Verdict::Malicious } else { Verdict::Honest }
    }

    /// How far the verdict is from a toss-up (R9), in basis points: min(10000, ⌊20000·|pos − neg|/(pos + neg)⌋).
    /// 0 at a tie, 10000 from three quarters of the weight on.
    pub fn clarity(&self) -> Score {
        let margin = 20_000 * u64::from(self.positive.abs_diff(self.negative));
        let whole = u64::from(self.positive) + u64::from(self.negative);
        Score::saturating(margin.checked_div(whole).unwrap_or(0))
    }

    /// The verdict with its clarity in sixths, rounded to the nearest.
    pub fn decision(&self) -> Decision {
        let sixths = (u32::from(self.clarity().bps()) * 6 + 5000) / 10_000;
        Decision { verdict: self.verdict(), clarity: u8::try_from(sixths).unwrap_or(Decision::CLEAR) }
    }

    /// The decision, if half of `K_e` marks are there to give one; else the block is logged again with its
    /// tally (R9). Ask only once the epoch of the block's window is over.
    pub fn decide(&self, effective_decision_marks: u8) -> Option<Decision> {
        let decided = 2 * u16::from(self.count) >= u16::from(effective_decision_marks);
        decided.then(|| self.decision())
    }

    /// v, how valid the block's own evidence was found (R9): 10000 if honest, 10000 less the clarity if malicious.
    /// (A block that passes undecided has 10000, too.)
    pub fn validity(&self) -> Score {
        match self.verdict() {
            Verdict::Honest => Score::MAX,
            Verdict::Malicious => self.clarity().complement(),
        }
    }
}

/// How the marks a block gave compare with their outcomes (R9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Judgement {
    /// Counted marks whose outcome is known.
    pub judged: u32,
    /// The clarity, in sixths, of all outcomes that contradicted a mark.
    pub contradicted_sixths: u32,
}

impl Judgement {
    /// Adds one counted mark whose outcome is known: a valid mark is borne out by an honest verdict, a
    /// negative one by a malicious verdict, whichever its reason. A contradiction weighs as much as the outcome is
    /// clear. Abstentions say nothing.
    pub fn add(&mut self, mark: Mark, outcome: Decision) {
        if mark == Mark::Abstain {
            return;
        }
        self.judged = self.judged.saturating_add(1);
        if mark.is_negative() != (outcome.verdict == Verdict::Malicious) {
            self.contradicted_sixths = self.contradicted_sixths.saturating_add(u32::from(outcome.clarity));
        }
    }

    /// a = 10000 − ⌊10000·contradicted/(6·judged)⌋, 10000 if no outcome is known (R9).
    pub fn score(&self) -> Score {
        let (contradicted, judged) = (u64::from(self.contradicted_sixths), u64::from(self.judged));
        let lost = (10_000 * contradicted).checked_div(u64::from(Decision::CLEAR) * judged);
        Score::saturating(lost.unwrap_or(0)).complement()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(marks: &[(Mark, u16)]) -> Tally {
        let mut tally = Tally::default();
        for (mark, weight) in marks {
            assert!(tally.add(*mark, *weight));
        }
        tally
    }

    #[test]
    fn tie_is_honest() {
        let tie = tally(&[(Mark::Valid, 8100), (Mark::EvidenceInvalid, 8100)]);
        assert_eq!(tie.verdict(), Verdict::Honest);
        assert_eq!(tie.validity(), Score::MAX);
        assert_eq!(Tally::default().verdict(), Verdict::Honest);
    }

    #[test]
    fn one_more_basis_point_against_is_malicious() {
        let tally = tally(&[(Mark::Valid, 8100), (Mark::BindingWrong, 8101)]);
        assert_eq!(tally.verdict(), Verdict::Malicious);
        assert_eq!((tally.clarity().bps(), tally.validity().bps()), (1, 9999), "hardly");
    }

    #[test]
    fn weight_decides_and_not_number() {
        let tally = tally(&[(Mark::Valid, 10_000), (Mark::BindingWrong, 2500), (Mark::BindingWrong, 2500)]);
        assert_eq!((tally.count(), tally.verdict()), (3, Verdict::Honest));
    }

    #[test]
    fn every_negative_reason_speaks_against() {
        for code in 2..=6 {
            let tally = tally(&[(Mark::from_code(code).expect("known"), 100)]);
            assert_eq!((tally.positive(), tally.negative(), tally.count()), (0, 100, 1));
        }
    }

    #[test]
    fn abstentions_and_marks_without_weight_change_nothing() {
        let mut tally = tally(&[(Mark::Valid, 100)]);
        let before = tally;
        assert!(!tally.add(Mark::Abstain, 10_000));
        assert!(!tally.add(Mark::EvidenceInvalid, 0));
        assert_eq!(tally, before);
    }

    #[test]
    fn a_tally_closes_at_two_million_and_sides_fit_21_bits() {
        let mut tally = Tally::default();
        for _ in 0..199 {
            assert!(tally.add(Mark::EvidenceInvalid, 10_000));
        }
        assert!(tally.add(Mark::EvidenceInvalid, 9_999));
        assert!(!tally.is_closed());
        assert!(tally.add(Mark::EvidenceInvalid, 10_000));
        assert_eq!(tally.negative(), 2_009_999);
        let closed = tally;
        assert!(!tally.add(Mark::Valid, 1));
        assert_eq!((tally, tally.is_closed()), (closed, true));
        assert!(tally.negative() < 1 << 21);
    }

    #[test]
    fn the_number_of_marks_stays_at_127_and_weights_go_on() {
        let mut tally = Tally::default();
        for _ in 0..300 {
            assert!(tally.add(Mark::Valid, 2500));
        }
        assert_eq!((tally.count(), tally.positive()), (127, 750_000));
    }

    #[test]
    fn half_of_the_decision_marks_decide() {
        let mut tally = tally(&[(Mark::Valid, 1)]);
        for _ in 1..25 {
            tally.add(Mark::Valid, 1);
        }
        assert_eq!((tally.count(), tally.decide(52), tally.decide(51)), (25, None, None));
        let honest = Some(Decision { verdict: Verdict::Honest, clarity: 6 });
        assert_eq!(tally.decide(50), honest);
        tally.add(Mark::Valid, 1);
        assert_eq!(tally.decide(52), honest);
    }

    #[test]
    fn no_mark_decides_nothing() {
        assert_eq!(Tally::default().decide(1), None);
    }

    fn split(positive: u16, negative: u16) -> Tally {
        tally(&[(Mark::Valid, positive), (Mark::EvidenceInvalid, negative)])
    }

    #[test]
    fn clarity_grows_from_a_tie_to_three_quarters() {
        let clarity = |positive, negative| split(positive, negative).clarity().bps();
        assert_eq!([clarity(5, 5), clarity(49, 51), clarity(1, 2), clarity(2, 1)], [0, 400, 6666, 6666]);
        assert_eq!(
            [clarity(25, 75), clarity(26, 74), clarity(75, 25), clarity(1, 9999)],
            [10_000, 9600, 10_000, 10_000]
        );
        assert_eq!(Tally::default().clarity(), Score::ZERO);
    }

    #[test]
    fn validity_falls_with_the_clarity_of_a_malicious_decision() {
        assert_eq!(split(1, 2).validity().bps(), 3334);
        assert_eq!(tally(&[(Mark::EvidenceInvalid, 2)]).validity(), Score::ZERO);
        assert_eq!(split(2, 1).validity(), Score::MAX);
    }

    #[test]
    fn decisions_tell_clarity_in_sixths_rounded_to_the_nearest() {
        let sixths = |positive, negative| split(positive, negative).decision().clarity;
        // A sixth is a margin of 1/12 of the weight; a level begins half a sixth before it.
        assert_eq!([sixths(24, 24), sixths(23, 25), sixths(229, 271), sixths(54, 46)], [0, 0, 1, 1]);
        assert_eq!([sixths(52, 48), sixths(5209, 4791), sixths(5208, 4792)], [0, 1, 0]);
        assert_eq!([sixths(1, 2), sixths(7291, 2709), sixths(7292, 2708), sixths(3, 1)], [4, 5, 6, 6]);
    }

    #[test]
    fn judgement_falls_by_the_clarity_of_what_contradicts() {
        let outcome = |verdict, clarity| Decision { verdict, clarity };
        let mut judgement = Judgement::default();
        assert_eq!(judgement.score(), Score::MAX);
        judgement.add(Mark::Abstain, outcome(Verdict::Malicious, 6));
        assert_eq!(judgement, Judgement::default());
        judgement.add(Mark::Valid, outcome(Verdict::Honest, 6));
        judgement.add(Mark::PlatformNotAccepted, outcome(Verdict::Malicious, 1));
        assert_eq!(judgement.score(), Score::MAX);
        judgement.add(Mark::Valid, outcome(Verdict::Malicious, 6));
        assert_eq!(judgement.score().bps(), 6667);
        judgement.add(Mark::EvidenceInvalid, outcome(Verdict::Honest, 1));
        assert_eq!(judgement, Judgement { judged: 4, contradicted_sixths: 7 });
        assert_eq!(judgement.score().bps(), 7084);
        judgement.add(Mark::Valid, outcome(Verdict::Malicious, 0));
        assert_eq!(judgement.score().bps(), 7667, "a toss-up contradicts nobody");
    }

    #[test]
    fn a_verifier_that_all_contradict_clearly_has_no_judgement() {
        let mut judgement = Judgement::default();
        for _ in 0..40 {
            judgement
                .add(Mark::EvidenceInvalid, Decision { verdict: Verdict::Honest, clarity: Decision::CLEAR });
        }
        assert_eq!(judgement.score(), Score::ZERO);
    }
}
