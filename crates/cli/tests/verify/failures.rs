//! When no verdict comes about: exit 1 with code and help on stderr, or exit 2, and nothing on stdout.

use insta::assert_snapshot;
use multee_protocol::TeeType;

use crate::desk::{Desk, platform, policy_with, vendor};

const USUAL: &str = "verify --quote quote --collateral collateral --now 1750400000";

fn complaint(desk: &Desk, args: &str, code: i32) -> String {
    let seen = desk.run(args);
    assert_eq!((seen.code, seen.stdout.as_str()), (code, ""), "{seen:?}");
    seen.stderr
}

#[test]
fn every_failure_says_how_to_fix_it() {
    let desk = Desk::new("failures");
    let vendor = vendor();
    desk.put_simulated(&vendor, &platform(&vendor, TeeType::Sgx)).put_sample("tdx_quote");
    desk.put("text", "Hello!\n").put("empty", "").put("large_hex", "00".repeat(64 * 1024 + 1));
    desk.put("large", vec![b'\n'; 3 * 64 * 1024 + 1]).put("large_json", vec![b' '; 1024 * 1024 + 1]);
    desk.put("zeros", [0; 100]).put("base64", "AwACAAAAAAAJAA4A").put("braces", "{}");
    let pem = |tag: &str| format!("-----BEGIN {tag}-----\nAAAA\n-----END {tag}-----\n");
    desk.put("key", pem("PRIVATE KEY")).put("certificate", pem("CERTIFICATE"));
    let quote = desk.read("quote");
    desk.put("cut", &quote[..quote.len() / 2]);
    let with = |quote: &str| format!("verify --quote {quote} --collateral collateral --now 1750400000");
    let cases = [
        ("missing quote", with("nowhere")),
        ("directory", with(".")),
        ("large quote", with("large")),
        ("large hex", with("large_hex")),
        ("empty", with("empty")),
        ("text", with("text")),
        ("zeros", with("zeros")),
        ("base64", with("base64")),
        ("cut short", with("cut")),
        ("missing collateral", "verify --quote quote --collateral nowhere".to_owned()),
        ("large collateral", "verify --quote quote --collateral large_json".to_owned()),
        ("no collateral", "verify --quote quote --collateral braces".to_owned()),
        ("no policy", format!("{USUAL} --policy braces")),
        ("missing policy", format!("{USUAL} --policy nowhere")),
        ("no certificate given", format!("{USUAL} --policy policy")),
        ("root not in the policy", format!("{USUAL} --root root")),
        ("key for a root", format!("{USUAL} --policy policy --root key")),
        ("text for a root", format!("{USUAL} --policy policy --root text")),
    ];
    let complaints = cases.map(|(name, args)| {
        let complaint = complaint(&desk, &args, 1);
        assert!(complaint.starts_with("error[multee::verify::"), "{name}: {complaint}");
        assert!(complaint.contains("\n  help: "), "{name}: {complaint}");
        format!("{name}\n{complaint}")
    });
    assert_snapshot!(complaints.join("\n"));
}

#[test]
fn root_that_the_policy_names_but_is_no_certificate_is_refused() {
    let desk = Desk::new("not_a_root");
    let vendor = vendor();
    let content = [0x30, 1, 2];
    let sha256 = "0x".to_owned() + &hex::encode(<sha2::Sha256 as sha2::Digest>::digest(content));
    desk.put_sample("tdx_quote").put("junk", content);
    desk.put("policy", policy_with(&vendor, "roots", serde_json::json!([sha256])));
    let complaint = complaint(&desk, &format!("{USUAL} --policy policy --root junk"), 1);
    assert!(complaint.starts_with("error[multee::verify::not_a_root]"), "{complaint}");
}

#[cfg(target_os = "linux")]
#[test]
fn endless_input_is_not_read_to_its_end() {
    let desk = Desk::new("endless");
    let complaint = complaint(&desk, "verify --quote /dev/zero --collateral /dev/zero", 1);
    assert!(complaint.starts_with("error[multee::verify::too_large]"), "{complaint}");
}

#[test]
fn wrong_command_lines_exit_with_2() {
    let desk = Desk::new("usage");
    desk.put_sample("tdx_quote");
    for args in [
        "",
        "frobnicate",
        "verify",
        "verify --quote quote",
        "verify --quote quote --collateral collateral --fetch",
        "verify --quote quote --collateral collateral --pccs http://127.0.0.1:1",
        "verify --quote quote --collateral collateral --cache cache",
        "verify --quote quote --fetch --pccs ftp://127.0.0.1:1",
        "verify --quote quote --fetch --pccs https://me:secret@127.0.0.1:1",
        "verify --quote quote --collateral collateral --now tomorrow",
        "verify --quote quote --collateral collateral --now -1",
        "verify --quote quote --collateral collateral --reference-value 0x12",
        "verify --quote quote --collateral collateral --quiet",
    ] {
        assert_ne!(complaint(&desk, args, 2), "", "{args}");
    }
}
