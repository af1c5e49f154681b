//! What these tests share.

use core::time::Duration;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::sol;
use multee_chain::rpc::{Config, Endpoint, Entry, InMemory, Journal, Rests, Rpc};
use multee_chain::{Chain, ChainError, Outcome, Receipt, Sender, StorageError, Transaction, read};
use serde_json::json;

use crate::anvil::Anvil;

sol!(
    #[allow(missing_docs)]
    #[derive(Debug, PartialEq, Eq)]
    Probe,
    "tests/fixtures/Probe.json"
);

pub(crate) const CHAIN_ID: u64 = 31_337;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks anew whenever it may, waits for nothing longer than it must, and is patient with a busy machine.
pub(crate) fn config(urls: &[String]) -> Config {
    let endpoints = urls.iter().map(|url| Endpoint::parse(url).expect("a URL")).collect();
    Config {
        timeout: Duration::from_secs(20),
        rests: Rests { first: Duration::from_millis(10), longest: Duration::from_millis(40) },
        survey_every: Duration::ZERO,
        head_age_max: Duration::ZERO,
        confirmations: 1,
        bump_after: Duration::from_millis(50),
        send_within: Duration::from_mins(1),
        poll_every: Duration::from_millis(10),
        ..Config::new(CHAIN_ID, endpoints)
    }
}

/// Endpoints that failed are not asked again during the test.
pub(crate) fn unforgiving(urls: &[String]) -> Config {
    let long = Duration::from_hours(1);
    Config { rests: Rests { first: long, longest: long }, ..config(urls) }
}

pub(crate) fn connect(config: &Config) -> Result<Rpc, ChainError> {
    Rpc::connect(config, Box::new(InMemory::default()))
}

pub(crate) fn over(anvil: &Anvil) -> Rpc {
    connect(&config(&[anvil.url()])).expect("connects")
}

/// The account that anvil gives money to.
pub(crate) fn rich() -> Sender {
    Sender::from_key(&hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"))
        .expect("a key")
}

pub(crate) fn fund(anvil: &Anvil, account: Address, wei: u128) {
    anvil.ask("anvil_setBalance", &json!([account, format!("{wei:#x}")]));
}

pub(crate) fn succeed(chain: &dyn Chain, by: &Sender, transaction: &Transaction) -> Receipt {
    let receipt = chain.send(by, transaction).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Success);
    receipt
}

pub(crate) fn deploy(chain: &dyn Chain) -> Address {
    let code = Transaction::deploy(&Probe::BYTECODE, &Probe::constructorCall { start: U256::from(5) });
    succeed(chain, &rich(), &code).created.expect("creates")
}

pub(crate) fn count(probe: Address, note: &'static [u8]) -> Transaction {
    Transaction::invoke(probe, &Probe::countCall { note: Bytes::from_static(note) })
}

pub(crate) fn total(chain: &dyn Chain, probe: Address) -> U256 {
    read(chain, probe, &Probe::totalCall {}).expect("answers")
}

/// A journal that outlives a chain, as a file would.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<InMemory>);

impl Journal for Kept {
    fn find(&self, id: B256) -> Result<Option<Entry>, StorageError> {
        self.0.find(id)
    }

    fn unsettled(&self, sender: Address) -> Result<Vec<Entry>, StorageError> {
        self.0.unsettled(sender)
    }

    fn write(&self, entry: &Entry) -> Result<(), StorageError> {
        self.0.write(entry)
    }
}

/// Whether a transaction waits for a block.
pub(crate) fn pending(anvil: &Anvil) -> bool {
    anvil.ask("txpool_status", &json!([]))["pending"] != json!("0x0")
}

/// Mines until `done`: whoever waits for blocks gets them.
pub(crate) fn mine_until(anvil: &Anvil, done: impl Fn() -> bool) {
    wait_until("it is executed", || {
        anvil.mine(1);
        done()
    });
}

/// Looks again and again until it is `done`; a test that waits in vain fails.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::yield_now();
    }
}
