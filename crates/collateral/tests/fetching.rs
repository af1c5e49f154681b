//! Fetching from services that behave and misbehave, without a cache on disk.

use multee_collateral::{AmdItem, AmdKey, Endpoint, Evaluation, FetchError, HttpConfig};
use multee_collateral::{Source, SourceConfig, SourceError, TlsRoots, Vcek};
use multee_evidence::{Collateral, Policy, SnpProduct, Verifier, VerifierConfig};
use multee_mock_vendor::{CollateralSpec, PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::TeeType;
use sha2::{Digest, Sha256};

mod pcs;

use pcs::{Mood, PCK_CRL, Pcs, ROOT_CRL};

const START_S: u64 = 1_800_000_000;
const NOW_S: u64 = START_S + 86_400;
const END_S: u64 = START_S + 30 * 86_400;
const NUMBER: u32 = 19;
const ASKED: Evaluation = Evaluation::Number(NUMBER);

fn vendor() -> Vendor {
    let config = VendorConfig { not_before_s: START_S, not_after_s: END_S, tcb_evaluation_number: NUMBER };
    Vendor::from_seed([7; 32], config).expect("dates in range")
}

fn spec(tee: TeeType) -> CollateralSpec {
    CollateralSpec {
        tee,
        fmspc: PlatformSpec::sound(1, tee).fmspc,
        issued_s: START_S,
        next_update_s: END_S,
        tcb_evaluation_number: NUMBER,
    }
}

fn quote(tee: TeeType) -> Vec<u8> {
    let platform = vendor().platform(PlatformSpec::sound(1, tee)).expect("simulated");
    platform.quote(&QuoteSpec::of_program(tee, "agent", [0x5A; 64])).expect("same TEE")
}

fn service(tee: TeeType) -> Pcs {
    Pcs::with(&vendor(), spec(tee))
}

fn config(urls: &[&str]) -> SourceConfig {
    let endpoints: Vec<Endpoint> = urls.iter().map(|url| url.parse().expect("URL")).collect();
    SourceConfig {
        intel: endpoints.clone(),
        amd: endpoints,
        cache: None,
        refresh_margin_s: 86_400,
        age_s_max: 86_400,
        http: HttpConfig { time_ms_max: 30_000, tls_roots: TlsRoots::These(vec![]) },
    }
}

fn source(urls: &[&str]) -> Source {
    Source::open(config(urls)).expect("opens")
}

/// Judges the quote with what was fetched for it.
fn verify(quote: &[u8], collateral: &[u8]) {
    let vendor = vendor();
    let root = hex::encode(Sha256::digest(vendor.root_der()));
    let policy = format!(
        r#"{{"version":1,"roots":["0x{root}"],"platform_statuses":["UpToDate"],"tcb_evaluation_number":{NUMBER}}}"#
    );
    let policy = Policy::from_json(policy.as_bytes()).expect("policy");
    let roots = [vendor.root_der().to_vec()];
    let verifier = Verifier::new(&policy, roots, VerifierConfig::default()).expect("verifier");
    let collateral = Collateral::from_json(collateral).expect("collateral");
    verifier.appraise(quote, &collateral, NOW_S).expect("verifies");
}

/// What a service refused the first thing with that it was asked for.
fn refusal(source: &Source, tee: TeeType) -> FetchError {
    match source.collateral(&quote(tee), ASKED, NOW_S, NOW_S).expect_err("nothing to be had") {
        SourceError::Unavailable(alarm) => alarm.refusals.into_iter().next().expect("was asked").1,
        other => panic!("{other}"),
    }
}

#[test]
fn collateral_that_was_fetched_verifies_a_quote() {
    for tee in [TeeType::Sgx, TeeType::Tdx] {
        let service = service(tee);
        let source = source(&[&service.url()]);
        let collateral = source.collateral(&quote(tee), ASKED, NOW_S, NOW_S).expect("fetched");
        verify(&quote(tee), &collateral);
        assert_eq!(source.alarms(NOW_S), []);
    }
}

#[test]
fn services_are_asked_as_intels_documentation_says() {
    let service = service(TeeType::Tdx);
    for (evaluation, parameter) in [
        (Evaluation::Standard, "update=standard"),
        (Evaluation::Early, "update=early"),
        (Evaluation::Number(19), "tcbEvaluationDataNumber=19"),
    ] {
        let source = source(&[&service.url()]);
        source.collateral(&quote(TeeType::Tdx), evaluation, NOW_S, NOW_S).expect("fetched");
        let expected = [
            format!("/tdx/certification/v4/tcb?fmspc=53494D544458&{parameter}"),
            format!("/tdx/certification/v4/qe/identity?{parameter}"),
            PCK_CRL.to_owned(),
            ROOT_CRL.to_owned(),
        ];
        assert_eq!(service.asked(), expected);
    }
    let source = source(&[&service.url()]);
    assert!(matches!(refusal(&source, TeeType::Sgx), FetchError::NotThere(404)));
    assert_eq!(service.asked(), ["/sgx/certification/v4/tcb?fmspc=53494D534758&tcbEvaluationDataNumber=19"]);
}

#[test]
fn endpoint_that_misbehaves_is_passed_over_and_named() {
    let elsewhere = Pcs::start();
    let cases = [
        (Mood::Status(404), FetchError::NotThere(404)),
        (Mood::Status(410), FetchError::NotThere(410)),
        (Mood::Status(500), FetchError::Status(500)),
        (Mood::Status(401), FetchError::Status(401)),
        (Mood::Status(204), FetchError::Status(204)),
        (Mood::Status(503), FetchError::Overloaded { status: 503, retry_after_s: None }),
        (Mood::Throttling(17), FetchError::Overloaded { status: 429, retry_after_s: Some(17) }),
        (Mood::Babbling, FetchError::TooLarge),
        (Mood::Garbling, FetchError::Unexpected("answer is not HTTP")),
        (Mood::Saying("Hello!"), FetchError::Unexpected("answer is not the JSON asked for")),
        (Mood::Saying("{}"), FetchError::Unexpected("answer is not the JSON asked for")),
        (Mood::RedirectingTo(elsewhere.url()), FetchError::Redirected(elsewhere.url())),
        (Mood::RedirectingTo("/round".to_owned()), FetchError::Redirected("in a circle".to_owned())),
    ];
    let (bad, good) = (service(TeeType::Tdx), service(TeeType::Tdx));
    for (mood, error) in cases {
        bad.is(mood.clone());
        assert_eq!(refusal(&source(&[&bad.url()]), TeeType::Tdx), error, "{mood:?}");
        let both = source(&[&bad.url(), &good.url()]);
        let collateral =
            both.collateral(&quote(TeeType::Tdx), ASKED, NOW_S, NOW_S).expect("from the other one");
        verify(&quote(TeeType::Tdx), &collateral);
    }
    assert_eq!(elsewhere.asked(), [""; 0], "nobody follows to another host");
}

#[test]
fn dead_truncating_and_silent_endpoints_are_passed_over() {
    let (bad, good) = (service(TeeType::Tdx), service(TeeType::Tdx));
    let refused = refusal(&source(&[&Pcs::dead_url()]), TeeType::Tdx);
    assert!(matches!(refused, FetchError::Unreachable(_)), "{refused}");
    bad.is(Mood::Truncating);
    let refused = refusal(&source(&[&bad.url()]), TeeType::Tdx);
    assert!(matches!(refused, FetchError::Unreachable(_)), "{refused}");
    bad.is(Mood::Silent);
    let mut impatient = config(&[&bad.url(), &Pcs::dead_url(), &good.url()]);
    impatient.http.time_ms_max = 2_000;
    let source = Source::open(impatient).expect("opens");
    let collateral =
        source.collateral(&quote(TeeType::Tdx), ASKED, NOW_S, NOW_S).expect("from the third one");
    verify(&quote(TeeType::Tdx), &collateral);
    assert_eq!(bad.asked().len(), 2, "once by each source, and then it rests");
}

#[test]
fn what_is_plainly_something_else_is_refused() {
    let vendor = vendor();
    let sound = spec(TeeType::Tdx);
    let tcb = "/tdx/certification/v4/tcb?fmspc=53494D544458&tcbEvaluationDataNumber=19";
    let identity = "/tdx/certification/v4/qe/identity?tcbEvaluationDataNumber=19";
    let own = Pcs::with(&vendor, sound);
    let cases = [
        (CollateralSpec { fmspc: *b"OTHERS", ..sound }, tcb, "TCB info is of another platform"),
        (CollateralSpec { tee: TeeType::Sgx, ..sound }, tcb, "TCB info is of another TEE"),
        (CollateralSpec { tcb_evaluation_number: 18, ..sound }, tcb, "answer is of another TCB evaluation"),
        (CollateralSpec { tee: TeeType::Sgx, ..sound }, identity, "identity is of another quoting enclave"),
        (
            CollateralSpec { tcb_evaluation_number: 18, ..sound },
            identity,
            "answer is of another TCB evaluation",
        ),
    ];
    for (spec, path, error) in cases {
        own.serve(&vendor, sound);
        own.serve_as(&vendor, spec, path);
        assert_eq!(refusal(&source(&[&own.url()]), TeeType::Tdx), FetchError::Unexpected(error), "{spec:?}");
    }
    own.serve(&vendor, CollateralSpec { next_update_s: NOW_S, ..sound });
    assert_eq!(refusal(&source(&[&own.url()]), TeeType::Tdx), FetchError::Expired(NOW_S));
    own.serve(&vendor, sound);
    for (path, error) in
        [(PCK_CRL, "answer is not a revocation list"), (ROOT_CRL, "answer is not a revocation list")]
    {
        own.serve(&vendor, sound);
        own.replace(path, b"0\x01junk");
        assert_eq!(refusal(&source(&[&own.url()]), TeeType::Tdx), FetchError::Unexpected(error), "{path}");
    }
}

#[test]
fn list_of_another_issuer_is_refused() {
    let own = service(TeeType::Tdx);
    let [root_list, pck_list] = [ROOT_CRL, PCK_CRL].map(|path| own.body(path));
    own.replace(PCK_CRL, &root_list);
    let error = FetchError::Unexpected("revocation list is of another CA");
    assert_eq!(refusal(&source(&[&own.url()]), TeeType::Tdx), error);
    own.replace(PCK_CRL, &pck_list);
    own.replace(ROOT_CRL, &pck_list);
    let error = FetchError::Unexpected("revocation list is of another root");
    assert_eq!(refusal(&source(&[&own.url()]), TeeType::Tdx), error);
}

#[test]
fn redirects_within_the_host_are_followed() {
    let service = service(TeeType::Tdx);
    service.is(Mood::RedirectingOnce);
    let collateral =
        source(&[&service.url()]).collateral(&quote(TeeType::Tdx), ASKED, NOW_S, NOW_S).expect("fetched");
    verify(&quote(TeeType::Tdx), &collateral);
}

#[test]
fn platform_that_nobody_knows_silences_no_endpoint() {
    let service = service(TeeType::Tdx);
    let source = source(&[&service.url()]);
    assert_eq!(refusal(&source, TeeType::Sgx), FetchError::NotThere(404));
    source.collateral(&quote(TeeType::Tdx), ASKED, NOW_S, NOW_S).expect("another platform's is fetched");
    service.asked();
    assert_eq!(refusal(&source, TeeType::Sgx), FetchError::NotThere(404));
    assert_eq!(service.asked(), [""; 0], "it is not asked for again at once");
}

#[test]
fn quote_that_names_no_platform_asks_nobody() {
    let service = service(TeeType::Tdx);
    let error = source(&[&service.url()]).collateral(b"quote", ASKED, NOW_S, NOW_S).expect_err("no quote");
    assert!(matches!(error, SourceError::Quote(_)), "{error}");
    assert_eq!(service.asked(), [""; 0]);
}

#[test]
fn amds_service_is_asked_as_its_documentation_says_and_its_bytes_are_handed_on() {
    let service = service(TeeType::Tdx);
    let certificate = vendor().root_der().to_vec();
    let chain = pem::encode(&pem::Pem::new("CERTIFICATE", certificate.clone()));
    let list = hex::decode(service.body(ROOT_CRL)).expect("hex");
    let mut chip_id = [0xAB; 64];
    chip_id[0] = 1;
    let (bootloader, tee, snp, microcode) = (3, 0, 8, 115);
    let milan = Vcek { product: SnpProduct::Milan, chip_id, bootloader, tee, snp, microcode, fmc: None };
    let turin = Vcek { product: SnpProduct::Turin, fmc: Some(1), ..milan };
    let id = "01".to_owned() + &"ab".repeat(63);
    let cases = [
        (
            AmdItem::Chain(AmdKey::Vcek, SnpProduct::Milan),
            "/vcek/v1/Milan/cert_chain".to_owned(),
            chain.into_bytes(),
        ),
        (AmdItem::Crl(AmdKey::Vlek, SnpProduct::Genoa), "/vlek/v1/Genoa/crl".to_owned(), list),
        (
            AmdItem::Vcek(milan),
            format!("/vcek/v1/Milan/{id}?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115"),
            certificate.clone(),
        ),
        (
            AmdItem::Vcek(turin),
            "/vcek/v1/Turin/01ababababababab?fmcSPL=01&blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115".to_owned(),
            certificate,
        ),
    ];
    for (item, path, bytes) in cases {
        let source = source(&[&service.url()]);
        service.put(&path, &[], bytes.clone());
        assert_eq!(source.amd(item, NOW_S, NOW_S).expect("fetched"), bytes, "{item}");
        assert_eq!(service.asked(), [&*path]);
        service.put(&path, &[], "junk");
        let error = self::source(&[&service.url()]).amd(item, NOW_S, NOW_S).expect_err("junk");
        assert!(matches!(error, SourceError::Unavailable(_)), "{error}");
        service.asked();
    }
}
