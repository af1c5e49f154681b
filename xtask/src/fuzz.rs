//! `cargo xtask fuzz`: the fuzz targets, built as cargo-fuzz builds them and run one after another.
//!
//! Each starts from the committed inputs in `fuzz/corpus`. What it finds new goes to `target/fuzz`, and a failing input
//! beside it; whoever wants to keep them merges them into the corpus.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command;
use crate::error::ChoreError;

/// As in `fuzz/src/targets.rs`.
const TARGETS: [&str; 7] = ["bundle", "claimed", "collateral", "dcap", "request", "sigstruct", "snp"];

/// What libFuzzer needs compiled in, and checks of arithmetic.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Coverflow-checks";

/// Named, so that programs that run while compiling are compiled without what libFuzzer needs.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Inputs are patches: this is more than the largest that makes sense.
const INPUT_BYTES_MAX: u32 = 4096;

/// Whether there is a nightly compiler.
pub(crate) fn is_possible() -> bool {
    command::works(&mut nightly(&["--version"]))
}

/// Builds all targets and runs `target`, or each of them, for so many seconds.
///
/// # Errors
/// If there is no nightly compiler or no such target, and if a target fails: it says on which input.
pub(crate) fn run(root: &Path, seconds: u32, target: Option<&str>) -> Result<(), ChoreError> {
    let targets = chosen(target)?;
    let mut build = nightly(&["build", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--target", TRIPLE, "--target-dir", "target/fuzz"]).current_dir(root);
    command::run(build.env("RUSTFLAGS", RUSTFLAGS))?;
    for target in targets {
        println!("==> fuzz {target}");
        command::run(&mut fuzzer(root, target, seconds)?)?;
    }
    Ok(())
}

fn chosen(target: Option<&str>) -> Result<Vec<&'static str>, ChoreError> {
    let Some(target) = target else { return Ok(TARGETS.to_vec()) };
    let found = TARGETS.into_iter().find(|name| *name == target);
    found.map(|name| vec![name]).ok_or_else(|| ChoreError::NoTarget(target.to_owned()))
}

fn fuzzer(root: &Path, target: &str, seconds: u32) -> Result<Command, ChoreError> {
    let found = root.join("target/fuzz/corpus").join(target);
    fs::create_dir_all(&found).map_err(|source| ChoreError::File { path: found.clone(), source })?;
    let mut command = Command::new(root.join("target/fuzz").join(TRIPLE).join("release").join(target));
    command.arg(found).arg(root.join("fuzz/corpus").join(target)).current_dir(root);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={INPUT_BYTES_MAX}"));
    // The first input waits for RSA keys to be made.
    command.args(["-timeout=300", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"]);
    command.arg(format!("-artifact_prefix={}/", root.join("target/fuzz").display()));
    Ok(command)
}

/// The cargo of rustup's nightly toolchain; ours is another one's.
fn nightly(args: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).args(args);
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_the_manifest_and_have_a_corpus() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).expect("there");
        let lines = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
        let mut named: Vec<&str> = lines.filter_map(|line| line.strip_suffix(".rs\"")).collect();
        named.sort_unstable();
        assert_eq!(named, TARGETS);
        for target in TARGETS {
            let corpus = fs::read_dir(root.join("fuzz/corpus").join(target)).expect(target);
            assert!(corpus.count() > 0, "{target}");
        }
    }

    #[test]
    fn one_target_is_chosen_by_name() {
        assert_eq!(chosen(Some("snp")).expect("there"), ["snp"]);
        assert_eq!(chosen(None).expect("all").len(), TARGETS.len());
        assert!(matches!(chosen(Some("sn")), Err(ChoreError::NoTarget(_))));
    }
}
