//! What verifiers make of SIMULATED SEV-SNP evidence: accepted under its own root alone, and each fault found out.

use std::sync::OnceLock;

use multee_evidence::{
    AMD_ARK_DER, AMD_ARK_SHA256, AppraisalError, ChainFault, Collateral, CollateralFault, CollateralPart,
    CryptoBackend, EndorsementFault, PckCa, PlatformFlag, Policy, SnpComponent, SnpGuarantee, SnpProduct,
    SplitQuote, TcbStatus, VerifiedEvidence, Verifier, VerifierConfig, snp_quote,
};
use multee_mock_vendor::{
    SnpFamily, SnpKey, SnpMachine, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig, SnpVersions,
};
use multee_protocol::{DeviceId, Mark, TeeType};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const NOT_BEFORE_S: u64 = 1_800_000_000;
const NOW_S: u64 = NOT_BEFORE_S + 86_400;
const NOT_AFTER_S: u64 = NOT_BEFORE_S + 30 * 86_400;
const REPORT_DATA: [u8; 64] = [0x5A; 64];

/// One of two vendors; keys take a while to make.
fn vendor(seed: u8) -> SnpVendor {
    static VENDORS: OnceLock<[SnpVendor; 2]> = OnceLock::new();
    let config = SnpVendorConfig { not_before_s: NOT_BEFORE_S, not_after_s: NOT_AFTER_S };
    let make = |seed| SnpVendor::from_seed([seed; 32], config).expect("dates in range");
    VENDORS.get_or_init(|| [make(1), make(2)])[usize::from(seed) - 1].clone()
}

fn machine(vendor: &SnpVendor, spec: SnpMachineSpec) -> SnpMachine {
    vendor.machine(spec).expect("dates in range")
}

fn sound(family: SnpFamily) -> SnpMachineSpec {
    SnpMachineSpec::sound(7, family)
}

fn report() -> SnpReportSpec {
    SnpReportSpec::of_program("agent", REPORT_DATA)
}

fn collateral(vendor: &SnpVendor) -> Collateral {
    Collateral::from_json(&vendor.collateral().expect("dates in range")).expect("collateral")
}

/// The strictest policy that accepts sound machines, changed.
fn verifier_with(vendor: &SnpVendor, change: impl FnOnce(&mut Value)) -> Verifier {
    let SnpVersions { boot_loader, tee, snp, microcode, .. } = sound(SnpFamily::Milan).versions;
    let minimum = json!({ "boot_loader": boot_loader, "tee": tee, "snp": snp, "microcode": microcode });
    let mut turin = minimum.clone();
    turin["fmc"] = json!(1);
    let mut document = json!({
        "version": 1,
        "roots": [format!("0x{}", hex::encode(Sha256::digest(vendor.root_der())))],
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": 1,
        "measurement": {},
        "snp": {
            "tcb_min": { "milan": minimum, "genoa": minimum, "turin": turin },
            "guarantees": ["alias_check_complete"],
        },
    });
    change(&mut document);
    let policy = Policy::from_json(document.to_string().as_bytes()).expect("valid policy");
    Verifier::new(&policy, [vendor.root_der().to_vec()], VerifierConfig::default()).expect("root accepted")
}

fn verifier(vendor: &SnpVendor) -> Verifier {
    verifier_with(vendor, |_| ())
}

/// The verdict, which neither backend nor memory may change.
fn appraise(
    verifier: &Verifier,
    root: &[u8],
    quote: &[u8],
    collateral: &Collateral,
    now_s: u64,
) -> Result<VerifiedEvidence, AppraisalError> {
    let verdict = verifier.appraise(quote, collateral, now_s);
    for (backend, remember_signatures) in
        [(CryptoBackend::Ring, false), (CryptoBackend::RustCrypto, false), (CryptoBackend::RustCrypto, true)]
    {
        let config = VerifierConfig { backend, remember_signatures };
        let other = Verifier::new(verifier.policy(), [root.to_vec()], config).expect("same root");
        assert_eq!(other.appraise(quote, collateral, now_s), verdict, "{config:?}");
    }
    verdict
}

fn verdict(machine: SnpMachineSpec, report: &SnpReportSpec) -> Result<VerifiedEvidence, AppraisalError> {
    verdict_with(machine, report, |_| ())
}

