//! A chain whose transactions are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::B256;
use multee_chain::embedded::Embedded;
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};

/// The embedded chain, counting what it executes.
pub(crate) struct CountingChain {
    chain: Arc<Embedded>,
    transactions: AtomicU64,
}

impl CountingChain {
    /// Counts from here on.
    pub(crate) fn new(chain: Arc<Embedded>) -> Self {
        Self { chain, transactions: AtomicU64::new(0) }
    }

    /// How many transactions were executed, reverted ones included.
    pub(crate) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }
}

impl Chain for CountingChain {
    fn head(&self) -> Result<Head, ChainError> {
        self.chain.head()
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.chain.block(number)
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.chain.call(call)
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        let receipt = self.chain.send(sender, transaction)?;
        self.transactions.fetch_add(1, Ordering::Relaxed);
        Ok(receipt)
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.chain.receipt(transaction_hash)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        self.chain.logs(filter)
    }
}
