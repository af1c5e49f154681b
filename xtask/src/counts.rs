//! How many tests ran, as the runners tell it in their own summaries.
//!
//! A summary that is not found is `None`, never zero: a runner whose wording changed must not pass for one
//! that ran.

use std::iter::Sum;
use std::ops::Add;

/// Tests that ran. Skipped and ignored ones are in neither number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    pub(crate) fn total(self) -> u64 {
        self.passed + self.failed
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// Reads a runner's summary out of all it wrote.
pub(crate) type ReadCounts = fn(&str) -> Option<Counts>;

/// libtest, doctests included: `test result: ok. 5 passed; 0 failed; 1 ignored; …`, once per binary.
pub(crate) fn libtest(text: &str) -> Option<Counts> {
    let results = text.lines().filter_map(|line| line.strip_prefix("test result: "));
    sum_some(results.filter_map(|result| {
        let (_, parts) = result.split_once(". ")?;
        phrases(parts, ';')
    }))
}

/// nextest: `Summary [ 0.012s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped`, of which
/// the last counts: failed tests' own output, which is shown before it, may hold anything.
pub(crate) fn nextest(text: &str) -> Option<Counts> {
    let summary = text.lines().rfind(|line| line.trim_start().starts_with("Summary ["))?;
    let (_, parts) = summary.split_once(" run: ")?;
    phrases(parts, ',')
}

/// forge: `Ran 3 test suites in 1.2s (1.1s CPU time): 30 tests passed, 0 failed, 0 skipped (30 total tests)`.
pub(crate) fn forge(text: &str) -> Option<Counts> {
    let is_summary = |line: &&str| line.starts_with("Ran ") && line.contains(" test suite");
    let summary = text.lines().rfind(is_summary)?;
    let (_, parts) = summary.split_once("): ")?;
    phrases(parts, ',')
}

/// Node.js's runner: `ℹ pass 5`, `ℹ fail 1`, `ℹ cancelled 0` at the end, each on a line of its own.
pub(crate) fn node(text: &str) -> Option<Counts> {
    let number = |word: &str| {
        let mut lines = text.lines().rev().filter_map(|line| line.strip_prefix("ℹ ")?.strip_prefix(word));
        lines.find_map(|rest| rest.strip_prefix(' ')?.trim().parse::<u64>().ok())
    };
    Some(Counts { passed: number("pass")?, failed: number("fail")? + number("cancelled")? })
}

fn sum_some(counts: impl Iterator<Item = Counts>) -> Option<Counts> {
    counts.fold(None, |sum, each| Some(sum.unwrap_or_default() + each))
}

/// `10 passed, 2 failed, 1 timed out, …`. `None` unless a number of passed tests is among them.
fn phrases(parts: &str, separator: char) -> Option<Counts> {
    let mut passed = None;
    let mut failed = 0;
    for phrase in without_brackets(parts).split(separator) {
        let Some((number, word)) = phrase.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match word.trim() {
            "passed" | "test passed" | "tests passed" => passed = Some(number),
            "failed" | "exec failed" | "timed out" => failed += number,
            _ => {}
        }
    }
    passed.map(|passed| Counts { passed, failed })
}

/// Drops what stands in round brackets: nextest details its numbers there, with commas of its own.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|&letter| {
            depth += usize::from(letter == '(');
            let keep = depth == 0;
            depth = depth.saturating_sub(usize::from(letter == ')'));
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64) -> Counts {
        Counts { passed, failed }
    }

    #[test]
    fn libtest_sums_all_binaries() {
        let text = "\nrunning 5 tests\ntest a ... ok\n\
            test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
            test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s\n";
        assert_eq!(libtest(text), Some(counts(12, 2)));
    }

    #[test]
    fn libtest_without_tests_is_zero_and_without_summary_is_none() {
        let empty =
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(libtest(empty), Some(counts(0, 0)));
        assert_eq!(libtest("error: could not compile `x`"), None);
        assert_eq!(libtest("test result: all went well"), None);
    }

    #[test]
    fn nextest_reads_the_green_summary() {
        let text = "────────────\n     Summary [   0.012s] 12 tests run: 12 passed, 3 skipped\n";
        assert_eq!(nextest(text), Some(counts(12, 0)));
    }

    #[test]
    fn nextest_counts_every_way_to_fail() {
        let text = "     Summary [  61.012s] 20/24 tests run: 14 passed (2 slow, 1 flaky, 1 leaky), \
            3 failed (1 due to being leaky), 1 exec failed, 2 timed out, 3 skipped\n        FAIL [ 0.1s] a b\n";
        assert_eq!(nextest(text), Some(counts(14, 6)));
    }

    #[test]
    fn nextest_believes_the_last_summary_only() {
        let text = "     Summary [ 0s] 900 tests run: 900 passed, 0 skipped\n\
            test result: ok. 5 passed; 0 failed; 0 ignored\n\
            \u{20}    Summary [ 0.1s] 1 test run: 0 passed, 1 failed, 0 skipped\n";
        assert_eq!(nextest(text), Some(counts(0, 1)));
    }

    #[test]
    fn nextest_without_summary_is_none() {
        assert_eq!(nextest("error: no tests to run"), None);
        assert_eq!(nextest("     Summary [ 0.1s] nothing was run"), None);
        // Reworded: how many passed is not known, so nothing is.
        assert_eq!(nextest("     Summary [ 0.1s] 2 tests run: 2 succeeded, 0 failed"), None);
    }

    #[test]
    fn forge_reads_the_total_and_not_the_suites() {
        let text = "Suite result: FAILED. 3 passed; 2 failed; 0 skipped; finished in 136.30ms (147.00ms CPU time)\n\n\
            Ran 2 test suites in 137.21ms (136.30ms CPU time): 30 tests passed, 2 failed, 1 skipped (33 total tests)\n\
            Failing tests:\n";
        assert_eq!(forge(text), Some(counts(30, 2)));
    }

    #[test]
    fn forge_reads_a_single_suite_and_none_where_nothing_ran() {
        let one =
            "Ran 1 test suite in 1ms (1ms CPU time): 1 test passed, 0 failed, 0 skipped (1 total tests)";
        assert_eq!(forge(one), Some(counts(1, 0)));
        assert_eq!(forge("Ran 5 tests for test/T.t.sol:T\n"), None);
        assert_eq!(forge("No tests found in project!"), None);
    }

    #[test]
    fn node_reads_the_closing_lines_and_nothing_before_them() {
        let text = "ℹ pass 900\n✔ it does (1.2ms)\nℹ tests 8\nℹ suites 0\nℹ pass 5\nℹ fail 2\nℹ cancelled 1\n\
            ℹ skipped 0\nℹ todo 0\nℹ duration_ms 12.3\n";
        assert_eq!(node(text), Some(counts(5, 3)));
        assert_eq!(node("ℹ tests 8\nℹ pass 5\n"), None);
    }

    #[test]
    fn sums_add_up() {
        let all = [Counts { passed: 3, failed: 1 }, Counts { passed: 4, failed: 0 }];
        assert_eq!(all.into_iter().sum::<Counts>(), Counts { passed: 7, failed: 1 });
    }
}
