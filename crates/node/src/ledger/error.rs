//! Why a ledger cannot follow the chain.

use alloy_primitives::B256;
use multee_chain::{ChainError, ReadError};

/// Why a ledger cannot follow the chain.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// No logs could be had.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The contract's settings could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The contract's events do not fit together: it is not the contract that this program knows.
    #[error("event in chain block {block_number} does not fit what was known before: {what}")]
    Contradiction {
        /// The chain's block.
        block_number: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// The contract's first event is missing.
    #[error(
        "the first event known, in chain block {block_number}, is not the contract's first: either reading begins after \
         the block in which it was deployed, or the endpoint has no logs that old; begin earlier, add an endpoint that \
         keeps the chain's history, or build the ledger from what is recent"
    )]
    HistoryMissing {
        /// The chain's block with the first event known.
        block_number: u64,
    },
    /// The chain replaced more blocks than a ledger can take back.
    #[error(
        "chain block {number} with hash {hash} was replaced, and the ledger takes back no more than {blocks_max} blocks: \
         check that the endpoints follow the right chain; if they do, start the node again, which reads all events \
         anew, with a larger reorg_blocks_max if the chain goes back that far more often"
    )]
    ReorgTooDeep {
        /// The newest block that cannot be taken back.
        number: u64,
        /// Its hash.
        hash: B256,
        /// How many can be, at least.
        blocks_max: u64,
    },
}
