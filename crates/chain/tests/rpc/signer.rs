//! Accounts whose keys somebody else keeps. The signer is a stand-in: anvil, which has the keys of its own accounts and
//! answers `eth_signTransaction`, behind a proxy that alters what is asked or answered.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use alloy_primitives::{B256, U256, address};
use multee_chain::rpc::{Config, ExternalSigner, InvalidEndpoint, Rpc};
use multee_chain::{Chain, ChainError, Delay, Sender, SignError};
use serde_json::{Value, json};

use crate::anvil::Anvil;
use crate::proxy::{Proxy, Question, Reply};
use crate::support::{Kept, config, connect, count, deploy, mine_until, over, rich, succeed, total};

struct Signed {
    anvil: Anvil,
    signer: Proxy,
    chain: Rpc,
    probe: alloy_primitives::Address,
}

impl Signed {
    fn new() -> Self {
        let anvil = Anvil::start();
        let chain = over(&anvil);
        let probe = deploy(&chain);
        let signer = Proxy::before(anvil.address());
        Self { anvil, signer, chain, probe }
    }

    /// The account that anvil gives money to, its key kept elsewhere.
    fn sender(&self, timeout: Duration) -> Sender {
        let url = self.signer.url().replace("http://", "http://hidden@") + "/hidden?key=hidden";
        let signer = ExternalSigner::new(&url, timeout).expect("a URL");
        assert!(!format!("{signer:?}").contains("hidden"));
        Sender::external(rich().address(), Arc::new(signer))
    }

