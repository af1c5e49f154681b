//! What verifiers make of SIMULATED evidence: accepted under its own root alone, and each fault found out.

use multee_evidence::{
    AppraisalError, ChainFault, Collateral, CollateralFault, CollateralPart, CryptoBackend, EpochRange,
    INTEL_SGX_ROOT_CA_DER, INTEL_SGX_ROOT_CA_SHA256, PckCa, Policy, Properties, PropertiesNotAccepted,
    ReferenceValues, TcbStatus, VerifiedEvidence, Verifier, VerifierConfig,
};
use multee_mock_vendor::{
    CollateralSpec, Platform, PlatformSpec, QuoteSpec, QuotingEnclave, TcbLevel, Vendor, VendorConfig,
    alter_body,
};
use multee_protocol::{DeviceId, Mark, TeeType};
use sha2::{Digest, Sha256};

const NOT_BEFORE_S: u64 = 1_800_000_000;
const NOW_S: u64 = NOT_BEFORE_S + 86_400;
const NOT_AFTER_S: u64 = NOT_BEFORE_S + 30 * 86_400;
const NUMBER: u32 = 19;
const TEES: [TeeType; 2] = [TeeType::Sgx, TeeType::Tdx];
const REPORT_DATA: [u8; 64] = [0x5A; 64];

fn vendor(seed: u8) -> Vendor {
    let config =
        VendorConfig { not_before_s: NOT_BEFORE_S, not_after_s: NOT_AFTER_S, tcb_evaluation_number: NUMBER };
    Vendor::from_seed([seed; 32], config).expect("dates in range")
}

fn policy(roots: &[String], statuses: &[&str], denied: &[&str]) -> Policy {
    let document = serde_json::json!({
        "version": 1,
        "roots": roots,
        "platform_statuses": statuses,
        "advisories_denied": denied,
        "tcb_evaluation_number": NUMBER,
    });
    Policy::from_json(document.to_string().as_bytes()).expect("valid policy")
}

fn root_digest(root_der: &[u8]) -> String {
    format!("0x{}", hex::encode(Sha256::digest(root_der)))
}

fn verifier(vendor: &Vendor) -> Verifier {
    let policy = policy(&[root_digest(vendor.root_der())], &["UpToDate"], &[]);
    Verifier::new(&policy, [vendor.root_der().to_vec()], VerifierConfig::default()).expect("root accepted")
}

fn collateral(vendor: &Vendor, platform: &Platform) -> Collateral {
    let spec = platform.spec();
    read(&vendor.collateral(spec.tee, spec.fmspc).expect("simulated"))
}

fn read(json: &[u8]) -> Collateral {
    Collateral::from_json(json).expect("collateral")
}

fn quote(platform: &Platform) -> Vec<u8> {
    platform.quote(&QuoteSpec::of_program(platform.spec().tee, "agent", REPORT_DATA)).expect("same TEE")
}

fn platform(vendor: &Vendor, spec: PlatformSpec) -> Platform {
    vendor.platform(spec).expect("simulated")
}

/// Appraises with every backend, with and without memory; all must agree.
fn appraise(
    verifier: &Verifier,
    roots: &[&[u8]],
    quote: &[u8],
    collateral: &Collateral,
    now_s: u64,
) -> Result<VerifiedEvidence, AppraisalError> {
    let verdict = verifier.appraise(quote, collateral, now_s);
    for backend in [CryptoBackend::Ring, CryptoBackend::RustCrypto] {
        for remember_signatures in [false, true] {
            let config = VerifierConfig { backend, remember_signatures };
            let roots = roots.iter().map(|root| root.to_vec());
            let other = Verifier::new(verifier.policy(), roots, config).expect("same roots");
            assert_eq!(other.appraise(quote, collateral, now_s), verdict, "{config:?}");
        }
    }
    verdict
}

/// The verdict on one machine's quote under its vendor's root.
fn verdict(vendor: &Vendor, spec: PlatformSpec) -> Result<VerifiedEvidence, AppraisalError> {
    let platform = platform(vendor, spec);
    let collateral = collateral(vendor, &platform);
    appraise(&verifier(vendor), &[vendor.root_der()], &quote(&platform), &collateral, NOW_S)
}

fn assert_refused(verdict: Result<VerifiedEvidence, AppraisalError>, error: &AppraisalError, mark: Mark) {
    assert_eq!(&verdict.expect_err("refused"), error);
    assert_eq!(error.mark(), mark);
}

