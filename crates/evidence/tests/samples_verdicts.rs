//! Verdicts on Intel-signed quotes, and what the wrong collateral, clock or policy makes of them.

mod samples;

use multee_evidence::{
    AppraisalError, ChainFault, Collateral, CollateralFault, CollateralPart, INTEL_SGX_ROOT_CA_DER, PckCa,
    PlatformFlag, Policy, Register, TcbStatus, Verifier, VerifierConfig, VerifierError, measurement,
};
use multee_protocol::{DeviceId, Mark, TeeType};
use samples::{CONFIGS, Sample, policy, verifier};

#[test]
fn samples_verify_on_both_backends() {
    for sample in samples::all() {
        let verdicts = CONFIGS.map(|config| sample.appraise(&sample.verifier(config), &sample.quote));
        assert!(verdicts[0].is_ok(), "{}: {:?}", sample.name, verdicts[0]);
        assert!(verdicts.windows(2).all(|pair| pair[0] == pair[1]), "{}", sample.name);
    }
}

#[test]
fn sgx_sample_says_what_it_says() {
    let sample = samples::sgx();
    let evidence = sample.appraise(&sample.verifier(VerifierConfig::default()), &sample.quote);
    let evidence = evidence.expect("verifies");
    assert_eq!(evidence.tee(), TeeType::Sgx);
    assert_eq!(evidence.status(), TcbStatus::ConfigurationAndSWHardeningNeeded);
    assert_eq!(evidence.advisory_ids(), ["INTEL-SA-00289", "INTEL-SA-00615"]);
    assert_eq!(hex::encode(evidence.fmspc()), "00a067110000");
    assert_eq!(evidence.device_id(), DeviceId::from_hardware(TeeType::Sgx, evidence.hardware_id()));
    // The report stands in the quote from byte 48 on: MRENCLAVE at 64, report data at 320.
    let mr_enclave = &sample.quote[48 + 64..][..32];
    assert_eq!(evidence.registers()[0].value, mr_enclave);
    assert_eq!(evidence.report_data(), &sample.quote[48 + 320..][..64]);
    let expected = measurement(TeeType::Sgx, &[Register::MrEnclave], evidence.registers());
    assert_eq!(evidence.measurement(), expected);
    // Of all that the collateral brings, the quoting enclave's identity falls due first.
    assert_eq!(evidence.holds_until_s(), HOLDS_UNTIL_S[0]);
}

#[test]
fn tdx_samples_say_what_they_say() {
    // Where the TD report starts: after the header, in version 5 also after body type and size.
    for (sample, body, holds_until_s) in
        [(samples::tdx(), 48, HOLDS_UNTIL_S[1]), (samples::td15ex(), 54, HOLDS_UNTIL_S[2])]
    {
        let evidence = sample.appraise(&sample.verifier(VerifierConfig::default()), &sample.quote);
        let evidence = evidence.expect("verifies");
        assert_eq!(evidence.tee(), TeeType::Tdx);
        assert_eq!(evidence.status(), TcbStatus::UpToDate);
        assert!(evidence.advisory_ids().is_empty());
        assert_eq!(hex::encode(evidence.fmspc()), "b0c06f000000");
        let field = |offset: usize, len: usize| &sample.quote[body + offset..][..len];
        let register = |wanted| {
            let found = evidence.registers().iter().find(|value| value.register == wanted);
            found.expect("every register").value.as_slice()
        };
        assert_eq!(register(Register::MrTd), field(136, 48));
        assert_eq!(register(Register::MrConfigId), field(184, 48));
        assert_eq!(register(Register::MrOwner), field(232, 48));
        assert_eq!(register(Register::MrOwnerConfig), field(280, 48));
        for (number, rtmr) in
            [Register::Rtmr0, Register::Rtmr1, Register::Rtmr2, Register::Rtmr3].into_iter().enumerate()
        {
            assert_eq!(register(rtmr), field(328 + 48 * number, 48));
        }
        assert_eq!(evidence.report_data(), field(520, 64));
        assert_eq!(evidence.holds_until_s(), holds_until_s);
    }
}

/// The first expiry in each sample's collateral, Unix time in seconds.
const HOLDS_UNTIL_S: [u64; 3] = [1_752_919_278, 1_752_919_235, 1_794_008_711];

#[test]
fn examination_tells_the_issuing_authority() {
    for (sample, ca) in [(samples::sgx(), PckCa::Processor), (samples::tdx(), PckCa::Platform)] {
        let verifier = sample.verifier(VerifierConfig::default());
        let key = verifier.examine(&sample.quote, None, sample.now_s).expect("sound").collateral;
        assert_eq!(key.ca, ca, "{}", sample.name);
    }
}

