//! What the marks on one block add up to, and the verdict they give (R5, R7, R9).

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
        self.positive + self.negative >= Self::CLOSED_AT
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

    /// The verdict, if half of `K_e` marks are there to give one; else the block is logged again with its
    /// tally (R9). Ask only once the epoch of the block's window is over.
    pub fn decide(&self, effective_decision_marks: u8) -> Option<Verdict> {
        let decided = 2 * u16::from(self.count) >= u16::from(effective_decision_marks);
        decided.then(|| self.verdict())
    }

    /// v, how valid the block's own evidence was found (R9): 10000 if honest, ⌊10000·pos/(pos + neg)⌋ if
    /// malicious. (A block that passes undecided has 10000, too.)
    pub fn validity(&self) -> Score {
        match self.verdict() {
            Verdict::Honest => Score::MAX,
            Verdict::Malicious => Score::from_share(self.positive, self.negative).unwrap_or(Score::MAX),
        }
    }
}

/// How the marks a block gave compare with their outcomes (R9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Judgement {
    /// Counted marks that the outcome bore out.
    pub confirmed: u32,
    /// Counted marks that the outcome contradicted.
    pub contradicted: u32,
}

impl Judgement {
    /// Adds one counted mark whose outcome is known: a valid mark is borne out by an honest verdict, a
    /// negative one by a malicious verdict, whichever its reason. Abstentions say nothing.
    pub fn add(&mut self, mark: Mark, outcome: Verdict) {
        if mark == Mark::Abstain {
            return;
        }
        let borne_out = mark.is_negative() == (outcome == Verdict::Malicious);
        let side = if borne_out { &mut self.confirmed } else { &mut self.contradicted };
        *side = side.saturating_add(1);
    }

    /// a = ⌊10000·confirmed/(confirmed + contradicted)⌋, 10000 if no outcome is known (R9).
    pub fn score(&self) -> Score {
        Score::from_share(self.confirmed, self.contradicted).unwrap_or(Score::MAX)
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
        assert_eq!(tally.validity().bps(), 4999);
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
        assert_eq!(tally.decide(50), Some(Verdict::Honest));
        tally.add(Mark::Valid, 1);
        assert_eq!(tally.decide(52), Some(Verdict::Honest));
    }

    #[test]
    fn no_mark_decides_nothing() {
        assert_eq!(Tally::default().decide(1), None);
    }

    #[test]
    fn validity_is_the_positive_share_rounded_down() {
        let malicious = tally(&[(Mark::Valid, 1), (Mark::EvidenceInvalid, 2)]);
        assert_eq!(malicious.validity().bps(), 3333);
        assert_eq!(tally(&[(Mark::EvidenceInvalid, 2)]).validity(), Score::ZERO);
        assert_eq!(tally(&[(Mark::Valid, 2), (Mark::EvidenceInvalid, 1)]).validity(), Score::MAX);
    }

    #[test]
    fn judgement_is_the_share_that_outcomes_bore_out() {
        let mut judgement = Judgement::default();
        assert_eq!(judgement.score(), Score::MAX);
        judgement.add(Mark::Abstain, Verdict::Malicious);
        assert_eq!(judgement, Judgement::default());
        judgement.add(Mark::Valid, Verdict::Honest);
        judgement.add(Mark::PlatformNotAccepted, Verdict::Malicious);
        assert_eq!(judgement.score(), Score::MAX);
        judgement.add(Mark::Valid, Verdict::Malicious);
        assert_eq!(judgement.score().bps(), 6666);
        judgement.add(Mark::EvidenceInvalid, Verdict::Honest);
        assert_eq!(judgement, Judgement { confirmed: 2, contradicted: 2 });
        assert_eq!(judgement.score().bps(), 5000);
    }
}
