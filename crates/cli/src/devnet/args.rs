//! The command line of `multee devnet`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

/// Run a network of real processes on this machine. Evidence is SIMULATED
#[derive(Debug, Args)]
pub(crate) struct DevnetArgs {
    #[command(subcommand)]
    pub(crate) command: DevnetCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevnetCommand {
    Up(UpArgs),
}

/// Start a chain, a SIMULATED hardware-vendor's service, a gateway, and devices, each with a node and its Confirmation
/// Application
///
/// Deploys the contract, founds a network with a seat for each device, and runs `multee node run` for each of them until
/// interrupted. The chain answers JSON-RPC on 127.0.0.1, so `cast` and others can look on; the
/// gateway's page shows what happens. Nodes that end are not started again: that ends the devnet, with an error. All files
/// are in one directory, logs too.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// How many devices; 2 to 40
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = value_parser!(u32).range(2..=40))]
    pub(crate) devices: u32,
    /// The length of an epoch in seconds; 12 at least
    #[arg(long, default_value_t = 30, value_name = "S", value_parser = value_parser!(u32).range(12..=31_536_000))]
    pub(crate) epoch_seconds: u32,
    /// End after so many epochs; exit code 0 only if every device published in each of them
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) epochs: Option<u32>,
    /// Where all files go: a directory that is not there yet, or is empty
    #[arg(long, default_value = "devnet", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Run Foundry's anvil as the chain, and not the embedded one
    #[arg(long)]
    pub(crate) anvil: bool,
    /// Where anvil is [default: where npm puts it below contracts/, else on the PATH]
    #[arg(long, value_name = "PATH", requires = "anvil")]
    pub(crate) anvil_path: Option<PathBuf>,
    /// The chain's port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 8545, value_name = "PORT")]
    pub(crate) port: u16,
    /// Where a gateway serves API and page; port 0 for any that is free
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Start no gateway
    #[arg(long, conflicts_with = "listen")]
    pub(crate) no_gateway: bool,
    /// What devices and accounts grow from; whoever knows it has their keys
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Print a JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Any program as a child of a devnet, killed when that ends; `multee devnet up` starts it
#[derive(Debug, Args)]
pub(crate) struct DevnetChildArgs {
    /// The devnet's process
    #[arg(long, value_name = "ID")]
    pub(crate) parent: u32,
    /// The program
    pub(crate) program: OsString,
    /// What it is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// The Confirmation Application of a devnet's device, over a SIMULATED TEE; `multee devnet up` starts it
#[derive(Debug, Args)]
pub(crate) struct DevnetConfirmArgs {
    /// What the devices grow from
    #[arg(long, value_name = "N")]
    pub(crate) seed: u64,
    /// Which device, from 0
    #[arg(long, value_name = "N")]
    pub(crate) device: u32,
    /// When the SIMULATED vendor's certificates begin to hold, in seconds since 1970
    #[arg(long, value_name = "S")]
    pub(crate) from_s: u64,
    /// When they end to
    #[arg(long, value_name = "S")]
    pub(crate) until_s: u64,
    /// A file that the devnet has locked for as long as it runs
    #[arg(long, value_name = "PATH")]
    pub(crate) tether: PathBuf,
    /// The Unix socket to listen on; nobody else may be able to write to its directory
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: PathBuf,
}
