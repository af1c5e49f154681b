//! A chain that breaks, or lies, as it is told to.

use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::{Address, B256, Bytes, U256};
use multee_chain::rpc::probe::Report;
use multee_chain::rpc::{GasPrice, Rpc};
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};
use multee_founding::Site;

/// When the process is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before this sending, counted from 0.
    Before(u64),
    /// After it was executed, before anybody is told.
    After(u64),
    /// Never.
    Never,
}

/// A real chain with a process before it that ends at a moment.
pub(crate) struct Broken {
    pub(crate) rpc: Rpc,
    pub(crate) moment: Moment,
    /// Code that is told instead of what is there.
    pub(crate) code: Option<fn(&Bytes) -> Bytes>,
    /// Whether code can be put in place of an account's.
    pub(crate) overrides: bool,
    pub(crate) sent: AtomicU64,
}

impl Broken {
    pub(crate) fn at(rpc: Rpc, moment: Moment) -> Self {
        Self { rpc, moment, code: None, overrides: true, sent: AtomicU64::new(0) }
    }

    pub(crate) fn sendings(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

fn gone() -> ChainError {
    ChainError::Unreachable { place: "this process".to_owned(), cause: "it was ended".to_owned() }
}

impl Chain for Broken {
    fn head(&self) -> Result<Head, ChainError> {
        self.rpc.head()
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.rpc.block(number)
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.rpc.call(call)
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        if self.moment == Moment::Before(number) {
            return Err(gone());
        }
        let receipt = self.rpc.send(sender, transaction)?;
        if self.moment == Moment::After(number) { Err(gone()) } else { Ok(receipt) }
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.rpc.receipt(transaction_hash)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        self.rpc.logs(filter)
    }
}

impl Site for Broken {
    fn balance(&self, account: Address) -> Result<U256, ChainError> {
        self.rpc.balance(account)
    }

    fn code(&self, address: Address) -> Result<Bytes, ChainError> {
        let code = self.rpc.code(address)?;
        Ok(self.code.map_or_else(|| code.clone(), |other| other(&code)))
    }

    fn gas_price(&self) -> Result<GasPrice, ChainError> {
        self.rpc.gas_price()
    }

    fn call_with_code(&self, call: &Call, code: &Bytes) -> Result<Option<Answer>, ChainError> {
        if self.overrides { self.rpc.call_with_code(call, code) } else { Ok(None) }
    }

    fn probe(&self) -> Result<Report, ChainError> {
        Site::probe(&self.rpc)
    }
}
