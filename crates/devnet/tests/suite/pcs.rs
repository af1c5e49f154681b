//! The SIMULATED vendor's service as nodes use it, and what a verifier makes of what it gives.

use multee_collateral::{Evaluation, HttpConfig, Source, SourceConfig};
use multee_devnet::devices::Devices;
use multee_devnet::pcs::Pcs;
use multee_evidence::{Collateral, Policy, Verifier, VerifierConfig};
use multee_mock_vendor::{PlatformSpec, QuoteSpec, Vendor};
use multee_protocol::TeeType;

const DEVICES: Devices = Devices { seed: 3, from_s: 1_800_000_000, until_s: 1_900_000_000 };
const NOW_S: u64 = 1_850_000_000;

fn quote(vendor: &Vendor, tee: TeeType) -> Vec<u8> {
    let platform = vendor.platform(PlatformSpec::sound(0, tee)).expect("simulated");
    platform.quote(&QuoteSpec::of_program(tee, "any", [7; 64])).expect("quotes")
}

fn source(url: &str) -> Source {
    let config = SourceConfig {
        intel: vec![url.parse().expect("a URL")],
        amd: vec![],
        cache: None,
        refresh_margin_s: 0,
        age_s_max: 86_400,
        http: HttpConfig::default(),
    };
    Source::open(config).expect("opens")
}

#[test]
fn what_it_serves_verifies_under_its_vendors_root_and_under_no_other() {
    let vendor = DEVICES.vendor().expect("made");
    let pcs = Pcs::start(&vendor, 0).expect("serves");
    let source = source(&pcs.url());
    let policy = Policy::from_json(&DEVICES.policy().expect("made")).expect("a policy");
    let config = VerifierConfig::default;
    let verifier = Verifier::new(&policy, [vendor.root_der().to_vec()], config()).expect("its root");
    for tee in [TeeType::Sgx, TeeType::Tdx] {
        let quote = quote(&vendor, tee);
        for evaluation in [Evaluation::Number(1), Evaluation::Standard, Evaluation::Early] {
            let collateral = source.collateral(&quote, evaluation, NOW_S, NOW_S).expect("fetched");
            let collateral = Collateral::from_json(&collateral).expect("collateral");
            verifier.appraise(&quote, &collateral, NOW_S).expect("sound");
        }
    }
    let other = Devices { seed: 4, ..DEVICES }.vendor().expect("made");
    let refused = Verifier::new(&policy, [other.root_der().to_vec()], config());
    assert!(refused.is_err(), "a policy takes no root but its own");
    let policy =
        Policy::from_json(&Devices { seed: 4, ..DEVICES }.policy().expect("made")).expect("a policy");
    let verifier = Verifier::new(&policy, [other.root_der().to_vec()], config()).expect("its root");
    let quote = quote(&vendor, TeeType::Sgx);
    let collateral = source.collateral(&quote, Evaluation::Number(1), NOW_S, NOW_S).expect("fetched");
    let collateral = Collateral::from_json(&collateral).expect("collateral");
    verifier.appraise(&quote, &collateral, NOW_S).expect_err("another vendor's");
}

#[test]
fn what_it_has_not_it_says_so() {
    let vendor = DEVICES.vendor().expect("made");
    let pcs = Pcs::start(&vendor, 0).expect("serves");
    let source = source(&pcs.url());
    let quote = quote(&vendor, TeeType::Sgx);
    assert!(source.collateral(&quote, Evaluation::Number(2), NOW_S, NOW_S).is_err());
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let status =
        |path: &str| agent.get(format!("{}{path}", pcs.url())).call().expect("answers").status().as_u16();
    assert_eq!(status("/"), 404);
    assert_eq!(status("/sgx/certification/v4/rootcacrl"), 200);
    let posted = agent.post(format!("{}/sgx/certification/v4/rootcacrl", pcs.url())).send_empty();
    assert_eq!(posted.expect("answers").status().as_u16(), 405);
}
