//! What deploy/monitoring asks for is what a node tells.

use std::collections::BTreeSet;
use std::path::PathBuf;

use multee_operator::metrics::{Kind, Metrics, OfEndpoint};

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/monitoring").join(name);
    std::fs::read_to_string(path).expect("reads")
}

/// Names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("multee_")).map(str::to_owned).collect()
}

/// The names of all samples that a node can tell.
fn told() -> BTreeSet<String> {
    let metrics = Metrics::new("0.0.0", 1);
    metrics.errors.get_or_create(&Kind { kind: "chain" }).inc();
    metrics.marks.get_or_create(&Kind { kind: "valid" }).inc();
    metrics.endpoint_up.get_or_create(&OfEndpoint { endpoint: "http://a".to_owned() }).set(1);
    metrics.tick_time.observe(1.0);
    let text = metrics.text();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect()
}

#[test]
fn every_metric_that_rules_and_board_ask_for_is_told() {
    let told = told();
    for file in ["alerts.yml", "grafana.json"] {
        let asked = names(&read(file));
        assert!(asked.len() > 8, "{file} asks for {asked:?}");
        let missing: Vec<&String> = asked.difference(&told).collect();
        assert!(missing.is_empty(), "{file} asks for {missing:?}, of {told:?}");
    }
}

#[test]
fn the_board_is_json_and_every_panel_has_a_question() {
    let board: serde_json::Value = serde_json::from_str(&read("grafana.json")).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    assert!(panels.len() >= 12);
    assert!(
        panels.iter().all(|panel| panel["targets"][0]["expr"].as_str().is_some_and(|expr| !expr.is_empty()))
    );
}

/// `promtool` runs the cases, in `cargo xtask test`; this is about there being some.
#[test]
fn every_alert_has_a_case_that_it_tells_and_one_that_it_does_not() {
    let (rules, cases) = (read("alerts.yml"), read("alerts.test.yml"));
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 14, "{alerts:?}");
    for alert in alerts {
        let name = format!("alertname: {alert}\n");
        let mut expected = cases.split(&name).skip(1);
        let is_quiet = |rest: &str| rest.trim_start().starts_with("exp_alerts: []");
        assert!(expected.clone().any(is_quiet), "{alert} is always told");
        assert!(expected.any(|rest| !is_quiet(rest)), "{alert} is never told");
    }
}
