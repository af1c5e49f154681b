//! The command line of `multee gateway`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::trust::connect::ContractArgs;

/// Index a network's history, and answer over HTTP who is trusted
#[derive(Args, Debug)]
pub(crate) struct GatewayArgs {
    #[command(subcommand)]
    pub(crate) command: GatewayCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    Run(Box<RunArgs>),
    Key(KeyArgs),
}

/// Follow a contract and answer over HTTP, until SIGTERM or Ctrl-C
///
/// It may be killed at any moment and started again. The file holds nothing but what the chain tells: without it, the
/// index is built anew.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) chain: ContractArgs,
    /// The chain's block in which the contract was deployed, or any before
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) from_block: u64,
    /// The index's file; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) db: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8480")]
    pub(crate) listen: SocketAddr,
    /// How old the chain's newest block may be, in seconds, before answers are `stale`
    #[arg(long, value_name = "S", default_value_t = 120)]
    pub(crate) head_age_max: u64,
    /// Blocks that a reorganisation can take back
    #[arg(long, value_name = "BLOCKS", default_value_t = multee_gateway::index::REORG_BLOCKS_MAX)]
    pub(crate) reorg_blocks_max: u64,
    /// Blocks of the chain that are read and written at once, at most: fewer take less memory, and more time
    #[arg(long, value_name = "BLOCKS", default_value_t = multee_chain::LOG_RANGE_BLOCKS_MAX, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) batch_blocks_max: u64,
    /// A file of mode 0600 with the key that signs answers as tokens, which `multee gateway key` makes [default: no tokens]
    #[arg(long, value_name = "FILE")]
    pub(crate) ear_key: Option<PathBuf>,
    /// An origin whose pages may read answers, or * for all; repeatable
    #[arg(long = "cors", value_name = "ORIGIN", value_parser = origin)]
    pub(crate) cors: Vec<multee_gateway::serve::Origin>,
    /// What the network is called on the page
    #[arg(long, value_name = "NAME", default_value = "MulTEEverse")]
    pub(crate) name: String,
    /// Say everywhere that nothing of it is real, and why
    #[arg(long, value_name = "WHY")]
    pub(crate) simulated: Option<String>,
    /// Streams of events that are served at a time
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) streams_max: usize,
    /// Do not bound what one client may ask: behind a proxy that does
    #[arg(long)]
    pub(crate) no_rate_limit: bool,
}

/// Make a key that signs answers as tokens, and print its public half as a JWK
///
/// It is a P-256 key in a PKCS#8 file of mode 0600, which is not encrypted: a service reads it when it starts. Relying
/// parties need the JWK, from somebody whom they trust to have it from you.
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    /// The file to write; it is never overwritten
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

fn origin(text: &str) -> Result<multee_gateway::serve::Origin, String> {
    multee_gateway::serve::Origin::parse(text).ok_or_else(|| "neither * nor scheme://host".to_owned())
}
