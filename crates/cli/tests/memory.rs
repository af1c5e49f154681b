//! How much memory one `multee verify` takes at its most, whatever it is given. Linux counts it for each child; this file
//! has one test, and starts nothing else, for it counts the greatest of all.

#[allow(dead_code, reason = "the other program's tests use all of it")]
#[path = "verify/desk.rs"]
mod desk;
#[path = "../../evidence/tests/samples/mod.rs"]
mod samples;

use desk::{Desk, NOW_S, platform, vendor};
use multee_protocol::TeeType;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

const QUOTE_BYTES_MAX: usize = 64 * 1024;
const COLLATERAL_BYTES_MAX: usize = 1024 * 1024;
const POLICY_BYTES_MAX: usize = 64 * 1024;
const PEAK_KIB_MAX: i64 = 64 * 1024;

/// KiB, of the child that took the most so far. It may be less: a child counts what the test itself had at the start.
fn peak_kib() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("counted").max_rss()
}

fn filled(mut bytes: Vec<u8>, with: &[u8], len: usize) -> Vec<u8> {
    bytes.extend(with.iter().copied().cycle().take(len - bytes.len()));
    bytes
}

/// Collateral with one field as long as the document allows.
fn swollen(document: &[u8], field: &str, swell: impl Fn(&str, usize) -> String) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(document).expect("JSON");
    let text = document[field].as_str().expect("text").to_owned();
    let (mut size, mut last) = (COLLATERAL_BYTES_MAX, Vec::new());
    while last.is_empty() || last.len() > COLLATERAL_BYTES_MAX {
        document[field] = swell(&text, size).into();
        last = document.to_string().into_bytes();
        size -= size / 16;
    }
    last
}

/// So often repeated that it has at most so many bytes.
fn repeated(text: &str, len: usize) -> String {
    text.repeat(len / text.len())
}

/// A list in a signed document, grown.
fn grown(document: &str, list: &str, len: usize) -> String {
    let mut document: Value = serde_json::from_str(document).expect("JSON");
    let entries = document[list].as_array_mut().expect("a list");
    let entry = entries[0].clone();
    let count = len / (entry.to_string().len() + 64);
    entries.extend(std::iter::repeat_n(entry, count));
    document.to_string()
}

#[test]
fn largest_inputs_take_less_than_64_mib() {
    let (desk, vendor) = (Desk::new("memory"), vendor());
    let platform = platform(&vendor, TeeType::Tdx);
    desk.put_simulated(&vendor, &platform);
    let [quote, collateral, policy] = ["quote", "collateral", "policy"].map(|file| desk.read(file));
    let line =
        format!("verify --quote quote --collateral collateral --policy policy --root root --now {NOW_S}");
    let run = |what: &str, codes: &[i32]| {
        let seen = desk.run(&line);
        assert!(codes.contains(&seen.code), "{what}: {seen:?}");
        let peak = peak_kib();
        println!("{what}: code {}, at most {peak} KiB so far", seen.code);
        assert!(peak < PEAK_KIB_MAX, "{what}: {peak} KiB");
    };
    run("as it is", &[0]);
    desk.put("quote", filled(quote.clone(), &[0], QUOTE_BYTES_MAX));
    desk.put("collateral", filled(collateral.clone(), b" ", COLLATERAL_BYTES_MAX));
    desk.put("policy", filled(policy, b" ", POLICY_BYTES_MAX));
    run("padded to the limits", &[0]);
    for field in [
        "tcb_info_issuer_chain",
        "qe_identity_issuer_chain",
        "pck_crl_issuer_chain",
        "pck_crl",
        "root_ca_crl",
    ] {
        desk.put("collateral", swollen(&collateral, field, repeated));
        run(field, &[0, 1, 3]);
    }
    for (field, list) in [("tcb_info", "tcbLevels"), ("qe_identity", "tcbLevels")] {
        desk.put("collateral", swollen(&collateral, field, |text, len| grown(text, list, len)));
        run(field, &[1, 3]);
    }
    // Two bytes that become a value each, in a field that nobody knows and in a signed document.
    let zeros = |len: usize| vec!["0"; len / 2].join(",");
    let (text, front) = (String::from_utf8(collateral.clone()).expect("JSON"), r#""unknown":["#.len() + 4);
    let unknown =
        format!(r#"{{"unknown":[{}],{}"#, zeros(COLLATERAL_BYTES_MAX - text.len() - front), &text[1..]);
    desk.put("collateral", unknown);
    run("zeros in an unknown field", &[0, 1, 3]);
    let inside = |text: &str, len: usize| format!(r#"{{"unknown":[{}],{}"#, zeros(len), &text[1..]);
    desk.put("collateral", swollen(&collateral, "tcb_info", inside));
    run("zeros in the TCB info", &[1, 3]);
    let advisories = |text: &str, len: usize| {
        let mut document: Value = serde_json::from_str(text).expect("JSON");
        document["tcbLevels"][0]["advisoryIDs"] = vec![""; len / 5].into();
        document.to_string()
    };
    desk.put("collateral", swollen(&collateral, "tcb_info", advisories));
    run("advisories without names", &[1, 3]);
    desk.put("collateral", "[".repeat(COLLATERAL_BYTES_MAX));
    run("nested without end", &[1]);
    desk.put("collateral", &collateral);
    // The chain is the quote's end: certificates follow certificates.
    let pem = quote.windows(10).position(|window| window == b"-----BEGIN").expect("carries its chain");
    desk.put("quote", filled(quote.clone(), &quote[pem..], QUOTE_BYTES_MAX));
    run("certificates to the end", &[0, 1, 3]);
    desk.put("quote", filled(vec![], b"SNP\x01", QUOTE_BYTES_MAX));
    run("no report", &[1, 3]);
    desk.put("quote", filled(vec![], b"03 00\n", 3 * QUOTE_BYTES_MAX));
    run("hex", &[1, 3]);
}
