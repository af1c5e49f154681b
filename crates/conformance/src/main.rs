//! `multee-conformance`: contract against model, and what calls cost. `cargo xtask conformance` and `cargo xtask gas`
//! run it.

mod conformance;
mod measuring;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Holds the contract against the model, and measures its calls.
#[derive(Parser)]
#[command(name = "multee-conformance")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Execute random calls on both, and compare everything after each
    Conformance(conformance::Options),
    /// Measure what calls cost
    Gas(measuring::Options),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Conformance(options) => conformance::run(&options),
        Command::Gas(options) => measuring::run(&options),
    }
}
