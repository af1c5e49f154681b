//! The `multee` program: parse, call, print.

mod account;
mod args;
mod audit;
mod config;
mod demo;
mod device;
mod devnet;
mod doctor;
mod exit;
mod gateway;
mod key;
mod measure;
mod network;
mod node;
mod params;
mod shell;
mod simulate;
mod trust;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return exit::answer(&answer).into(),
    };
    let outcome: miette::Result<Exit> = match cli.command {
        Command::Verify(args) => verify::run(&args).map_err(Into::into),
        Command::Measure(args) => measure::run(&args).map_err(Into::into),
        Command::Simulate(args) => simulate::run(&args).map_err(Into::into),
        Command::Params(args) => params::run(&args).map_err(Into::into),
        Command::Trust(args) => trust::run(&args).map_err(Into::into),
        Command::Gateway(args) => gateway::run(&args).map_err(Into::into),
        Command::Audit(args) => audit::run(&args).map_err(Into::into),
        Command::Node(args) => node::run(&args).map_err(Into::into),
        Command::Config(args) => config::run(&args).map_err(Into::into),
        Command::Device(args) => device::run(&args).map_err(Into::into),
        Command::Doctor(args) => doctor::run(&args).map_err(Into::into),
        Command::Completions(args) => shell::completions(&args).map_err(Into::into),
        Command::Man(args) => shell::man(&args).map_err(Into::into),
        Command::Devnet(args) => devnet::run(&args).map_err(Into::into),
        Command::DevnetChild(args) => devnet::child(&args).map_err(Into::into).map(|never| match never {}),
        Command::DevnetConfirm(args) => {
            devnet::confirm(&args).map_err(Into::into).map(|never| match never {})
        }
        Command::Network(args) => network::run(&args).map_err(Into::into),
        Command::Key(args) => key::run(&args).map_err(Into::into),
        Command::Demo(args) => demo::run(&args).map_err(Into::into),
    };
    outcome.unwrap_or_else(|error| exit::explain(&error)).into()
}
