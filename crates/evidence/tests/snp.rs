//! An AMD-signed report under AMD's root: what it says, and that no byte of it can change.
//!
//! AMD's revocation list is not published with it, so all is asked here that needs none; the rest is shown with
//! SIMULATED evidence.

mod samples;

use std::sync::OnceLock;

use multee_evidence::{
    AMD_ARK_DER, AMD_ARK_SHA256, AppraisalError, ChainFault, Collateral, CollateralFault, CollateralPart,
    EndorsementFault, Examined, INTEL_SGX_ROOT_CA_DER, INTEL_SGX_ROOT_CA_SHA256, PckCa, PlatformFlag, Policy,
    Register, RegisterValue, SnpComponent, SnpProduct, SplitQuote, Verifier, VerifierConfig, measurement,
    snp_quote,
};
use multee_protocol::{DeviceId, Mark, TeeType};
use serde_json::json;

/// Within the validity of the chip key's certificate, 2023-04-03 to 2030-04-03.
const NOW_S: u64 = 1_700_000_000;
/// Within the validity of both chip keys' certificates.
const TURINS_NOW_S: u64 = 1_780_000_000;
const MEASUREMENT: usize = 4 + 0x90;

/// What the platform has, so that it is just accepted.
fn milan_min() -> serde_json::Value {
    json!({ "boot_loader": 3, "tee": 0, "snp": 8, "microcode": 115 })
}

fn policy_with(change: impl FnOnce(&mut serde_json::Value)) -> Policy {
    let mut document = json!({
        "version": 1,
        "roots": [INTEL_SGX_ROOT_CA_SHA256, AMD_ARK_SHA256[0], AMD_ARK_SHA256[1], AMD_ARK_SHA256[2]],
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": 1,
        "accept_smt": true,
        "snp": { "tcb_min": { "milan": milan_min() } },
    });
    change(&mut document);
    Policy::from_json(document.to_string().as_bytes()).expect("valid policy")
}

fn verifier(policy: &Policy) -> Verifier {
    let roots = [INTEL_SGX_ROOT_CA_DER].into_iter().chain(AMD_ARK_DER).map(<[u8]>::to_vec);
    Verifier::new(policy, roots, VerifierConfig::default()).expect("roots accepted")
}

fn quote() -> &'static [u8] {
    static QUOTE: OnceLock<Vec<u8>> = OnceLock::new();
    QUOTE.get_or_init(|| {
        let (report, key) = samples::milan_report();
        snp_quote(&report, &key, &samples::milan_issuer()).expect("lengths fit")
    })
}

fn examine(quote: &[u8], now_s: u64) -> Result<Examined, AppraisalError> {
    verifier(&policy_with(|_| ())).examine(quote, None, now_s)
}

fn examine_under(change: impl FnOnce(&mut serde_json::Value)) -> Option<AppraisalError> {
    verifier(&policy_with(change)).examine(quote(), None, NOW_S).err()
}

#[test]
fn amds_report_verifies_under_amds_root_and_says_what_it_says() {
    let examined = examine(quote(), NOW_S).expect("verifies");
    let field = |at: usize, len: usize| &quote()[4 + at..][..len];
    let chip_id = field(0x1A0, 64);
    assert_eq!(examined.device_id, DeviceId::from_hardware(TeeType::Snp, chip_id));
    assert_eq!(examined.report_data, field(0x50, 64));
    assert_eq!(examined.collateral.tee, TeeType::Snp);
    assert_eq!(examined.collateral.fmspc, SnpProduct::Milan.family());
    assert_eq!(examined.collateral.ca, PckCa::Ask);
    let value = |register, at, len| RegisterValue { register, value: field(at, len).to_vec() };
    let values = [value(Register::LaunchDigest, 0x90, 48), value(Register::HostData, 0xC0, 32)];
    let chosen = [Register::LaunchDigest, Register::HostData];
    assert_eq!(examined.measurement, measurement(TeeType::Snp, &chosen, &values));
}

#[test]
fn certificates_hold_from_their_first_second_to_their_last() {
    let fault = |now_s| match examine(quote(), now_s) {
        Ok(_) => None,
        Err(AppraisalError::CertificateChainInvalid(fault)) => Some(fault),
        Err(other) => panic!("{other:?}"),
    };
    let (first_s, last_s) = (1_680_549_823, 1_901_474_623);
    assert_eq!(fault(first_s - 1), Some(ChainFault::NotYetValid));
    assert_eq!(fault(first_s), None);
    assert_eq!(fault(last_s), None);
    assert_eq!(fault(last_s + 1), Some(ChainFault::Expired));
}

