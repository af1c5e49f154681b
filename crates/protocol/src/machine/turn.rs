//! One call in progress, and how it reads and writes the state.

use alloy_primitives::Address;

use super::block::{Block, Slot};
use super::epoch::{Cursor, EpochRecord};
use super::event::{Event, Suspicion};
use super::input::{Call, Moment};
use super::journal::Former;
use super::log::Finding;
use super::rejection::Rejection;
use super::seat::{History, Kind, Seat, Status};
use super::{Claim, State};
use crate::{BlockId, DeviceId, Epoch, SeatId, Tally};

/// A call in progress.
pub(super) struct Turn<'a> {
    pub(super) state: &'a mut State,
    pub(super) events: &'a mut Vec<Event>,
    pub(super) caller: Address,
    pub(super) moment: Moment,
    /// The clock's epoch; 0 before `genesis`.
    pub(super) now: Epoch,
}

impl<'a> Turn<'a> {
    pub(super) fn new(state: &'a mut State, call: &Call, events: &'a mut Vec<Event>) -> Self {
        let now = state.clock(call.moment.timestamp_s).unwrap_or(0);
        Self { state, events, caller: call.caller, moment: call.moment, now }
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn require_started(&self) -> Result<(), Rejection> {
        self.state.clock(self.moment.timestamp_s).map(|_| ())
    }

    pub(super) fn require_running(&self) -> Result<(), Rejection> {
        let core = &self.state.core;
        if core.paused || self.now < core.resumes_epoch { Err(Rejection::NetworkPaused) } else { Ok(()) }
    }

    pub(super) fn require_owner(&self) -> Result<(), Rejection> {
        let owner = self.caller == self.state.core.owner;
        if owner { Ok(()) } else { Err(Rejection::OwnableUnauthorizedAccount(self.caller)) }
    }

    /// The seat, whose provider is the caller.
    pub(super) fn providers_seat(&self, id: SeatId) -> Result<&Seat, Rejection> {
        let seat = self.state.known_seat(id)?;
        if seat.provider == self.caller {
            Ok(seat)
        } else {
            Err(Rejection::CallerNotProvider { seat: id, caller: self.caller })
        }
    }

    pub(super) fn is_void(&self, epoch: Epoch) -> bool {
        self.state.is_void(epoch, self.now)
    }

    pub(super) fn cursor(&self) -> Cursor {
        self.state.core.cursor
    }

    /// Logs a block for the first time, with the tally of its record, and gives it back as it is then (R8).
    pub(super) fn enter_log(&mut self, mut block: Block, order: u32, reason: Suspicion) -> Block {
        let position = self.state.append_entry(block.epoch, order, block.tally);
        let epoch = block.epoch;
        self.state.change_history(block.seat, |history| history.with(Kind::Undecided, epoch));
        self.emit(Event::BlockLogged { epoch, order, position, reason });
        (block.logged, block.position) = (true, position);
        block
    }
}

impl State {
    /// The clock's epoch (R2).
    pub(super) fn clock(&self, timestamp_s: u64) -> Result<Epoch, Rejection> {
        let genesis_s = self.settings.genesis_s;
        let elapsed = timestamp_s.checked_sub(genesis_s).ok_or(Rejection::NetworkNotStarted { genesis_s })?;
        let epoch = elapsed / u64::from(self.settings.fixed.epoch_seconds.max(1));
        Ok(u32::try_from(epoch & u64::from(u32::MAX)).unwrap_or(u32::MAX))
    }

    pub(super) fn retention(&self) -> u32 {
        u32::from(self.settings.fixed.retention_epochs)
    }

    pub(super) fn is_void(&self, epoch: Epoch, now: Epoch) -> bool {
        now.checked_sub(epoch).is_some_and(|age| age >= self.retention())
    }

    /// Where an epoch stands in the rings.
    pub(super) fn slot(&self, epoch: Epoch) -> usize {
        usize::try_from(epoch % self.retention().max(1)).unwrap_or(0)
    }

    pub(super) fn seat(&self, id: SeatId) -> Option<&Seat> {
        self.seats.get(usize::try_from(id.0).ok()?.checked_sub(1)?)
    }

    pub(super) fn known_seat(&self, id: SeatId) -> Result<&Seat, Rejection> {
        self.seat(id).ok_or(Rejection::SeatUnknown(id))
    }

