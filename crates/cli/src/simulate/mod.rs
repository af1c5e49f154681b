//! `multee simulate`: networks of thousands under attack, on the rules that run on chain.

mod args;
mod chart;
mod output;
mod progress;
mod report;
mod sweep;

use miette::Diagnostic;
use multee_simulator::{Run, ScenarioError, SimulationError, simulate};

use self::args::SimulateCommand;
pub(crate) use self::args::{RunArgs, SimulateArgs};
use self::output::Document;
pub(crate) use self::progress::Progress;
use crate::exit::{self, Exit};

/// Why there are no results.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum SimulateError {
    /// Nothing was played.
    #[error(transparent)]
    #[diagnostic(
        code(multee::simulate::scenario),
        help(
            "nothing was played; `multee simulate --help` names all flags, docs/protocol.md (section 3) the bounds"
        )
    )]
    Scenario(#[from] ScenarioError),
    /// The simulator and the rules are at odds.
    #[error(transparent)]
    #[diagnostic(code(multee::simulate::defect), help("this is a defect of the program, please report it"))]
    Defect(SimulationError),
    /// The result could not be written.
    #[error(transparent)]
    #[diagnostic(code(multee::simulate::io))]
    Io(#[from] std::io::Error),
    /// The document could not be written.
    #[error(transparent)]
    #[diagnostic(code(multee::simulate::json))]
    Json(#[from] serde_json::Error),
}

impl From<SimulationError> for SimulateError {
    fn from(error: SimulationError) -> Self {
        match error {
            SimulationError::Scenario(error) => Self::Scenario(error),
            defect @ SimulationError::Rejected { .. } => Self::Defect(defect),
        }
    }
}

/// Plays, and shows what came of it. A scenario that makes no sense is a wrong command line.
pub(crate) fn run(args: &SimulateArgs) -> Result<Exit, SimulateError> {
    let result = match &args.command {
        Some(SimulateCommand::Sweep(args)) => sweep::played(args),
        None => played(args),
    };
    match result {
        Ok(text) => {
            exit::print(&text)?;
            Ok(Exit::Ok)
        }
        Err(error @ SimulateError::Scenario(_)) => {
            exit::explain(&error.into());
            Ok(Exit::Usage)
        }
        Err(error) => Err(error),
    }
}

fn played(args: &SimulateArgs) -> Result<String, SimulateError> {
    let scenario = args.asked.scenario();
    let progress = Progress::new(u64::from(args.often.runs) * u64::from(scenario.epochs_max));
    let runs = simulate(&scenario, args.often.runs(), &|| progress.step());
    progress.clear();
    let mut runs: Vec<Run> = runs?;
    if let Some(directory) = &args.report {
        let text = output::text(&scenario, &runs, args.gas_price);
        report::write(directory, &scenario, &runs, args.often.runs(), &text)?;
    }
    if !args.series {
        for run in &mut runs {
            run.series.clear();
        }
    }
    Ok(if args.json {
        let mut document = serde_json::to_string_pretty(&Document::new(&scenario, &runs))?;
        document.push('\n');
        document
    } else if args.csv {
        output::csv(&runs)?
    } else {
        output::text(&scenario, &runs, args.gas_price)
    })
}
