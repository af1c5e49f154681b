//! The shortest sequence found on which the two sides still part (delta debugging).

use std::time::{Duration, Instant};

use super::bout::{Divergence, play};
use super::coverage::Coverage;
use super::scenario::{Scenario, Step};

/// Takes steps out of a sequence as long as the sides part, for so long at most. Steps find anew what to sign and whom
/// to name, so that what is left is a sequence of proper calls again.
pub fn shrink(scenario: &Scenario, divergence: Divergence, patience: Duration) -> (Scenario, Divergence) {
    let until = Instant::now() + patience;
    let mut steps = scenario.steps.clone();
    steps.truncate(divergence.steps);
    let mut found = divergence;
    let parts = |steps: &[Step]| {
        let candidate = Scenario { steps: steps.to_vec(), ..scenario.clone() };
        play(&candidate, &mut Coverage::default()).err()
    };
    let mut chunk = (steps.len() / 2).max(1);
    loop {
        let mut shorter = false;
        let mut end = steps.len();
        while end > 0 && Instant::now() < until {
            let start = end.saturating_sub(chunk);
            let mut candidate = steps.clone();
            candidate.drain(start..end);
            if let Some(divergence) = parts(&candidate) {
                candidate.truncate(divergence.steps);
                (steps, found, shorter) = (candidate, *divergence, true);
            }
            end = start.min(steps.len());
        }
        if Instant::now() >= until || (chunk == 1 && !shorter) {
            return (Scenario { steps, ..scenario.clone() }, found);
        }
        chunk = (chunk / 2).max(1);
    }
}
