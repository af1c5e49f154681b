//! A gateway's tokens, from its key to a relying party without a network.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use multee_chain::Chain;
use multee_chain::embedded::Embedded;
use multee_gateway::ear::Key;
use multee_gateway::index::{self, Index};
use multee_gateway::serve::{Config, Gateway};
use multee_protocol::Deployment;
use serde_json::Value;

use crate::running::{Demo, Running, multee};

fn get(url: &str) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let mut answer = config.new_agent().get(url).call().expect("an answer");
    (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

const NONCE: &str = "c29tZSBub25jZQ";

/// A gateway whose clock shows the demo's time, with this key.
fn gateway(demo: &Demo, db: &Path, key: &Path) -> Gateway {
    let head = demo.chain.head().expect("a head");
    let deployment = Deployment { chain_id: head.chain_id, contract: demo.contract };
    let mut index = Index::open(db, deployment, index::Config::default()).expect("an index");
    index.sync(demo.chain.as_ref()).expect("synced");
    let key = Key::from_pem(&fs::read_to_string(key).expect("read")).expect("a key");
    let config = Config { ear_key: Some(Arc::new(key)), ..Config::new(([127, 0, 0, 1], 0).into()) };
    let chain = Arc::<Embedded>::clone(&demo.chain);
    Gateway::start(index, db, chain, config, Arc::new(move || head.timestamp_s)).expect("serves")
}

/// The token, once the gateway has looked at the chain.
fn token(gateway: &Gateway, id: &str) -> String {
    let base = format!("http://{}", gateway.address());
    let deadline = Instant::now() + Duration::from_secs(30);
    while get(&format!("{base}/health")).0 != 200 {
        assert!(Instant::now() < deadline, "the gateway is not well");
        std::thread::sleep(Duration::from_millis(50));
    }
    let (status, token) = get(&format!("{base}/v1/devices/{id}/ear?min_score=9000&max_age=3&nonce={NONCE}"));
    assert_eq!(status, 200, "{token}");
    token
}

#[test]
fn a_relying_party_checks_a_token_without_asking_anybody() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::played(directory.path());
    let at = |name: &str| directory.path().join(name);
    let (secret, jwk, file) = (at("key.pem"), at("key.jwk"), at("token"));
    let (code, shown, _) = multee(&["gateway", "key", "--out", text(&secret)]);
    assert_eq!(code, 0);
    fs::write(&jwk, shown).expect("written");
    let trusted = demo.devices.iter().copied().find(|id| demo.is_trusted(*id, 9000)).expect("one at least");
    let (id, other) = (trusted.to_string(), B256::repeat_byte(9).to_string());
    let gateway = gateway(&demo, &at("index"), &secret);
    let (affirmed, unknown) = (token(&gateway, &id), token(&gateway, &other));
    drop(gateway);
    let head_s = demo.head_s();
    let verify = |id: &str, later_s: u64, more: &[&str]| {
        let now = (head_s + later_s).to_string();
        let asked = ["trust", "verify-token", id, text(&file), "--key", text(&jwk), "--now", &now];
        multee(&[&asked, more].concat())
    };
    fs::write(&file, &affirmed).expect("written");
    let (code, said, _) = verify(&id, 120, &["--min-score", "9000", "--max-age", "3", "--nonce", NONCE]);
    assert!(code == 0 && said.starts_with("trusted  0x") && said.contains("one gateway's"), "{said}");
    let (code, said, _) = verify(&id, 0, &["--json"]);
    let claims: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &claims["ear_status"]), (0, &Value::from("affirming")));
    assert_eq!(verify(&id, 121, &[]).0, 4, "expired");
    assert_eq!(verify(&other, 0, &[]).0, 1, "of another device");
    assert_eq!(verify(&id, 0, &["--min-score", "9001"]).0, 1, "it answers for less");
    assert_eq!(verify(&id, 0, &["--max-age", "2"]).0, 1, "it answers for older");
    assert_eq!(verify(&id, 0, &["--nonce", "b3RoZXIgbm9uY2U"]).0, 1);
    fs::write(&file, &unknown).expect("written");
    assert_eq!(verify(&other, 0, &[]).0, 4, "no claim is made");
    fs::write(&file, affirmed.replace('A', "B")).expect("written");
    assert_eq!(verify(&id, 0, &[]).0, 1, "changed");
    fs::write(&file, &affirmed).expect("written");
    fs::write(&jwk, multee(&["gateway", "key", "--out", text(&at("another.pem"))]).1).expect("written");
    assert_eq!(verify(&id, 0, &[]).0, 1, "of another key");
}

#[test]
fn a_gateway_signs_with_a_key_that_its_owner_alone_can_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::played(directory.path());
    let at = |name: &str| directory.path().join(name);
    let (secret, jwk, file, db) = (at("key.pem"), at("key.jwk"), at("token"), at("index"));
    let (_, shown, _) = multee(&["gateway", "key", "--out", text(&secret)]);
    assert_eq!(fs::metadata(&secret).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(multee(&["gateway", "key", "--out", text(&secret)]).0, 1, "never overwritten");
    let running = Running::start(&demo, &db, &["--ear-key", text(&secret)]);
    let (status, served) = get(&format!("{}/v1/ear/key", running.url));
    assert_eq!((status, served.trim()), (200, shown.trim()));
    // The demo's time is another than this machine's: whatever the device is, the gateway claims nothing.
    let id = demo.devices[0].to_string();
    fs::write(&file, get(&format!("{}/v1/devices/{id}/ear", running.url)).1).expect("written");
    fs::write(&jwk, shown).expect("written");
    let verify = ["trust", "verify-token", &id, text(&file), "--key", text(&jwk)];
    assert_eq!((multee(&verify).0, running.end()), (4, Some(0)));
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).expect("set");
    let (url, contract) = (demo.served.url(), demo.contract.to_string());
    let run = ["gateway", "run", "--rpc", &url, "--contract", &contract, "--db", text(&db)];
    let (code, _, said) = multee(&[&run[..], &["--ear-key", text(&secret)]].concat());
    assert!(code == 1 && said.contains("chmod 600"), "{said}");
}