/// The chain of a Turin chip's key holds, but the report is of another machine: so far, and no further.
#[test]
fn turins_key_is_certified_under_turins_root_for_turin_only() {
    let (report, milans_key) = samples::milan_report();
    let examine_with = |key: &[u8], issuer: &str| {
        let quote = snp_quote(&report, key, &samples::issuer(issuer)).expect("lengths fit");
        examine(&quote, TURINS_NOW_S)
    };
    let another = AppraisalError::EndorsementWrong(EndorsementFault::Product);
    assert_eq!(examine_with(&samples::turin_key(), "turin"), Err(another));
    let foreign = AppraisalError::CertificateChainInvalid(ChainFault::NotFromAcceptedRoot);
    assert_eq!(examine_with(&samples::turin_key(), "genoa"), Err(foreign.clone()));
    assert_eq!(examine_with(&samples::turin_key(), "milan"), Err(foreign.clone()));
    assert_eq!(examine_with(&milans_key, "genoa"), Err(foreign));
}

#[test]
fn roots_of_other_families_and_vendors_accept_nothing_of_it() {
    for (at, root) in AMD_ARK_DER.into_iter().enumerate() {
        let policy = policy_with(|document| document["roots"] = json!([AMD_ARK_SHA256[at]]));
        let verifier = Verifier::new(&policy, [root.to_vec()], VerifierConfig::default()).expect("accepted");
        let examined = verifier.examine(quote(), None, NOW_S);
        assert_eq!(examined.is_ok(), at == 0, "{at}");
    }
    let policy = policy_with(|document| document["roots"] = json!([INTEL_SGX_ROOT_CA_SHA256]));
    let intel = Verifier::new(&policy, [INTEL_SGX_ROOT_CA_DER.to_vec()], VerifierConfig::default());
    let refused = intel.expect("accepted").examine(quote(), None, NOW_S);
    assert_eq!(refused, Err(AppraisalError::CertificateChainInvalid(ChainFault::NotFromAcceptedRoot)));
}

#[test]
fn policy_decides_on_firmware_family_and_multithreading() {
    for (field, component) in [
        ("boot_loader", SnpComponent::BootLoader),
        ("tee", SnpComponent::Tee),
        ("snp", SnpComponent::Snp),
        ("microcode", SnpComponent::Microcode),
    ] {
        let found = u8::try_from(milan_min()[field].as_u64().expect("number")).expect("small");
        let refused = examine_under(|policy| policy["snp"]["tcb_min"]["milan"][field] = json!(found + 1));
        let error = AppraisalError::TcbBelowMinimum { component, found, minimum: found + 1 };
        assert_eq!(error.mark(), Mark::PlatformNotAccepted);
        assert_eq!(refused, Some(error));
    }
    let genoa = examine_under(|policy| policy["snp"]["tcb_min"] = json!({ "genoa": milan_min() }));
    assert_eq!(genoa, Some(AppraisalError::ProductNotAccepted(SnpProduct::Milan)));
    let smt = examine_under(|policy| policy["accept_smt"] = json!(false));
    assert_eq!(smt, Some(AppraisalError::FlagNotAccepted(PlatformFlag::Smt)));
    let without = examine_under(|policy| policy["snp"] = json!(null));
    assert_eq!(without, Some(AppraisalError::TeeNotAccepted));
}

#[test]
fn bare_report_needs_the_chain_from_elsewhere_whose_faults_are_not_the_devices() {
    let (report, key) = samples::milan_report();
    let verifier = verifier(&policy_with(|_| ()));
    for evidence in [&report[..], &quote()[..4 + 1184]] {
        let refused = verifier.examine(evidence, None, NOW_S);
        assert_eq!(refused, Err(AppraisalError::EndorsementMissing));
        let chain = pem_chain(&[&key, &samples::milan_issuer(), AMD_ARK_DER[0]]);
        assert_eq!(verifier.examine(evidence, Some(&chain), NOW_S), examine(quote(), NOW_S));
        let fault = |chain: &str, now_s| match verifier.examine(evidence, Some(chain), now_s) {
            Err(AppraisalError::Collateral { part: CollateralPart::PckChain, fault }) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault("", NOW_S), CollateralFault::Malformed);
        assert_eq!(fault(&chain, 2_000_000_000), CollateralFault::Expired);
        let foreign = pem_chain(&[&key, INTEL_SGX_ROOT_CA_DER]);
        assert_eq!(fault(&foreign, NOW_S), CollateralFault::NotSigned);
    }
    // Of a chip's key for another report.
    let mut other = report;
    other[0x1A0] ^= 1;
    let chain = pem_chain(&[&key, &samples::milan_issuer()]);
    let (part, fault) = (CollateralPart::PckChain, CollateralFault::NotForPlatform);
    let refused = verifier.examine(&other, Some(&chain), NOW_S);
    assert_eq!(refused, Err(AppraisalError::Collateral { part, fault }));
}

fn pem_chain(certificates: &[&[u8]]) -> String {
    certificates.iter().map(|der| pem::encode(&pem::Pem::new("CERTIFICATE", *der))).collect()
}