#[test]
fn sound_evidence_is_accepted_under_its_own_root() {
    let vendor = vendor(1);
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(7, tee));
        let evidence = verdict(&vendor, PlatformSpec::sound(7, tee)).expect("sound");
        assert_eq!(evidence.tee(), tee);
        assert_eq!(evidence.hardware_id(), platform.hardware_id());
        assert_eq!(evidence.device_id(), DeviceId::from_hardware(tee, platform.hardware_id()));
        assert_eq!(evidence.fmspc().as_slice(), platform.spec().fmspc);
        assert_eq!(evidence.report_data(), &REPORT_DATA);
        assert_eq!(evidence.status(), TcbStatus::UpToDate);
        assert_eq!(evidence.holds_until_s(), NOT_AFTER_S);
        assert!(evidence.advisory_ids().is_empty());
        assert!(!evidence.is_debug());
    }
}

#[test]
fn examination_names_the_collateral_that_is_needed() {
    let vendor = vendor(1);
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(1, tee));
        let key = verifier(&vendor).examine(&quote(&platform), None, NOW_S).expect("sound").collateral;
        assert_eq!((key.tee, key.ca), (tee, PckCa::Processor));
        assert_eq!(key.fmspc.as_slice(), platform.spec().fmspc);
    }
}

#[test]
fn same_seed_makes_the_same_bytes_and_another_makes_others() {
    let everything = |seed: u8| {
        let mut vendor = vendor(seed);
        let platforms = TEES.map(|tee| platform(&vendor, PlatformSpec::sound(3, tee)));
        vendor.revoke(&platforms[0]);
        let mut bytes = vec![vendor.root_der().to_vec()];
        for platform in &platforms {
            let spec = platform.spec();
            bytes.push(quote(platform));
            bytes.push(platform.chain_pem().as_bytes().to_vec());
            bytes.push(vendor.collateral(spec.tee, spec.fmspc).expect("simulated"));
        }
        bytes
    };
    let first = everything(1);
    assert_eq!(first, everything(1));
    assert!(first.iter().zip(everything(2)).all(|(one, other)| *one != other));
    // Golden: a run in another process, or of another version of the libraries, makes the same, too.
    let all = Sha256::digest(first.concat());
    assert_eq!(hex::encode(all), "01073813595c79f1e8761273cec450cf9232a41509ca5cc9bac72c97a779f406");
}

#[test]
fn machines_differ_by_index_and_their_certificates_by_level() {
    let vendor = vendor(1);
    let ids: Vec<[u8; 16]> = (0..50)
        .map(|index| *platform(&vendor, PlatformSpec::sound(index, TeeType::Sgx)).hardware_id())
        .collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn everything_names_itself_simulated() {
    let vendor = vendor(1);
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(1, tee));
        let certificates: Vec<Vec<u8>> = pem::parse_many(platform.chain_pem())
            .expect("pem")
            .into_iter()
            .map(pem::Pem::into_contents)
            .collect();
        assert_eq!(certificates.len(), 3);
        let quote = quote(&platform);
        for bytes in certificates.iter().chain([&quote]) {
            assert!(bytes.windows(9).any(|window| window == b"SIMULATED"));
        }
    }
}

#[test]
fn intels_root_refuses_simulated_evidence() {
    let vendor = vendor(1);
    let policy = policy(&[INTEL_SGX_ROOT_CA_SHA256.to_string()], &["UpToDate"], &[]);
    let intel = Verifier::new(&policy, [INTEL_SGX_ROOT_CA_DER.to_vec()], VerifierConfig::default());
    let intel = intel.expect("root accepted");
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(1, tee));
        let collateral = collateral(&vendor, &platform);
        let verdict = appraise(&intel, &[INTEL_SGX_ROOT_CA_DER], &quote(&platform), &collateral, NOW_S);
        let error = AppraisalError::CertificateChainInvalid(ChainFault::NotFromAcceptedRoot);
        assert_refused(verdict, &error, Mark::EvidenceInvalid);
    }
}

