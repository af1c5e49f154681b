//! Why an index cannot be used, or cannot follow the chain.

use std::path::PathBuf;

use alloy_primitives::B256;
use multee_chain::ChainError;
use multee_protocol::Deployment;
use multee_replay::{FollowError, Unreadable};

/// Why an index cannot be used, or cannot follow the chain.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The file holds something else.
    #[error("{} is not an index; name another file", .0.display())]
    NotAnIndex(PathBuf),
    /// The file was written by another version of this program.
    #[error("{} has schema version {found}, this program reads {supported}; move it away, and it is built anew", path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The version this program reads and writes.
        supported: i64,
    },
    /// The index is of another network.
    #[error("{} is the index of contract {} on chain {}, not of {} on chain {}; name another file", path.display(), found.contract, found.chain_id, expected.contract, expected.chain_id)]
    OtherNetwork {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: Deployment,
        /// Whose it was to be.
        expected: Deployment,
    },
    /// A log is no event of the contract.
    #[error(
        "log {log_index} of chain block {block_number} cannot be read: it is not the contract that this program knows"
    )]
    Unreadable {
        /// The chain's block.
        block_number: u64,
        /// The log's place among the block's.
        log_index: u32,
        /// What is wrong with it.
        source: Unreadable,
    },
    /// The contract's events do not fit together: it is not the contract that this program knows.
    #[error("log {log_index} of chain block {block_number} does not fit what was known before: {what}")]
    Contradiction {
        /// The chain's block.
        block_number: u64,
        /// The log's place among the block's.
        log_index: u32,
        /// What does not fit.
        what: &'static str,
    },
    /// The contract's first event is missing.
    #[error(
        "the first event known, in chain block {block_number}, is not the contract's first: either reading begins after \
         the block in which it was deployed, or the endpoint has no logs that old; begin earlier, or add an endpoint \
         that keeps the chain's history"
    )]
    HistoryMissing {
        /// The chain's block with the first event known.
        block_number: u64,
    },
    /// The chain replaced more blocks than an index can take back.
    #[error(
        "chain block {number} with hash {hash} was replaced, and the index takes back no more than {blocks_max} blocks: \
         check that the endpoints follow the right chain; if they do, move the index away, and it is built anew"
    )]
    ReorgTooDeep {
        /// The newest block that cannot be taken back.
        number: u64,
        /// Its hash.
        hash: B256,
        /// How many can be, at least.
        blocks_max: u64,
    },
    /// What is in the file is not what an index has: it was altered.
    #[error("{} is damaged ({cause}); move it away, and it is built anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        cause: String,
    },
    /// The database failed: most likely, the disk is full or broken.
    #[error("{} cannot be read or written", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// Nothing to hold the index against: the replay did not come through.
    #[error("the chain cannot be replayed")]
    Replay(#[from] FollowError),
}

impl IndexError {
    /// Whether another try cannot mend it.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Chain(error) => {
                matches!(error, ChainError::WrongChain { .. } | ChainError::WrongCode { .. })
            }
            Self::Database { .. } => false,
            _ => true,
        }
    }
}

/// What is wrong, before it is known in which file or with which log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error("{0}")]
    Misfit(&'static str),
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<ChainError> for Fault {
    fn from(error: ChainError) -> Self {
        Self::Index(error.into())
    }
}

impl Fault {
    pub(crate) fn at(self, path: &std::path::Path) -> IndexError {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let path = path.to_owned();
        let source = match self {
            Self::Index(error) => return error,
            Self::Misfit(what) => return IndexError::Damaged { path, cause: what.to_owned() },
            Self::Database(source) => source,
        };
        match (source.sqlite_error_code(), &source) {
            (Some(NotADatabase), _) => IndexError::NotAnIndex(path),
            (Some(DatabaseCorrupt), _)
            | (_, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..)) => {
                IndexError::Damaged { path, cause: source.to_string() }
            }
            _ => IndexError::Database { path, source },
        }
    }
}