#[test]
fn other_vendors_collateral_is_not_held_against_the_device() {
    let sample = samples::sgx();
    let verifier = verifier(&policy_with(|document| document["platform_statuses"] = json!(["UpToDate"])));
    let (part, fault) = (CollateralPart::Whole, CollateralFault::NotForPlatform);
    let refused = verifier.appraise(quote(), &sample.collateral, NOW_S);
    assert_eq!(refused, Err(AppraisalError::Collateral { part, fault }));
    let amds = Collateral::from_json(br#"{"tee":"snp","ark_crl":"00"}"#).expect("amd's");
    let refused = verifier.appraise(&sample.quote, &amds, sample.now_s);
    assert_eq!(refused, Err(AppraisalError::Collateral { part, fault }));
    let refused = verifier.appraise(quote(), &amds, NOW_S);
    let (part, fault) = (CollateralPart::RootCrl, CollateralFault::Malformed);
    assert_eq!(refused, Err(AppraisalError::Collateral { part, fault }));
}

#[test]
fn altered_fields_are_refused_each_for_its_cause() {
    let cause = |at: usize, change: u8| {
        let mut altered = quote().to_vec();
        altered[4 + at] ^= change;
        examine(&altered, NOW_S).expect_err("altered")
    };
    let wrong = AppraisalError::EndorsementWrong;
    assert_eq!(cause(0x00, 2 ^ 6), AppraisalError::ReportVersionUnsupported(6));
    assert_eq!(cause(0x00, 2 ^ 1), AppraisalError::ReportVersionUnsupported(1));
    assert_eq!(cause(0x34, 1 ^ 2), AppraisalError::SignatureAlgorithmUnsupported(2));
    assert_eq!(cause(0x48, 7 << 2), AppraisalError::SigningKeyUnsupported(7));
    assert_eq!(cause(0x48, 1 << 2), wrong(EndorsementFault::KeyKind));
    assert_eq!(cause(0x180, 1), wrong(EndorsementFault::Tcb));
    assert_eq!(cause(0x1A0, 1), wrong(EndorsementFault::ChipId));
    assert_eq!(cause(0x50, 1), AppraisalError::QuoteSignatureInvalid);
    assert_eq!(cause(0x2A0, 1), AppraisalError::QuoteSignatureInvalid);
    assert_eq!(
        cause(0x2A0 + 48, 1),
        AppraisalError::QuoteMalformed,
        "padding of the signature's first number"
    );
    assert_eq!(cause(0x4A0 - 1, 1), AppraisalError::QuoteMalformed, "the report's last byte");
    let mut masked = quote().to_vec();
    masked[4 + 0x1A0..][..64].fill(0);
    assert_eq!(examine(&masked, NOW_S), Err(AppraisalError::HardwareIdMasked));
}

/// Changes these bytes of the quote, one at a time; every change must be refused, and be the device's fault.
fn assert_every_change_is_refused(changes: &[u8]) {
    let verifier = verifier(&policy_with(|_| ()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let positions: Vec<usize> = (0..quote().len()).collect();
    std::thread::scope(|scope| {
        for share in positions.chunks(positions.len().div_ceil(threads)) {
            let verifier = &verifier;
            scope.spawn(move || {
                let mut altered = quote().to_vec();
                for (at, change) in
                    share.iter().flat_map(|at| changes.iter().map(move |change| (*at, change)))
                {
                    altered[at] ^= change;
                    let error = verifier.examine(&altered, None, NOW_S).expect_err("altered");
                    assert!(error.mark().is_negative(), "byte {at} ^ {change:#04x}: {error:?}");
                    altered[at] ^= change;
                }
            });
        }
    });
}

#[test]
fn no_bit_of_report_or_certificates_can_change() {
    let bits: Vec<u8> = (0..8).map(|bit| 1 << bit).collect();
    assert_every_change_is_refused(&bits);
}

/// All 255 changes of every byte: `cargo test -p multee-evidence --test snp -- --ignored`.
#[test]
#[ignore = "takes some minutes"]
fn no_byte_of_report_or_certificates_can_change() {
    let changes: Vec<u8> = (1..=255).collect();
    assert_every_change_is_refused(&changes);
}

#[test]
fn no_truncation_and_no_longer_quote_is_accepted() {
    for len in 0..quote().len() {
        let error = examine(&quote()[..len], NOW_S).expect_err("cut short");
        assert!(error.mark().is_negative(), "{len}: {error:?}");
    }
    let longer = [quote(), &[0]].concat();
    assert_eq!(examine(&longer, NOW_S), Err(AppraisalError::QuoteMalformed));
}

#[test]
fn certificates_are_published_apart_and_put_back() {
    let (split, certificates) = SplitQuote::split(quote());
    assert_eq!((split.at(), split.rest().len()), (1188, 1188));
    assert_eq!(split.join(&certificates).as_deref(), Ok(quote()));
    let alone = split.join(&[]).expect("small");
    assert_eq!(examine(&alone, NOW_S), Err(AppraisalError::EndorsementMissing));
    assert_eq!(quote()[MEASUREMENT..][..4], [0x7a, 0x1e, 0x5c, 0x26]);
}
