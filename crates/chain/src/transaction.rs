//! Transactions and what comes of them.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolConstructor, SolValue};

use crate::{LogEntry, TRANSACTION_GAS_MAX};

/// What is to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The contract or account it goes to; `None` creates a contract from `data`.
    pub to: Option<Address>,
    /// Selector and arguments, or creation code and constructor arguments; at most
    /// [`DATA_BYTES_MAX`](crate::DATA_BYTES_MAX).
    pub data: Bytes,
    /// Native coin that goes along, in wei.
    pub value: U256,
    /// Gas it may use, at most [`TRANSACTION_GAS_MAX`].
    pub gas_limit: u64,
    /// What makes sending it again another transaction.
    pub once: Once,
}

/// What tells two otherwise equal transactions of one sender apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Once {
    /// The sender's next nonce: every sending is a transaction of its own.
    #[default]
    Nonce,
    /// A key of the caller's choice: the same transaction with the same key is executed once, however
    /// often it is sent. A caller that was interrupted, and cannot know whether its transaction was
    /// executed, sends it again.
    Key(B256),
}

impl Transaction {
    /// `function` of `contract`, without value and with all the gas a transaction may have.
    pub fn invoke(contract: Address, function: &impl SolCall) -> Self {
        Self::with_data(Some(contract), function.abi_encode().into())
    }

    /// Creates a contract from its creation code, without value.
    pub fn deploy(code: &[u8], arguments: &impl SolConstructor) -> Self {
        Self::with_data(None, [code, arguments.abi_encode().as_slice()].concat().into())
    }

    /// Hands `value` (wei) to `to`.
    pub fn transfer(to: Address, value: U256) -> Self {
        Self { value, ..Self::with_data(Some(to), Bytes::new()) }
    }

    fn with_data(to: Option<Address>, data: Bytes) -> Self {
        Self { to, data, value: U256::ZERO, gas_limit: TRANSACTION_GAS_MAX, once: Once::Nonce }
    }

    /// The same transaction, executed once for `key`.
    #[must_use]
    pub fn once(self, key: B256) -> Self {
        Self { once: Once::Key(key), ..self }
    }

    /// The hash under which the embedded chain keeps the receipt: keccak256 over `abi.encode` of a domain
    /// tag, the chain id, the sender, all the fields, and the key or, without one, the sender's `nonce`.
    ///
    /// It does not depend on `nonce` when a key is given, so a caller can look its own transaction up.
    pub fn embedded_hash(&self, chain_id: u64, sender: Address, nonce: u64) -> B256 {
        let (kind, unique) = match self.once {
            Once::Nonce => (0_u8, U256::from(nonce)),
            Once::Key(key) => (1_u8, U256::from_be_bytes(key.0)),
        };
        let place = (U256::from(chain_id), sender, self.to.is_some(), self.to.unwrap_or_default());
        let body = (self.value, self.gas_limit, keccak256(&self.data), U256::from(kind), unique);
        keccak256((keccak256("multee/embedded-transaction/v1"), place, body).abi_encode())
    }
}

/// A transaction with all that is signed (EIP-1559).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// How many transactions the account sent before.
    pub nonce: u64,
    /// Gas it may use.
    pub gas_limit: u64,
    /// What a unit of gas may cost at most, in wei: `maxFeePerGas`.
    pub cap_wei: u128,
    /// Of that to the block's proposer at most, in wei: `maxPriorityFeePerGas`.
    pub tip_wei: u128,
    /// The contract or account it goes to; `None` for a creation.
    pub to: Option<Address>,
    /// Native coin that goes along, in wei.
    pub value: U256,
    /// Selector and arguments, or creation code and constructor arguments.
    pub data: Bytes,
}

/// How an executed transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All it did is kept.
    Success,
    /// The contract reverted with this data, and nothing it did is kept.
    Reverted(Bytes),
    /// Execution broke off, all gas is spent, and nothing it did is kept.
    Halted(Halt),
}

/// Why execution broke off without the contract's will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The gas limit was too small.
    #[error("out of gas")]
    OutOfGas,
    /// The contract to be created is above Ethereum's code size limit (EIP-170), or may not be stored.
    #[error("contract code is too large or not allowed")]
    CodeNotStorable,
    /// The machine refused an instruction, a jump or the stack's depth.
    #[error("invalid instruction, jump or stack")]
    InvalidExecution,
    /// Anything else, such as a creation at an address in use.
    #[error("execution broke off")]
    Other,
}

/// What came of a [`Transaction`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction's hash.
    pub transaction_hash: B256,
    /// Number of the block it is in.
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Who sent it.
    pub from: Address,
    /// To whom; `None` for a creation.
    pub to: Option<Address>,
    /// The contract it created, if it succeeded in that.
    pub created: Option<Address>,
    /// Gas it used.
    pub gas_used: u64,
    /// What a unit of gas cost, in wei.
    pub gas_price_wei: u128,
    /// How it ended.
    pub outcome: Outcome,
    /// What it logged; nothing unless it succeeded.
    pub logs: Vec<LogEntry>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(transaction: &Transaction) -> (B256, B256) {
        let sender = Address::repeat_byte(1);
        (transaction.embedded_hash(7, sender, 0), transaction.embedded_hash(7, sender, 1))
    }

    #[test]
    fn a_key_makes_the_hash_independent_of_the_nonce() {
        let transaction = Transaction::transfer(Address::repeat_byte(2), U256::from(3));
        let (first, second) = hashes(&transaction);
        assert_ne!(first, second);
        let (first, second) = hashes(&transaction.once(B256::repeat_byte(4)));
        assert_eq!(first, second);
    }

    #[test]
    fn every_field_changes_the_hash() {
        let base = Transaction::transfer(Address::repeat_byte(2), U256::from(3)).once(B256::ZERO);
        let hash = |t: &Transaction| t.embedded_hash(7, Address::repeat_byte(1), 0);
        let others = [
            Transaction { to: None, ..base.clone() },
            Transaction { to: Some(Address::ZERO), ..base.clone() },
            Transaction { data: Bytes::from_static(&[0]), ..base.clone() },
            Transaction { value: U256::from(4), ..base.clone() },
            Transaction { gas_limit: 21_000, ..base.clone() },
            Transaction { once: Once::Nonce, ..base.clone() },
            Transaction { once: Once::Key(B256::repeat_byte(1)), ..base.clone() },
        ];
        let mut seen = vec![
            hash(&base),
            base.embedded_hash(8, Address::repeat_byte(1), 0),
            base.embedded_hash(7, Address::repeat_byte(9), 0),
        ];
        seen.extend(others.iter().map(hash));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
