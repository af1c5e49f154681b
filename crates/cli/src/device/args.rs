//! The command line of `multee device`.

use std::path::PathBuf;

use alloy_primitives::Address;
use clap::{Args, Subcommand};

use crate::config::ConfigArgs;

/// Take a device into a network, look how it stands, and out again
#[derive(Args, Debug)]
pub(crate) struct DeviceArgs {
    #[command(subcommand)]
    pub(crate) command: DeviceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    Describe(DescribeArgs),
    Join(JoinArgs),
    Exit(ExitArgs),
    Restart(RestartArgs),
    Status(StatusArgs),
}

/// Say who this device is: device id, incarnation and measurement, by its TEE's quote
///
/// Asks the Confirmation Application that the configuration names; if that is a program and does not run yet, it is
/// started, and runs on for the node to take over. Founders put what is printed into network.toml.
#[derive(Args, Debug)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The evidence policy by which the measurement is made [default: the network's]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Print one JSON document instead, with the quote, for others to verify
    #[arg(long)]
    pub(crate) json: bool,
}

/// Join: pay the deposit and register the device
///
/// The provider pays and gets the deposit back in the end; the operator publishes. Run again after an interruption, it
/// goes on where it was.
#[derive(Args, Debug)]
pub(crate) struct JoinArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) provider: ProviderArgs,
    /// The account that is to publish [default: that of the configuration]
    #[arg(long, value_name = "ADDR")]
    pub(crate) operator: Option<Address>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Announce the seat's exit; nothing is published after that
#[derive(Args, Debug)]
pub(crate) struct ExitArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) provider: ProviderArgs,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Have the application booted anew: a new key, and probation until peers admit it
///
/// Ends the application that runs, or runs `confirm.restart_command`. The node then has the contract begin the new
/// incarnation.
#[derive(Args, Debug)]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Show how the device stands: score, tier, next duty, last marks, gas in days
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Look again and again, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
    /// Print one JSON document instead; with --watch one a line for each look
    #[arg(long)]
    pub(crate) json: bool,
}

/// Who pays.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProviderArgs {
    /// The provider's key, a web3 v3 keystore [default: the operator's]
    #[arg(long, value_name = "FILE")]
    pub(crate) provider_keystore: Option<PathBuf>,
    /// Its password, a file of mode 0600 [default: the terminal is asked]
    #[arg(long, value_name = "FILE", requires = "provider_keystore")]
    pub(crate) provider_password_file: Option<PathBuf>,
}
