//! `multee-conformance gas`: what calls cost. `cargo xtask gas` runs it.

use std::process::ExitCode;

use clap::Parser;
use multee_conformance::gas::{self, Table};

/// What calls of the contract cost.
#[derive(Parser)]
struct Cli {
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
    let cli = Cli::parse();
    let mut table = Table::default();
    for seats in cli.seats {
        gas::measure(&mut table, seats, cli.retention, |what| eprintln!("{seats} seats: {what}"));
    }
    if cli.json {
        println!("{}", serde_json::to_string_pretty(&table).expect("a table is JSON"));
    } else {
        print!("{}", table.to_markdown());
    }
    ExitCode::SUCCESS
}
