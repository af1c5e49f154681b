//! R4 and R7: a block's marks are held against its assignment and added to the tallies.

use alloy_primitives::{B256, U256};

use super::State;
use super::block::Block;
use super::event::Suspicion;
use super::rejection::Rejection;
use super::seat::{HISTORY_EPOCHS, Kind};
use super::turn::Turn;
use crate::{
    Assignment, Check, Epoch, EpochSnapshot, Mark, Marks, Permutation, RosterOrder, SeatId, latest_bindings,
};

/// L1 at most.
const LATEST_MAX: usize = 8;

/// Where a block's marks may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// The seat's rank in the roster.
    pub(super) rank: u32,
    /// Latest blocks and non-empty window places (R12).
    pub(super) assigned: u32,
    latest: [u32; LATEST_MAX],
    latest_count: usize,
}

/// What came of a block's marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marked {
    /// The marks that counted, ignored ones as abstentions.
    pub(super) counted: Marks,
    /// Whether a negative mark on a latest block counted.
    pub(super) accuser: bool,
}

/// Log positions that marks of one block may not reach through the window: its seat's own blocks, and its latest
/// blocks.
struct Excluded {
    positions: [u64; HISTORY_EPOCHS as usize + LATEST_MAX],
    count: usize,
}

impl Excluded {
    fn add(&mut self, position: u64) {
        if let Some(place) = self.positions.get_mut(self.count) {
            *place = position;
            self.count += 1;
        }
    }

    fn has(&self, position: u64) -> bool {
        self.positions.iter().take(self.count).any(|excluded| *excluded == position)
    }
}

/// Marks that count, limb by limb.
#[derive(Default)]
struct Counted([u64; 4]);

impl Counted {
    fn add(&mut self, place: usize, mark: Mark) {
        if let Some(limb) = self.0.get_mut(place / 16) {
            *limb |= u64::from(mark.code()) << (4 * (place % 16));
        }
    }
}

/// Holds marks against an assignment.
fn fitting<P: RosterOrder>(
    epoch: &EpochSnapshot,
    order: P,
    rank: u32,
    marks: Marks,
) -> Result<Places, Rejection> {
    let assignment =
        Assignment::in_order(epoch, order, rank).map_err(|_| Rejection::MarkUnassigned(marks))?;
    if marks.given().any(|(place, _)| !assignment.is_assigned(place)) {
        return Err(Rejection::MarkUnassigned(marks));
    }
    let mut latest = [0; LATEST_MAX];
    let mut latest_count = 0;
    for (place, rank) in latest.iter_mut().zip(assignment.latest_ranks()) {
        *place = rank;
        latest_count += 1;
    }
    Ok(Places { rank, assigned: assignment.assigned(), latest, latest_count })
}

