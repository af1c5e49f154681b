//! What was signed, so that an interrupted sender neither sends twice nor leaves a gap.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use alloy_primitives::{Address, B256, Bytes};

use super::fees::Fees;
use crate::{Once, StorageError, Transaction};

/// Transactions that [`InMemory`] remembers at most; the oldest settled ones are forgotten first.
pub const IN_MEMORY_MAX: usize = 4096;

/// A transaction that was given a nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What tells it from all others: [`Transaction::embedded_hash`], which for a key is the same at every sending.
    pub id: B256,
    /// Whose it is.
    pub sender: Address,
    /// Its nonce, the same in all attempts: at most one of them can be executed.
    pub nonce: u64,
    /// What it does, with the gas limit that is sent.
    pub transaction: Transaction,
    /// What was signed for it, in order.
    pub attempts: Vec<Attempt>,
    /// Nothing is left to be done for it: one attempt is as deep as it was to be, or none can be executed any more.
    pub settled: bool,
}

/// One signed form of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The hash under which the chain knows it.
    pub hash: B256,
    /// What it pays.
    pub fees: Fees,
    /// The signed bytes as endpoints are given them: signing again need not give the same.
    pub raw: Bytes,
}

/// Keeps what was signed. An entry is written before any endpoint sees the attempt in it, so an implementation that
/// outlives the process must have it on disk when [`write`](Self::write) returns. One journal belongs to one chain.
pub trait Journal: Send + Sync {
    /// The entry with this id.
    ///
    /// # Errors
    /// When it cannot be read.
    fn find(&self, id: B256) -> Result<Option<Entry>, StorageError>;

    /// The sender's entries that are not settled, by nonce.
    ///
    /// # Errors
    /// When they cannot be read.
    fn unsettled(&self, sender: Address) -> Result<Vec<Entry>, StorageError>;

    /// Keeps `entry`, in place of an earlier one with the same id. A settled entry of [`Once::Nonce`] is never asked for
    /// again and may be forgotten; one of [`Once::Key`] is what keeps its transaction from being executed twice.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn write(&self, entry: &Entry) -> Result<(), StorageError>;
}

/// A journal that ends with the process: after a restart, [`Once::Key`] is a [`Once::Nonce`].
#[derive(Debug, Default)]
pub struct InMemory {
    entries: Mutex<Entries>,
}

/// With a number each, so that it is known which is the oldest.
#[derive(Debug, Default)]
struct Entries {
    by_id: BTreeMap<B256, (u64, Entry)>,
    written: u64,
}

impl InMemory {
    fn with<T>(&self, act: impl FnOnce(&mut Entries) -> T) -> T {
        act(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Journal for InMemory {
    fn find(&self, id: B256) -> Result<Option<Entry>, StorageError> {
        Ok(self.with(|entries| entries.by_id.get(&id).map(|(_, entry)| entry.clone())))
    }

    fn unsettled(&self, sender: Address) -> Result<Vec<Entry>, StorageError> {
        let open = |entry: &&Entry| entry.sender == sender && !entry.settled;
        let mut found: Vec<Entry> = self
            .with(|entries| entries.by_id.values().map(|(_, entry)| entry).filter(open).cloned().collect());
        found.sort_unstable_by_key(|entry| entry.nonce);
        Ok(found)
    }

    fn write(&self, entry: &Entry) -> Result<(), StorageError> {
        self.with(|entries| entries.write(entry));
        Ok(())
    }
}

impl Entries {
    fn write(&mut self, entry: &Entry) {
        self.written += 1;
        if entry.settled && entry.transaction.once == Once::Nonce {
            self.by_id.remove(&entry.id);
            return;
        }
        self.by_id.insert(entry.id, (self.written, entry.clone()));
        if self.by_id.len() > IN_MEMORY_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let settled = self.by_id.values().filter(|(_, entry)| entry.settled);
        if let Some(id) = settled.min_by_key(|(number, _)| *number).map(|(_, entry)| entry.id) {
            self.by_id.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;

    fn entry(nonce: u64, once: Once, settled: bool) -> Entry {
        let transaction = Transaction { once, ..Transaction::transfer(Address::ZERO, U256::ZERO) };
        let id = B256::left_padding_from(&nonce.to_be_bytes());
        Entry { id, sender: Address::ZERO, nonce, transaction, attempts: Vec::new(), settled }
    }

    #[test]
    fn unsettled_entries_come_by_nonce_and_settled_ones_are_found_by_key() {
        let (journal, key) = (InMemory::default(), Once::Key(B256::ZERO));
        for entry in [entry(300, key, false), entry(2, Once::Nonce, false), entry(1, key, true)] {
            journal.write(&entry).expect("keeps");
        }
        let nonces: Vec<u64> =
            journal.unsettled(Address::ZERO).expect("reads").iter().map(|entry| entry.nonce).collect();
        assert_eq!(nonces, [2, 300]);
        assert!(journal.unsettled(Address::repeat_byte(1)).expect("reads").is_empty());
        assert!(journal.find(entry(1, key, true).id).expect("reads").is_some());
        let settled = entry(2, Once::Nonce, true);
        journal.write(&settled).expect("keeps");
        assert_eq!(journal.find(settled.id).expect("reads"), None);
    }

    #[test]
    fn only_the_oldest_settled_entries_are_forgotten() {
        let (journal, key) = (InMemory::default(), Once::Key(B256::ZERO));
        journal.write(&entry(0, key, false)).expect("keeps");
        for nonce in 1..=IN_MEMORY_MAX as u64 {
            journal.write(&entry(nonce, key, true)).expect("keeps");
        }
        assert!(journal.find(entry(0, key, false).id).expect("reads").is_some());
        assert_eq!(journal.find(entry(1, key, true).id).expect("reads"), None);
        assert!(journal.find(entry(2, key, true).id).expect("reads").is_some());
    }
}
