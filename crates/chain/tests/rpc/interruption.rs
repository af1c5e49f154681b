//! Senders that are interrupted, and endpoints that are while something is sent.

use core::time::Duration;
use std::thread;

use alloy_primitives::{Address, B256, U256};
use multee_chain::rpc::{Config, Interrupt, Journal as _, Rpc};
use multee_chain::{Chain, ChainError, Delay, Refusal, Transaction};
use serde_json::json;

use crate::anvil::Anvil;
use crate::proxy::{Proxy, Question, Reply};
use crate::support::{
    Kept, config, connect, count, deploy, mine_until, over, pending, rich, succeed, total, wait_until,
};

fn keyed(probe: Address) -> Transaction {
    count(probe, b"").once(B256::repeat_byte(7))
}

/// Sends while nobody mines, and loses patience.
fn interrupted(anvil: &Anvil, probe: Address, journal: &Kept) {
    anvil.set_automine(false);
    let hasty = Config { send_within: Duration::from_millis(100), ..config(&[anvil.url()]) };
    let chain = Rpc::connect(&hasty, Box::new(journal.clone())).expect("connects");
    let error = chain.send(&rich(), &keyed(probe)).expect_err("nobody mines");
    assert!(matches!(error, ChainError::Pending { why: Delay::TimeLimit, .. }), "{error}");
}

/// All pools forget what they have, and go back to mining what they are given.
fn forget(anvil: &Anvil) {
    anvil.ask("anvil_dropAllTransactions", &json!([]));
    assert!(!pending(anvil));
    anvil.set_automine(true);
}

#[test]
fn a_sender_that_starts_anew_goes_on_with_what_it_sent_under_a_key() {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    let journal = Kept::default();
    interrupted(&anvil, probe, &journal);
    anvil.mine(1);
    let chain = Rpc::connect(&config(&[anvil.url()]), Box::new(journal)).expect("connects");
    let receipt = succeed(&chain, &rich(), &keyed(probe));
    assert_eq!(succeed(&chain, &rich(), &keyed(probe)), receipt);
    assert_eq!(total(&chain, probe), U256::from(6));
}

#[test]
fn a_sender_that_is_told_to_end_waits_no_longer_and_leaves_what_it_sent_to_the_next_one() {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    let (journal, interrupt) = (Kept::default(), Interrupt::default());
    let told = Config { interrupt: interrupt.clone(), ..config(&[anvil.url()]) };
    let chain = Rpc::connect(&told, Box::new(journal.clone())).expect("connects");
    anvil.set_automine(false);
    let sent = thread::spawn(move || (chain.send(&rich(), &keyed(probe)), chain));
    wait_until("it is in the pool", || pending(&anvil));
    interrupt.ask();
    let (error, chain) = sent.join().expect("returns");
    let error = error.expect_err("nobody mines");
    assert!(matches!(error, ChainError::Pending { why: Delay::Interrupted, .. }), "{error}");
    let error = chain.send(&rich(), &count(probe, b"another")).expect_err("nothing more is sent");
    assert!(matches!(error, ChainError::Pending { why: Delay::Interrupted, .. }), "{error}");
    assert!(matches!(chain.head(), Err(ChainError::Interrupted)));
    anvil.mine(1);
    let chain = Rpc::connect(&config(&[anvil.url()]), Box::new(journal)).expect("connects");
    succeed(&chain, &rich(), &keyed(probe));
    assert_eq!(total(&chain, probe), U256::from(6));
}

#[test]
fn who_is_told_to_end_before_anything_was_sent_sends_nothing() {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    let proxy = Proxy::before(anvil.address());
    let (journal, interrupt) = (Kept::default(), Interrupt::default());
    let told = Config { interrupt: interrupt.clone(), ..config(&[proxy.url()]) };
    let chain = Rpc::connect(&told, Box::new(journal.clone())).expect("connects");
    proxy.behave(move |question| {
        if question.method == "eth_getBalance" {
            interrupt.ask();
        }
        question.honest()
    });
    let error = chain.send(&rich(), &keyed(probe)).expect_err("interrupted");
    assert!(matches!(error, ChainError::Interrupted), "{error}");
    assert!(!proxy.asked().contains(&"eth_sendRawTransaction".to_owned()));
    assert!(journal.unsettled(rich().address()).expect("reads").is_empty());
}

#[test]
fn what_all_pools_forgot_is_sent_again_before_anything_else() {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    let journal = Kept::default();
    interrupted(&anvil, probe, &journal);
    forget(&anvil);
    let chain = Rpc::connect(&config(&[anvil.url()]), Box::new(journal)).expect("connects");
    succeed(&chain, &rich(), &count(probe, b"another"));
    assert_eq!(total(&chain, probe), U256::from(7));
    succeed(&chain, &rich(), &keyed(probe));
    assert_eq!(total(&chain, probe), U256::from(7));
}

