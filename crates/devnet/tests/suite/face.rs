//! The client of this house over the server: what transactions and calls do is what they do on anvil.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{ContractError, SolEvent};
use multee_chain::rpc::probe::Finding;
use multee_chain::{
    Answer, Call, Chain, ChainError, Halt, LogFilter, Outcome, Refusal, Sender, Transaction, decode_error,
};
use multee_devnet::http::Limits;
use multee_devnet::rpc::Clock;
use serde_json::json;

use crate::support::{CHAIN_ID, Face, GENESIS_S, Probe, count, deploy, rich, succeed, total};

#[test]
fn a_transaction_changes_state_logs_and_gives_a_receipt() {
    let face = Face::start();
    let chain = face.rpc();
    let probe = deploy(&chain);
    assert_eq!(total(&chain, probe), U256::from(5));
    let receipt = succeed(&chain, &rich(), &count(probe, b"hello"));
    assert_eq!(total(&chain, probe), U256::from(6));
    let head = chain.head().expect("head");
    assert_eq!((receipt.block_number, receipt.block_hash), (head.number, head.hash));
    assert_eq!((head.chain_id, receipt.from, receipt.to), (CHAIN_ID, rich().address(), Some(probe)));
    let event = Probe::Counted::decode_log(&receipt.logs[0].log).expect("the event");
    assert_eq!((event.address, event.by, event.total), (probe, rich().address(), U256::from(6)));
    assert_eq!(chain.receipt(receipt.transaction_hash).expect("looked up"), Some(receipt.clone()));
    assert_eq!(chain.receipt(B256::ZERO).expect("looked up"), None);
    assert_eq!(face.chain.receipt(receipt.transaction_hash).expect("looked up"), Some(receipt));
}

#[test]
fn what_would_revert_is_not_sent_and_says_why() {
    let face = Face::start();
    let chain = face.rpc();
    let probe = deploy(&chain);
    let before = chain.head().expect("head");
    let refuse = Transaction::invoke(probe, &Probe::refuseCall { asked: U256::from(9) });
    let Err(ChainError::Refused(Refusal::WouldRevert(data))) = chain.send(&rich(), &refuse) else {
        panic!("not refused")
    };
    let expected = Probe::Unwanted { asked: U256::from(9), by: rich().address() };
    let expected = ContractError::CustomError(Probe::ProbeErrors::Unwanted(expected));
    assert_eq!(decode_error::<Probe::ProbeErrors>(&data), Ok(expected));
    assert_eq!(chain.head().expect("head"), before);
}

#[test]
fn what_reverts_in_its_block_says_why_by_the_state_before_it() {
    use crate::support::{signed, transfer};
    let face = Face::start();
    let chain = face.rpc();
    let probe = deploy(&chain);
    let refuse = alloy_sol_types::SolCall::abi_encode(&Probe::refuseCall { asked: U256::from(9) });
    let mut transaction = transfer();
    (transaction.nonce, transaction.to) = (1, probe.into());
    (transaction.value, transaction.gas_limit, transaction.input) = (U256::ZERO, 200_000, refuse.into());
    let sent = face.ask("eth_sendRawTransaction", &json!([signed(&transaction, &rich())]));
    let hash: B256 = serde_json::from_value(sent).expect("a hash");
    let receipt = chain.receipt(hash).expect("answers").expect("executed");
    let Outcome::Reverted(data) = receipt.outcome else { panic!("{:?}", receipt.outcome) };
    assert!(matches!(
        decode_error::<Probe::ProbeErrors>(&data),
        Ok(ContractError::CustomError(Probe::ProbeErrors::Unwanted(_)))
    ));
    assert!(receipt.logs.is_empty() && receipt.created.is_none());
}

