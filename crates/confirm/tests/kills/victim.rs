//! A controller in a process of its own, which is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use multee_node::state::{AtPersistencePoint, PersistencePoint};
use multee_node::{Action, State};
use multee_protocol::Deployment;

use crate::network::{PATIENCE, Place, SEAT, connect, digest, resume};

/// The name of the test that a child runs.
pub(crate) const TEST: &str = "points::killed_at_each_persistence_point_a_controller_goes_on";
const URL: &str = "MULTEE_TEST_URL";
const CONTRACT: &str = "MULTEE_TEST_CONTRACT";
const DIRECTORY: &str = "MULTEE_TEST_DIRECTORY";
const POINT: &str = "MULTEE_TEST_POINT";

/// Says that the point is reached, and waits to be killed.
struct Stop(Option<PersistencePoint>);

impl AtPersistencePoint for Stop {
    fn reached(&self, point: PersistencePoint) {
        if self.0 == Some(point) {
            eprintln!("at {}.", point.name());
            loop {
                std::thread::park();
            }
        }
    }
}

/// In the child: works for the seat until it is killed. Whether this is a child.
pub(crate) fn work() -> bool {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return false };
    let text = |name| std::env::var(name).expect("given");
    let contract = text(CONTRACT).parse().expect("an address");
    let place = Place { url: text(URL), contract, directory: directory.into() };
    let stop = Stop(std::env::var(POINT).ok().map(|name| PersistencePoint::named(&name).expect("a point")));
    let deployment = Deployment { chain_id: 31_337, contract };
    let state = State::open_watched(&place.directory.join("state"), deployment, SEAT, Arc::new(stop));
    let state = state.expect("opens");
    let chain = connect(&place.url, Box::new(state.clone()));
    let mut controller = resume(&place, state, chain);
    loop {
        match controller.tick() {
            Ok(actions) => actions.iter().for_each(|action| say(action, deployment)),
            Err(error) => eprintln!("error {error}."),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn say(action: &Action, deployment: Deployment) {
    match action {
        Action::Published { signed, .. } => eprintln!("published {}.", signed.block.digest(&deployment)),
        other => eprintln!("did {other:?}."),
    }
}

/// The child, as the test has it.
pub(crate) struct Victim {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Victim {
    pub(crate) fn start(place: &Place, point: Option<PersistencePoint>) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", TEST, "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::piped());
        command
            .env(URL, &place.url)
            .env(CONTRACT, place.contract.to_string())
            .env(DIRECTORY, &place.directory);
        command.envs(point.map(|point| (POINT, point.name())));
        let mut child = command.spawn().expect("starts");
        let output = BufReader::new(child.stderr.take().expect("piped"));
        let (tell, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines, heard: Vec::new() }
    }

    /// Waits until it is where it is to be killed.
    pub(crate) fn await_point(&mut self, point: PersistencePoint) {
        self.await_line(&format!("at {}.", point.name()));
    }

    /// Waits until it says something that begins so.
    pub(crate) fn await_line(&mut self, start: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.heard.iter().any(|line| line.starts_with(start)) {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now()));
            self.heard.extend(line.ok());
            assert!(Instant::now() < until, "{start:?} never comes: {:?}", self.heard.last_chunk::<5>());
        }
    }

    /// SIGKILL. Returns what it had acknowledged, and all that it said.
    pub(crate) fn kill(mut self) -> (Vec<B256>, Vec<String>) {
        self.end();
        // Applications that it booted write there, too, and live on: no end of it is waited for.
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(50)) {
            self.heard.push(line);
        }
        let acknowledged = |line: &String| digest(line.strip_prefix("published ")?.strip_suffix('.')?);
        let heard = std::mem::take(&mut self.heard);
        (heard.iter().filter_map(acknowledged).collect(), heard)
    }

    fn end(&mut self) {
        self.child.kill().expect("kills");
        self.child.wait().expect("ends");
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.end();
    }
}