#[test]
fn vendors_quotes_and_collateral_do_not_cross() {
    let [ours, theirs] = [vendor(1), vendor(2)];
    for tee in TEES {
        let (own, foreign) =
            (platform(&ours, PlatformSpec::sound(1, tee)), platform(&theirs, PlatformSpec::sound(1, tee)));
        let roots = [ours.root_der()];
        let verifier = verifier(&ours);
        let verdict = appraise(&verifier, &roots, &quote(&foreign), &collateral(&theirs, &foreign), NOW_S);
        let error = AppraisalError::CertificateChainInvalid(ChainFault::NotFromAcceptedRoot);
        assert_refused(verdict, &error, Mark::EvidenceInvalid);
        // Our machine, their collateral: the host's fault, not the machine's.
        let verdict = appraise(&verifier, &roots, &quote(&own), &collateral(&theirs, &foreign), NOW_S);
        let (part, fault) = (CollateralPart::RootCrl, CollateralFault::NotSigned);
        assert_refused(verdict, &AppraisalError::Collateral { part, fault }, Mark::Abstain);
    }
}

#[test]
fn policy_with_both_roots_accepts_both_vendors() {
    let [ours, theirs] = [vendor(1), vendor(2)];
    let digests = [&ours, &theirs].map(|vendor| root_digest(vendor.root_der()));
    let roots = [&ours, &theirs].map(|vendor| vendor.root_der().to_vec());
    let verifier = Verifier::new(&policy(&digests, &["UpToDate"], &[]), roots, VerifierConfig::default());
    let verifier = verifier.expect("roots accepted");
    for vendor in [&ours, &theirs] {
        let platform = platform(vendor, PlatformSpec::sound(1, TeeType::Sgx));
        assert!(verifier.appraise(&quote(&platform), &collateral(vendor, &platform), NOW_S).is_ok());
    }
}

#[test]
fn outdated_platforms_are_not_accepted_unless_the_policy_says_so() {
    let vendor = vendor(1);
    for tee in TEES {
        let spec = PlatformSpec { tcb: TcbLevel::Outdated, ..PlatformSpec::sound(1, tee) };
        let error = AppraisalError::TcbStatusNotAccepted(TcbStatus::OutOfDate);
        assert_refused(verdict(&vendor, spec), &error, Mark::PlatformNotAccepted);

        let digests = [root_digest(vendor.root_der())];
        let platform = platform(&vendor, spec);
        let with = |policy: &Policy| {
            let roots = [vendor.root_der().to_vec()];
            let lenient = Verifier::new(policy, roots, VerifierConfig::default()).expect("root accepted");
            lenient.appraise(&quote(&platform), &collateral(&vendor, &platform), NOW_S)
        };
        let accepted = with(&policy(&digests, &["UpToDate", "OutOfDate"], &[])).expect("policy says so");
        assert_eq!(accepted.status(), TcbStatus::OutOfDate);
        assert_eq!(accepted.advisory_ids(), ["SIMULATED-SA-00001"]);
        let denied = with(&policy(&digests, &["UpToDate", "OutOfDate"], &["simulated-sa-00001"]));
        let error = AppraisalError::AdvisoryDenied("SIMULATED-SA-00001".to_owned());
        assert_refused(denied, &error, Mark::PlatformNotAccepted);
    }
}

#[test]
fn revoked_and_unknown_levels_are_the_platforms_fault() {
    let vendor = vendor(1);
    for tee in TEES {
        let revoked = PlatformSpec { tcb: TcbLevel::Revoked, ..PlatformSpec::sound(1, tee) };
        let error = AppraisalError::TcbStatusNotAccepted(TcbStatus::Revoked);
        assert_refused(verdict(&vendor, revoked), &error, Mark::PlatformNotAccepted);
        let unknown = PlatformSpec { tcb: TcbLevel::Unknown, ..PlatformSpec::sound(1, tee) };
        let verdict = verdict(&vendor, unknown);
        assert_refused(verdict, &AppraisalError::TcbLevelUnknown, Mark::PlatformNotAccepted);
    }
}

#[test]
fn revoked_certificates_are_refused_and_their_neighbours_are_not() {
    let mut vendor = vendor(1);
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(1, tee));
        assert!(verdict(&vendor, PlatformSpec::sound(1, tee)).is_ok());
        vendor.revoke(&platform);
        let refused = verdict(&vendor, PlatformSpec::sound(1, tee));
        assert_refused(refused, &AppraisalError::CertificateRevoked, Mark::PlatformNotAccepted);
        assert!(verdict(&vendor, PlatformSpec::sound(2, tee)).is_ok());
    }
}

