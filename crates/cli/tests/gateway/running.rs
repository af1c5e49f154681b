//! Programs that run, over the chain that a demo kept.

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
pub(crate) fn multee(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_multee")).args(args).output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// A network that a demo played and kept, and its chain over JSON-RPC.
pub(crate) struct Demo {
    pub(crate) chain: Arc<Embedded>,
    pub(crate) contract: Address,
    pub(crate) devices: Vec<B256>,
    pub(crate) served: Serving,
}

impl Demo {
    pub(crate) fn played(directory: &Path) -> Self {
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

    pub(crate) fn check(&self, device: B256, more: &[&str]) -> (i32, String, String) {
        let (device, contract) = (device.to_string(), self.contract.to_string());
        let asked = ["trust", "check", &device, "--rpc", &self.served.url(), "--contract", &contract];
        multee(&[&asked, more].concat())
    }

    pub(crate) fn head_s(&self) -> u64 {
        self.chain.head().expect("a head").timestamp_s
    }

    pub(crate) fn is_trusted(&self, device_id: B256, min_score: u16) -> bool {
        let call = contract::isTrustedCall { deviceId: device_id, minScore: min_score, maxAgeEpochs: 3 };
        read(self.chain.as_ref(), self.contract, &call).expect("answers")
    }

    pub(crate) fn is_bound(&self, device_id: B256) -> bool {
        let call = contract::boundSeatOfCall { deviceId: device_id };
        read(self.chain.as_ref(), self.contract, &call).expect("answers") != 0
    }
}

/// A gateway that runs; killed if the test does not end it.
pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
}

impl Running {
    pub(crate) fn start(demo: &Demo, db: &Path, more: &[&str]) -> Self {
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
            .args(more)
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
    pub(crate) fn end(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("runs").success());
        self.child.wait().expect("ends").code()
    }
}

impl Drop for Running {
    /// SIGKILL.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
