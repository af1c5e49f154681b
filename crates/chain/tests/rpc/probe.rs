//! Whether a chain can carry a network.

use alloy_primitives::{B256, Bytes, keccak256};
use multee_chain::ChainError;
use multee_chain::rpc::probe::{Finding, Severity};
use serde_json::{Value, json};

use crate::anvil::Anvil;
use crate::proxy::Proxy;
use crate::support::{config, connect, over};

/// 300 blocks, 12 seconds apart.
fn grown(arguments: &[&str]) -> Anvil {
    let anvil = Anvil::with(arguments);
    anvil.ask("anvil_mine", &json!(["0x12c", "0xc"]));
    anvil
}

#[test]
fn an_ethereum_like_chain_has_no_findings_and_its_block_time_is_told() {
    let anvil = grown(&[]);
    let report = over(&anvil).probe(100).expect("measures");
    assert_eq!(report.findings, []);
    assert_eq!((report.head, report.span_blocks), (300, 100));
    // Anvil adds the seconds that pass while it mines.
    let block_time_ms = report.block_time_ms.expect("more than one block");
    assert!((12_000..13_000).contains(&block_time_ms), "{block_time_ms}");
    let error = over(&anvil).probe(100_001).expect_err("too many");
    assert!(matches!(error, ChainError::Limit { .. }), "{error}");
}

#[test]
fn a_young_chain_is_told_as_that() {
    let anvil = Anvil::start();
    anvil.mine(3);
    assert_eq!(over(&anvil).probe(100).expect("measures").findings, [Finding::Young { blocks: 3 }]);
}

#[test]
fn a_known_chain_is_told_by_its_id() {
    let anvil = grown(&["--chain-id", "42161"]);
    let mut config = config(&[anvil.url()]);
    config.chain_id = 42_161;
    let report = connect(&config).expect("connects").probe(100).expect("measures");
    assert_eq!(report.severity(), Some(Severity::Refused));
    assert!(report.findings[0].to_string().starts_with("Arbitrum One: "), "{:?}", report.findings);
}

/// The findings when contracts saw these words, number and hashes, instead.
fn findings(change: impl Fn(&mut Vec<B256>) + Send + Sync + 'static) -> Vec<Finding> {
    let anvil = grown(&[]);
    let proxy = Proxy::before(anvil.address());
    proxy.behave(move |question| {
        if question.method != "eth_call" {
            return question.honest();
        }
        let answer: Value = serde_json::from_slice(&question.forward()).expect("JSON");
        let data: Bytes = serde_json::from_value(answer["result"].clone()).expect("data");
        let mut words: Vec<B256> = data.chunks(32).map(B256::from_slice).collect();
        change(&mut words);
        question.result(&json!(Bytes::from(words.concat())))
    });
    connect(&config(&[proxy.url()])).expect("connects").probe(100).expect("measures").findings
}

#[test]
fn hashes_that_are_predictable_constant_or_not_there_are_found() {
    let predictable = findings(|words| {
        for (back, word) in words.iter_mut().enumerate().skip(1) {
            *word = keccak256((300 - back as u64).to_be_bytes());
        }
    });
    assert!(matches!(predictable.as_slice(), [Finding::HashesDiffer { back: 1, .. }]), "{predictable:?}");
    let constant = findings(|words| words[1..].fill(B256::repeat_byte(1)));
    assert_eq!(constant[0], Finding::HashesRepeat { given: 256, distinct: 1 });
    let none = findings(|words| words[1..].fill(B256::ZERO));
    assert_eq!(none, [Finding::HashesMissing { asked: 256, given: 0 }]);
    let parents = findings(|words| words[0] = B256::with_last_byte(7));
    assert_eq!(parents, [Finding::OtherNumbers { head: 300, seen: 7 }]);
}

#[test]
fn a_machine_without_the_contracts_opcodes_is_found() {
    let anvil = grown(&["--hardfork", "london"]);
    let report = over(&anvil).probe(100).expect("measures");
    assert_eq!(report.findings, [Finding::NotExecuted]);
}