fn verdict_with(
    spec: SnpMachineSpec,
    report: &SnpReportSpec,
    change: impl FnOnce(&mut Value),
) -> Result<VerifiedEvidence, AppraisalError> {
    let vendor = vendor(1);
    let quote = machine(&vendor, spec).quote(report);
    appraise(&verifier_with(&vendor, change), vendor.root_der(), &quote, &collateral(&vendor), NOW_S)
}

fn assert_refused(verdict: Result<VerifiedEvidence, AppraisalError>, error: &AppraisalError, mark: Mark) {
    assert_eq!(&verdict.expect_err("refused"), error);
    assert_eq!(error.mark(), mark);
}

fn assert_abstained(verdict: Result<VerifiedEvidence, AppraisalError>, fault: CollateralFault) {
    let error = AppraisalError::Collateral { part: CollateralPart::RootCrl, fault };
    assert_refused(verdict, &error, Mark::Abstain);
}

#[test]
fn sound_evidence_is_accepted_under_its_own_root() {
    let vendor = vendor(1);
    let products = [SnpProduct::Milan, SnpProduct::Genoa, SnpProduct::Turin];
    for (family, product) in SnpFamily::ALL.into_iter().zip(products) {
        let evidence = verdict(sound(family), &report()).expect("sound");
        let machine = machine(&vendor, sound(family));
        assert_eq!(evidence.tee(), TeeType::Snp);
        assert_eq!(evidence.hardware_id(), machine.chip_id());
        assert_eq!(evidence.device_id(), DeviceId::from_hardware(TeeType::Snp, machine.chip_id()));
        assert_eq!(evidence.fmspc(), product.family());
        assert_eq!(evidence.report_data(), &REPORT_DATA);
        assert_eq!(evidence.status(), TcbStatus::UpToDate);
        assert_eq!(evidence.holds_until_s(), NOT_AFTER_S);
        assert_eq!(evidence.snp().map(|facts| facts.product), Some(product));
        assert!(evidence.advisory_ids().is_empty() && !evidence.is_debug());
    }
}

#[test]
fn every_accepted_report_version_verifies_and_no_other() {
    for version in 0..=9 {
        // Version 2 cannot tell of Milan, nor of aliases.
        let found = verdict(sound(SnpFamily::Genoa), &SnpReportSpec { version, ..report() });
        if (2..=5).contains(&version) {
            assert!(found.is_ok(), "version {version}: {found:?}");
        } else {
            let error = AppraisalError::ReportVersionUnsupported(version);
            assert_refused(found, &error, Mark::EvidenceInvalid);
        }
    }
}

#[test]
fn examination_names_the_collateral_that_is_needed() {
    let vendor = vendor(1);
    for (key, ca) in [(SnpKey::Chip, PckCa::Ask), (SnpKey::Provider, PckCa::Asvk)] {
        let machine = machine(&vendor, SnpMachineSpec { key, ..sound(SnpFamily::Turin) });
        let verifier = verifier_with(&vendor, |policy| policy["snp"]["accept_vlek"] = json!(true));
        let examined = verifier.examine(&machine.quote(&report()), None, NOW_S).expect("sound");
        let needed = examined.collateral;
        assert_eq!((needed.tee, needed.fmspc, needed.ca), (TeeType::Snp, SnpProduct::Turin.family(), ca));
    }
}

#[test]
fn same_seed_makes_the_same_bytes_and_another_makes_others() {
    let everything = |vendor: SnpVendor| {
        let machines = SnpFamily::ALL.map(|family| machine(&vendor, sound(family)).quote(&report()));
        [vendor.root_der(), &machines.concat(), &vendor.collateral().expect("dates in range")].concat()
    };
    let config = SnpVendorConfig { not_before_s: NOT_BEFORE_S, not_after_s: NOT_AFTER_S };
    let again = SnpVendor::from_seed([1; 32], config).expect("dates in range");
    assert_eq!(everything(vendor(1)), everything(again));
    assert_ne!(everything(vendor(1)), everything(vendor(2)));
    // Golden: a run in another process makes the same, too.
    let all = Sha256::digest(everything(vendor(1)));
    assert_eq!(hex::encode(all), "56f5044a09c9831de1fcbcd1f28f7bbd217bc620138cc983a92a861f5530c680");
}

