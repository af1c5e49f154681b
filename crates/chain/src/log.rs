//! Events in the chain's log.

use alloy_primitives::{Address, B256, Log};

use crate::{BlockNumHash, ChainError, LOG_ALTERNATIVES_MAX, LOG_RANGE_BLOCKS_MAX, Limit};

/// One logged event and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Who logged what; `SolEvent::decode_log` reads it.
    pub log: Log,
    /// Number of the block it is in.
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Its order among the block's logs, from 0.
    pub index: u32,
    /// Hash of the transaction that logged it.
    pub transaction_hash: B256,
}

impl LogEntry {
    /// The block it is in.
    pub fn block(&self) -> BlockNumHash {
        BlockNumHash { number: self.block_number, hash: self.block_hash }
    }
}

/// Which logs to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// First block, included.
    pub from_block: u64,
    /// Last block, included; blocks beyond the head hold nothing. At most
    /// [`LOG_RANGE_BLOCKS_MAX`] blocks in all.
    pub to_block: u64,
    /// Contracts, any of which may have logged; empty for all. At most [`LOG_ALTERNATIVES_MAX`].
    pub addresses: Vec<Address>,
    /// For each of the four topics, the values it may have; empty for any value, or none. At most
    /// [`LOG_ALTERNATIVES_MAX`] each.
    pub topics: [Vec<B256>; 4],
    /// Blocks that the answer's chain must have, after it was read: it is of one fork then, and nothing of it is
    /// missing because whoever answers is on another one or behind. At most [`LOG_ALTERNATIVES_MAX`].
    pub upon: Vec<BlockNumHash>,
}

impl LogFilter {
    /// All that `address` logged in the blocks from `from_block` to `to_block`.
    pub fn of(address: Address, from_block: u64, to_block: u64) -> Self {
        Self { from_block, to_block, addresses: vec![address], ..Self::default() }
    }

    /// Of these only events with this signature hash, `SolEvent::SIGNATURE_HASH`.
    #[must_use]
    pub fn event(mut self, signature_hash: B256) -> Self {
        self.topics[0] = vec![signature_hash];
        self
    }

    /// Only of a chain that has these blocks; else the answer is [`ChainError::Reorganised`].
    #[must_use]
    pub fn upon(mut self, blocks: impl IntoIterator<Item = BlockNumHash>) -> Self {
        self.upon = blocks.into_iter().collect();
        self
    }

    /// Refuses what is too large to be asked at once.
    pub(crate) fn check(&self) -> Result<(), ChainError> {
        let blocks = self.to_block.saturating_sub(self.from_block).saturating_add(1);
        Limit::LogRangeBlocks.check(blocks, LOG_RANGE_BLOCKS_MAX)?;
        let widest = self
            .topics
            .iter()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
            .max(self.addresses.len())
            .max(self.upon.len());
        Limit::LogAlternatives.check(widest as u64, LOG_ALTERNATIVES_MAX as u64)
    }
}
