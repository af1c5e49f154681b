//! What the house asks of a chain.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall;

use crate::{CALL_GAS_MAX, ChainError, Halt, LogEntry, LogFilter, Receipt, Sender, Transaction};

/// A chain that executes contracts.
///
/// Implementations answer from their newest block and may be shared between threads.
pub trait Chain: Send + Sync {
    /// The newest block.
    ///
    /// # Errors
    /// When the chain cannot be reached or its storage is broken.
    fn head(&self) -> Result<Head, ChainError>;

    /// The block with this number, however old; `None` beyond the newest.
    ///
    /// # Errors
    /// When the chain cannot be reached or its storage is broken.
    fn block(&self, number: u64) -> Result<Option<Head>, ChainError>;

    /// Executes `call` against the newest block's state, as `eth_call` at `latest` does: the contract sees
    /// that block's number and time, and nothing it does is kept.
    ///
    /// # Errors
    /// When the chain gave no answer, or the call is beyond [`DATA_BYTES_MAX`](crate::DATA_BYTES_MAX) or
    /// [`CALL_GAS_MAX`]. A revert is an answer.
    fn call(&self, call: &Call) -> Result<Answer, ChainError>;

    /// Has `transaction` executed on behalf of `sender` and waits for its receipt.
    ///
    /// A transaction [marked by a key](crate::Once::Key) that this chain has already executed is not
    /// executed again; its first receipt is returned.
    ///
    /// # Errors
    /// [`ChainError::Refused`] when it could not be executed at all and nothing changed;
    /// [`ChainError::Pending`] when it was sent and its outcome is open; else when the chain gave no answer. A transaction that reverts has been executed: see [`Receipt::outcome`].
    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError>;

    /// The receipt of the transaction with this hash, `None` if the chain has executed none such.
    ///
    /// # Errors
    /// When the chain cannot be reached or its storage is broken.
    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError>;

    /// The logs that `filter` asks for, in the chain's order.
    ///
    /// # Errors
    /// [`ChainError::Limit`] when the filter spans too many blocks, names too many alternatives, or more
    /// was found than one answer holds: ask for a smaller range. [`ChainError::Reorganised`] when a block that the
    /// filter names is not the chain's. [`ChainError::Pruned`] when nobody has logs that old any more.
    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError>;
}

/// A block, as far as its header matters here: the newest one, or one asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// The block's number; the first is 0.
    pub number: u64,
    /// The block's time, in seconds since the Unix epoch.
    pub timestamp_s: u64,
    /// The block's hash.
    pub hash: B256,
}

/// A block by number and hash: its place on one fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockNumHash {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

impl Head {
    /// Number and hash.
    pub fn num_hash(&self) -> BlockNumHash {
        BlockNumHash { number: self.number, hash: self.hash }
    }
}

/// A question to a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// On whose behalf it is asked: `msg.sender`. No authority is needed, for nothing is kept.
    pub from: Address,
    /// The contract.
    pub to: Address,
    /// Selector and arguments, at most [`DATA_BYTES_MAX`](crate::DATA_BYTES_MAX).
    pub data: Bytes,
    /// Gas the answer may take, at most [`CALL_GAS_MAX`].
    pub gas_limit: u64,
}

impl Call {
    /// `function`, asked of `to` by nobody in particular and with all the gas there is.
    pub fn new(to: Address, function: &impl SolCall) -> Self {
        Self { from: Address::ZERO, to, data: function.abi_encode().into(), gas_limit: CALL_GAS_MAX }
    }

    /// The same question on behalf of `from`.
    #[must_use]
    pub fn by(self, from: Address) -> Self {
        Self { from, ..self }
    }
}

/// What came of a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The contract returned this. An address without code returns nothing at all.
    Returned(Bytes),
    /// The contract reverted with this; [`decode_error`](crate::decode_error) tells what it means.
    Reverted(Bytes),
    /// Execution broke off.
    Halted(Halt),
}
