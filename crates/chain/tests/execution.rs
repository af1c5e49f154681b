//! What transactions and calls do on the embedded chain.

mod support;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{ContractError, SolEvent};
use multee_chain::embedded::Embedded;
use multee_chain::{
    Answer, CALL_GAS_MAX, Call, Chain, ChainError, DATA_BYTES_MAX, Halt, Limit, Outcome, ReadError, Refusal,
    TRANSACTION_GAS_MAX, Transaction, decode_error, read,
};
use support::{CHAIN_ID, GENESIS_S, Probe, config, count, deployment, sender, slot, total, with_probe};

#[test]
fn a_contract_is_created_and_answers() {
    let (chain, probe) = with_probe();
    assert_eq!(total(&chain, probe), U256::from(5));
    let head = chain.head().expect("head");
    assert_eq!((head.number, head.timestamp_s, head.chain_id), (1, GENESIS_S, CHAIN_ID));
}

#[test]
fn a_transaction_changes_state_logs_and_makes_a_block() {
    let (chain, probe) = with_probe();
    let by = sender(2);
    let receipt = support::succeed(&chain, &by, &count(probe, b"hello"));
    assert_eq!(total(&chain, probe), U256::from(6));
    assert_eq!((receipt.block_number, receipt.from, receipt.to), (2, by.address(), Some(probe)));
    assert_eq!(receipt.block_hash, chain.head().expect("head").hash);
    assert!((21_000..100_000).contains(&receipt.gas_used), "{}", receipt.gas_used);
    let event = Probe::Counted::decode_log(&receipt.logs[0].log).expect("the event");
    assert_eq!((event.address, event.by, event.total), (probe, by.address(), U256::from(6)));
    assert_eq!(event.note, Bytes::from_static(b"hello"));
    assert_eq!(chain.receipt(receipt.transaction_hash).expect("looked up"), Some(receipt));
    assert_eq!(chain.receipt(B256::ZERO).expect("looked up"), None);
}

#[test]
fn a_reverted_transaction_changes_nothing_but_the_nonce_and_says_why() {
    let (chain, probe) = with_probe();
    let by = sender(2);
    support::succeed(&chain, &by, &count(probe, b""));
    let before = chain.state_fingerprint().expect("reads");
    let refuse = Transaction::invoke(probe, &Probe::refuseCall { asked: U256::from(9) });
    let receipt = chain.send(&by, &refuse).expect("executes");
    let Outcome::Reverted(data) = &receipt.outcome else { panic!("{:?}", receipt.outcome) };
    let expected = Probe::Unwanted { asked: U256::from(9), by: by.address() };
    assert_eq!(
        decode_error::<Probe::ProbeErrors>(data),
        Ok(ContractError::CustomError(Probe::ProbeErrors::Unwanted(expected)))
    );
    assert_eq!((total(&chain, probe), slot(&chain, probe, 9)), (U256::from(6), U256::ZERO));
    assert!(receipt.logs.is_empty());
    assert_eq!(chain.receipt(receipt.transaction_hash).expect("looked up"), Some(receipt));

    // Undoing the nonce in a chain that sent a harmless transaction instead gives the same state.
    let (other, other_probe) = with_probe();
    support::succeed(&other, &by, &count(other_probe, b""));
    assert_eq!(other.state_fingerprint().expect("reads"), before);
    support::succeed(&other, &by, &Transaction::transfer(Address::repeat_byte(3), U256::ZERO));
    assert_eq!(
        other.state_fingerprint().expect("reads"),
        chain.state_fingerprint().expect("reads"),
        "a reverted transaction left more behind than one that does nothing"
    );
}

#[test]
fn a_failed_creation_leaves_no_contract() {
    let (chain, _) = with_probe();
    let receipt = chain.send(&sender(2), &deployment(1000)).expect("executes");
    let Outcome::Reverted(data) = &receipt.outcome else { panic!("{:?}", receipt.outcome) };
    let Ok(ContractError::Revert(reason)) = decode_error::<Probe::ProbeErrors>(data) else {
        panic!("{data}")
    };
    assert_eq!(reason.reason, "start too large");
    assert_eq!(receipt.created, None);
}

#[test]
fn running_out_of_gas_is_an_outcome() {
    let (chain, probe) = with_probe();
    let forever = Probe::foreverCall {};
    let receipt = chain.send(&sender(2), &Transaction::invoke(probe, &forever)).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Halted(Halt::OutOfGas));
    assert_eq!(receipt.gas_used, TRANSACTION_GAS_MAX);
    assert_eq!(chain.receipt(receipt.transaction_hash).expect("looked up"), Some(receipt));
    let answer = chain.call(&Call::new(probe, &forever)).expect("answers");
    assert_eq!(answer, Answer::Halted(Halt::OutOfGas));
}