#[test]
fn everything_names_itself_simulated() {
    let vendor = vendor(1);
    let machine = machine(&vendor, sound(SnpFamily::Milan));
    let says = |bytes: &[u8]| bytes.windows(9).any(|window| window == b"SIMULATED");
    assert!(says(&machine.report(&report())) && says(vendor.root_der()));
    assert!(machine.certificates().iter().all(|certificate| says(certificate)));
    let collateral: Value =
        serde_json::from_slice(&vendor.collateral().expect("dates in range")).expect("JSON");
    assert!(says(&hex::decode(collateral["ark_crl"].as_str().expect("text")).expect("hex")));
}

#[test]
fn amds_roots_refuse_simulated_evidence() {
    let vendor = vendor(1);
    let roots = AMD_ARK_SHA256;
    let lenient = verifier_with(&vendor, |_| ());
    let policy = json!({
        "version": 1, "roots": roots, "platform_statuses": ["UpToDate"], "tcb_evaluation_number": 1,
        "snp": { "tcb_min": { "milan": { "boot_loader": 0, "tee": 0, "snp": 0, "microcode": 0 } } },
    });
    let policy = Policy::from_json(policy.to_string().as_bytes()).expect("valid policy");
    let amd = Verifier::new(&policy, AMD_ARK_DER.map(<[u8]>::to_vec), VerifierConfig::default());
    let quote = machine(&vendor, sound(SnpFamily::Milan)).quote(&report());
    assert!(lenient.appraise(&quote, &collateral(&vendor), NOW_S).is_ok());
    let verdict = amd.expect("roots accepted").appraise(&quote, &collateral(&vendor), NOW_S);
    let error = AppraisalError::CertificateChainInvalid(ChainFault::NotFromAcceptedRoot);
    assert_refused(verdict, &error, Mark::EvidenceInvalid);
}

#[test]
fn vendors_evidence_and_collateral_do_not_cross() {
    let [ours, theirs] = [vendor(1), vendor(2)];
    let [own, foreign] =
        [&ours, &theirs].map(|vendor| machine(vendor, sound(SnpFamily::Milan)).quote(&report()));
    let verifier = verifier(&ours);
    // The names are the same, so only signatures tell the vendors apart.
    let verdict = appraise(&verifier, ours.root_der(), &foreign, &collateral(&theirs), NOW_S);
    let error = AppraisalError::CertificateChainInvalid(ChainFault::NotFromAcceptedRoot);
    assert_refused(verdict, &error, Mark::EvidenceInvalid);
    let verdict = appraise(&verifier, ours.root_der(), &own, &collateral(&theirs), NOW_S);
    assert_abstained(verdict, CollateralFault::NotSigned);
}

#[test]
fn certificates_of_other_chips_firmware_and_families_are_refused() {
    let wrong = |spec, fault| {
        let error = AppraisalError::EndorsementWrong(fault);
        assert_refused(verdict(spec, &report()), &error, Mark::EvidenceInvalid);
    };
    for family in SnpFamily::ALL {
        let sound = sound(family);
        let mut other_chip = *machine(&vendor(1), sound).chip_id();
        other_chip[0] ^= 1;
        wrong(SnpMachineSpec { certified_chip_id: Some(other_chip), ..sound }, EndorsementFault::ChipId);
        let newer = SnpVersions { snp: sound.versions.snp + 1, ..sound.versions };
        wrong(SnpMachineSpec { certified_versions: Some(newer), ..sound }, EndorsementFault::Tcb);
        let other = if family == SnpFamily::Genoa { SnpFamily::Milan } else { SnpFamily::Genoa };
        wrong(SnpMachineSpec { certified_family: Some(other), ..sound }, EndorsementFault::Product);
    }
    // Version 2 does not name the family, but shows whether its versions are laid out as on Turin.
    let turin = SnpMachineSpec { certified_family: Some(SnpFamily::Milan), ..sound(SnpFamily::Turin) };
    let verdict = verdict(turin, &SnpReportSpec { version: 2, ..report() });
    let error = AppraisalError::EndorsementWrong(EndorsementFault::Product);
    assert_refused(verdict, &error, Mark::EvidenceInvalid);
}

