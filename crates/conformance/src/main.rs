//! `multee-conformance`: contract against model, and what calls cost. `cargo xtask conformance` and `cargo xtask gas`
//! run it.

mod conformance;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use multee_conformance::gas::{self, Table};

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
    Gas(GasOptions),
}

#[derive(clap::Args)]
struct GasOptions {
    /// Numbers of seats
    #[arg(long, value_delimiter = ',', default_value = "58,1000,10000")]
    seats: Vec<u32>,
    /// Epochs that the rings keep
    #[arg(long, default_value_t = 16)]
    retention: u8,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Conformance(options) => conformance::run(&options),
        Command::Gas(options) => measure(options),
    }
}

fn measure(options: GasOptions) -> ExitCode {
    let mut table = Table::default();
    for seats in options.seats {
        gas::measure(&mut table, seats, options.retention, |what| eprintln!("{seats} seats: {what}"));
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&table).expect("a table is JSON"));
    } else {
        print!("{}", table.to_markdown());
    }
    ExitCode::SUCCESS
}
