//! The project's chores. `cargo xtask test` is the gate: what it passes may be merged.
//!
//! Plain `std::process` around the tools that do the work; no tool's own output is hidden. Chores find the
//! workspace by where this crate was compiled, so they may be called from any folder in it.

mod artifacts;
mod bench;
mod browser;
mod chaos;
mod command;
mod conformance;
mod contracts;
mod counts;
mod dashboard;
mod elf;
mod error;
mod fuzz;
mod gate;
mod installs;
mod reproduce;
mod schemathesis;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::ChoreError;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that must hold before a merge: format, lints, docs, every test, artifacts, licences
    Test,
    /// The Solidity side: compile, compare or test
    Contracts {
        #[command(subcommand)]
        chore: ContractsChore,
    },
    /// The gateway's page: type-check it and bundle it into dashboard/dist
    Dashboard {
        /// Fail if the committed bundle differs from a fresh one
        #[arg(long)]
        check: bool,
    },
    /// Look at the gateway's page in a real browser, over a demo that is played for it
    Browser {
        /// Only take the README's picture anew
        #[arg(long)]
        screenshot: bool,
    },
    /// Execute random calls on the contract and on the model, and compare everything after each
    Conformance {
        /// Such as `--calls 1000000 --seed 7`, or `--replay` with what a former run printed
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure what the contract's calls cost
    Gas {
        /// Such as `--seats 58,1000`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build multee-confirm twice, as two strangers would, and compare the bytes
    Reproduce,
    /// Run the fuzz targets (all, or the one named); needs a nightly compiler
    Fuzz {
        /// How long each runs
        #[arg(long, value_name = "S", default_value_t = 60)]
        seconds: u32,
        /// A target, such as `snp`
        target: Option<String>,
    },
    /// Kill the processes of a network again and again, and see that nothing is lost
    Chaos {
        /// How many epochs, with a node killed in each and an application in every sixth
        #[arg(long, default_value_t = 200)]
        epochs: u32,
        /// What is drawn from it: who is killed, and when
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Ask a gateway all that its `openapi.json` allows, and more, and hold the answers against it
    Schemathesis,
    /// Run the workspace's benchmarks (all, or those whose name contains FILTER)
    Bench {
        /// Part of a benchmark target's name, such as `verification`
        filter: Option<String>,
    },
}

#[derive(Subcommand)]
enum ContractsChore {
    /// Compile afresh and write contracts/artifacts
    Build,
    /// Fail if contracts/artifacts differ from a fresh compile
    Check,
    /// Run the forge tests
    Test {
        /// Passed on to `forge test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match perform(Cli::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(chore: Chore) -> Result<ExitCode, ChoreError> {
    let root = root();
    match chore {
        Chore::Test => return Ok(gate::test(&root)),
        Chore::Dashboard { check: true } => dashboard::check(&root)?,
        Chore::Dashboard { check: false } => dashboard::build(&root)?,
        Chore::Browser { screenshot: true } => browser::screenshot(&root)?,
        Chore::Browser { screenshot: false } => browser::run(&root)?,
        Chore::Conformance { args } => conformance::run(&root, "conformance", &args)?,
        Chore::Gas { args } => conformance::run(&root, "gas", &args)?,
        Chore::Fuzz { seconds, target } => fuzz::run(&root, seconds, target.as_deref())?,
        Chore::Reproduce => reproduce::run(&root)?,
        Chore::Chaos { epochs, seed } => {
            installs::node(&root)?;
            chaos::run(&root, epochs, seed)?;
        }
        Chore::Schemathesis => schemathesis::run(&root)?,
        Chore::Bench { filter } => bench::run(&root, filter.as_deref())?,
        Chore::Contracts { chore } => {
            installs::node(&root)?;
            match chore {
                ContractsChore::Build => artifacts::build(&root)?,
                ContractsChore::Check => artifacts::check(&root)?,
                ContractsChore::Test { args } => contracts::test(&root, &args)?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The workspace's root: the parent of this crate's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