#[test]
fn firmware_below_the_minimum_is_refused_even_if_only_at_launch() {
    let sound = sound(SnpFamily::Turin);
    let now = sound.versions;
    let older = |component, versions| {
        let found = match component {
            SnpComponent::Fmc => now.fmc - 1,
            SnpComponent::Snp => now.snp - 1,
            _ => now.boot_loader - 1,
        };
        let error = AppraisalError::TcbBelowMinimum { component, found, minimum: found + 1 };
        let before = SnpMachineSpec { versions, ..sound };
        assert_refused(verdict(before, &report()), &error, Mark::PlatformNotAccepted);
        let launched_before = SnpMachineSpec { launch_versions: Some(versions), ..sound };
        assert_refused(verdict(launched_before, &report()), &error, Mark::PlatformNotAccepted);
    };
    older(SnpComponent::Fmc, SnpVersions { fmc: now.fmc - 1, ..now });
    older(SnpComponent::Snp, SnpVersions { snp: now.snp - 1, ..now });
    older(SnpComponent::BootLoader, SnpVersions { boot_loader: now.boot_loader - 1, ..now });
}

#[test]
fn debug_migration_and_undefined_bits_are_refused_whatever_the_policy() {
    for (bits, error) in [
        (1 << 17 | 1 << 19, AppraisalError::Debug),
        (1 << 17 | 1 << 18, AppraisalError::AttributesNotAccepted),
        (1 << 17 | 1 << 26, AppraisalError::AttributesNotAccepted),
        (0, AppraisalError::AttributesNotAccepted),
    ] {
        let report = SnpReportSpec { guest_policy: bits, ..report() };
        assert_refused(verdict(sound(SnpFamily::Milan), &report), &error, Mark::PlatformNotAccepted);
    }
}

#[test]
fn privilege_levels_flags_and_guarantees_are_the_policys_choice() {
    let refused_unless = |report: SnpReportSpec, error, change: fn(&mut Value)| {
        let machine = sound(SnpFamily::Milan);
        assert_refused(verdict(machine, &report), &error, Mark::PlatformNotAccepted);
        assert!(verdict_with(machine, &report, change).is_ok(), "{error:?}");
    };
    let vmpl = AppraisalError::VmplNotAccepted(1);
    refused_unless(SnpReportSpec { vmpl: 1, ..report() }, vmpl, |policy| {
        policy["snp"]["vmpl_max"] = json!(1);
    });
    let cxl = SnpReportSpec { guest_policy: 1 << 17 | 1 << 21, ..report() };
    let error = AppraisalError::FlagNotAccepted(PlatformFlag::Cxl);
    refused_unless(cxl, error, |policy| policy["snp"]["accept_cxl"] = json!(true));
    let smt = SnpReportSpec { platform_info: 1 << 5 | 1, ..report() };
    let error = AppraisalError::FlagNotAccepted(PlatformFlag::Smt);
    refused_unless(smt, error, |policy| policy["accept_smt"] = json!(true));
    let aliases = SnpReportSpec { platform_info: 0, ..report() };
    let error = AppraisalError::GuaranteeMissing(SnpGuarantee::AliasCheckComplete);
    refused_unless(aliases, error, |policy| policy["snp"]["guarantees"] = json!([]));
    // What the host asks for comes from no privilege level, and none is accepted for it.
    let hosts = SnpReportSpec { vmpl: u32::MAX, ..report() };
    let verdict =
        verdict_with(sound(SnpFamily::Milan), &hosts, |policy| policy["snp"]["vmpl_max"] = json!(3));
    assert_refused(verdict, &AppraisalError::VmplNotAccepted(u32::MAX), Mark::PlatformNotAccepted);
}

#[test]
fn demanded_guarantees_are_found_in_the_guests_policy() {
    for (bit, name, guarantee) in [
        (20, "single_socket", SnpGuarantee::SingleSocket),
        (22, "mem_aes256_xts", SnpGuarantee::MemAes256Xts),
        (23, "rapl_disabled", SnpGuarantee::RaplDisabled),
        (24, "ciphertext_hiding", SnpGuarantee::CiphertextHiding),
        (25, "page_swap_disabled", SnpGuarantee::PageSwapDisabled),
    ] {
        let demand = |policy: &mut Value| policy["snp"]["guarantees"] = json!([name]);
        let machine = sound(SnpFamily::Genoa);
        let error = AppraisalError::GuaranteeMissing(guarantee);
        assert_refused(verdict_with(machine, &report(), demand), &error, Mark::PlatformNotAccepted);
        let with = SnpReportSpec { guest_policy: 1 << 17 | 1 << bit, ..report() };
        assert!(verdict_with(machine, &with, demand).is_ok(), "{name}");
    }
}

