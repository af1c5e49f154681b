//! What is found of each quote, whole reports.

use insta::assert_snapshot;
use multee_mock_vendor::{CollateralSpec, PlatformSpec, QuoteSpec, TcbLevel, alter_body};
use multee_protocol::TeeType;
use serde_json::json;

use crate::desk::{Desk, NOT_AFTER_S, NOT_BEFORE_S, NUMBER, Seen, platform, policy_with, vendor};

const OURS: &str =
    "verify --quote quote --collateral collateral --policy policy --root root --now 1800086400";

/// Whether the exit code and the first word agree with `trusted`; the report.
fn report(seen: Seen, trusted: bool) -> String {
    assert_eq!(seen.code, if trusted { 0 } else { 3 }, "{seen:?}");
    assert_eq!(seen.stderr, "");
    let word = if trusted { "TRUSTED " } else { "NOT TRUSTED " };
    assert!(seen.stdout.starts_with(word), "{}", seen.stdout);
    seen.stdout
}

#[test]
fn up_to_date_tdx_quote_is_trusted() {
    let desk = Desk::new("tdx");
    let seen =
        desk.put_sample("tdx_quote").run("verify --quote quote --collateral collateral --now 1750400000");
    assert_snapshot!(report(seen, true));
}

#[test]
fn up_to_date_tdx_quote_of_version_5_is_trusted() {
    let desk = Desk::new("td15ex");
    desk.put_sample("tdx_quote_td15ex");
    let seen = desk.run("verify --quote quote --collateral collateral --now 2026-10-14T17:46:40Z");
    assert_snapshot!(report(seen, true));
}

#[test]
fn sgx_quote_of_a_platform_that_needs_configuration_is_not_trusted() {
    let desk = Desk::new("sgx");
    let seen =
        desk.put_sample("sgx_quote").run("verify --quote quote --collateral collateral --now 1750400000");
    assert_snapshot!(report(seen, false));
}

#[test]
fn policy_can_accept_it_and_demand_what_no_quote_shows() {
    let desk = Desk::new("sgx_accepted");
    desk.put_sample("sgx_quote").put(
        "policy",
        json!({
            "version": 1,
            "roots": ["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"],
            "platform_statuses": ["UpToDate", "ConfigurationAndSWHardeningNeeded"],
            "tcb_evaluation_number": 17,
            "measurement": { "sgx": ["mrsigner", "isvprodid"] },
            "required_features": { "sgx": ["sgx.flc"] },
        })
        .to_string(),
    );
    let args = "verify --quote quote --collateral collateral --policy policy --now 1750400000";
    assert_snapshot!(report(desk.run(args), true));
}

#[test]
fn policy_can_deny_the_platforms_flags_advisories_and_tee() {
    let desk = Desk::new("strict");
    desk.put_sample("tdx_quote").put(
        "policy",
        json!({
            "version": 1,
            "roots": ["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"],
            "platform_statuses": ["OutOfDate"],
            "tcb_evaluation_number": 18,
            "measurement": { "sgx": ["mrenclave"] },
        })
        .to_string(),
    );
    let args = "verify --quote quote --collateral collateral --policy policy --now 1750400000";
    assert_snapshot!(report(desk.run(args), false));
}

#[test]
fn quote_below_every_level_of_its_collateral_is_not_trusted() {
    let desk = Desk::new("tdx_outdated");
    desk.put_sample("tdx_quote_outdated");
    let seen = desk.run("verify --quote quote --collateral collateral --now 1772000000");
    assert_snapshot!(report(seen, false));
}

#[test]
fn expired_collateral_is_held_against_nobody() {
    let desk = Desk::new("expired");
    let seen =
        desk.put_sample("tdx_quote").run("verify --quote quote --collateral collateral --now 1792000000");
    let report = report(seen, false);
    assert!(report.contains("\nmark         abstain"), "{report}");
    assert_snapshot!(report);
}

#[test]
fn altered_byte_breaks_the_quotes_signature() {
    let desk = Desk::new("altered");
    let mut quote = desk.put_sample("tdx_quote").read("quote");
    quote[48 + 520] ^= 1;
    desk.put("quote", quote);
    let seen = desk.run("verify --quote quote --collateral collateral --now 1750400000");
    assert_snapshot!(report(seen, false));
}

#[test]
fn simulated_quote_is_trusted_under_its_root_with_a_warning() {
    let (desk, vendor) = (Desk::new("simulated"), vendor());
    desk.put_simulated(&vendor, &platform(&vendor, TeeType::Sgx));
    let report = report(desk.run(OURS), true);
    assert!(report.contains("\nWARNING      root is not Intel's: SIMULATED"), "{report}");
    assert_snapshot!(report);
}

#[test]
fn quote_without_chain_is_trusted_with_the_one_in_the_collateral() {
    let (desk, vendor) = (Desk::new("no_chain"), vendor());
    let platform = platform(&vendor, TeeType::Tdx);
    let spec = QuoteSpec::of_program(TeeType::Tdx, "agent", [0x5A; 64]);
    let quote = platform.quote_without_chain(&spec).expect("same TEE");
    desk.put_simulated(&vendor, &platform).put("quote", quote);
    let refused = report(desk.run(OURS), false);
    assert!(refused.starts_with("NOT TRUSTED  quote carries no certificate chain"), "{refused}");
    assert!(refused.contains("`pck_certificate_chain`"), "{refused}");
    let mut collateral: serde_json::Value = serde_json::from_slice(&desk.read("collateral")).expect("JSON");
    collateral["pck_certificate_chain"] = json!(platform.chain_pem());
    desk.put("collateral", collateral.to_string());
    let accepted = report(desk.run(OURS), true);
    let hardware_id = hex::encode(platform.hardware_id());
    assert!(accepted.contains(&format!("  hardware id      0x{hardware_id}\n")), "{accepted}");
}

