//! What is found of SEV-SNP evidence, whole reports.

use insta::assert_snapshot;
use multee_mock_vendor::{
    SnpFamily, SnpKey, SnpMachine, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig, SnpVersions,
};
use multee_protocol::TeeType;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::desk::{Desk, NOT_AFTER_S, NOT_BEFORE_S, Seen, platform, vendor as dcap_vendor};
use crate::samples;

const OURS: &str =
    "verify --quote quote --collateral collateral --policy policy --root root --now 1800086400";
const BUILT_IN: &str = "verify --quote quote --collateral collateral --now 1700000000";

fn vendor() -> SnpVendor {
    let config = SnpVendorConfig { not_before_s: NOT_BEFORE_S, not_after_s: NOT_AFTER_S };
    SnpVendor::from_seed([7; 32], config).expect("dates in range")
}

fn machine(vendor: &SnpVendor, spec: SnpMachineSpec) -> SnpMachine {
    vendor.machine(spec).expect("dates in range")
}

fn program() -> SnpReportSpec {
    SnpReportSpec::of_program("agent", [0x5A; 64])
}

/// A policy under the vendor's root that asks for the firmware of sound machines.
fn policy(vendor: &SnpVendor) -> Value {
    let SnpVersions { boot_loader, tee, snp, microcode, .. } =
        SnpMachineSpec::sound(1, SnpFamily::Milan).versions;
    let minimum = json!({ "boot_loader": boot_loader, "tee": tee, "snp": snp, "microcode": microcode });
    json!({
        "version": 1,
        "roots": [format!("0x{}", hex::encode(Sha256::digest(vendor.root_der())))],
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": 1,
        "snp": { "tcb_min": { "milan": minimum, "turin": minimum } },
    })
}

fn put(desk: &Desk, vendor: &SnpVendor, quote: Vec<u8>) {
    desk.put("quote", quote)
        .put("collateral", vendor.collateral().expect("dates in range"))
        .put("root", vendor.root_der())
        .put("policy", policy(vendor).to_string());
}

fn report(seen: Seen, trusted: bool) -> String {
    assert_eq!(seen.code, if trusted { 0 } else { 3 }, "{seen:?}");
    assert_eq!(seen.stderr, "");
    seen.stdout
}

#[test]
fn simulated_report_is_trusted_under_its_root_with_a_warning() {
    let (desk, vendor) = (Desk::new("snp_simulated"), vendor());
    put(&desk, &vendor, machine(&vendor, SnpMachineSpec::sound(1, SnpFamily::Turin)).quote(&program()));
    let report = report(desk.run(OURS), true);
    assert!(report.contains("\nWARNING      root is not Intel's: SIMULATED"), "{report}");
    assert_snapshot!(report);
}

#[test]
fn report_that_a_policy_objects_to_is_told_in_full() {
    let (desk, vendor) = (Desk::new("snp_objections"), vendor());
    let sound = SnpMachineSpec::sound(1, SnpFamily::Milan);
    let versions = SnpVersions { snp: sound.versions.snp - 1, ..sound.versions };
    let spec = SnpMachineSpec { key: SnpKey::Provider, versions, ..sound };
    let report_spec =
        SnpReportSpec { vmpl: 1, guest_policy: 1 << 17 | 1 << 21, platform_info: 1, ..program() };
    put(&desk, &vendor, machine(&vendor, spec).quote(&report_spec));
    let mut strict = policy(&vendor);
    strict["snp"]["guarantees"] = json!(["alias_check_complete"]);
    desk.put("policy", strict.to_string());
    assert_snapshot!(report(desk.run(OURS), false));
}

#[test]
fn debug_mode_is_never_trusted() {
    let (desk, vendor) = (Desk::new("snp_debug"), vendor());
    let debug = SnpReportSpec { guest_policy: 1 << 17 | 1 << 19, ..program() };
    put(&desk, &vendor, machine(&vendor, SnpMachineSpec::sound(1, SnpFamily::Milan)).quote(&debug));
    assert_snapshot!(report(desk.run(OURS), false));
}

#[test]
fn bare_report_is_trusted_with_the_certificates_in_the_collateral() {
    let (desk, vendor) = (Desk::new("snp_bare"), vendor());
    let machine = machine(&vendor, SnpMachineSpec::sound(1, SnpFamily::Milan));
    put(&desk, &vendor, machine.report(&program()));
    let refused = report(desk.run(OURS), false);
    assert!(refused.starts_with("NOT TRUSTED  report comes without the certificates"), "{refused}");
    assert!(refused.contains("`vek_chain`"), "{refused}");
    let mut collateral: Value = serde_json::from_slice(&desk.read("collateral")).expect("JSON");
    let pem = |der: &Vec<u8>| pem::encode(&pem::Pem::new("CERTIFICATE", der.clone()));
    collateral["vek_chain"] = json!(machine.certificates().iter().map(pem).collect::<String>());
    desk.put("collateral", collateral.to_string());
    let accepted = report(desk.run(OURS), true);
    let chip_id = hex::encode(machine.chip_id());
    assert!(accepted.contains(&format!("  hardware id      0x{chip_id}\n")), "{accepted}");
}

/// AMD's revocation list is not published with the sample; what the report shows without it is told.
#[test]
fn amds_report_is_established_up_to_the_collateral() {
    let (desk, vendor) = (Desk::new("snp_milan"), vendor());
    let (milan, key) = samples::milan_report();
    let pem = |der: Vec<u8>| pem::encode(&pem::Pem::new("CERTIFICATE", der));
    let mut collateral: Value =
        serde_json::from_slice(&vendor.collateral().expect("dates in range")).expect("JSON");
    collateral["vek_chain"] = json!(pem(key) + &pem(samples::milan_issuer()));
    desk.put("quote", hex::encode(milan)).put("collateral", collateral.to_string());
    let report = report(desk.run(BUILT_IN), false);
    assert!(report.contains("\nmark         abstain"), "{report}");
    assert_snapshot!(report);
}

#[test]
fn collateral_of_the_other_vendor_is_held_against_nobody() {
    let (desk, vendor) = (Desk::new("snp_crossed"), vendor());
    put(&desk, &vendor, machine(&vendor, SnpMachineSpec::sound(1, SnpFamily::Milan)).quote(&program()));
    let dcap = dcap_vendor();
    let intels =
        dcap.collateral(TeeType::Sgx, platform(&dcap, TeeType::Sgx).spec().fmspc).expect("simulated");
    desk.put("collateral", intels);
    let refused = report(desk.run(OURS), false);
    assert!(refused.starts_with("NOT TRUSTED  collateral is not for this platform\n"), "{refused}");
    assert!(refused.contains("\nmark         abstain"), "{refused}");
}