    /// What sending leads to while the signer behaves so. Nothing must have changed.
    fn refusal(&self, behaviour: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> SignError {
        self.signer.behave(behaviour);
        let sender = self.sender(Duration::from_millis(500));
        let error = self.chain.send(&sender, &count(self.probe, b"")).expect_err("not signed");
        assert!(!format!("{error} {error:?} {sender:?}").contains("hidden"), "{error}");
        let nonce = self.anvil.ask("eth_getTransactionCount", &json!([rich().address(), "pending"]));
        assert_eq!((nonce, total(&self.chain, self.probe)), (json!("0x1"), U256::from(5)));
        let ChainError::Unsigned(error) = error else { panic!("{error}") };
        error
    }
}

/// What the stand-in signs if `field` is `value` instead of what was asked.
fn with(question: &Question, field: &str, value: &Value) -> Reply {
    let mut params = question.params.clone();
    params[0][field] = value.clone();
    Reply::Json(question.forward_with(&params))
}

#[test]
fn what_an_external_signer_signs_is_executed() {
    let signed = Signed::new();
    let sender = signed.sender(Duration::from_secs(20));
    let receipt = succeed(&signed.chain, &sender, &count(signed.probe, b"note"));
    assert_eq!((receipt.from, total(&signed.chain, signed.probe)), (rich().address(), U256::from(6)));
    assert_eq!(signed.signer.asked(), ["eth_signTransaction"]);
    signed.signer.behave(|question| {
        let answer: Value = serde_json::from_slice(&question.forward()).expect("JSON");
        question.result(&json!({"raw": answer["result"], "tx": {}}))
    });
    succeed(&signed.chain, &sender, &count(signed.probe, b"as nodes answer"));
    assert_eq!(total(&signed.chain, signed.probe), U256::from(7));
}

#[test]
fn a_signer_that_signs_something_else_is_not_believed() {
    let signed = Signed::new();
    for (field, value) in [
        ("value", json!("0x1")),
        ("nonce", json!("0x2")),
        ("gas", json!("0x5208")),
        ("to", json!(rich().address())),
        ("data", json!("0x")),
    ] {
        let error = signed.refusal(move |question| with(question, field, &value));
        assert_eq!(error, SignError::OtherTransaction, "{field}");
    }
}

#[test]
fn a_signer_that_signs_with_another_accounts_key_is_not_believed() {
    let other = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");
    let error = Signed::new().refusal(move |question| with(question, "from", &json!(other)));
    assert_eq!(error, SignError::OtherAccount { expected: rich().address(), found: other });
}

#[test]
fn junk_of_a_signer_is_no_signature() {
    let signed = Signed::new();
    for answer in [json!("0x"), json!("0x02c0"), json!("no hex"), json!(7), json!({"raw": []}), json!(null)] {
        let error = signed.refusal(move |question| question.result(&answer));
        assert_eq!(error, SignError::Malformed);
    }
    let junk: [fn() -> Reply; 4] = [
        || Reply::Junk(10 << 20),
        || Reply::Json(b"{".to_vec()),
        || Reply::CutOff(b"{\"id\":1}".to_vec()),
        || Reply::Hangup,
    ];
    for junk in junk {
        let error = signed.refusal(move |_| junk());
        assert!(matches!(error, SignError::Unreachable { .. }), "{error}");
    }
    assert!(signed.signer.junk_sent() < 8 << 20, "{}", signed.signer.junk_sent());
}

#[test]
fn a_signer_that_refuses_or_says_nothing_leaves_the_transaction_unsent() {
    let signed = Signed::new();
    let error = signed.refusal(|question| question.error(-32000, "request denied"));
    assert!(
        matches!(&error, SignError::Refused { code: -32000, message, .. } if message == "request denied")
    );
    for reply in [(|| Reply::Silence) as fn() -> Reply, || Reply::Drip] {
        let error = signed.refusal(move |_| reply());
        assert!(
            matches!(&error, SignError::Unreachable { cause, .. } if cause.contains("500 ms")),
            "{error}"
        );
    }
    succeed(&signed.chain, &rich(), &count(signed.probe, b""));
}

#[test]
fn what_was_signed_once_is_sent_again_without_the_signer() {
    let signed = Signed::new();
    let (anvil, journal, sender) = (&signed.anvil, Kept::default(), signed.sender(Duration::from_secs(20)));
    anvil.set_automine(false);
    let keyed = count(signed.probe, b"").once(B256::repeat_byte(7));
    let hasty = Config { send_within: Duration::from_millis(100), ..config(&[anvil.url()]) };
    let chain = Rpc::connect(&hasty, Box::new(journal.clone())).expect("connects");
    let error = chain.send(&sender, &keyed).expect_err("nobody mines");
    let ChainError::Pending { why: Delay::TimeLimit, transaction_hash, .. } = error else {
        panic!("{error}")
    };
    anvil.ask("anvil_dropAllTransactions", &json!([]));
    anvil.set_automine(true);
    signed.signer.asked();
    signed.signer.behave(|_| Reply::Hangup);
    let chain = Rpc::connect(&config(&[anvil.url()]), Box::new(journal)).expect("connects");
    assert_eq!(succeed(&chain, &sender, &keyed).transaction_hash, transaction_hash);
    assert_eq!(signed.signer.asked(), Vec::<String>::new());
}

#[test]
fn a_replacement_that_is_not_signed_leaves_the_first_one_pending() {
    let signed = Signed::new();
    let (anvil, sender) = (&signed.anvil, signed.sender(Duration::from_secs(20)));
    anvil.set_automine(false);
    let first = AtomicBool::new(true);
    signed.signer.behave(
        move |question| {
            if first.swap(false, Ordering::SeqCst) { question.honest() } else { Reply::Hangup }
        },
    );
    // A block without the transaction in it: it pays too little for this one.
    let proxy = Proxy::before(anvil.address());
    proxy.behave(|question| match question.method.as_str() {
        "eth_getTransactionReceipt" => question.result(&Value::Null),
        "eth_getTransactionCount" => question.result(&json!("0x1")),
        _ => question.honest(),
    });
    let chain = connect(&config(&[proxy.url()])).expect("connects");
    let probe = signed.probe;
    let sending = thread::spawn(move || chain.send(&sender, &count(probe, b"")));
    mine_until(anvil, || sending.is_finished());
    let error = sending.join().expect("sent").expect_err("no replacement");
    assert!(matches!(error, ChainError::Pending { why: Delay::Unsigned, .. }), "{error}");
}

#[test]
fn a_signer_is_asked_over_http_only() {
    for url in ["wss://signer.example", "signer.example", "ftp://signer.example"] {
        assert_eq!(ExternalSigner::new(url, Duration::from_secs(1)).err(), Some(InvalidEndpoint), "{url}");
    }
}
