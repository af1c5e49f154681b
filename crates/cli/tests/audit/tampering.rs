//! Whatever is changed on a chain, an audit ends with 3 and names the place.

use alloy_primitives::U256;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::TestToken::Transfer;

use crate::kept::{Copy, Seen, document, slot_of};

/// The slots of the mappings of `State`, which begins at slot 4.
const SEATS: u64 = 17;
const TALLIES: u64 = 21;
/// Carry and purses.
const TREASURY: u64 = 14;
/// Words from a seat's first, its standing, to its deposit.
const DEPOSIT: u64 = 11;

fn refused(seen: &Seen, says: &[&str]) {
    assert_eq!((seen.code, seen.stderr.as_str()), (3, ""), "{seen:?}");
    for what in says {
        assert!(seen.stdout.contains(what), "{what}:\n{}", seen.stdout);
    }
}

#[test]
fn a_changed_score_is_found_in_the_seat_and_in_what_is_said_of_its_device() {
    let copy = Copy::new("score");
    copy.change_word(slot_of(SEATS, 3), |standing| standing - U256::from(1));
    let says = ["\ndiffers", "\n  seatOf(3): score is ", " by the rules, ", "\n  trustOf(0x"];
    refused(&copy.audited(), &says);
}

#[test]
fn a_changed_deposit_is_found_in_the_seat() {
    let copy = Copy::new("deposit");
    copy.change_word(slot_of(SEATS, 2) + U256::from(DEPOSIT), |word| word + U256::from(1));
    let deposit =
        "seatOf(2): funds.deposit is 100000000000000000000 by the rules, 100000000000000000001 on chain";
    refused(&copy.audited(), &[deposit]);
}

#[test]
fn a_changed_tally_is_found_in_the_log() {
    let copy = Copy::new("tally");
    copy.change_word(slot_of(TALLIES, 0), |word| word + U256::from(1));
    refused(&copy.audited(), &["logEntry(0): positive is "]);
}

#[test]
fn a_changed_sum_is_found_in_the_network() {
    let copy = Copy::new("sum");
    copy.change_word(U256::from(TREASURY), |word| word + U256::from(7));
    refused(
        &copy.audited(),
        &["network(): carry is 0 by the rules, 7 on chain", "sums: balance is at least "],
    );
}

#[test]
fn an_event_with_another_score_is_found_where_it_is_told() {
    let copy = Copy::new("event");
    // Judgement, score, streak: a word each.
    copy.change_log::<contract::BlockPassed>(5, |data| data[63] ^= 16);
    refused(
        &copy.audited(),
        &["\ndiverges at block ", ", transaction 0x", "BlockPassed seat ", ": score is "],
    );
}

#[test]
fn scripts_are_told_the_place_and_the_fields() {
    let copy = Copy::new("place");
    copy.change_log::<contract::EpochSeeded>(4, |data| data[0] ^= 1);
    let seen = copy.judged();
    let report = document(&seen);
    assert_eq!((seen.code, &report["agrees"], &report["views"]), (3, &false.into(), &0.into()));
    let place = &report["divergence"];
    assert!(place["block"].is_u64() && place["log_index"].is_u64() && place["transaction"].is_string());
    assert!(place["what"].as_str().is_some_and(|what| what.contains("seed is 0x")), "{place}");

    let copy = Copy::new("fields");
    copy.change_word(slot_of(SEATS, 3), |standing| standing - U256::from(1));
    let seen = copy.judged();
    let report = document(&seen);
    assert_eq!((seen.code, &report["agrees"], &report["divergence"]), (3, &false.into(), &().into()));
    let first = &report["differences"][0];
    assert_eq!((&first["view"], &first["field"]), (&"seatOf(3)".into(), &"score".into()));
    assert!(report["differing_fields"].as_u64() >= Some(2), "{report}");
}

#[test]
fn a_dropped_event_is_missed() {
    let copy = Copy::new("dropped_passing");
    copy.drop_log::<contract::BlockPassed>(3);
    refused(&copy.audited(), &["\ndiverges at block ", "the rules give BlockPassed seat "]);
    let copy = Copy::new("dropped_opening");
    copy.drop_log::<contract::EpochOpened>(0);
    refused(
        &copy.audited(),
        &["EpochSeeded epoch 0, but the rules reject such a call: epoch 0 is not opened"],
    );
}

