//! Who is killed when: drawn from a seed, so that a run can be had again.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// An application is killed every so many epochs.
const APPLICATION_EVERY: u32 = 6;

/// Somebody who is killed with SIGKILL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kill {
    /// The index of the device.
    pub device: u32,
    /// As soon as so many seats have published in the epoch.
    pub after: u32,
    /// And so much later, in milliseconds.
    pub delay_ms: u64,
}

/// What happens in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// This node is killed.
    pub node: Kill,
    /// This application is, too.
    pub application: Option<Kill>,
}

/// Draws fates.
#[derive(Debug)]
pub(super) struct Fates {
    rng: ChaCha20Rng,
    devices: u32,
}

impl Fates {
    /// For so many devices.
    pub(super) fn new(seed: u64, devices: u32) -> Self {
        Self { rng: ChaCha20Rng::seed_from_u64(seed), devices }
    }

    /// The fate of an epoch. Fates are drawn for one epoch after the other.
    pub(super) fn draw(&mut self, epoch: u32) -> Fate {
        let node = self.kill();
        // Drawn in every epoch, so that how often it is used changes nothing else.
        let application = self.kill();
        let is_due = epoch % APPLICATION_EVERY == APPLICATION_EVERY - 1;
        Fate { node, application: is_due.then_some(application) }
    }

    fn kill(&mut self) -> Kill {
        /// What a node takes for a look at the chain and for what follows from it.
        const DELAY_MS_MAX: u32 = 400;
        let device = self.below(self.devices);
        // Once all have published there is nothing left to disturb, so that is as rare as any other moment.
        let after = self.below(self.devices + 1);
        Kill { device, after, delay_ms: self.below(DELAY_MS_MAX).into() }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.rng.next_u32() % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_fates_and_every_sixth_epoch_an_application_dies() {
        let draw = |seed| {
            let mut fates = Fates::new(seed, 5);
            (0..30).map(|epoch| fates.draw(epoch)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let died: Vec<usize> = (0..30).filter(|epoch| draw(1)[*epoch].application.is_some()).collect();
        assert_eq!(died, [5, 11, 17, 23, 29]);
        assert!(draw(1).iter().all(|fate| fate.node.device < 5 && fate.node.after <= 5));
    }
}
