//! The demo's story: what each device comes to, and that the same seed tells it again.

use std::process::{Command, Output};

use serde_json::Value;

fn demo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
    command.arg("demo").args(args).env_remove("COLUMNS").output().expect("the program runs")
}

fn story(args: &[&str]) -> Value {
    let output = demo(&[args, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

fn devices<'a>(story: &'a Value, role: &str) -> Vec<&'a Value> {
    let all = story["devices"].as_array().expect("devices");
    all.iter().filter(|device| device["role"] == role).collect()
}

fn scores(device: &Value) -> Vec<Option<u64>> {
    device["score_by_epoch"].as_array().expect("scores").iter().map(Value::as_u64).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What must hold whatever the seed.
fn check(story: &Value, epochs: usize) {
    for device in devices(story, "honest") {
        let low = scores(device).iter().flatten().filter(|score| **score < 9000).count();
        assert!(low <= 2, "honest device below 9000 for {low} epochs: {device}");
        assert_eq!(device["penalties"], 0);
        assert_eq!(device["incarnations"], 1);
    }
    for device in story["devices"].as_array().expect("devices") {
        assert_eq!(scores(device).len(), epochs);
    }

    let [wrong] = devices(story, "wrong_measurement")[..] else { panic!("one boots a wrong image") };
    let lowest = scores(wrong).into_iter().flatten().min().expect("scores");
    assert!(lowest < 5000, "never suspended: {wrong}");
    assert_eq!((wrong["tier"].as_str(), &wrong["incarnations"]), (Some("full"), &Value::from(2)));

    let [revoked] = devices(story, "revoked")[..] else { panic!("one is revoked") };
    assert!(number(&revoked["score"]) < 5000, "{revoked}");
    assert!(!["full", "warning", "restricted"].contains(&revoked["tier"].as_str().expect("tier")));

    for slanderer in devices(story, "slanderer") {
        assert!(number(&slanderer["score"]) < 5000, "{slanderer}");
        assert_eq!(slanderer["penalties"], 0, "its own evidence is genuine: {slanderer}");
        assert_eq!(slanderer["tier"], "suspended");
    }

    let [joiner] = devices(story, "joiner")[..] else { panic!("one joins") };
    assert_eq!(joiner["tier"], "full");
    assert_eq!(scores(joiner)[0], None);

    let [clone] = devices(story, "clone")[..] else { panic!("one is cloned") };
    let victim = &devices(story, "honest")[0];
    assert_eq!((clone["tier"].as_str(), &clone["device_id"]), (Some("no_seat"), &victim["device_id"]));
    assert!(scores(clone).iter().all(Option::is_none));

    check_rewards(story, epochs);
    let totals = &story["totals"];
    assert_eq!(number(&totals["epochs"]), epochs as u64);
    for sum in ["transactions", "quotes_verified", "decided_honest", "decided_malicious"] {
        assert!(number(&totals[sum]) > 0, "{sum}");
    }
    let gas = &totals["publication_gas"];
    assert!(number(&gas["min"]) > 21_000);
    assert!(number(&gas["min"]) <= number(&gas["median"]) && number(&gas["median"]) <= number(&gas["max"]));
    assert!(story["evidence"].as_str().is_some_and(|text| text.contains("SIMULATED")));
}

/// In thousandths of a token.
fn rewards(story: &Value, role: &str) -> Vec<u64> {
    let reward = |device: &&Value| device["reward"].as_str().expect("an amount").replace('.', "");
    devices(story, role).iter().map(|device| reward(device).parse().expect("a number")).collect()
}

/// Honest work pays, trouble costs, and there is no more than the pots held.
fn check_rewards(story: &Value, epochs: usize) {
    let honest = rewards(story, "honest").into_iter().min().expect("some are honest");
    let roles = ["wrong_measurement", "revoked", "slanderer", "joiner", "clone"];
    let others: Vec<u64> = roles.iter().flat_map(|role| rewards(story, role)).collect();
    assert!(others.iter().all(|reward| *reward < honest), "{honest} and {others:?}");
    assert_eq!(rewards(story, "clone"), [0]);
    let all: u64 = rewards(story, "honest").iter().chain(&others).sum();
    assert!(all <= 100_000 * epochs as u64, "{all}");
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_one_of_the_same_kind() {
    let without_time = |mut story: Value| {
        story["totals"]["wall_s"].take();
        story
    };
    let first = without_time(story(&[]));
    check(&first, 20);
    assert_eq!(first, without_time(story(&["--seed", "1", "--devices", "12", "--epochs", "20"])));
    let second = without_time(story(&["--seed", "2"]));
    check(&second, 20);
    assert_ne!(first, second);
}

#[test]
fn a_larger_network_stands_the_same_troubles() {
    check(&story(&["--devices", "24", "--seed", "7"]), 20);
}

#[test]
fn text_says_that_evidence_is_simulated_and_names_what_happened() {
    let output = demo(&["--epochs", "8"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success());
    assert!(text.starts_with("SIMULATED"));
    for what in
        ["is not allowed in epoch", "platform's certificate is revoked", "is bound to seat 1: no seat"]
    {
        assert!(text.contains(what), "{what}:\n{text}");
    }
    assert!(!text.contains('\x1b'), "no terminal, no escapes");
}

#[test]
fn a_kept_story_is_a_chain_and_a_document_and_is_not_overwritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    let kept = story(&["--epochs", "3", "--keep", path]);
    let document = std::fs::read(directory.path().join("story.json")).expect("story");
    assert_eq!(serde_json::from_slice::<Value>(&document).expect("JSON"), kept);
    assert!(std::fs::metadata(directory.path().join("chain.sqlite")).expect("chain").len() > 0);
    let again = demo(&["--epochs", "3", "--keep", path]);
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stdout.is_empty());
}

#[test]
fn numbers_out_of_range_are_usage_errors() {
    for args in [["--devices", "9"], ["--devices", "41"], ["--epochs", "0"], ["--epochs", "201"]] {
        assert_eq!(demo(&args).status.code(), Some(2), "{args:?}");
    }
}
