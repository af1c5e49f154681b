//! The contract's events, in pieces that answers can hold, all of one fork.

use alloy_sol_types::SolEventInterface;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationEvents as Event;
use multee_chain::{BlockNumHash, ChainError, LOG_RANGE_BLOCKS_MAX, LogEntry, LogFilter};

use super::book::Told;
use crate::network::Network;

/// Events read in the chain's order.
pub(super) struct Reading<'a> {
    network: &'a Network,
    next_block: u64,
    head: BlockNumHash,
    upon: Vec<BlockNumHash>,
    span: u64,
}

impl<'a> Reading<'a> {
    /// From this block up to the head.
    pub(super) fn new(network: &'a Network, from_block: u64, head: BlockNumHash) -> Self {
        Self { network, next_block: from_block, head, upon: vec![head], span: LOG_RANGE_BLOCKS_MAX }
    }

    /// Only of a chain that has these blocks.
    pub(super) fn upon(mut self, blocks: impl IntoIterator<Item = BlockNumHash>) -> Self {
        self.upon = blocks.into_iter().collect();
        self
    }

    /// The next piece, and the block up to which it goes; `None` beyond the head.
    pub(super) fn next(&mut self) -> Result<Option<(Vec<Told>, BlockNumHash)>, ChainError> {
        while self.next_block <= self.head.number {
            let to = self.head.number.min(self.next_block.saturating_add(self.span - 1));
            match self.logs(to) {
                Ok(entries) => {
                    let end = self.at(to)?;
                    (self.next_block, self.span) =
                        (to + 1, self.span.saturating_mul(2).min(LOG_RANGE_BLOCKS_MAX));
                    // Events of the owner's standing (Ownable2Step) concern no node.
                    return Ok(Some((entries.iter().filter_map(told).collect(), end)));
                }
                // More than one answer holds: ask for half of it.
                Err(ChainError::Limit { .. }) if to > self.next_block => {
                    self.span = (to - self.next_block).div_ceil(2);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn logs(&self, to: u64) -> Result<Vec<LogEntry>, ChainError> {
        let filter = LogFilter::of(self.network.deployment().contract, self.next_block, to);
        let entries = self.network.chain().logs(&filter.upon(self.upon.iter().copied()))?;
        check_fork(&entries, self.head)?;
        Ok(entries)
    }

    fn at(&self, number: u64) -> Result<BlockNumHash, ChainError> {
        if number == self.head.number {
            return Ok(self.head);
        }
        let block = self.network.chain().block(number)?;
        block.map(|block| block.num_hash()).ok_or(reorganised(self.head))
    }
}

fn block_of(entry: &LogEntry) -> BlockNumHash {
    BlockNumHash { number: entry.block_number, hash: entry.block_hash }
}

fn told(entry: &LogEntry) -> Option<Told> {
    let event = Event::decode_log(&entry.log).ok()?;
    Some(Told { block: block_of(entry), event: event.data })
}

/// Refuses logs of one answer that are of different forks, or out of order.
fn check_fork(entries: &[LogEntry], head: BlockNumHash) -> Result<(), ChainError> {
    let mut before: Option<BlockNumHash> = None;
    for found in entries.iter().map(block_of).chain([head]) {
        let fits = |before: BlockNumHash| before.number < found.number || before == found;
        if !before.is_none_or(fits) {
            return Err(reorganised(found));
        }
        before = Some(found);
    }
    Ok(())
}

pub(super) fn reorganised(block: BlockNumHash) -> ChainError {
    ChainError::Reorganised { number: block.number, hash: block.hash }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{B256, Log};

    fn entry(number: u64, fork: u8) -> LogEntry {
        LogEntry {
            log: Log::default(),
            block_number: number,
            block_hash: B256::repeat_byte(fork),
            index: 0,
            transaction_hash: B256::ZERO,
        }
    }

    #[test]
    fn logs_of_two_forks_are_no_answer() {
        let head = BlockNumHash { number: 9, hash: B256::repeat_byte(9) };
        let checked = |places: &[(u64, u8)]| {
            let entries: Vec<LogEntry> = places.iter().map(|(number, fork)| entry(*number, *fork)).collect();
            check_fork(&entries, head).is_ok()
        };
        assert!(checked(&[]) && checked(&[(3, 3), (3, 3), (4, 4), (9, 9)]));
        for mixed in [[(3, 3), (3, 4)].as_slice(), &[(9, 8)], &[(10, 10)], &[(4, 4), (3, 3)]] {
            assert!(!checked(mixed), "{mixed:?}");
        }
    }
}
