//! Endpoints that break: another is asked, or there is a typed error.

use core::time::Duration;
use std::net::TcpListener;

use alloy_primitives::U256;
use multee_chain::rpc::{Config, Fault, Rpc, Standing};
use multee_chain::{Chain, ChainError};
use serde_json::json;

use crate::anvil::Anvil;
use crate::proxy::{Proxy, Question, Reply};
use crate::support::{config, connect, count, deploy, rich, succeed, total, unforgiving, wait_until};

/// How long the silent ones are waited for; honest ones answer in a fraction of it.
const SHORT: Duration = Duration::from_secs(4);
const BYTES_MAX: u64 = 1 << 20;

/// A chain whose first endpoint breaks like this from now on, and whose second is anvil itself.
fn break_first(anvil: &Anvil, change: impl Fn(&mut Config)) -> (Proxy, Rpc) {
    let proxy = Proxy::before(anvil.address());
    let mut config = unforgiving(&[proxy.url(), anvil.url()]);
    change(&mut config);
    let chain = connect(&config).expect("connects");
    (proxy, chain)
}

fn fault(chain: &Rpc) -> Fault {
    match chain.standings().remove(0).1 {
        Standing::Resting { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

/// With the first endpoint broken, reads and writes go through the second. Alone, the first gives a typed error.
fn breaks(
    change: impl Fn(&mut Config),
    reply: impl Fn(&Question) -> Reply + Clone + Send + Sync + 'static,
) -> Fault {
    let anvil = Anvil::start();
    let (proxy, chain) = break_first(&anvil, &change);
    let probe = deploy(&chain);
    proxy.behave(reply.clone());
    assert_eq!(total(&chain, probe), U256::from(5));
    let found = fault(&chain);
    succeed(&chain, &rich(), &count(probe, b""));
    assert_eq!(total(&chain, probe), U256::from(6));

    proxy.behave(Question::honest);
    let mut alone = config(&[proxy.url()]);
    change(&mut alone);
    let alone = connect(&alone).expect("connects");
    proxy.behave(reply);
    let error = alone.head().expect_err("no answer");
    let ChainError::Unreachable { place, cause } = &error else { panic!("{error}") };
    // How far a malformed answer could be read depends on the question.
    let found_cause = found.to_string();
    let kind = found_cause.split(" at line").next().unwrap_or_default();
    assert!(place == &proxy.url() && cause.contains(kind), "{error}");
    // It comes back when the endpoint does.
    proxy.behave(Question::honest);
    wait_until("it answers again", || alone.head().is_ok());
    found
}

#[test]
fn an_endpoint_that_says_nothing_is_waited_for_only_so_long() {
    let fault = breaks(|config| config.timeout = SHORT, |_| Reply::Silence);
    assert_eq!(fault, Fault::Timeout { limit_ms: 4000 });
}

#[test]
fn an_endpoint_that_drips_its_answer_is_waited_for_only_so_long() {
    let fault = breaks(|config| config.timeout = SHORT, |_| Reply::Drip);
    assert_eq!(fault, Fault::Timeout { limit_ms: 4000 });
}

#[test]
fn an_endpoint_that_hangs_up_is_left() {
    let fault = breaks(|_| {}, |_| Reply::Hangup);
    assert!(matches!(fault, Fault::Connection(_)), "{fault:?}");
}

#[test]
fn an_answer_that_is_cut_off_is_none() {
    let fault = breaks(|_| {}, |question| Reply::CutOff(question.forward()));
    assert!(matches!(fault, Fault::Connection(_)), "{fault:?}");
}

#[test]
fn truncated_json_is_no_answer() {
    let half = |question: &Question| {
        let mut answer = question.forward();
        answer.truncate(answer.len() / 2);
        Reply::Json(answer)
    };
    let fault = breaks(|_| {}, half);
    assert!(matches!(fault, Fault::Malformed(_)), "{fault:?}");
}

#[test]
fn json_that_is_something_else_is_no_answer() {
    for text in ["", "null", "[]", "{}", "<html></html>", r#"{"jsonrpc":"2.0","id":77777,"result":"0x1"}"#] {
        let anvil = Anvil::start();
        let proxy = Proxy::before(anvil.address());
        proxy.behave(move |_| Reply::Json(text.as_bytes().to_vec()));
        let error = connect(&config(&[proxy.url()])).expect_err("no answer");
        assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("malformed"), "{error}");
    }
}

#[test]
fn ten_megabytes_of_junk_are_not_read() {
    let anvil = Anvil::start();
    let (proxy, chain) = break_first(&anvil, |config| config.answer_bytes_max = BYTES_MAX);
    proxy.behave(|_| Reply::Junk(64 << 20));
    chain.head().expect("the second answers");
    assert_eq!(fault(&chain), Fault::TooLarge { limit: BYTES_MAX });
    // What was taken beyond the limit is in the sockets' buffers.
    assert!(proxy.junk_sent() < BYTES_MAX + (16 << 20), "{}", proxy.junk_sent());
}

#[test]
fn junk_below_the_limit_is_malformed() {
    let fault = breaks(|_| {}, |_| Reply::Junk(10 << 20));
    assert!(matches!(fault, Fault::Malformed(_)), "{fault:?}");
}

#[test]
fn an_endpoint_that_limits_rates_gets_the_rest_it_asks_for() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    let chain = connect(&config(&[proxy.url(), anvil.url()])).expect("connects");
    proxy.behave(|_| Reply::Status(429, "Retry-After: 120\r\n", b"slow down".to_vec()));
    chain.head().expect("the second answers");
    let standing = chain.standings().remove(0).1;
    let Standing::Resting { fault, remaining } = standing else { panic!("{standing:?}") };
    assert_eq!(fault, Fault::Status { status: 429, retry_after_s: Some(120) });
    assert!(remaining > Duration::from_mins(1), "{remaining:?}");
    proxy.asked();
    chain.head().expect("the second answers");
    assert!(proxy.asked().is_empty(), "it was asked although it rests");
}

#[test]
fn server_errors_lead_to_another_endpoint() {
    for status in [500, 502, 503, 404] {
        let anvil = Anvil::start();
        let (proxy, chain) = break_first(&anvil, |_| {});
        proxy.behave(move |_| Reply::Status(status, "", b"<html>".to_vec()));
        chain.head().expect("the second answers");
        assert_eq!(fault(&chain), Fault::Status { status, retry_after_s: None });
    }
}

#[test]
fn an_endpoint_is_not_followed_elsewhere() {
    let anvil = Anvil::start();
    let elsewhere = Proxy::before(anvil.address());
    let location: &'static str = format!("Location: {}\r\n", elsewhere.url()).leak();
    let (proxy, chain) = break_first(&anvil, |_| {});
    proxy.behave(move |_| Reply::Status(307, location, Vec::new()));
    chain.head().expect("the second answers");
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
}

#[test]
fn an_endpoint_where_nobody_listens_is_left() {
    let anvil = Anvil::start();
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let chain = connect(&unforgiving(&[format!("http://{nobody}"), anvil.url()])).expect("connects");
    assert!(matches!(fault(&chain), Fault::Connection(_)));
    let error = connect(&config(&[format!("http://{nobody}")])).expect_err("nobody");
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
}

#[test]
fn an_error_about_one_question_sends_it_elsewhere_without_a_rest() {
    let anvil = Anvil::start();
    let (proxy, chain) = break_first(&anvil, |_| {});
    let probe = deploy(&chain);
    proxy.behave(|question| match question.method.as_str() {
        "eth_call" => question.error(-32000, "missing trie node"),
        _ => question.honest(),
    });
    assert_eq!(total(&chain, probe), U256::from(5));
    proxy.behave(Question::honest);
    proxy.asked();
    assert_eq!(total(&chain, probe), U256::from(5));
    assert!(proxy.asked().contains(&"eth_call".to_owned()));
}

#[test]
fn errors_show_no_secrets_of_the_url() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    proxy.behave(|_| Reply::Hangup);
    let url =
        format!("{}/v3/sentinel?key=sentinel", proxy.url().replace("http://", "http://sentinel:sentinel@"));
    let error = connect(&config(&[url])).expect_err("hangs up");
    assert!(!format!("{error} {error:?}").contains("sentinel"), "{error:?}");
}

#[test]
fn a_block_of_another_number_is_no_answer() {
    let anvil = Anvil::start();
    let (proxy, chain) = break_first(&anvil, |_| {});
    anvil.mine(5);
    proxy.behave(|question| {
        if question.method == "eth_getBlockByNumber" && question.params[0] == json!("0x2") {
            return Reply::Json(question.forward_with(&json!(["0x3", false])));
        }
        question.honest()
    });
    assert_eq!(chain.block(2).expect("the second answers").map(|block| block.number), Some(2));
    assert!(matches!(fault(&chain), Fault::Malformed(_)));
}
