//! R4, R5 are fair: who checks whom is an even draw, and nobody is checked more or less than the rules say.
//!
//! Draws are counted and held against the χ² distribution: an even draw exceeds the limit with p = 0.01. Seeds are
//! printed; the draws follow from them, so a test that passes once passes always. The normal tests take a part of the
//! draws; those of a million are run by
//! `cargo test --release -p multee-protocol --test fairness -- --ignored --nocapture`.

use alloy_primitives::{B256, keccak256};
use multee_protocol::{
    Assignment, Check, EpochSnapshot, Permutation, RosterOrder, TabulatedPermutation, capacity,
    effective_decision_marks,
};

/// The root of one draw.
fn root(seed: &str, draw: u32) -> B256 {
    keccak256(format!("{seed}/{draw}"))
}

/// What a normal draw exceeds with p = 0.01, in standard deviations.
const NORMAL_99: f64 = 2.326_347_874;

/// What χ² of so many degrees of freedom exceeds with p = 0.01, by Wilson and Hilferty: (χ²/k)^⅓ is nearly normal with
/// mean 1 − 2/(9k) and variance 2/(9k). From 20 degrees on it is right to a thousandth.
fn critical(degrees: u32) -> f64 {
    let spread = 2.0 / (9.0 * f64::from(degrees));
    f64::from(degrees) * (1.0 - spread + NORMAL_99 * spread.sqrt()).powi(3)
}

/// χ² of independent sets of counts, each of which should all be alike, added up: a sum of such values has as many
/// degrees of freedom as they have together, so that there is one test, and one p, for all sizes of network.
#[derive(Default)]
struct ChiSquared {
    value: f64,
    degrees: u32,
}

impl ChiSquared {
    fn add(&mut self, counts: &[u32], degrees: u32) {
        let total: u32 = counts.iter().sum();
        let even = f64::from(total) / f64::from(u32::try_from(counts.len()).expect("small"));
        self.value += counts.iter().map(|count| (f64::from(*count) - even).powi(2) / even).sum::<f64>();
        self.degrees += degrees;
    }

    #[track_caller]
    fn assert_even(&self, what: &str, seed: &str) {
        let (Self { value, degrees }, limit) = (self, critical(self.degrees));
        println!("{what}, seed {seed:?}: chi² {value:.1}, limit {limit:.1} ({degrees} degrees of freedom)");
        assert!(*value < limit, "{what}, seed {seed:?}: chi² {value:.1} reaches {limit:.1}");
    }
}

#[test]
fn critical_values_are_those_of_the_tables() {
    for (degrees, table) in [(20, 37.566), (30, 50.892), (50, 76.154), (100, 135.807), (1000, 1106.969)] {
        assert!((critical(degrees) / table - 1.0).abs() < 0.001, "{degrees}: {}", critical(degrees));
    }
}

/// At which position a rank stands, and who stands next to it.
///
/// A draw's own positions depend on each other (no two ranks share one), so each draw gives one of each.
fn positions_and_pairs(seed: &str, sizes: &[u32], draws: u32) {
    let (mut position_test, mut pair_test) = (ChiSquared::default(), ChiSquared::default());
    for &n in sizes {
        let mut positions = vec![0_u32; (n * n) as usize];
        let mut pairs = vec![0_u32; (n * (n - 1)) as usize];
        for draw in 0..draws {
            let order = Permutation::new(root(&format!("{seed}/{n}"), draw), n);
            let rank = draw % n;
            let position = order.position_of(rank).expect("ranked");
            positions[(rank * n + position) as usize] += 1;
            let checked = order.rank_at((position + 1) % n).expect("ranked");
            let other = if checked > rank { checked - 1 } else { checked };
            pairs[(rank * (n - 1) + other) as usize] += 1;
        }
        // Each rank has the same number of draws: its counts lose one degree of freedom.
        position_test.add(&positions, n * (n - 1));
        pair_test.add(&pairs, n * (n - 2));
    }
    position_test.assert_even(&format!("positions of {sizes:?}"), seed);
    pair_test.assert_even(&format!("pairs of {sizes:?}"), seed);
}

#[test]
fn positions_and_pairs_are_an_even_draw() {
    positions_and_pairs("multee/fairness/1", &[5, 12, 40], 20_000);
}

#[test]
#[ignore = "a million draws of each size; run in release"]
fn positions_and_pairs_of_a_million_draws_are_even() {
    positions_and_pairs("multee/fairness/1 million", &[5, 12, 40, 100], 1_000_000);
}

/// Where in the window a device's share begins; the rest of it follows in order.
///
/// Shares begin at ⌊p·W/N⌋ for positions p: as many at each entry if W divides N.
fn coverage_of_entries(seed: &str, sizes: &[(u32, u32)], draws: u32) {
    let mut test = ChiSquared::default();
    for &(n, w) in sizes {
        assert!(n.is_multiple_of(w));
        let mut first = vec![0_u32; w as usize];
        for draw in 0..draws {
            let epoch = snapshot(root(&format!("{seed}/{n}"), draw), n, w);
            let assignment = Assignment::new(&epoch, draw % n).expect("ranked");
            first[assignment.window_start() as usize] += 1;
        }
        test.add(&first, w - 1);
    }
    test.assert_even(&format!("entries of (roster, window) {sizes:?}"), seed);
}

