//! `multee config show`.

use crate::desk::Desk;

#[test]
fn each_value_is_shown_with_where_it_is_from() {
    let desk = Desk::new();
    desk.put_config("endpoints = [\"http://127.0.0.1:8545/v3/hidden\"]\nconfirmations = 3");
    let args = ["config", "show", "--origin", "--set", "rpc.poll_ms=500"];
    let output = desk.command(&args).env("MULTEE_SEAT_ID", "7").output().expect("runs");
    let ended = crate::desk::Ended::of(&output, &desk);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn all_faults_are_told_and_the_rest_is_shown() {
    let desk = Desk::new();
    desk.put("node.toml", "[rpc]\nconfirmations = 65\n", 0o644);
    let ended = desk.run(&["config", "show"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains("confirmations = 65"));
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn a_misspelt_setting_is_told_with_the_one_that_is_meant() {
    let desk = Desk::new();
    desk.put("node.toml", "[network]\nchain-id = 1\n", 0o644);
    let ended = desk.run(&["config", "show"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn json_has_every_setting_once() {
    let desk = Desk::new();
    desk.put_config("endpoints = [\"http://127.0.0.1:8545\"]");
    let ended = desk.run(&["config", "show", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let keys: Vec<&str> =
        shown.as_array().expect("a list").iter().filter_map(|s| s["key"].as_str()).collect();
    assert_eq!(keys.len(), multee_operator::config::SETTINGS.len());
}
