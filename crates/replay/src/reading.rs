//! What a chain tells of a contract: its logs, and the token's transfers to and from it, in portions and by transaction.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Log, U256};
use alloy_sol_types::SolEvent;
use multee_chain::bindings::deployed::TestToken::Transfer;
use multee_chain::{Chain, ChainError, LOG_RANGE_BLOCKS_MAX, LogEntry, LogFilter};

/// A transaction that concerned the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) block_number: u64,
    pub(crate) hash: B256,
    /// By place among the block's logs.
    pub(crate) items: Vec<(u32, Item)>,
}

/// What a transaction told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A log of the contract.
    Log(Log),
    /// Tokens came, in the token's smallest unit.
    Came(u128),
    /// Tokens left, in the token's smallest unit.
    Left { to: Address, amount: u128 },
}

/// Reads on from where it is.
pub(crate) struct Reading<'a> {
    chain: &'a dyn Chain,
    contract: Address,
    token: Address,
    /// `None` after the last that a number can name.
    next_block: Option<u64>,
    /// How many blocks are asked for at once.
    span: u64,
}

impl<'a> Reading<'a> {
    /// From the first block on.
    pub(crate) fn new(chain: &'a dyn Chain, contract: Address, token: Address) -> Self {
        Self { chain, contract, token, next_block: Some(0), span: LOG_RANGE_BLOCKS_MAX }
    }

    /// The transactions of the next blocks, up to `head`; `None` if all were read. A portion ends with a block.
    ///
    /// # Errors
    /// When the chain gives no answer.
    pub(crate) fn portion(&mut self, head: u64) -> Result<Option<Vec<Transaction>>, ChainError> {
        while let Some(from) = self.next_block.filter(|from| *from <= head) {
            let to = head.min(from.saturating_add(self.span - 1));
            match self.read(from, to) {
                // More than one answer holds: ask for half of it.
                Err(ChainError::Limit { .. }) if to > from => self.span = (to - from).div_ceil(2),
                answer => {
                    self.next_block = to.checked_add(1);
                    self.span = self.span.saturating_mul(2).min(LOG_RANGE_BLOCKS_MAX);
                    return answer.map(Some);
                }
            }
        }
        Ok(None)
    }

    fn read(&self, from: u64, to: u64) -> Result<Vec<Transaction>, ChainError> {
        let mut found: BTreeMap<(u64, u32), (B256, Item)> = BTreeMap::new();
        let own = LogFilter::of(self.contract, from, to);
        for LogEntry { log, block_number, index, transaction_hash, .. } in self.chain.logs(&own)? {
            found.insert((block_number, index), (transaction_hash, Item::Log(log)));
        }
        for place in [1, 2] {
            for entry in self.chain.logs(&self.transfers(place, from, to))? {
                if let Some(item) = self.transfer(&entry.log) {
                    found.insert((entry.block_number, entry.index), (entry.transaction_hash, item));
                }
            }
        }
        let mut transactions: Vec<Transaction> = Vec::new();
        for ((block_number, index), (hash, item)) in found {
            match transactions.last_mut() {
                Some(last) if last.block_number == block_number && last.hash == hash => {
                    last.items.push((index, item));
                }
                _ => transactions.push(Transaction { block_number, hash, items: vec![(index, item)] }),
            }
        }
        Ok(transactions)
    }

    /// The token's transfers that have the contract at a topic's place: 1 for who pays, 2 for who is paid.
    fn transfers(&self, place: usize, from: u64, to: u64) -> LogFilter {
        let mut filter = LogFilter::of(self.token, from, to).event(Transfer::SIGNATURE_HASH);
        if let Some(topics) = filter.topics.get_mut(place) {
            *topics = vec![self.contract.into_word()];
        }
        filter
    }

    /// `None` for what is no transfer of an ERC-20 token, and for one from the contract to itself.
    fn transfer(&self, log: &Log) -> Option<Item> {
        let Transfer { from, to, value } = Transfer::decode_log(log).ok()?.data;
        // The model's balance is bounded likewise.
        let amount = value.min(U256::from(u128::MAX)).to();
        match (from == self.contract, to == self.contract) {
            (false, true) => Some(Item::Came(amount)),
            (true, false) => Some(Item::Left { to, amount }),
            _ => None,
        }
    }
}
