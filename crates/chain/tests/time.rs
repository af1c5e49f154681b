//! Blocks and time on the embedded chain.

mod support;

use alloy_primitives::{Address, B256, U256};
use multee_chain::embedded::{Embedded, MINED_BLOCKS_MAX, TIME_MAX_S};
use multee_chain::{Chain, ChainError, Limit, Transaction, read};
use support::{GENESIS_S, Probe, config, count, hash_of, sender, slot, with_probe};

#[test]
fn time_goes_on_with_a_block_and_never_back() {
    let (chain, probe) = with_probe();
    let head = chain.set_time(GENESIS_S + 60).expect("later");
    assert_eq!((head.number, head.timestamp_s), (2, GENESIS_S + 60));
    assert_eq!(chain.set_time(GENESIS_S + 60).expect("now"), head, "no block without need");
    let error = chain.set_time(GENESIS_S + 59).expect_err("earlier");
    assert!(matches!(error, ChainError::TimeGoesBack { now_s, asked_s } if now_s == asked_s + 1), "{error}");
    assert_eq!(chain.advance(40).expect("later").timestamp_s, GENESIS_S + 100);
    let environment = read(&chain, probe, &Probe::environmentCall {}).expect("answers");
    assert_eq!((environment.number, environment.time), (U256::from(3), U256::from(GENESIS_S + 100)));
    assert_eq!(chain.head().expect("head").number, 3);
}

#[test]
fn time_has_an_end() {
    let (chain, _) = with_probe();
    for result in [chain.set_time(TIME_MAX_S + 1), chain.advance(u64::MAX)] {
        assert!(matches!(result, Err(ChainError::Limit { what: Limit::Time, .. })), "{result:?}");
    }
    assert_eq!(chain.set_time(TIME_MAX_S).expect("the end").timestamp_s, TIME_MAX_S);
    let mut late = config();
    late.genesis_time_s = TIME_MAX_S + 1;
    assert!(Embedded::in_memory(late).is_err());
}

#[test]
fn a_transaction_sees_its_own_block_and_a_call_the_newest() {
    let (chain, probe) = with_probe();
    let parent = chain.advance(7).expect("later");
    let record = Transaction::invoke(probe, &Probe::recordEnvironmentCall {});
    let receipt = support::succeed(&chain, &sender(2), &record);
    assert_eq!(receipt.block_number, parent.number + 1);
    let seen = |key| slot(&chain, probe, key);
    assert_eq!(seen(0), U256::from(receipt.block_number));
    assert_eq!(seen(1), U256::from(GENESIS_S + 7));
    assert_eq!(B256::from(seen(3)), parent.hash);
    // A call made now sees the same block the transaction was in.
    let environment = read(&chain, probe, &Probe::environmentCall {}).expect("answers");
    assert_eq!((environment.number, environment.time), (seen(0), seen(1)));
    assert_eq!(environment.randomness, seen(2));
    assert_ne!(seen(2), U256::ZERO);
    assert_eq!(environment.chainId, U256::from(support::CHAIN_ID));
    assert_eq!(environment.by, Address::ZERO);
}

#[test]
fn blockhash_answers_for_256_blocks_and_no_more() {
    let (chain, probe) = with_probe();
    let source = chain.mine(2).expect("mines");
    assert_eq!(hash_of(&chain, probe, source.number), B256::ZERO, "not its own block's");
    chain.mine(256).expect("mines");
    assert_eq!(hash_of(&chain, probe, source.number), source.hash);
    chain.mine(1).expect("mines");
    assert_eq!(hash_of(&chain, probe, source.number), B256::ZERO, "too old");
    assert_eq!(hash_of(&chain, probe, u64::MAX), B256::ZERO);
}

#[test]
fn mining_has_a_limit_and_none_is_none() {
    let (chain, _) = with_probe();
    let head = chain.head().expect("head");
    assert_eq!(chain.mine(0).expect("mines"), head);
    let error = chain.mine(MINED_BLOCKS_MAX + 1).expect_err("too many");
    assert!(matches!(error, ChainError::Limit { what: Limit::MinedBlocks, .. }), "{error}");
    assert_eq!(chain.head().expect("head"), head);
}

#[test]
fn the_same_calls_make_the_same_chain_bit_for_bit() {
    let story = |note: &'static [u8]| {
        let (chain, probe) = with_probe();
        for byte in 2..20 {
            support::succeed(&chain, &sender(byte), &count(probe, note));
            let fill =
                Probe::fillCall { from: U256::from(byte), count_: U256::from(9), value: U256::from(1) };
            support::succeed(&chain, &sender(byte), &Transaction::invoke(probe, &fill));
            chain.advance(u64::from(byte)).expect("later");
        }
        (chain.fingerprint().expect("reads"), chain.head().expect("head"))
    };
    assert_eq!(story(b"a"), story(b"a"));
    let (first, second) = (story(b"a"), story(b"b"));
    assert_ne!(first.0, second.0);
    assert_ne!(first.1.hash, second.1.hash);
}