impl Turn<'_> {
    /// Where the marks stand in the running epoch, which may have no seed yet but has this root; `None` for a seat
    /// without rank.
    ///
    /// Errors: `MarkUnassigned`.
    pub(super) fn places(
        &self,
        rank: Option<u32>,
        root: B256,
        marks: Marks,
    ) -> Result<Option<Places>, Rejection> {
        let Some(rank) = rank else {
            let none = marks.0.is_zero();
            return if none { Ok(None) } else { Err(Rejection::MarkUnassigned(marks)) };
        };
        let record = self.state.epoch_at(self.now);
        let snapshot = EpochSnapshot { root, ..record.snapshot() };
        if record.index == 0 {
            let order = Permutation::new(root, record.roster_size);
            return fitting(&snapshot, order, rank, marks).map(Some);
        }
        fitting(&snapshot, &record.order, rank, marks).map(Some)
    }

    /// What the block has to state of the latest blocks that it marks.
    pub(super) fn latest_bindings(&self, places: &Places, marks: Marks) -> B256 {
        let roster_epoch = self.state.epoch_at(self.now).roster_epoch;
        self.state.judged(roster_epoch, places.latest.into_iter().take(places.latest_count), marks)
    }

    /// Adds marks that fit the assignment to the tallies: latest blocks first, then window places.
    pub(super) fn mark(&mut self, id: SeatId, weight: u16, places: &Places, marks: Marks) -> Marked {
        let mut excluded = self.state.own_undecided(id, self.now);
        let mut counted = Counted::default();
        let mut accuser = false;
        let roster_epoch = self.state.epoch_at(self.now).roster_epoch;
        for (place, rank) in places.latest.iter().take(places.latest_count).enumerate() {
            let mark = marks.get(place).unwrap_or_default();
            if self.mark_latest(roster_epoch, *rank, mark, weight, &mut excluded) {
                counted.add(place, mark);
                accuser |= mark.is_negative();
            }
        }
        self.state.mark_window(self.now, weight, places, marks, &excluded, &mut counted);
        Marked { counted: Marks(U256::from_limbs(counted.0)), accuser }
    }

    /// Marks one latest block; whether it counted.
    fn mark_latest(
        &mut self,
        roster_epoch: Epoch,
        rank: u32,
        mark: Mark,
        weight: u16,
        excluded: &mut Excluded,
    ) -> bool {
        let Some(mut target) = self.state.block_at(roster_epoch, rank).copied() else { return false };
        if target.logged {
            excluded.add(target.position);
        }
        if mark == Mark::Abstain || !target.is_open() {
            return false;
        }
        if target.logged {
            return self.state.log.tally_mut(target.position).is_some_and(|tally| tally.add(mark, weight));
        }
        if !target.tally.add(mark, weight) {
            return false;
        }
        if mark.is_negative() {
            target = self.enter_log(target, rank, Suspicion::NegativeMark);
        }
        self.state.change_block(rank, target);
        true
    }
}

impl State {
    /// The hash of the evidence bindings of those latest blocks that get a mark, whether it counts or not.
    pub(super) fn judged(&self, roster: Epoch, ranks: impl Iterator<Item = u32>, marks: Marks) -> B256 {
        let judged: Vec<B256> = ranks
            .enumerate()
            .filter(|(place, _)| marks.get(*place) != Ok(Mark::Abstain))
            .filter_map(|(_, rank)| self.block_at(roster, rank))
            .map(|block| block.evidence_binding)
            .collect();
        latest_bindings(&judged)
    }

    /// Where a seat's own undecided blocks stand in the log.
    fn own_undecided(&self, id: SeatId, now: Epoch) -> Excluded {
        let mut excluded = Excluded { positions: [0; HISTORY_EPOCHS as usize + LATEST_MAX], count: 0 };
        let Some(seat) = self.seat(id) else { return excluded };
        let Some(last) = seat.history.last() else { return excluded };
        let mut undecided = seat.history.live(Kind::Undecided, now, self.retention());
        while undecided != 0 {
            let epoch = last.saturating_sub(undecided.trailing_zeros());
            let own: Option<&Block> = self.block_at(epoch, self.order_of(seat, epoch));
            if let Some(own) = own {
                excluded.add(own.position);
            }
            undecided &= undecided - 1;
        }
        excluded
    }

    /// Marks the window's entries. They are undecided by construction: each block has one live entry, and it is decided
    /// only after its window's epoch.
    fn mark_window(
        &mut self,
        now: Epoch,
        weight: u16,
        places: &Places,
        marks: Marks,
        excluded: &Excluded,
        counted: &mut Counted,
    ) {
        let Self { epochs, log, settings, .. } = self;
        let retention = u32::from(settings.fixed.retention_epochs);
        let slot = usize::try_from(now % retention.max(1)).unwrap_or(0);
        let Some(record) = epochs.get(slot) else { return };
        let Ok(assignment) = Assignment::in_order(&record.snapshot(), &record.order, places.rank) else {
            return;
        };
        for (place, code) in marks.given() {
            let Some(Check::Suspicious { entry }) = assignment.window_check(place) else { continue };
            let position = record.window_start + u64::from(entry);
            let void = log.block(position, now).is_none_or(|block| now - block.epoch >= retention);
            if void || excluded.has(position) {
                continue;
            }
            let mark = Mark::from_code(code).unwrap_or_default();
            if log.tally_mut(position).is_some_and(|tally| tally.add(mark, weight)) {
                counted.add(place, mark);
            }
        }
    }
}
