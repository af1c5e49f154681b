//! Reading events back.

mod support;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use multee_chain::embedded::Embedded;
use multee_chain::{
    BlockNumHash, Chain, ChainError, LOG_ALTERNATIVES_MAX, LOG_RANGE_BLOCKS_MAX, Limit, LogEntry, LogFilter,
};
use support::{Probe, count, deploy, sender, with_probe};

fn logged(chain: &Embedded, filter: &LogFilter) -> Vec<LogEntry> {
    chain.logs(filter).expect("reads")
}

fn blocks(logs: &[LogEntry]) -> Vec<u64> {
    logs.iter().map(|entry| entry.block_number).collect()
}

/// Two probes; the first logs in blocks 3, 5, 7, 9, the second in 4, 6, 8, 10, each by another sender.
fn story() -> (Embedded, Address, Address) {
    let (chain, first) = with_probe();
    let second = deploy(&chain, 100);
    for byte in 2..6 {
        support::succeed(&chain, &sender(byte), &count(first, b"first"));
        support::succeed(&chain, &sender(byte), &count(second, b"second"));
    }
    (chain, first, second)
}

#[test]
fn logs_are_found_by_range_address_and_topic_in_order() {
    let (chain, first, second) = story();
    let everything = logged(&chain, &LogFilter { to_block: 99, ..LogFilter::default() });
    assert_eq!(blocks(&everything), [3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(blocks(&logged(&chain, &LogFilter::of(first, 0, 99))), [3, 5, 7, 9]);
    assert_eq!(blocks(&logged(&chain, &LogFilter::of(first, 4, 7))), [5, 7], "both ends are included");
    let signature = Probe::Counted::SIGNATURE_HASH;
    assert_eq!(blocks(&logged(&chain, &LogFilter::of(second, 0, 99).event(signature))), [4, 6, 8, 10]);
    assert!(logged(&chain, &LogFilter::of(second, 0, 99).event(B256::ZERO)).is_empty());

    let mut filter = LogFilter::of(first, 0, 99);
    filter.addresses.push(second);
    assert_eq!(logged(&chain, &filter), everything);
    filter.topics[1] = [3, 5].map(|byte| sender(byte).address().into_word()).to_vec();
    assert_eq!(blocks(&logged(&chain, &filter)), [5, 6, 9, 10]);
    filter.topics[2] = vec![U256::from(7).into()];
    assert_eq!(blocks(&logged(&chain, &filter)), [5]);
    filter.topics[3] = vec![B256::ZERO];
    assert!(logged(&chain, &filter).is_empty(), "an absent topic is no zero topic");
    assert!(logged(&chain, &LogFilter::of(first, 9, 3)).is_empty(), "an empty range");
}

#[test]
fn a_log_read_back_is_the_one_in_the_receipt() {
    let (chain, first, _) = story();
    let receipt = support::succeed(&chain, &sender(9), &count(first, b"note"));
    let found = logged(&chain, &LogFilter::of(first, receipt.block_number, receipt.block_number));
    assert_eq!(found, receipt.logs);
    assert_eq!(found[0].transaction_hash, receipt.transaction_hash);
    assert_eq!(Probe::Counted::decode_log(&found[0].log).expect("the event").note.as_ref(), b"note");
}

#[test]
fn a_filter_too_wide_is_refused() {
    let (chain, first, _) = story();
    let within = LogFilter::of(first, 1, LOG_RANGE_BLOCKS_MAX);
    assert!(chain.logs(&within).is_ok());
    let wide = LogFilter::of(first, 1, LOG_RANGE_BLOCKS_MAX + 1);
    let all = LogFilter { to_block: u64::MAX, ..LogFilter::default() };
    for filter in [wide, all] {
        let error = chain.logs(&filter).expect_err("too wide");
        assert!(matches!(error, ChainError::Limit { what: Limit::LogRangeBlocks, .. }), "{error}");
    }
    for place in 0..=4 {
        let mut filter = LogFilter::of(first, 0, 9);
        match place {
            4 => filter.addresses = vec![first; LOG_ALTERNATIVES_MAX + 1],
            topic => filter.topics[topic] = vec![B256::ZERO; LOG_ALTERNATIVES_MAX + 1],
        }
        let error = chain.logs(&filter).expect_err("too many");
        assert!(matches!(error, ChainError::Limit { what: Limit::LogAlternatives, .. }), "{error}");
    }
}

#[test]
fn logs_carry_the_hash_of_their_block_and_can_be_asked_upon_one() {
    let (chain, first, _) = story();
    let head = chain.head().expect("head").num_hash();
    let logs = logged(&chain, &LogFilter::of(first, 0, 99).upon([head]));
    assert_eq!(blocks(&logs), [3, 5, 7, 9]);
    for entry in logs {
        assert_eq!(chain.block(entry.block_number).expect("reads").expect("there").hash, entry.block_hash);
    }
    let other = BlockNumHash { hash: B256::ZERO, ..head };
    let error = chain.logs(&LogFilter::of(first, 0, 99).upon([head, other])).expect_err("another fork");
    assert!(matches!(error, ChainError::Reorganised { .. }), "{error}");
}
