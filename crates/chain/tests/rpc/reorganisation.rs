//! Blocks that go away.

use std::sync::Arc;
use std::thread;

use alloy_primitives::U256;
use multee_chain::rpc::{Config, InMemory, Rpc};
use multee_chain::{Chain, head_at_depth, is_canonical};
use serde_json::json;

use crate::anvil::Anvil;
use crate::proxy::Proxy;
use crate::support::{
    config, connect, count, deploy, mine_until, over, pending, rich, succeed, total, wait_until,
};

/// Replaces the newest `depth` blocks by empty ones.
fn reorganise(anvil: &Anvil, depth: u64) {
    anvil.ask("anvil_reorg", &json!([depth, []]));
}

#[test]
fn a_receipt_in_a_block_that_went_away_is_none() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    anvil.mine(3);
    let receipt = succeed(&chain, &rich(), &count(probe, b""));
    anvil.mine(1);
    assert!(is_canonical(&chain, &receipt).expect("answers"));
    let before = chain.head().expect("head");
    reorganise(&anvil, 2);
    let after = chain.head().expect("head");
    assert!(after.number == before.number && after.hash != before.hash, "{before:?} {after:?}");
    assert!(!is_canonical(&chain, &receipt).expect("answers"));
    assert_eq!(chain.receipt(receipt.transaction_hash).expect("answers"), None);
    assert_eq!(total(&chain, probe), U256::from(5));
    assert_eq!(chain.logs(&multee_chain::LogFilter::of(probe, 0, after.number)).expect("answers"), []);
}

#[test]
fn a_receipt_that_an_endpoint_still_shows_is_none_if_its_block_went_away() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    let probe = deploy(&chain);
    let receipt = succeed(&chain, &rich(), &count(probe, b""));
    let shown = anvil.ask("eth_getTransactionReceipt", &json!([receipt.transaction_hash]));
    reorganise(&anvil, 1);
    proxy.behave(move |question| match question.method.as_str() {
        "eth_getTransactionReceipt" => question.result(&shown),
        _ => question.honest(),
    });
    assert_eq!(chain.receipt(receipt.transaction_hash).expect("answers"), None);
}

#[test]
fn what_a_reorganisation_took_back_is_executed_when_it_is_sent_again_and_then_once() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    anvil.mine(3);
    let keyed = count(probe, b"").once(alloy_primitives::B256::repeat_byte(7));
    let first = succeed(&chain, &rich(), &keyed);
    reorganise(&anvil, 1);
    assert_eq!(total(&chain, probe), U256::from(5));
    let second = succeed(&chain, &rich(), &keyed);
    assert_eq!(second.transaction_hash, first.transaction_hash, "the same bytes, so never two of them");
    assert_ne!(second.block_hash, first.block_hash);
    assert_eq!(succeed(&chain, &rich(), &keyed), second);
    assert_eq!(total(&chain, probe), U256::from(6));
}

/// A chain that wants three blocks' depth, on an anvil that mines when told.
fn patient(url: &str) -> Arc<Rpc> {
    let config = Config { confirmations: 3, ..config(&[url.to_owned()]) };
    Arc::new(Rpc::connect(&config, Box::new(InMemory::default())).expect("connects"))
}

#[test]
fn a_receipt_is_believed_only_when_it_is_deep_enough() {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    anvil.set_automine(false);
    let proxy = Proxy::before(anvil.address());
    let chain = patient(&proxy.url());
    let waiting = Arc::clone(&chain);
    let sent = thread::spawn(move || succeed(waiting.as_ref(), &rich(), &count(probe, b"")));
    wait_until("it is in the pool", || pending(&anvil));
    anvil.mine(2);
    proxy.asked();
    let mut looked = 0;
    wait_until("it was looked for with two blocks made", || {
        looked += proxy.asked().iter().filter(|method| *method == "eth_getTransactionReceipt").count();
        looked > 2
    });
    assert!(!sent.is_finished());
    anvil.mine(1);
    let receipt = sent.join().expect("sent");
    assert_eq!(chain.head().expect("head").number, receipt.block_number + 2);
}

#[test]
fn a_transaction_that_goes_away_while_it_is_waited_for_is_brought_back() {
    let anvil = Anvil::start();
    let setup = over(&anvil);
    let probe = deploy(&setup);
    anvil.mine(3);
    anvil.set_automine(false);
    let chain = patient(&anvil.url());
    let waiting = Arc::clone(&chain);
    let sent = thread::spawn(move || succeed(waiting.as_ref(), &rich(), &count(probe, b"")));
    wait_until("it is in the pool", || pending(&anvil));
    anvil.mine(1);
    assert_eq!(total(&setup, probe), U256::from(6));
    reorganise(&anvil, 1);
    assert_eq!(total(&setup, probe), U256::from(5));
    mine_until(&anvil, || sent.is_finished());
    let receipt = sent.join().expect("sent");
    assert!(is_canonical(chain.as_ref(), &receipt).expect("answers"));
    assert_eq!(total(&setup, probe), U256::from(6));
}

#[test]
fn the_head_at_a_depth_is_the_block_that_so_many_are_on_top_of() {
    let anvil = Anvil::start();
    let chain = connect(&config(&[anvil.url()])).expect("connects");
    anvil.mine(5);
    let at = |depth| head_at_depth(&chain, depth).expect("answers").map(|head| head.number);
    assert_eq!((at(0), at(2), at(5), at(6)), (Some(5), Some(3), Some(0), None));
}
