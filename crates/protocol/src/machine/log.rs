//! The suspicious log on its ring of G places (R5, R14, 7.5), which grows as it is used.

use crate::{BlockId, Decision, Epoch, Fixed, Tally, Verdict};

/// Entries that share a word in the contract: writing one clears what a former lap left after it in the word.
const TALLIES_PER_WORD: u64 = 5;
const IDS_PER_WORD: u64 = 8;
const OUTCOMES_PER_WORD: u64 = 64;
/// Their least common multiple.
const STRIDE: u64 = 320;

/// What was found at a log position, in the contract's four bits (7.5): 0 nothing yet; else the upper bit says malicious,
/// and the lower three a decision's clarity in sixths, plus one; none of these, if the block was logged again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Finding(u8);

impl Finding {
    pub(super) const NONE: Self = Self(0);
    /// Too few marks came: the block stands at a later position.
    pub(super) const LOGGED_AGAIN: Self = Self(Self::MALICIOUS);
    const MALICIOUS: u8 = 8;

    pub(super) fn code(self) -> u8 {
        self.0
    }

    pub(super) fn decision(self) -> Option<Decision> {
        let malicious = self.0 & Self::MALICIOUS != 0;
        let clarity = (self.0 & (Self::MALICIOUS - 1)).checked_sub(1)?;
        let verdict = if malicious { Verdict::Malicious } else { Verdict::Honest };
        Some(Decision { verdict, clarity })
    }
}

impl From<Decision> for Finding {
    fn from(Decision { verdict, clarity }: Decision) -> Self {
        let side = if verdict == Verdict::Malicious { Self::MALICIOUS } else { 0 };
        Self(side | (clarity.min(Decision::CLEAR) + 1))
    }
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
            self.findings.push(Finding::NONE);
            return;
        }
        put(&mut self.tallies, place, TALLIES_PER_WORD, tally);
        put(&mut self.ids, place, IDS_PER_WORD, id);
        if (position % self.places).is_multiple_of(OUTCOMES_PER_WORD) {
            put(&mut self.findings, place, OUTCOMES_PER_WORD, Finding::NONE);
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

    /// Beyond doubt.
    fn found(verdict: Verdict) -> Finding {
        Decision { verdict, clarity: Decision::CLEAR }.into()
    }

    #[test]
    fn findings_fit_four_bits_and_keep_their_decision() {
        for (verdict, codes) in [(Verdict::Honest, 1..=7), (Verdict::Malicious, 9..=15)] {
            for (clarity, code) in (0..=6).zip(codes) {
                let decision = Decision { verdict, clarity };
                assert_eq!(
                    (Finding::from(decision).code(), Finding(code).decision()),
                    (code, Some(decision))
                );
            }
        }
        assert_eq!([Finding::NONE, Finding::LOGGED_AGAIN].map(Finding::decision), [None, None]);
        assert_eq!(Finding::LOGGED_AGAIN.code(), 8);
    }

    #[test]
    fn rings_have_the_documented_size() {
        assert_eq!(log().places, 3200);
        assert_eq!(Log::new(&Fixed::default()).places, 201_332_800);
    }

    #[test]
    fn a_second_lap_clears_a_word_of_findings_ahead_and_what_follows_in_a_word() {
        let mut log = log();
        for position in 0..3200 {
            log.append(position, 7, tally(5));
            log.find(position, found(Verdict::Honest));
        }
        assert_eq!(
            (log.used(), log.tally(3199), log.finding(3199)),
            (3200, tally(5), found(Verdict::Honest))
        );
        log.append(3200, 9, tally(6));
        assert_eq!((log.used(), log.tally(3200), log.tally(0)), (3200, tally(6), tally(6)));
        assert_eq!((log.tally(4), log.tally(5)), (Tally::default(), tally(5)), "five to a word");
        assert_eq!((log.entry(0).id, log.entry(7).id, log.entry(8).id), (9, 0, 7), "eight to a word");
        assert_eq!((log.finding(63), log.finding(64)), (Finding::NONE, found(Verdict::Honest)));
        log.find(3200, found(Verdict::Malicious));
        log.append(3201, 9, tally(7));
        assert_eq!(log.finding(3200), found(Verdict::Malicious), "cleared once, at the word's first place");
    }

    #[test]
    fn what_an_append_changes_can_be_put_back() {
        let mut log = log();
        (0..3300).for_each(|position| log.append(position, 7, tally(5)));
        log.find(130, found(Verdict::Honest));
        let before = log.clone();
        let kept = log.before_append(3328);
        log.append(3328, 1, tally(9));
        assert_ne!(log, before);
        kept.into_iter().rev().for_each(|(place, entry)| log.restore(place, entry));
        assert_eq!(log, before);
    }
}
