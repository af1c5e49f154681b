//! Endpoints without old history, and endpoints on different forks.

use std::sync::atomic::{AtomicBool, Ordering};

use multee_chain::{BlockNumHash, Chain, ChainError, LogFilter};
use serde_json::json;

use crate::anvil::Anvil;
use crate::proxy::Proxy;
use crate::support::{config, connect, count, deploy, over, rich, succeed};
use alloy_primitives::{Address, B256};

/// Three logs of a contract, and all of them asked for upon the newest block.
fn counted(anvil: &Anvil) -> (Address, LogFilter) {
    let chain = over(anvil);
    let probe = deploy(&chain);
    for _ in 0..3 {
        succeed(&chain, &rich(), &count(probe, b""));
    }
    (probe, LogFilter::of(probe, 0, 4).upon([chain.head().expect("head").num_hash()]))
}

#[test]
fn an_endpoint_that_deleted_old_logs_is_passed_over() {
    let anvil = Anvil::start();
    let (_, filter) = counted(&anvil);
    let (pruned, archive) = (Proxy::before(anvil.address()), Proxy::before(anvil.address()));
    pruned.behave(|question| match question.method.as_str() {
        "eth_getLogs" => question.error(4444, "pruned history unavailable"),
        _ => question.honest(),
    });
    let chain = connect(&config(&[pruned.url(), archive.url()])).expect("connects");
    assert_eq!(chain.logs(&filter).expect("answers").len(), 3);
    assert!(pruned.asked().contains(&"eth_getLogs".to_owned()));
    let chain = connect(&config(&[pruned.url()])).expect("connects");
    let error = chain.logs(&filter).expect_err("nobody has them");
    assert!(matches!(&error, ChainError::Pruned { cause, .. } if cause.contains("4444")), "{error}");
    assert_eq!(chain.head().expect("it is asked on").number, 4);
}

#[test]
fn logs_carry_the_hash_of_their_block() {
    let anvil = Anvil::start();
    let (_, filter) = counted(&anvil);
    let chain = over(&anvil);
    for entry in chain.logs(&filter).expect("answers") {
        let block = chain.block(entry.block_number).expect("answers").expect("there");
        assert_eq!(entry.block_hash, block.hash);
    }
}

#[test]
fn logs_upon_a_block_that_went_away_are_refused() {
    let anvil = Anvil::start();
    let (_, filter) = counted(&anvil);
    let chain = over(&anvil);
    let BlockNumHash { number, hash } = filter.upon[0];
    anvil.ask("anvil_reorg", &json!([1, []]));
    let error = chain.logs(&filter).expect_err("another fork");
    assert!(
        matches!(error, ChainError::Reorganised { number: n, hash: h } if (n, h) == (number, hash)),
        "{error}"
    );
    let beyond = BlockNumHash { number: 9, hash: B256::ZERO };
    let error = chain.logs(&filter.upon([beyond])).expect_err("not there");
    assert!(matches!(error, ChainError::Reorganised { number: 9, .. }), "{error}");
}

#[test]
fn logs_are_had_from_an_endpoint_on_the_fork_that_is_asked_about() {
    let (first, second) = (Anvil::start(), Anvil::start());
    let (_, filter) = counted(&first);
    // The same history up to block 1, and then another one as long.
    let other = over(&second);
    deploy(&other);
    second.mine(3);
    let chain = connect(&config(&[second.url(), first.url()])).expect("connects");
    assert_eq!(chain.logs(&filter).expect("answers").len(), 3);
    let chain = connect(&config(&[second.url()])).expect("connects");
    assert!(matches!(chain.logs(&filter), Err(ChainError::Reorganised { .. })));
}

#[test]
fn logs_read_while_the_chain_reorganises_are_not_believed() {
    let anvil = Anvil::start();
    let (probe, filter) = counted(&anvil);
    let (proxy, before) = (Proxy::before(anvil.address()), AtomicBool::new(true));
    let address = anvil.address();
    // Of two pieces, the first is of the fork that goes away between them.
    proxy.behave(move |question| {
        let reply = question.honest();
        if question.method == "eth_getLogs" && before.swap(false, Ordering::SeqCst) {
            let reorg = json!({"jsonrpc": "2.0", "id": 1, "method": "anvil_reorg", "params": [2, []]});
            crate::http::post(address, reorg.to_string().as_bytes()).expect("anvil answers");
        }
        reply
    });
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    assert!(matches!(chain.logs(&filter), Err(ChainError::Reorganised { .. })));
    assert_eq!(chain.logs(&LogFilter::of(probe, 0, 4)).expect("answers").len(), 1);
}
