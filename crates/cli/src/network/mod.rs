//! `multee network`: founding a network, and governing it.
//!
//! The work is `multee-founding`'s; this module asks, shows and confirms.

mod args;
mod change;
mod confirm;
mod cost;
mod deploy;
mod error;
mod init;
mod place;
mod show;
mod text;

pub(crate) use self::args::NetworkArgs;
use self::args::{MeasurementsCommand, NetworkCommand, ParamsCommand, PolicyCommand};
pub(crate) use self::error::NetworkError;
use crate::exit::{self, Exit};

/// Founds, shows or changes a network, or calculates what one costs.
///
/// # Errors
/// When nothing came about.
pub(crate) fn run(args: &NetworkArgs) -> Result<Exit, NetworkError> {
    match dispatch(args) {
        Err(error) if error.exit() != Exit::Error => {
            let exit = error.exit();
            exit::explain(&error.into());
            Ok(exit)
        }
        done => done,
    }
}

fn dispatch(args: &NetworkArgs) -> Result<Exit, NetworkError> {
    match &args.command {
        NetworkCommand::Init(args) => init::run(args),
        NetworkCommand::Deploy(args) => deploy::run(args),
        NetworkCommand::Cost(args) => cost::run(args),
        NetworkCommand::Show(args) => show::network(args),
        NetworkCommand::Measurements(args) => match &args.command {
            MeasurementsCommand::List(args) => show::measurements(args),
            MeasurementsCommand::Add(args) => change::add_measurement(args),
            MeasurementsCommand::Set(args) => change::set_measurement(args),
            MeasurementsCommand::Remove(args) => change::remove_measurement(args),
        },
        NetworkCommand::Policy(args) => match &args.command {
            PolicyCommand::Show(args) => show::policy(args),
            PolicyCommand::Set(args) => change::policy(args),
        },
        NetworkCommand::Params(args) => match &args.command {
            ParamsCommand::Show(args) => show::params(args),
            ParamsCommand::Set(args) => change::params(args),
        },
    }
}

fn print(text: &str) -> Result<(), NetworkError> {
    exit::print(text).map_err(NetworkError::Stdout)
}