#[test]
fn simulated_quote_is_refused_under_intels_root() {
    let (desk, vendor) = (Desk::new("wrong_root"), vendor());
    desk.put_simulated(&vendor, &platform(&vendor, TeeType::Sgx));
    let seen = desk.run("verify --quote quote --collateral collateral --now 1800086400");
    assert_snapshot!(report(seen, false));
}

#[test]
fn outdated_platform_is_not_trusted_and_reported_in_full() {
    let (desk, vendor) = (Desk::new("outdated"), vendor());
    let spec = PlatformSpec { tcb: TcbLevel::Outdated, ..PlatformSpec::sound(1, TeeType::Tdx) };
    desk.put_simulated(&vendor, &vendor.platform(spec).expect("simulated"));
    assert_snapshot!(report(desk.run(OURS), false));
}

#[test]
fn revoked_certificate_and_revoked_level_are_told_apart() {
    let (desk, mut vendor) = (Desk::new("revoked"), vendor());
    let spec = PlatformSpec { tcb: TcbLevel::Revoked, ..PlatformSpec::sound(1, TeeType::Sgx) };
    let platform = vendor.platform(spec).expect("simulated");
    desk.put_simulated(&vendor, &platform);
    assert_snapshot!("revoked_level", report(desk.run(OURS), false));
    vendor.revoke(&platform);
    desk.put_simulated(&vendor, &platform);
    assert_snapshot!("revoked_certificate", report(desk.run(OURS), false));
}

#[test]
fn debug_mode_is_never_trusted() {
    let (desk, vendor) = (Desk::new("debug"), vendor());
    let platform = platform(&vendor, TeeType::Sgx);
    let sound = QuoteSpec::of_program(TeeType::Sgx, "agent", [0x5A; 64]);
    let quote = platform.quote(&QuoteSpec { debug: true, ..sound }).expect("same TEE");
    desk.put_simulated(&vendor, &platform).put("quote", quote);
    assert_snapshot!(report(desk.run(OURS), false));
}

#[test]
fn altered_measurement_of_a_simulated_quote_is_noticed() {
    let (desk, vendor) = (Desk::new("altered_simulated"), vendor());
    let mut quote = desk.put_simulated(&vendor, &platform(&vendor, TeeType::Tdx)).read("quote");
    alter_body(&mut quote);
    desk.put("quote", quote);
    let report = report(desk.run(OURS), false);
    assert!(report.contains("failed quote signature"), "{report}");
}

#[test]
fn denied_advisory_is_named() {
    let (desk, vendor) = (Desk::new("advisory"), vendor());
    let spec = PlatformSpec { tcb: TcbLevel::Outdated, ..PlatformSpec::sound(1, TeeType::Sgx) };
    desk.put_simulated(&vendor, &vendor.platform(spec).expect("simulated"));
    let statuses = policy_with(&vendor, "platform_statuses", json!(["UpToDate", "OutOfDate"]));
    desk.put("policy", &statuses);
    let accepted = report(desk.run(OURS), true);
    let advisories = accepted.lines().find(|line| line.starts_with("  advisories")).expect("a line");
    let advisory = advisories.split_whitespace().nth(1).expect("an advisory");
    let mut policy: serde_json::Value = serde_json::from_str(&statuses).expect("JSON");
    policy["advisories_denied"] = json!([advisory]);
    desk.put("policy", policy.to_string());
    let refused = report(desk.run(OURS), false);
    assert!(refused.starts_with(&format!("NOT TRUSTED  advisory {advisory} affects the platform\n")));
    assert!(refused.contains(&format!("failed advisories            {advisory}")), "{refused}");
}

#[test]
fn reference_values_decide_when_given() {
    let (desk, vendor) = (Desk::new("reference"), vendor());
    desk.put_simulated(&vendor, &platform(&vendor, TeeType::Tdx));
    let whole = report(desk.run(OURS), true);
    let line = whole.lines().find(|line| line.starts_with("  measurement  ")).expect("a line");
    let measurement = line.split_whitespace().nth(1).expect("a digest");
    let other = "11".repeat(32);
    let given = |values: &[&str]| {
        let flags = values.iter().fold(OURS.to_owned(), |args, value| args + " --reference-value " + value);
        desk.run(&flags)
    };
    let accepted = report(given(&[&other, measurement]), true);
    assert!(accepted.contains("ok     measurement           a reference value"), "{accepted}");
    let refused = report(given(&[&other]), false);
    assert!(refused.starts_with(&format!("NOT TRUSTED  measurement {measurement} is not among")));
    assert!(refused.contains("\nmark         measurement not allowed\n"), "{refused}");
    assert!(refused.contains("failed measurement           not among"), "{refused}");
}

#[test]
fn collateral_of_another_evaluation_is_refused_by_a_policy_that_names_one() {
    let (desk, vendor) = (Desk::new("evaluation"), vendor());
    let platform = platform(&vendor, TeeType::Sgx);
    let spec = CollateralSpec {
        tee: TeeType::Sgx,
        fmspc: platform.spec().fmspc,
        issued_s: NOT_BEFORE_S,
        next_update_s: NOT_AFTER_S,
        tcb_evaluation_number: NUMBER + 1,
    };
    let collateral = vendor.collateral_with(spec).expect("in range");
    desk.put_simulated(&vendor, &platform).put("collateral", collateral);
    let refused = report(desk.run(OURS), false);
    assert!(refused.contains("has TCB evaluation number 20, not 19"), "{refused}");
    assert!(refused.contains("failed TCB evaluation        20, not 19"), "{refused}");
}
