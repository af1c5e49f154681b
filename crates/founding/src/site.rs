//! The chain that a network is founded on, with what only founders ask of one.

use alloy_primitives::{Address, Bytes, U256};
use multee_chain::rpc::probe::Report;
use multee_chain::rpc::{GasPrice, Rpc};
use multee_chain::{Answer, Call, Chain, ChainError};

/// A public chain, with what only founders ask of one. Tests break it.
pub trait Site: Chain {
    /// What `account` has, in wei.
    ///
    /// # Errors
    /// When the chain gives no answer.
    fn balance(&self, account: Address) -> Result<U256, ChainError>;

    /// The code at `address`; empty where there is none.
    ///
    /// # Errors
    /// When the chain gives no answer.
    fn code(&self, address: Address) -> Result<Bytes, ChainError>;

    /// What a unit of gas costs now.
    ///
    /// # Errors
    /// When the chain gives no answer.
    fn gas_price(&self) -> Result<GasPrice, ChainError>;

    /// Executes `call` as if the account that is called had `code`; `None` where that is not offered.
    ///
    /// # Errors
    /// When the chain gives no answer.
    fn call_with_code(&self, call: &Call, code: &Bytes) -> Result<Option<Answer>, ChainError>;

    /// Whether it can carry a network.
    ///
    /// # Errors
    /// When the chain gives no answer.
    fn probe(&self) -> Result<Report, ChainError>;
}

/// Blocks that block time is the mean of.
const PROBED_BLOCKS: u64 = 1000;

impl Site for Rpc {
    fn balance(&self, account: Address) -> Result<U256, ChainError> {
        Rpc::balance(self, account)
    }

    fn code(&self, address: Address) -> Result<Bytes, ChainError> {
        Rpc::code(self, address)
    }

    fn gas_price(&self) -> Result<GasPrice, ChainError> {
        Rpc::gas_price(self)
    }

    fn call_with_code(&self, call: &Call, code: &Bytes) -> Result<Option<Answer>, ChainError> {
        Rpc::call_with_code(self, call, code)
    }

    fn probe(&self) -> Result<Report, ChainError> {
        Rpc::probe(self, PROBED_BLOCKS)
    }
}
