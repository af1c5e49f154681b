//! What is answered over HTTP, to friends and others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::{B256, keccak256};
use multee_chain::Chain;
use multee_gateway::index::Index;
use multee_gateway::serve::{Config, Gateway, Origin, Rate};
use multee_node::{PeerContent, ReadContent};
use serde_json::Value;

use crate::forking::Forking;
use crate::served::{Served, Switch, config, header, lived, served};
use crate::town::{Town, device};

#[test]
fn everything_that_is_there_is_answered() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    let (status, network) = served.get("/v1/network");
    assert_eq!(
        (status, &network["epoch"], &network["last_opened"]),
        (200, &5.into(), &5.into()),
        "{network}"
    );
    assert_eq!(network["parameters"]["min_deposit"], "100000000000000000000");
    let (_, epochs) = served.get("/v1/epochs?limit=2");
    assert_eq!((&epochs["total"], &epochs["next_offset"]), (&6.into(), &2.into()));
    assert_eq!(
        (&epochs["items"][0]["epoch"], &epochs["items"][0]["blocks"]),
        (&5.into(), &3.into()),
        "seat 3 is suspended"
    );
    let (_, last) = served.get("/v1/epochs?limit=2&offset=4");
    assert_eq!((&last["items"][1]["epoch"], &last["next_offset"]), (&0.into(), &Value::Null));
    let (_, devices) = served.get("/v1/devices?sort=lowest_score");
    assert_eq!((&devices["items"][0]["seat"], &devices["total"]), (&3.into(), &4.into()), "{devices}");
    let (_, full) = served.get("/v1/devices?tier=full&operational=true");
    assert_eq!(full["total"], 3);
    let (status, fallen) = served.get(&format!("/v1/devices/{}", device(3)));
    assert_eq!((status, &fallen["bound_seat"]), (200, &3.into()));
    let steps = fallen["steps"]["items"].as_array().expect("steps");
    let line = steps.iter().rfind(|step| step["cause"] == "malicious").expect("a decision");
    assert_eq!((&line["rule"], &line["score_before"]), (&"falls".into(), &10_000.into()));
    assert!(line["negative"].as_u64() > line["positive"].as_u64());
    let (_, marks) = served.get("/v1/epochs/5/marks");
    let given: Vec<&Value> = marks["items"]
        .as_array()
        .expect("blocks")
        .iter()
        .flat_map(|block| block["marks"].as_array().expect("marks"))
        .collect();
    assert!(given.iter().any(|mark| mark["mark"] == "evidence_invalid" && mark["seat"] == 3), "{marks}");
    assert!(given.iter().all(|mark| (mark["mark"] == "valid") == (mark["seat"] != 3)), "{marks}");
    let (_, block) = served.get("/v1/blocks/2/0");
    assert_eq!((&block["epoch"], &block["order"]), (&2.into(), &0.into()));
    let (status, trust) = served.get(&format!("/v1/devices/{}/trust?min_score=9000&max_age=3", device(1)));
    assert_eq!((status, &trust["verdict"]), (200, &"trusted".into()), "{trust}");
}

#[test]
fn content_is_what_nodes_ask_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    let base = format!("http://{}", served.gateway.address());
    let peers = PeerContent::new([base.as_str()], Duration::from_secs(10)).expect("a peer");
    let (_, block) = served.get("/v1/blocks/2/0");
    let (_, network) = served.get("/v1/network");
    for hash in
        [&block["evidence_hash"], &block["digest"], &network["policy_digest"], &network["reference_digest"]]
    {
        let hash: B256 = hash.as_str().and_then(|hash| hash.parse().ok()).expect("a hash");
        let found = peers.content(hash).unwrap_or_else(|| panic!("nothing for {hash}"));
        assert_eq!(keccak256(found), hash);
    }
    assert_eq!(peers.content(B256::repeat_byte(1)), None);
    let evidence = block["evidence_hash"].as_str().expect("a hash");
    let (status, kind, body) = served.raw("GET", &format!("/v1/content/{evidence}"), "");
    assert_eq!((status, kind.as_str()), (200, "application/octet-stream"));
    assert!(body.starts_with(b"evidence of seat"));
}

