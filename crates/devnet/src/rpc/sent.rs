//! Transactions that were sent, as they were signed: the chain keeps only what came of them.

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::B256;

use super::raw::Raw;

/// Bytes of data of all transactions that are kept; the oldest go first.
const BYTES_MAX: usize = 64 << 20;

#[derive(Default)]
pub(crate) struct SentTransactions {
    by_hash: BTreeMap<B256, Raw>,
    order: VecDeque<B256>,
    bytes: usize,
}

impl SentTransactions {
    pub(crate) fn find(&self, hash: B256) -> Option<&Raw> {
        self.by_hash.get(&hash)
    }

    pub(crate) fn keep(&mut self, raw: Raw) {
        let hash = raw.authorised.hash;
        self.bytes += size(&raw);
        self.order.push_back(hash);
        self.by_hash.insert(hash, raw);
        while self.bytes > BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { return };
            self.bytes -= self.by_hash.remove(&oldest).as_ref().map_or(0, size);
        }
    }
}

/// The data, and some for the rest.
fn size(raw: &Raw) -> usize {
    raw.authorised.transaction.data.len() + 500
}
