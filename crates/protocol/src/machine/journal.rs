//! What is needed to take a call back.
//!
//! The contract's calls are transactions: a revert undoes what came before it. All calls but one are arranged so that
//! what can reject comes before what is written. The one is a publication: it sets the epoch's seed and settles up to
//! three blocks of its seat before the contract finds out whether the seat may publish at all and whether the
//! publication is in order. Of these, only *whether the seat may publish* depends on the settlement: it can suspend or
//! block the seat, admit it, or leave it with an undecided block. Everything that is held against the publication
//! itself depends on what neither seeding nor settlement changes: the seat's operator, keys, certificates, last digest
//! and epoch, its rank, and what the opening froze. (The root is new with the seed, but follows from what stood before.)
//!
//! So a publication is examined first. If nothing is wrong with it, it cannot be rejected any more, and nothing is
//! journaled. If something is wrong and the caller is not the operator, it is rejected whatever settlement brings.
//! What remains is an operator's own faulty publication: it is *refused*, and keeps its settlement, if the seat may not
//! publish after it, and rejected, and undone, if it may. Only that settlement is journaled.

use super::State;
use super::block::Block;
use super::epoch::{Core, EpochRecord};
use super::log::Entry;
use super::seat::Seat;
use crate::{DeviceId, SeatId};

/// What stood at one place before it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Former {
    Seat(SeatId, Box<Seat>),
    Block { slot: usize, order: u32, block: Block },
    Epoch(usize, Box<EpochRecord>),
    Bound(DeviceId, Option<SeatId>),
    Entry(usize, Entry),
}

/// What stood where, in the order of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Journal {
    core: Core,
    log_used: usize,
    former: Vec<Former>,
}

impl State {
    /// Begins to remember what is changed.
    pub(super) fn remember(&mut self) {
        self.journal = Some(Journal { core: self.core, log_used: self.log.used(), former: Vec::new() });
    }

    /// Forgets what it remembered: the changes stay.
    pub(super) fn forget(&mut self) {
        self.journal = None;
    }

    /// Takes back all changes since it began to remember.
    pub(super) fn take_back(&mut self) {
        let Some(journal) = self.journal.take() else { return };
        for former in journal.former.into_iter().rev() {
            self.put_back(former);
        }
        self.log.truncate(journal.log_used);
        self.core = journal.core;
    }

    pub(super) fn note(&mut self, former: impl FnOnce(&Self) -> Option<Former>) {
        if self.journal.is_none() {
            return;
        }
        let former = former(self);
        if let Some(journal) = &mut self.journal {
            journal.former.extend(former);
        }
    }

    fn put_back(&mut self, former: Former) {
        match former {
            Former::Seat(id, seat) => self.change_seat(id, |place| *place = *seat),
            Former::Block { slot, order, block } => {
                if let Some(place) = self.blocks.get_mut(slot).and_then(|slot| slot.get_mut(order)) {
                    *place = block;
                }
            }
            Former::Epoch(slot, record) => {
                if let Some(place) = self.epochs.get_mut(slot) {
                    *place = *record;
                }
            }
            Former::Bound(device_id, bound) => {
                if let Some(claim) = self.claims.get_mut(&device_id) {
                    claim.bound = bound;
                }
            }
            Former::Entry(place, entry) => self.log.restore(place, entry),
        }
    }
}
