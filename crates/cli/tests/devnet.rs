//! `multee devnet up` as people run it: real processes, in real time.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::{Value, json};

/// Where npm puts it.
const ANVIL: &str = "../../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

/// How long is waited for what must happen, in seconds.
const PATIENCE_S: i64 = 60;

/// A devnet that was started, and what it says.
struct Up {
    child: Child,
    said: std::io::Lines<BufReader<ChildStdout>>,
}

impl Up {
    fn start(directory: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
        command.args(["devnet", "up", "--json", "--port", "0", "--dir"]).arg(directory).args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("starts");
        let said = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, said }
    }

    /// The next object; `Null` at the end.
    fn next(&mut self) -> Value {
        let line = self.said.next().transpose().expect("readable");
        line.map_or(Value::Null, |line| serde_json::from_str(&line).expect("JSON"))
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().expect("ends")
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("small")).expect("not zero")
}

/// The processes whose parent this one is, held so that none is mistaken for another.
fn children(parent: Pid) -> Vec<OwnedFd> {
    let parent = format!("PPid:\t{}\n", parent.as_raw_nonzero());
    let is_child = |entry: &fs::DirEntry| {
        fs::read_to_string(entry.path().join("status")).is_ok_and(|status| status.contains(&parent))
    };
    let all = fs::read_dir("/proc").expect("Linux").flatten().filter(is_child);
    let ids =
        all.map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok()).expect("a number"));
    ids.map(|id| pidfd_open(Pid::from_raw(id).expect("not zero"), PidfdFlags::empty()).expect("there"))
        .collect()
}

/// Whether a process ends while that is waited for.
fn ends(process: &OwnedFd) -> bool {
    let time_max = Timespec { tv_sec: PATIENCE_S, tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&time_max)).expect("polls") == 1
}

/// A chain's answer.
fn ask(url: &str, method: &str, params: &Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let answer = ureq::post(url).content_type("application/json").send(request).expect("answers");
    let answer = answer.into_body().read_to_string().expect("text");
    serde_json::from_str::<Value>(&answer).expect("JSON")["result"].clone()
}

/// Processes below this devnet's: those whose arguments name its directory.
fn processes(directory: &Path) -> usize {
    let name = directory.canonicalize().expect("there").join("node-").display().to_string();
    let arguments = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).unwrap_or_default();
    let all = fs::read_dir("/proc").expect("Linux").flatten().map(arguments);
    all.filter(|arguments| String::from_utf8_lossy(arguments).contains(&name)).count()
}