    pub(super) fn change_seat(&mut self, id: SeatId, change: impl FnOnce(&mut Seat)) {
        self.note(|state| state.seat(id).map(|seat| Former::Seat(id, Box::new(seat.clone()))));
        let index = usize::try_from(id.0).ok().and_then(|number| number.checked_sub(1));
        if let Some(seat) = index.and_then(|index| self.seats.get_mut(index)) {
            change(seat);
        }
    }

    pub(super) fn change_history(&mut self, id: SeatId, change: impl FnOnce(History) -> History) {
        self.change_seat(id, |seat| seat.history = change(seat.history));
    }

    pub(super) fn set_status(&mut self, id: SeatId, status: Status) {
        self.change_seat(id, |seat| seat.status = status);
    }

    /// The order of the seat's block of an epoch; only meaningful if there is one.
    pub(super) fn order_of(&self, seat: &Seat, epoch: Epoch) -> u32 {
        seat.orders.get(self.slot(epoch)).copied().unwrap_or(0)
    }

    /// Whether a block of the seat is logged, undecided and not void.
    pub(super) fn has_undecided(&self, seat: &Seat, now: Epoch) -> bool {
        seat.history.live(Kind::Undecided, now, self.retention()) != 0
    }

    /// What stands at the place of a block, of whatever epoch.
    pub(super) fn block_at(&self, epoch: Epoch, order: u32) -> Option<&Block> {
        self.blocks.get(self.slot(epoch)).and_then(|slot| slot.get(order))
    }

    /// The block, if it stands at its place still.
    pub(super) fn block(&self, epoch: Epoch, order: u32) -> Option<&Block> {
        self.block_at(epoch, order).filter(|block| block.epoch == epoch)
    }

    /// Writes a changed block over itself.
    pub(super) fn change_block(&mut self, order: u32, block: Block) {
        let slot = self.slot(block.epoch);
        self.note(|state| {
            let block = *state.blocks.get(slot)?.get(order)?;
            Some(Former::Block { slot, order, block })
        });
        if let Some(place) = self.blocks.get_mut(slot).and_then(|slot| slot.get_mut(order)) {
            *place = block;
        }
    }

    /// Puts a new block at its place.
    pub(super) fn put_block(&mut self, order: u32, block: Block) {
        let slot = self.slot(block.epoch);
        if let Some(slot) = self.blocks.get_mut(slot) {
            Slot::put(slot, order, block);
        }
    }

    /// What stands at the place of an epoch, of whatever epoch.
    pub(super) fn epoch_at(&self, epoch: Epoch) -> &EpochRecord {
        static NONE: EpochRecord = EpochRecord::NONE;
        self.epochs.get(self.slot(epoch)).unwrap_or(&NONE)
    }

    pub(super) fn change_epoch(&mut self, epoch: Epoch, change: impl FnOnce(&mut EpochRecord)) {
        let slot = self.slot(epoch);
        self.note(|state| Some(Former::Epoch(slot, Box::new(state.epochs.get(slot)?.clone()))));
        if let Some(record) = self.epochs.get_mut(slot) {
            change(record);
        }
    }

    pub(super) fn claim(&self, device_id: DeviceId) -> Claim {
        self.claims.get(&device_id).copied().unwrap_or_default()
    }

    /// Peers have seen the seat's incarnation at work (R15).
    pub(super) fn confirm_incarnation(&mut self, id: SeatId) {
        self.change_seat(id, |seat| {
            let current = seat.incarnation;
            for (_, confirmed) in seat.incarnations.iter_mut().filter(|(had, _)| *had == current) {
                *confirmed = true;
            }
        });
    }

    pub(super) fn bind(&mut self, device_id: DeviceId, seat: SeatId) {
        self.note(|state| Some(Former::Bound(device_id, state.claims.get(&device_id)?.bound)));
        self.claims.entry(device_id).or_default().bound = Some(seat);
    }

    /// Adds an entry to the log; its position.
    pub(super) fn append_entry(&mut self, epoch: Epoch, order: u32, tally: Tally) -> u64 {
        let position = self.core.cursor.log_end;
        if self.journal.is_some() {
            for (place, entry) in self.log.before_append(position) {
                self.note(|_| Some(Former::Entry(place, entry)));
            }
        }
        // An order in use fits its field.
        let id = BlockId { epoch, order }.packed().unwrap_or(0);
        self.log.append(position, id, tally);
        self.core.cursor.log_end = position + 1;
        position
    }

    /// Fixes what was found at a log position.
    pub(super) fn set_finding(&mut self, position: u64, finding: Finding) {
        self.note(|state| {
            let place = state.log.place(position);
            Some(Former::Entry(place, state.log.entry(place)))
        });
        self.log.find(position, finding);
    }
}
