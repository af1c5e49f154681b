//! Whether a device is trusted, asked of a chain and of a gateway.

use alloy_primitives::{Address, B256};
use serde_json::Value;

use crate::running::{Demo, Running, multee};

#[test]
fn exit_codes_say_what_the_contract_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::played(directory.path());
    let now = demo.head_s().to_string();
    let mut seen = std::collections::BTreeSet::new();
    for device in demo.devices.iter().copied().chain([B256::repeat_byte(9)]) {
        for min_score in [0, 9000, 10_000] {
            let expected = match (demo.is_bound(device), demo.is_trusted(device, min_score)) {
                (false, _) => 4,
                (true, true) => 0,
                (true, false) => 3,
            };
            let (code, stdout, stderr) =
                demo.check(device, &["--min-score", &min_score.to_string(), "--now", &now, "--json"]);
            assert_eq!(code, expected, "{stdout}{stderr}");
            let answer: Value = serde_json::from_str(&stdout).expect("JSON");
            assert_eq!(answer["reasons"].as_array().expect("reasons").is_empty(), expected == 0, "{answer}");
            seen.insert(code);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 3, 4]);
    let trusted = demo.devices.iter().copied().find(|id| demo.is_trusted(*id, 9000)).expect("one at least");
    let at = |later_s: u64| (demo.head_s() + later_s).to_string();
    let (code, stdout, _) = demo.check(trusted, &["--now", &at(0)]);
    assert!(code == 0 && stdout.starts_with("trusted  0x"), "{stdout}");
    let (code, stdout, _) = demo.check(trusted, &["--now", &at(121)]);
    assert!(code == 4 && stdout.starts_with("stale  0x"), "{stdout}");
    assert_eq!(demo.check(trusted, &["--min-score", "10001"]).0, 2);
    let id = trusted.to_string();
    assert_eq!(multee(&["trust", "check", &id]).0, 2, "nobody to ask");
    let contract = demo.contract.to_string();
    let dead = ["trust", "check", &id, "--rpc", "http://127.0.0.1:1", "--contract", &contract];
    let (code, stdout, stderr) = multee(&dead);
    assert_eq!((code, stdout.as_str()), (5, ""), "{stderr}");
    let other = Address::repeat_byte(1).to_string();
    let (code, stdout, stderr) =
        multee(&["trust", "check", &id, "--rpc", &demo.served.url(), "--contract", &other]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
}

#[test]
fn a_gateway_answers_and_ends_when_it_is_told_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::played(directory.path());
    let db = directory.path().join("index");
    let running = Running::start(&demo, &db, &[]);
    let id = demo.devices[0].to_string();
    // The demo's time is another than this machine's: whatever the device is, the gateway cannot say so.
    let (code, stdout, stderr) = multee(&["trust", "check", &id, "--gateway", &running.url]);
    assert!(code == 4 && stdout.starts_with("stale  0x"), "{stdout}{stderr}");
    assert_eq!(running.end(), Some(0));
    let again = Running::start(&demo, &db, &[]);
    let (code, ..) = multee(&["trust", "check", &id, "--gateway", &again.url]);
    assert_eq!((code, again.end()), (4, Some(0)));
    let (code, stdout, stderr) = multee(&["trust", "check", &id, "--gateway", "http://127.0.0.1:1"]);
    assert_eq!((code, stdout.as_str()), (5, ""), "{stderr}");
    let (code, ..) = multee(&["trust", "check", &id, "--gateway", &demo.served.url()]);
    assert_eq!(code, 1, "no gateway");
}
