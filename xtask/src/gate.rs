//! `cargo xtask test`: every check in order, each with its duration, then one line of counts.
//!
//! All steps run even when one fails, so that one run tells everything there is to mend. The very last line
//! is `N passed, N failed`, summed from the runners' own summaries.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::artifacts;
use crate::browser;
use crate::command::{self, cargo};
use crate::conformance;
use crate::contracts;
use crate::counts::{self, Counts, ReadCounts};
use crate::dashboard;
use crate::error::ChoreError;
use crate::fuzz;
use crate::installs;
use crate::reproduce;
use crate::schemathesis;

/// How a step ended.
enum Outcome {
    Passed,
    Tested(Counts),
    Failed(Counts, ChoreError),
    Skipped(&'static str),
}

struct Report {
    step: &'static str,
    took: Duration,
    outcome: Outcome,
}

type Step = (&'static str, fn(&Path) -> Outcome);

const STEPS: &[Step] = &[
    ("installs", |root| checked(installs::node(root))),
    ("format", |root| ran(cargo(root, &["fmt", "--all", "--check"]))),
    ("clippy", |root| ran(cargo(root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))),
    ("docs", docs),
    ("tests", tests),
    ("doctests", doctests),
    ("forge tests", forge_tests),
    ("artifacts", |root| checked(artifacts::check(root))),
    ("page", |root| checked(dashboard::check(root))),
    ("page tests", page_tests),
    ("page in a browser", page_in_a_browser),
    ("conformance", |root| ran(conformance::gate(root))),
    ("gas", |root| ran(conformance::gas_gate(root))),
    ("alert rules", alert_rules),
    ("schemathesis", |root| checked(schemathesis::run(root))),
    ("fuzzing", fuzzing),
    ("reproducible build", |root| checked(reproduce::run(root))),
    ("licences and bans", licences),
];

/// Runs every step; success only if none failed and tests were found.
pub(crate) fn test(root: &Path) -> ExitCode {
    let reports: Vec<_> = STEPS.iter().map(|step| perform(root, *step)).collect();
    let (text, success) = summary(&reports);
    print!("{text}");
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn perform(root: &Path, (step, check): Step) -> Report {
    println!("\n==> {step}");
    let start = Instant::now();
    let outcome = check(root);
    let report = Report { step, took: start.elapsed(), outcome };
    println!("<== {}", report.line());
    report
}

impl Report {
    fn line(&self) -> String {
        let Self { step, took, outcome } = self;
        let took = format!("{:.1} s", took.as_secs_f64());
        match outcome {
            Outcome::Passed => format!("{step}: ok, {took}"),
            Outcome::Tested(Counts { passed, .. }) => format!("{step}: ok, {passed} passed, {took}"),
            Outcome::Failed(_, error) => format!("{step}: FAILED, {took}: {error}"),
            Outcome::Skipped(why) => format!("{step}: skipped: {why}"),
        }
    }

    fn counts(&self) -> Counts {
        match &self.outcome {
            Outcome::Tested(counts) | Outcome::Failed(counts, _) => *counts,
            Outcome::Passed | Outcome::Skipped(_) => Counts::default(),
        }
    }

    fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(..))
    }
}

/// The closing text, which ends with the line of counts, and whether all is well.
fn summary(reports: &[Report]) -> (String, bool) {
    let total: Counts = reports.iter().map(Report::counts).sum();
    let failed: Vec<_> = reports.iter().filter(|report| report.failed()).map(|report| report.step).collect();
    let mut lines: Vec<String> = reports.iter().map(|report| format!("  {}", report.line())).collect();
    lines.insert(0, "\nSummary:".to_owned());
    if !failed.is_empty() {
        lines.push(format!("failed: {}", failed.join(", ")));
    }
    if total.total() == 0 {
        lines.push("failed: no tests were found".to_owned());
    }
    lines.push(format!("{} passed, {} failed", total.passed, total.failed));
    // Failed tests fail the gate even if their runner forgot to say so by its exit status.
    (lines.join("\n") + "\n", failed.is_empty() && total.passed > 0 && total.failed == 0)
}

fn docs(root: &Path) -> Outcome {
    let mut command = cargo(root, &["doc", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-Dwarnings");
    ran(command)
}

/// By nextest where it is installed. Either runner goes on after a failure, so that the counts are whole.
/// Benchmarks are compiled by clippy and not run: unoptimised, they would only cost time.
fn tests(root: &Path) -> Outcome {
    let targets = ["--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
    if command::works(&mut cargo(root, &["nextest", "--version"])) {
        let mut command = cargo(root, &["nextest", "run"]);
        command.args(targets);
        return some_tested(command, counts::nextest);
    }
    let mut command = cargo(root, &["test"]);
    command.args(targets);
    some_tested(command, counts::libtest)
}

/// nextest runs none of these.
fn doctests(root: &Path) -> Outcome {
    tested(cargo(root, &["test", "--workspace", "--doc", "--no-fail-fast"]), counts::libtest)
}

fn forge_tests(root: &Path) -> Outcome {
    match contracts::forge(root, &["test"]) {
        Ok(command) => some_tested(command, counts::forge),
        Err(error) => Outcome::Failed(Counts::default(), error),
    }
}

/// Each alert where it is to be told, and where it is not.
fn alert_rules(root: &Path) -> Outcome {
    let Some(promtool) = installs::promtool(root) else {
        return Outcome::Skipped("promtool is not installed, and Debian's package cannot be had");
    };
    let mut command = Command::new(promtool);
    command.args(["test", "rules", "alerts.test.yml"]).current_dir(root.join("deploy/monitoring"));
    ran(command)
}

fn page_tests(root: &Path) -> Outcome {
    match dashboard::tests(root) {
        Ok(command) => some_tested(command, counts::node),
        Err(error) => Outcome::Failed(Counts::default(), error),
    }
}

fn page_in_a_browser(root: &Path) -> Outcome {
    match browser::tests(root) {
        Ok(command) => some_tested(command, counts::node),
        Err(error) => Outcome::Failed(Counts::default(), error),
    }
}

/// Stable compilers replay the committed inputs, in a test; to look for new ones takes a nightly one.
fn fuzzing(root: &Path) -> Outcome {
    const SECONDS: u32 = 10;
    if !fuzz::is_possible() {
        return Outcome::Skipped("there is no nightly compiler");
    }
    checked(fuzz::run(root, SECONDS, None))
}

/// cargo-deny is an optional tool: building it takes longer than everything it checks.
fn licences(root: &Path) -> Outcome {
    if !command::works(&mut cargo(root, &["deny", "--version"])) {
        return Outcome::Skipped("cargo-deny is not installed");
    }
    ran(cargo(root, &["deny", "check", "licenses", "bans", "sources"]))
}

fn ran(mut command: Command) -> Outcome {
    checked(command::run(&mut command))
}

fn checked(result: Result<(), ChoreError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Passed,
        Err(error) => Outcome::Failed(Counts::default(), error),
    }
}

/// As [`tested`], but a runner that found nothing to run has failed.
fn some_tested(command: Command, read: ReadCounts) -> Outcome {
    let line = command::line(&command);
    expecting_some(&line, tested(command, read))
}

fn expecting_some(line: &str, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Tested(counts) if counts.total() == 0 => {
            Outcome::Failed(counts, ChoreError::NoTests { line: line.to_owned() })
        }
        outcome => outcome,
    }
}

/// Runs a test runner and judges it by its status and its summary.
fn tested(mut command: Command, read: ReadCounts) -> Outcome {
    match command::run_and_read(&mut command) {
        Ok((text, status)) => judge(command::succeeded(&command, status), read(&text), &command),
        Err(error) => Outcome::Failed(Counts::default(), error),
    }
}

/// A runner's counts stand even if it failed; without a summary it has failed.
fn judge(result: Result<(), ChoreError>, counts: Option<Counts>, command: &Command) -> Outcome {
    match (result, counts) {
        (Err(error), counts) => Outcome::Failed(counts.unwrap_or_default(), error),
        (Ok(()), None) => {
            Outcome::Failed(Counts::default(), ChoreError::NoTests { line: command::line(command) })
        }
        (Ok(()), Some(counts)) => Outcome::Tested(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: &'static str, outcome: Outcome) -> Report {
        Report { step, took: Duration::from_millis(1234), outcome }
    }

    fn passed(passed: u64) -> Outcome {
        Outcome::Tested(Counts { passed, failed: 0 })
    }

    fn failed(passed: u64, failed: u64) -> Outcome {
        Outcome::Failed(Counts { passed, failed }, ChoreError::NoBench)
    }

    #[test]
    fn last_line_sums_the_counts() {
        let reports = [
            report("format", Outcome::Passed),
            report("tests", passed(40)),
            report("forge tests", passed(2)),
            report("licences", Outcome::Skipped("not installed")),
        ];
        let (text, success) = summary(&reports);
        assert!(success);
        assert!(text.ends_with("\n42 passed, 0 failed\n"), "{text}");
        assert!(text.contains("\n  tests: ok, 40 passed, 1.2 s\n"), "{text}");
        assert!(text.contains("\n  licences: skipped: not installed\n"), "{text}");
    }

    #[test]
    fn failed_step_is_named_and_its_counts_stand() {
        let reports = [
            report("clippy", failed(0, 0)),
            report("tests", failed(40, 3)),
            report("forge tests", passed(2)),
        ];
        let (text, success) = summary(&reports);
        assert!(!success);
        assert!(text.ends_with("\nfailed: clippy, tests\n42 passed, 3 failed\n"), "{text}");
    }

    #[test]
    fn failed_step_fails_the_gate_though_every_test_passed() {
        let (text, success) = summary(&[report("clippy", failed(0, 0)), report("tests", passed(40))]);
        assert!(!success);
        assert!(text.ends_with("\nfailed: clippy\n40 passed, 0 failed\n"), "{text}");
    }

    #[test]
    fn no_tests_is_a_failure() {
        let (text, success) = summary(&[report("format", Outcome::Passed), report("doctests", passed(0))]);
        assert!(!success);
        assert!(text.ends_with("\nfailed: no tests were found\n0 passed, 0 failed\n"), "{text}");
    }

    #[test]
    fn failed_tests_fail_the_gate_whatever_the_exit_status() {
        let lying = Outcome::Tested(Counts { passed: 9, failed: 1 });
        assert!(!summary(&[report("tests", lying)]).1);
    }

    // Judged without being run: a summary on this test's own output would be counted by whoever runs it.

    #[test]
    fn runner_that_fails_is_failed_with_its_counts() {
        let counts = Counts { passed: 3, failed: 1 };
        let outcome = judge(Err(ChoreError::NoBench), Some(counts), &Command::new("cargo"));
        assert!(matches!(outcome, Outcome::Failed(Counts { passed: 3, failed: 1 }, ChoreError::NoBench)));
    }

    #[test]
    fn runner_without_a_summary_is_failed_though_it_succeeds() {
        let outcome = judge(Ok(()), None, &Command::new("forge"));
        let Outcome::Failed(counts, ChoreError::NoTests { line }) = outcome else { panic!("must fail") };
        assert_eq!((counts.total(), line.as_str()), (0, "forge"));
    }

    #[test]
    fn runner_that_ran_nothing_is_failed_where_tests_are_expected() {
        let outcome = judge(Ok(()), Some(Counts::default()), &Command::new("cargo"));
        assert!(matches!(outcome, Outcome::Tested(_)));
        let outcome = expecting_some("cargo", outcome);
        assert!(matches!(outcome, Outcome::Failed(_, ChoreError::NoTests { .. })));
    }
}
