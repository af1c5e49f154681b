//! Following the chain, onto another fork if it goes there.

use alloy_sol_types::SolEventInterface;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationEvents as Bytes;
use multee_chain::{BlockNumHash, Chain, ChainError, Head, LogEntry, Reading};
use multee_replay::events;
use rusqlite::{TransactionBehavior, params};

use super::Index;
use super::apply::Applying;
use super::error::{Fault, IndexError};
use super::rewinding::{rewind, sink};
use super::trail::{self, Newest};

/// Times that the chain may go onto another fork while an index is synced once.
const FORKS_MAX: usize = 4;

/// What a [sync](Index::sync) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Events that were applied.
    pub events: u64,
    /// Times that blocks were taken back.
    pub reorganisations: u64,
}

impl Index {
    /// Reads and applies the events since the last time, after it went back to where the chain's forks part, if need be.
    ///
    /// Each batch of blocks is one transaction: whoever is killed goes on from the last whole one.
    ///
    /// # Errors
    /// When the chain gives no answer, is another one, or tells what does not fit; when a reorganisation is too deep; when
    /// the file cannot be written. What was applied before stays, and trying again is always safe.
    pub fn sync(&mut self, chain: &dyn Chain) -> Result<Synced, IndexError> {
        let mut synced = Synced::default();
        loop {
            match self.follow(chain, &mut synced) {
                Err(Fault::Index(IndexError::Chain(ChainError::Reorganised { .. })))
                    if synced.reorganisations < FORKS_MAX as u64 =>
                {
                    self.go_back(chain).map_err(|fault| fault.at(&self.path))?;
                    synced.reorganisations += 1;
                }
                result => return result.map(|()| synced).map_err(|fault| fault.at(&self.path)),
            }
        }
    }

    fn follow(&mut self, chain: &dyn Chain, synced: &mut Synced) -> Result<(), Fault> {
        let head = chain.head()?;
        if head.chain_id != self.deployment.chain_id {
            let expected = self.deployment.chain_id;
            return Err(ChainError::WrongChain { expected, found: head.chain_id }.into());
        }
        let mut newest = trail::newest(&self.db)?.map(|newest| newest.num_hash());
        if newest == Some(head.num_hash()) {
            return Ok(());
        }
        if let Some(newest) = newest.filter(|newest| newest.number >= head.number) {
            return Err(ChainError::reorganised(newest).into());
        }
        let next_block = newest.map_or(self.config.from_block, |newest| newest.number.saturating_add(1));
        let reading = Reading::new(chain, self.deployment.contract, next_block, newest, head);
        let mut reading = reading.in_pieces_of(self.config.batch_blocks_max);
        while let Some((entries, end)) = reading.next_piece()? {
            self.take(&entries, newest, (end, head))?;
            newest = Some(end.num_hash());
            synced.events += entries.len() as u64;
        }
        Ok(())
    }

    /// Applies what was read from after `newest` up to `end`; all of it or nothing.
    fn take(
        &mut self,
        entries: &[LogEntry],
        newest: Option<BlockNumHash>,
        (end, head): (Head, Head),
    ) -> Result<(), Fault> {
        let depth = i64::try_from(self.config.reorg_blocks_max).unwrap_or(i64::MAX);
        let deepest = trail::number(head.number)? - depth;
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Somebody else may have written the file meanwhile.
        if trail::newest(&transaction)?.map(|newest| newest.num_hash()) != newest {
            return Err(ChainError::reorganised(end.num_hash()).into());
        }
        transaction.execute("UPDATE place SET sunk = max(sunk, ?)", [deepest])?;
        let mut applying = Applying::new(&transaction, self.deployment)?;
        for entry in entries {
            apply(&mut applying, entry)?;
            trail::extend(&transaction, entry.block(), None)?;
        }
        trail::extend(&transaction, end.num_hash(), Some(end.timestamp_s))?;
        sink(&transaction, deepest)?;
        Ok(transaction.commit()?)
    }

    /// Back to the newest block known that is still the chain's.
    fn go_back(&mut self, chain: &dyn Chain) -> Result<(), Fault> {
        let sunk = trail::sunk(&self.db)?;
        for known in trail::all(&self.db)? {
            let found = chain.block(known.number)?.filter(|found| found.hash == known.hash);
            if let Some(found) = found {
                return self.rewind(trail::number(known.number)?, Some(found.timestamp_s));
            }
            if trail::number(known.number)? <= sunk {
                let blocks_max = self.config.reorg_blocks_max;
                let Newest { number, hash, .. } = known;
                return Err(IndexError::ReorgTooDeep { number, hash, blocks_max }.into());
            }
        }
        self.rewind(-1, None)
    }

    fn rewind(&mut self, to: i64, timestamp_s: Option<u64>) -> Result<(), Fault> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        rewind(&transaction, to)?;
        if let Some(timestamp_s) = timestamp_s {
            let values = params![trail::number(timestamp_s)?, to];
            transaction.execute("UPDATE trail SET timestamp_s = ? WHERE number = ?", values)?;
        }
        Ok(transaction.commit()?)
    }
}

fn apply(applying: &mut Applying<'_>, entry: &LogEntry) -> Result<(), Fault> {
    let (block_number, log_index) = (entry.block_number, entry.index);
    let event = events::event(&entry.log).map_err(|source| IndexError::Unreadable {
        block_number,
        log_index,
        source,
    })?;
    if !applying.has_begun() && !is_first(&event) {
        return Err(IndexError::HistoryMissing { block_number }.into());
    }
    let bytes = Bytes::decode_log(&entry.log).ok().map(|told| told.data);
    let place = (trail::number(block_number)?, log_index);
    applying.apply(place, &event, bytes.as_ref()).map_err(|fault| match fault {
        Fault::Misfit(what) => IndexError::Contradiction { block_number, log_index, what }.into(),
        other => other,
    })
}

/// What the contract tells when it is deployed.
fn is_first(event: &multee_protocol::machine::Event) -> bool {
    use multee_protocol::machine::Event::{NetworkDeployed, OwnershipTransferred};
    matches!(event, NetworkDeployed { .. } | OwnershipTransferred { .. })
}
