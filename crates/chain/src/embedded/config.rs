//! What an embedded chain is made with.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};

/// What an embedded chain is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The chain's id (EIP-155). A file keeps the one it was made with.
    pub chain_id: u64,
    /// Time of the first block, in seconds since the Unix epoch, at most
    /// [`TIME_MAX_S`](super::TIME_MAX_S). Counts only when the chain is made.
    pub genesis_time_s: u64,
    /// What accounts have at the first block, in wei. Counts only when the chain is made.
    pub genesis_balances: BTreeMap<Address, U256>,
    /// What a unit of gas costs, in wei; all of it is burnt. At 0 nobody needs a balance.
    pub gas_price_wei: u64,
}

impl Config {
    /// A chain on which gas costs nothing and nobody has anything.
    pub fn devnet(chain_id: u64, genesis_time_s: u64) -> Self {
        Self { chain_id, genesis_time_s, genesis_balances: BTreeMap::new(), gas_price_wei: 0 }
    }
}