#[test]
fn debug_mode_is_refused() {
    let vendor = vendor(1);
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(1, tee));
        let spec = QuoteSpec { debug: true, ..QuoteSpec::of_program(tee, "agent", REPORT_DATA) };
        let quote = platform.quote(&spec).expect("same TEE");
        let collateral = collateral(&vendor, &platform);
        let verdict = appraise(&verifier(&vendor), &[vendor.root_der()], &quote, &collateral, NOW_S);
        assert_refused(verdict, &AppraisalError::Debug, Mark::PlatformNotAccepted);
    }
}

#[test]
fn foreign_quoting_enclave_on_a_genuine_platform_is_refused() {
    let vendor = vendor(1);
    for tee in TEES {
        let spec = PlatformSpec { quoting_enclave: QuotingEnclave::Foreign, ..PlatformSpec::sound(1, tee) };
        let verdict = verdict(&vendor, spec);
        assert_refused(verdict, &AppraisalError::QuotingEnclaveNotGenuine, Mark::EvidenceInvalid);
    }
}

#[test]
fn masked_hardware_ids_are_refused() {
    let vendor = vendor(1);
    for masked in [[0; 16], [0xFF; 16]] {
        let spec = PlatformSpec { hardware_id: Some(masked), ..PlatformSpec::sound(1, TeeType::Sgx) };
        assert_refused(verdict(&vendor, spec), &AppraisalError::HardwareIdMasked, Mark::BindingWrong);
    }
}

#[test]
fn altered_body_is_refused() {
    let vendor = vendor(1);
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(1, tee));
        let mut quote = quote(&platform);
        alter_body(&mut quote);
        let collateral = collateral(&vendor, &platform);
        let verdict = appraise(&verifier(&vendor), &[vendor.root_der()], &quote, &collateral, NOW_S);
        assert_refused(verdict, &AppraisalError::QuoteSignatureInvalid, Mark::EvidenceInvalid);
    }
}

#[test]
fn another_program_verifies_but_measures_otherwise() {
    let vendor = vendor(1);
    for tee in TEES {
        let platform = platform(&vendor, PlatformSpec::sound(1, tee));
        let measure = |program: &str, report_data| {
            let quote = platform.quote(&QuoteSpec::of_program(tee, program, report_data)).expect("same TEE");
            let evidence = verifier(&vendor).appraise(&quote, &collateral(&vendor, &platform), NOW_S);
            let evidence = evidence.expect("sound");
            (evidence.measurement(), *evidence.report_data())
        };
        assert_eq!(measure("agent", [1; 64]).0, measure("agent", [2; 64]).0);
        assert_ne!(measure("agent", [1; 64]).0, measure("other", [1; 64]).0);
        assert_eq!(measure("agent", [2; 64]).1, [2; 64], "report data is handed on as it is");
    }
}

#[test]
fn old_early_and_other_collateral_is_never_the_devices_fault() {
    let vendor = vendor(1);
    let platform = platform(&vendor, PlatformSpec::sound(1, TeeType::Sgx));
    let sound = CollateralSpec {
        tee: TeeType::Sgx,
        fmspc: platform.spec().fmspc,
        issued_s: NOT_BEFORE_S,
        next_update_s: NOT_AFTER_S,
        tcb_evaluation_number: NUMBER,
    };
    let cases = [
        (
            CollateralSpec { next_update_s: NOW_S - 1, ..sound },
            CollateralPart::RootCrl,
            CollateralFault::Expired,
        ),
        (
            CollateralSpec { issued_s: NOW_S + 1, ..sound },
            CollateralPart::RootCrl,
            CollateralFault::NotYetValid,
        ),
        (
            CollateralSpec { fmspc: *b"OTHERS", ..sound },
            CollateralPart::TcbInfo,
            CollateralFault::NotForPlatform,
        ),
        (
            CollateralSpec { tee: TeeType::Tdx, ..sound },
            CollateralPart::TcbInfo,
            CollateralFault::NotForPlatform,
        ),
        (
            CollateralSpec { tcb_evaluation_number: NUMBER + 1, ..sound },
            CollateralPart::TcbInfo,
            CollateralFault::WrongEvaluationNumber { expected: NUMBER, found: NUMBER + 1 },
        ),
        (
            CollateralSpec { tcb_evaluation_number: NUMBER - 1, ..sound },
            CollateralPart::TcbInfo,
            CollateralFault::WrongEvaluationNumber { expected: NUMBER, found: NUMBER - 1 },
        ),
    ];
    for (spec, part, fault) in cases {
        let collateral = read(&vendor.collateral_with(spec).expect("in range"));
        let roots = [vendor.root_der()];
        let verdict = appraise(&verifier(&vendor), &roots, &quote(&platform), &collateral, NOW_S);
        assert_refused(verdict, &AppraisalError::Collateral { part, fault }, Mark::Abstain);
    }
}

