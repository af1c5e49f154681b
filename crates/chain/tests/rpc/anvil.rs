//! A node of the foundry's, started for one test.

use std::env::consts::{ARCH, OS};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http;

/// How long it may take to start.
const START: Duration = Duration::from_mins(1);

pub(crate) struct Anvil {
    process: Child,
    address: SocketAddr,
}

impl Anvil {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        // States that it would write to the home directory stay there when it is killed.
        command.args(["--port", "0", "--host", "127.0.0.1", "--prune-history", "512"]).args(arguments);
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil starts");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (tell, told) = mpsc::channel();
        // Reads on to the end, so that anvil never waits for someone to listen.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("Listening on ") {
                    let _ = tell.send(address.trim().parse());
                }
            }
        });
        let address = told.recv_timeout(START).expect("anvil says where it listens").expect("an address");
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What anvil answers to `method`; it must not refuse.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = http::post(self.address, request.to_string().as_bytes()).expect("anvil answers");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub(crate) fn mine(&self, blocks: u64) {
        self.ask("anvil_mine", &json!([format!("{blocks:#x}")]));
    }

    pub(crate) fn set_automine(&self, on: bool) {
        self.ask("evm_setAutomine", &json!([on]));
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn binary() -> PathBuf {
    let platform = match (OS, ARCH) {
        ("linux", "x86_64") => "linux-amd64",
        ("macos", "aarch64") => "darwin-arm64",
        other => panic!("npm has no anvil for {other:?} in contracts/package.json"),
    };
    let package = format!("../../contracts/node_modules/@foundry-rs/anvil-{platform}/bin/anvil");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    assert!(
        path.is_file(),
        "anvil is not installed: run `cargo xtask test` once, it installs what tests need"
    );
    path
}
