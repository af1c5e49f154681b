//! Blocks of the embedded chain.

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;

use crate::StorageError;

/// A block: what it holds beside its one transaction, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) parent: B256,
    pub(super) timestamp_s: u64,
    pub(super) transaction: Option<B256>,
}

impl Block {
    /// The first block; it has no parent.
    pub(super) fn genesis(chain_id: u64, timestamp_s: u64) -> Self {
        Self { number: 0, hash: B256::ZERO, parent: B256::ZERO, timestamp_s, transaction: None }
            .with_hash(chain_id)
    }

    /// The block after this one.
    pub(super) fn next(&self, chain_id: u64, timestamp_s: u64, transaction: Option<B256>) -> Self {
        let (number, parent) = (self.number + 1, self.hash);
        Self { number, hash: B256::ZERO, parent, timestamp_s, transaction }.with_hash(chain_id)
    }

    fn with_hash(self, chain_id: u64) -> Self {
        Self { hash: self.computed_hash(chain_id), ..self }
    }

    /// keccak256 over `abi.encode` of a domain tag, the chain id and all fields: nothing in it is random, so
    /// a chain made by the same calls is the same chain.
    fn computed_hash(&self, chain_id: u64) -> B256 {
        let domain = keccak256("multee/embedded-block/v1");
        let transaction = self.transaction.unwrap_or_default();
        keccak256((domain, chain_id, self.number, self.parent, self.timestamp_s, transaction).abi_encode())
    }

    /// What `PREVRANDAO` gives in this block: fixed by the parent, as a beacon's output would be.
    pub(super) fn randomness(&self) -> B256 {
        let domain = keccak256("multee/embedded-randomness/v1");
        keccak256((domain, self.parent, U256::from(self.number)).abi_encode())
    }

    /// Refuses a block whose hash is not that of its contents.
    pub(super) fn check(&self, chain_id: u64) -> Result<(), StorageError> {
        if self.hash == self.computed_hash(chain_id) {
            return Ok(());
        }
        Err(StorageError::Corrupt(format!("block {} does not have its contents' hash", self.number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::b256;

    #[test]
    fn every_field_is_in_the_hash() {
        let first = Block::genesis(7, 100);
        let next = first.next(7, 100, None);
        let others = [
            Block::genesis(8, 100),
            Block::genesis(7, 101),
            first.next(7, 101, None),
            first.next(7, 100, Some(B256::repeat_byte(1))),
            first.next(8, 100, None),
            Block::genesis(7, 101).next(7, 100, None),
            next.next(7, 100, None),
        ];
        let mut seen = vec![first.hash, next.hash];
        seen.extend(others.iter().map(|block| block.hash));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn a_changed_block_is_told_from_its_hash() {
        let block = Block::genesis(7, 100).next(7, 101, None);
        assert!(block.check(7).is_ok());
        assert!(block.check(8).is_err());
        assert!(Block { timestamp_s: 102, ..block }.check(7).is_err());
    }

    /// Hashes are seeds: changing how they are made changes every recorded story.
    #[test]
    fn genesis_hash_is_golden() {
        let golden = b256!("69f9d4dd0df87ab6ca7c4b582d8c2391e82bd6851f3a04a812ab8d32b345a7bf");
        assert_eq!(Block::genesis(31_337, 1_700_000_000).hash, golden);
    }
}
