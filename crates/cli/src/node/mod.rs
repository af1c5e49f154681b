//! `multee node run`: the Execution Controller as a service.

mod args;
mod error;
pub(crate) mod help;

use multee_operator::{Stop, log, node};

pub(crate) use args::NodeArgs;
use args::NodeCommand;
use error::NodeCommandError;

use crate::exit::Exit;

/// Runs until it is told to end.
pub(crate) fn run(args: &NodeArgs) -> Result<Exit, NodeCommandError> {
    let NodeCommand::Run(args) = &args.command;
    let config = args.config.read()?;
    log::init(config.log);
    let stop = Stop::on_signals().map_err(NodeCommandError::Signals)?;
    node::run(&config, env!("CARGO_PKG_VERSION"), &stop)?;
    Ok(Exit::Ok)
}
