//! `--fetch`: the same report as from a file, whatever services do, and what is said when they have nothing.

use insta::assert_snapshot;
use multee_mock_vendor::{CollateralSpec, QuoteSpec};
use multee_protocol::TeeType;

use crate::desk::{Desk, NOT_AFTER_S, NOT_BEFORE_S, NOW_S, NUMBER, Seen, platform, vendor};
use crate::pcs::{Mood, Pcs};

const TEE: TeeType = TeeType::Tdx;

fn spec() -> CollateralSpec {
    CollateralSpec {
        tee: TEE,
        fmspc: *b"SIMTDX",
        issued_s: NOT_BEFORE_S,
        next_update_s: NOT_AFTER_S,
        tcb_evaluation_number: NUMBER,
    }
}

/// A desk with a SIMULATED quote, and a service that has its collateral.
fn desk(test: &str) -> (Desk, Pcs) {
    let (desk, vendor) = (Desk::new(test), vendor());
    desk.put_simulated(&vendor, &platform(&vendor, TEE));
    (desk, Pcs::with(&vendor, spec()))
}

fn run(desk: &Desk, now_s: u64, args: &str) -> Seen {
    run_on(desk, "quote", now_s, args)
}

fn run_on(desk: &Desk, quote: &str, now_s: u64, args: &str) -> Seen {
    desk.run(&format!("verify --quote {quote} --policy policy --root root --now {now_s} {args}"))
}

#[test]
fn fetched_collateral_gives_the_report_that_a_file_gives() {
    let (desk, service) = desk("fetched");
    let expected = run(&desk, NOW_S, "--collateral collateral");
    assert_eq!(expected.code, 0, "{expected:?}");
    assert_eq!(run(&desk, NOW_S, &format!("--fetch --pccs {}", service.url())), expected);
    let asked = service.asked();
    assert_eq!(asked[0], "/tdx/certification/v4/tcb?fmspc=53494D544458&tcbEvaluationDataNumber=19");
    let with_rests =
        format!("--fetch --pccs {} --pccs {}/sgx/certification/v4/", Pcs::dead_url(), service.url());
    assert_eq!(run(&desk, NOW_S, &with_rests), expected, "the first one is dead");
    let (json, from_file) = ("--json --fetch --pccs", run(&desk, NOW_S, "--json --collateral collateral"));
    assert_eq!(run(&desk, NOW_S, &format!("{json} {}", service.url())), from_file);
}

#[test]
fn without_a_policy_the_evaluation_in_force_is_fetched() {
    let (desk, service) = desk("in_force");
    let seen = desk.run(&format!("verify --quote quote --now {NOW_S} --fetch --pccs {}", service.url()));
    assert_eq!(seen.code, 3, "a SIMULATED root is not Intel's");
    assert_eq!(service.asked()[0], "/tdx/certification/v4/tcb?fmspc=53494D544458&update=standard");
}

#[test]
fn what_is_kept_outlives_the_service() {
    let (desk, service) = desk("kept");
    let fetch = format!("--fetch --cache kept --pccs {}", service.url());
    let expected = run(&desk, NOW_S, &fetch);
    assert_eq!(expected.code, 0, "{expected:?}");
    service.is(Mood::Status(500));
    service.asked();
    assert_eq!(run(&desk, NOW_S, &fetch), expected);
    assert_eq!(service.asked().len(), 0, "nor is it asked");
    assert_eq!(run(&desk, NOW_S + 86_400, &fetch).code, 0, "it is asked after a day, in vain");
    assert_eq!(run(&desk, NOT_AFTER_S, &fetch).code, 1, "and then nothing holds any more");
}

#[test]
fn revoked_machine_is_found_out_by_what_was_fetched() {
    let (desk, service) = desk("revoked");
    let mut vendor = vendor();
    vendor.revoke(&platform(&vendor, TEE));
    service.serve(&vendor, spec());
    let seen = run(&desk, NOW_S, &format!("--fetch --pccs {}", service.url()));
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(seen.stdout.contains("platform's certificate is revoked"), "{}", seen.stdout);
}

#[test]
fn every_failure_to_fetch_says_how_to_fix_it() {
    let (desk, service) = desk("not_fetched");
    let vendor = vendor();
    let spec_of_quote = QuoteSpec::of_program(TEE, "agent", [0; 64]);
    let chainless = platform(&vendor, TEE).quote_without_chain(&spec_of_quote).expect("same TEE");
    desk.put("chainless", chainless).put("junk", [0; 100]).put("file", "");
    let url = service.url();
    let fetch = format!("--fetch --pccs {url}");
    let complain = |name: &str, mood: Mood, now_s: u64, args: &str| {
        service.is(mood);
        let quote = if ["chainless", "junk"].contains(&name) { name } else { "quote" };
        let seen = run_on(&desk, quote, now_s, args);
        assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{name}: {seen:?}");
        let said = seen.stderr.replace(&url, "http://127.0.0.1:PORT");
        assert!(said.contains("\n  help: "), "{name}: {said}");
        format!("{name}\n{said}")
    };
    let complaints = [
        complain("has nothing", Mood::Status(404), NOW_S, &fetch),
        complain("broken", Mood::Status(500), NOW_S, &fetch),
        complain("overloaded", Mood::Throttling(60), NOW_S, &fetch),
        complain("babbling", Mood::Babbling, NOW_S, &fetch),
        complain("speaks no HTTP", Mood::Garbling, NOW_S, &fetch),
        complain("says nothing", Mood::Saying("{}"), NOW_S, &fetch),
        complain("leads away", Mood::RedirectingTo("https://example.org/".to_owned()), NOW_S, &fetch),
        complain("expired", Mood::Sound, NOT_AFTER_S, &fetch),
        complain("too late", Mood::Sound, NOT_BEFORE_S - 1, &fetch),
        complain("chainless", Mood::Sound, NOW_S, &fetch),
        complain("junk", Mood::Sound, NOW_S, &fetch),
        complain("cache is a file", Mood::Sound, NOW_S, &format!("{fetch} --cache file")),
    ];
    assert_snapshot!(complaints.join("\n"));
}
