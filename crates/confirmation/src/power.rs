//! The power benchmark (R10): what a machine can do, as an integer.
//!
//! **Unit.** One power is one *round* a second, over all threads together. A round is 1 KiB through SHA-256,
//! 1 KiB through Keccak-256, 2,048 dependent integer steps, and 1,024 dependent reads at random places of a
//! table of 256 KiB: on a server of today about half of it is hashing, the rest arithmetic and reading. The
//! table fits a core's own cache. What lies beyond is shared with whoever else uses the machine: on a busy
//! virtual machine results with 8 MiB lay 80 % apart, with 256 KiB 2 %.
//!
//! **Method.** The work is fixed and its result is known, so a processor (or a compiler) that skips some is
//! noticed. Up to 64 runs of 512 rounds on every thread are timed from the first thread's start to the last
//! one's end. The power is the median of the faster half of them: what disturbs a run only ever slows it. All
//! ends within about three seconds: a slow machine does fewer runs, or only a part of one.
//!
//! **Quantisation.** Results are rounded to seven significant bits, which moves them by less than 0.8 %: the
//! digits below are noise, and a network should not read them. That is well below the tolerance (R10: 10 %).
//!
//! Powers compare between machines that run the same build, which is what equal measurements mean. The clock
//! is the host's in most TEEs, so a host can lie about it; what bounds the lie is R10 and the policy's bound
//! for the platform's family.

#![allow(clippy::disallowed_types, reason = "measuring time is what this module is for")]

use std::hint::black_box;
use std::io;
use std::num::NonZeroU16;
use std::thread;
use std::time::{Duration, Instant};

use alloy_primitives::keccak256;
use multee_protocol::Power;
use sha2::{Digest, Sha256};

/// The longest that all runs together take before they break off.
pub const TIME_MAX: Duration = Duration::from_secs(3);
/// The most runs that are timed.
pub const RUNS_MAX: usize = 64;

const RUN_ROUNDS: u32 = 512;
const ROUNDS_PER_LOOK_AT_CLOCK: u32 = 16;
const TABLE_WORDS: usize = 1 << 15;
const INTEGER_STEPS: usize = 2048;
const MEMORY_STEPS: usize = 1024;
/// What a run of [`RUN_ROUNDS`] comes to.
const RUN_CHECKSUM: u64 = 0x3857_7ACF_DCE2_7C7F;

/// A power that the benchmark measured. Only [`measure`] makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MeasuredPower(Power);

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// The work came to a wrong result: it was not done, or the machine is broken.
    #[error("benchmark came to {found:#018x} instead of {expected:#018x}")]
    WrongResult {
        /// What the work comes to.
        expected: u64,
        /// What it came to here.
        found: u64,
    },
    /// A thread could not be started.
    #[error("thread cannot be started")]
    NoThread(#[from] io::Error),
    /// A thread ended before its work was done.
    #[error("thread broke off")]
    ThreadBroke,
}

impl MeasuredPower {
    /// The power, quantised, at least 1.
    pub fn power(self) -> Power {
        self.0
    }
}

/// Measures the power of `threads` threads at once: the logical cores that the TEE may use.
///
/// # Errors
/// When threads cannot run, or the work comes to a wrong result.
pub fn measure(threads: NonZeroU16) -> Result<MeasuredPower, BenchmarkError> {
    let rate = rate(&Work::new(), threads, RUNS_MAX, Instant::now() + TIME_MAX)?;
    Ok(MeasuredPower(quantised(rate).max(1)))
}

/// The rounds a second that up to `runs_max` runs show; at least one run, and none begun after `end`.
fn rate(work: &Work, threads: NonZeroU16, runs_max: usize, end: Instant) -> Result<Power, BenchmarkError> {
    let mut rates = Vec::with_capacity(runs_max);
    while rates.is_empty() || (rates.len() < runs_max && Instant::now() < end) {
        rates.push(run(work, threads, end)?);
    }
    Ok(undisturbed(rates))
}

