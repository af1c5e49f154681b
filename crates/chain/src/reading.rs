//! A contract's logs, in pieces that answers can hold, all of one fork.

use alloy_primitives::Address;

use crate::{BlockNumHash, Chain, ChainError, Head, LOG_RANGE_BLOCKS_MAX, LogEntry, LogFilter};

/// Logs of a contract, read in the chain's order up to a head.
pub struct Reading<'a> {
    chain: &'a dyn Chain,
    contract: Address,
    next_block: u64,
    head: Head,
    upon: Vec<BlockNumHash>,
    span: u64,
    span_max: u64,
}

impl<'a> Reading<'a> {
    /// From this block up to the head, of a chain that has both the head and all of `upon`.
    pub fn new(
        chain: &'a dyn Chain,
        contract: Address,
        from_block: u64,
        upon: impl IntoIterator<Item = BlockNumHash>,
        head: Head,
    ) -> Self {
        let upon = upon.into_iter().chain([head.num_hash()]).collect();
        let span = LOG_RANGE_BLOCKS_MAX;
        Self { chain, contract, next_block: from_block, head, upon, span, span_max: span }
    }

    /// With pieces of so many blocks at most.
    #[must_use]
    pub fn in_pieces_of(mut self, blocks_max: u64) -> Self {
        self.span_max = blocks_max.clamp(1, LOG_RANGE_BLOCKS_MAX);
        self.span = self.span_max;
        self
    }

    /// The next piece, and the block up to which it goes; `None` beyond the head.
    ///
    /// # Errors
    /// [`ChainError::Reorganised`] when the chain has not got a block that was named, or logs are of several forks or out
    /// of order; else when it gives no answer.
    pub fn next_piece(&mut self) -> Result<Option<(Vec<LogEntry>, Head)>, ChainError> {
        while self.next_block <= self.head.number {
            let to = self.head.number.min(self.next_block.saturating_add(self.span - 1));
            match self.logs(to) {
                Ok(entries) => {
                    let end = self.at(to)?;
                    self.next_block = to.saturating_add(1);
                    self.span = self.span.saturating_mul(2).min(self.span_max);
                    return Ok(Some((entries, end)));
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
        let filter = LogFilter::of(self.contract, self.next_block, to);
        let entries = self.chain.logs(&filter.upon(self.upon.iter().copied()))?;
        check_fork(&entries, self.head.num_hash())?;
        Ok(entries)
    }

    fn at(&self, number: u64) -> Result<Head, ChainError> {
        if number == self.head.number {
            return Ok(self.head);
        }
        self.chain.block(number)?.ok_or(ChainError::reorganised(self.head.num_hash()))
    }
}

/// Refuses logs of one answer that are of different forks, or out of order.
fn check_fork(entries: &[LogEntry], head: BlockNumHash) -> Result<(), ChainError> {
    let mut before: Option<(BlockNumHash, u32)> = None;
    let places = entries.iter().map(|entry| (entry.block(), entry.index));
    for (block, index) in places.chain([(head, u32::MAX)]) {
        let fits = |(earlier, earlier_index): (BlockNumHash, u32)| {
            earlier.number < block.number || (earlier == block && earlier_index < index)
        };
        if !before.is_none_or(fits) {
            return Err(ChainError::reorganised(block));
        }
        before = Some((block, index));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{B256, Log};

    #[test]
    fn logs_of_two_forks_or_out_of_order_are_no_answer() {
        let head = BlockNumHash { number: 9, hash: B256::repeat_byte(9) };
        let entry = |(block_number, fork, index): &(u64, u8, u32)| LogEntry {
            log: Log::default(),
            block_number: *block_number,
            block_hash: B256::repeat_byte(*fork),
            index: *index,
            transaction_hash: B256::ZERO,
        };
        let checked = |places: &[(u64, u8, u32)]| {
            check_fork(&places.iter().map(entry).collect::<Vec<_>>(), head).is_ok()
        };
        assert!(checked(&[]) && checked(&[(3, 3, 0), (3, 3, 1), (4, 4, 0), (9, 9, 5)]));
        let mixed =
            [[(3, 3, 0), (3, 4, 1)].as_slice(), &[(9, 8, 0)], &[(10, 10, 0)], &[(4, 4, 0), (3, 3, 0)]];
        for places in mixed.into_iter().chain([[(3, 3, 1), (3, 3, 1)].as_slice()]) {
            assert!(!checked(places), "{places:?}");
        }
    }
}
