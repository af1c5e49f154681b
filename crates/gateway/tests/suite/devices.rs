//! What lists say of devices is what their blocks, marks and rewards say.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use serde_json::Value;

use crate::served::{Served, config, lived, served};
use crate::story::{self, played};
use crate::town::{EPOCH_S, PROVIDER, Town, device, key};

fn items(served: &Served, query: &str) -> Vec<Value> {
    let (status, answer) = served.get(&format!("/v1/devices{query}"));
    assert_eq!(status, 200, "{query}: {answer}");
    let items = answer["items"].as_array().expect("a list").clone();
    assert_eq!(answer["total"], items.len(), "{query}: the total is that of the filter");
    items
}

fn seats(served: &Served, query: &str) -> Vec<u64> {
    items(served, query).iter().map(|it| it["seat"].as_u64().expect("a seat")).collect()
}

/// Epochs of the story in which there were blocks, and a seat's among them.
fn epochs(served: &Served, seat: u64) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut opened, mut own) = (BTreeSet::new(), BTreeSet::new());
    for epoch in served.get("/v1/epochs?limit=200").1["items"].as_array().expect("epochs") {
        let number = epoch["epoch"].as_u64().expect("an epoch");
        if epoch["opened"] == true {
            opened.insert(number);
        }
        let marks = served.get(&format!("/v1/epochs/{number}/marks?limit=200")).1;
        let blocks = marks["items"].as_array().cloned().unwrap_or_default();
        if blocks.iter().any(|block| block["seat"] == seat) {
            own.insert(number);
        }
    }
    (opened, own)
}

#[test]
fn missed_epochs_and_what_was_earned_are_as_the_blocks_say() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), played(), config());
    let last = u64::from(story::EPOCHS) - 1;
    for item in items(&served, "") {
        let seat = item["seat"].as_u64().expect("a seat");
        let (opened, own) = epochs(&served, seat);
        let has_duty = item["exiting"] == false && item["tier"] != "blocked" && item["admitted"] == true;
        let changes = served.get(&format!("/v1/devices/{}", item["device_id"].as_str().expect("an id"))).1;
        let admitted = changes["changes"].as_array().expect("changes").iter();
        let admitted =
            admitted.filter(|it| it["kind"] == "seat_admitted").find_map(|it| it["epoch"].as_u64());
        let missed = opened.iter().filter(|epoch| {
            **epoch > last - 16 && **epoch < last && Some(**epoch) >= admitted && !own.contains(epoch)
        });
        let expected = has_duty.then(|| missed.count());
        assert_eq!(item["missed_epochs"], serde_json::json!(expected), "seat {seat}: {item}");
        let earned = |orders: &BTreeSet<u64>| -> u128 {
            let rewards = orders.iter().map(|epoch| {
                let marks = served.get(&format!("/v1/epochs/{epoch}/marks?limit=200")).1;
                let block = marks["items"].as_array().expect("blocks").iter().find(|it| it["seat"] == seat);
                let order = block.expect("its own")["order"].as_u64().expect("an order");
                let block = served.get(&format!("/v1/blocks/{epoch}/{order}")).1;
                block["reward"].as_str().map_or(0, |amount| amount.parse::<u128>().expect("an amount"))
            });
            rewards.sum()
        };
        if item["tier"] != "blocked" && seat != 3 {
            assert_eq!(item["earned"], earned(&own).to_string(), "seat {seat}");
        }
    }
    let all = items(&served, "");
    assert!(all.iter().any(|it| it["missed_epochs"].as_u64() > Some(0)));
}

#[test]
fn a_missed_epoch_is_estimated_by_what_the_others_took() {
    let dir = tempfile::tempdir().expect("a directory");
    let town = Town::new(4);
    (0..8).for_each(|epoch| town.epoch(epoch, (1..=4).filter(|seat| (*seat, epoch) != (4, 2))));
    // Nobody has missed what is under way.
    town.begin(8);
    let served = served(dir.path(), town, config());
    let rewards = (0..3).map(|order| served.get(&format!("/v1/blocks/2/{order}")).1["reward"].clone());
    let rewards = rewards.map(|reward| reward.as_str().expect("an amount").parse::<u128>().expect("digits"));
    let mean = rewards.sum::<u128>() / 3;
    assert!(mean > 0);
    for item in items(&served, "") {
        let (epochs, rewards) = if item["seat"] == 4 { (1, mean) } else { (0, 0) };
        assert_eq!(item["missed_epochs"], epochs);
        assert_eq!(item["missed_rewards_estimate"], rewards.to_string());
    }
}

