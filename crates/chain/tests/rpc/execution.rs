//! What transactions and calls do, as on the embedded chain.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{ContractError, SolEvent};
use multee_chain::{
    Answer, Call, Chain, ChainError, Halt, Outcome, ReadError, Refusal, Sender, Transaction, decode_error,
    read,
};
use serde_json::json;

use crate::anvil::Anvil;
use crate::support::{
    CHAIN_ID, Probe, config, connect, count, deploy, fund, over, rich, succeed, total, wait_until,
};

#[test]
fn a_transaction_changes_state_logs_and_gives_a_receipt() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    assert_eq!(total(&chain, probe), U256::from(5));
    let receipt = succeed(&chain, &rich(), &count(probe, b"hello"));
    assert_eq!(total(&chain, probe), U256::from(6));
    let head = chain.head().expect("head");
    assert_eq!((receipt.block_number, receipt.block_hash), (head.number, head.hash));
    assert_eq!((head.chain_id, receipt.from, receipt.to), (CHAIN_ID, rich().address(), Some(probe)));
    let event = Probe::Counted::decode_log(&receipt.logs[0].log).expect("the event");
    assert_eq!((event.address, event.by, event.total), (probe, rich().address(), U256::from(6)));
    assert_eq!(event.note, Bytes::from_static(b"hello"));
    assert!((21_000..100_000).contains(&receipt.gas_used) && receipt.gas_price_wei > 0, "{receipt:?}");
    assert_eq!(chain.receipt(receipt.transaction_hash).expect("looked up"), Some(receipt));
    assert_eq!(chain.receipt(B256::ZERO).expect("looked up"), None);
}

#[test]
fn a_transaction_gets_twice_the_gas_that_it_takes_alone() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    let receipt = succeed(&chain, &rich(), &count(probe, b"hello"));
    let sent = anvil.ask("eth_getTransactionByHash", &json!([receipt.transaction_hash]));
    let limit: U256 = serde_json::from_value(sent["gas"].clone()).expect("a number");
    let used = U256::from(receipt.gas_used);
    assert!(limit >= used * U256::from(2) && limit < used * U256::from(3), "{limit} for {used}");
}

#[test]
fn blocks_are_told_by_number_and_those_to_come_are_none() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    anvil.mine(3);
    let head = chain.head().expect("head");
    assert_eq!(head.number, 3);
    assert_eq!(chain.block(3).expect("answers"), Some(head));
    assert_eq!(chain.block(0).expect("answers").map(|block| block.number), Some(0));
    assert_eq!(chain.block(4).expect("answers"), None);
}

#[test]
fn what_would_revert_is_not_sent_and_says_why() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
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
fn what_reverts_in_its_block_although_the_trial_succeeded_says_why() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    // Another sends it without a trial.
    let refuse = Probe::refuseCall { asked: U256::from(9) };
    let data = Bytes::from(alloy_sol_types::SolCall::abi_encode(&refuse));
    let other = anvil.ask("eth_accounts", &json!([]))[1].clone();
    let sent = json!([{"from": other, "to": probe, "data": data, "gas": "0x30d40"}]);
    let hash: B256 = serde_json::from_value(anvil.ask("eth_sendTransaction", &sent)).expect("a hash");
    // Anvil answers before it has made the block.
    let mut receipt = None;
    wait_until("it is executed", || {
        receipt = chain.receipt(hash).expect("answers");
        receipt.is_some()
    });
    let receipt = receipt.expect("executed");
    let Outcome::Reverted(data) = receipt.outcome else { panic!("{:?}", receipt.outcome) };
    assert!(matches!(
        decode_error::<Probe::ProbeErrors>(&data),
        Ok(ContractError::CustomError(Probe::ProbeErrors::Unwanted(_)))
    ));
    assert!(receipt.logs.is_empty() && receipt.created.is_none());
}

#[test]
fn calls_return_revert_or_halt_and_a_contract_that_is_not_there_answers_nothing() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    let overflow = chain.call(&Call::new(probe, &Probe::overflowCall {})).expect("answers");
    let Answer::Reverted(data) = overflow else { panic!("{overflow:?}") };
    assert!(matches!(decode_error::<Probe::ProbeErrors>(&data), Ok(ContractError::Panic(_))));
    let forever = Call { gas_limit: 100_000, ..Call::new(probe, &Probe::foreverCall {}) };
    assert_eq!(chain.call(&forever).expect("answers"), Answer::Halted(Halt::OutOfGas));
    let error = read(&chain, Address::repeat_byte(9), &Probe::totalCall {}).expect_err("no contract");
    assert!(matches!(error, ReadError::Undecodable { .. }), "{error}");
}

#[test]
fn the_same_key_executes_once_and_no_key_every_time() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let probe = deploy(&chain);
    let keyed = count(probe, b"once").once(B256::repeat_byte(7));
    let first = succeed(&chain, &rich(), &keyed);
    succeed(&chain, &rich(), &count(probe, b"between"));
    assert_eq!(succeed(&chain, &rich(), &keyed), first);
    assert_eq!(total(&chain, probe), U256::from(7));
    // Another key, and another sender, make another transaction.
    succeed(&chain, &rich(), &count(probe, b"once").once(B256::repeat_byte(8)));
    let other = Sender::from_key(&[3; 32]).expect("a key");
    fund(&anvil, other.address(), 10_u128.pow(18));
    succeed(&chain, &other, &keyed);
    assert_eq!(total(&chain, probe), U256::from(9));
}

#[test]
fn who_cannot_pay_and_what_is_too_dear_is_refused_before_it_is_sent() {
    let anvil = Anvil::start();
    let poor = Sender::from_key(&[3; 32]).expect("a key");
    let transfer = Transaction::transfer(Address::repeat_byte(9), U256::from(5));
    fund(&anvil, poor.address(), 5);
    let error = over(&anvil).send(&poor, &transfer).expect_err("refused");
    let ChainError::Refused(Refusal::InsufficientFunds { needed, available }) = error else {
        panic!("{error}")
    };
    assert!(available == U256::from(5) && needed > U256::from(21_000), "{needed}");

    let mut config = config(&[anvil.url()]);
    config.fees.cap_wei_max = 1000;
    let error = connect(&config).expect("connects").send(&rich(), &transfer).expect_err("refused");
    assert!(matches!(error, ChainError::Refused(Refusal::FeeTooHigh { allowed_wei: 1000, .. })), "{error}");
    assert_eq!(anvil.ask("eth_blockNumber", &json!([])), json!("0x0"));
}
