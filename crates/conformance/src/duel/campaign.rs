//! Many sequences, on as many threads as there are; what is found does not depend on how many these are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::bout::{Divergence, play};
use super::coverage::Coverage;
use super::dice::{Dice, mix};
use super::scenario::Scenario;
use super::script;
use super::setup::Kind;

/// What a campaign came to.
pub struct Verdict {
    /// How many calls were executed on both sides.
    pub calls: usize,
    /// What was seen.
    pub coverage: Coverage,
    /// The first divergence: its sequence, and the number of its call in the campaign.
    pub parted: Option<(Scenario, Divergence, usize)>,
}

/// The sequences of a seed: so many calls in all.
pub fn scenarios(seed: u64, calls: usize) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    let mut left = calls;
    while left > 0 {
        let index = scenarios.len() as u64;
        let mut dice = Dice::new(mix(&[seed, index]));
        let (kind, length) = match index % 40 {
            5 => (Kind::Crowd, 1000),
            9 => (Kind::Hermit, dice.within(5000, 9000)),
            3 | 23 => (Kind::Town, dice.within(1200, 2500)),
            number if number % 2 == 0 => (Kind::Hamlet, dice.within(300, 1500)),
            _ => (Kind::Village, dice.within(800, 2500)),
        };
        let mut scenario = script::scenario(&mut dice, kind, usize::try_from(length).expect("small"));
        while scenario.calls() > left {
            scenario.steps.pop();
        }
        left -= scenario.calls();
        scenarios.push(scenario);
    }
    scenarios
}

/// Plays them, up to the first on which the two sides part.
///
/// # Panics
/// When a thread panicked, which plays catch.
pub fn run(scenarios: &[Scenario], jobs: usize, progress: impl Fn(usize) + Sync) -> Verdict {
    let next = AtomicUsize::new(0);
    let first_parted = AtomicUsize::new(usize::MAX);
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::SeqCst);
            if index >= scenarios.len() || index > first_parted.load(Ordering::SeqCst) {
                return;
            }
            let mut coverage = Coverage::default();
            let parted = play(&scenarios[index], &mut coverage).err();
            if parted.is_some() {
                first_parted.fetch_min(index, Ordering::SeqCst);
            }
            results.lock().expect("no panic").push((index, coverage, parted));
            progress(scenarios[index].calls());
        }
    };
    thread::scope(|scope| (0..jobs.max(1)).for_each(|_| drop(scope.spawn(work))));
    let mut results = results.into_inner().expect("no panic");
    results.sort_by_key(|(index, ..)| *index);
    let mut verdict = Verdict { calls: 0, coverage: Coverage::default(), parted: None };
    for (index, coverage, parted) in results {
        verdict.coverage.add(&coverage);
        if let Some(divergence) = parted {
            let number = verdict.calls + divergence.call;
            verdict.parted = Some((scenarios[index].clone(), *divergence, number));
            break;
        }
        verdict.calls += scenarios[index].calls();
    }
    verdict
}