#[test]
fn verdicts_platforms_and_scores_are_shown() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    let all = items(&served, "");
    let of = |seat: u64| all.iter().find(|it| it["seat"] == seat).expect("a seat");
    assert_eq!((&of(1)["platform"], &of(1)["last_verdict"]["verdict"]), (&"valid".into(), &"passed".into()));
    assert_eq!(of(3)["platform"], "evidence_invalid", "{}", of(3));
    assert_eq!(of(3)["last_verdict"]["verdict"], "malicious");
    let is_bad = |it: &&Value| it["last_verdict"]["verdict"] == "malicious";
    assert!(
        all.iter().filter(|it| !is_bad(it)).all(|it| it["platform"] == "valid" || it["platform"].is_null())
    );
    assert!(of(3)["last_verdict"]["negative"].as_u64() > of(3)["last_verdict"]["positive"].as_u64());
    assert_eq!((&of(1)["flagged"], &of(1)["tee"]), (&false.into(), &Value::Null), "evidence of no TEE");
    let scores = of(3)["scores"].as_array().expect("scores");
    assert_eq!(scores.last().expect("some")["score"], of(3)["score"]);
    assert!(scores.first().expect("some")["score"].as_u64() > scores.last().expect("some")["score"].as_u64());
    let rate = of(1)["staking_rate_bps"].as_u64().expect("a rate");
    let (earned, deposit) = (of(1)["earned"].as_str(), of(1)["deposit"].as_str());
    let parse = |text: Option<&str>| text.expect("an amount").parse::<f64>().expect("a number");
    let blocks = of(1)["earned"].as_str().map(|_| 0..6).expect("some");
    let last = blocks.rev().find(|epoch| {
        served.get(&format!("/v1/epochs/{epoch}/marks")).1["items"].as_array().expect("blocks").iter().any(
            |it| {
                let path = format!("/v1/blocks/{epoch}/{}", it["order"]);
                served.get(&path).1["reward"] != Value::Null
            },
        )
    });
    let length_s = f64::from((last.expect("one that paid") + 1) * EPOCH_S);
    let expected = parse(earned) / parse(deposit) * 31_536_000.0 / length_s * 10_000.0;
    #[allow(clippy::cast_precision_loss, reason = "compared roughly")]
    let off = (rate as f64 / expected - 1.0).abs();
    assert!(off < 0.001, "{rate} is not {expected}");
}

#[test]
fn marks_on_a_block_are_those_that_were_given_to_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), played(), config());
    let mut given = BTreeSet::new();
    let mut blocks = Vec::new();
    for epoch in 0..story::EPOCHS {
        let marks = served.get(&format!("/v1/epochs/{epoch}/marks?limit=200")).1;
        for block in marks["items"].as_array().cloned().unwrap_or_default() {
            blocks.push((epoch, block["order"].clone()));
            for mark in block["marks"].as_array().expect("marks") {
                let (from, to) = ((epoch, &block["order"]), (&mark["epoch"], &mark["order"]));
                given.insert(format!("{from:?} {to:?} {} {}", mark["mark"], mark["log_position"]));
            }
        }
    }
    let mut received = BTreeSet::new();
    for (epoch, order) in blocks {
        let answer = served.get(&format!("/v1/blocks/{epoch}/{order}/marks")).1;
        for mark in answer["marks"].as_array().expect("marks") {
            let by = u32::try_from(mark["epoch"].as_u64().expect("an epoch")).expect("small");
            let (from, to) = ((by, &mark["order"]), (&answer["epoch"], &answer["order"]));
            received.insert(format!("{from:?} {to:?} {} {}", mark["mark"], mark["log_position"]));
        }
    }
    assert!(given.len() > 500, "{}", given.len());
    assert_eq!(received, given);
}

