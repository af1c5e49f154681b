//! Endpoints of another chain, or of another contract.

use alloy_primitives::{Address, B256, U256, keccak256};
use multee_chain::rpc::{Config, Fault, Standing};
use multee_chain::{Chain, ChainError};
use serde_json::json;

use crate::anvil::Anvil;
use crate::proxy::{Proxy, Question};
use crate::support::{CHAIN_ID, Probe, config, connect, deploy, over, total, unforgiving, wait_until};

#[test]
fn an_endpoint_of_another_chain_is_put_aside() {
    let (other, anvil) = (Anvil::with(&["--chain-id", "7"]), Anvil::start());
    let chain = connect(&config(&[other.url(), anvil.url()])).expect("connects");
    assert_eq!(chain.head().expect("head").chain_id, CHAIN_ID);
    let standing = chain.standings().remove(0);
    let wrong = Fault::WrongChain { expected: CHAIN_ID, found: 7 };
    assert!(matches!(&standing.1, Standing::Resting { fault, .. } if *fault == wrong), "{standing:?}");
    let error = connect(&config(&[other.url()])).expect_err("another chain");
    assert!(matches!(error, ChainError::WrongChain { expected: CHAIN_ID, found: 7 }), "{error}");
}

#[test]
fn an_endpoint_that_comes_back_as_another_chains_is_put_aside() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    proxy.behave(|question| match question.method.as_str() {
        "eth_chainId" => question.result(&json!("0x7")),
        _ => question.error(429, "rate limit"),
    });
    let error = chain.head().expect_err("limited");
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    wait_until("it is asked for its id", || {
        matches!(chain.head(), Err(ChainError::WrongChain { expected: CHAIN_ID, found: 7 }))
    });
}

#[test]
fn agreement_is_asked_for_again_and_again() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let mut often = config(&[proxy.url()]);
    often.recheck_after = core::time::Duration::ZERO;
    let chain = connect(&often).expect("connects");
    proxy.behave(|question| match question.method.as_str() {
        "eth_chainId" => question.result(&json!("0x7")),
        _ => question.honest(),
    });
    let error = chain.head().expect_err("another chain");
    assert!(matches!(error, ChainError::WrongChain { .. }), "{error}");
}

fn expecting(urls: &[String], probe: Address, code_hash: B256) -> Config {
    unforgiving(urls).expect_code(probe, code_hash)
}

#[test]
fn an_endpoint_without_the_contract_or_with_another_is_put_aside() {
    let (anvil, empty) = (Anvil::start(), Anvil::start());
    let probe = deploy(&over(&anvil));
    let code_hash = keccak256(&Probe::DEPLOYED_BYTECODE);
    let chain = connect(&expecting(&[empty.url(), anvil.url()], probe, code_hash)).expect("connects");
    assert_eq!(total(&chain, probe), U256::from(5));
    let standing = chain.standings().remove(0).1;
    let none = Fault::WrongCode { address: probe, expected: code_hash, found: keccak256([]) };
    assert!(matches!(&standing, Standing::Resting { fault, .. } if *fault == none), "{standing:?}");

    empty.ask("anvil_setCode", &json!([probe, "0x00"]));
    let error = connect(&expecting(&[empty.url()], probe, code_hash)).expect_err("another contract");
    let ChainError::WrongCode { address, found, .. } = error else { panic!("{error}") };
    assert_eq!((address, found), (probe, keccak256([0])));
}

#[test]
fn an_endpoint_that_agrees_again_is_asked_again() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    proxy.behave(|question| question.result(&json!("0x7")));
    assert!(connect(&config(&[proxy.url()])).is_err());
    let chain = connect(&config(&[proxy.url(), anvil.url()])).expect("connects");
    proxy.behave(Question::honest);
    proxy.asked();
    wait_until("it is asked again", || {
        chain.head().expect("one of them answers");
        proxy.asked().contains(&"eth_getBlockByNumber".to_owned())
    });
    assert_eq!(chain.standings().remove(0).1, Standing::Good);
}
