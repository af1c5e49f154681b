//! R10: a block whose power deviates makes its seat unverified, until peers confirm it.

use super::block::Block;
use super::event::Event;
use super::input::Publication;
use super::seat::Status;
use super::turn::Turn;
use crate::Score;

impl Turn<'_> {
    /// Whether the block is off: its power deviates from the verified one by more than the tolerance (R10).
    pub(super) fn test_power(&mut self, p: &Publication, status: &mut Status) -> bool {
        let tolerance = self.state.core.parameters.power_tolerance_bps;
        let deviation = u128::from(p.power.abs_diff(status.verified_power));
        let off = deviation * u128::from(Score::MAX.bps())
            > u128::from(status.verified_power) * u128::from(tolerance);
        if off && !status.unverified_power {
            (status.unverified_power, status.off_epoch) = (true, self.now);
            self.emit(Event::PowerUnverified { seat: p.seat, epoch: self.now, power: p.power });
        }
        off
    }

    /// An honest decision on an off block sets the verified power, unless a later block did; one on a block from the
    /// first off one on ends the unverified state (R10).
    pub(super) fn verify_power(&mut self, block: &Block, mut status: Status) -> Status {
        let (seat, epoch) = (block.seat, block.epoch);
        let sets = block.off_power().filter(|_| status.power_epoch.is_none_or(|set| epoch > set));
        let ends = status.unverified_power && epoch >= status.off_epoch;
        if let Some(power) = sets {
            (status.verified_power, status.power_epoch) = (power, Some(epoch));
        }
        if ends {
            status.unverified_power = false;
        }
        if sets.is_some() || ends {
            self.emit(Event::PowerVerified { seat, epoch, power: status.verified_power });
        }
        status
    }
}