/// The rounds a second of one run on all threads.
fn run(work: &Work, threads: NonZeroU16, end: Instant) -> Result<Power, BenchmarkError> {
    let start = Instant::now();
    let done = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, || work.run(RUN_ROUNDS, end));
        let running = (0..threads.get()).map(spawn).collect::<Result<Vec<_>, _>>()?;
        let done = running.into_iter().map(|thread| thread.join().map_err(|_| BenchmarkError::ThreadBroke));
        done.collect::<Result<Vec<Done>, BenchmarkError>>()
    })?;
    let elapsed_ns = start.elapsed().as_nanos().max(1);
    for done in &done {
        done.check()?;
    }
    let rounds: u128 = done.iter().map(|done| u128::from(done.rounds)).sum();
    Ok(Power::try_from(rounds * 1_000_000_000 / elapsed_ns).unwrap_or(Power::MAX))
}

/// The median of the faster half; of an even number the lower of both in the middle.
fn undisturbed(mut rates: Vec<Power>) -> Power {
    rates.sort_unstable();
    let faster = rates.get(rates.len() / 2..).unwrap_or_default();
    faster.get(faster.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// Rounded to the nearest value of seven significant bits.
fn quantised(power: Power) -> Power {
    let step = 1 << power.max(1).ilog2().saturating_sub(6);
    let rest = power % step;
    if rest >= step.div_ceil(2) && rest > 0 { (power - rest).saturating_add(step) } else { power - rest }
}

/// What the rounds work on: read only, so that threads share it.
struct Work {
    table: Vec<u64>,
}

/// What one thread did in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Done {
    rounds: u32,
    checksum: u64,
}

impl Done {
    fn check(self) -> Result<(), BenchmarkError> {
        if self.rounds == RUN_ROUNDS && self.checksum != RUN_CHECKSUM {
            return Err(BenchmarkError::WrongResult { expected: RUN_CHECKSUM, found: self.checksum });
        }
        Ok(())
    }
}

impl Work {
    fn new() -> Self {
        let mut state = 1;
        let mut next = || {
            state = step(state);
            state
        };
        Self { table: (0..TABLE_WORDS).map(|_| next()).collect() }
    }

    /// Up to `rounds` rounds; at least a few, then none after `end`.
    fn run(&self, rounds: u32, end: Instant) -> Done {
        let mut state = 1;
        let mut block = [0; 1024];
        for round in 1..=rounds {
            state = self.round(black_box(state), &mut block);
            let looks = round % ROUNDS_PER_LOOK_AT_CLOCK == 0;
            if looks && round < rounds && Instant::now() >= end {
                return Done { rounds: round, checksum: black_box(state) };
            }
        }
        Done { rounds, checksum: black_box(state) }
    }

    fn round(&self, state: u64, block: &mut [u8; 1024]) -> u64 {
        let hashed = hash(state, block);
        let stepped = (0..INTEGER_STEPS).fold(hashed, |state, _| step(state));
        (0..MEMORY_STEPS).fold(stepped, |state, _| self.read(state))
    }

    /// Where to read next depends on what was read last, so that no read can begin before the last has ended.
    fn read(&self, state: u64) -> u64 {
        let word = usize::try_from(state % TABLE_WORDS as u64).ok().and_then(|index| self.table.get(index));
        state.rotate_left(17) ^ word.copied().unwrap_or_default()
    }
}

/// Both hashes over the block, which starts with the state and keeps what the hashes made of it.
fn hash(state: u64, block: &mut [u8; 1024]) -> u64 {
    if let Some(start) = block.first_chunk_mut::<8>() {
        *start = state.to_le_bytes();
    }
    let sha: [u8; 32] = Sha256::digest(*block).into();
    if let Some(end) = block.last_chunk_mut::<32>() {
        *end = sha;
    }
    let keccak = keccak256(*block);
    keccak.first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word))
}