#[test]
fn calls_return_revert_or_halt_and_a_contract_that_is_not_there_answers_nothing() {
    let face = Face::start();
    let chain = face.rpc();
    let probe = deploy(&chain);
    let overflow = chain.call(&Call::new(probe, &Probe::overflowCall {})).expect("answers");
    let Answer::Reverted(data) = overflow else { panic!("{overflow:?}") };
    assert!(matches!(decode_error::<Probe::ProbeErrors>(&data), Ok(ContractError::Panic(_))));
    let forever = Call { gas_limit: 100_000, ..Call::new(probe, &Probe::foreverCall {}) };
    assert_eq!(chain.call(&forever).expect("answers"), Answer::Halted(Halt::OutOfGas));
    let nobody = chain.call(&Call::new(Address::repeat_byte(9), &Probe::totalCall {})).expect("answers");
    assert_eq!(nobody, Answer::Returned(Bytes::new()));
}

#[test]
fn logs_are_found_by_contract_topic_and_range() {
    let face = Face::start();
    let chain = face.rpc();
    let (probe, other) = (deploy(&chain), deploy(&chain));
    for _ in 0..3 {
        succeed(&chain, &rich(), &count(probe, b"a"));
        succeed(&chain, &rich(), &count(other, b"b"));
    }
    let head = chain.head().expect("head").number;
    let all = chain.logs(&LogFilter::of(probe, 0, head)).expect("answers");
    assert_eq!(all.len(), 3);
    assert_eq!(all, face.chain.logs(&LogFilter::of(probe, 0, head)).expect("answers"));
    let mut filter = LogFilter::of(probe, all[1].block_number, head).event(Probe::Counted::SIGNATURE_HASH);
    assert_eq!(chain.logs(&filter).expect("answers"), all[1..]);
    filter.topics[2] = vec![U256::from(8).into()];
    assert_eq!(chain.logs(&filter).expect("answers"), all[2..]);
}

#[test]
fn the_same_key_executes_once_and_accounts_cannot_spend_what_they_have_not() {
    let face = Face::start();
    let chain = face.rpc();
    let probe = deploy(&chain);
    let keyed = count(probe, b"once").once(B256::repeat_byte(7));
    let first = succeed(&chain, &rich(), &keyed);
    succeed(&chain, &rich(), &count(probe, b"between"));
    assert_eq!(succeed(&chain, &rich(), &keyed), first);
    assert_eq!(total(&chain, probe), U256::from(7));
    let poor = Sender::from_key(&[3; 32]).expect("a key");
    succeed(&chain, &rich(), &Transaction::transfer(poor.address(), U256::from(5)));
    let transfer = Transaction::transfer(Address::repeat_byte(9), U256::from(5));
    let error = chain.send(&poor, &transfer).expect_err("refused");
    assert!(matches!(error, ChainError::Refused(Refusal::InsufficientFunds { .. })), "{error}");
}

#[test]
fn the_chain_can_carry_a_network() {
    let face = Face::start();
    face.chain.mine(300).expect("mines");
    let report = face.rpc().probe(100).expect("measured");
    assert_eq!(report.findings, []);
    let young = Face::start();
    let report = young.rpc().probe(100).expect("measured");
    assert_eq!(report.findings, [Finding::Young { blocks: 0 }]);
}

#[test]
fn virtual_time_goes_on_when_it_is_told_to_and_real_time_by_itself() {
    let face = Face::start();
    let chain = face.rpc();
    face.ask("evm_mine", &json!([GENESIS_S + 100]));
    face.ask("anvil_mine", &json!(["0x3"]));
    let head = chain.head().expect("head");
    assert_eq!((head.number, head.timestamp_s), (4, GENESIS_S + 100));
    let (code, _) = face.refusal("evm_mine", &json!([GENESIS_S]));
    assert_eq!(code, -32000, "time does not go back");

    let real = Face::with(Clock::Real, Limits::default());
    assert_eq!(real.refusal("evm_mine", &json!([])).0, -32601);
    let chain = real.rpc();
    let deployed = deploy(&chain);
    let head = chain.head().expect("head");
    assert!(head.timestamp_s > GENESIS_S + 1_000_000, "now");
    assert_eq!(chain.block(head.number).expect("answers"), Some(head));
    assert_eq!(total(&chain, deployed), U256::from(5));
}
