//! A demo that is watched: its gateway answers while the story runs and after, and goes down with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn demo(args: &[&str], files: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
    command.args(["demo", "--seed", "1"]).args(args).env("TMPDIR", files).env_remove("COLUMNS");
    command
}

/// Its temporary files, and nobody else's, are in `files`.
struct Watched {
    child: Child,
    said: BufReader<ChildStdout>,
    url: String,
    files: tempfile::TempDir,
}

impl Watched {
    fn start(args: &[&str]) -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let mut command = demo(&["--watch", "--listen", "127.0.0.1:0"], files.path());
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let mut said = BufReader::new(child.stdout.take().expect("is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("the address comes first");
        let url = line.trim_end().strip_prefix("watch: ").expect("an address").to_owned();
        Self { child, said, url, files }
    }

    fn get(&self, path: &str) -> Value {
        let agent =
            ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
        let answer = agent.get(format!("{}{path}", self.url)).call().expect("answers");
        serde_json::from_reader(answer.into_body().into_reader()).expect("JSON")
    }

    /// Plays an epoch, and looks until the gateway has seen all of it. Whatever it says meanwhile is `ok`.
    fn step(&mut self) {
        self.child.stdin.as_mut().expect("is piped").write_all(b"\n").expect("it listens");
        let said = self.until("played up to block ");
        let block: u64 = said.trim_end().rsplit(' ').next().expect("a word").parse().expect("a number");
        loop {
            let health = self.get("health");
            assert_eq!(health["state"], "ok", "{health}");
            if health["block_number"].as_u64() >= Some(block) {
                return;
            }
        }
    }

    /// Reads on to the line with these words.
    fn until(&mut self, words: &str) -> String {
        let mut text = String::new();
        while !text.contains(words) {
            assert!(self.said.read_line(&mut text).expect("goes on") > 0, "no {words:?} in:\n{text}");
        }
        text
    }

    /// As Ctrl-C does. Returns how it ended, and what it said until then.
    fn interrupt(mut self) -> (ExitStatus, String) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(id, Signal::INT).expect("it runs");
        let mut text = String::new();
        self.said.read_to_string(&mut text).expect("ends");
        let status = self.child.wait().expect("ends");
        let left: Vec<_> = std::fs::read_dir(self.files.path()).expect("there").collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        (status, text)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_watched_story_is_answered_for_while_it_runs_and_after_it() {
    let mut watched = Watched::start(&["--step", "--epochs", "5"]);
    watched.until("SIMULATED");
    while watched.get("health")["state"] == "catching_up" {}
    let simulated = watched.get("v1/overview")["simulated"].clone();
    assert!(simulated.as_str().is_some_and(|why| why.starts_with("SIMULATED: ")), "{simulated}");
    let devices = watched.get("v1/devices");
    let id = devices["items"][0]["device_id"].as_str().expect("a device").to_owned();
    for _ in 0..5 {
        watched.step();
    }
    assert!(watched.until("the story is over").contains("5 epochs"));
    // The same clock answers as before: it stands.
    let trust = watched.get(&format!("v1/devices/{id}/trust"));
    assert_eq!(trust["verdict"], "trusted", "{trust}");
    let weights = watched.get("v1/weights")["epochs"].clone();
    let weight =
        |epoch: usize| weights[epoch]["by_label"]["slanderers"]["weight"].as_u64().expect("a weight");
    assert!(weight(4) < weight(0), "who slanders loses weight: {weights}");
    let suspended = watched.get("v1/devices?tier=suspended");
    assert_eq!(suspended["total"], 1, "{suspended}");
    assert_eq!(watched.interrupt().0.code(), Some(0));
}

#[test]
fn an_interrupted_story_ends_with_what_was_played_of_it() {
    let mut watched = Watched::start(&["--step", "--epochs", "5"]);
    while watched.get("health")["state"] == "catching_up" {}
    watched.step();
    let (status, text) = watched.interrupt();
    assert_eq!(status.code(), Some(0));
    assert!(text.contains("\n1 epochs, ") && !text.contains("the story is over"), "{text}");
}

#[test]
fn watching_changes_nothing_in_the_story_and_keeps_the_index_with_the_chain() {
    let kept = tempfile::tempdir().expect("a directory");
    let keep = kept.path().to_str().expect("UTF-8");
    let mut watched = Watched::start(&["--pace", "0", "--epochs", "3", "--keep", keep]);
    watched.until("the story is over");
    assert_eq!(watched.interrupt().0.code(), Some(0));
    assert!(kept.path().join("index.sqlite").is_file());
    let read = |text: &[u8]| {
        let mut story: Value = serde_json::from_slice(text).expect("a story");
        story["totals"]["wall_s"] = Value::Null;
        story
    };
    let watched = read(&std::fs::read(kept.path().join("story.json")).expect("a story"));
    let alone = demo(&["--epochs", "3", "--json"], kept.path()).output().expect("runs");
    assert_eq!(watched, read(&alone.stdout));
}

#[test]
fn a_taken_port_is_told_with_a_way_out_before_the_story_begins() {
    let files = tempfile::tempdir().expect("a directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let kept = files.path().join("kept");
    let keep = ["--keep", kept.to_str().expect("UTF-8")];
    let output = demo(&[&["--watch", "--listen", &address], &keep[..]].concat(), files.path());
    let output = { output }.output().expect("runs");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("cannot listen on {address}")) && said.contains("127.0.0.1:0"), "{said}");
    assert!(output.stdout.is_empty() && !kept.join("chain.sqlite").exists());
}

#[test]
fn how_to_watch_is_only_said_of_what_is_watched() {
    let files = tempfile::tempdir().expect("a directory");
    for wrong in [&["--pace", "1"][..], &["--step"], &["--watch", "--json"], &["--watch", "--pace", "-1"]] {
        let output = demo(wrong, files.path()).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", said(&output));
    }
}
