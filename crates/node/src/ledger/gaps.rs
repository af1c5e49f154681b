//! What a ledger that begins late knows that it lacks.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use multee_protocol::{ConfirmationBlock, Epoch, SeatId};

/// What a book knows to be missing in it, because it does not begin with the contract's first event. Without this, what
/// is missing is a contradiction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    /// The first epoch whose opening is in it.
    pub(super) since: Epoch,
    /// Blocks whose digests do not follow from what is in it, and what they are if that could be had by the digest.
    pub(super) blocks: BTreeMap<B256, Option<ConfirmationBlock>>,
    /// Blocks that were published and are not known otherwise.
    pub(super) unread: BTreeMap<(Epoch, u32), SeatId>,
}

impl Gaps {
    /// Whether the seat's block of the epoch is known to be missing.
    pub(super) fn has(&self, seat: u32, epoch: Epoch) -> bool {
        let mut unread = self.unread.range((epoch, 0)..=(epoch, u32::MAX));
        epoch < self.since || unread.any(|(_, of)| *of == SeatId(seat))
    }
}