#[test]
fn providers_keys_are_accepted_if_the_policy_says_so_and_the_report_names_the_chip() {
    let provider = SnpMachineSpec { key: SnpKey::Provider, ..sound(SnpFamily::Genoa) };
    let refused = verdict(provider, &report());
    assert_refused(refused, &AppraisalError::VlekNotAccepted, Mark::PlatformNotAccepted);
    let accept = |policy: &mut Value| policy["snp"]["accept_vlek"] = json!(true);
    let evidence = verdict_with(provider, &report(), accept).expect("policy says so");
    assert_eq!(evidence.hardware_id(), machine(&vendor(1), provider).chip_id());
    for key in [SnpKey::Provider, SnpKey::Chip] {
        for masked in [[0; 64], [0xFF; 64]] {
            for version in [2, 3] {
                let masked = SnpMachineSpec { key, chip_id: Some(masked), ..provider };
                let report = SnpReportSpec { version, ..report() };
                let verdict = verdict_with(masked, &report, accept);
                assert_refused(verdict, &AppraisalError::HardwareIdMasked, Mark::BindingWrong);
            }
        }
    }
}

#[test]
fn kinds_of_signing_keys_cannot_stand_in_for_each_other() {
    let vendor = vendor(1);
    let accept = verifier_with(&vendor, |policy| policy["snp"]["accept_vlek"] = json!(true));
    let [chip, provider] = [SnpKey::Chip, SnpKey::Provider]
        .map(|key| machine(&vendor, SnpMachineSpec { key, ..sound(SnpFamily::Milan) }));
    for (signs, certified) in [(&chip, &provider), (&provider, &chip)] {
        let [key, issuer] = certified.certificates();
        let quote = snp_quote(&signs.report(&report()), key, issuer).expect("lengths fit");
        let verdict = accept.appraise(&quote, &collateral(&vendor), NOW_S);
        let error = AppraisalError::EndorsementWrong(EndorsementFault::KeyKind);
        assert_refused(verdict, &error, Mark::EvidenceInvalid);
    }
}

#[test]
fn issuers_and_roots_do_not_sign_reports_and_keys_do_not_issue() {
    let vendor = vendor(1);
    let machine = machine(&vendor, sound(SnpFamily::Milan));
    let [key, issuer] = machine.certificates();
    for chain in [[issuer, key], [key, key], [issuer, issuer], [key, &vendor.root_der().to_vec()]] {
        let quote = snp_quote(&machine.report(&report()), chain[0], chain[1]).expect("lengths fit");
        let error = verifier(&vendor).appraise(&quote, &collateral(&vendor), NOW_S).expect_err("refused");
        assert!(matches!(error, AppraisalError::CertificateChainInvalid(_)), "{error:?}");
    }
}

#[test]
fn expired_certificates_are_refused() {
    let spec = SnpMachineSpec { certificate_until_s: Some(NOW_S - 1), ..sound(SnpFamily::Milan) };
    let error = AppraisalError::CertificateChainInvalid(ChainFault::Expired);
    assert_refused(verdict(spec, &report()), &error, Mark::EvidenceInvalid);
    let last_second = SnpMachineSpec { certificate_until_s: Some(NOW_S), ..spec };
    let evidence = verdict(last_second, &report()).expect("holds");
    assert_eq!(evidence.holds_until_s(), NOW_S);
}

#[test]
fn revoked_issuers_are_refused_and_the_other_is_not() {
    let accept = |policy: &mut Value| policy["snp"]["accept_vlek"] = json!(true);
    let specs = [SnpKey::Chip, SnpKey::Provider].map(|key| SnpMachineSpec { key, ..sound(SnpFamily::Milan) });
    for (revoked, spared) in [(specs[0], specs[1]), (specs[1], specs[0])] {
        let mut vendor = vendor(1);
        vendor.revoke_issuer_of(&machine(&vendor, revoked));
        let verdict = |spec| {
            let quote = machine(&vendor, spec).quote(&report());
            let verifier = verifier_with(&vendor, accept);
            appraise(&verifier, vendor.root_der(), &quote, &collateral(&vendor), NOW_S)
        };
        let error = AppraisalError::CertificateRevoked;
        assert_refused(verdict(revoked), &error, Mark::PlatformNotAccepted);
        assert!(verdict(spared).is_ok());
    }
}

