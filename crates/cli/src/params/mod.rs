//! `multee params`: parameters for a network, and what they withstand.

use std::fmt::Write as _;

use clap::{Args, Subcommand, value_parser};
use multee_simulator::{Need, Recommendation, SimulationError, recommend, recommend_epochs_max};
use serde::Serialize;

use crate::exit::{self, Exit};
use crate::simulate::{Progress, RunArgs, SimulateError};

/// Choose parameters for a network
#[derive(Debug, Args)]
#[command(after_help = exit::table())]
pub(crate) struct ParamsArgs {
    #[command(subcommand)]
    command: ParamsCommand,
}

#[derive(Debug, Subcommand)]
enum ParamsCommand {
    Recommend(RecommendArgs),
}

/// Search for the cheapest parameters that withstand so many abusive devices, and say how many more they withstand
///
/// Each candidate is played against collusion with forged evidence and against slander with genuine evidence, the
/// abusive publishing first. It withstands if no honest device is blocked, and the abusive end with less than a fifth
/// of the weight. What is recommended is played against slanderers, too, that lie only where they prevail.
///
/// Exit code 0: there are such parameters. 3: none of the candidates withstands it.
#[derive(Debug, Args)]
#[command(after_help = exit::table())]
struct RecommendArgs {
    /// Devices in all
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(2..=1_048_576))]
    devices: u32,
    /// How many of them may be abusive, in percent; 0 to 49
    #[arg(long, value_name = "PERCENT", value_parser = value_parser!(u32).range(0..=49))]
    expected_abusive: u32,
    /// What chance grows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    often: RunArgs,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    need: Need,
    runs: u32,
    #[serde(flatten)]
    found: &'a Recommendation,
}

/// Searches, and shows what was found.
pub(crate) fn run(args: &ParamsArgs) -> Result<Exit, SimulateError> {
    let ParamsCommand::Recommend(args) = &args.command;
    let need = Need { devices: args.devices, abusive_percent: args.expected_abusive, seed: args.seed };
    let runs = args.often.runs();
    let progress = Progress::new(recommend_epochs_max(runs.runs));
    let found: Result<Recommendation, SimulationError> = recommend(need, runs, &|| progress.step());
    progress.clear();
    let found = found?;
    let text = if args.json {
        let document = Document { version: 1, need, runs: runs.runs, found: &found };
        format!("{}\n", serde_json::to_string_pretty(&document)?)
    } else {
        text(need, runs.runs, &found)
    };
    exit::print(&text)?;
    Ok(if found.parameters.is_some() { Exit::Ok } else { Exit::NotTrusted })
}

fn text(need: Need, runs: u32, found: &Recommendation) -> String {
    let mut text = match &found.parameters {
        Some(parameters) => format!(
            "for {} devices with up to {} % abusive ones:\n\n\
             latestChecks {}, suspiciousChecks {}, decisionMarks {}, scoreGainBps {}, all else as by default\n\n\
             In all of {runs} runs each, on networks of {} devices, they withstood\n  \
             collusion with forged evidence up to {} %\n  slander with genuine evidence up to {} %\n  \
             slander with genuine evidence that foresees who prevails, 200 epochs, up to {} %; it keeps its weight\n",
            need.devices,
            need.abusive_percent,
            parameters.latest_checks,
            parameters.suspicious_checks,
            parameters.decision_marks,
            parameters.score_gain_bps,
            found.played_devices,
            found.withstands_forged_percent,
            found.withstands_genuine_percent,
            found.withstands_foresight_percent,
        ),
        None => format!(
            "for {} devices with up to {} % abusive ones: nothing that was tried withstands them in all of {runs} runs\n",
            need.devices, need.abusive_percent,
        ),
    };
    text.push_str(
        "\ntried:  L2   K  gain  withstands  honest suspended  weight of the abusive under 5 % from epoch\n",
    );
    for candidate in &found.candidates {
        let under = candidate.weight_under_5pct.map_or("never".to_owned(), |epoch| format!("{epoch:.1}"));
        let _ = writeln!(
            text,
            "        {:2}  {:2}  {:4}  {:10}  {:16.1}  {under}",
            candidate.suspicious_checks,
            candidate.decision_marks,
            candidate.score_gain_bps,
            if candidate.withstands { "yes" } else { "no" },
            candidate.honest_suspended,
        );
    }
    text
}
