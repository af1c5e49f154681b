//! Runs side by side on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::error::SimulationError;
use crate::measure::Run;
use crate::scenario::{Rules, Scenario};
use crate::{multee, published};

/// How the runs of a scenario are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// How many.
    pub runs: u32,
    /// On how many threads at most.
    pub threads: usize,
}

impl Runs {
    /// So many runs on all cores.
    pub fn on_all_cores(runs: u32) -> Self {
        Self { runs, threads: thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// Plays a scenario as often as asked, and calls `told` after each epoch of each run. The result depends on scenario
/// and number of runs only, but for the speeds in it.
///
/// # Errors
/// For a scenario that makes no sense, before anything runs.
pub fn simulate(
    scenario: &Scenario,
    runs: Runs,
    told: &(dyn Fn() + Sync),
) -> Result<Vec<Run>, SimulationError> {
    scenario.validate()?;
    let next = AtomicU32::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= runs.runs {
                return;
            }
            let result = play(scenario, run, told);
            // A poisoned lock means that another thread is about to end the program.
            if let Ok(mut done) = done.lock() {
                done.push((run, result));
            }
        }
    };
    let threads = runs.threads.clamp(1, runs.runs.max(1) as usize);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(run, _)| *run);
    done.into_iter().map(|(_, result)| result).collect()
}

fn play(scenario: &Scenario, run: u32, told: &dyn Fn()) -> Result<Run, SimulationError> {
    match scenario.rules {
        Rules::Multee => multee::play(scenario, run, told),
        Rules::Published => Ok(published::play(scenario, run, told)),
    }
}