#[test]
fn bad_collateral_is_held_against_nobody() {
    let mut vendor = vendor(1);
    let quote = machine(&vendor, sound(SnpFamily::Milan)).quote(&report());
    let by = |json: &[u8]| {
        let collateral = Collateral::from_json(json).expect("readable");
        appraise(&verifier(&vendor), vendor.root_der(), &quote, &collateral, NOW_S)
    };
    let dated = |issued_s, due_s| vendor.collateral_with(issued_s, due_s).expect("dates in range");
    assert!(by(&dated(NOW_S, NOW_S)).is_ok(), "on its first and last second");
    assert_abstained(by(&dated(NOW_S + 1, NOT_AFTER_S)), CollateralFault::NotYetValid);
    assert_abstained(by(&dated(NOT_BEFORE_S, NOW_S - 1)), CollateralFault::Expired);
    assert_abstained(by(br#"{"tee":"snp","ark_crl":""}"#), CollateralFault::Malformed);
    vendor.revoke_root();
    let revoked = collateral(&vendor);
    let verdict = verifier(&vendor).appraise(&quote, &revoked, NOW_S);
    assert_abstained(verdict, CollateralFault::SignerRevoked);
}

#[test]
fn devices_faults_are_found_under_the_worst_collateral() {
    let vendor = vendor(1);
    let none = Collateral::from_json(br#"{"tee":"snp","ark_crl":""}"#).expect("readable");
    let debug = SnpReportSpec { guest_policy: 1 << 17 | 1 << 19, ..report() };
    let quote = machine(&vendor, sound(SnpFamily::Milan)).quote(&debug);
    let verdict = verifier(&vendor).appraise(&quote, &none, NOW_S);
    assert_refused(verdict, &AppraisalError::Debug, Mark::PlatformNotAccepted);
}

#[test]
fn no_bit_of_the_collateral_is_held_against_the_device_or_hides_a_revocation() {
    let mut vendor = vendor(1);
    let machine = machine(&vendor, sound(SnpFamily::Milan));
    let quote = machine.quote(&report());
    vendor.revoke_issuer_of(&machine);
    let document: Value =
        serde_json::from_slice(&vendor.collateral().expect("dates in range")).expect("JSON");
    let list = hex::decode(document["ark_crl"].as_str().expect("text")).expect("hex");
    let verifier = verifier(&vendor);
    for at in 0..list.len() {
        for bit in 0..8 {
            let mut altered = list.clone();
            altered[at] ^= 1 << bit;
            let json = json!({ "tee": "snp", "ark_crl": hex::encode(altered) }).to_string();
            let collateral = Collateral::from_json(json.as_bytes()).expect("readable");
            let error = verifier.appraise(&quote, &collateral, NOW_S).expect_err("altered");
            assert_eq!(error.mark(), Mark::Abstain, "byte {at} bit {bit}: {error:?}");
        }
    }
}

#[test]
fn certificates_are_published_apart_and_put_back() {
    let vendor = vendor(1);
    let machine = machine(&vendor, sound(SnpFamily::Milan));
    let [key, issuer] = machine.certificates();
    let quote = machine.quote(&report());
    assert_eq!(snp_quote(&machine.report(&report()), key, issuer).as_ref(), Ok(&quote));
    let (split, certificates) = SplitQuote::split(&quote);
    assert!(split.rest().len() < 1200);
    let next = machine.quote(&SnpReportSpec::of_program("agent", [1; 64]));
    let (next, same) = SplitQuote::split(&next);
    assert_eq!(certificates, same, "the same in every epoch");
    let joined = next.join(&certificates).expect("small");
    let evidence = verifier(&vendor).appraise(&joined, &collateral(&vendor), NOW_S).expect("sound");
    assert_eq!(evidence.report_data(), &[1; 64]);
}

#[test]
fn the_other_signature_that_ecdsa_allows_means_the_same() {
    // s and n − s, little endian: the order of P-384.
    let order = hex::decode(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    )
    .expect("hex");
    let vendor = vendor(1);
    let mut quote = machine(&vendor, sound(SnpFamily::Milan)).quote(&report());
    let as_made = verifier(&vendor).appraise(&quote, &collateral(&vendor), NOW_S).expect("sound");
    let s = &mut quote[4 + 0x2A0 + 72..][..48];
    let mut borrow = 0;
    for (byte, minuend) in s.iter_mut().zip(order.iter().rev()) {
        let difference = i16::from(*minuend) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    assert_eq!(verifier(&vendor).appraise(&quote, &collateral(&vendor), NOW_S), Ok(as_made));
}
