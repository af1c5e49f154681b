//! What is played: a network and a sequence of steps. A step is an act and a die: whom it is about and with what is
//! found from the die and the state at that moment, so that a sequence stays meaningful when steps are taken out.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::setup::{Kind, Setup};

/// Declares what there is to do, with names for replays.
macro_rules! acts {
    ($($(#[$doc:meta])* $act:ident),+ $(,)?) => {
        /// What a step does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Act {
            $($(#[$doc])* $act),+
        }

        impl Act {
            /// Every act.
            pub const ALL: &[Self] = &[$(Self::$act),+];
        }
    };
}

acts! {
    /// A little time, within the epoch.
    Moment,
    /// Some blocks of the chain, within the epoch.
    Mine,
    /// So many that a seed's source is out of reach.
    Expire,
    /// The next epoch (or the first).
    Next,
    /// A few epochs.
    Skip,
    /// About as many epochs as are retained, or far more.
    Sleep,
    /// `openEpoch`.
    Open,
    /// `seedEpoch`.
    Seed,
    /// `publish`, as the seat would.
    Publish,
    /// `publish` with something wrong.
    PublishFaulty,
    /// `settle` of blocks that are due.
    Settle,
    /// `settle` of anything.
    SettleWild,
    /// `found`.
    Found,
    /// `join`.
    Join,
    /// `restart`.
    Restart,
    /// `remove`.
    Remove,
    /// `setOperator`.
    SetOperator,
    /// `exit`.
    Exit,
    /// `rejoin`.
    Rejoin,
    /// `reportEquivocation`, true.
    Report,
    /// `reportEquivocation`, false in some way.
    ReportFalse,
    /// `withdrawDeposit`.
    WithdrawDeposit,
    /// `withdrawRewards`.
    WithdrawRewards,
    /// `withdrawBounty`.
    WithdrawBounty,
    /// `setPolicy`.
    SetPolicy,
    /// `setReferenceValues`.
    SetReferences,
    /// `announceParameters`.
    Announce,
    /// `setPaused`.
    Pause,
    /// `announceStandstill`.
    Standstill,
    /// `revive`.
    Revive,
    /// `transferOwnership`.
    Transfer,
    /// `acceptOwnership`.
    Accept,
    /// `renounceOwnership`.
    Renounce,
    /// Tokens for the contract.
    Donate,
    /// A deployment of its own, out of some bound.
    Deploy,
}

impl Act {
    /// Whether it is only time that passes.
    pub fn is_time(self) -> bool {
        self <= Self::Sleep
    }
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub act: Act,
    /// All else.
    pub die: u32,
}

/// A network and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What kind of network.
    pub kind: Kind,
    /// What its settings, parameters and devices follow from.
    pub seed: u64,
    /// What happens.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The network.
    pub fn setup(&self) -> Setup {
        Setup::new(self.kind, self.seed)
    }

    /// How many calls it has.
    pub fn calls(&self) -> usize {
        self.steps.iter().filter(|step| !step.act.is_time()).count()
    }
}

/// `Kind.seed:Act.die,Act.die`, numbers in hexadecimal.
impl Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}.{:x}", self.kind, self.seed)?;
        for (index, Step { act, die }) in self.steps.iter().enumerate() {
            write!(f, "{}{act:?}.{die:x}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

/// The text is no scenario.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no part of a scenario")]
pub struct NotAScenario(String);

impl FromStr for Scenario {
    type Err = NotAScenario;

    fn from_str(text: &str) -> Result<Self, NotAScenario> {
        let (network, steps) = text.trim().split_once(':').unwrap_or((text.trim(), ""));
        let (kind, seed) = named(network, Kind::ALL)?;
        let steps = steps.split(',').filter(|step| !step.is_empty()).map(|step| {
            let (act, die) = named(step, Act::ALL)?;
            let die = u32::try_from(die).map_err(|_| NotAScenario(step.to_owned()))?;
            Ok(Step { act, die })
        });
        Ok(Self { kind, seed, steps: steps.collect::<Result<_, _>>()? })
    }
}

/// One of `all` by its name, and a number.
fn named<T: Copy + fmt::Debug>(text: &str, all: &[T]) -> Result<(T, u64), NotAScenario> {
    let error = || NotAScenario(text.to_owned());
    let (name, number) = text.split_once('.').ok_or_else(error)?;
    let thing = all.iter().find(|thing| format!("{thing:?}") == name).ok_or_else(error)?;
    Ok((*thing, u64::from_str_radix(number, 16).map_err(|_| error())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_survives_its_text() {
        let steps = vec![Step { act: Act::Open, die: 0xFFFF_FFFF }, Step { act: Act::Settle, die: 0 }];
        let scenario = Scenario { kind: Kind::Village, seed: u64::MAX, steps };
        assert_eq!(scenario.to_string(), "Village.ffffffffffffffff:Open.ffffffff,Settle.0");
        assert_eq!(scenario.to_string().parse::<Scenario>().expect("a scenario"), scenario);
        let empty = Scenario { steps: Vec::new(), ..scenario };
        assert_eq!(empty.to_string().parse::<Scenario>().expect("a scenario"), empty);
    }

    #[test]
    fn what_is_no_scenario_is_named() {
        let error = "Village.1:Open.1,Sing.2".parse::<Scenario>().expect_err("no such act");
        assert_eq!(error.to_string(), "`Sing.2` is no part of a scenario");
        assert!("Village".parse::<Scenario>().is_err());
        assert!("Village.1:Open.123456789".parse::<Scenario>().is_err());
    }
}
