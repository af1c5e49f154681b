//! A stand-in of a public chain that can go onto another fork: the embedded chain, made anew from what was executed on it.

use std::sync::Mutex;

use alloy_primitives::{Address, B256, U256};
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};

pub(crate) struct Forking {
    config: Config,
    line: Mutex<Line>,
    asked: Mutex<Vec<&'static str>>,
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

impl Step {
    fn sending(sender: &Sender, transaction: &Transaction) -> Self {
        Self::Send(Box::new((sender.clone(), transaction.clone())))
    }
}

impl Forking {
    pub(crate) fn new(config: Config) -> Self {
        let chain = Embedded::in_memory(config.clone()).expect("memory");
        let line = Mutex::new(Line { chain, steps: Vec::new(), forks: 0 });
        Self { config, line, asked: Mutex::default() }
    }

    /// What was asked since this was called last.
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.asked.lock().expect("asked"))
    }

    fn with<T>(&self, what: &'static str, ask: impl FnOnce(&Embedded) -> T) -> T {
        self.asked.lock().expect("asked").push(what);
        ask(&self.line.lock().expect("line").chain)
    }

    fn take(&self, step: Step) -> Result<Option<Receipt>, ChainError> {
        self.line.lock().expect("line").take(step)
    }

    pub(crate) fn set_time(&self, unix_s: u64) -> Result<Head, ChainError> {
        self.take(Step::Time(unix_s))?;
        self.head()
    }

    /// Time passes, in seconds, without anything being executed.
    pub(crate) fn advance(&self, seconds: u64) -> Result<Head, ChainError> {
        let now_s = self.head()?.timestamp_s;
        self.set_time(now_s + seconds)
    }

    pub(crate) fn mine(&self, count: u64) -> Result<Head, ChainError> {
        (0..count).try_for_each(|_| self.take(Step::Mine).map(drop))?;
        self.head()
    }

    /// The newest `depth` blocks never happened, and as many others did. Those transactions of which `again` says so get
    /// into the new ones, if they still can be executed.
    pub(crate) fn reorganise(&self, depth: u64, mut again: impl FnMut() -> bool) {
        let mut line = self.line.lock().expect("line");
        let head = line.chain.head().expect("head").number;
        let chain = Embedded::in_memory(self.config.clone()).expect("memory");
        let mut other = Line { chain, steps: Vec::new(), forks: line.forks + 1 };
        for step in &line.steps {
            if other.chain.head().expect("head").number < head - depth {
                other.take(step.clone()).expect("as before");
            } else {
                break;
            }
        }
        let dropped = line.steps.split_off(other.steps.len());
        let fork = B256::left_padding_from(&other.forks.to_be_bytes());
        let coinage = Transaction::transfer(Address::repeat_byte(9), U256::ZERO).once(fork);
        other.take(Step::sending(&crate::support::account("another miner"), &coinage)).expect("executed");
        for step in dropped {
            let number = other.chain.head().expect("head").number;
            if matches!(step, Step::Send(..)) && number < head && again() {
                other.take(step).expect("executed");
            }
        }
        while other.chain.head().expect("head").number < head {
            other.take(Step::Mine).expect("mined");
        }
        *line = other;
    }
}

impl Line {
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
        self.with("head", Chain::head)
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.with("block", |chain| chain.block(number))
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.with("call", |chain| chain.call(call))
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        let sent = self.take(Step::sending(sender, transaction))?;
        Ok(sent.expect("a transaction's receipt"))
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.with("receipt", |chain| chain.receipt(transaction_hash))
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        self.with("logs", |chain| chain.logs(filter))
    }
}
