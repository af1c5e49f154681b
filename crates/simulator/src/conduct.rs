//! What one device does in one epoch, by its owner's strategy.

use multee_protocol::{Mark, Power, Score};

use crate::dice::Dice;
use crate::strategy::{Evidence, Strategy};

/// What every device's benchmark gives (R10).
pub(crate) const POWER: Power = 1000;
/// The most that verifiers believe of the platform (mark 6): twice of what it can do.
pub(crate) const POWER_BELIEVED: Power = 2 * POWER;

/// How a device marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marking {
    /// By the evidence.
    Truth,
    /// Friends valid, others negative.
    Collude,
    /// Others negative, friends by the evidence.
    Slander,
    /// Friends valid, others by the evidence.
    Promote,
    /// By a coin.
    Coin,
    /// All valid.
    Lazy,
    /// By foresight: in the window as its camp will prevail; of latest blocks all others negative, or none.
    Foresee {
        /// Whether it slanders latest blocks.
        slander: bool,
    },
    /// None.
    None,
}

/// What a marker knows of the block before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct Sight {
    /// Its device is of the same camp.
    pub(crate) friend: bool,
    /// Its evidence verifies.
    pub(crate) valid: bool,
    /// It is a latest block.
    pub(crate) latest: bool,
    /// The adversary's camp is going to prevail on it, if that was foreseen.
    pub(crate) prevails: bool,
}

impl Marking {
    pub(crate) fn mark(self, sight: Sight, dice: &mut Dice) -> Mark {
        let valid = match self {
            Self::None => return Mark::Abstain,
            Self::Truth => sight.valid,
            Self::Collude => sight.friend,
            Self::Slander => sight.friend && sight.valid,
            Self::Promote => sight.friend || sight.valid,
            Self::Coin => dice.coin(),
            Self::Lazy => true,
            Self::Foresee { slander } if sight.latest => sight.friend || !slander,
            Self::Foresee { .. } if sight.friend => sight.valid || sight.prevails,
            Self::Foresee { .. } => !sight.prevails,
        };
        if valid { Mark::Valid } else { Mark::EvidenceInvalid }
    }
}

/// What one device does in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conduct {
    pub(crate) marking: Marking,
    /// Whether its evidence verifies, and its power is believed.
    pub(crate) valid: bool,
    /// The power that it claims.
    pub(crate) power: Power,
}

impl Conduct {
    /// By the rules.
    pub(crate) const HONEST: Self = Self { marking: Marking::Truth, valid: true, power: POWER };

    fn claiming(power: Power) -> Self {
        Self { power, valid: power <= POWER_BELIEVED, ..Self::HONEST }
    }
}

/// What creeping claims in an epoch.
fn crept(percent: u32, epoch: u32) -> Power {
    let step = |power: Power| power + power * Power::from(percent) / 100;
    (0..epoch).fold(POWER, |power, _| step(power).min(POWER_BELIEVED))
}

