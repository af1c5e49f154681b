//! Following the chain, onto another fork if it goes there.

use alloy_primitives::B256;
use alloy_sol_types::SolEventInterface;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationEvents as Event;
use multee_chain::{BlockNumHash, ChainError, Head, LogEntry, Reading};

use super::book::Told;
use super::{Ledger, LedgerError};
use crate::network::Network;

/// Times that the chain may go onto another fork while a ledger is synced once.
const FORKS_MAX: usize = 4;

impl Ledger {
    /// Reads and applies the events since the last time, after it went back to where the chain's forks part, if need be.
    /// Returns how many there were.
    ///
    /// The chain is asked for its newest block, and for logs if that is a new one: those of a chain that has both this
    /// block and the newest that was read before.
    ///
    /// # Errors
    /// When the chain gives no answer, events do not fit together, or a reorganisation is too deep. What was applied
    /// before stays, and trying again is always safe.
    pub fn sync(&mut self) -> Result<usize, LedgerError> {
        for _ in 1..FORKS_MAX {
            match self.follow() {
                Err(LedgerError::Chain(ChainError::Reorganised { .. })) => self.go_back()?,
                result => return result,
            }
        }
        self.follow()
    }

    fn follow(&mut self) -> Result<usize, LedgerError> {
        let head = self.network.chain().head()?;
        if self.trail.newest() == Some(head.num_hash()) {
            return Ok(0);
        }
        if let Some(newest) = self.trail.newest().filter(|newest| newest.number >= head.number) {
            return Err(ChainError::reorganised(newest).into());
        }
        let network = self.network.clone();
        let mut reading = read(&network, self.trail.next_block(), self.trail.newest(), head);
        let mut applied = 0;
        while let Some((entries, end)) = reading.next_piece()? {
            applied += self.take(told(&entries), end.num_hash(), head.num_hash())?;
        }
        Ok(applied)
    }

    /// Applies what was read up to `end`; all of it or nothing.
    pub(super) fn take(
        &mut self,
        told: Vec<Told>,
        end: BlockNumHash,
        head: BlockNumHash,
    ) -> Result<usize, LedgerError> {
        self.check_begun(&told)?;
        for told in &told {
            if let Err(what) = self.book.apply(&self.rules, told) {
                self.restore(self.trail.marks().len())?;
                return Err(LedgerError::Contradiction { block_number: told.block.number, what });
            }
        }
        let applied = told.len();
        self.trail.extend(told, end);
        self.trail.sink(&self.rules, head.number).map_err(|what| contradiction(end, what))?;
        Ok(applied)
    }

    /// An endpoint that deleted old logs may answer with those that it still has.
    fn check_begun(&self, told: &[Told]) -> Result<(), LedgerError> {
        match told.first() {
            Some(Told { block, event })
                if !self.book.begun && !matches!(event, Event::NetworkDeployed(_)) =>
            {
                Err(LedgerError::HistoryMissing { block_number: block.number })
            }
            _ => Ok(()),
        }
    }

    /// Back to the newest block known that is still the chain's.
    fn go_back(&mut self) -> Result<(), LedgerError> {
        let mut kept = self.trail.marks().len();
        while let Some(&block) = kept.checked_sub(1).and_then(|last| self.trail.marks().get(last)) {
            if self.is_canonical(block)? {
                return if kept < self.trail.marks().len() { self.restore(kept) } else { Ok(()) };
            }
            kept -= 1;
        }
        match self.trail.base_at() {
            Some(base) if !self.is_canonical(base)? => Err(LedgerError::ReorgTooDeep {
                number: base.number,
                hash: base.hash,
                blocks_max: self.trail.reorg_blocks_max(),
            }),
            _ => self.restore(0),
        }
    }

    fn is_canonical(&self, block: BlockNumHash) -> Result<bool, ChainError> {
        Ok(self.network.chain().block(block.number)?.is_some_and(|found| found.hash == block.hash))
    }

    /// Forgets all that came after the oldest `kept` marks.
    fn restore(&mut self, kept: usize) -> Result<(), LedgerError> {
        self.trail.go_back(kept);
        let at = self.trail.newest().unwrap_or(BlockNumHash { number: 0, hash: B256::ZERO });
        self.book = self.trail.book(&self.rules).map_err(|what| contradiction(at, what))?;
        Ok(())
    }
}

/// The contract's logs from this block up to the head, of a chain that has `upon`.
pub(super) fn read(
    network: &Network,
    from_block: u64,
    upon: impl IntoIterator<Item = BlockNumHash>,
    head: Head,
) -> Reading<'_> {
    Reading::new(network.chain(), network.deployment().contract, from_block, upon, head)
}

/// Events of the owner's standing (`Ownable2Step`) concern no node.
pub(super) fn told(entries: &[LogEntry]) -> Vec<Told> {
    let event = |entry: &LogEntry| Event::decode_log(&entry.log).ok();
    let told = |entry: &LogEntry| Some(Told { block: entry.block(), event: event(entry)?.data });
    entries.iter().filter_map(told).collect()
}

pub(super) fn contradiction(at: BlockNumHash, what: &'static str) -> LedgerError {
    LedgerError::Contradiction { block_number: at.number, what }
}