const WINDOWS: [(u32, u32); 3] = [(60, 30), (100, 50), (42, 21)];

#[test]
fn which_entries_a_device_checks_is_an_even_draw() {
    coverage_of_entries("multee/fairness/2", &WINDOWS, 20_000);
}

#[test]
#[ignore = "a million draws of each size; run in release"]
fn which_entries_a_device_checks_is_even_in_a_million_draws() {
    coverage_of_entries("multee/fairness/2 million", &WINDOWS, 1_000_000);
}

/// The default parameters' assignments.
fn snapshot(root: B256, roster_size: u32, window_size: u32) -> EpochSnapshot {
    EpochSnapshot {
        root,
        roster_size,
        window_size,
        effective_decision_marks: effective_decision_marks(52, roster_size),
        latest_checks: 2,
        suspicious_checks: 40,
    }
}

#[test]
fn every_latest_block_gets_its_checks_and_every_entry_as_many_but_for_one() {
    for n in [2, 3, 5, 12, 40, 100, 1000] {
        let most = capacity(n, 40, effective_decision_marks(52, n));
        for w in [1, 2, most / 2, most].into_iter().filter(|w| *w > 0) {
            let epoch = snapshot(root("multee/fairness/3", n * 10_000 + w), n, w);
            let order = TabulatedPermutation::from(Permutation::new(epoch.root, n));
            let (mut latest, mut entries) = (vec![0_u32; n as usize], vec![0_u32; w as usize]);
            for rank in 0..n {
                let assignment = Assignment::in_order(&epoch, &order, rank).expect("ranked");
                for check in assignment.checks() {
                    match check {
                        Check::Latest { rank } => latest[rank as usize] += 1,
                        Check::Suspicious { entry } => entries[entry as usize] += 1,
                        Check::Empty => {}
                    }
                }
            }
            assert!(latest.iter().all(|checks| *checks == 2.min(n - 1)), "n {n}: {latest:?}");
            let (least, most) = (entries.iter().min().expect("some"), entries.iter().max().expect("some"));
            assert!(most - least <= 1, "n {n} w {w}: {least}..={most}");
        }
    }
}

/// A sum of draws, and how far its mean may be off.
#[derive(Default)]
struct Mean {
    draws: f64,
    sum: f64,
    squares: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.draws += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    /// By how many standard errors the mean is above what is expected.
    fn above(&self, expected: f64) -> f64 {
        let mean = self.sum / self.draws;
        let variance = self.squares / self.draws - mean * mean;
        (mean - expected) / (variance / self.draws).sqrt()
    }
}

/// Devices that join in sequence have adjacent ranks. In a committee, the devices that check one entry, which stand at
/// adjacent positions, there are no more of them than of any group, and no more of them together.
fn collaborators(seed: &str, n: u32, group: u32, draws: u32) {
    const COMMITTEE: u32 = 58;
    let (mut members, mut pairs) = (Mean::default(), Mean::default());
    for draw in 0..draws {
        let order = TabulatedPermutation::from(Permutation::new(root(seed, draw), n));
        let (first, start) = (draw % n, draw.wrapping_mul(7919) % n);
        let in_committee = |rank: &u32| {
            let position = (&order).position_of(rank % n).expect("ranked");
            (position + n - start) % n < COMMITTEE
        };
        let met = (first..first + group).filter(in_committee).count();
        let met = f64::from(u32::try_from(met).expect("small"));
        members.add(met);
        pairs.add(met * (met - 1.0));
    }
    // Of a random group: g·m/N in the mean, and g(g−1)·m(m−1)/(N(N−1)) ordered pairs.
    let (n, g, m) = (f64::from(n), f64::from(group), f64::from(COMMITTEE));
    let (members, pairs) =
        (members.above(g * m / n), pairs.above(g * (g - 1.0) * m * (m - 1.0) / (n * (n - 1.0))));
    println!("seed {seed:?}: members {members:.2}, pairs {pairs:.2} standard errors above an even draw");
    assert!(members < NORMAL_99, "in committees more often than chance: {members:.2} standard errors");
    assert!(pairs < NORMAL_99, "together more often than chance: {pairs:.2} standard errors");
}

#[test]
fn devices_that_join_in_sequence_are_not_together_in_committees() {
    collaborators("multee/fairness/4", 1000, 24, 1500);
}

#[test]
#[ignore = "many draws; run in release"]
fn devices_that_join_in_sequence_are_not_together_in_many_committees() {
    collaborators("multee/fairness/4 many", 1000, 24, 60_000);
}
