//! Whether a device is trusted, asked from a shell: of the chain that a demo kept, and of a gateway that follows it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::embedded::Embedded;
use multee_chain::{Chain, read};
use multee_devnet::http::Limits;
use multee_devnet::rpc::{Clock, JsonRpc, Serving};
use serde_json::Value;

/// Exit code, stdout, stderr.
fn multee(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_multee")).args(args).output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

struct Demo {
    chain: Arc<Embedded>,
    contract: Address,
    devices: Vec<B256>,
    served: Serving,
}

impl Demo {
    fn played(directory: &Path) -> Self {
        let path = directory.to_str().expect("UTF-8");
        let (code, story, _) =
            multee(&["demo", "--devices", "10", "--epochs", "12", "--json", "--keep", path]);
        assert_eq!(code, 0);
        let story: Value = serde_json::from_str(&story).expect("JSON");
        let devices = story["devices"].as_array().expect("devices").iter();
        let devices = devices.filter_map(|device| device["device_id"].as_str()?.parse().ok()).collect();
        let chain = Arc::new(Embedded::resume(&directory.join("chain.sqlite")).expect("a chain"));
        let found = multee_replay::deployments(chain.as_ref(), 2).expect("answers");
        let face = JsonRpc::new(Arc::clone(&chain), 0, Clock::Virtual).expect("a face");
        let served = face.serve(0, Limits::default()).expect("serves");
        Self { chain, contract: found[0], devices, served }
    }

    fn check(&self, device: B256, more: &[&str]) -> (i32, String, String) {
        let (device, contract) = (device.to_string(), self.contract.to_string());
        let asked = ["trust", "check", &device, "--rpc", &self.served.url(), "--contract", &contract];
        multee(&[&asked, more].concat())
    }

    fn head_s(&self) -> u64 {
        self.chain.head().expect("a head").timestamp_s
    }

    fn is_trusted(&self, device_id: B256, min_score: u16) -> bool {
        let call = contract::isTrustedCall { deviceId: device_id, minScore: min_score, maxAgeEpochs: 3 };
        read(self.chain.as_ref(), self.contract, &call).expect("answers")
    }

    fn is_bound(&self, device_id: B256) -> bool {
        let call = contract::boundSeatOfCall { deviceId: device_id };
        read(self.chain.as_ref(), self.contract, &call).expect("answers") != 0
    }
}

/// A gateway that runs; killed if the test does not end it.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    fn start(demo: &Demo, db: &Path) -> Self {
        let (contract, url) = (demo.contract.to_string(), demo.served.url());
        let mut child = Command::new(env!("CARGO_BIN_EXE_multee"))
            .args([
                "gateway",
                "run",
                "--rpc",
                &url,
                "--contract",
                &contract,
                "--listen",
                "127.0.0.1:0",
                "--db",
            ])
            .arg(db)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("a line");
        let url = line.trim_end().rsplit(' ').next().expect("an address").to_owned();
        Self { child, url }
    }

    /// Told to end; the exit code.
    fn end(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("runs").success());
        self.child.wait().expect("ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn exit_codes_say_what_the_contract_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::played(directory.path());
    let now = demo.head_s().to_string();
    let mut seen = std::collections::BTreeSet::new();
    for device in demo.devices.iter().copied().chain([B256::repeat_byte(9)]) {
        for min_score in [0, 9000, 10_000] {
            let expected = match (demo.is_bound(device), demo.is_trusted(device, min_score)) {
                (false, _) => 4,
                (true, true) => 0,
                (true, false) => 3,
            };
            let (code, stdout, stderr) =
                demo.check(device, &["--min-score", &min_score.to_string(), "--now", &now, "--json"]);
            assert_eq!(code, expected, "{stdout}{stderr}");
            let answer: Value = serde_json::from_str(&stdout).expect("JSON");
            assert_eq!(answer["reasons"].as_array().expect("reasons").is_empty(), expected == 0, "{answer}");
            seen.insert(code);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 3, 4]);
    let trusted = demo.devices.iter().copied().find(|id| demo.is_trusted(*id, 9000)).expect("one at least");
    let at = |later_s: u64| (demo.head_s() + later_s).to_string();
    let (code, stdout, _) = demo.check(trusted, &["--now", &at(0)]);
    assert!(code == 0 && stdout.starts_with("trusted  0x"), "{stdout}");
    let (code, stdout, _) = demo.check(trusted, &["--now", &at(121)]);
    assert!(code == 4 && stdout.starts_with("stale  0x"), "{stdout}");
    assert_eq!(demo.check(trusted, &["--min-score", "10001"]).0, 2);
    let id = trusted.to_string();
    assert_eq!(multee(&["trust", "check", &id]).0, 2, "nobody to ask");
    let contract = demo.contract.to_string();
    let dead = ["trust", "check", &id, "--rpc", "http://127.0.0.1:1", "--contract", &contract];
    let (code, stdout, stderr) = multee(&dead);
    assert_eq!((code, stdout.as_str()), (5, ""), "{stderr}");
    let other = Address::repeat_byte(1).to_string();
    let (code, stdout, stderr) =
        multee(&["trust", "check", &id, "--rpc", &demo.served.url(), "--contract", &other]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
}

#[test]
fn a_gateway_answers_and_ends_when_it_is_told_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::played(directory.path());
    let db = directory.path().join("index");
    let running = Running::start(&demo, &db);
    let id = demo.devices[0].to_string();
    // The demo's time is another than this machine's: whatever the device is, the gateway cannot say so.
    let (code, stdout, stderr) = multee(&["trust", "check", &id, "--gateway", &running.url]);
    assert!(code == 4 && stdout.starts_with("stale  0x"), "{stdout}{stderr}");
    assert_eq!(running.end(), Some(0));
    let again = Running::start(&demo, &db);
    let (code, ..) = multee(&["trust", "check", &id, "--gateway", &again.url]);
    assert_eq!((code, again.end()), (4, Some(0)));
    let (code, stdout, stderr) = multee(&["trust", "check", &id, "--gateway", "http://127.0.0.1:1"]);
    assert_eq!((code, stdout.as_str()), (5, ""), "{stderr}");
    let (code, ..) = multee(&["trust", "check", &id, "--gateway", &demo.served.url()]);
    assert_eq!(code, 1, "no gateway");
}