#[test]
fn a_transaction_whose_nonce_another_program_took_gets_a_new_one() {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    let journal = Kept::default();
    interrupted(&anvil, probe, &journal);
    forget(&anvil);
    let other = json!([{"from": rich().address(), "to": Address::ZERO, "nonce": "0x1", "gas": "0x5208"}]);
    anvil.ask("eth_sendTransaction", &other);
    let chain = Rpc::connect(&config(&[anvil.url()]), Box::new(journal)).expect("connects");
    let receipt = succeed(&chain, &rich(), &keyed(probe));
    assert_eq!(total(&chain, probe), U256::from(6));
    assert_eq!(succeed(&chain, &rich(), &keyed(probe)), receipt);
    assert_eq!(anvil.ask("eth_getTransactionCount", &json!([rich().address(), "latest"])), json!("0x3"));
}

#[test]
fn nonces_go_on_from_what_waits_in_the_pool() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    anvil.set_automine(false);
    anvil.ask(
        "eth_sendTransaction",
        &json!([{"from": rich().address(), "to": Address::ZERO, "gas": "0x5208"}]),
    );
    let sent = thread::spawn(move || succeed(&chain, &rich(), &count(probe, b"")));
    wait_until("both are in the pool", || anvil.ask("txpool_status", &json!([]))["pending"] == json!("0x2"));
    mine_until(&anvil, || sent.is_finished());
    sent.join().expect("sent");
    assert_eq!(anvil.ask("eth_getTransactionCount", &json!([rich().address(), "latest"])), json!("0x3"));
}

#[test]
fn a_transaction_whose_acceptance_got_lost_is_executed_once() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    let probe = deploy(&chain);
    proxy.behave(|question| {
        let answer = question.forward();
        match question.method.as_str() {
            "eth_sendRawTransaction" => Reply::Hangup,
            _ => Reply::Json(answer),
        }
    });
    succeed(&chain, &rich(), &count(probe, b""));
    assert_eq!(total(&chain, probe), U256::from(6));
    assert_eq!(anvil.ask("eth_getTransactionCount", &json!([rich().address(), "latest"])), json!("0x2"));
}

#[test]
fn a_transaction_given_to_all_endpoints_is_executed_once() {
    let anvil = Anvil::start();
    let (a, b) = (Proxy::before(anvil.address()), Proxy::before(anvil.address()));
    let chain = connect(&config(&[a.url(), b.url()])).expect("connects");
    let probe = deploy(&chain);
    anvil.set_automine(false);
    let sent = thread::spawn(move || succeed(&chain, &rich(), &count(probe, b"")));
    wait_until("it is in the pool", || pending(&anvil));
    mine_until(&anvil, || sent.is_finished());
    sent.join().expect("sent");
    for proxy in [a, b] {
        assert!(proxy.asked().contains(&"eth_sendRawTransaction".to_owned()));
    }
    assert_eq!(total(&over(&anvil), probe), U256::from(6));
}

#[test]
fn an_outage_while_a_transaction_is_waited_for_does_not_lose_it() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    let probe = deploy(&chain);
    anvil.set_automine(false);
    let sent = thread::spawn(move || succeed(&chain, &rich(), &count(probe, b"")));
    wait_until("it is in the pool", || pending(&anvil));
    proxy.behave(|_| Reply::Status(503, "", Vec::new()));
    proxy.asked();
    wait_until("it is asked", || !proxy.asked().is_empty());
    anvil.mine(1);
    proxy.behave(Question::honest);
    sent.join().expect("sent");
    assert_eq!(total(&over(&anvil), probe), U256::from(6));
}

#[test]
fn senders_do_not_wait_for_each_other_but_each_for_itself() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| succeed(&chain, &rich(), &count(probe, b"")));
        }
    });
    assert_eq!(total(&chain, probe), U256::from(9));
}

#[test]
fn an_account_whose_nonces_are_always_used_up_is_given_up() {
    let anvil = Anvil::start();
    let probe = deploy(&over(&anvil));
    let proxy = Proxy::before(anvil.address());
    proxy.behave(|question| match question.method.as_str() {
        "eth_getTransactionCount" => question.result(&json!("0x0")),
        _ => question.honest(),
    });
    let hasty = Config { send_within: Duration::from_secs(1), ..config(&[proxy.url()]) };
    let error = connect(&hasty).expect("connects").send(&rich(), &count(probe, b"")).expect_err("given up");
    assert!(matches!(error, ChainError::Refused(Refusal::Invalid(_))), "{error}");
}
