//! A SEV-SNP machine among SGX and TDX machines: the same marks for the same faults.

use std::sync::OnceLock;

use alloy_primitives::B256;
use multee_confirmation::{Duty, ReferenceValue, Verdict};
use multee_evidence::{EvidenceBundle, Policy, Verifier, VerifierConfig};
use multee_mock_vendor::{SnpFamily, SnpMachine, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig};
use multee_protocol::{DeviceId, Epoch, Mark, TeeType};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::world::{
    AGENT, DEPLOYMENT, EPOCH_S, Evidence, GENESIS_S, OLD_AGENT, Peer, World, policy_document, vendor, verdict,
};

const EPOCH: Epoch = 4;

fn snp_vendor() -> &'static SnpVendor {
    static VENDOR: OnceLock<SnpVendor> = OnceLock::new();
    let config = SnpVendorConfig { not_before_s: GENESIS_S, not_after_s: GENESIS_S + 100 * EPOCH_S };
    VENDOR.get_or_init(|| SnpVendor::from_seed([1; 32], config).expect("dates in range"))
}

fn machine(spec: SnpMachineSpec) -> SnpMachine {
    snp_vendor().machine(spec).expect("dates in range")
}

fn sound() -> SnpMachineSpec {
    SnpMachineSpec::sound(5, SnpFamily::Genoa)
}

/// The usual network, whose policy accepts AMD's kind of evidence, too.
fn world() -> World {
    let vendor = vendor(1);
    let mut document = policy_document(&vendor);
    let root = B256::from_slice(&Sha256::digest(snp_vendor().root_der()));
    document["roots"].as_array_mut().expect("list").push(json!(root));
    let minimum = json!({ "boot_loader": 4, "tee": 1, "snp": 24, "microcode": 219 });
    document["snp"] = json!({ "tcb_min": { "genoa": minimum }, "required_features": ["sgx.flc"] });
    let mut world = World::with_policy(vendor, &document);
    let (measurement, from_epoch) = (measurement(&world, AGENT), 0);
    world.references.push(ReferenceValue { measurement, from_epoch, until_epoch: Epoch::MAX });
    world
}

fn measurement(world: &World, program: &str) -> B256 {
    let policy = Policy::from_json(&world.policy).expect("valid");
    let roots = [world.vendor.root_der(), snp_vendor().root_der()].map(<[u8]>::to_vec);
    let verifier = Verifier::new(&policy, roots, VerifierConfig::default()).expect("own roots");
    let quote = machine(sound()).quote(&SnpReportSpec::of_program(program, [0; 64]));
    verifier.examine(&quote, None, GENESIS_S + 1).expect("sound").measurement
}

/// Who has the seat; the platform of its own is not used.
fn peer(world: &World) -> Peer {
    world.sound_peer(5, TeeType::Sgx)
}

/// What a verifier finds about a machine's block, whose report, bundle or duty may be changed.
fn found(
    spec: SnpMachineSpec,
    report: impl FnOnce(&mut SnpReportSpec),
    bundle: impl FnOnce(&mut Vec<u8>),
    duty: impl FnOnce(&mut Duty),
) -> Verdict {
    let (world, machine) = (world(), machine(spec));
    let peer = peer(&world);
    let mut block = peer.block(&world, EPOCH);
    block.device_id = DeviceId::from_hardware(TeeType::Snp, machine.chip_id());
    block.measurement = measurement(&world, AGENT);
    let mut report_spec = SnpReportSpec::of_program(AGENT, block.report_data(&DEPLOYMENT));
    report(&mut report_spec);
    let evidence = Evidence { properties: peer.properties.encode(), quote: machine.quote(&report_spec) };
    let (split, mut certificates) = EvidenceBundle::split(evidence.properties, &evidence.quote);
    assert!(!certificates.is_empty(), "published apart");
    bundle(&mut certificates);
    let bytes = split.encode().expect("small");
    let mut assigned = peer.published_bytes(&world, &block, bytes, certificates);
    assigned.collateral = Some(2);
    let mut full = world.duty(EPOCH + 1, vec![assigned]);
    full.roots.push(snp_vendor().root_der().to_vec().into());
    full.collaterals.push(snp_vendor().collateral().expect("dates in range").into());
    duty(&mut full);
    verdict(&full)
}

fn found_on(spec: SnpMachineSpec) -> Mark {
    found(spec, |_| (), |_| (), |_| ()).mark
}

#[test]
fn sound_blocks_are_valid() {
    let verdict = found(sound(), |_| (), |_| (), |_| ());
    assert_eq!(verdict.mark, Mark::Valid, "{}", verdict.reason);
}

#[test]
fn faults_of_machine_and_guest_earn_the_marks_of_their_kind() {
    let other_chip = SnpMachineSpec { certified_chip_id: Some([7; 64]), ..sound() };
    assert_eq!(found_on(other_chip), Mark::EvidenceInvalid);
    let masked = SnpMachineSpec { chip_id: Some([0; 64]), ..sound() };
    assert_eq!(found_on(masked), Mark::BindingWrong);
    assert_eq!(found_on(SnpMachineSpec::sound(5, SnpFamily::Milan)), Mark::PlatformNotAccepted);
    let report = |change: fn(&mut SnpReportSpec)| found(sound(), change, |_| (), |_| ()).mark;
    assert_eq!(report(|report| report.guest_policy |= 1 << 19), Mark::PlatformNotAccepted);
    assert_eq!(report(|report| report.report_data[0] ^= 1), Mark::BindingWrong);
    let old = |report: &mut SnpReportSpec| *report = SnpReportSpec::of_program(OLD_AGENT, report.report_data);
    assert_eq!(report(old), Mark::MeasurementNotAllowed);
}

#[test]
fn machine_that_publishes_no_certificates_is_judged_without() {
    assert_eq!(found(sound(), |_| (), Vec::clear, |_| ()).mark, Mark::EvidenceInvalid);
}

#[test]
fn what_the_host_withholds_or_exchanges_earns_an_abstention() {
    let duty = |change: fn(&mut Duty)| found(sound(), |_| (), |_| (), change);
    for (case, verdict) in [
        ("no collateral", duty(|duty| duty.assigned[0].collateral = None)),
        ("another vendor's collateral", duty(|duty| duty.assigned[0].collateral = Some(0))),
        ("no certificates", duty(|duty| duty.assigned[0].certificates = None)),
        ("no root", duty(|duty| duty.roots.truncate(1))),
    ] {
        assert_eq!(verdict.mark, Mark::Abstain, "{case}: {}", verdict.reason);
    }
}
