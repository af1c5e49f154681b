//! Having executed what others signed.

use alloy_primitives::{Bytes, U256};
use multee_chain::Chain;
use multee_chain::embedded::AccountState;
use serde_json::{Value, json};

use super::JsonRpc;
use super::error::RpcError;
use super::params::Params;
use super::raw::{self, Raw};

impl JsonRpc {
    /// Checks and executes one transaction at a time.
    pub(super) fn send(&self, params: &Params) -> Result<Value, RpcError> {
        let bytes: Bytes = params.get(0)?;
        let raw = raw::read(&bytes, self.chain_id)?;
        let hash = raw.authorised.hash;
        let mut sent = self.sent();
        if self.chain.receipt(hash)?.is_some() {
            return Err(RpcError::refused("already known"));
        }
        self.check(&raw)?;
        self.tell_time()?;
        self.chain.execute(&raw.authorised)?;
        sent.keep(raw);
        Ok(json!(hash))
    }

    fn check(&self, raw: &Raw) -> Result<(), RpcError> {
        let head = self.chain.head()?.number;
        let sender = self.chain.account_at(head, raw.authorised.sender)?;
        let AccountState { nonce: next, balance_wei, .. } = sender.unwrap_or_default();
        let (nonce, fees_wei) = (raw.authorised.nonce, raw.signed.tx().max_fee_per_gas);
        if nonce < next {
            return Err(RpcError::refused(format!("nonce too low: next nonce {next}, tx nonce {nonce}")));
        }
        if nonce > next {
            // Others would let it wait; here nothing waits.
            return Err(RpcError::refused(format!("nonce too high: next nonce {next}, tx nonce {nonce}")));
        }
        if fees_wei < self.gas_price_wei.into() {
            let (fees, price) = (fees_wei, self.gas_price_wei);
            let why =
                format!("max fee per gas less than block base fee: maxFeePerGas {fees}, baseFee {price}");
            return Err(RpcError::refused(why));
        }
        let gas_wei = U256::from(raw.authorised.transaction.gas_limit).saturating_mul(U256::from(fees_wei));
        let needed = gas_wei.saturating_add(raw.authorised.transaction.value);
        if needed > balance_wei {
            let why = format!("insufficient funds for gas * price + value: have {balance_wei} want {needed}");
            return Err(RpcError::refused(why));
        }
        Ok(())
    }
}
