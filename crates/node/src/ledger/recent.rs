//! A ledger of what is recent, where the chain's history is not to be had.

use multee_chain::{BlockNumHash, ChainError, Head};
use multee_protocol::Epoch;

use super::beginning::{Beginning, Views};
use super::book::Told;
use super::following::{read, told};
use super::knowledge::Checked;
use super::trail::Trail;
use super::{Ledger, LedgerError, REORG_BLOCKS_MAX};
use crate::content::ReadContent;
use crate::network::Network;

impl Ledger {
    /// A ledger of `network` from the events of the last `2 × retentionEpochs` epochs, or of as many as somebody has;
    /// what is older is told by the contract's views, and by `content`.
    ///
    /// By these events and views alone such a ledger may lack: what was assigned before, if it still can be; the documents
    /// set, and the certificates published, before the first event; of each seat the first block after that, since its
    /// digest contains that of the block before; and blocks of an incarnation that ended since, up to that. What all
    /// these are the contract knows by hash, so whoever kept them can be asked and need not be trusted. What nobody has is
    /// missing: a block that cannot be judged is left out of duties, which is to abstain. All digests are checked as in
    /// any ledger, but for those of blocks that are left out.
    ///
    /// # Errors
    /// When the chain gives no answer, has not even the running epoch's logs, or changes while it is read: then again.
    pub fn recent(network: Network, content: &dyn ReadContent) -> Result<Self, LedgerError> {
        let mut ledger = Self::new(network, 0)?;
        let start = ledger.network.chain().head()?.num_hash();
        let views = Views::read(&ledger.network)?;
        let mut epochs = 2 * u32::from(ledger.rules.fixed.retention_epochs);
        loop {
            match ledger.begin(start, epochs, &views, content) {
                Err(LedgerError::Chain(ChainError::Pruned { .. })) if epochs > 0 => epochs /= 2,
                result => return result.map(|()| ledger),
            }
        }
    }

    /// Reads the events of so many epochs and the running one.
    fn begin(
        &mut self,
        start: BlockNumHash,
        epochs: u32,
        views: &Views,
        content: &dyn ReadContent,
    ) -> Result<(), LedgerError> {
        let head = self.network.chain().head()?;
        let next = self.epoch_at(head.timestamp_s).map_or(0, |now| now.saturating_add(1));
        let from_s = self.epoch_start_s(next.saturating_sub(epochs.saturating_add(1)));
        let from_block = self.first_block_since(from_s, head.number)?;
        let told = self.told_since(from_block, start, head)?;
        let (network, rules) = (&self.network, &self.rules);
        let beginning = Beginning { network, rules, views, content: Checked(content), told: &told };
        let book = beginning.book(next)?;
        self.trail = Trail::new(book.clone(), from_block, REORG_BLOCKS_MAX);
        self.book = book;
        self.take(told, head.num_hash(), head.num_hash()).map(drop)
    }

    fn told_since(&self, from_block: u64, start: BlockNumHash, head: Head) -> Result<Vec<Told>, ChainError> {
        let mut reading = read(&self.network, from_block, [start], head);
        let mut all = Vec::new();
        while let Some((entries, _)) = reading.next_piece()? {
            all.extend(told(&entries));
        }
        Ok(all)
    }

    /// The first block at or after this time, in seconds since the Unix epoch. A block that nobody has any more is before.
    fn first_block_since(&self, time_s: u64, head: u64) -> Result<u64, ChainError> {
        let (mut before, mut since) = (0, head);
        while before < since {
            let middle = before.midpoint(since);
            let is_since = match self.network.chain().block(middle) {
                Ok(block) => block.is_some_and(|block| block.timestamp_s >= time_s),
                Err(ChainError::Pruned { .. }) => false,
                Err(error) => return Err(error),
            };
            if is_since { since = middle } else { before = middle + 1 }
        }
        Ok(since)
    }

    pub(super) fn epoch_at(&self, time_s: u64) -> Option<Epoch> {
        let since_s = time_s.checked_sub(self.rules.genesis_s)?;
        Epoch::try_from(since_s / u64::from(self.rules.fixed.epoch_seconds)).ok()
    }
}
