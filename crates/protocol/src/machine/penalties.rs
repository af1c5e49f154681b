//! R9, R12: penalty points, and what blocking takes.

use super::event::Event;
use super::seat::Status;
use super::turn::Turn;
use crate::SeatId;

impl Turn<'_> {
    /// One penalty point; a provisional seat is blocked at once, another at Q.
    pub(super) fn penalise(&mut self, seat: SeatId, mut status: Status) -> Status {
        status.penalties = status.penalties.saturating_add(1);
        let penalties = status.penalties;
        self.emit(Event::SeatPenalised { seat, epoch: self.now, penalties });
        if status.admitted && penalties < self.state.core.parameters.max_penalties {
            return status;
        }
        self.block_seat(seat, status)
    }

    /// Blocks a seat for good: its deposit and all its unpaid rewards go to carry. The status is given back.
    pub(super) fn block_seat(&mut self, seat: SeatId, status: Status) -> Status {
        let slashed = self.state.seat(seat).map_or(0, |seat| seat.deposit);
        self.state.change_seat(seat, |seat| seat.deposit = 0);
        let treasury = &mut self.state.core.treasury;
        treasury.deposits = treasury.deposits.saturating_sub(slashed);
        treasury.carry += slashed;
        let rewards_lost = self.forfeit_rewards(seat);
        self.emit(Event::SeatBlocked { seat, epoch: self.now, slashed, rewards_lost });
        Status { blocked: true, ..status }
    }
}
