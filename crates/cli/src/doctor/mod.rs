//! `multee doctor`: whether a node can work here, and what to do where it cannot.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use clap::Args;
use multee_operator::doctor::{Finding, Line, examine};
use multee_operator::metrics::now_s;

use crate::config::{ConfigArgs, ConfigCommandError};
use crate::exit::{self, Exit};

/// Look whether a node can work here: clock, TEE, collateral, chain, contract, balance, ports, keys
///
/// Nothing is changed and no password is asked for. Exit code 0: it can, warnings or not. 1: it cannot; each line that
/// failed says what to do.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Print one JSON document instead: a list of objects with name, finding (ok, warning, failed, skipped), says, remedy
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &DoctorArgs) -> Result<Exit, ConfigCommandError> {
    let lines = examine(&args.config.values()?, now_s());
    let text = if args.json { serde_json::to_string_pretty(&lines)? + "\n" } else { text(&lines) };
    exit::print(&text)?;
    let failed = lines.iter().any(|line| line.finding == Finding::Failed);
    Ok(if failed { Exit::Error } else { Exit::Ok })
}

fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let (word, style) = shown(line.finding);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{style}{word:<7}{style:#} {}: {}", line.name, line.says);
        if let Some(remedy) = &line.remedy {
            let _ = writeln!(text, "        → {remedy}");
        }
    }
    let count = |finding| lines.iter().filter(|line| line.finding == finding).count();
    let [ok, warnings, failed, skipped] =
        [Finding::Ok, Finding::Warning, Finding::Failed, Finding::Skipped].map(count);
    let _ = writeln!(text, "\n{ok} ok, {warnings} to look at, {failed} failed, {skipped} not looked at");
    text
}

fn shown(finding: Finding) -> (&'static str, Style) {
    match finding {
        Finding::Ok => ("ok", AnsiColor::Green.on_default()),
        Finding::Warning => ("warning", AnsiColor::Yellow.on_default()),
        Finding::Failed => ("failed", AnsiColor::Red.on_default().bold()),
        Finding::Skipped => ("skipped", Style::new().dimmed()),
    }
}
