//! What each device checks in an epoch (R4, R5): no transaction assigns it, it follows from the root.
//!
//! A device whose rank the root puts at position p checks the *latest blocks* at the L1′ positions after its
//! own, then a contiguous stretch of the *window*, the suspicious blocks of the epoch. Both are closed forms:
//! device and contract compute one device's share without looking at the others'.
//!
//! **Coverage.** For a window that R5 allows (1 ≤ W ≤ capacity) every place is checked by ⌊x⌋ or ⌈x⌉ devices,
//! x = L2′·N/W*. With L2 ≥ 2 that is at least min(c, N), at most 2c and at most N; with N < c everyone checks
//! everything. (With L2 = 1 widening a window of one entry can halve its coverage to about c/2.)

use alloy_primitives::B256;

use crate::{Marks, Permutation, RosterOrder};

/// `K_e`: the marks a decision asks for at this network's size, `min(K, max(1, M − 1))` (R5).
///
/// `decision_marks` is K; `largest_roster` is M, the largest roster of this and the last `finalityEpochs`
/// opened epochs, so that a sudden gap in publication does not make decisions cheap.
pub fn effective_decision_marks(decision_marks: u8, largest_roster: u32) -> u8 {
    let peers = u8::try_from(largest_roster.saturating_sub(1)).unwrap_or(u8::MAX);
    decision_marks.min(peers.max(1))
}

/// c = ⌊(11·`K_e` + 9)/10⌋: how many devices are to check each suspicious block, a tenth more than decide it.
pub fn coverage(effective_decision_marks: u8) -> u32 {
    (11 * u32::from(effective_decision_marks)).div_ceil(10)
}

/// How many suspicious blocks a roster of N can bring to c marks each: `max(1, ⌊N·L2/c⌋)`, 0 if N = 0 (R5).
///
/// Also 0 if `K_e` = 0, which [`effective_decision_marks`] does not give for a K above 0. Saturates at
/// `u32::MAX`, out of reach for N ≤ 2²⁰.
pub fn capacity(roster_size: u32, suspicious_checks: u8, effective_decision_marks: u8) -> u32 {
    let checks = u64::from(roster_size) * u64::from(suspicious_checks);
    match checks.checked_div(u64::from(coverage(effective_decision_marks))) {
        Some(blocks) if roster_size > 0 => u32::try_from(blocks.max(1)).unwrap_or(u32::MAX),
        _ => 0,
    }
}

/// What an epoch's opening froze that assignments follow from (R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSnapshot {
    /// The epoch's root, by which π is keyed.
    pub root: B256,
    /// N: how many latest blocks there are.
    pub roster_size: u32,
    /// W: how many suspicious blocks the window holds.
    pub window_size: u32,
    /// `K_e`, at least 1: see [`effective_decision_marks`].
    pub effective_decision_marks: u8,
    /// L1: latest blocks to check.
    pub latest_checks: u8,
    /// L2: suspicious blocks to check. L1 + L2 ≤ 64.
    pub suspicious_checks: u8,
}

/// Why there is no assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssignmentError {
    /// Who has no rank publishes with marks 0.
    #[error("rank {rank} is not below the roster's size {roster_size}")]
    RankOutsideRoster {
        /// The rank asked for.
        rank: u32,
        /// N.
        roster_size: u32,
    },
    /// L1 + L2 do not fit the marks of one block.
    #[error("{0} checks do not fit 64 marks")]
    TooManyChecks(u16),
    /// `K_e` is zero.
    #[error("a decision asks for no mark")]
    NoDecisionMarks,
}

/// What one place of a device's marks is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The latest block of the device with this rank.
    Latest {
        /// A rank below N, never the device's own.
        rank: u32,
    },
    /// A suspicious block.
    Suspicious {
        /// Its index in the window, below W; the window's start in the log is to be added.
        entry: u32,
    },
    /// An empty place of the widened window: a mark here is refused.
    Empty,
}