#[test]
fn what_is_dropped_at_the_end_is_missed_in_the_state() {
    let copy = Copy::new("dropped_last");
    let last = "SELECT block FROM logs WHERE length(data) > 1000 ORDER BY block DESC LIMIT 1";
    let rows = "SELECT count(*) FROM logs WHERE block = (SELECT block FROM logs WHERE length(data) > 1000
                ORDER BY block DESC LIMIT 1)";
    let count = copy.count(rows);
    copy.change(count, &format!("DELETE FROM logs WHERE block = ({last})"));
    refused(
        &copy.audited(),
        &["\ndiffers: all events are as the rules give them", "last_digest", "blockOf(19, "],
    );
}

#[test]
fn a_block_with_a_forged_digest_is_not_what_was_signed() {
    let copy = Copy::new("digest");
    copy.change_log::<contract::BlockPublished>(40, |data| data[0] ^= 1);
    refused(&copy.audited(), &["\ndiverges at block ", "BlockPublished seat ", ": digest is 0x"]);
}

#[test]
fn forged_marks_and_power_and_a_forged_signature_are_not_the_incarnations() {
    // Digest, order, weight, power, properties, marks, latest bindings, r, vs: a word each.
    let words = [("power", 3), ("properties", 4), ("marks", 5), ("latest_bindings", 6), ("r", 7), ("vs", 8)];
    for (name, word) in words {
        let copy = Copy::new(&format!("forged_{name}"));
        copy.change_log::<contract::BlockPublished>(40, |data| data[32 * word + 31] ^= 1);
        refused(&copy.audited(), &["\ndiverges at block ", "the incarnation did not sign digest 0x"]);
    }
}

#[test]
fn other_evidence_is_found_in_the_blocks_binding() {
    let copy = Copy::new("evidence");
    // Of the last block: nobody has marked it yet.
    let last = copy.logs::<contract::BlockPublished>() - 1;
    copy.change_log::<contract::BlockPublished>(last, |data| data[32 * 11 + 5] ^= 1);
    refused(&copy.audited(), &["\ndiffers", "evidence_binding is 0x"]);
}

#[test]
fn other_evidence_is_found_by_what_the_blocks_verifiers_state() {
    let copy = Copy::new("judged evidence");
    copy.change_log::<contract::BlockPublished>(40, |data| data[32 * 11 + 5] ^= 1);
    refused(&copy.audited(), &["\ndiverges", "the hash of the bindings of the latest blocks marked is 0x"]);
}

#[test]
fn another_policy_document_is_not_that_of_its_digest() {
    let copy = Copy::new("policy");
    copy.change_log::<contract::PolicySet>(0, |data| data[70] ^= 1);
    refused(&copy.audited(), &["a policy is told with digest 0x"]);
}

#[test]
fn a_seed_that_its_source_does_not_give_is_found() {
    let copy = Copy::new("seed");
    copy.change_log::<contract::EpochSeeded>(4, |data| data[0] ^= 1);
    refused(&copy.audited(), &["EpochSeeded epoch 4: seed is 0x"]);
}

#[test]
fn bytes_that_the_contract_never_emits_are_no_event() {
    let copy = Copy::new("padding");
    copy.change_log::<contract::BlockPassed>(0, |data| data[0] = 1);
    refused(&copy.audited(), &["a log that is no event of the contract"]);
}

#[test]
fn a_donation_that_is_hidden_or_made_up_shows_in_the_next_pot() {
    // The last transfer before the first opening is the demo's gift; those before it are minted to the owner, or
    // deposits.
    let hidden = Copy::new("hidden_donation");
    hidden.drop_log::<Transfer>(11);
    refused(
        &hidden.audited(),
        &["EpochOpened epoch 0: pot is 0 by the rules, 100000000000000000000 on chain"],
    );
    let larger = Copy::new("larger_donation");
    larger.change_log::<Transfer>(11, |data| data[0] = 1);
    refused(&larger.audited(), &["balanceOf the contract: is "]);
}

#[test]
fn a_deposit_that_never_came_is_missed() {
    let copy = Copy::new("unpaid");
    copy.drop_log::<Transfer>(1);
    refused(&copy.audited(), &["a deposit of 100000000000000000000 was booked and no such transfer"]);
}