/// Sound collateral for SGX with one part taken from other collateral of the same vendor.
fn mixed(vendor: &Vendor, other: CollateralSpec, parts: &[&str]) -> Collateral {
    let json = |bytes: Vec<u8>| serde_json::from_slice::<serde_json::Value>(&bytes).expect("json");
    let mut document = json(vendor.collateral(other.tee, other.fmspc).expect("simulated"));
    let other = json(vendor.collateral_with(other).expect("in range"));
    for part in parts {
        document[part] = other[part].clone();
    }
    read(document.to_string().as_bytes())
}

#[test]
fn every_part_of_the_collateral_is_asked_for_its_number_and_its_time() {
    let vendor = vendor(1);
    let platform = platform(&vendor, PlatformSpec::sound(1, TeeType::Sgx));
    let sound = CollateralSpec {
        tee: TeeType::Sgx,
        fmspc: platform.spec().fmspc,
        issued_s: NOT_BEFORE_S,
        next_update_s: NOT_AFTER_S,
        tcb_evaluation_number: NUMBER,
    };
    let number = |found| CollateralSpec { tcb_evaluation_number: found, ..sound };
    let wrong = |found| CollateralFault::WrongEvaluationNumber { expected: NUMBER, found };
    let later = CollateralSpec { issued_s: NOW_S + 1, ..sound };
    let older = CollateralSpec { next_update_s: NOW_S - 1, ..sound };
    let (tcb, identity) = (["tcb_info", "tcb_info_signature"], ["qe_identity", "qe_identity_signature"]);
    let cases: &[(CollateralSpec, &[&str], CollateralPart, CollateralFault)] = &[
        (number(NUMBER - 1), &tcb, CollateralPart::TcbInfo, wrong(NUMBER - 1)),
        // The verification library reports only the lower of both numbers, which is the right one here.
        (number(NUMBER + 1), &tcb, CollateralPart::TcbInfo, wrong(NUMBER + 1)),
        (number(NUMBER - 1), &identity, CollateralPart::QeIdentity, wrong(NUMBER - 1)),
        (number(NUMBER + 1), &identity, CollateralPart::QeIdentity, wrong(NUMBER + 1)),
        (later, &tcb, CollateralPart::TcbInfo, CollateralFault::NotYetValid),
        (later, &identity, CollateralPart::QeIdentity, CollateralFault::NotYetValid),
        (later, &["pck_crl"], CollateralPart::Whole, CollateralFault::NotYetValid),
        (later, &["root_ca_crl"], CollateralPart::Whole, CollateralFault::NotYetValid),
        (older, &tcb, CollateralPart::TcbInfo, CollateralFault::Expired),
        (older, &identity, CollateralPart::QeIdentity, CollateralFault::Expired),
        (older, &["pck_crl"], CollateralPart::PckCrl, CollateralFault::Expired),
        (older, &["root_ca_crl"], CollateralPart::RootCrl, CollateralFault::Expired),
    ];
    let verifier = verifier(&vendor);
    let roots = [vendor.root_der()];
    for (other, parts, part, fault) in cases {
        let verdict = appraise(&verifier, &roots, &quote(&platform), &mixed(&vendor, *other, parts), NOW_S);
        let error = AppraisalError::Collateral { part: *part, fault: *fault };
        assert_refused(verdict, &error, Mark::Abstain);
    }
}