/// What one device checks in one epoch, place by place of its marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment<P = Permutation> {
    order: P,
    position: u32,
    latest_count: u8,
    window_size: u32,
    window_places: u32,
    window_start: u32,
    window_count: u8,
}

impl Assignment {
    /// The assignment of the device with this rank.
    ///
    /// # Errors
    /// When the rank is not below N, L1 + L2 exceeds 64, or `K_e` is zero.
    pub fn new(epoch: &EpochSnapshot, rank: u32) -> Result<Self, AssignmentError> {
        Self::in_order(epoch, Permutation::new(epoch.root, epoch.roster_size), rank)
    }
}

impl<P: RosterOrder> Assignment<P> {
    /// The assignment of the device with this rank, in the order that the epoch's root gives the roster.
    ///
    /// # Errors
    /// When the rank is not below N, L1 + L2 exceeds 64, or `K_e` is zero.
    pub fn in_order(epoch: &EpochSnapshot, order: P, rank: u32) -> Result<Self, AssignmentError> {
        let checks = u16::from(epoch.latest_checks) + u16::from(epoch.suspicious_checks);
        if usize::from(checks) > Marks::PLACES {
            return Err(AssignmentError::TooManyChecks(checks));
        }
        if epoch.effective_decision_marks == 0 {
            return Err(AssignmentError::NoDecisionMarks);
        }
        let roster_size = epoch.roster_size;
        let position =
            order.position_of(rank).ok_or(AssignmentError::RankOutsideRoster { rank, roster_size })?;
        Ok(Self::at(epoch, order, position))
    }

    /// The assignment at a position below N.
    fn at(epoch: &EpochSnapshot, order: P, position: u32) -> Self {
        let peers = u64::from(epoch.roster_size.saturating_sub(1));
        let window_places = window_places(epoch);
        let scaled = u64::from(position) * u64::from(window_places);
        let start = scaled.checked_div(u64::from(epoch.roster_size)).unwrap_or(0);
        Self {
            order,
            position,
            latest_count: clamped(epoch.latest_checks, peers),
            window_size: epoch.window_size,
            window_places,
            // Below W*, since the position is below N.
            window_start: u32::try_from(start).unwrap_or(u32::MAX),
            window_count: window_count(epoch, window_places),
        }
    }

    /// p: where the root put this device.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// L1′: how many latest blocks it checks; they have the first places.
    pub fn latest_count(&self) -> u8 {
        self.latest_count
    }

    /// L2′: how many places of the window it has, empty ones included; they follow the latest blocks.
    pub fn window_count(&self) -> u8 {
        self.window_count
    }

    /// W*: how many places the window is widened to, so that a few entries are not checked by everybody.
    pub fn window_places(&self) -> u32 {
        self.window_places
    }

    /// The first of its window places, below W*.
    pub fn window_start(&self) -> u32 {
        self.window_start
    }

    /// How many blocks it is assigned: latest blocks and non-empty window places (R12).
    pub fn assigned(&self) -> u32 {
        let offsets = 0..u32::from(self.window_count);
        let filled = offsets.filter(|offset| self.entry(*offset) < self.window_size).count();
        u32::from(self.latest_count) + u32::try_from(filled).unwrap_or(u32::MAX)
    }

    /// What the mark at `place` is about; `None` if the place is not assigned, and a mark there refused.
    pub fn check(&self, place: usize) -> Option<Check> {
        let place = u32::try_from(place).ok()?;
        match place.checked_sub(u32::from(self.latest_count)) {
            None => self.latest(place),
            Some(offset) => self.window(offset),
        }
    }

    /// Whether a mark may stand at `place`: it is assigned and not empty.
    pub fn is_assigned(&self, place: usize) -> bool {
        place < usize::from(self.latest_count)
            || matches!(self.window_check(place), Some(Check::Suspicious { .. }))
    }

    /// What the mark at `place` is about, if that is a place of the window.
    pub fn window_check(&self, place: usize) -> Option<Check> {
        let offset = u32::try_from(place).ok()?.checked_sub(u32::from(self.latest_count))?;
        self.window(offset)
    }

