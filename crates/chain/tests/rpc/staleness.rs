//! Endpoints that have fallen behind.

use alloy_primitives::U256;
use multee_chain::rpc::{Fault, Standing};
use multee_chain::{Chain, LogFilter};
use serde_json::{Value, json};

use crate::anvil::Anvil;
use crate::proxy::{Proxy, Question, Reply};
use crate::support::{config, connect, count, deploy, over, rich, succeed, total};

/// Knows no block beyond this one.
fn frozen(number: &'static str) -> impl Fn(&Question) -> Reply + Send + Sync {
    move |question: &Question| {
        let newest = question.method == "eth_getBlockByNumber" && question.params[0] == json!("latest");
        if newest {
            return Reply::Json(question.forward_with(&json!([number, false])));
        }
        question.honest()
    }
}

#[test]
fn a_stale_endpoint_is_passed_over() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url(), anvil.url()])).expect("connects");
    proxy.behave(frozen("0x0"));
    anvil.mine(5);
    assert_eq!(chain.head().expect("head").number, 0, "five blocks behind is not stale");
    anvil.mine(1);
    assert_eq!(chain.head().expect("head").number, 6);
    let standing = chain.standings().remove(0).1;
    assert!(matches!(&standing, Standing::Failed(Fault::Stale { head: 0, others: 6, .. })), "{standing:?}");
    proxy.behave(Question::honest);
    chain.head().expect("head");
    assert_eq!(chain.standings().remove(0).1, Standing::Good);
}

#[test]
fn an_endpoint_that_stopped_long_ago_is_passed_over_though_few_blocks_were_made() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url(), anvil.url()])).expect("connects");
    proxy.behave(frozen("0x0"));
    anvil.ask("evm_increaseTime", &json!([3600]));
    anvil.mine(1);
    assert_eq!(chain.head().expect("head").number, 1);
}

#[test]
fn what_a_caller_saw_stays_seen_when_another_endpoint_answers() {
    let anvil = Anvil::start();
    let (first, second) = (Proxy::before(anvil.address()), Proxy::before(anvil.address()));
    let probe = deploy(&over(&anvil));
    let chain = connect(&config(&[first.url(), second.url()])).expect("connects");
    let receipt = succeed(&chain, &rich(), &count(probe, b""));
    // The first goes away. The second is one block behind: not stale, and yet without what was just told.
    second.behave(frozen("0x1"));
    first.behave(|_| Reply::Hangup);
    let error = chain.logs(&LogFilter::of(probe, 0, receipt.block_number)).expect_err("nobody has the block");
    assert!(error.to_string().contains("behind"), "{error}");
}

#[test]
fn a_call_is_answered_for_the_newest_block_and_not_for_an_older_one() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    let probe = deploy(&chain);
    succeed(&chain, &rich(), &count(probe, b""));
    // Behind one name there are several servers: one that is behind has not got the block it is asked for.
    proxy.behave(|question| match question.method.as_str() {
        "eth_call" if question.params[1] == json!("latest") => {
            let old: Value = json!([question.params[0], "0x1"]);
            Reply::Json(question.forward_with(&old))
        }
        _ => question.honest(),
    });
    assert_eq!(total(&chain, probe), U256::from(6));
}
