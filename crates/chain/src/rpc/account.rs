//! What an account has, and what is asked for gas: questions that only a public chain is asked.

use alloy_primitives::{Address, Bytes, U64, U256};
use serde_json::json;

use super::{Rpc, outcome, sending};
use crate::{Answer, CALL_GAS_MAX, Call, ChainError};

/// What the chain asks for a unit of gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasPrice {
    /// The newest block's base fee.
    pub base_wei: u128,
    /// What the endpoint suggests as tip; 0 if it suggests none.
    pub tip_wei: u128,
}

impl GasPrice {
    /// What a transaction pays now.
    pub fn now_wei(self) -> u128 {
        self.base_wei.saturating_add(self.tip_wei)
    }

    /// What a transaction offers at first: room for a doubled base fee.
    pub fn offered_wei(self) -> u128 {
        self.base_wei.saturating_mul(2).saturating_add(self.tip_wei)
    }
}

impl Rpc {
    /// What `account` has, in wei.
    ///
    /// # Errors
    /// When no endpoint answers.
    pub fn balance(&self, account: Address) -> Result<U256, ChainError> {
        self.pool.ask(|visit| visit.client.balance(account))
    }

    /// The code of the contract at `address`; empty where there is none.
    ///
    /// # Errors
    /// When no endpoint answers.
    pub fn code(&self, address: Address) -> Result<Bytes, ChainError> {
        self.pool
            .ask(|visit| visit.client.ask("eth_getCode", &json!([address, U64::from(visit.head.number)])))
    }

    /// What the chain asks for gas now.
    ///
    /// # Errors
    /// When no endpoint answers, or blocks have no base fee (EIP-1559).
    pub fn gas_price(&self) -> Result<GasPrice, ChainError> {
        let price = self.pool.ask(sending::price)?;
        Ok(GasPrice { base_wei: price.base_wei, tip_wei: price.tip_wei })
    }

    /// Executes `call` as [`Chain::call`](crate::Chain::call) does, as if `code` were the code of the account that is
    /// called. `None` if the endpoint does not offer that (geth's state overrides), which not all do.
    ///
    /// # Errors
    /// When no endpoint answers.
    pub fn call_with_code(&self, call: &Call, code: &Bytes) -> Result<Option<Answer>, ChainError> {
        let gas = U64::from(call.gas_limit.min(CALL_GAS_MAX));
        let asked = json!({"from": call.from, "to": call.to, "data": call.data, "gas": gas});
        let overrides = json!({call.to.to_string(): {"code": code}});
        self.pool.ask(|visit| {
            let at = U64::from(visit.head.number);
            match outcome::answer(visit.client.ask("eth_call", &json!([asked, at, overrides]))) {
                Ok(answer) => Ok(Some(answer)),
                Err(super::Fault::Error { .. }) => Ok(None),
                Err(fault) => Err(fault),
            }
        })
    }
}
