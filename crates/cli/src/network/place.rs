//! Which network, and the chain that it is on.

use alloy_primitives::Address;
use multee_chain::rpc::{InMemory, Rpc};
use multee_founding::{Governed, Record};

use super::NetworkError;
use super::args::PlaceArgs;

/// A network that can be asked.
pub(super) struct Place {
    pub(super) chain: Rpc,
    pub(super) network: Governed,
    /// Nothing of it is older, as far as is known.
    pub(super) from_block: u64,
}

impl Place {
    /// The network that the command line names.
    ///
    /// # Errors
    /// When it names none, or no such network is there.
    pub(super) fn find(args: &PlaceArgs) -> Result<Self, NetworkError> {
        let (chain_id, contract, from_block) = named(args)?;
        let chain = args.chain.connect(chain_id, Box::new(InMemory::default()))?;
        let network = Governed::read(&chain, contract)?;
        Ok(Self { chain, network, from_block })
    }
}

fn named(args: &PlaceArgs) -> Result<(u64, Address, u64), NetworkError> {
    if let (Some(contract), Some(chain_id)) = (args.contract, args.chain_id) {
        return Ok((chain_id, contract, 0));
    }
    let missing = || NetworkError::NoState { path: args.state.clone() };
    let record = Record::read(&args.state)?.ok_or_else(missing)?;
    let kept = record.kept();
    Ok((kept.chain_id, kept.contract.ok_or_else(missing)?, kept.from_block))
}
