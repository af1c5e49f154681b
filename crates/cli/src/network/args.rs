//! The command line of `multee network`.

use std::path::PathBuf;

use alloy_primitives::{Address, B256};
use clap::{Args, Subcommand, value_parser};

use crate::account::{AccountArgs, ChainArgs, positive};
use crate::exit;

/// Found a network on a chain, and govern it
#[derive(Debug, Args)]
#[command(after_help = exit::table())]
pub(crate) struct NetworkArgs {
    #[command(subcommand)]
    pub(super) command: NetworkCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum NetworkCommand {
    Init(InitArgs),
    Deploy(DeployArgs),
    Cost(CostArgs),
    Show(ShowArgs),
    Measurements(MeasurementsArgs),
    Policy(PolicyArgs),
    Params(ParamsArgs),
}

/// Write a network.toml to fill in, with a comment for everything, and a policy.json beside it
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The file to write; an existing one is never overwritten
    #[arg(long, value_name = "FILE", default_value = "network.toml")]
    pub(super) out: PathBuf,
    /// For a network on one machine: epochs of a minute, and a test token without worth
    #[arg(long)]
    pub(super) devnet: bool,
}

/// Check everything, deploy the contracts, set them up, and verify what is on the chain
///
/// What was done is looked for on the chain first, so that this goes on after any interruption: run it again. Beside the
/// configuration it keeps network.state.json (what was deployed where) and network.journal (what was signed). Exit code
/// 0: founded and verified. 1: something stands against it, and is told with what to do. 3: what is on the chain is not
/// what it was to be. 5: no chain answers.
#[derive(Debug, Args)]
#[command(after_help = exit::table())]
pub(super) struct DeployArgs {
    /// What the network is founded with
    #[arg(long, value_name = "FILE", default_value = "network.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) chain: ChainArgs,
    #[command(flatten)]
    pub(super) account: AccountArgs,
    /// Show what would be done and what it costs, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

/// Calculate what a device costs in gas, a year
///
/// By the gas that calls were measured to take (docs/gas.md).
#[derive(Debug, Args)]
pub(super) struct CostArgs {
    /// What a unit of gas costs, in gwei
    #[arg(long, value_name = "GWEI", value_parser = positive)]
    pub(super) gas_price_gwei: f64,
    /// What a native coin costs, in the currency that the answer is to be in
    #[arg(long, value_name = "PRICE", value_parser = positive)]
    pub(super) native_price: f64,
    /// An epoch's length, in seconds
    #[arg(long, value_name = "S", default_value_t = 86_400, value_parser = value_parser!(u32).range(12..=31_536_000))]
    pub(super) epoch_seconds: u32,
    /// Devices that share what one does for all
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=1_048_576))]
    pub(super) devices: u32,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Which network.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    #[command(flatten)]
    pub(super) chain: ChainArgs,
    /// What `multee network deploy` left: it tells chain and contract
    #[arg(long, value_name = "FILE", default_value = "network.state.json", conflicts_with_all = ["contract", "chain_id"])]
    pub(super) state: PathBuf,
    /// The contract, where there is no such file
    #[arg(long, value_name = "ADDR", requires = "chain_id")]
    pub(super) contract: Option<Address>,
    /// The chain's id
    #[arg(long, value_name = "N", requires = "contract")]
    pub(super) chain_id: Option<u64>,
}

/// Show a network's settings as they stand
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// Print one JSON document with all settings instead of text; amounts are text
    #[arg(long)]
    pub(super) json: bool,
}

/// How a change is made.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) account: AccountArgs,
    /// Print what the owner is to send, and send nothing: for owners that are multisignatures or timelocks
    #[arg(long)]
    pub(super) calldata: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

/// Show or change the measurements that are allowed (R16)
#[derive(Debug, Args)]
pub(super) struct MeasurementsArgs {
    #[command(subcommand)]
    pub(super) command: MeasurementsCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum MeasurementsCommand {
    /// Show the measurements that are allowed
    List(ShowArgs),
    /// Allow one more
    Add(MeasurementArgs),
    /// Allow one in other epochs, say until devices have moved to another
    Set(MeasurementArgs),
    /// Allow one no longer
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
pub(super) struct MeasurementArgs {
    /// The measurement, 32 bytes in hex
    #[arg(value_name = "HEX")]
    pub(super) measurement: B256,
    /// First epoch in which it is allowed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) from_epoch: u32,
    /// Last epoch in which it is allowed
    #[arg(long, value_name = "N", default_value_t = multee_founding::NEVER)]
    pub(super) until_epoch: u32,
    #[command(flatten)]
    pub(super) change: ChangeArgs,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// The measurement, 32 bytes in hex
    #[arg(value_name = "HEX")]
    pub(super) measurement: B256,
    #[command(flatten)]
    pub(super) change: ChangeArgs,
}

/// Show or change the evidence policy (R16)
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    pub(super) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Print the document that is in force, as it was published
    Show(PolicyShowArgs),
    /// Publish another document
    Set(PolicySetArgs),
}

#[derive(Debug, Args)]
pub(super) struct PolicyShowArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// First block to look for it in [default: what the state file tells, else 0]
    #[arg(long, value_name = "N")]
    pub(super) from_block: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct PolicySetArgs {
    /// The document, at most 24576 bytes
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) change: ChangeArgs,
}

/// Show or change the parameters (R16)
#[derive(Debug, Args)]
pub(super) struct ParamsArgs {
    #[command(subcommand)]
    pub(super) command: ParamsCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ParamsCommand {
    /// Show the parameters in force and those announced, with ranges
    Show(ShowArgs),
    /// Announce others, for 7 epochs later
    Set(ParamsSetArgs),
}

#[derive(Debug, Args)]
pub(super) struct ParamsSetArgs {
    /// Parameters and their values; the others stay as they are in force
    #[arg(value_name = "NAME=VALUE", required = true)]
    pub(super) values: Vec<String>,
    #[command(flatten)]
    pub(super) change: ChangeArgs,
}
