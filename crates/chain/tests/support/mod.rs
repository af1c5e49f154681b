//! What the tests of a running chain share.
#![allow(dead_code, reason = "every test binary uses its own part")]

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::sol;
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Chain, Outcome, Receipt, Sender, Transaction, read};

sol!(
    #[allow(missing_docs)]
    #[derive(Debug, PartialEq, Eq)]
    Probe,
    "tests/fixtures/Probe.json"
);

pub(crate) const CHAIN_ID: u64 = 31_337;
pub(crate) const GENESIS_S: u64 = 1_700_000_000;

pub(crate) fn config() -> Config {
    Config::devnet(CHAIN_ID, GENESIS_S)
}

pub(crate) fn sender(byte: u8) -> Sender {
    Sender::from_key(&[byte; 32]).expect("a key")
}

/// A chain in memory with the probe on it.
pub(crate) fn with_probe() -> (Embedded, Address) {
    let chain = Embedded::in_memory(config()).expect("opens");
    let probe = deploy(&chain, 5);
    (chain, probe)
}

pub(crate) fn deploy(chain: &dyn Chain, start: u64) -> Address {
    let receipt = chain.send(&sender(1), &deployment(start)).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Success);
    receipt.created.expect("creates")
}

pub(crate) fn deployment(start: u64) -> Transaction {
    Transaction::deploy(&Probe::BYTECODE, &Probe::constructorCall { start: U256::from(start) })
}

pub(crate) fn count(probe: Address, note: &'static [u8]) -> Transaction {
    Transaction::invoke(probe, &Probe::countCall { note: Bytes::from_static(note) })
}

pub(crate) fn succeed(chain: &dyn Chain, by: &Sender, transaction: &Transaction) -> Receipt {
    let receipt = chain.send(by, transaction).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Success);
    receipt
}

pub(crate) fn total(chain: &dyn Chain, probe: Address) -> U256 {
    read(chain, probe, &Probe::totalCall {}).expect("answers")
}

pub(crate) fn slot(chain: &dyn Chain, probe: Address, key: u64) -> U256 {
    read(chain, probe, &Probe::slotsCall(U256::from(key))).expect("answers")
}

pub(crate) fn hash_of(chain: &dyn Chain, probe: Address, number: u64) -> B256 {
    read(chain, probe, &Probe::hashOfCall { number: U256::from(number) }).expect("answers")
}
