//! Chains that can go onto another fork: a stand-in, which is the embedded chain, made anew from what was executed on
//! it; and anvil.

use std::sync::Mutex;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use multee_chain::embedded::{Config, Embedded};
use multee_chain::rpc::{Config as RpcConfig, Endpoint, InMemory, Rpc};
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};
use serde_json::json;

use crate::anvil::Anvil;
use crate::support::account;

pub(crate) struct Forking {
    backend: Backend,
    asked: Mutex<Vec<&'static str>>,
}

enum Backend {
    StandIn(Config, Mutex<Line>),
    Anvil(OnAnvil),
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
        let line = Mutex::new(Line::new(config.clone(), 0));
        Self { backend: Backend::StandIn(config, line), asked: Mutex::default() }
    }

    pub(crate) fn on_anvil(chain_id: u64, genesis_s: u64) -> Self {
        let anvil = OnAnvil::start(chain_id, genesis_s);
        Self { backend: Backend::Anvil(anvil), asked: Mutex::default() }
    }

    /// What was asked since this was called last.
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.asked.lock().expect("asked"))
    }

    fn with<T>(&self, what: &'static str, ask: impl FnOnce(&dyn Chain) -> T) -> T {
        self.asked.lock().expect("asked").push(what);
        match &self.backend {
            Backend::StandIn(_, line) => ask(&line.lock().expect("line").chain),
            Backend::Anvil(anvil) => ask(&anvil.chain),
        }
    }

    fn take(&self, step: Step) -> Result<Option<Receipt>, ChainError> {
        match &self.backend {
            Backend::StandIn(_, line) => line.lock().expect("line").take(step),
            Backend::Anvil(anvil) => anvil.take(&step),
        }
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
    /// into the new ones, if they still can be executed; on anvil none does.
    pub(crate) fn reorganise(&self, depth: u64, again: impl FnMut() -> bool) {
        match &self.backend {
            Backend::StandIn(config, line) => line.lock().expect("line").reorganise(config, depth, again),
            Backend::Anvil(anvil) => drop(anvil.node.ask("anvil_reorg", &json!([depth, []]))),
        }
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
        other.take(Step::sending(&account("another miner"), &coinage)).expect("executed");
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

/// Anvil, asked as a public chain is. Gas costs next to nothing there, and everybody has it.
struct OnAnvil {
    node: Anvil,
    chain: Rpc,
}

impl OnAnvil {
    fn start(chain_id: u64, genesis_s: u64) -> Self {
        let (id, time) = (chain_id.to_string(), genesis_s.to_string());
        let node = Anvil::with(&["--chain-id", &id, "--timestamp", &time]);
        let endpoint = Endpoint::parse(&node.url()).expect("a URL");
        let config = RpcConfig {
            head_age_max: Duration::ZERO,
            poll_every: Duration::from_millis(10),
            confirmations: 1,
            ..RpcConfig::new(chain_id, vec![endpoint])
        };
        let chain = Rpc::connect(&config, Box::new(InMemory::default())).expect("connects");
        Self { node, chain }
    }

    fn take(&self, step: &Step) -> Result<Option<Receipt>, ChainError> {
        match step {
            Step::Time(unix_s) if self.chain.head()?.timestamp_s == *unix_s => {}
            Step::Time(unix_s) => {
                self.node.ask("evm_setNextBlockTimestamp", &json!([unix_s]));
                self.node.mine(1);
            }
            Step::Mine => self.node.mine(1),
            Step::Send(sending) => {
                let (sender, transaction) = sending.as_ref();
                self.node.ask("anvil_setBalance", &json!([sender.address(), "0xde0b6b3a7640000"]));
                return self.chain.send(sender, transaction).map(Some);
            }
        }
        Ok(None)
    }
}

impl Chain for Forking {
    fn head(&self) -> Result<Head, ChainError> {
        self.with("head", |chain| chain.head())
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
