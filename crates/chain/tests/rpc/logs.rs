//! Logs, in pieces and checked.

use multee_chain::rpc::{Fault, Standing};
use multee_chain::{Chain, ChainError, Limit, LogFilter};
use serde_json::{Value, json};

use crate::anvil::Anvil;
use crate::proxy::{Proxy, Question, Reply};
use crate::support::{Probe, config, connect, count, deploy, over, rich, succeed};
use alloy_primitives::B256;
use alloy_sol_types::SolEvent;

fn number(value: &Value) -> u64 {
    let text = value.as_str().expect("a quantity");
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a quantity")
}

fn blocks(question: &Question) -> u64 {
    number(&question.params[0]["toBlock"]) - number(&question.params[0]["fromBlock"]) + 1
}

/// Three logs, in blocks 2, 1003 and 1004.
fn counted(anvil: &Anvil) -> (alloy_primitives::Address, LogFilter) {
    let chain = over(anvil);
    let probe = deploy(&chain);
    succeed(&chain, &rich(), &count(probe, b"a"));
    anvil.mine(1000);
    succeed(&chain, &rich(), &count(probe, b"b"));
    succeed(&chain, &rich(), &count(probe, b"c"));
    (probe, LogFilter::of(probe, 0, 5000))
}

fn places(chain: &dyn Chain, filter: &LogFilter) -> Vec<(u64, u32)> {
    chain.logs(filter).expect("answers").iter().map(|entry| (entry.block_number, entry.index)).collect()
}

const PLACES: [(u64, u32); 3] = [(2, 0), (1003, 0), (1004, 0)];

#[test]
fn logs_are_filtered_and_end_with_the_newest_block() {
    let anvil = Anvil::start();
    let (probe, filter) = counted(&anvil);
    let chain = over(&anvil);
    assert_eq!(places(&chain, &filter), PLACES);
    assert_eq!(places(&chain, &LogFilter::of(probe, 3, 1003)), PLACES[1..2]);
    assert_eq!(places(&chain, &LogFilter::of(probe, 1005, 9000)), []);
    assert_eq!(places(&chain, &filter.clone().event(Probe::Counted::SIGNATURE_HASH)), PLACES);
    assert_eq!(places(&chain, &filter.clone().event(B256::ZERO)), []);
    let mut total = filter;
    total.topics[2] = vec![B256::with_last_byte(7)];
    assert_eq!(places(&chain, &total), PLACES[1..2]);
    let error = chain.logs(&LogFilter::of(probe, 0, 100_000)).expect_err("too many blocks");
    assert!(matches!(error, ChainError::Limit { what: Limit::LogRangeBlocks, .. }), "{error}");
}

#[test]
fn ranges_are_halved_to_what_an_endpoint_allows_and_that_is_remembered() {
    let anvil = Anvil::start();
    let (_, filter) = counted(&anvil);
    let proxy = Proxy::before(anvil.address());
    proxy.behave(|question| match question.method.as_str() {
        "eth_getLogs" if blocks(question) > 100 => question.error(-32600, "block range is limited to 100"),
        _ => question.honest(),
    });
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    assert_eq!(places(&chain, &filter), PLACES);
    let asked = |methods: Vec<String>| methods.iter().filter(|method| *method == "eth_getLogs").count();
    // 1005 blocks, then 502, 251, 125 and 62: four were too many.
    assert_eq!(asked(proxy.asked()), 4 + 1005_usize.div_ceil(62));
    assert_eq!(places(&chain, &filter), PLACES);
    assert_eq!(asked(proxy.asked()), 1005_usize.div_ceil(62));
}

#[test]
fn an_answer_that_would_be_too_large_is_asked_for_in_parts() {
    let anvil = Anvil::start();
    let (_, filter) = counted(&anvil);
    let proxy = Proxy::before(anvil.address());
    proxy.behave(|question| {
        let answer = question.forward();
        let logs: Value = serde_json::from_slice(&answer).expect("JSON");
        match logs["result"].as_array().map_or(0, Vec::len) {
            2.. if question.method == "eth_getLogs" => {
                question.error(-32005, "query returned more than 1 results")
            }
            _ => Reply::Json(answer),
        }
    });
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    assert_eq!(places(&chain, &filter), PLACES);
}

#[test]
fn an_endpoint_that_allows_next_to_nothing_makes_the_caller_ask_for_less() {
    let anvil = Anvil::start();
    let (probe, filter) = counted(&anvil);
    let proxy = Proxy::before(anvil.address());
    proxy.behave(|question| match question.method.as_str() {
        "eth_getLogs" if blocks(question) > 1 => question.error(-32600, "block range is limited to 1"),
        "eth_getLogs" => question.result(&json!([])),
        _ => question.honest(),
    });
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    let error = chain.logs(&filter).expect_err("too many pieces");
    let ChainError::Limit { what: Limit::LogRangeBlocks, value: 1005, limit } = error else {
        panic!("{error}")
    };
    assert!((900..=1000).contains(&limit), "{limit}");
    chain.logs(&LogFilter::of(probe, 0, limit - 1)).expect("so many are possible");
}

/// The fault for which the first endpoint's logs were not believed.
fn disbelieved(change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Fault {
    let anvil = Anvil::start();
    let (_, filter) = counted(&anvil);
    let proxy = Proxy::before(anvil.address());
    proxy.behave(move |question| {
        let answer = question.forward();
        if question.method != "eth_getLogs" {
            return Reply::Json(answer);
        }
        let mut answer: Value = serde_json::from_slice(&answer).expect("JSON");
        change(answer["result"].as_array_mut().expect("logs"));
        Reply::Json(answer.to_string().into_bytes())
    });
    let chain = connect(&crate::support::unforgiving(&[proxy.url(), anvil.url()])).expect("connects");
    assert_eq!(places(&chain, &filter), PLACES);
    match chain.standings().remove(0).1 {
        Standing::Resting { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn logs_that_cannot_be_right_are_not_believed() {
    let wrong = |how: &str| Fault::Malformed(format!("a log is {how}"));
    assert_eq!(disbelieved(|logs| logs.swap(0, 1)), wrong("out of order"));
    assert_eq!(disbelieved(|logs| logs.push(logs[2].clone())), wrong("out of order"));
    assert_eq!(disbelieved(|logs| logs[1]["removed"] = json!(true)), wrong("removed"));
    assert_eq!(disbelieved(|logs| logs[2]["blockNumber"] = json!("0x1388")), wrong("of another range"));
    assert_eq!(disbelieved(|logs| logs[2]["blockHash"] = json!(B256::ZERO)), wrong("of another block"));
    let other = alloy_primitives::Address::ZERO;
    assert_eq!(disbelieved(move |logs| logs[0]["address"] = json!(other)), wrong("not asked for"));
}
