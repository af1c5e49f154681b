//! `multee simulate sweep`: one scenario over ranges of its numbers.

use std::fmt::Write as _;

use multee_simulator::{Range, Scenario, SweepPoint, sweep};
use serde::Serialize;

use super::SimulateError;
use super::args::SweepArgs;
use super::progress::Progress;

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    scenario: &'a Scenario,
    ranges: &'a [Range],
    runs: u32,
    points: &'a [SweepPoint],
}

/// Plays every combination, and tells what came of each.
pub(super) fn played(args: &SweepArgs) -> Result<String, SimulateError> {
    let scenario = args.asked.scenario();
    let combinations: usize = args.ranges.iter().map(|range| range.values.len()).product();
    let epochs = u64::from(args.often.runs) * u64::from(scenario.epochs_max);
    let progress = Progress::new(epochs.saturating_mul(u64::try_from(combinations).unwrap_or(u64::MAX)));
    let points = sweep(&scenario, &args.ranges, args.often.runs(), &|| progress.step());
    progress.clear();
    let points = points?;
    if args.json {
        let (ranges, runs) = (args.ranges.as_slice(), args.often.runs);
        let document = Document { version: 1, scenario: &scenario, ranges, runs, points: &points };
        return Ok(format!("{}\n", serde_json::to_string_pretty(&document)?));
    }
    let rows = points.iter().map(row);
    let names = args.ranges.iter().map(|range| range.knob.name());
    let header = names.chain(COLUMNS).map(str::to_owned).collect();
    let table: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    Ok(if args.csv { joined(&table) } else { aligned(&table) })
}

const COLUMNS: [&str; 7] =
    ["won", "lost", "unharmed", "days", "honest_blocked", "weight_under_5pct", "honest_score_mean"];

fn row(point: &SweepPoint) -> Vec<String> {
    let mean = &point.summary.mean;
    let values = point.values.iter().map(u32::to_string);
    let measures = [
        point.won.to_string(),
        point.lost.to_string(),
        point.unharmed.to_string(),
        format!("{:.1}", mean.days),
        format!("{:.1}", mean.honest_blocked),
        mean.abusive_weight_under_5pct_epoch.map_or_else(String::new, |epoch| format!("{epoch:.1}")),
        format!("{:.0}", mean.honest_score_mean),
    ];
    values.chain(measures).collect()
}

fn joined(table: &[Vec<String>]) -> String {
    table.iter().map(|row| row.join(",") + "\n").collect()
}

fn aligned(table: &[Vec<String>]) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| table.iter().filter_map(|row| row.get(column)).map(String::len).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    table.iter().fold(String::new(), |mut text, row| {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "{cell:>width$}  ");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    })
}