/// A step of a multiplicative generator with xor shifts (after Vigna's splitmix64): cheap, and none follows
/// from the one before without doing it.
fn step(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed.wrapping_add(0x9E37_79B9_7F4A_7C15) ^ (mixed >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far() -> Instant {
        Instant::now() + Duration::from_hours(1)
    }

    #[test]
    fn work_comes_to_its_known_result() {
        assert_eq!(Work::new().run(RUN_ROUNDS, far()), Done { rounds: RUN_ROUNDS, checksum: RUN_CHECKSUM });
    }

    #[test]
    fn skipped_work_is_noticed() {
        let skipped = Work::new().run(RUN_ROUNDS - 1, far());
        let pretended = Done { rounds: RUN_ROUNDS, ..skipped };
        assert!(matches!(pretended.check(), Err(BenchmarkError::WrongResult { .. })));
    }

    #[test]
    fn disturbed_runs_do_not_count() {
        assert_eq!(undisturbed(vec![5]), 5);
        assert_eq!(undisturbed(vec![7, 5]), 7);
        assert_eq!(undisturbed(vec![100, 3, 101]), 100);
        assert_eq!(undisturbed(vec![102, 100, 1, 101, 2, 3, 99, 4]), 100);
    }

    #[test]
    fn quantisation_moves_by_less_than_a_tenth_of_the_tolerance() {
        for exact in [0, 1, 2, 127, 128, 129, 1000, 54_321, 1 << 40, (1 << 40) + 1, Power::MAX] {
            let coarse = quantised(exact);
            assert!(
                u128::from(coarse.abs_diff(exact)) * 1000 <= u128::from(exact) * 8,
                "{exact} became {coarse}"
            );
            assert_eq!(quantised(coarse), coarse, "from {exact}");
        }
        for exact in (10_000..100_000).step_by(7) {
            assert!(quantised(exact).abs_diff(exact) * 1000 <= exact * 8, "{exact}");
        }
        assert!(quantised(50_000) == quantised(50_100), "noise in the last digits is gone");
    }

    /// Other programs share the machine, so one calm moment among several attempts has to show it.
    fn calm_moment(what: &str, shows: impl Fn() -> bool) {
        assert!((0..20).any(|_| shows()), "{what}");
    }

    #[test]
    fn measurements_lie_closer_together_than_half_the_tolerance() {
        let work = Work::new();
        for threads in [1, 2].map(|threads| NonZeroU16::new(threads).expect("not zero")) {
            calm_moment("three measurements differ by more than 5 %", || {
                let rates = [0; 3].map(|_| rate(&work, threads, 16, far()).expect("runs"));
                let [least, _, most] = sorted(rates);
                (most - least) * 20 <= most
            });
        }
    }

    #[test]
    fn double_work_takes_double_time() {
        let work = Work::new();
        let least_ns = |rounds| {
            let time = |_| {
                let start = Instant::now();
                work.run(rounds, far());
                start.elapsed().as_nanos()
            };
            (0..5).map(time).min().expect("runs")
        };
        calm_moment("double work does not take 1.8 to 2.2 times as long", || {
            let (single, double) = (least_ns(256), least_ns(512));
            (18 * single..=22 * single).contains(&(10 * double))
        });
    }

    fn sorted(mut rates: [Power; 3]) -> [Power; 3] {
        rates.sort_unstable();
        rates
    }

    #[test]
    fn measurement_is_quantised_and_ends_in_time() {
        let start = Instant::now();
        let power = measure(NonZeroU16::MIN).expect("runs").power();
        assert!(start.elapsed() < 2 * TIME_MAX, "{:?}", start.elapsed());
        assert!(power > 1);
        assert_eq!(power, quantised(power));
    }

    #[test]
    fn time_that_is_up_ends_a_run_early() {
        let done = Work::new().run(RUN_ROUNDS, Instant::now());
        assert_eq!(done.rounds, ROUNDS_PER_LOOK_AT_CLOCK);
        assert!(done.check().is_ok());
        assert!(run(&Work::new(), NonZeroU16::MIN, Instant::now()).expect("runs") > 0);
    }
}
