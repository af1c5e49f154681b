//! The subcommand `conformance`: plays a campaign, tells what was seen, or where contract and model part.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use multee_conformance::duel::{self, Coverage, Divergence, Scenario, Verdict};
use multee_conformance::stage;

/// From how many calls on everything must have been seen.
const LONG: usize = 50_000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many calls
    #[arg(long, default_value_t = LONG)]
    calls: usize,
    /// What they follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; as many as there are processors by default
    #[arg(long)]
    jobs: Option<usize>,
    /// Seconds to look for a shorter sequence
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// The folder of other artifacts than those committed
    #[arg(long)]
    artifacts: Option<PathBuf>,
    /// Play this sequence only, as a former run printed it
    #[arg(long)]
    replay: Option<Scenario>,
}

/// Success if contract and model never part.
pub(crate) fn run(options: &Options) -> ExitCode {
    if let Some(artifacts) = &options.artifacts
        && let Err(error) = stage::deploy_from(artifacts)
    {
        eprintln!("error: {}: {error}", artifacts.display());
        return ExitCode::FAILURE;
    }
    // Panics of either side are caught and told as divergences.
    panic::set_hook(Box::new(|_| {}));
    match &options.replay {
        Some(scenario) => replay(scenario),
        None => campaign(options),
    }
}

fn campaign(options: &Options) -> ExitCode {
    let start = Instant::now();
    let jobs = options.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    println!("seed {}, {} calls", options.seed, options.calls);
    let scenarios = duel::scenarios(options.seed, options.calls);
    let done = AtomicUsize::new(0);
    let shown = io::stderr().is_terminal();
    let verdict = duel::run(&scenarios, jobs, |calls| {
        let done = done.fetch_add(calls, Ordering::SeqCst) + calls;
        if shown {
            eprint!("\r{done} calls");
            let _ = io::stderr().flush();
        }
    });
    if shown {
        eprintln!();
    }
    if let Some((scenario, divergence, number)) = verdict.parted {
        tell(options, &scenario, divergence, number);
        return ExitCode::FAILURE;
    }
    let missing = tell_coverage(&verdict);
    let seconds = start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "for reading")]
    let pace = verdict.calls as f64 / seconds;
    println!(
        "{} calls in {} networks: contract and model agree ({seconds:.0} s, {pace:.0} calls/s)",
        verdict.calls,
        scenarios.len()
    );
    if verdict.calls >= LONG && !missing.is_empty() {
        println!("never seen: {}", missing.join(", "));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn tell_coverage(verdict: &Verdict) -> Vec<String> {
    print!("{}", verdict.coverage.to_text());
    verdict.coverage.missing()
}

fn tell(options: &Options, scenario: &Scenario, divergence: Divergence, number: usize) {
    println!("\ncontract and model part at call {number} of seed {}:\n{divergence}", options.seed);
    let (short, divergence) = duel::shrink(scenario, divergence, Duration::from_secs(options.patience));
    println!("the shortest sequence found has {} steps, {} of them calls:", short.steps.len(), short.calls());
    show(&short);
    println!("{divergence}");
    println!("again: cargo xtask conformance --replay '{short}'");
}

fn show(scenario: &Scenario) {
    for line in duel::tell(scenario) {
        println!("  {line}");
    }
}

fn replay(scenario: &Scenario) -> ExitCode {
    show(scenario);
    let mut coverage = Coverage::default();
    match duel::play(scenario, &mut coverage) {
        Ok(()) => {
            println!("contract and model agree");
            ExitCode::SUCCESS
        }
        Err(divergence) => {
            println!("{divergence}");
            ExitCode::FAILURE
        }
    }
}
