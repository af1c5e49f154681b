//! Why a chain gave no answer.

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::{BlockNumHash, Halt, SignError};

/// The chain gave no answer, or refused to execute at all. A revert is not among these: it is an
/// [`Outcome`](crate::Outcome).
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The chain is not there, or another process holds it: look at the place, try later.
    #[error("chain at {place} is unreachable: {cause}")]
    Unreachable {
        /// Path or address.
        place: String,
        /// What stood in the way.
        cause: String,
    },
    /// This is another chain than the one expected.
    #[error("chain id is {found}, expected {expected}")]
    WrongChain {
        /// The id that was expected.
        expected: u64,
        /// The id the chain has.
        found: u64,
    },
    /// The contract has another code there than the one expected, or none: this is another network.
    #[error("code at {address} has hash {found}, expected {expected}")]
    WrongCode {
        /// The contract's address.
        address: Address,
        /// keccak256 of the code that was expected.
        expected: B256,
        /// keccak256 of the code that is there.
        found: B256,
    },
    /// The transaction was sent, and whether it will be executed is open. Look for its effects, or send anything from
    /// the same account: that goes on with this one first.
    #[error("transaction {transaction_hash} with nonce {nonce} is pending: {why}")]
    Pending {
        /// Its newest hash.
        transaction_hash: B256,
        /// Its nonce.
        nonce: u64,
        /// Why it is waited for no longer.
        why: Delay,
    },
    /// This program was told to end, and asks nobody any more. What it sent before is in the journal.
    #[error("told to end")]
    Interrupted,
    /// A block that was asked about is not the chain's, or no longer: look where the forks part, and ask anew.
    #[error("block {number} with hash {hash} is not the chain's")]
    Reorganised {
        /// The block's number.
        number: u64,
        /// The hash it was to have.
        hash: B256,
    },
    /// What was asked about is so old that it was deleted: ask somebody who keeps the chain's history.
    #[error("chain at {place} has no history that old: {cause}")]
    Pruned {
        /// Who was asked.
        place: String,
        /// What they said.
        cause: String,
    },
    /// The transaction could not be signed. Nothing changed.
    #[error("transaction is not signed: {0}")]
    Unsigned(#[from] SignError),
    /// The transaction cannot be executed. Nothing changed.
    #[error("transaction refused: {0}")]
    Refused(#[from] Refusal),
    /// More was asked than one question may ask, or one answer hold.
    #[error("{what}: {value} is above the limit of {limit}")]
    Limit {
        /// What is limited.
        what: Limit,
        /// What was asked or found.
        value: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A block cannot be older than the one before it.
    #[error("time {asked_s} is before the newest block's {now_s}")]
    TimeGoesBack {
        /// The newest block's time, in seconds since the Unix epoch.
        now_s: u64,
        /// The time asked for.
        asked_s: u64,
    },
    /// What is stored on this side is broken: the embedded chain, or a journal.
    #[error("chain storage: {0}")]
    Storage(#[from] StorageError),
}

impl ChainError {
    /// This block is not the chain's.
    pub fn reorganised(block: BlockNumHash) -> Self {
        Self::Reorganised { number: block.number, hash: block.hash }
    }
}

/// Why a transaction is waited for no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Delay {
    /// It is not deep enough yet, or not executed, and time is up.
    #[error("time is up")]
    TimeLimit,
    /// This program was told to end.
    #[error("told to end")]
    Interrupted,
    /// Paying more would be more than is allowed: allow more, or wait for the chain to become cheaper.
    #[error("more than {cap_wei} wei for a unit of gas is not paid")]
    FeeLimit {
        /// The most that is offered for a unit of gas, in wei.
        cap_wei: u128,
    },
    /// One that pays more is needed, and was not signed.
    #[error("a replacement that pays more is not signed")]
    Unsigned,
    /// It was replaced as often as is allowed.
    #[error("it was replaced {bumps} times")]
    BumpLimit {
        /// How often.
        bumps: u32,
    },
}

/// Why a transaction cannot be executed at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The sender cannot pay for value and gas.
    #[error("sender has {available} wei, the transaction may cost {needed}")]
    InsufficientFunds {
        /// Value and the whole gas limit, in wei.
        needed: U256,
        /// What the sender has, in wei.
        available: U256,
    },
    /// The gas limit does not cover what every such transaction costs before it starts.
    #[error("gas limit {limit} is below the {needed} that the transaction costs at least")]
    GasLimitTooSmall {
        /// The transaction's gas limit.
        limit: u64,
        /// The least it must be.
        needed: u64,
    },
    /// The creation code is above Ethereum's limit (EIP-3860).
    #[error("creation code is too large")]
    CreationCodeTooLarge,
    /// The sender's address holds a contract (EIP-3607).
    #[error("sender is a contract")]
    SenderIsContract,
    /// The chain asks more for gas than may be paid: wait, or allow more.
    #[error("a unit of gas costs {needed_wei} wei, {allowed_wei} are allowed")]
    FeeTooHigh {
        /// What it costs at least, in wei.
        needed_wei: u128,
        /// What is paid at most, in wei.
        allowed_wei: u128,
    },
    /// A trial on the newest block reverted with this data. It was not sent, so nothing was paid for it.
    #[error("it would revert with {0}")]
    WouldRevert(Bytes),
    /// A trial on the newest block broke off. It was not sent, so nothing was paid for it.
    #[error("it would break off: {0}")]
    WouldHalt(Halt),
    /// Any other violation of the rules for transactions.
    #[error("{0}")]
    Invalid(String),
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// See [`DATA_BYTES_MAX`](crate::DATA_BYTES_MAX).
    #[error("bytes of data")]
    DataBytes,
    /// See [`TRANSACTION_GAS_MAX`](crate::TRANSACTION_GAS_MAX).
    #[error("gas of a transaction")]
    TransactionGas,
    /// See [`CALL_GAS_MAX`](crate::CALL_GAS_MAX).
    #[error("gas of a call")]
    CallGas,
    /// See [`LOG_RANGE_BLOCKS_MAX`](crate::LOG_RANGE_BLOCKS_MAX).
    #[error("blocks in a log filter")]
    LogRangeBlocks,
    /// See [`LOG_ALTERNATIVES_MAX`](crate::LOG_ALTERNATIVES_MAX).
    #[error("alternatives in a log filter")]
    LogAlternatives,
    /// See [`LOGS_MAX`](crate::LOGS_MAX).
    #[error("logs in an answer")]
    Logs,
    /// See [`LOG_BYTES_MAX`](crate::LOG_BYTES_MAX).
    #[error("bytes of logs in an answer")]
    LogBytes,
    /// See [`MINED_BLOCKS_MAX`](crate::embedded::MINED_BLOCKS_MAX).
    #[error("blocks mined at once")]
    MinedBlocks,
    /// See [`ENDPOINTS_MAX`](crate::rpc::ENDPOINTS_MAX).
    #[error("endpoints of a chain")]
    Endpoints,
    /// See [`SPAN_BLOCKS_MAX`](crate::rpc::probe::SPAN_BLOCKS_MAX).
    #[error("blocks to measure block time over")]
    ProbedBlocks,
    /// See [`CONFIRMATIONS_MAX`](crate::rpc::CONFIRMATIONS_MAX).
    #[error("confirmations")]
    Confirmations,
    /// See [`TIME_MAX_S`](crate::embedded::TIME_MAX_S).
    #[error("time in seconds")]
    Time,
}

impl Limit {
    pub(crate) fn check(self, value: u64, limit: u64) -> Result<(), ChainError> {
        if value > limit {
            return Err(ChainError::Limit { what: self, value, limit });
        }
        Ok(())
    }
}

/// What is wrong with what is stored: an embedded chain's file, or a journal of what was sent.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The file holds something else.
    #[error("the file is not an embedded chain")]
    NotAChain,
    /// The file was written by another version of this program.
    #[error("the file has schema version {found}, this program reads {supported}")]
    SchemaVersion {
        /// The version found.
        found: i64,
        /// The version this program reads and writes.
        supported: i64,
    },
    /// The file contradicts itself.
    #[error("the file is corrupt: {0}")]
    Corrupt(String),
    /// The database failed: the disk is full or broken, or the file is damaged.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The journal of what was sent cannot be read or written.
    #[error("journal: {0}")]
    Journal(String),
    /// An earlier write failed and what is in memory may not be what is on disk: open the file anew.
    #[error("an earlier write failed, the chain must be opened anew")]
    Stopped,
}

impl revm::database_interface::DBErrorMarker for StorageError {}
