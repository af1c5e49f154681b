//! Scores, what they weigh, and the tiers they put a seat in (R7, R11).

use serde::{Deserialize, Serialize};

/// Trust in basis points, 0..=10000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Score(u16);

/// Why a number is no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// There is nothing beyond full trust.
    #[error("score {0} exceeds 10000 basis points")]
    AboveFull(u16),
}

impl Score {
    /// No trust.
    pub const ZERO: Self = Self(0);
    /// The least score of an admitted seat that is not suspended (R9, R11).
    pub const SUSPENSION: Self = Self(5000);
    /// Where tier Warning begins (R11).
    pub const WARNING: Self = Self(7500);
    /// Where tier Full begins (R11).
    pub const FULL: Self = Self(9000);
    /// Complete trust, what founding seats start with (R1).
    pub const MAX: Self = Self(10_000);

    /// The score of so many basis points.
    ///
    /// # Errors
    /// Above 10000.
    pub fn new(bps: u16) -> Result<Self, ScoreError> {
        if bps > Self::MAX.0 { Err(ScoreError::AboveFull(bps)) } else { Ok(Self(bps)) }
    }

    /// In basis points, 0..=10000.
    pub fn bps(self) -> u16 {
        self.0
    }

    /// What is missing to full trust.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(Self::MAX.0 - self.0)
    }

    /// ⌊score·other/10000⌋: so much of a score as another says.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self::saturating(u64::from(self.0) * u64::from(other.0) / u64::from(Self::MAX.0))
    }

    /// The score of so many basis points, or full trust if there are more.
    pub(crate) fn saturating(bps: u64) -> Self {
        Self(u16::try_from(bps).unwrap_or(u16::MAX).min(Self::MAX.0))
    }
}

impl TryFrom<u16> for Score {
    type Error = ScoreError;

    fn try_from(bps: u16) -> Result<Self, ScoreError> {
        Self::new(bps)
    }
}

impl From<Score> for u16 {
    fn from(score: Score) -> Self {
        score.0
    }
}

/// What a seat is trusted with (R11), least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Out for good: lied too often, or as a newcomer once.
    Blocked,
    /// Fell below 5000; publishes nothing until it restarts, whatever its score does meanwhile.
    Suspended,
    /// Not admitted yet, or not again: publishes as R9 allows, weighs and earns nothing.
    Probation,
    /// 5000..=7499: judges and publishes, for non-critical work only.
    Restricted,
    /// 7500..=8999: operational, and flagged for investigation.
    Warning,
    /// From 9000: operational.
    Full,
}

impl Tier {
    /// The name as the command line and JSON documents show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Suspended => "suspended",
            Self::Probation => "probation",
            Self::Restricted => "restricted",
            Self::Warning => "warning",
            Self::Full => "full",
        }
    }

    /// Whether relying parties may use the device for anything critical (R11, R17).
    pub fn is_operational(self) -> bool {
        self >= Self::Warning
    }

    /// Whether the seat may publish at all; on probation R9 asks for more.
    pub fn may_publish(self) -> bool {
        self >= Self::Probation
    }
}

/// What decides a seat's tier and weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "four independent facts, as the contract stores them")]
pub struct Standing {
    /// Trust from past blocks.
    pub score: Score,
    /// Blocked for good (R9).
    pub blocked: bool,
    /// Fell below 5000 and has not restarted since (R11).
    pub suspended: bool,
    /// Not admitted (R1, R9).
    pub probation: bool,
    /// Its power is not verified (R10).
    pub power_unverified: bool,
}

impl Standing {
    /// The tier. Latched states come before the score: a suspended seat whose score rises stays suspended. Blocked goes
    /// before probation, probation before suspended.
    pub fn tier(&self) -> Tier {
        match self.score {
            _ if self.blocked => Tier::Blocked,
            _ if self.probation => Tier::Probation,
            _ if self.suspended => Tier::Suspended,
            score if score >= Score::FULL => Tier::Full,
            score if score >= Score::WARNING => Tier::Warning,
            score if score >= Score::SUSPENSION => Tier::Restricted,
            _ => Tier::Suspended,
        }
    }

