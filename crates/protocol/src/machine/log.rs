//! The suspicious log on its ring of G places (R5, R14, 7.5), which grows as it is used.

use crate::{BlockId, Epoch, Fixed, Tally};

/// Entries that share a word in the contract: writing one clears what a former lap left after it in the word.
const TALLIES_PER_WORD: u64 = 5;
const IDS_PER_WORD: u64 = 8;
const OUTCOMES_PER_WORD: u64 = 128;
/// A common multiple of them.
const STRIDE: u64 = 640;

/// What was found at a log position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Finding {
    /// Nothing yet.
    #[default]
    None = 0,
    Honest = 1,
    Malicious = 2,
    /// Too few marks came: the block stands at a later position.
    LoggedAgain = 3,
}

/// An entry of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tally: Tally,
    /// The block's id, packed (4.7).
    pub(super) id: u32,
    pub(super) finding: Finding,
}

/// The ring. Fields of an entry lie apart: marks touch tallies only, judgement findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Log {
    places: u64,
    tallies: Vec<Tally>,
    ids: Vec<u32>,
    findings: Vec<Finding>,
}

impl Log {
    pub(super) fn new(fixed: &Fixed) -> Self {
        let entries = 3 * u64::from(fixed.retention_epochs) * (2 * u64::from(fixed.max_seats) + 64);
        let places = (entries / STRIDE + 1) * STRIDE;
        Self { places, tallies: Vec::new(), ids: Vec::new(), findings: Vec::new() }
    }

    /// How many places of the ring have been used.
    pub(super) fn used(&self) -> usize {
        self.tallies.len()
    }

    /// The place of a position in the ring.
    pub(super) fn place(&self, position: u64) -> usize {
        usize::try_from(position % self.places).unwrap_or(usize::MAX)
    }

    pub(super) fn tally(&self, position: u64) -> Tally {
        self.tallies.get(self.place(position)).copied().unwrap_or_default()
    }

    pub(super) fn tally_mut(&mut self, position: u64) -> Option<&mut Tally> {
        let place = self.place(position);
        self.tallies.get_mut(place)
    }

    pub(super) fn finding(&self, position: u64) -> Finding {
        self.findings.get(self.place(position)).copied().unwrap_or_default()
    }

    /// The id of the entry's block, which is of the newest such epoch that is not after `now`.
    pub(super) fn block(&self, position: u64, now: Epoch) -> Option<BlockId> {
        BlockId::unpack(self.ids.get(self.place(position)).copied().unwrap_or(0), now)
    }

    /// Places an entry, after the one at the place before.
    pub(super) fn append(&mut self, position: u64, id: u32, tally: Tally) {
        let place = self.place(position);
        if place >= self.used() {
            self.tallies.push(tally);
            self.ids.push(id);
            self.findings.push(Finding::None);
            return;
        }
        put(&mut self.tallies, place, TALLIES_PER_WORD, tally);
        put(&mut self.ids, place, IDS_PER_WORD, id);
        if (position % self.places).is_multiple_of(OUTCOMES_PER_WORD) {
            put(&mut self.findings, place, OUTCOMES_PER_WORD, Finding::None);
        }
    }

    /// Fixes what was found at a position.
    pub(super) fn find(&mut self, position: u64, finding: Finding) {
        let place = self.place(position);
        if let Some(found) = self.findings.get_mut(place) {
            *found = finding;
        }
    }

    /// The places that appending at `position` changes, with what stands there now.
    pub(super) fn before_append(&self, position: u64) -> Vec<(usize, Entry)> {
        let place = self.place(position);
        let end = place.saturating_add(usize::try_from(OUTCOMES_PER_WORD).unwrap_or(0)).min(self.used());
        (place..end).map(|place| (place, self.entry(place))).collect()
    }

    /// What stands at a place of the ring.
    pub(super) fn entry(&self, place: usize) -> Entry {
        Entry {
            tally: self.tallies.get(place).copied().unwrap_or_default(),
            id: self.ids.get(place).copied().unwrap_or_default(),
            finding: self.findings.get(place).copied().unwrap_or_default(),
        }
    }

    /// Puts an entry back.
    pub(super) fn restore(&mut self, place: usize, entry: Entry) {
        if let (Some(tally), Some(id), Some(finding)) =
            (self.tallies.get_mut(place), self.ids.get_mut(place), self.findings.get_mut(place))
        {
            (*tally, *id, *finding) = (entry.tally, entry.id, entry.finding);
        }
    }

    /// Forgets that more than so many places were used.
    pub(super) fn truncate(&mut self, used: usize) {
        self.tallies.truncate(used);
        self.ids.truncate(used);
        self.findings.truncate(used);
    }
}

/// Writes one cell and clears those after it in its word.
fn put<T: Copy + Default>(cells: &mut [T], place: usize, per_word: u64, value: T) {
    let per_word = usize::try_from(per_word).unwrap_or(1);
    let end = (place / per_word + 1) * per_word;
    let last = end.min(cells.len());
    if let Some(word) = cells.get_mut(place..last) {
        word.fill(T::default());
    }
    if let Some(cell) = cells.get_mut(place) {
        *cell = value;
    }
}
