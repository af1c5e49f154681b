//! `multee network init` and `deploy`.

use std::thread;
use std::time::{Duration, Instant};

use alloy_primitives::U64;
use insta::assert_snapshot;
use serde_json::json;

use crate::anvil::Anvil;
use crate::desk::{Desk, KEY, PASSWORD, anvil, steady};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

fn sent(anvil: &Anvil) -> u64 {
    let account = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    let count = anvil.ask("eth_getTransactionCount", &json!([account, "latest"]));
    serde_json::from_value::<U64>(count).expect("a number").to()
}

#[test]
fn a_new_configuration_explains_everything_and_is_not_overwritten() {
    let desk = Desk::new("init");
    let seen = desk.run(&["network", "init"]);
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""));
    assert_snapshot!("init", format!("{}\n{}", seen.stdout, desk.read("network.toml")));
    let again = desk.run(&["network", "init"]);
    assert_eq!((again.code, again.stdout.as_str()), (1, ""));
    assert!(again.stderr.contains("exists already"), "{again:?}");
}

#[test]
fn a_dry_run_shows_every_step_and_its_cost_and_sends_nothing() {
    let (anvil, desk) = (anvil(), Desk::new("dry-run"));
    desk.put_account().put_network();
    let seen = desk.network(&anvil, &["deploy", "--dry-run"]);
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{seen:?}");
    assert_snapshot!("dry_run", seen.stdout);
    assert_eq!(sent(&anvil), 0);
    assert!(!desk.path("network.state.json").exists() && !desk.path("network.journal").exists());
}

#[test]
fn founding_tells_what_is_where_and_what_comes_next_and_goes_on_where_it_was() {
    let (anvil, desk) = (anvil(), Desk::new("found"));
    desk.put_account().put_network();
    let refused = desk.network(&anvil, &["deploy"]);
    assert_eq!((refused.code, sent(&anvil)), (1, 0));
    assert!(refused.stderr.contains("--yes"), "{refused:?}");
    let seen = desk.network(&anvil, &["deploy", "--yes"]);
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{seen:?}");
    assert_snapshot!("found", steady(&seen.stdout));
    let before = sent(&anvil);
    let again = desk.network(&anvil, &["deploy", "--yes"]);
    assert_eq!((again.code, sent(&anvil)), (0, before));
    assert!(again.stdout.contains("founded before"), "{again:?}");
    for file in ["network.state.json", "network.journal"] {
        assert!(!desk.read(file).contains(&KEY[2..]) && !desk.read(file).contains(PASSWORD));
    }
}

/// With a transaction on its way: signed, given to the chain, and not executed.
#[test]
fn a_founding_that_is_killed_goes_on_and_sends_nothing_twice() {
    let (anvil, desk) = (anvil(), Desk::new("killed"));
    desk.put_account().put_network();
    anvil.ask("evm_setAutomine", &json!([false]));
    let url = anvil.url();
    let account = ["--keystore", "key.json", "--password-file", "password"];
    let mut founding = desk.start(&[&["network", "deploy", "--yes", "--rpc", &url][..], &account].concat());
    let begun = Instant::now();
    while anvil.ask("txpool_status", &json!([]))["pending"] == json!("0x0") {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for a transaction");
        thread::yield_now();
    }
    founding.kill().expect("killed");
    founding.wait().expect("gone");
    anvil.ask("evm_setAutomine", &json!([true]));
    anvil.mine(1);
    let seen = desk.network(&anvil, &["deploy", "--yes"]);
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{seen:?}");
    assert_eq!(sent(&anvil), 9);
}

/// Anvil signs for the accounts that it gives money to.
#[test]
fn a_signer_that_has_the_key_is_asked_instead_of_a_keystore() {
    let (anvil, desk) = (anvil(), Desk::new("signer"));
    desk.put_network();
    let (url, account) = (anvil.url(), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    let args = ["network", "deploy", "--yes", "--rpc", &url, "--signer", &url, "--account", account];
    let seen = desk.run(&args);
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{seen:?}");
    assert!(seen.stdout.contains("every setting reads back"), "{seen:?}");
    let both = desk.run(&[&args[..], &["--keystore", "key.json"]].concat());
    assert_eq!((both.code, both.stdout.as_str()), (2, ""));
}

#[test]
fn everything_that_stands_against_it_is_told_at_once() {
    let (anvil, desk) = (anvil(), Desk::new("problems"));
    desk.put_account().put_network();
    anvil.ask("anvil_setBalance", &json!(["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x0"]));
    let sound = desk.read("network.toml");
    desk.put("network.toml", &sound.replacen("2027-01-16", "2027-01-15", 1));
    let onchain = desk.network(&anvil, &["deploy", "--yes"]);
    let wrong = sound
        .replacen("2027-01-16", "2026-01-16", 1)
        .replacen("\nbounty_bps = 1000", "\nbounty_bps = 6000", 1)
        .replacen("\nepoch_seconds = 60", "\nepoch_seconds = 6", 1)
        .replacen(&"02".repeat(20), &"00".repeat(20), 1);
    desk.put("network.toml", &wrong).put("policy.json", "{}");
    let offline = desk.network(&anvil, &["deploy", "--yes"]);
    for seen in [&onchain, &offline] {
        assert_eq!((seen.code, sent(&anvil)), (1, 0), "{seen:?}");
    }
    let told = |seen: &crate::desk::Seen| format!("{}{}", seen.stdout, seen.stderr);
    assert_snapshot!("problems", format!("{}\n---\n{}", told(&onchain), told(&offline)));
}

#[test]
fn failures_to_begin_say_how_to_fix_it() {
    let (anvil, desk) = (anvil(), Desk::new("failures"));
    desk.put_account().put_network();
    let stderr = |args: &[&str], code| {
        let seen = desk.run(args);
        assert_eq!(seen.code, code, "{seen:?}");
        seen.stderr
    };
    let (url, nowhere) = (anvil.url(), "http://127.0.0.1:1");
    let deploy = ["network", "deploy", "--yes", "--rpc"];
    let sound = desk.read("network.toml");
    let unreachable = stderr(&[&deploy[..], &[nowhere, "--keystore", "key.json"]].concat(), 5);
    let nobody = stderr(&[&deploy[..], &[&url]].concat(), 1);
    desk.put("network.toml", &sound.replacen("chain_id = 31337", "chain_id = 1", 1));
    let other = stderr(&[&deploy[..], &[&url]].concat(), 1);
    desk.put("network.toml", &sound.replacen("max_penalties = 13", "max_penalty = 13", 1));
    let malformed = stderr(&[&deploy[..], &[&url]].concat(), 1);
    let no_state = stderr(&["network", "show", "--rpc", &url], 4);
    let contract = "0x00000000000000000000000000000000000000ff";
    let no_network =
        stderr(&["network", "show", "--rpc", &url, "--contract", contract, "--chain-id", "31337"], 4);
    let told = [unreachable, nobody, other, malformed, no_state, no_network].join("\n");
    assert_snapshot!("failures", told.replace(&url, "URL"));
}