    /// What the seat's marks weigh, 0..=10000 (R7): `score² / 10000`, so that the distrusted weigh less than
    /// in proportion; nothing on probation, while suspended or blocked, or while its power is unverified.
    pub fn weight(&self) -> u16 {
        if self.tier() < Tier::Restricted || self.power_unverified {
            return 0;
        }
        let score = u32::from(self.score.bps());
        u16::try_from(score * score / u32::from(Score::MAX.bps())).unwrap_or(Score::MAX.bps())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(bps: u16) -> Standing {
        let score = Score::new(bps).expect("a score");
        Standing { score, blocked: false, suspended: false, probation: false, power_unverified: false }
    }

    #[test]
    fn nothing_is_beyond_full_trust() {
        assert_eq!(Score::new(10_000).map(Score::bps), Ok(10_000));
        assert_eq!(Score::new(10_001), Err(ScoreError::AboveFull(10_001)));
        assert_eq!(serde_json::from_str::<Score>("10000").expect("a score"), Score::MAX);
        assert!(serde_json::from_str::<Score>("10001").is_err());
    }

    #[test]
    fn products_are_rounded_down_and_complements_exact() {
        let times = |one, other| Score(one).times(Score(other)).bps();
        assert_eq!(
            [times(10_000, 10_000), times(0, 10_000), times(9999, 9999), times(3333, 5000)],
            [10_000, 0, 9998, 1666]
        );
        assert_eq!(
            [Score::ZERO, Score(1), Score::MAX].map(|score| score.complement().bps()),
            [10_000, 9999, 0]
        );
    }

    #[test]
    fn tiers_begin_where_the_table_says() {
        use Tier::{Full, Restricted, Suspended, Warning};
        let tiers = [10_000, 9000, 8999, 7500, 7499, 5000, 4999, 0].map(|bps| admitted(bps).tier());
        assert_eq!(tiers, [Full, Full, Warning, Warning, Restricted, Restricted, Suspended, Suspended]);
    }

    #[test]
    fn suspension_is_latched_and_probation_and_blocking_hold_whatever_the_score() {
        let full = admitted(10_000);
        assert_eq!(Standing { suspended: true, ..full }.tier(), Tier::Suspended);
        assert_eq!(Standing { probation: true, ..full }.tier(), Tier::Probation);
        assert_eq!(Standing { probation: true, ..admitted(3000) }.tier(), Tier::Probation);
        let worst = Standing { blocked: true, suspended: true, probation: true, ..full };
        assert_eq!(worst.tier(), Tier::Blocked);
    }

    #[test]
    fn weight_is_the_square_of_the_score() {
        let weights = [10_000, 9999, 9000, 7500, 5000].map(|bps| admitted(bps).weight());
        assert_eq!(weights, [10_000, 9998, 8100, 5625, 2500]);
    }

    #[test]
    fn the_suspended_the_unadmitted_the_blocked_and_the_unverified_weigh_nothing() {
        let full = admitted(10_000);
        assert_eq!(Standing { suspended: true, ..full }.weight(), 0);
        assert_eq!(Standing { probation: true, ..full }.weight(), 0);
        assert_eq!(Standing { blocked: true, ..full }.weight(), 0);
        assert_eq!(Standing { power_unverified: true, ..full }.weight(), 0);
        assert_eq!(admitted(4999).weight(), 0);
    }

    #[test]
    fn only_full_and_warning_are_operational_and_the_suspended_publish_nothing() {
        let tiers =
            [Tier::Blocked, Tier::Suspended, Tier::Probation, Tier::Restricted, Tier::Warning, Tier::Full];
        assert_eq!(tiers.map(Tier::is_operational), [false, false, false, false, true, true]);
        assert_eq!(tiers.map(Tier::may_publish), [false, false, true, true, true, true]);
        for tier in tiers {
            assert_eq!(serde_json::to_value(tier).expect("a name"), tier.name());
        }
    }
}