#[test]
fn a_panic_is_told_from_a_custom_error_and_from_noise() {
    let (chain, probe) = with_probe();
    let Answer::Reverted(data) = chain.call(&Call::new(probe, &Probe::overflowCall {})).expect("answers")
    else {
        panic!("does not revert")
    };
    assert!(matches!(decode_error::<Probe::ProbeErrors>(&data), Ok(ContractError::Panic(_))));
    assert!(decode_error::<Probe::ProbeErrors>(&Bytes::from_static(&[1, 2, 3, 4])).is_err());
    assert!(decode_error::<Probe::ProbeErrors>(&Bytes::new()).is_err());
}

#[test]
fn a_call_keeps_nothing_and_may_ask_for_anybody() {
    let (chain, probe) = with_probe();
    let before = chain.fingerprint().expect("reads");
    let answer = chain.call(&Call::new(probe, &Probe::countCall { note: Bytes::new() })).expect("answers");
    assert_eq!(answer, Answer::Returned(Bytes::new()));
    // A contract may ask, though it could not send (EIP-3607).
    let environment = Call::new(probe, &Probe::environmentCall {}).by(probe);
    assert!(matches!(chain.call(&environment).expect("answers"), Answer::Returned(_)));
    assert_eq!(chain.fingerprint().expect("reads"), before);
    assert_eq!(total(&chain, probe), U256::from(5));
}

#[test]
fn a_contract_that_is_not_there_is_told_from_one_that_answers() {
    let (chain, _) = with_probe();
    let error = read(&chain, Address::repeat_byte(9), &Probe::totalCall {}).expect_err("no contract");
    assert!(matches!(error, ReadError::Undecodable { function: "total()" }), "{error}");
}

#[test]
fn the_same_key_executes_once_and_no_key_every_time() {
    let (chain, probe) = with_probe();
    let by = sender(2);
    let keyed = count(probe, b"once").once(B256::repeat_byte(7));
    let first = support::succeed(&chain, &by, &keyed);
    support::succeed(&chain, &by, &count(probe, b"between"));
    let second = support::succeed(&chain, &by, &keyed);
    assert_eq!(first, second);
    assert_eq!(first.transaction_hash, keyed.embedded_hash(CHAIN_ID, by.address(), 99));
    assert_eq!(total(&chain, probe), U256::from(7));
    // Another sender's equal transaction is another one.
    support::succeed(&chain, &sender(3), &keyed);
    assert_eq!(total(&chain, probe), U256::from(8));
    let repeated = count(probe, b"again");
    support::succeed(&chain, &by, &repeated);
    support::succeed(&chain, &by, &repeated);
    assert_eq!(total(&chain, probe), U256::from(10));
}

#[test]
fn ecrecover_agrees_with_the_sender() {
    let (chain, probe) = with_probe();
    let (by, hash) = (sender(2), B256::repeat_byte(0x42));
    let signature = by.sign(hash).expect("signs");
    let function = Probe::recoverCall {
        hash,
        v: 27 + u8::from(signature.v()),
        r: signature.r().into(),
        s: signature.s().into(),
    };
    assert_eq!(read(&chain, probe, &function).expect("answers"), by.address());
}

#[test]
fn a_contract_that_destroys_itself_at_once_leaves_nothing() {
    let (chain, probe) = with_probe();
    let before = chain.state_fingerprint().expect("reads");
    support::succeed(&chain, &sender(2), &Transaction::invoke(probe, &Probe::ephemeralCall {}));
    let (other, _) = with_probe();
    assert_eq!(other.state_fingerprint().expect("reads"), before);
    let call = Call::new(probe, &Probe::ephemeralCall {});
    let Answer::Returned(made) = chain.call(&call).expect("answers") else { panic!("reverts") };
    let second = Address::from_word(B256::from_slice(&made));
    let first = probe.create(1);
    assert_eq!(second, probe.create(2), "the probe's nonce counts what it made");
    for gone in [first, second] {
        let answer = chain.call(&Call::new(gone, &Probe::totalCall {})).expect("answers");
        assert_eq!(answer, Answer::Returned(Bytes::new()));
    }
}