#[test]
fn whatever_is_asked_wrongly_is_a_problem_and_no_fault() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    let (id, long) = (device(1).to_string(), "9".repeat(4000));
    for (path, expected) in [
        ("/nothing", 404),
        ("/v1", 404),
        ("/v1/devices/", 404),
        ("/v1/devices?limit=0", 400),
        ("/v1/devices?limit=201", 400),
        ("/v1/devices?limit=-1", 400),
        ("/v1/devices?limit=1e2", 400),
        ("/v1/devices?limit=+1", 400),
        ("/v1/devices?limit=%31%30%ff", 400),
        ("/v1/devices?limit=1&limit=2", 400),
        ("/v1/devices?offset=10000001", 400),
        ("/v1/devices?offset=99999999999999999999", 400),
        ("/v1/devices?limt=1", 400),
        ("/v1/devices?sort=score;DROP%20TABLE%20seats", 400),
        ("/v1/devices?tier=none", 400),
        ("/v1/devices?operational=maybe", 400),
        ("/v1/devices?account=0x12", 400),
        ("/v1/devices?measurement=0x", 400),
        ("/v1/devices/1", 400),
        ("/v1/devices/%ff%fe", 400),
        ("/v1/devices/%3Cscript%3E", 400),
        ("/v1/devices/0x%27%20OR%201=1--", 400),
        ("/v1/epochs/-1/marks", 400),
        ("/v1/epochs/4294967296/marks", 400),
        ("/v1/epochs/4294967295/marks", 404),
        ("/v1/blocks/1/1048576", 400),
        ("/v1/blocks/1/1048575", 404),
        ("/v1/blocks/1/0/", 404),
        ("/v1/content/0x00", 400),
        ("/v1/network?x=1", 400),
        ("/health?x", 400),
        (&format!("/v1/epochs?limit={long}"), 400),
        (&format!("/v1/devices/{}", B256::repeat_byte(9)), 404),
        (&format!("/v1/content/{}", B256::repeat_byte(9)), 404),
        (&format!("/v1/devices/{id}/trust?min_score=10001"), 400),
        (&format!("/v1/devices/{id}/trust?min_score=-0"), 400),
        (&format!("/v1/devices/{id}/trust?max_age=4294967296"), 400),
        (&format!("/v1/devices/{}/trust", id.replace("0x", "0X")), 400),
        (&format!("/v1/devices/{id}00/trust"), 400),
    ] {
        let (status, problem) = served.get(path);
        assert_eq!(status, expected, "{path}: {problem}");
        assert_eq!((&problem["status"], &problem["type"]), (&status.into(), &"about:blank".into()));
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{path}: {problem}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let (status, kind, _) = served.raw(method, "/v1/devices", "content-length: 3\r\n");
        assert_eq!((status, kind.as_str()), (405, "application/problem+json"), "{method}");
    }
    let (head, _) =
        served.answer(format!("GET /{} HTTP/1.1\r\nhost: here\r\n", "a".repeat(20_000)).as_bytes());
    assert!(head.starts_with("HTTP/1.1 4"), "{head}");
    let (status, trust) = served.get(&format!("/v1/devices/{}/trust", B256::repeat_byte(9)));
    assert_eq!((status, &trust["verdict"]), (200, &"unknown".into()));
}

#[test]
fn a_lost_chain_or_a_stale_head_is_never_trusted() {
    let dir = tempfile::tempdir().expect("a directory");
    let touchy = Config { touch_max: Duration::from_millis(300), ..config() };
    let served = served(dir.path(), lived(), touchy);
    let path = format!("/v1/devices/{}/trust", device(1));
    served.until(&path, |(_, answer)| answer["verdict"] == "trusted");
    served.switch.off.store(true, Ordering::SeqCst);
    let lost = served.until(&path, |(_, answer)| answer["verdict"] != "trusted").1;
    assert_eq!((&lost["verdict"], &lost["reasons"][0]["code"]), (&"stale".into(), &"out_of_touch".into()));
    assert_eq!(served.get("/health").0, 503);
    served.switch.off.store(false, Ordering::SeqCst);
    served.until(&path, |(_, answer)| answer["verdict"] == "trusted");
    served.now_s.fetch_add(121, Ordering::SeqCst);
    let stale = served.until(&path, |(_, answer)| answer["reasons"][0]["code"] == "head_too_old").1;
    assert_eq!(stale["verdict"], "stale");
    assert_eq!(served.get("/health").0, 503);
    let now_s = served.now_s.load(Ordering::SeqCst);
    served.town.chain.set_time(now_s);
    served.until(&path, |(_, answer)| answer["verdict"] == "trusted");
}