#[test]
fn quote_without_chain_is_refused_unless_the_chain_is_given() {
    for sample in samples::all() {
        let verifier = sample.verifier(VerifierConfig::default());
        let chain_at = sample.quote.windows(10).position(|window| window == b"-----BEGIN").expect("a chain");
        let chain = std::str::from_utf8(&sample.quote[chain_at..]).expect("PEM and zeros");
        let chain = chain.trim_end_matches('\0');
        // No signature covers the certification data, so that another type takes the chain away.
        let mut quote = sample.quote.clone();
        quote[chain_at - 6] = 3;
        let verdict = verifier.appraise(&quote, &sample.collateral, sample.now_s);
        let missing = AppraisalError::CertificateChainMissing { certification_type: 3 };
        assert_eq!(verdict.expect_err("no chain"), missing);
        let given = verifier.appraise_with_chain(&quote, chain, &sample.collateral, sample.now_s);
        let own = verifier.appraise(&sample.quote, &sample.collateral, sample.now_s);
        assert_eq!(given.expect("verifies"), own.expect("verifies"));
    }
}

#[test]
fn given_chain_of_another_machine_is_never_the_devices_fault() {
    let [sgx, tdx, td15ex] = samples::all();
    for (sample, other) in [(&sgx, &tdx), (&tdx, &sgx), (&td15ex, &tdx)] {
        let chain_at =
            |quote: &[u8]| quote.windows(10).position(|window| window == b"-----BEGIN").expect("PEM");
        let mut quote = sample.quote.clone();
        let own_at = chain_at(&quote);
        quote[own_at - 6] = 3;
        let given = std::str::from_utf8(&other.quote[chain_at(&other.quote)..]).expect("PEM and zeros");
        let verifier = sample.verifier(VerifierConfig::default());
        let verdict = verifier.appraise_with_chain(&quote, given, &sample.collateral, sample.now_s);
        let (part, fault) = (CollateralPart::PckChain, CollateralFault::NotForPlatform);
        assert_eq!(verdict.expect_err("foreign"), AppraisalError::Collateral { part, fault });
    }
}

