//! `--json`: one document on stdout, with the fields that `--help` tells.

use std::collections::BTreeSet;

use multee_mock_vendor::{PlatformSpec, TcbLevel};
use multee_protocol::TeeType;
use serde_json::{Value, json};

use crate::desk::{Desk, platform, vendor};

fn document(desk: &Desk, args: &str) -> (i32, Value) {
    let seen = desk.run(&format!("{args} --json"));
    assert_eq!(seen.stderr, "");
    (seen.code, serde_json::from_str(&seen.stdout).expect("one JSON document"))
}

fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("object").keys().map(String::as_str).collect()
}

const SAMPLE: &str = "verify --quote quote --collateral collateral --now 1750400000";
const OURS: &str =
    "verify --quote quote --collateral collateral --policy policy --root root --now 1800086400";

/// Cases of every depth: trusted, refused by the policy, by collateral, by the quote itself.
fn cases(test: &str) -> Vec<(i32, Value)> {
    let (desk, mut vendor) = (Desk::new(test), vendor());
    let mut cases = vec![
        document(desk.put_sample("tdx_quote"), SAMPLE),
        document(desk.put_sample("sgx_quote"), SAMPLE),
        document(&desk, "verify --quote quote --collateral collateral --now 1792000000"),
    ];
    let sound = platform(&vendor, TeeType::Sgx);
    cases.push(document(desk.put_simulated(&vendor, &sound), OURS));
    cases.push(document(&desk, "verify --quote quote --collateral collateral --now 1800086400"));
    let spec = PlatformSpec { tcb: TcbLevel::Outdated, ..PlatformSpec::sound(2, TeeType::Tdx) };
    let outdated = vendor.platform(spec).expect("simulated");
    cases.push(document(desk.put_simulated(&vendor, &outdated), OURS));
    vendor.revoke(&sound);
    cases.push(document(desk.put_simulated(&vendor, &sound), OURS));
    let mut altered = desk.read("quote");
    altered[48 + 320] ^= 1;
    cases.push(document(desk.put("quote", altered), OURS));
    cases
}

#[test]
fn every_document_has_the_documented_fields() {
    let help = Desk::new("help_fields").run("verify --help").stdout;
    for (_, document) in cases("fields") {
        let expected = "version trusted reason mark hint warning now_s now evidence policy checks";
        assert_eq!(fields(&document), expected.split(' ').collect());
        let expected = "root_sha256 root_is_intels tee fmspc debug hardware_id device_id status advisory_ids \
                        report_data registers measurement holds_until_s holds_until";
        assert_eq!(fields(&document["evidence"]), expected.split(' ').collect());
        let expected = "source digest tcb_evaluation_number tcb_evaluation_number_source";
        assert_eq!(fields(&document["policy"]), expected.split(' ').collect());
        for check in document["checks"].as_array().expect("list") {
            assert_eq!(fields(check), ["name", "passed", "detail"].into());
        }
        for register in document["evidence"]["registers"].as_array().into_iter().flatten() {
            assert_eq!(fields(register), ["name", "value", "measured"].into());
        }
        let inner = [&document["evidence"], &document["policy"]].into_iter().flat_map(fields);
        for field in fields(&document).into_iter().chain(inner) {
            assert!(help.contains(field), "--help does not tell of {field}");
        }
    }
}

#[test]
fn trusted_agrees_with_exit_code_reason_mark_and_checks() {
    let cases = cases("agreement");
    let trusted: Vec<bool> = cases.iter().map(|(code, _)| *code == 0).collect();
    assert_eq!(trusted, [true, false, false, true, false, false, false, false]);
    for (code, document) in cases {
        let trusted = code == 0;
        assert_eq!(code, if trusted { 0 } else { 3 });
        assert_eq!(document["trusted"], trusted);
        assert_eq!(document["reason"].is_null(), trusted, "{document}");
        assert_eq!(document["mark"] == "valid", trusted, "{document}");
        let any_failed =
            document["checks"].as_array().expect("list").iter().any(|check| check["passed"] == false);
        assert_eq!(any_failed, !trusted, "{document}");
    }
}

#[test]
fn marks_are_those_the_network_gives() {
    let marks: Vec<Value> =
        cases("marks").into_iter().map(|(_, document)| document["mark"].clone()).collect();
    let expected = [
        "valid",
        "platform_not_accepted",
        "abstain",
        "valid",
        "evidence_invalid",
        "platform_not_accepted",
        "platform_not_accepted",
        "evidence_invalid",
    ];
    assert_eq!(marks, expected);
}

#[test]
fn document_of_a_sample_says_what_the_sample_says() {
    let desk = Desk::new("document");
    let (_, document) = document(desk.put_sample("sgx_quote"), SAMPLE);
    let evidence = &document["evidence"];
    assert_eq!(evidence["tee"], "sgx");
    assert_eq!(evidence["fmspc"], "0x00a067110000");
    assert_eq!(evidence["debug"], false);
    assert_eq!(evidence["root_is_intels"], true);
    assert_eq!(evidence["status"], "ConfigurationAndSWHardeningNeeded");
    assert_eq!(evidence["advisory_ids"], json!(["INTEL-SA-00289", "INTEL-SA-00615"]));
    assert_eq!(evidence["holds_until_s"], 1_752_919_278);
    assert_eq!(evidence["holds_until"], "2025-07-19T10:01:18Z");
    // The report stands in the quote from byte 48 on: MRENCLAVE at 64, report data at 320.
    let quote = desk.read("quote");
    let field = |offset: usize, len: usize| format!("0x{}", hex::encode(&quote[48 + offset..][..len]));
    assert_eq!(evidence["report_data"], field(320, 64));
    let mrenclave = json!({ "name": "mrenclave", "value": field(64, 32), "measured": true });
    assert_eq!(evidence["registers"][0], mrenclave);
    assert_eq!(evidence["registers"][1]["measured"], false);
    assert_eq!(document["now"], "2025-06-20T06:13:20Z");
    assert_eq!(document["policy"]["source"], "built_in");
    assert_eq!(document["policy"]["tcb_evaluation_number"], 17);
    assert_eq!(document["policy"]["tcb_evaluation_number_source"], "collateral");
    assert_eq!(document["warning"], Value::Null);
}

#[test]
fn what_is_not_established_is_null() {
    let desk = Desk::new("nulls");
    let mut quote = desk.put_sample("tdx_quote").read("quote");
    quote[48 + 136] ^= 1;
    let (code, document) = document(desk.put("quote", quote), SAMPLE);
    assert_eq!(code, 3);
    let evidence = document["evidence"].as_object().expect("object");
    assert!(evidence.values().all(Value::is_null), "{document}");
}

#[test]
fn foreign_root_is_warned_of() {
    let (desk, vendor) = (Desk::new("foreign"), vendor());
    desk.put_simulated(&vendor, &platform(&vendor, TeeType::Tdx));
    let (code, document) = document(&desk, OURS);
    assert_eq!(code, 0);
    assert_eq!(document["evidence"]["root_is_intels"], false);
    assert_eq!(document["policy"]["source"], "file");
    assert_eq!(document["policy"]["tcb_evaluation_number_source"], "policy");
    assert!(document["warning"].as_str().expect("text").contains("SIMULATED"));
}
