//! A chain that answers with few logs at a time.

use alloy_primitives::B256;
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, Limit, LogEntry, LogFilter, Receipt, Sender, Transaction,
};

/// Another chain, with fewer logs an answer.
pub(crate) struct Cut<'a> {
    pub(crate) chain: &'a dyn Chain,
    pub(crate) logs_max: usize,
}

impl Chain for Cut<'_> {
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
        self.chain.send(sender, transaction)
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.chain.receipt(transaction_hash)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        let logs = self.chain.logs(filter)?;
        let (value, limit) = (logs.len() as u64, self.logs_max as u64);
        if value > limit { Err(ChainError::Limit { what: Limit::Logs, value, limit }) } else { Ok(logs) }
    }
}
