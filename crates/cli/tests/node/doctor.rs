//! `multee doctor` where nothing is there.

use crate::desk::Desk;

#[test]
fn every_line_that_failed_says_what_to_do() {
    let desk = Desk::new();
    // Nobody listens on the system's discard port.
    desk.put_config("endpoints = [\"http://127.0.0.1:9\"]\ntimeout_ms = 500");
    let ended = desk.run(&["doctor"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn json_has_the_same_lines() {
    let desk = Desk::new();
    desk.put_config("endpoints = [\"http://127.0.0.1:9\"]\ntimeout_ms = 500");
    let ended = desk.run(&["doctor", "--json"]);
    let lines: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let lines = lines.as_array().expect("a list");
    assert!(lines.iter().any(|line| line["finding"] == "failed" && line["remedy"].is_string()));
}