impl Strategy {
    /// What a device of the adversary does in an epoch, at the score it has.
    pub(crate) fn conduct(self, evidence: Evidence, epoch: u32, score_bps: u16) -> Conduct {
        let lying = |marking| Conduct { marking, valid: evidence == Evidence::Genuine, power: POWER };
        let verifying = |marking| Conduct { marking, ..Conduct::HONEST };
        match self {
            Self::Collusion | Self::WhitewashRestart | Self::WhitewashRejoin | Self::SybilFlood { .. } => {
                lying(Marking::Collude)
            }
            Self::Slander => lying(Marking::Slander),
            Self::Promotion => lying(Marking::Promote),
            Self::Random => lying(Marking::Coin),
            // Who spares itself the work has nothing to hide.
            Self::Lazy => verifying(Marking::Lazy),
            Self::Absent => verifying(Marking::None),
            Self::Opportunist => lying(Marking::Foresee { slander: score_bps >= Score::FULL.bps() }),
            Self::Sleeper { turn } if epoch < turn => Conduct::HONEST,
            Self::OnOff { edge_bps } if score_bps < edge_bps => Conduct::HONEST,
            Self::Sleeper { .. } | Self::OnOff { .. } => lying(Marking::Collude),
            Self::PowerAtOnce { turn, percent } if epoch >= turn => {
                Conduct::claiming(POWER * Power::from(percent) / 100)
            }
            Self::PowerCreeping { percent } => Conduct::claiming(crept(percent, epoch)),
            Self::VendorBreak { turn, disclosed } if epoch >= turn => {
                Conduct { marking: Marking::Collude, valid: epoch < disclosed, power: POWER }
            }
            // What a clone does beside is not its block's matter.
            Self::Honest | Self::PowerAtOnce { .. } | Self::Clone { .. } | Self::VendorBreak { .. } => {
                Conduct::HONEST
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colluders_see_camps_and_the_honest_see_evidence() {
        let mut dice = Dice::new(1, 0);
        let sights = [(true, true), (true, false), (false, true), (false, false)];
        let mut marks = |marking: Marking| {
            sights.map(|(friend, valid)| {
                marking.mark(Sight { friend, valid, latest: false, prevails: false }, &mut dice)
                    == Mark::Valid
            })
        };
        assert_eq!(marks(Marking::Truth), [true, false, true, false]);
        assert_eq!(marks(Marking::Collude), [true, true, false, false]);
        assert_eq!(marks(Marking::Slander), [true, false, false, false]);
        assert_eq!(marks(Marking::Promote), [true, true, true, false]);
        assert_eq!(marks(Marking::Lazy), [true; 4]);
        assert_eq!(marks(Marking::None), [false; 4]);
    }

    #[test]
    fn opportunists_lie_where_they_win() {
        let mut dice = Dice::new(1, 0);
        let mut valid = |slander, friend, valid, latest, prevails| {
            let sight = Sight { friend, valid, latest, prevails };
            Marking::Foresee { slander }.mark(sight, &mut dice) == Mark::Valid
        };
        assert_eq!(
            [valid(true, false, true, true, false), valid(false, false, true, true, false)],
            [false, true]
        );
        assert_eq!(
            [valid(true, false, true, false, true), valid(true, false, true, false, false)],
            [false, true]
        );
        assert_eq!(
            [valid(true, true, false, false, true), valid(true, true, false, false, false)],
            [true, false]
        );
        let full = Strategy::Opportunist.conduct(Evidence::Genuine, 3, 9000);
        assert_eq!((full.marking, full.valid), (Marking::Foresee { slander: true }, true));
        let below = Strategy::Opportunist.conduct(Evidence::Genuine, 3, 8999);
        assert_eq!(below.marking, Marking::Foresee { slander: false });
    }

    #[test]
    fn creeping_stops_at_what_verifiers_believe() {
        let power = |epoch| Strategy::PowerCreeping { percent: 5 }.conduct(Evidence::Forged, epoch, 0);
        assert_eq!((power(0).power, power(1).power, power(2).power), (1000, 1050, 1102));
        assert_eq!(power(100), Conduct { power: POWER_BELIEVED, ..Conduct::HONEST });
        let tenfold = Strategy::PowerAtOnce { turn: 3, percent: 1000 };
        assert_eq!(tenfold.conduct(Evidence::Genuine, 2, 0), Conduct::HONEST);
        assert!(!tenfold.conduct(Evidence::Genuine, 3, 0).valid, "beyond the platform's bounds");
    }

    #[test]
    fn broken_vendors_verify_until_the_break_is_known() {
        let broken = Strategy::VendorBreak { turn: 5, disclosed: 8 };
        let valid = |epoch| broken.conduct(Evidence::Forged, epoch, 0).valid;
        assert_eq!([4, 5, 7, 8].map(valid), [true, true, true, false]);
        assert_eq!(broken.conduct(Evidence::Forged, 4, 0), Conduct::HONEST);
    }

    #[test]
    fn sleepers_turn_and_oscillators_rest_below_their_edge() {
        let sleeper = Strategy::Sleeper { turn: 20 };
        assert_eq!(sleeper.conduct(Evidence::Forged, 19, 10_000), Conduct::HONEST);
        assert!(!sleeper.conduct(Evidence::Forged, 20, 10_000).valid);
        let on_off = Strategy::OnOff { edge_bps: 9000 };
        assert_eq!(on_off.conduct(Evidence::Forged, 20, 8999), Conduct::HONEST);
        assert_eq!(on_off.conduct(Evidence::Genuine, 20, 9000).marking, Marking::Collude);
    }
}
