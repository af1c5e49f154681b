//! A chain that is only read.

use alloy_primitives::Address;
use clap::Args;
use multee_chain::ChainError;
use multee_chain::rpc::{Config, Endpoint, InMemory, Rpc};

/// A contract, and the chain that it is on.
#[derive(Args, Clone, Debug)]
pub(crate) struct ContractArgs {
    /// A JSON-RPC endpoint of the chain, http, https, ws or wss; repeatable, in order of preference
    #[arg(long = "rpc", value_name = "URL", value_parser = Endpoint::parse)]
    pub(crate) endpoints: Vec<Endpoint>,
    /// The contract's address
    #[arg(long, value_name = "ADDR")]
    pub(crate) contract: Option<Address>,
    /// The chain's id [default: what the endpoints say]
    #[arg(long, value_name = "ID")]
    pub(crate) chain_id: Option<u64>,
}

/// No chain has it (EIP-155).
const NO_CHAIN: u64 = 0;

/// Connects to the chain.
///
/// # Errors
/// When no endpoint can be used.
pub(crate) fn connect(args: &ContractArgs) -> Result<Rpc, ChainError> {
    let with =
        |chain_id| Rpc::connect(&Config::new(chain_id, args.endpoints.clone()), Box::<InMemory>::default());
    match with(args.chain_id.unwrap_or(NO_CHAIN)) {
        Err(ChainError::WrongChain { expected: NO_CHAIN, found }) => with(found),
        connected => connected,
    }
}
