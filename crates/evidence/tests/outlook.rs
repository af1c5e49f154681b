//! What is announced of platforms that fall behind: on Intel-signed samples and on SIMULATED machines.

use multee_evidence::{
    AppraisalError, ClaimedPlatform, Collateral, CollateralFault, TcbComponent, TcbStatus, tcb_outlook,
};
use multee_mock_vendor::{PlatformSpec, QuoteSpec, TcbLevel, Vendor, VendorConfig};
use multee_protocol::TeeType;

mod samples;

fn vendor() -> Vendor {
    let config =
        VendorConfig { not_before_s: 1_800_000_000, not_after_s: 1_802_592_000, tcb_evaluation_number: 19 };
    Vendor::from_seed([7; 32], config).expect("dates in range")
}

fn claimed(tee: TeeType, tcb: TcbLevel) -> ClaimedPlatform {
    let platform = vendor().platform(PlatformSpec { tcb, ..PlatformSpec::sound(1, tee) }).expect("simulated");
    let quote = platform.quote(&QuoteSpec::of_program(tee, "agent", [0; 64])).expect("same TEE");
    ClaimedPlatform::read(&quote).expect("carries its chain")
}

fn collateral(tee: TeeType, fmspc: [u8; 6]) -> Collateral {
    Collateral::from_json(&vendor().collateral(tee, fmspc).expect("simulated")).expect("collateral")
}

/// The collateral with another text in its TCB info. Its signature breaks, which nothing here asks for.
fn with(collateral: &[u8], from: &str, to: &str) -> Collateral {
    let text = String::from_utf8(collateral.to_vec()).expect("text");
    assert!(text.contains(from), "{from}");
    Collateral::from_json(text.replacen(from, to, 1).as_bytes()).expect("collateral")
}

#[test]
fn platforms_of_samples_stand_where_their_verdicts_say() {
    for (sample, status, number) in [
        (samples::sgx(), TcbStatus::ConfigurationAndSWHardeningNeeded, 17),
        (samples::tdx(), TcbStatus::UpToDate, 17),
        (samples::td15ex(), TcbStatus::UpToDate, 20),
    ] {
        let Ok(platform) = ClaimedPlatform::read(&sample.quote) else {
            assert_eq!(sample.name, "tdx_quote_td15ex", "the one that carries no chain");
            continue;
        };
        let outlook = tcb_outlook(&platform, &sample.collateral).expect("its collateral");
        assert_eq!((outlook.status, outlook.evaluation_number), (Some(status), number), "{}", sample.name);
        assert_eq!(outlook.shortfalls, [], "{}", sample.name);
    }
}

#[test]
fn component_that_the_next_evaluation_asks_more_of_is_named() {
    let sample = samples::tdx();
    let platform = ClaimedPlatform::read(&sample.quote).expect("carries its chain");
    let next = with(
        &sample.collateral_json,
        r#"{\"svn\":2,\"category\":\"BIOS\",\"type\":\"Early Microcode Update\"}"#,
        r#"{\"svn\":9,\"category\":\"BIOS\",\"type\":\"Early Microcode Update\"}"#,
    );
    let outlook = tcb_outlook(&platform, &next).expect("its collateral");
    assert_eq!(outlook.status, Some(TcbStatus::OutOfDate));
    let [short] = &outlook.shortfalls[..] else { panic!("{outlook:?}") };
    assert_eq!((short.component, short.needs), (TcbComponent::Sgx(0), 9));
    assert_eq!(
        short.to_string(),
        format!(
            "SGX component 0 (BIOS, Early Microcode Update) has SVN {}, the level of 2024-03-13T00:00:00Z needs 9",
            short.have
        )
    );
}

#[test]
fn tdx_module_that_falls_behind_is_named() {
    let sample = samples::tdx();
    let platform = ClaimedPlatform::read(&sample.quote).expect("carries its chain");
    let json = String::from_utf8(sample.collateral_json.clone()).expect("text");
    let raised = json.replace(r#"\"isvsvn\":"#, r#"\"isvsvn\":2"#);
    let next = Collateral::from_json(raised.as_bytes()).expect("collateral");
    let outlook = tcb_outlook(&platform, &next).expect("its collateral");
    let components: Vec<TcbComponent> = outlook.shortfalls.iter().map(|short| short.component).collect();
    assert_eq!(components, [TcbComponent::TdxModule, TcbComponent::QuotingEnclave]);
}

#[test]
fn outdated_machine_is_told_all_that_is_short() {
    let outlook =
        tcb_outlook(&claimed(TeeType::Sgx, TcbLevel::Outdated), &collateral(TeeType::Sgx, *b"SIMSGX"));
    let outlook = outlook.expect("its collateral");
    assert_eq!(outlook.status, Some(TcbStatus::OutOfDate));
    assert_eq!(outlook.shortfalls.len(), 16);
    assert!(outlook.shortfalls.iter().all(|short| (short.have, short.needs) == (3, 4)));
    let unknown = claimed(TeeType::Tdx, TcbLevel::Unknown);
    let outlook = tcb_outlook(&unknown, &collateral(TeeType::Tdx, *b"SIMTDX")).expect("its collateral");
    assert_eq!(outlook.status, None);
    assert_eq!(outlook.shortfalls.len(), 16 + 15, "the module's version is 0 at every level");
    let sound = claimed(TeeType::Tdx, TcbLevel::Current);
    let outlook = tcb_outlook(&sound, &collateral(TeeType::Tdx, *b"SIMTDX")).expect("its collateral");
    assert_eq!((outlook.status, outlook.shortfalls), (Some(TcbStatus::UpToDate), vec![]));
}

#[test]
fn collateral_of_another_platform_tells_nothing() {
    let platform = claimed(TeeType::Tdx, TcbLevel::Current);
    for other in [collateral(TeeType::Tdx, *b"OTHERS"), collateral(TeeType::Sgx, *b"SIMTDX")] {
        let error = tcb_outlook(&platform, &other).expect_err("another");
        let AppraisalError::Collateral { fault, .. } = error else { panic!("{error}") };
        assert_eq!(fault, CollateralFault::NotForPlatform);
    }
}

#[test]
fn no_change_of_a_quote_makes_reading_it_panic() {
    let sample = samples::sgx();
    let mut told = 0_usize;
    for place in 0..sample.quote.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut quote = sample.quote.clone();
            quote[place] ^= flip;
            let Ok(platform) = ClaimedPlatform::read(&quote) else { continue };
            told += 1;
            let _ = tcb_outlook(&platform, &sample.collateral);
        }
        assert!(ClaimedPlatform::read(&sample.quote[..place]).is_err(), "cut at {place}");
    }
    assert!(told > 0, "most bytes say nothing of the platform");
}