#[test]
fn old_collateral_hides_neither_revocation_nor_a_bad_quote() {
    let mut vendor = vendor(1);
    let revoked = platform(&vendor, PlatformSpec::sound(1, TeeType::Sgx));
    vendor.revoke(&revoked);
    let spec = CollateralSpec {
        tee: TeeType::Sgx,
        fmspc: revoked.spec().fmspc,
        issued_s: NOT_BEFORE_S,
        next_update_s: NOW_S - 1,
        tcb_evaluation_number: NUMBER,
    };
    let old = read(&vendor.collateral_with(spec).expect("in range"));
    let appraise = |quote: &[u8]| appraise(&verifier(&vendor), &[vendor.root_der()], quote, &old, NOW_S);
    // A host that brings old collateral for a revoked machine gets an abstention out of it, never a yes.
    let expired =
        AppraisalError::Collateral { part: CollateralPart::RootCrl, fault: CollateralFault::Expired };
    assert_refused(appraise(&quote(&revoked)), &expired, Mark::Abstain);
    // What is wrong with the quote itself shows without any collateral.
    let mut altered = quote(&revoked);
    alter_body(&mut altered);
    assert_refused(appraise(&altered), &AppraisalError::QuoteSignatureInvalid, Mark::EvidenceInvalid);
}

#[test]
fn certificates_hold_from_their_first_second_to_their_last() {
    let vendor = vendor(1);
    let platform = platform(&vendor, PlatformSpec::sound(1, TeeType::Tdx));
    let (quote, collateral) = (quote(&platform), collateral(&vendor, &platform));
    let verdict = |now_s| appraise(&verifier(&vendor), &[vendor.root_der()], &quote, &collateral, now_s);
    assert!(verdict(NOT_BEFORE_S).is_ok());
    assert!(verdict(NOT_AFTER_S - 1).is_ok());
    let early = AppraisalError::CertificateChainInvalid(ChainFault::NotYetValid);
    assert_refused(verdict(NOT_BEFORE_S - 1), &early, Mark::EvidenceInvalid);
    let late = AppraisalError::CertificateChainInvalid(ChainFault::Expired);
    assert_refused(verdict(NOT_AFTER_S + 1), &late, Mark::EvidenceInvalid);
}

#[test]
fn quote_without_chain_needs_one_given_and_a_wrong_one_is_not_its_fault() {
    let vendor = vendor(1);
    for tee in TEES {
        let [platform, neighbour] = [1, 2].map(|index| platform(&vendor, PlatformSpec::sound(index, tee)));
        let spec = QuoteSpec::of_program(tee, "agent", REPORT_DATA);
        let quote = platform.quote_without_chain(&spec).expect("same TEE");
        let collateral = collateral(&vendor, &platform);
        let verifier = verifier(&vendor);
        let missing = AppraisalError::CertificateChainMissing { certification_type: 3 };
        let verdict = verifier.appraise(&quote, &collateral, NOW_S);
        assert_refused(verdict, &missing, Mark::EvidenceInvalid);

        let with = |chain: &str, now_s| verifier.appraise_with_chain(&quote, chain, &collateral, now_s);
        let evidence = with(platform.chain_pem(), NOW_S).expect("its own chain");
        assert_eq!(evidence.hardware_id(), platform.hardware_id());

        let given = |fault| AppraisalError::Collateral { part: CollateralPart::PckChain, fault };
        let verdict = with(neighbour.chain_pem(), NOW_S);
        assert_refused(verdict, &given(CollateralFault::NotForPlatform), Mark::Abstain);
        assert_refused(with("", NOW_S), &given(CollateralFault::Malformed), Mark::Abstain);
        let late = with(platform.chain_pem(), NOT_AFTER_S + 1);
        assert_refused(late, &given(CollateralFault::Expired), Mark::Abstain);
    }
}

#[test]
fn chain_given_beside_a_quote_that_has_one_is_ignored() {
    let vendor = vendor(1);
    let [own, neighbour] = [1, 2].map(|index| platform(&vendor, PlatformSpec::sound(index, TeeType::Sgx)));
    let collateral_json = vendor.collateral(TeeType::Sgx, own.spec().fmspc).expect("simulated");
    let mut document: serde_json::Value = serde_json::from_slice(&collateral_json).expect("json");
    document["pck_certificate_chain"] = neighbour.chain_pem().into();
    let collateral = read(document.to_string().as_bytes());
    assert_eq!(collateral.pck_chain_pem(), Some(neighbour.chain_pem()));
    let verifier = verifier(&vendor);
    for verdict in [
        verifier.appraise(&quote(&own), &collateral, NOW_S),
        verifier.appraise_with_chain(&quote(&own), neighbour.chain_pem(), &collateral, NOW_S),
    ] {
        assert_eq!(verdict.expect("sound").hardware_id(), own.hardware_id());
    }
}

