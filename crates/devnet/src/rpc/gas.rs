//! How much gas a transaction needs: that is not what it uses, for calls within it get 63 parts of 64, and refunds come
//! at the end.

use alloy_primitives::Address;
use multee_chain::embedded::{At, Embedded, Tried};
use multee_chain::{Answer, Transaction};

use super::error::RpcError;

/// The gas with which it succeeds in the next block: what it uses if that is enough, else to one part in 64.
pub(crate) fn estimate(chain: &Embedded, from: Address, transaction: &Transaction) -> Result<u64, RpcError> {
    let with = |gas_limit| {
        let tried = chain.try_at(At::Next, from, &Transaction { gas_limit, ..transaction.clone() })?;
        tried.ok_or_else(|| RpcError::refused("internal error: there is no next block"))
    };
    let cap = transaction.gas_limit;
    let Tried { answer, gas_used } = with(cap)?;
    returned(answer)?;
    if matches!(with(gas_used), Ok(Tried { answer: Answer::Returned(_), .. })) {
        return Ok(gas_used);
    }
    let (mut fails, mut succeeds) = (gas_used, cap);
    // Most need little more than they use.
    let mut guess = gas_used.saturating_add(gas_used / 63).saturating_add(2300);
    while succeeds > fails.saturating_add(1) && succeeds - fails > succeeds / 64 {
        let limit = guess.clamp(fails + 1, succeeds - 1);
        match with(limit) {
            Ok(Tried { answer: Answer::Returned(_), .. }) => succeeds = limit,
            // Below what covers the data it is refused, which is a failure like others.
            _ => fails = limit,
        }
        guess = fails + (succeeds - fails) / 2;
    }
    Ok(succeeds)
}

/// What was returned, or why not.
pub(crate) fn returned(answer: Answer) -> Result<alloy_primitives::Bytes, RpcError> {
    match answer {
        Answer::Returned(data) => Ok(data),
        Answer::Reverted(data) => Err(RpcError::reverted(data)),
        Answer::Halted(halt) => Err(RpcError::halted(halt)),
    }
}