#[test]
fn platform_flags_are_refused_unless_the_policy_accepts_them() {
    for sample in [samples::tdx(), samples::td15ex()] {
        let number = sample.policy.tcb_evaluation_number();
        let strict = verifier(&policy(r#"["UpToDate"]"#, number, "false"), VerifierConfig::default());
        let error = sample.appraise(&strict, &sample.quote).expect_err("flags");
        assert_eq!(error, AppraisalError::FlagNotAccepted(PlatformFlag::DynamicPlatform));
        assert_eq!(error.mark(), Mark::PlatformNotAccepted);
    }
}

#[test]
fn status_and_advisories_are_the_policys_choice() {
    let sample = samples::sgx();
    let strict = verifier(&policy(r#"["UpToDate"]"#, 17, "true"), VerifierConfig::default());
    let status = TcbStatus::ConfigurationAndSWHardeningNeeded;
    let verdict = sample.appraise(&strict, &sample.quote);
    assert_eq!(verdict.expect_err("status"), AppraisalError::TcbStatusNotAccepted(status));
    let document = serde_json::json!({
        "version": 1,
        "roots": sample.policy.roots(),
        "platform_statuses": [status],
        "advisories_denied": ["INTEL-SA-00615"],
        "tcb_evaluation_number": 17,
    });
    let denying = Policy::from_json(document.to_string().as_bytes()).expect("valid");
    let verdict = sample.appraise(&verifier(&denying, VerifierConfig::default()), &sample.quote);
    assert_eq!(verdict.expect_err("denied"), AppraisalError::AdvisoryDenied("INTEL-SA-00615".to_owned()));
}

#[test]
fn tee_types_that_the_policy_does_not_measure_are_refused() {
    let sample = samples::tdx();
    let document = serde_json::json!({
        "version": 1,
        "roots": sample.policy.roots(),
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": 17,
        "measurement": { "sgx": ["mrenclave"] },
        "accept_dynamic_platform": true, "accept_cached_keys": true, "accept_smt": true,
    });
    let sgx_only = Policy::from_json(document.to_string().as_bytes()).expect("valid");
    let verdict = sample.appraise(&verifier(&sgx_only, VerifierConfig::default()), &sample.quote);
    assert_eq!(verdict.expect_err("TDX"), AppraisalError::TeeNotAccepted);
}

#[test]
fn wrong_evaluation_number_is_the_collaterals_fault() {
    for sample in samples::all() {
        let expected = sample.policy.tcb_evaluation_number() + 1;
        let statuses = r#"["UpToDate","ConfigurationAndSWHardeningNeeded"]"#;
        let other = verifier(&policy(statuses, expected, "true"), VerifierConfig::default());
        let error = sample.appraise(&other, &sample.quote).expect_err("number");
        let fault = CollateralFault::WrongEvaluationNumber { expected, found: expected - 1 };
        assert_eq!(error, AppraisalError::Collateral { part: CollateralPart::TcbInfo, fault });
        assert_eq!(error.mark(), Mark::Abstain);
    }
}

#[test]
fn clock_before_or_after_the_collateral_is_the_collaterals_fault() {
    const YEAR_S: u64 = 365 * 86_400;
    for sample in samples::all() {
        let verifier = sample.verifier(VerifierConfig::default());
        let at = |now_s| {
            let sample = Sample { now_s, ..load_again(&sample) };
            sample.appraise(&verifier, &sample.quote).expect_err("clock")
        };
        assert_eq!(at(sample.now_s + 2 * YEAR_S).mark(), Mark::Abstain, "{}", sample.name);
        assert_eq!(at(sample.now_s - 60 * 86_400).mark(), Mark::Abstain, "{}", sample.name);
    }
    // By then the platform's own certificate has expired, which shows without collateral.
    let sample = samples::sgx();
    let verifier = sample.verifier(VerifierConfig::default());
    let error = verifier.appraise(&sample.quote, &sample.collateral, sample.now_s + 20 * YEAR_S);
    assert_eq!(error.expect_err("late"), AppraisalError::CertificateChainInvalid(ChainFault::Expired));
}

fn load_again(sample: &Sample) -> Sample {
    samples::all().into_iter().find(|other| other.name == sample.name).expect("a sample")
}

#[test]
fn evidence_holds_until_the_second_it_says() {
    for sample in samples::all() {
        let verifier = sample.verifier(VerifierConfig::default());
        let evidence = sample.appraise(&verifier, &sample.quote).expect("verifies");
        let last = Sample { now_s: evidence.holds_until_s() - 1, ..load_again(&sample) };
        assert!(last.appraise(&verifier, &last.quote).is_ok(), "{}", sample.name);
        let over = Sample { now_s: evidence.holds_until_s() + 1, ..load_again(&sample) };
        let error = over.appraise(&verifier, &over.quote).expect_err("over");
        assert_eq!(error.mark(), Mark::Abstain, "{}", sample.name);
    }
}

#[test]
fn collateral_of_another_sample_is_never_the_devices_fault() {
    let [sgx, tdx, td15ex] = samples::all();
    let verifier = |sample: &Sample| sample.verifier(VerifierConfig::default());
    for (sample, other) in [(&sgx, &tdx), (&tdx, &sgx), (&td15ex, &tdx), (&tdx, &td15ex)] {
        let error = sample.appraise_by(&verifier(sample), &other.collateral);
        assert_eq!(error.expect_err("foreign").mark(), Mark::Abstain, "{} by {}", sample.name, other.name);
    }
}

#[test]
fn parts_of_genuine_collateral_mixed_are_never_the_devices_fault() {
    let [sgx, tdx, td15ex] = samples::all();
    let mut mixed = 0;
    for (sample, other) in [(&sgx, &tdx), (&tdx, &sgx), (&tdx, &td15ex), (&td15ex, &tdx), (&sgx, &td15ex)] {
        let verifier = sample.verifier(VerifierConfig::default());
        let own: serde_json::Value = serde_json::from_slice(&sample.collateral_json).expect("json");
        let foreign: serde_json::Value = serde_json::from_slice(&other.collateral_json).expect("json");
        for key in own.as_object().expect("object").keys() {
            let mut document = own.clone();
            document[key] = foreign.get(key).cloned().unwrap_or_default();
            let Ok(collateral) = Collateral::from_json(document.to_string().as_bytes()) else { continue };
            if let Err(error) = sample.appraise_by(&verifier, &collateral) {
                assert_eq!(error.mark(), Mark::Abstain, "{} with {key} of {}", sample.name, other.name);
                assert_ne!(error, AppraisalError::Unexplained);
                mixed += 1;
            }
        }
    }
    assert!(mixed >= 25, "only {mixed} mixtures were refused");
}

#[test]
fn roots_must_be_the_policys() {
    let sample = samples::sgx();
    let config = VerifierConfig::default();
    assert_eq!(Verifier::new(&sample.policy, [], config).err(), Some(VerifierError::NoRoots));
    let mut other = INTEL_SGX_ROOT_CA_DER.to_vec();
    other[100] ^= 1;
    let refused = Verifier::new(&sample.policy, [INTEL_SGX_ROOT_CA_DER.to_vec(), other], config);
    assert!(matches!(refused, Err(VerifierError::RootNotAccepted(_))));
}

#[test]
fn root_is_the_one_inside_the_verification_library() {
    let theirs = samples::directory().with_file_name("src").join("TrustedRootCA.der");
    assert_eq!(std::fs::read(theirs).expect("in the crate"), INTEL_SGX_ROOT_CA_DER);
}
