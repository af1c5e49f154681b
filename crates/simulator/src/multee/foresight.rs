//! What an adversary can know beforehand: assignments and scores are public once the seed is set, and the honest mark by
//! the evidence. So before anybody publishes it can tell which entries of the window its camp will decide.

use multee_protocol::{Assignment, Check};

use super::{Epoch, NO_RANK, Network};
use crate::strategy::Strategy;

impl Network<'_> {
    /// Whether the adversary's camp will outweigh the honest on each entry of the window: a friend's for valid, any
    /// other's against. Empty for strategies that do not ask.
    pub(super) fn foresee(&self, shared: &Epoch) -> Vec<bool> {
        if self.scenario.strategy != Strategy::Opportunist {
            return Vec::new();
        }
        let sides = self.sides(shared);
        (0_u64..).zip(sides).map(|(entry, [honest, abusive])| self.prevails(entry, honest, abusive)).collect()
    }

    /// The weight that honest and abusive devices bring to each entry.
    fn sides(&self, shared: &Epoch) -> Vec<[u32; 2]> {
        let mut sides = vec![[0; 2]; self.book.running.window_size as usize];
        for device in &self.book.devices {
            let weight = device.weight(self.scenario.variation);
            if device.rank == NO_RANK || weight == 0 {
                continue;
            }
            let assigned = Assignment::in_order(&shared.snapshot, &shared.order, device.rank);
            let checks = assigned.iter().flat_map(Assignment::checks);
            for check in checks {
                let Check::Suspicious { entry } = check else { continue };
                if let Some(sides) = sides.get_mut(entry as usize) {
                    sides[usize::from(device.abusive)] += u32::from(weight);
                }
            }
        }
        sides
    }

    fn prevails(&self, entry: u64, honest: u32, abusive: u32) -> bool {
        let position = self.book.running.window_start + entry;
        let Some(nature) = self.book.entry(position).map(|entry| entry.nature) else { return false };
        let Ok(tally) = self.state.log_entry(position, self.moment.timestamp_s) else { return false };
        let (valid, negative) = if nature.valid() { (honest, 0) } else { (0, honest) };
        let (valid, negative) = (tally.positive + valid, tally.negative + negative);
        // A tie is honest (R9).
        if self.book.devices[nature.device()].abusive {
            valid + abusive >= negative
        } else {
            negative + abusive > valid
        }
    }
}
