//! A process that is killed at any moment loses nothing it acknowledged and leaves nothing half done.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use alloy_primitives::{B256, U256};
use multee_chain::embedded::Embedded;
use multee_chain::{Chain, Transaction};
use support::{Probe, config, sender};

const ROUNDS: u32 = 20;
const FILE: &str = "MULTEE_TEST_CHAIN_FILE";

/// The one story that every process tells on: step `step` makes exactly block `step + 1`.
fn take(chain: &Embedded, step: u64) {
    let probe = sender(1).address().create(0);
    let (from, value) = (U256::from(step % 7 * 30), U256::from(step));
    let fill = Probe::fillCall { from, count_: U256::from(30), value };
    let transaction = match step {
        0 => support::deployment(5),
        _ if step % 5 == 1 => {
            chain.advance(1).expect("later");
            return;
        }
        _ if step % 5 == 2 => Transaction::invoke(probe, &Probe::refuseCall { asked: value }),
        _ if step % 5 == 3 => Transaction::invoke(probe, &fill),
        _ => Transaction::invoke(probe, &Probe::countCall { note: vec![7; 6000].into() }),
    };
    chain.send(&sender(1), &transaction.once(key(step))).expect("executes");
}

fn key(step: u64) -> B256 {
    U256::from(step).into()
}

/// The child: goes on where the file ends, and acknowledges every step, until it is killed.
fn write(path: &Path) {
    let chain = Embedded::open(path, config()).expect("opens");
    loop {
        let step = chain.head().expect("head").number;
        take(&chain, step);
        eprintln!("acknowledged {step}.");
    }
}

/// Starts a child, kills it `delay` after it has acknowledged `steps` steps, and returns how many blocks it
/// is known to have made in all.
fn write_and_kill(path: &Path, steps: u32, delay: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "killed_at_any_moment_nothing_is_lost_or_half_done", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let mut made = 0;
    for _ in 0..steps {
        made = blocks_made(&lines.next().expect("the child goes on")).expect("an acknowledgement");
    }
    std::thread::sleep(delay);
    child.kill().expect("kills");
    assert!(!child.wait().expect("ends").success());
    // What it acknowledged before it died counts, too.
    lines.filter_map(|line| blocks_made(&line)).last().unwrap_or(made)
}

/// What a line acknowledges, if the child did not die amid it.
fn blocks_made(line: &str) -> Option<u64> {
    let step: u64 = line.strip_prefix("acknowledged ")?.strip_suffix('.')?.parse().ok()?;
    Some(step + 1)
}

#[test]
fn killed_at_any_moment_nothing_is_lost_or_half_done() {
    if let Some(path) = std::env::var_os(FILE) {
        return write(Path::new(&path));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    let model = Embedded::in_memory(config()).expect("opens");
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        // From before the file exists to amid a row of transactions, at delays that fall anywhere in one.
        let delay = Duration::from_micros(u64::from(round * 7919 % 4000));
        acknowledged = write_and_kill(&path, round % 12, delay).max(acknowledged);

        let chain = Embedded::open(&path, config()).expect("opens after the kill");
        let head = chain.head().expect("head");
        assert!(
            head.number >= acknowledged,
            "block {acknowledged} was acknowledged, {} is left",
            head.number
        );
        let known = model.head().expect("head").number;
        assert!(head.number <= acknowledged.max(known) + 1, "the child ran unheard");
        for step in known..head.number {
            take(&model, step);
        }
        assert_eq!(head, model.head().expect("head"));
        assert_eq!(
            chain.fingerprint().expect("reads"),
            model.fingerprint().expect("reads"),
            "after round {round}, at block {}",
            head.number
        );
    }
    assert!(acknowledged > u64::from(ROUNDS) * 4, "{acknowledged}");
    execute_again(&path, acknowledged);
}

/// Whoever does not know whether it was heard sends again, and nothing happens twice.
fn execute_again(path: &Path, steps: u64) {
    let chain = Embedded::open(path, config()).expect("opens");
    let before = chain.fingerprint().expect("reads");
    for step in (0..steps).filter(|step| step % 5 != 1) {
        take(&chain, step);
    }
    assert_eq!(chain.fingerprint().expect("reads"), before);
}
