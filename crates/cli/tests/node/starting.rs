//! What a node says that does not start.

use crate::desk::{Desk, Ended};

/// Nobody listens there.
const ENDPOINT: &str = "endpoints = [\"http://127.0.0.1:1\"]";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.put_config(ENDPOINT);
    desk.put_keystore([7; 32], "secret");
    desk
}

/// It did not start, and says what to do about it.
fn told(ended: &Ended, what: &str) {
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let said: String = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("multee::node::not_started"), "{said}");
    assert!(said.split_once("help: ").is_some_and(|(_, help)| help.contains(what)), "{said}");
}

#[test]
fn a_node_that_does_not_start_says_what_to_do() {
    let run = ["node", "run"];
    let without_key = Desk::new();
    without_key.put_config(ENDPOINT);
    told(&without_key.run(&run), "operator.keystore");
    let exposed = desk();
    exposed.put("password", "secret", 0o644);
    told(&exposed.run(&run), "chmod 600");
    let other = desk();
    other.put("password", "other", 0o600);
    told(&other.run(&run), "operator.password_file");
    let state = desk();
    state.put("state.sqlite", "no database at all, and long enough to be looked at", 0o600);
    told(&state.run(&run), "state.path");
    let cache = desk();
    cache.put("collateral", "a file", 0o600);
    told(&cache.run(&run), "collateral.cache");
    let certificate = desk();
    told(&certificate.run(&[&run[..], &["--set", "collateral.roots=[\"absent.der\"]"]].concat()), "DER");
}