#[test]
fn a_device_that_falls_is_seen_to_fall() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut served = served(dir.path(), lived(), config());
    let path = format!("/v1/devices/{}/trust?max_age=1000", device(2));
    assert_eq!(served.get(&path).1["verdict"], "trusted");
    for epoch in 6..12 {
        served.town.bad = [2].into();
        served.town.begin(epoch);
        served.town.settle(epoch);
        for seat in [1, 2, 4] {
            served.town.publish(seat, crate::town::POWER, b"");
        }
    }
    served.now_s.store(served.town.chain.head().expect("a head").timestamp_s, Ordering::SeqCst);
    let fallen = served.until(&path, |(_, answer)| answer["verdict"] == "not_trusted").1;
    assert_eq!(fallen["reasons"][0]["code"], "tier_not_operational", "{fallen}");
}

#[test]
fn who_asks_too_often_is_told_to_wait() {
    let dir = tempfile::tempdir().expect("a directory");
    let rate = Some(Rate { per_second: 1, burst: 3, connections: 64 });
    let town = Town::new(3);
    let path = dir.path().join("index");
    let index =
        Index::open(&path, town.deployment(), multee_gateway::index::Config::default()).expect("an index");
    let chain: Arc<dyn Chain> = Arc::<Forking>::clone(&town.chain);
    let gateway =
        Gateway::start(index, &path, chain, Config { rate, ..config() }, Arc::new(|| 0)).expect("serves");
    let switch = Arc::new(Switch { chain: Arc::clone(&town.chain), off: AtomicBool::new(false) });
    let served = Served { gateway, town, switch, now_s: Arc::default() };
    let answers = (0..200).map(|_| served.raw("GET", "/v1/epochs", ""));
    let (answered, refused): (Vec<_>, Vec<_>) = answers.partition(|(status, ..)| *status == 200);
    assert!(answered.len() >= 3 && !refused.is_empty(), "{} were answered", answered.len());
    for (status, kind, body) in refused {
        assert_eq!((status, kind.as_str()), (429, "application/problem+json"), "{body:?}");
    }
}

#[test]
fn one_client_does_not_have_all_connections() {
    let dir = tempfile::tempdir().expect("a directory");
    let (town, path) = (Town::new(3), dir.path().join("index"));
    let index =
        Index::open(&path, town.deployment(), multee_gateway::index::Config::default()).expect("an index");
    let rate = Some(Rate { per_second: 1000, burst: 1000, connections: 2 });
    let chain: Arc<dyn Chain> = Arc::<Forking>::clone(&town.chain);
    let gateway =
        Gateway::start(index, &path, chain, Config { rate, ..config() }, Arc::new(|| 0)).expect("serves");
    // Whether it is answered; the connection stays open.
    let ask = || {
        let mut stream = TcpStream::connect(gateway.address()).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        let asked = stream.write_all(b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n");
        asked.and_then(|()| stream.read_exact(&mut [0])).ok().map(|()| stream)
    };
    let open = [ask(), ask()];
    assert!(open.iter().all(Option::is_some));
    assert!(ask().is_none(), "a third connection of one client");
    drop(open);
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask().is_none() {
        assert!(Instant::now() < deadline, "its connections are still counted");
    }
}

#[test]
fn foreign_pages_read_only_where_it_is_configured() {
    let dir = tempfile::tempdir().expect("a directory");
    let cors = vec![Origin::parse("https://page.example").expect("an origin")];
    let served = served(dir.path(), Town::new(3), Config { cors, ..config() });
    let allowed = |origin: &str| {
        let lines = format!("GET /v1/epochs HTTP/1.1\r\nhost: here\r\norigin: {origin}\r\n");
        header(&served.answer(lines.as_bytes()).0, "access-control-allow-origin")
    };
    assert_eq!(allowed("https://page.example").as_deref(), Some("https://page.example"));
    assert_eq!(allowed("https://other.example"), None);
    let (head, _) = served.answer(b"GET /v1/epochs HTTP/1.1\r\nhost: here\r\n");
    assert_eq!(header(&head, "x-content-type-options").as_deref(), Some("nosniff"));
}
