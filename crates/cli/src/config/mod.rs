//! `multee config`: the node's configuration as it is in force, and where each value is from.

mod args;
mod error;

use std::fmt::Write as _;

use multee_operator::config::{NodeConfig, Shown, Values, shown};

use args::Assignment;
pub(crate) use args::{ConfigArgs, ConfigCommandArgs};
use args::{ConfigCommand, ShowArgs};
pub(crate) use error::ConfigCommandError;

use crate::exit::{self, Exit};

/// Shows what is in force. What is wrong with it is told on standard error, and with exit code 1.
pub(crate) fn run(args: &ConfigCommandArgs) -> Result<Exit, ConfigCommandError> {
    let ConfigCommand::Show(args) = &args.command;
    let values = args.config.values()?;
    exit::print(&text(args, &shown(&values))?)?;
    NodeConfig::read(&values)?;
    Ok(Exit::Ok)
}

fn text(args: &ShowArgs, shown: &[Shown]) -> Result<String, ConfigCommandError> {
    if args.json {
        return Ok(serde_json::to_string_pretty(shown)? + "\n");
    }
    let (mut text, mut section) = (String::new(), "");
    for setting in shown {
        let (of, name) = setting.key.split_once('.').unwrap_or_default();
        if of != section {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}[{of}]", if section.is_empty() { "" } else { "\n" });
            section = of;
        }
        let line = match &setting.value {
            Some(value) => format!("{name} = {value}"),
            None => format!("# {name} ="),
        };
        let _ = match (&setting.origin, args.origin) {
            (Some(origin), true) => writeln!(text, "{line:<50} # {origin}"),
            (None, true) => writeln!(text, "{line:<50} # not set: {}", setting.about),
            (_, false) => writeln!(text, "{line}"),
        };
    }
    Ok(text)
}

impl ConfigArgs {
    /// The layers over each other.
    pub(crate) fn values(&self) -> Result<Values, ConfigCommandError> {
        let flags: Vec<(String, String)> =
            self.set.iter().map(|assignment| (assignment.key.clone(), assignment.value.clone())).collect();
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Ok(Values::gather(&flags, environment, self.file().as_deref())?)
    }

    /// The configuration of a device that has no seat yet: whatever seat.id is.
    pub(crate) fn read_without_seat(&self) -> Result<NodeConfig, ConfigCommandError> {
        let mut any = self.clone();
        any.set.push(Assignment { key: "seat.id".to_owned(), value: "1".to_owned() });
        any.read()
    }

    /// The configuration that they make.
    pub(crate) fn read(&self) -> Result<NodeConfig, ConfigCommandError> {
        Ok(NodeConfig::read(&self.values()?)?)
    }
}
