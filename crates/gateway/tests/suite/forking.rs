//! A stand-in for chains that can go onto another fork, or out of reach: the embedded chain, made anew from what was
//! executed on it.

use std::sync::Mutex;

use alloy_primitives::{Address, B256, U256};
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};

pub(crate) struct Forking {
    config: Config,
    line: Mutex<Line>,
}

/// A chain with all that made it what it is.
struct Line {
    chain: Embedded,
    steps: Vec<Step>,
    forks: u64,
}

#[derive(Clone)]
enum Step {
    Time(u64),
    Mine,
    Send(Box<(Sender, Transaction)>),
}

impl Forking {
    pub(crate) fn new(config: Config) -> Self {
        Self { line: Mutex::new(Line::new(config.clone(), 0)), config }
    }

    fn with<T>(&self, ask: impl FnOnce(&Embedded) -> T) -> T {
        ask(&self.line.lock().expect("line").chain)
    }

    fn take(&self, step: Step) -> Result<Option<Receipt>, ChainError> {
        self.line.lock().expect("line").take(step)
    }

    pub(crate) fn set_time(&self, unix_s: u64) {
        self.take(Step::Time(unix_s)).expect("later");
    }

    pub(crate) fn mine(&self, count: u64) {
        (0..count).for_each(|_| drop(self.take(Step::Mine).expect("mined")));
    }

    /// The newest `depth` blocks never happened, and as many others did. Those transactions of which `again` says so get
    /// into the new ones, if they still can be executed.
    pub(crate) fn reorganise(&self, depth: u64, again: impl FnMut() -> bool) {
        self.line.lock().expect("line").reorganise(&self.config, depth, again);
    }
}

impl Line {
    fn new(config: Config, forks: u64) -> Self {
        Self { chain: Embedded::in_memory(config).expect("memory"), steps: Vec::new(), forks }
    }

    fn head(&self) -> u64 {
        self.chain.head().expect("head").number
    }

    fn reorganise(&mut self, config: &Config, depth: u64, mut again: impl FnMut() -> bool) {
        let (head, mut other) = (self.head(), Self::new(config.clone(), self.forks + 1));
        while other.head() < head - depth {
            other.take(self.steps[other.steps.len()].clone()).expect("as before");
        }
        let dropped = self.steps.split_off(other.steps.len());
        let fork = B256::left_padding_from(&other.forks.to_be_bytes());
        let coinage = Transaction::transfer(Address::repeat_byte(9), U256::ZERO).once(fork);
        let miner = Sender::from_key(&[8; 32]).expect("a key");
        other.take(Step::Send(Box::new((miner, coinage)))).expect("executed");
        for step in dropped {
            if matches!(step, Step::Send(..)) && other.head() < head && again() {
                other.take(step).expect("executed");
            }
        }
        while other.head() < head {
            other.take(Step::Mine).expect("mined");
        }
        *self = other;
    }

    /// Each makes a block, or fails.
    fn take(&mut self, step: Step) -> Result<Option<Receipt>, ChainError> {
        let receipt = match &step {
            Step::Time(unix_s) => self.chain.set_time(*unix_s).map(|_| None),
            Step::Mine => self.chain.mine(1).map(|_| None),
            Step::Send(sending) => self.chain.send(&sending.0, &sending.1).map(Some),
        }?;
        self.steps.push(step);
        Ok(receipt)
    }
}

impl Chain for Forking {
    fn head(&self) -> Result<Head, ChainError> {
        self.with(Chain::head)
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.with(|chain| chain.block(number))
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.with(|chain| chain.call(call))
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        let sent = self.take(Step::Send(Box::new((sender.clone(), transaction.clone()))))?;
        Ok(sent.expect("a transaction's receipt"))
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.with(|chain| chain.receipt(transaction_hash))
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        self.with(|chain| chain.logs(filter))
    }
}
