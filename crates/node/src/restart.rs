//! When a seat is restarted by itself (R11).

use multee_protocol::Epoch;

use crate::state::Boots;

/// Why a controller boots a new incarnation and has the contract begin it.
///
/// A restart costs gas and standing: the seat's score falls to the admission score at most, and it is on probation
/// until its peers admit the new incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Not by itself.
    Never,
    /// A suspended seat, as soon as the cool-down is over.
    WhenSuspended,
    /// Then, and when the seat's application is gone. Its key was nowhere else, so the incarnation can never publish
    /// again, and the next epoch would be missed, too. An incarnation that this controller never had is left alone as
    /// long as it publishes: it may be alive on another machine.
    WhenNeeded(RestartLimits),
}

/// What keeps an application that crashes from being booted, and the seat from being restarted, in a tight loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartLimits {
    /// Restarts in one epoch at most.
    pub per_epoch_max: u32,
    /// How long to rest after the first boot that led to no publication, in seconds of the chain's time. Each further
    /// one doubles it; a publication ends it.
    pub first_rest_s: u64,
    /// The longest rest, in seconds.
    pub longest_rest_s: u64,
}

impl Default for RestartLimits {
    /// Twice an epoch; half a minute of rest at first, an hour at most.
    fn default() -> Self {
        Self { per_epoch_max: 2, first_rest_s: 30, longest_rest_s: 3_600 }
    }
}

impl RestartPolicy {
    /// Whether an application may be booted now.
    pub(crate) fn allows(self, boots: &Boots, epoch: Epoch, now_s: u64) -> bool {
        match self {
            Self::Never => false,
            Self::WhenSuspended => true,
            Self::WhenNeeded(limits) => {
                let restarts = if boots.restart_epoch == epoch { boots.restarts } else { 0 };
                let rested_s = now_s.saturating_sub(boots.last_boot_s);
                restarts < limits.per_epoch_max && rested_s >= limits.rest_s(boots.unrecovered)
            }
        }
    }
}

impl RestartLimits {
    /// The rest after so many boots in vain.
    fn rest_s(&self, unrecovered: u32) -> u64 {
        let Some(doublings) = unrecovered.checked_sub(1) else { return 0 };
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        self.first_rest_s.saturating_mul(factor).min(self.longest_rest_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RestartLimits = RestartLimits { per_epoch_max: 2, first_rest_s: 30, longest_rest_s: 100 };

    fn allows(boots: Boots, epoch: Epoch, now_s: u64) -> bool {
        RestartPolicy::WhenNeeded(LIMITS).allows(&boots, epoch, now_s)
    }

    #[test]
    fn each_boot_in_vain_doubles_the_rest_up_to_the_longest() {
        let rests = [0, 1, 2, 3, 63, 64, 65, u32::MAX].map(|unrecovered| LIMITS.rest_s(unrecovered));
        assert_eq!(rests, [0, 30, 60, 100, 100, 100, 100, 100]);
        let boots = Boots { unrecovered: 2, last_boot_s: 1_000, ..Boots::default() };
        assert_eq!([999, 1_059, 1_060].map(|now_s| allows(boots, 5, now_s)), [false, false, true]);
        assert!(allows(Boots { unrecovered: 0, ..boots }, 5, 1_000), "it published since");
    }

    #[test]
    fn restarts_of_one_epoch_are_limited() {
        let boots = Boots { restart_epoch: 5, restarts: 2, ..Boots::default() };
        assert_eq!([4, 5, 6].map(|epoch| allows(boots, epoch, 0)), [true, false, true]);
        assert!(allows(Boots { restarts: 1, ..boots }, 5, 0));
    }

    #[test]
    fn policies_without_limits_have_none() {
        let boots = Boots { unrecovered: 9, last_boot_s: 0, restart_epoch: 5, restarts: 9 };
        assert!(RestartPolicy::WhenSuspended.allows(&boots, 5, 0));
        assert!(!RestartPolicy::Never.allows(&Boots::default(), 5, 0));
    }
}
