//! Chains that can go onto another fork, of which a test that fails to have its way with one fails: the embedded chain,
//! made anew from what was executed on it, and anvil.

#[path = "../../../node/tests/suite/forking.rs"]
#[allow(dead_code, reason = "the node's tests use all of it")]
mod chains;

use alloy_primitives::B256;
use multee_chain::embedded::Config;
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};

pub(crate) struct Forking(chains::Forking);

impl Forking {
    pub(crate) fn new(config: Config) -> Self {
        Self(chains::Forking::new(config))
    }

    pub(crate) fn on_anvil(chain_id: u64, genesis_s: u64) -> Self {
        Self(chains::Forking::on_anvil(chain_id, genesis_s))
    }

    pub(crate) fn set_time(&self, unix_s: u64) {
        self.0.set_time(unix_s).expect("later");
    }

    pub(crate) fn mine(&self, count: u64) {
        self.0.mine(count).expect("mined");
    }

    /// The newest `depth` blocks never happened, and as many others did. Those transactions of which `again` says so get
    /// into the new ones, if they still can be executed; on anvil none does.
    pub(crate) fn reorganise(&self, depth: u64, again: impl FnMut() -> bool) {
        self.0.reorganise(depth, again);
    }
}

impl Chain for Forking {
    fn head(&self) -> Result<Head, ChainError> {
        self.0.head()
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.0.block(number)
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.0.call(call)
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        self.0.send(sender, transaction)
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.0.receipt(transaction_hash)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        self.0.logs(filter)
    }
}
