//! Transactions that pay too little to get on.

use core::time::Duration;
use std::thread;

use alloy_primitives::{Address, B256, U256};
use multee_chain::rpc::{Config, Entry, Journal, Rpc};
use multee_chain::{Chain, ChainError, Delay, Transaction};
use serde_json::json;

use crate::anvil::Anvil;
use crate::support::{
    CHAIN_ID, Kept, config, count, deploy, mine_until, over, pending, rich, succeed, total, wait_until,
};

/// An anvil that mines when told, with a probe on it.
fn idle() -> (Anvil, Address) {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    anvil.set_automine(false);
    (anvil, probe)
}

fn keyed(probe: Address) -> Transaction {
    count(probe, b"").once(B256::repeat_byte(7))
}

fn entry(journal: &Kept, transaction: &Transaction) -> Entry {
    let id = transaction.embedded_hash(CHAIN_ID, rich().address(), 0);
    journal.find(id).expect("reads").expect("was signed")
}

/// A block that is too dear for whoever offers less than `wei` for a unit of gas.
fn mine_at(anvil: &Anvil, wei: u128) {
    anvil.ask("anvil_setNextBlockBaseFeePerGas", &json!([format!("{wei:#x}")]));
    anvil.mine(1);
}

#[test]
fn a_stuck_transaction_is_replaced_by_one_that_pays_an_eighth_more() {
    let (anvil, probe) = idle();
    let journal = Kept::default();
    let chain = Rpc::connect(&config(&[anvil.url()]), Box::new(journal.clone())).expect("connects");
    let sent = thread::spawn(move || succeed(&chain, &rich(), &keyed(probe)));
    wait_until("it is in the pool", || pending(&anvil));
    let first = entry(&journal, &keyed(probe)).attempts[0].clone();
    mine_at(&anvil, first.fees.cap_wei + 1);
    wait_until("it is replaced", || entry(&journal, &keyed(probe)).attempts.len() > 1);
    mine_until(&anvil, || sent.is_finished());
    let receipt = sent.join().expect("sent");
    let attempts = entry(&journal, &keyed(probe)).attempts;
    for pair in attempts.windows(2) {
        assert!(pair[1].fees.cap_wei * 8 >= pair[0].fees.cap_wei * 9, "{attempts:?}");
        assert!(pair[1].fees.tip_wei * 8 >= pair[0].fees.tip_wei * 9, "{attempts:?}");
    }
    assert_ne!(receipt.transaction_hash, first.hash);
    assert_eq!(total(&over(&anvil), probe), U256::from(6));
}

/// What became of a transaction whose fee the base fee jumped over, sent under these bounds.
fn too_dear(change: impl Fn(&mut Config)) -> (Anvil, Address, Rpc, ChainError) {
    let (anvil, probe) = idle();
    let mut config = config(&[anvil.url()]);
    change(&mut config);
    let chain = Rpc::connect(&config, Box::new(Kept::default())).expect("connects");
    let error = thread::scope(|scope| {
        let sent = scope.spawn(|| chain.send(&rich(), &keyed(probe)).expect_err("too dear"));
        wait_until("it is in the pool", || pending(&anvil));
        mine_at(&anvil, 500_000_000_000);
        sent.join().expect("ends")
    });
    (anvil, probe, chain, error)
}

#[test]
fn no_more_is_paid_than_allowed_and_the_transaction_goes_on_when_prices_fall() {
    let allowed = 3_000_000_000;
    let (anvil, probe, chain, error) = too_dear(|config| config.fees.cap_wei_max = allowed);
    let ChainError::Pending { nonce: 1, why: Delay::FeeLimit { cap_wei }, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(cap_wei, allowed);
    mine_at(&anvil, 1_000_000_000);
    anvil.set_automine(true);
    // Another transaction is sent: first the one before it is brought to its end.
    succeed(&chain, &rich(), &count(probe, b"another"));
    assert_eq!(total(&chain, probe), U256::from(7));
    let receipt = succeed(&chain, &rich(), &keyed(probe));
    assert!(receipt.gas_price_wei <= allowed);
    assert_eq!(total(&chain, probe), U256::from(7), "its key was used");
}

#[test]
fn a_transaction_is_replaced_only_so_often() {
    let (_anvil, _, _, error) = too_dear(|config| config.fees.bumps_max = 0);
    assert!(matches!(error, ChainError::Pending { why: Delay::BumpLimit { bumps: 0 }, .. }), "{error}");
}

#[test]
fn a_transaction_is_not_replaced_while_no_blocks_are_made() {
    let (anvil, probe) = idle();
    let journal = Kept::default();
    let config = Config {
        bump_after: Duration::ZERO,
        send_within: Duration::from_millis(500),
        ..config(&[anvil.url()])
    };
    let chain = Rpc::connect(&config, Box::new(journal.clone())).expect("connects");
    let error = chain.send(&rich(), &keyed(probe)).expect_err("nobody mines");
    assert!(matches!(error, ChainError::Pending { nonce: 1, why: Delay::TimeLimit, .. }), "{error}");
    assert_eq!(entry(&journal, &keyed(probe)).attempts.len(), 1);
}