#[test]
fn a_devnet_publishes_in_each_epoch_and_ends_by_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut up = Up::start(directory.path(), &["--devices", "3", "--epoch-seconds", "30", "--epochs", "1"]);
    let started = up.next();
    assert_eq!((&started["event"], &started["evidence"]), (&json!("started"), &json!("SIMULATED")));
    for name in ["node-1/operator.json", "node-1/password", "node-3/node.toml"] {
        let mode = fs::metadata(directory.path().join(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(processes(directory.path()), 6, "a node and an application for each device");
    let gateway = started["gateway_url"].as_str().expect("there is one").to_owned();
    let epoch = up.next();
    assert_eq!((&epoch["event"], &epoch["epoch"]), (&json!("epoch"), &json!(0)));
    assert_eq!((&epoch["published"], &epoch["missing"]), (&json!([1, 2, 3]), &json!([])));
    assert_eq!(epoch["tiers"], json!({"full": 3}));
    let overview = ureq::get(format!("{gateway}v1/overview")).call().expect("answers").into_body();
    let overview: Value = serde_json::from_reader(overview.into_reader()).expect("JSON");
    assert!(overview["simulated"].as_str().is_some_and(|why| why.starts_with("SIMULATED: ")), "{overview}");
    let devices = ureq::get(format!("{gateway}v1/devices")).call().expect("answers").into_body();
    let devices: Value = serde_json::from_reader(devices.into_reader()).expect("JSON");
    assert_eq!(devices["total"], json!(3));
    assert_eq!(up.next(), json!({"event": "ended", "missing": 0}));
    assert!(up.end().success());
    assert_eq!(processes(directory.path()), 0);
    assert!(ureq::get(&gateway).call().is_err(), "the gateway is still there");
}

#[test]
fn an_interrupted_devnet_takes_its_processes_along() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut up = Up::start(directory.path(), &["--devices", "2", "--no-gateway"]);
    let started = up.next();
    assert_eq!((&started["event"], &started["gateway_url"]), (&json!("started"), &Value::Null));
    kill_process(pid(&up.child), Signal::TERM).expect("there");
    assert_eq!(up.next()["event"], json!("ended"));
    assert!(up.end().success());
    assert_eq!(processes(directory.path()), 0);
    let log = fs::read_to_string(directory.path().join("node-1/node.log")).expect("there");
    assert!(log.contains(r#""event":"ended""#), "it was asked, not killed: {log}");
}

#[test]
fn nodes_that_wait_for_a_transaction_end_when_they_are_told_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let more = ["--devices", "2", "--anvil", "--anvil-path", ANVIL];
    let mut up = Up::start(directory.path(), &more);
    let started = up.next();
    let url = started["chain_url"].as_str().expect("a URL").to_owned();
    // The first epoch begins, and then there are no more blocks: what opens it waits in the pool.
    ask(&url, "evm_setIntervalMining", &json!([0]));
    ask(&url, "evm_setNextBlockTimestamp", &json!([started["genesis_s"]]));
    ask(&url, "anvil_mine", &json!(["0x1"]));
    while ask(&url, "txpool_status", &json!([]))["pending"] == json!("0x0") {
        std::thread::yield_now();
    }
    kill_process(pid(&up.child), Signal::TERM).expect("there");
    assert_eq!(up.next()["event"], json!("ended"));
    assert!(up.end().success());
    for node in ["node-1", "node-2"] {
        let log = fs::read_to_string(directory.path().join(node).join("node.log")).expect("there");
        assert!(log.contains(r#""event":"ended""#), "it ended by itself: {log}");
        assert!(!log.contains("round_failed"), "to be told to end is no failure: {log}");
    }
}

#[test]
fn a_killed_devnet_takes_its_processes_along() {
    let directory = tempfile::tempdir().expect("a directory");
    let more = ["--devices", "2", "--anvil", "--anvil-path", ANVIL];
    let mut up = Up::start(directory.path(), &more);
    assert_eq!(up.next()["event"], json!("started"));
    let children = children(pid(&up.child));
    assert_eq!(children.len(), 6, "anvil, a gateway, and a node and an application for each device");
    up.child.kill().expect("there");
    up.end();
    assert!(children.iter().all(ends));
    assert_eq!(processes(directory.path()), 0);
}

/// As a node starts it, which is killed before its devnet.
#[test]
fn an_application_without_parent_ends_with_its_devnet() {
    let directory = tempfile::tempdir().expect("a directory");
    let tether: PathBuf = directory.path().join("running.lock");
    let devnet = File::create(&tether).expect("makes");
    devnet.lock().expect("locks");
    let socket = directory.path().join("confirm.sock");
    let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
    command.args(["devnet-confirm", "--seed", "1", "--device", "0", "--from-s", "1700000000"]);
    command.args(["--until-s", "1900000000"]).arg("--tether").arg(&tether).arg("--socket").arg(&socket);
    let mut application = command.stdout(Stdio::piped()).spawn().expect("starts");
    let mut said = BufReader::new(application.stdout.take().expect("piped"));
    said.read_line(&mut String::new()).expect("says that it answers");
    let held = pidfd_open(pid(&application), PidfdFlags::empty()).expect("there");
    assert!(application.try_wait().expect("asked").is_none());
    drop(devnet);
    let ended = ends(&held);
    application.kill().expect("there or gone");
    application.wait().expect("ends");
    assert!(ended);
    let mut late = command.spawn().expect("starts");
    late.wait().expect("ends at once: the devnet is gone");
}

#[test]
fn a_taken_port_is_told_before_anything_is_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let below = directory.path().join("devnet");
    let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
    let output = command.args(["devnet", "up", "--port", &port, "--dir"]).arg(&below).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
    assert!(!below.exists());
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("precious"), "").expect("writes");
    let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
    let output =
        command.args(["devnet", "up", "--port", "0", "--dir"]).arg(directory.path()).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("is not empty") && said.contains("--dir"), "{said}");
    assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 1);
}
