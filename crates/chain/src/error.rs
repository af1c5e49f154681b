//! Why a chain gave no answer.

use alloy_primitives::U256;

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
    /// The chain's storage is broken.
    #[error("chain storage: {0}")]
    Storage(#[from] StorageError),
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

/// What is wrong with an embedded chain's file.
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
    /// An earlier write failed and what is in memory may not be what is on disk: open the file anew.
    #[error("an earlier write failed, the chain must be opened anew")]
    Stopped,
}

impl revm::database_interface::DBErrorMarker for StorageError {}
