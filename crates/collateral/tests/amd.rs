//! Collateral for SEV-SNP evidence from a stand-in of AMD's service, SIMULATED.

use multee_collateral::{Endpoint, Evaluation, HttpConfig, Source, SourceConfig, SourceError, TlsRoots};
use multee_evidence::{AppraisalError, Collateral, Policy, Verifier, VerifierConfig};
use multee_mock_vendor::{
    SnpFamily, SnpKey, SnpMachine, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

mod pcs;

use pcs::{Mood, Pcs};

const DAY_S: u64 = 86_400;
const START_S: u64 = 1_800_000_000;
const NOW_S: u64 = START_S + DAY_S;
const END_S: u64 = START_S + 60 * DAY_S;
const LIST_END_S: u64 = START_S + 30 * DAY_S;

fn vendor() -> SnpVendor {
    let config = SnpVendorConfig { not_before_s: START_S, not_after_s: END_S };
    SnpVendor::from_seed([7; 32], config).expect("dates in range")
}

fn machine(family: SnpFamily, key: SnpKey) -> SnpMachine {
    vendor().machine(SnpMachineSpec { key, ..SnpMachineSpec::sound(1, family) }).expect("dates in range")
}

fn report() -> SnpReportSpec {
    SnpReportSpec::of_program("agent", [0x5A; 64])
}

/// Where AMD has what the machine needs: its certificate, its issuers' chain, the revocation list.
fn paths(machine: &SnpMachine) -> [String; 3] {
    let family = machine.spec().family.name();
    let id_bytes = if machine.spec().family == SnpFamily::Turin { 8 } else { 64 };
    let id = hex::encode(&machine.chip_id()[..id_bytes]);
    let fmc = if machine.spec().family == SnpFamily::Turin { "fmcSPL=01&" } else { "" };
    let key = if machine.spec().key == SnpKey::Provider { "vlek" } else { "vcek" };
    [
        format!("/vcek/v1/{family}/{id}?{fmc}blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219"),
        format!("/vcek/v1/{family}/cert_chain"),
        format!("/{key}/v1/{family}/crl"),
    ]
}

fn serve(service: &Pcs, vendor: &SnpVendor, machine: &SnpMachine) {
    let [certificate, chain, list] = paths(machine);
    let [key, issuer] = machine.certificates();
    let issuers = [issuer.clone(), vendor.root_der().to_vec()];
    let issuers = issuers.map(|der| pem::Pem::new("CERTIFICATE", der));
    service.put(&certificate, &[], key.clone());
    service.put(&chain, &[], pem::encode_many(&issuers));
    let document = vendor.collateral_with(START_S, LIST_END_S).expect("dates in range");
    let document: Value = serde_json::from_slice(&document).expect("JSON");
    service.put(&list, &[], hex::decode(document["ark_crl"].as_str().expect("text")).expect("hex"));
}

fn source(service: &Pcs) -> Source {
    let amd: Vec<Endpoint> = vec![service.url().parse().expect("URL")];
    let http = HttpConfig { time_ms_max: 30_000, tls_roots: TlsRoots::These(vec![]) };
    let (refresh_margin_s, age_s_max) = (5 * DAY_S, 10 * DAY_S);
    Source::open(SourceConfig { intel: vec![], amd, cache: None, refresh_margin_s, age_s_max, http })
        .expect("opens")
}

fn collateral(source: &Source, quote: &[u8], now_s: u64) -> Result<Vec<u8>, SourceError> {
    source.collateral(quote, Evaluation::Standard, now_s, now_s)
}

fn verify(quote: &[u8], collateral: &[u8]) -> Result<(), AppraisalError> {
    let vendor = vendor();
    let any = json!({ "boot_loader": 0, "tee": 0, "snp": 0, "microcode": 0 });
    let policy = json!({
        "version": 1,
        "roots": [format!("0x{}", hex::encode(Sha256::digest(vendor.root_der())))],
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": 1,
        "snp": { "tcb_min": { "milan": any, "genoa": any, "turin": any }, "accept_vlek": true },
    });
    let policy = Policy::from_json(policy.to_string().as_bytes()).expect("policy");
    let roots = [vendor.root_der().to_vec()];
    let verifier = Verifier::new(&policy, roots, VerifierConfig::default()).expect("verifier");
    let collateral = Collateral::from_json(collateral).expect("collateral");
    match collateral.pck_chain_pem() {
        Some(chain) => verifier.appraise_with_chain(quote, chain, &collateral, NOW_S),
        None => verifier.appraise(quote, &collateral, NOW_S),
    }
    .map(|_| ())
}

#[test]
fn evidence_with_certificates_needs_the_revocation_list_only() {
    for family in [SnpFamily::Milan, SnpFamily::Genoa, SnpFamily::Turin] {
        for key in [SnpKey::Chip, SnpKey::Provider] {
            let (service, machine) = (Pcs::start(), machine(family, key));
            serve(&service, &vendor(), &machine);
            let quote = machine.quote(&report());
            let collateral = collateral(&source(&service), &quote, NOW_S).expect("fetched");
            verify(&quote, &collateral).expect("verifies");
            assert_eq!(service.asked(), [paths(&machine)[2].as_str()]);
        }
    }
}

#[test]
fn bare_report_is_judged_with_the_certificates_that_amd_has() {
    for family in [SnpFamily::Milan, SnpFamily::Genoa, SnpFamily::Turin] {
        let (service, machine) = (Pcs::start(), machine(family, SnpKey::Chip));
        serve(&service, &vendor(), &machine);
        let quote = machine.report(&report());
        let collateral = collateral(&source(&service), &quote, NOW_S).expect("fetched");
        verify(&quote, &collateral).expect("verifies");
        assert_eq!(service.asked(), paths(&machine));
    }
}

#[test]
fn report_that_does_not_tell_its_family_is_asked_about_at_each() {
    let (service, machine) = (Pcs::start(), machine(SnpFamily::Genoa, SnpKey::Chip));
    serve(&service, &vendor(), &machine);
    let quote = machine.report(&SnpReportSpec { version: 2, ..report() });
    let collateral = collateral(&source(&service), &quote, NOW_S).expect("fetched");
    verify(&quote, &collateral).expect("verifies");
    let asked = service.asked();
    assert!(asked[0].starts_with("/vcek/v1/Milan/"), "{asked:?}");
    assert_eq!(asked[1..], paths(&machine));
}

#[test]
fn certificates_of_providers_keys_cannot_be_fetched() {
    let service = Pcs::start();
    let quote = machine(SnpFamily::Milan, SnpKey::Provider).report(&report());
    let refused = collateral(&source(&service), &quote, NOW_S);
    assert!(matches!(refused, Err(SourceError::Quote(AppraisalError::EndorsementMissing))), "{refused:?}");
    let refused = collateral(&source(&service), b"SNP\x01", NOW_S);
    assert!(matches!(refused, Err(SourceError::Quote(AppraisalError::QuoteMalformed))), "{refused:?}");
    assert_eq!(service.asked(), Vec::<String>::new());
}

#[test]
fn list_is_fetched_anew_before_it_expires_and_an_outage_is_an_alarm() {
    let (service, machine) = (Pcs::start(), machine(SnpFamily::Milan, SnpKey::Chip));
    serve(&service, &vendor(), &machine);
    let (source, quote) = (source(&service), machine.quote(&report()));
    let first = collateral(&source, &quote, NOW_S).expect("fetched");
    service.asked();
    assert_eq!(collateral(&source, &quote, NOW_S + DAY_S).expect("cached"), first);
    assert_eq!(service.asked(), Vec::<String>::new(), "what is fresh is not asked for");
    service.is(Mood::Status(500));
    let soon_s = LIST_END_S - DAY_S;
    assert_eq!(collateral(&source, &quote, soon_s).expect("still holds"), first);
    assert_eq!(service.asked(), [paths(&machine)[2].as_str()]);
    let alarms = source.alarms(soon_s);
    let told: Vec<&str> = alarms.iter().map(|alarm| alarm.item.as_str()).collect();
    assert_eq!(told, ["vcek revocation list of Milan"]);
    let refused = collateral(&source, &quote, LIST_END_S);
    assert!(matches!(refused, Err(SourceError::Unavailable(_))), "{refused:?}");
}

#[test]
fn revoked_issuer_is_found_out_by_what_was_fetched() {
    let (service, machine) = (Pcs::start(), machine(SnpFamily::Milan, SnpKey::Chip));
    let mut vendor = vendor();
    vendor.revoke_issuer_of(&machine);
    serve(&service, &vendor, &machine);
    let quote = machine.quote(&report());
    let collateral = collateral(&source(&service), &quote, NOW_S).expect("fetched");
    assert_eq!(verify(&quote, &collateral), Err(AppraisalError::CertificateRevoked));
}