#[test]
fn words_set_to_zero_are_gone() {
    let (chain, probe) = with_probe();
    let by = sender(2);
    let fill = |value: u64| {
        let (from, count) = (U256::from(10), U256::from(20));
        Transaction::invoke(probe, &Probe::fillCall { from, count_: count, value: U256::from(value) })
    };
    support::succeed(&chain, &by, &fill(7));
    assert_eq!(slot(&chain, probe, 29), U256::from(7));
    support::succeed(&chain, &by, &fill(0));
    assert_eq!(slot(&chain, probe, 29), U256::ZERO);

    let (other, other_probe) = with_probe();
    for _ in 0..2 {
        support::succeed(&other, &by, &Transaction::transfer(other_probe.create(9), U256::ZERO));
    }
    assert_eq!(other.state_fingerprint().expect("reads"), chain.state_fingerprint().expect("reads"));
}

#[test]
fn money_moves_gas_is_burnt_and_who_cannot_pay_is_refused() {
    let (rich, poor, heir) = (sender(2), sender(3), Address::repeat_byte(9));
    let mut config = config();
    config.gas_price_wei = 10;
    let ether = U256::from(1_000_000_000_000_000_000_u64);
    config.genesis_balances.insert(rich.address(), ether);
    let chain = Embedded::in_memory(config).expect("opens");
    let transfer = Transaction { gas_limit: 21_000, ..Transaction::transfer(heir, U256::from(5)) };

    let receipt = support::succeed(&chain, &rich, &transfer);
    assert_eq!((receipt.gas_used, receipt.gas_price_wei), (21_000, 10));
    let balance = |account| chain.balance(account).expect("reads");
    assert_eq!(balance(heir), U256::from(5));
    assert_eq!(balance(rich.address()), ether - U256::from(210_005));
    assert_eq!(balance(Address::ZERO), U256::ZERO, "the proposer gains nothing");

    let before = chain.fingerprint().expect("reads");
    let refusal = refusal(&chain, &poor, &transfer);
    assert_eq!(refusal, Refusal::InsufficientFunds { needed: U256::from(210_005), available: U256::ZERO });
    assert_eq!(chain.fingerprint().expect("reads"), before, "a refused transaction leaves no trace");
}

fn refusal(chain: &Embedded, by: &multee_chain::Sender, transaction: &Transaction) -> Refusal {
    match chain.send(by, transaction) {
        Err(ChainError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn limit(result: Result<impl core::fmt::Debug, ChainError>) -> (Limit, u64, u64) {
    match result {
        Err(ChainError::Limit { what, value, limit }) => (what, value, limit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_too_large_or_has_too_little_gas_is_refused() {
    let (chain, probe) = with_probe();
    let (by, before) = (sender(2), chain.fingerprint().expect("reads"));
    let sized = |bytes: usize| Transaction { data: vec![0; bytes].into(), ..count(probe, b"") };
    let starved = Transaction { gas_limit: 20_999, ..Transaction::transfer(probe, U256::ZERO) };
    assert_eq!(refusal(&chain, &by, &starved), Refusal::GasLimitTooSmall { limit: 20_999, needed: 21_000 });
    let creation = Transaction { to: None, ..sized(49_153) };
    assert_eq!(refusal(&chain, &by, &creation), Refusal::CreationCodeTooLarge);

    let data_max = DATA_BYTES_MAX as u64;
    let large = sized(DATA_BYTES_MAX + 1);
    assert_eq!(limit(chain.send(&by, &large)), (Limit::DataBytes, data_max + 1, data_max));
    let call = Call { data: large.data.clone(), ..Call::new(probe, &Probe::totalCall {}) };
    assert_eq!(limit(chain.call(&call)), (Limit::DataBytes, data_max + 1, data_max));

    let thirsty = Transaction { gas_limit: TRANSACTION_GAS_MAX + 1, ..count(probe, b"") };
    let expected = (Limit::TransactionGas, TRANSACTION_GAS_MAX + 1, TRANSACTION_GAS_MAX);
    assert_eq!(limit(chain.send(&by, &thirsty)), expected);
    let call = Call { gas_limit: CALL_GAS_MAX + 1, ..Call::new(probe, &Probe::totalCall {}) };
    assert_eq!(limit(chain.call(&call)), (Limit::CallGas, CALL_GAS_MAX + 1, CALL_GAS_MAX));
    assert_eq!(chain.fingerprint().expect("reads"), before);
}

#[test]
fn code_above_ethereums_limit_is_not_stored() {
    let (chain, _) = with_probe();
    // PUSH2 0x6001, PUSH0, RETURN: 24,577 zero bytes of code, one more than EIP-170 allows.
    let creation = Transaction::deploy(&[0x61, 0x60, 0x01, 0x5F, 0xF3], &NoArguments::constructorCall {});
    let receipt = chain.send(&sender(2), &creation).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Halted(Halt::CodeNotStorable));
    assert_eq!(receipt.created, None);
}

alloy_sol_types::sol! {
    contract NoArguments { constructor(); }
}
