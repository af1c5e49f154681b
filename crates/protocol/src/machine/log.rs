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
        // In its first lap a position is its place, and a division is spared.
        let place = if position < self.places { position } else { position % self.places };
        usize::try_from(place).unwrap_or(usize::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;

    /// The smallest ring: 16 epochs, one seat.
    fn log() -> Log {
        Log::new(&Fixed { retention_epochs: 16, max_seats: 1, ..Fixed::default() })
    }

    fn tally(weight: u16) -> Tally {
        let mut tally = Tally::default();
        tally.add(Mark::Valid, weight);
        tally
    }

    #[test]
    fn rings_have_the_documented_size() {
        assert_eq!(log().places, 3200);
        assert_eq!(Log::new(&Fixed::default()).places, 201_333_120);
    }

    #[test]
    fn a_second_lap_clears_a_word_of_findings_ahead_and_what_follows_in_a_word() {
        let mut log = log();
        for position in 0..3200 {
            log.append(position, 7, tally(5));
            log.find(position, Finding::Honest);
        }
        assert_eq!((log.used(), log.tally(3199), log.finding(3199)), (3200, tally(5), Finding::Honest));
        log.append(3200, 9, tally(6));
        assert_eq!((log.used(), log.tally(3200), log.tally(0)), (3200, tally(6), tally(6)));
        assert_eq!((log.tally(4), log.tally(5)), (Tally::default(), tally(5)), "five to a word");
        assert_eq!((log.entry(0).id, log.entry(7).id, log.entry(8).id), (9, 0, 7), "eight to a word");
        assert_eq!((log.finding(127), log.finding(128)), (Finding::None, Finding::Honest));
        log.find(3200, Finding::Malicious);
        log.append(3201, 9, tally(7));
        assert_eq!(log.finding(3200), Finding::Malicious, "cleared once, at the word's first place");
    }

    #[test]
    fn what_an_append_changes_can_be_put_back() {
        let mut log = log();
        (0..3300).for_each(|position| log.append(position, 7, tally(5)));
        log.find(130, Finding::Honest);
        let before = log.clone();
        let kept = log.before_append(3328);
        log.append(3328, 1, tally(9));
        assert_ne!(log, before);
        kept.into_iter().rev().for_each(|(place, entry)| log.restore(place, entry));
        assert_eq!(log, before);
    }
}