    /// The ranks of the latest blocks, in order of place.
    pub fn latest_ranks(&self) -> impl Iterator<Item = u32> + '_ {
        (0..u32::from(self.latest_count)).filter_map(|offset| self.latest_rank(offset))
    }

    /// Every assigned place in order, from place 0 on.
    pub fn checks(&self) -> impl Iterator<Item = Check> + '_ {
        (0..Marks::PLACES).map_while(|place| self.check(place))
    }

    fn latest(&self, offset: u32) -> Option<Check> {
        self.latest_rank(offset).map(|rank| Check::Latest { rank })
    }

    /// The rank of the latest block at a place below L1′.
    fn latest_rank(&self, offset: u32) -> Option<u32> {
        let after = u64::from(self.position) + 1 + u64::from(offset);
        let position = u32::try_from(after % u64::from(self.order.size())).ok()?;
        self.order.rank_at(position)
    }

    /// The window place at an offset below L2′, which is at most W*: one lap at most.
    fn entry(&self, offset: u32) -> u32 {
        let until_lap = self.window_places.saturating_sub(self.window_start);
        offset.checked_sub(until_lap).unwrap_or(self.window_start.saturating_add(offset))
    }

    fn window(&self, offset: u32) -> Option<Check> {
        if offset >= u32::from(self.window_count) {
            return None;
        }
        let entry = self.entry(offset);
        Some(if entry < self.window_size { Check::Suspicious { entry } } else { Check::Empty })
    }
}

/// Whom an epoch assigned what `check` says: their ranks, each with the place of the mark. The inverse of
/// [`Assignment::check`].
///
/// Who checks a suspicious block is found by looking at all N positions, without hashing.
///
/// # Errors
/// As [`Assignment::in_order`]: when a rank is not below N, L1 + L2 exceeds 64, or `K_e` is zero.
pub fn checkers<P: RosterOrder + Copy>(
    epoch: &EpochSnapshot,
    order: P,
    check: Check,
) -> Result<Vec<(u32, usize)>, AssignmentError> {
    let size = epoch.roster_size;
    let places = |position| places_of(&Assignment::at(epoch, order, position), check);
    let positions = match check {
        Check::Latest { rank } => {
            let own = Assignment::in_order(epoch, order, rank)?;
            (1..=u32::from(own.latest_count)).map(|before| wrapped_back(own.position, before, size)).collect()
        }
        Check::Suspicious { .. } if size > 0 => {
            Assignment::in_order(epoch, order, 0)?;
            (0..size).collect()
        }
        Check::Suspicious { .. } | Check::Empty => Vec::new(),
    };
    let places = positions.into_iter().filter_map(|position: u32| places(position).map(|it| (position, it)));
    Ok(places.filter_map(|(position, place)| Some((order.rank_at(position)?, place))).collect())
}

/// The position so many before another, on a ring of `size`; at most one lap.
fn wrapped_back(position: u32, before: u32, size: u32) -> u32 {
    position.checked_sub(before).unwrap_or_else(|| size.saturating_sub(before - position))
}

/// At which place an assignment has this check.
fn places_of<P: RosterOrder>(assignment: &Assignment<P>, check: Check) -> Option<usize> {
    let latest = usize::from(assignment.latest_count);
    match check {
        Check::Latest { .. } => (0..latest).find(|place| assignment.check(*place) == Some(check)),
        Check::Suspicious { entry } => {
            let start = assignment.window_start;
            let behind = || assignment.window_places.saturating_sub(start).saturating_add(entry);
            let offset = entry.checked_sub(start).unwrap_or_else(behind);
            let is_inside = offset < u32::from(assignment.window_count) && entry < assignment.window_size;
            is_inside.then(|| usize::try_from(offset).ok().map(|offset| latest + offset)).flatten()
        }
        Check::Empty => None,
    }
}

