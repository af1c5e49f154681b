//! What an audit says of a contract that does as the rules say.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::kept::{copied, document, multee};

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn amount(value: &Value) -> u128 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no amount"))
}

#[test]
fn a_demos_chain_agrees_with_the_rules_whatever_its_seed() {
    for seed in [1, 2] {
        let directory = copied(seed, &format!("agrees_{seed}"));
        let seen = multee(&["audit", "--chain", directory.to_str().expect("UTF-8"), "--json"]);
        assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{}", seen.stdout);
        let report = document(&seen);
        assert_eq!(report["agrees"], true);
        assert_eq!((&report["divergence"], number(&report["differing_fields"])), (&Value::Null, 0));
        assert_eq!((number(&report["epochs"]), number(&report["replayed"]["donations"])), (20, 1));
        assert!(number(&report["replayed"]["events"]) > number(&report["replayed"]["calls"]));
        assert!(number(&report["replayed"]["blocks"]) > 100);
        assert!(number(&report["views"]) > 300);
        let sums = &report["sums"];
        let parts = ["deposits", "bounties", "carry", "purses", "unallocated"];
        assert_eq!(parts.iter().map(|part| amount(&sums[part])).sum::<u128>(), amount(&sums["balance"]));
        assert!(amount(&sums["purses"]) > 0 && sums["add_up"] == true);
    }
}

#[test]
fn the_file_the_directory_and_the_address_name_the_same_contract_and_nothing_is_written() {
    let file = copied(1, "named").join("chain.sqlite");
    let before = fs::read(&file).expect("reads");
    let chain = file.to_str().expect("UTF-8");
    let of_file = document(&multee(&["audit", "--chain", chain, "--json"]));
    let contract = of_file["contract"].as_str().expect("an address");
    let named = multee(&["audit", "--chain", chain, "--json", "--contract", contract]);
    let without_time = |mut report: Value| {
        (report["wall_s"], report["events_per_s"]) = (Value::Null, Value::Null);
        report
    };
    assert_eq!(without_time(document(&named)), without_time(of_file));
    assert!(fs::read(&file).expect("reads") == before, "the audit changed the file");
}

#[test]
fn text_says_what_was_replayed_where_the_tokens_are_and_the_verdict() {
    let seen = multee(&["audit", "--chain", copied(1, "text").to_str().expect("UTF-8")]);
    // Numbers follow from the protocol's parameters; the test above holds them against each other.
    let mut shown = String::new();
    for word in seen.stdout.split_inclusive([' ', '\n', ',']) {
        let core = word.trim_end_matches([' ', '\n', ',']);
        let is_number = core.starts_with(|c: char| c.is_ascii_digit());
        shown.push_str(if is_number { "#" } else { core });
        shown.push_str(&word[core.len()..]);
    }
    assert_snapshot!(shown);
}

#[test]
fn help_says_what_is_held_against_what() {
    let seen = multee(&["audit", "--help"]);
    assert_eq!(seen.code, 0);
    assert_snapshot!(seen.stdout);
}
