//! What published evidence says of itself is shown, whatever it is; and what monitoring is told.

use alloy_primitives::{B256, hex, keccak256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_evidence::{EvidenceBundle, Properties};
use multee_gateway::serve::Config;
use multee_mock_vendor::{
    PlatformSpec, QuoteSpec, SnpFamily, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig, Vendor,
    VendorConfig,
};
use multee_protocol::TeeType;
use serde_json::Value;

use crate::served::{Served, config, header, served};
use crate::town::{OPERATOR, POWER, Town, device, key, measurement};

fn dcap(tee: TeeType) -> Vec<u8> {
    let config = VendorConfig { not_before_s: 1, not_after_s: 1000, tcb_evaluation_number: 1 };
    let vendor = Vendor::from_seed([7; 32], config).expect("dates in range");
    let platform = vendor.platform(PlatformSpec::sound(1, tee)).expect("simulated");
    platform.quote(&QuoteSpec::of_program(tee, "agent", [9; 64])).expect("same TEE")
}

fn snp() -> Vec<u8> {
    let config = SnpVendorConfig { not_before_s: 1, not_after_s: 1000 };
    let vendor = SnpVendor::from_seed([7; 32], config).expect("dates in range");
    let machine = vendor.machine(SnpMachineSpec::sound(1, SnpFamily::Genoa)).expect("in range");
    machine.quote(&SnpReportSpec::of_program("agent", [9; 64]))
}

/// Publishes a quote as devices do: split.
fn publish(town: &Town, seat: u32, quote: &[u8]) {
    let properties = Properties::new("A CPU <script>", 8, 4096, ["sgx2".to_owned()]).expect("in range");
    let (bundle, certificates) = EvidenceBundle::split(properties.encode(), quote);
    let evidence = bundle.encode_beside(&certificates).expect("small").into();
    let publication =
        contract::Publication { evidence, certificates: certificates.into(), ..town.block(seat, POWER, b"") };
    town.send(&key(OPERATOR, seat), &contract::publishCall { publication });
}

fn evidence(served: &Served, seat: u32) -> Value {
    let (status, answer) = served.get(&format!("/v1/devices/{}/evidence", device(seat)));
    assert_eq!(status, 200, "{answer}");
    assert!(answer["notice"].as_str().expect("text").starts_with("PARSED, NOT VERIFIED"));
    answer
}

fn shown() -> (tempfile::TempDir, Served, [Vec<u8>; 3]) {
    let (dir, town) = (tempfile::tempdir().expect("a directory"), Town::new(5));
    let quotes = [dcap(TeeType::Sgx), dcap(TeeType::Tdx), snp()];
    town.begin(0);
    (1..).zip(&quotes).for_each(|(seat, quote)| publish(&town, seat, quote));
    town.publish(4, POWER, b"");
    let served = served(dir.path(), town, config());
    (dir, served, quotes)
}

#[test]
fn evidence_is_shown_parsed_and_leads_to_its_verification() {
    let (_dir, served, quotes) = shown();
    for (seat, (quote, tee)) in (1..).zip(quotes.iter().zip(["sgx", "tdx", "snp"])) {
        let answer = evidence(&served, seat);
        assert_eq!((&answer["problem"], &answer["quote"]["tee"]), (&Value::Null, &tee.into()), "{answer}");
        assert_eq!(answer["quote"]["report_data"], hex::encode([9; 64]));
        assert!(answer["quote"]["registers"].as_array().is_some_and(|it| it.len() > 5));
        assert_eq!(answer["properties"]["cpu_model"], "A CPU <script>", "as it is: JSON, not markup");
        assert_eq!((answer["dcap"].is_null(), answer["snp"].is_null()), (tee == "snp", tee != "snp"));
        let chain = answer["certificates"].as_array().expect("certificates");
        assert!(chain.len() >= 2 && chain[0]["issuer"] == chain[1]["subject"], "{answer}");
        let path = answer["verify"]["quote_path"].as_str().expect("a path");
        let (status, kind, body) = served.raw("GET", path, "");
        assert_eq!((status, kind.as_str(), &body), (200, "application/octet-stream", quote));
        let command = answer["verify"]["command"].as_str().expect("a command");
        let expected = format!(
            "multee verify --quote quote.bin --policy policy.json --fetch --reference-value {}",
            measurement()
        );
        assert_eq!(command, expected);
        let policy = served.raw("GET", answer["verify"]["policy_path"].as_str().expect("a path"), "").2;
        assert_eq!(policy, b"{}");
        for hash in ["evidence_hash", "certificates_hash"] {
            let hash = answer[hash].as_str().expect("a hash");
            let bytes = served.raw("GET", &format!("/v1/content/{hash}"), "").2;
            assert_eq!(keccak256(bytes).to_string(), hash);
        }
        let list = served.get(&format!("/v1/devices?tee={tee}")).1;
        assert_eq!((&list["total"], &list["items"][0]["seat"]), (&1.into(), &seat.into()), "{list}");
        assert_eq!(list["items"][0]["tee"], tee);
        let path = format!("/v1/blocks/0/{}/evidence", answer["order"]);
        assert_eq!(served.get(&path).1, answer, "the same of its block");
    }
}

#[test]
fn what_is_no_evidence_is_said_to_be_none() {
    let (_dir, served, _) = shown();
    let answer = evidence(&served, 4);
    assert!(answer["problem"].as_str().is_some_and(|problem| problem.contains("bundle")), "{answer}");
    assert!(answer["quote"].is_null() && answer["properties"].is_null() && answer["dcap"].is_null());
    let path = answer["verify"]["quote_path"].as_str().expect("a path");
    assert!(served.raw("GET", path, "").2.starts_with(b"evidence of seat 4"));
    for missing in [device(5), B256::repeat_byte(1)] {
        assert_eq!(served.get(&format!("/v1/devices/{missing}/evidence")).0, 404);
    }
    assert_eq!(served.get("/v1/blocks/0/9/evidence").0, 404);
    assert_eq!(served.get("/v1/blocks/0/9/quote").0, 404);
}

#[test]
fn no_answer_can_become_a_page() {
    let (_dir, served, _) = shown();
    for path in
        ["/v1/overview", "/v1/devices.csv", "/metrics", "/v1/blocks/0/0/quote", "/nothing", "/openapi.json"]
    {
        let (head, _) = served.answer(format!("GET {path} HTTP/1.1\r\nhost: here\r\n").as_bytes());
        assert_eq!(header(&head, "x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(header(&head, "content-security-policy").as_deref(), Some("default-src 'none'"), "{path}");
        assert!(!header(&head, "content-type").expect("a type").contains("html"), "{path}");
    }
}

#[test]
fn monitoring_learns_what_was_asked_and_how_the_chain_goes() {
    let (dir, town) = (tempfile::tempdir().expect("a directory"), Town::new(2));
    let served = served(dir.path(), town, Config { streams_max: 3, ..config() });
    let number = served.get("/health").1["block_number"].clone();
    let _ = served.get(&format!("/v1/devices/{}", device(1)));
    let _ = served.get(&format!("/v1/devices/{}", device(2)));
    let _ = served.get("/v1/devices/x");
    let _ = served.get("/%3Cnothing%3E");
    let (status, kind, body) = served.raw("GET", "/metrics", "");
    assert_eq!((status, kind.split(';').next()), (200, Some("text/plain")));
    let text = String::from_utf8(body).expect("text");
    for line in [
        "multee_gateway_requests_total{path=\"/v1/devices/{id}\",status=\"2xx\"} 2",
        "multee_gateway_requests_total{path=\"/v1/devices/{id}\",status=\"4xx\"} 1",
        "multee_gateway_requests_total{path=\"other\",status=\"4xx\"} 1",
        "multee_gateway_streams 0",
        "multee_gateway_sync_failures_total 0",
        &format!("multee_gateway_head_number {number}"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    for name in ["request_duration_seconds_bucket", "head_age_seconds", "database_bytes", "head_time_seconds"]
    {
        assert!(text.contains(&format!("multee_gateway_{name}")), "{name} is not in {text}");
    }
    let size = text.lines().find_map(|line| line.strip_prefix("multee_gateway_database_bytes "));
    assert!(size.and_then(|size| size.parse::<u64>().ok()) > Some(100_000), "{size:?}");
    assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("multee_gateway_")), "{text}");
    assert!(!text.contains("nothing"), "what is asked names nothing");
}