#[test]
fn filters_find_what_begins_so_in_either_case_and_count_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), Town::new(5), config());
    let provider = format!("{:x}", key(PROVIDER, 3).address());
    let begins = &provider[..12];
    assert_eq!(seats(&served, &format!("?q=0x{begins}")), [3]);
    assert_eq!(seats(&served, &format!("?q={}", begins.to_uppercase())), [3]);
    assert_eq!(seats(&served, &format!("?q=0x{provider}")), [3]);
    assert_eq!(seats(&served, &format!("?q={}", device(4))), [4]);
    assert_eq!(seats(&served, "?q=0x000000"), [1, 2, 3, 4, 5], "all device ids begin so");
    assert_eq!(seats(&served, &format!("?q={}", B256::repeat_byte(0x77))), [0; 0]);
    assert!(seats(&served, "?q=4").contains(&4), "its number");
    assert_eq!(seats(&served, "?tee=sgx"), [0; 0]);
    assert_eq!(seats(&served, "?operational=true&q=0x0000&tier=full"), [1, 2, 3, 4, 5]);
    for wrong in ["?q=", "?q=xyz", "?q=0x", "?tee=sev", &format!("?q={}", "1".repeat(65))] {
        assert_eq!(served.get(&format!("/v1/devices{wrong}")).0, 400, "{wrong}");
    }
    let (_, first) = served.get("/v1/devices?q=0x0000&limit=2");
    assert_eq!((&first["total"], &first["next_offset"]), (&5.into(), &2.into()), "{first}");
}

#[test]
fn the_table_has_the_lists_rows() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    let (status, kind, body) = served.raw("GET", "/v1/devices.csv?sort=lowest_score", "");
    assert_eq!((status, kind.as_str()), (200, "text/csv; charset=utf-8"));
    let text = String::from_utf8(body).expect("text");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let list = items(&served, "?sort=lowest_score");
    assert_eq!(lines.len(), list.len() + 1);
    for (line, item) in lines[1..].iter().zip(&list) {
        for (name, cell) in lines[0].iter().zip(line) {
            let shown = match (*name, &item[*name]) {
                ("verdict", _) => item["last_verdict"]["verdict"].clone(),
                ("verdict_epoch", _) => item["last_verdict"]["epoch"].clone(),
                (_, value) => value.clone(),
            };
            let shown = match shown {
                Value::String(text) => text,
                Value::Null => String::new(),
                other => other.to_string(),
            };
            assert_eq!(cell, &shown, "{name}");
        }
    }
    assert_eq!(served.get("/v1/devices.csv?limit=1").0, 400, "it has no parts");
}

#[test]
fn a_devices_blocks_are_those_of_its_seat_with_what_came_of_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), played(), config());
    for item in items(&served, "") {
        let (id, seat) = (item["device_id"].as_str().expect("an id"), item["seat"].as_u64().expect("a seat"));
        let (status, blocks) = served.get(&format!("/v1/devices/{id}/blocks?limit=200"));
        assert_eq!(status, 200, "{blocks}");
        let listed = blocks["items"].as_array().expect("a list");
        let own: Vec<u64> = listed.iter().filter_map(|block| block["epoch"].as_u64()).collect();
        assert_eq!(own, epochs(&served, seat).1.into_iter().rev().collect::<Vec<_>>(), "seat {seat}");
        for block in listed {
            let whole = served.get(&format!("/v1/blocks/{}/{}", block["epoch"], block["order"])).1;
            assert_eq!((&whole["seat"], &whole["weight"]), (&item["seat"], &block["weight"]));
            let verdict = block["verdict"].as_str().expect("a word");
            let expected = match (whole["decided"].as_str(), &whole["passed"], &whole["final"]) {
                (Some(decided), ..) => decided,
                (None, Value::Bool(true), _) => "passed",
                (None, _, Value::Bool(true)) => "final",
                _ => "open",
            };
            assert_eq!(verdict, expected, "{whole}");
        }
    }
    assert_eq!(served.get(&format!("/v1/devices/0x{}/blocks", "ee".repeat(32))).0, 404);
}