/// W* = max(W, ⌈N/c⌉).
fn window_places(epoch: &EpochSnapshot) -> u32 {
    epoch.window_size.max(epoch.roster_size.div_ceil(coverage(epoch.effective_decision_marks)))
}

/// L2′ = min(L2, W*, ⌈c·W*/N⌉); none if the window is empty.
fn window_count(epoch: &EpochSnapshot, window_places: u32) -> u8 {
    if epoch.window_size == 0 {
        return 0;
    }
    let places = u64::from(window_places);
    let share =
        (u64::from(coverage(epoch.effective_decision_marks)) * places).div_ceil(u64::from(epoch.roster_size));
    clamped(epoch.suspicious_checks, share.min(places))
}

/// The lesser of a number of checks and a bound.
fn clamped(checks: u8, bound: u64) -> u8 {
    checks.min(u8::try_from(bound).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(n: u32, w: u32, k_e: u8, l1: u8, l2: u8) -> EpochSnapshot {
        EpochSnapshot {
            root: B256::repeat_byte(7),
            roster_size: n,
            window_size: w,
            effective_decision_marks: k_e,
            latest_checks: l1,
            suspicious_checks: l2,
        }
    }

    fn assignments(epoch: &EpochSnapshot) -> Vec<Assignment> {
        (0..epoch.roster_size).map(|rank| Assignment::new(epoch, rank).expect("ranked")).collect()
    }

    /// How many devices check each entry of the window; by position, since every position is taken once.
    fn coverage_by_entry(epoch: &EpochSnapshot) -> Vec<u32> {
        let permutation = Permutation::new(epoch.root, epoch.roster_size);
        let mut met = vec![0; epoch.window_size as usize];
        for position in 0..epoch.roster_size {
            let assignment = Assignment::at(epoch, permutation, position);
            let window = usize::from(assignment.latest_count())..;
            for check in window.map_while(|place| assignment.check(place)) {
                if let Check::Suspicious { entry } = check {
                    met[entry as usize] += 1;
                }
            }
        }
        met
    }

    #[test]
    fn decision_marks_fit_the_network() {
        let fitted = [0, 1, 2, 3, 12, 52, 53, 54, 10_000].map(|m| effective_decision_marks(52, m));
        assert_eq!(fitted, [1, 1, 1, 2, 11, 51, 52, 52, 52]);
    }

    #[test]
    fn coverage_is_a_tenth_above_the_decision_marks() {
        assert_eq!([1, 2, 9, 10, 11, 52, 90].map(coverage), [2, 3, 10, 11, 13, 58, 99]);
    }

    #[test]
    fn capacity_is_what_the_roster_can_bring_to_c_marks() {
        assert_eq!(capacity(0, 40, 52), 0);
        assert_eq!(capacity(1, 40, 1), 20);
        assert_eq!(capacity(1, 1, 52), 1);
        assert_eq!(capacity(12, 40, 11), 36);
        assert_eq!(capacity(10_000, 40, 52), 6896);
        assert_eq!(capacity(5, 40, 0), 0);
        assert_eq!(capacity(u32::MAX, 255, 1), u32::MAX);
    }

    #[test]
    fn each_latest_block_gets_exactly_l1_checks_and_none_from_its_own_device() {
        for n in 1..=40 {
            for l1 in [1, 2, 5, 40] {
                let epoch = epoch(n, 3, 5, l1, 8);
                let mut met = vec![0; n as usize];
                for (own, assignment) in assignments(&epoch).iter().enumerate() {
                    let mut own_checks = Vec::new();
                    for check in assignment.checks() {
                        if let Check::Latest { rank } = check {
                            assert_ne!(rank as usize, own);
                            assert!(!own_checks.contains(&rank), "{rank} twice for {own}");
                            own_checks.push(rank);
                            met[rank as usize] += 1;
                        }
                    }
                }
                assert_eq!(met, vec![u32::from(l1).min(n - 1); n as usize]);
            }
        }
    }

    #[test]
    fn latest_blocks_are_those_at_the_next_positions() {
        let epoch = epoch(9, 0, 5, 3, 8);
        let permutation = Permutation::new(epoch.root, 9);
        for rank in 0..9 {
            let p = permutation.position_of(rank).expect("ranked");
            let next = [1, 2, 3].map(|i| permutation.rank_at((p + i) % 9).expect("ranked"));
            let assignment = Assignment::new(&epoch, rank).expect("ranked");
            let checks: Vec<_> = assignment.checks().collect();
            assert_eq!(checks, next.map(|rank| Check::Latest { rank }));
        }
    }

    /// Every window that R5 allows, for every roster to 40 and decision marks from one to twice the roster.
    #[test]
    fn coverage_is_even_and_between_c_and_twice_c() {
        for n in 1..=40_u32 {
            for k_e in [1, 2, 3, 7, 11, 39, 52] {
                for l2 in [2_u8, 3, 40] {
                    let c = coverage(k_e);
                    for w in 1..=capacity(n, l2, k_e).min(90) {
                        let met = coverage_by_entry(&epoch(n, w, k_e, 2, l2));
                        let (least, most) = (*met.iter().min().expect("w"), *met.iter().max().expect("w"));
                        let case = format!("n {n} k_e {k_e} l2 {l2} w {w}: {least}..={most}, c {c}");
                        assert!(most - least <= 1, "uneven, {case}");
                        assert!(least >= c.min(n), "thin, {case}");
                        assert!(most <= (2 * c).min(n), "thick, {case}");
                    }
                }
            }
        }
    }

    #[test]
    fn coverage_is_the_floor_or_ceiling_of_places_times_roster_over_window() {
        for n in 1..=30_u32 {
            for l2 in [1_u8, 2, 7, 20] {
                for w in 1..=60 {
                    let epoch = epoch(n, w, 6, 0, l2);
                    let one = Assignment::new(&epoch, 0).expect("ranked");
                    let checks = u32::from(one.window_count()) * n;
                    let met = coverage_by_entry(&epoch);
                    let floor = checks / one.window_places();
                    let ceiling = checks.div_ceil(one.window_places());
                    assert!(met.iter().all(|m| (floor..=ceiling).contains(m)), "n {n} l2 {l2} w {w}");
                }
            }
        }
    }

    /// Why a network should ask for two suspicious checks at least: with one, widening a window of one entry halves its coverage.
    #[test]
    fn one_suspicious_check_alone_can_fall_short_of_c() {
        let met = coverage_by_entry(&epoch(14, 1, 11, 2, 1));
        assert_eq!((coverage(11), met), (13, vec![7]));
    }

    #[test]
    fn large_networks_are_covered_evenly_too() {
        for (n, w) in [(1000, 1), (1000, 17), (1000, 18), (1000, 500), (1000, 689), (10_000, 6896)] {
            let met = coverage_by_entry(&epoch(n, w, 52, 2, 40));
            let (least, most) = (*met.iter().min().expect("w"), *met.iter().max().expect("w"));
            assert!(least >= 58 && most <= 116 && most - least <= 1, "n {n} w {w}: {least}..={most}");
        }
    }

    #[test]
    fn nobody_meets_a_window_place_twice() {
        for w in [1, 2, 7, 30] {
            for assignment in assignments(&epoch(12, w, 11, 2, 40)) {
                let mut met: Vec<u32> = Vec::new();
                for check in assignment.checks() {
                    if let Check::Suspicious { entry } = check {
                        assert!(!met.contains(&entry));
                        met.push(entry);
                    }
                }
            }
        }
    }

    #[test]
    fn checkers_are_those_whose_assignments_say_so() {
        for (n, w, k_e, l1, l2) in
            [(1, 2, 1, 2, 40), (2, 1, 1, 2, 3), (12, 5, 11, 2, 40), (12, 0, 11, 20, 8), (40, 60, 5, 2, 8)]
        {
            let epoch = epoch(n, w, k_e, l1, l2);
            let order = Permutation::new(epoch.root, n);
            let of_rank = |rank: u32, assignment: &Assignment, check| {
                let places = (0..Marks::PLACES).filter(|place| assignment.check(*place) == Some(check));
                places.map(|place| (rank, place)).collect::<Vec<_>>()
            };
            let latest = (0..n).map(|rank| Check::Latest { rank });
            for check in latest.chain((0..w).map(|entry| Check::Suspicious { entry })) {
                let ranked = (0..n).zip(assignments(&epoch));
                let expected: Vec<_> = ranked.flat_map(|(rank, own)| of_rank(rank, &own, check)).collect();
                let mut found = checkers(&epoch, order, check).expect("they fit");
                found.sort_unstable();
                assert_eq!(found, expected, "{check:?} of {epoch:?}");
            }
        }
        let small = epoch(5, 1, 4, 2, 40);
        let order = Permutation::new(small.root, 5);
        assert!(checkers(&small, order, Check::Latest { rank: 5 }).is_err());
        assert_eq!(checkers(&small, order, Check::Suspicious { entry: 1 }), Ok(Vec::new()));
        assert_eq!(checkers(&small, order, Check::Empty), Ok(Vec::new()));
    }

    #[test]
    fn an_empty_window_asks_nothing() {
        for assignment in assignments(&epoch(30, 0, 2, 2, 40)) {
            assert_eq!((assignment.window_count(), assignment.assigned()), (0, 2));
            assert_eq!(assignment.check(2), None);
        }
    }

    #[test]
    fn a_device_alone_checks_no_latest_block() {
        let alone = Assignment::new(&epoch(1, 2, 1, 2, 40), 0).expect("ranked");
        let checks: Vec<_> = alone.checks().collect();
        assert_eq!(checks, [Check::Suspicious { entry: 0 }, Check::Suspicious { entry: 1 }]);
    }

    #[test]
    fn empty_places_are_assigned_but_ask_nothing() {
        // N = 100, c = 10: widened to 10 places of which one holds an entry, one place for each device.
        let epoch = epoch(100, 1, 9, 2, 40);
        let met: Vec<_> = assignments(&epoch).iter().map(|a| (a.check(2), a.assigned())).collect();
        assert_eq!(met.iter().filter(|m| **m == (Some(Check::Suspicious { entry: 0 }), 3)).count(), 10);
        assert_eq!(met.iter().filter(|m| **m == (Some(Check::Empty), 2)).count(), 90);
    }

    #[test]
    fn places_beyond_the_assignment_are_unassigned() {
        let assignment = Assignment::new(&epoch(12, 5, 11, 2, 40), 3).expect("ranked");
        assert_eq!(assignment.checks().count(), 7);
        assert!(assignment.check(6).is_some());
        for place in [7, 63, 64, usize::MAX] {
            assert_eq!(assignment.check(place), None);
        }
    }

    #[test]
    fn assignments_that_cannot_be_are_refused() {
        let refused = |e: EpochSnapshot, rank| Assignment::new(&e, rank).expect_err("refused");
        let outside = |rank, roster_size| AssignmentError::RankOutsideRoster { rank, roster_size };
        assert_eq!(refused(epoch(5, 1, 4, 2, 40), 5), outside(5, 5));
        assert_eq!(refused(epoch(0, 1, 4, 2, 40), 0), outside(0, 0));
        assert_eq!(refused(epoch(5, 1, 4, 25, 40), 0), AssignmentError::TooManyChecks(65));
        assert_eq!(refused(epoch(5, 1, 0, 2, 40), 0), AssignmentError::NoDecisionMarks);
    }

    #[test]
    fn the_largest_network_overflows_nothing() {
        let epoch = epoch(u32::MAX, u32::MAX, 255, 24, 40);
        for rank in [0, u32::MAX - 1] {
            let assignment = Assignment::new(&epoch, rank).expect("ranked");
            assert_eq!(assignment.checks().count(), 64);
        }
    }
}
