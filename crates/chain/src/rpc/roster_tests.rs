//! Which endpoint may be asked.

use super::super::config::Endpoint;
use super::*;
use alloy_primitives::B256;

fn roster(count: usize) -> Roster {
    let endpoint = Endpoint::parse("http://127.0.0.1:1").expect("a URL");
    Roster::new(&Config::new(1, vec![endpoint; count]))
}

fn at(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn block(number: u64, timestamp_s: u64) -> Block {
    Block { number, hash: B256::ZERO, timestamp_s, base_fee_wei: None }
}

const DEAD: Fault = Fault::Timeout { limit_ms: 1 };

#[test]
fn endpoints_are_asked_in_order_of_preference_and_not_while_they_rest() {
    let mut roster = roster(3);
    assert_eq!(roster.available(at(0)), [0, 1, 2]);
    roster.failed(0, &DEAD, at(0));
    assert_eq!(roster.available(at(0)), [1, 2]);
    assert_eq!(roster.available(at(1)), [0, 1, 2]);
    for _ in 0..10 {
        roster.failed(0, &DEAD, at(1));
    }
    assert_eq!(roster.available(at(30)), [1, 2]);
    assert_eq!(roster.available(at(61)), [0, 1, 2]);
}

#[test]
fn an_endpoint_that_comes_back_is_checked_again() {
    let mut roster = roster(1);
    assert!(roster.needs_check(0, at(0)));
    roster.agreed(0, at(0));
    assert!(!roster.needs_check(0, at(299)));
    assert!(roster.needs_check(0, at(300)));
    roster.failed(0, &DEAD, at(10));
    assert!(roster.needs_check(0, at(10)));
    roster.agreed(0, at(11));
    roster.failed(0, &Fault::error(-32000, "header not found", None), at(11));
    assert!(!roster.needs_check(0, at(11)));
    assert_eq!(roster.available(at(11)), [0]);
}

#[test]
fn an_endpoint_of_another_chain_rests_longest() {
    let mut roster = roster(2);
    roster.failed(0, &Fault::WrongChain { expected: 1, found: 2 }, at(0));
    assert_eq!(roster.available(at(29)), [1]);
    let standings = roster.standings(at(0));
    assert!(
        matches!(&standings[0], Standing::Resting { fault: Fault::WrongChain { .. }, .. }),
        "{standings:?}"
    );
    assert_eq!(standings[1], Standing::Unknown);
}

#[test]
fn an_endpoint_behind_in_blocks_or_in_time_is_stale() {
    let mut roster = roster(2);
    roster.saw(0, block(95, 1000), at(0));
    roster.saw(1, block(100, 1060), at(0));
    assert_eq!(roster.check_fresh(0, at(0)), Ok(()));
    roster.saw(1, block(101, 1060), at(0));
    let stale = Fault::Stale { head: 95, time_s: 1000, others: 101, others_time_s: 1060 };
    assert_eq!(roster.check_fresh(0, at(0)), Err(stale));
    assert_eq!(roster.check_fresh(1, at(0)), Ok(()));
    roster.saw(1, block(96, 1061), at(0));
    assert!(roster.check_fresh(0, at(0)).is_err());
}

#[test]
fn a_dead_endpoint_makes_nobody_stale() {
    let mut roster = roster(2);
    roster.saw(0, block(95, 1000), at(0));
    roster.saw(1, block(1000, 9000), at(0));
    roster.failed(1, &DEAD, at(0));
    assert_eq!(roster.check_fresh(0, at(0)), Ok(()));
}

#[test]
fn one_of_three_that_invents_blocks_makes_nobody_stale() {
    let mut roster = roster(3);
    roster.saw(0, block(100, 1000), at(0));
    roster.saw(1, block(101, 1001), at(0));
    roster.saw(2, block(u64::MAX, u64::MAX), at(0));
    assert_eq!(roster.check_fresh(0, at(0)), Ok(()));
    assert_eq!(roster.check_fresh(1, at(0)), Ok(()));
}

#[test]
fn who_lacks_a_block_that_a_caller_knows_is_passed_over_for_a_while() {
    let mut roster = roster(2);
    roster.saw(0, block(99, 1000), at(0));
    roster.saw(1, block(100, 1000), at(0));
    roster.told(100, at(0));
    roster.told(98, at(1));
    assert!(matches!(roster.check_fresh(0, at(59)), Err(Fault::Stale { head: 99, others: 100, .. })));
    assert_eq!(roster.check_fresh(1, at(59)), Ok(()));
    assert_eq!(roster.check_fresh(0, at(60)), Ok(()));
}

#[test]
fn a_survey_is_due_only_with_others_to_compare_and_not_always() {
    assert!(!roster(1).begin_survey(at(0)));
    let mut roster = roster(2);
    assert!(roster.begin_survey(at(0)));
    assert!(!roster.begin_survey(at(14)));
    assert!(roster.begin_survey(at(15)));
}

#[test]
fn a_head_is_known_only_for_as_long_as_asked() {
    let mut roster = roster(1);
    roster.saw(0, block(5, 5), at(1));
    assert_eq!(roster.head(0, at(1), at(1)), Some(block(5, 5)));
    assert_eq!(roster.head(0, at(2), at(1)), None);
    assert_eq!(roster.head(0, at(1), at(0)), None);
}
