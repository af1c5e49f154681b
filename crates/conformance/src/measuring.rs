//! `multee-conformance gas`: measures, compares, shows.

use std::process::ExitCode;

use multee_conformance::gas::{self, Snapshot, SnapshotError, Table};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Numbers of seats
    #[arg(long, value_delimiter = ',', default_value = "58,1000")]
    seats: Vec<u32>,
    /// Epochs that the rings keep
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(16..=40))]
    retention: u8,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Keep what is measured as the snapshot and in docs/gas.md, instead of comparing
    #[arg(long)]
    write: bool,
}

/// Measures; fails if a figure breaks a promise or is not the snapshot's.
pub(crate) fn run(options: &Options) -> ExitCode {
    if let Some(few) = options.seats.iter().find(|seats| **seats < 58) {
        eprintln!("error: {few} seats cannot fill a window of 40 entries; 58 are the least");
        return ExitCode::from(2);
    }
    let mut table = Table::default();
    for seats in &options.seats {
        gas::measure(&mut table, *seats, options.retention, |what| eprintln!("{seats} seats: {what}"));
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&table).expect("a table is JSON"));
    } else {
        print!("{}", table.to_markdown());
    }
    match objections(options, &table) {
        Ok(lines) if lines.is_empty() => ExitCode::SUCCESS,
        Ok(lines) => {
            for line in lines {
                eprintln!("error: {line}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn objections(options: &Options, table: &Table) -> Result<Vec<String>, SnapshotError> {
    let mut lines = table.broken_promises();
    let snapshot = Snapshot::default();
    if options.write {
        snapshot.write(table)?;
    } else {
        let differences = table.differences(&snapshot.read()?);
        if !differences.is_empty() {
            lines.extend(differences);
            lines.push("if that is meant: cargo xtask gas --seats 58,1000,10000 --write".to_owned());
        }
    }
    Ok(lines)
}