#[test]
fn certificates_added_to_a_chain_do_not_blur_a_revocation() {
    let mut ours = vendor(1);
    let platform = platform(&ours, PlatformSpec::sound(1, TeeType::Sgx));
    ours.revoke(&platform);
    // The other vendor's authority has the same name and another key.
    let other = vendor(2).platform(PlatformSpec::sound(1, TeeType::Sgx)).expect("simulated");
    let other_ca = other.chain_pem().split_inclusive("-----END CERTIFICATE-----\n").nth(1).expect("three");
    let leaf_end = platform.chain_pem().find("-----END").expect("pem") + "-----END CERTIFICATE-----\n".len();
    let crowded = [&platform.chain_pem()[..leaf_end], other_ca, &platform.chain_pem()[leaf_end..]].concat();
    let quote = with_chain(&quote(&platform), platform.chain_pem(), &crowded);
    let verdict = verifier(&ours).appraise(&quote, &collateral(&ours, &platform), NOW_S);
    assert_refused(verdict, &AppraisalError::CertificateRevoked, Mark::PlatformNotAccepted);
}

/// The same SGX quote with another certificate chain; no signature covers it.
fn with_chain(quote: &[u8], old: &str, new: &str) -> Vec<u8> {
    const PROOF_LEN: std::ops::Range<usize> = 432..436;
    let head = quote.len() - old.len() - 4;
    assert_eq!(&quote[head + 4..], old.as_bytes());
    let len = |bytes: usize| u32::try_from(bytes).expect("short").to_le_bytes();
    let mut changed = [&quote[..head], &len(new.len()), new.as_bytes()].concat();
    let proof_len = changed.len() - PROOF_LEN.end;
    changed[PROOF_LEN].copy_from_slice(&len(proof_len));
    changed
}

#[test]
fn properties_and_power_are_held_against_the_policy() {
    let vendor = vendor(1);
    let platform = platform(&vendor, PlatformSpec::sound(1, TeeType::Sgx));
    let evidence = verdict(&vendor, PlatformSpec::sound(1, TeeType::Sgx)).expect("sound");
    let document = serde_json::json!({
        "version": 1,
        "roots": [root_digest(vendor.root_der())],
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": NUMBER,
        "required_features": { "sgx": ["aesni"], "tdx": ["amx"] },
        "power_bounds": [{ "fmspc": format!("0x{}", hex::encode(platform.spec().fmspc)), "power_max": 1000 }],
    });
    let policy = Policy::from_json(document.to_string().as_bytes()).expect("valid policy");
    let properties = |features: &[&str]| {
        let features = features.iter().map(|feature| (*feature).to_owned());
        Properties::new("SIMULATED CPU", 4, 8192, features).expect("in range")
    };
    assert_eq!(policy.check_properties(&evidence, &properties(&["aesni"]), 1000), Ok(()));
    let beyond = PropertiesNotAccepted::PowerBeyondBound { power: 1001, power_max: 1000 };
    assert_eq!(policy.check_properties(&evidence, &properties(&["aesni"]), 1001), Err(beyond.clone()));
    let missing = PropertiesNotAccepted::FeatureMissing("aesni".to_owned());
    assert_eq!(policy.check_properties(&evidence, &properties(&["amx"]), 1000), Err(missing));
    assert_eq!(beyond.mark(), Mark::PropertiesNotAccepted);
    // The bound is the family's: another one has none, and another TEE needs other features.
    let tdx = verdict(&vendor, PlatformSpec::sound(1, TeeType::Tdx)).expect("sound");
    assert_eq!(policy.check_properties(&tdx, &properties(&["amx"]), u64::MAX), Ok(()));
}

#[test]
fn measurement_must_be_a_reference_value_of_the_epoch() {
    let vendor = vendor(1);
    let evidence = verdict(&vendor, PlatformSpec::sound(1, TeeType::Sgx)).expect("sound");
    let range = EpochRange { first: 5, last: 9 };
    let list = ReferenceValues::new([(evidence.measurement(), range)]).expect("proper range");
    assert_eq!(list.check(evidence.measurement(), 5), Ok(()));
    let late = list.check(evidence.measurement(), 10).expect_err("over");
    assert_eq!((late.measurement, late.epoch), (evidence.measurement(), 10));
    assert_eq!(late.mark(), Mark::MeasurementNotAllowed);
    assert!(ReferenceValues::default().check(evidence.measurement(), 5).is_err());
}
