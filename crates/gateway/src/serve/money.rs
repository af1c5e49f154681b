//! The contract's money, as the contract tells it.

use alloy_primitives::{Address, B256, U256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::TestToken as token;
use multee_chain::{Chain, ReadError, read};
use serde::Serialize;
use utoipa::ToSchema;

use crate::index::Newest;
use crate::shown::Amount;

/// What the contract holds of its token, and for whom, at a block. `deposits`, `bounties`, `carry`, `purses` and
/// `unallocated` sum to `balance`, unless there is a `shortfall`: then to both together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Money {
    /// The block at which it was read.
    block_number: u64,
    /// What the token says that the contract holds.
    #[schema(value_type = Amount)]
    balance: String,
    /// Deposits of seats.
    #[schema(value_type = Amount)]
    deposits: String,
    /// Owed to who removed or reported seats.
    #[schema(value_type = Amount)]
    bounties: String,
    /// Kept for pots to come.
    #[schema(value_type = Amount)]
    carry: String,
    /// Pots, what is left of them, and rewards owed to seats.
    #[schema(value_type = Amount)]
    purses: String,
    /// Given to the contract and not shared out yet: what pots are filled from.
    #[schema(value_type = Amount)]
    unallocated: String,
    /// What the balance is short of all that is owed and kept; `null` if it is not. A sound token leaves none.
    #[schema(value_type = Option<Amount>)]
    shortfall: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    hash: B256,
}

impl Money {
    /// Whether it was read at this block.
    pub(super) fn is_of(&self, block: &Newest) -> bool {
        self.hash == block.hash
    }

    /// Asks the contract; `None` if the chain is not at `newest`, or no more.
    pub(super) fn read(
        chain: &dyn Chain,
        address: Address,
        token: Address,
        newest: &Newest,
    ) -> Result<Option<Self>, ReadError> {
        let network = read(chain, address, &contract::networkCall {})?;
        let balance = read(chain, token, &token::balanceOfCall { account: address })?;
        // Heads only go on: what this one still is, it was before.
        let is_there = chain.head()?.hash == newest.hash;
        let parts = [network.deposits, network.bounties, network.carry, network.purses];
        Ok(is_there.then(|| Self::of(parts, balance, newest)))
    }

    /// Of what is owed and kept: deposits, bounties, carry, purses.
    fn of(parts: [u128; 4], balance: U256, newest: &Newest) -> Self {
        let [deposits, bounties, carry, purses] = parts.map(|part| part.to_string());
        // Four numbers of 128 bits.
        let allocated = parts.into_iter().fold(U256::ZERO, |sum, part| sum.saturating_add(U256::from(part)));
        let shortfall = allocated.checked_sub(balance).filter(|shortfall| !shortfall.is_zero());
        Self {
            block_number: newest.number,
            balance: balance.to_string(),
            deposits,
            bounties,
            carry,
            purses,
            unallocated: balance.saturating_sub(allocated).to_string(),
            shortfall: shortfall.map(|shortfall| shortfall.to_string()),
            hash: newest.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(balance: u64) -> Money {
        let newest = Newest { number: 1, hash: B256::ZERO, timestamp_s: 0 };
        Money::of([10, 20, 30, 40], U256::from(balance), &newest)
    }

    #[test]
    fn the_parts_are_the_whole_or_it_is_said_what_is_missing() {
        for (balance, unallocated, shortfall) in
            [(101, "1", None), (100, "0", None), (99, "0", Some("1")), (0, "0", Some("100"))]
        {
            let money = money(balance);
            assert_eq!((money.unallocated.as_str(), money.shortfall.as_deref()), (unallocated, shortfall));
        }
    }
}
