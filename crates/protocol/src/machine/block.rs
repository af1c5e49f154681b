//! Confirmation blocks as they are kept (7.3), on a ring over the retained epochs.

use alloy_primitives::B256;

use crate::{Epoch, Marks, Power, SeatId, Tally};

/// Orders have 20 bits; those of blocks without weight run downward from the last (R3).
pub(super) const ORDERS: u32 = 1 << 20;

/// A confirmation block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, flags in the contract")]
pub(super) struct Block {
    pub(super) seat: SeatId,
    pub(super) epoch: Epoch,
    pub(super) weight: u16,
    /// Counts until the block is logged; a decision copies the final one back.
    pub(super) tally: Tally,
    pub(super) logged: bool,
    pub(super) passed: bool,
    pub(super) decided: bool,
    pub(super) malicious: bool,
    /// Honest for good without decision.
    pub(super) finished: bool,
    /// Gave a counted negative mark on a latest block.
    pub(super) accuser: bool,
    pub(super) worth: Worth,
    /// Of its newest log entry, if it is logged.
    pub(super) position: u64,
    /// Its seat's, in the roster of its epoch; 0 without, and then it has no marks.
    pub(super) rank: u32,
    pub(super) evidence_binding: B256,
    /// Those that counted: ignored ones stand as abstentions.
    pub(super) marks: Marks,
}

/// A block's share of its epoch's pot (R12); an off block has none, and keeps its power instead (R10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Share(u64),
    Off(Power),
}

impl Block {
    /// Neither decided nor honest for good; whether it is void the clock tells.
    pub(super) fn is_open(&self) -> bool {
        !self.decided && !self.finished
    }

    pub(super) fn share(&self) -> u64 {
        match self.worth {
            Worth::Share(share) => share,
            Worth::Off(_) => 0,
        }
    }

    pub(super) fn off_power(&self) -> Option<Power> {
        match self.worth {
            Worth::Share(_) => None,
            Worth::Off(power) => Some(power),
        }
    }
}

/// The blocks at one slot of the ring: of the newest epoch there, and what it has not overwritten yet of older ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// By order.
    upward: Vec<Option<Block>>,
    /// By 2²⁰ − 1 − order.
    downward: Vec<Option<Block>>,
}

impl Slot {
    /// The block at an order, of whatever epoch.
    pub(super) fn get(&self, order: u32) -> Option<&Block> {
        let (upward, downward) = indices(order)?;
        let of = |blocks: &'_ [Option<Block>], index: usize| blocks.get(index).is_some_and(Option::is_some);
        let (blocks, index) =
            if of(&self.upward, upward) { (&self.upward, upward) } else { (&self.downward, downward) };
        blocks.get(index)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, order: u32) -> Option<&mut Block> {
        let (upward, downward) = indices(order)?;
        match self.upward.get_mut(upward) {
            Some(Some(block)) => Some(block),
            _ => self.downward.get_mut(downward)?.as_mut(),
        }
    }

    /// Puts a block at the next order upward (with weight) or downward (without), over what stands there.
    pub(super) fn put(&mut self, order: u32, block: Block) {
        let Some((upward, downward)) = indices(order) else { return };
        let (blocks, index, others, other) = if block.weight > 0 {
            (&mut self.upward, upward, &mut self.downward, downward)
        } else {
            (&mut self.downward, downward, &mut self.upward, upward)
        };
        if let Some(other) = others.get_mut(other) {
            *other = None;
        }
        match blocks.get_mut(index) {
            Some(place) => *place = Some(block),
            None => blocks.push(Some(block)),
        }
    }
}

/// Of an order, counted upward and downward; `None` if it does not fit 20 bits.
fn indices(order: u32) -> Option<(usize, usize)> {
    let downward = (ORDERS - 1).checked_sub(order)?;
    Some((usize::try_from(order).ok()?, usize::try_from(downward).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(seat: u32, weight: u16) -> Block {
        Block {
            seat: SeatId(seat),
            epoch: 0,
            weight,
            tally: Tally::default(),
            logged: false,
            passed: false,
            decided: false,
            malicious: false,
            finished: false,
            accuser: false,
            worth: Worth::Share(0),
            position: 0,
            rank: 0,
            evidence_binding: B256::ZERO,
            marks: Marks::default(),
        }
    }

    #[test]
    fn a_later_lap_overwrites_from_both_ends() {
        let mut slot = Slot::default();
        slot.put(0, block(1, 9));
        slot.put(1, block(2, 9));
        slot.put(ORDERS - 1, block(3, 0));
        let seat = |slot: &Slot, order| slot.get(order).map(|block| block.seat.0);
        slot.put(0, block(4, 9));
        assert_eq!([0, 1, 2, ORDERS - 1].map(|order| seat(&slot, order)), [Some(4), Some(2), None, Some(3)]);
        assert_eq!((seat(&slot, ORDERS), seat(&slot, u32::MAX)), (None, None));
    }

    #[test]
    fn where_both_ends_meet_the_newer_stands() {
        let mut slot = Slot { upward: vec![None; (ORDERS - 1) as usize], downward: Vec::new() };
        slot.put(ORDERS - 1, block(1, 0));
        slot.put(ORDERS - 1, block(2, 9));
        assert_eq!(slot.get(ORDERS - 1).map(|block| block.seat.0), Some(2));
        assert_eq!(slot.get_mut(ORDERS - 1).map(|block| block.seat.0), Some(2));
        slot.put(ORDERS - 1, block(3, 0));
        assert_eq!(slot.get(ORDERS - 1).map(|block| block.seat.0), Some(3));
    }
}
