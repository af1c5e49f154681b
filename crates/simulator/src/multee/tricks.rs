//! What adversaries try beside marks: joining in a flood, leaving and coming back, running one key twice.

use multee_protocol::SeatId;
use multee_protocol::machine::Input;

use super::{Network, calls};
use crate::error::SimulationError;
use crate::strategy::Strategy;

/// A score below which a whitewasher leaves: tier Warning's edge (R11).
const LEAVES_BELOW: u16 = 7500;

impl Network<'_> {
    /// The epoch in which the adversary's seats join, if they are not founding ones.
    pub(super) fn joins_at(&self) -> Option<u32> {
        match self.scenario.strategy {
            Strategy::SybilFlood { turn } => Some(turn),
            _ => None,
        }
    }

    /// Before anybody publishes.
    pub(super) fn play_tricks(&mut self, epoch: u32) -> Result<(), SimulationError> {
        if self.joins_at() == Some(epoch) {
            for device in self.scenario.honest()..self.scenario.devices {
                self.call(calls::operator(), calls::joining(device))?;
            }
        }
        if self.scenario.strategy == Strategy::WhitewashRejoin {
            for device in 0..self.scenario.devices {
                self.whitewash(device)?;
            }
        }
        Ok(())
    }

    /// Leaves a stained seat (R13), and comes back on it as soon as its deposit is paid out.
    fn whitewash(&mut self, number: u32) -> Result<(), SimulationError> {
        let (device, seat) = (self.book.devices[number as usize], SeatId(number + 1));
        if !device.abusive || device.blocked {
            return Ok(());
        }
        if !device.exiting {
            if device.score < LEAVES_BELOW && !device.probation {
                self.call(calls::operator(), Input::Exit(seat))?;
            }
            return Ok(());
        }
        // Until then the deposit is not to be had, and asking changes nothing.
        if self.call(calls::operator(), Input::WithdrawDeposit(seat)).is_ok() {
            let incarnation = device.incarnation + 1;
            self.call(calls::operator(), calls::rejoining(number, incarnation))?;
            self.book.devices[number as usize].incarnation = incarnation;
        }
        Ok(())
    }

    /// A clone's second block for the challenge of the first is reported by who sees both (R15).
    pub(super) fn tell_on_clone(&mut self, number: u32, epoch: u32) -> Result<(), SimulationError> {
        let Strategy::Clone { turn } = self.scenario.strategy else { return Ok(()) };
        if epoch < turn {
            return Ok(());
        }
        let device = self.book.devices[number as usize];
        let proof = calls::equivocation(number, device.incarnation, epoch, device.last_digest);
        self.call(calls::watcher(), proof).map(|_| ())
    }
}
