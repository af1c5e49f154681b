//! Chains that demos kept, and hands that meddle with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::{SolEvent, SolValue};
use multee_chain::bindings::IProofOfAttestation::NetworkDeployed;
use rusqlite::{Connection, params};
use serde_json::Value;
use tempfile::TempDir;

/// What the user sees, and what scripts see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program.
pub(crate) fn multee(args: &[&str]) -> Seen {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
    command.args(args).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    let output = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Seen {
        code: output.status.code().expect("an exit code"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The directory in which the demo of a seed kept its chain; only copied, since one process at a time holds a chain. Tests
/// may be processes of their own: each plays the story for itself, in a directory that goes with the copy.
fn story(number: usize) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    let seen = multee(&["demo", "--seed", &number.to_string(), "--keep", path]);
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    directory
}

/// An empty directory of its own for one test.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit").join(name);
    // What an earlier run left would be taken for this one's.
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory");
    directory
}

/// A copy of it for one test.
pub(crate) fn copied(seed: usize, test: &str) -> PathBuf {
    let directory = fresh(test);
    fs::copy(story(seed).path().join("chain.sqlite"), directory.join("chain.sqlite")).expect("copied");
    directory
}

/// A copy of the first story's chain, to be tampered with.
pub(crate) struct Copy {
    path: PathBuf,
    db: Connection,
}

impl Copy {
    pub(crate) fn new(test: &str) -> Self {
        let path = copied(1, test).join("chain.sqlite");
        let db = Connection::open(&path).expect("opens");
        Self { path, db }
    }

    /// Audits what is left of it, for people.
    pub(crate) fn audited(self) -> Seen {
        let Self { path, db } = self;
        db.close().expect("closes");
        multee(&["audit", "--chain", path.to_str().expect("UTF-8")])
    }

    /// Audits what is left of it, for scripts.
    pub(crate) fn judged(self) -> Seen {
        let Self { path, db } = self;
        db.close().expect("closes");
        multee(&["audit", "--json", "--chain", path.to_str().expect("UTF-8")])
    }

    /// Runs a statement that changes so many rows.
    pub(crate) fn change(&self, rows: usize, statement: &str) -> &Self {
        assert_eq!(self.db.execute(statement, []).expect("executes"), rows, "{statement}");
        self
    }

    /// How many rows a statement counts.
    pub(crate) fn count(&self, statement: &str) -> usize {
        let count: u32 = self.db.query_row(statement, [], |row| row.get(0)).expect("a number");
        usize::try_from(count).expect("small")
    }

    /// Changes a word of the contract's storage.
    pub(crate) fn change_word(&self, slot: U256, change: impl FnOnce(U256) -> U256) -> &Self {
        let (contract, slot) = (self.contract(), B256::from(slot));
        let place = params![contract, slot.as_slice()];
        let select = "SELECT value FROM storage WHERE address = ? AND slot = ?";
        let word: [u8; 32] = self.db.query_row(select, place, |row| row.get(0)).expect("a word");
        let word = B256::from(change(U256::from_be_bytes(word)));
        let update = "UPDATE storage SET value = ? WHERE address = ? AND slot = ?";
        self.db.execute(update, params![word.as_slice(), contract, slot.as_slice()]).expect("changes");
        self
    }

    /// Changes the data of the `number`th log of an event, counted from 0.
    pub(crate) fn change_log<E: SolEvent>(&self, number: u32, change: impl FnOnce(&mut [u8])) -> &Self {
        let (rowid, mut data) = self.log::<E>(number);
        change(&mut data);
        self.db.execute("UPDATE logs SET data = ? WHERE rowid = ?", params![data, rowid]).expect("changes");
        self
    }

    /// Takes out the `number`th log of an event, counted from 0.
    pub(crate) fn drop_log<E: SolEvent>(&self, number: u32) -> &Self {
        let (rowid, _) = self.log::<E>(number);
        self.db.execute("DELETE FROM logs WHERE rowid = ?", [rowid]).expect("deletes");
        self
    }

    /// How many logs of an event there are.
    pub(crate) fn logs<E: SolEvent>(&self) -> u32 {
        let select = "SELECT count(*) FROM logs WHERE topic0 = ?";
        self.db.query_row(select, [E::SIGNATURE_HASH.as_slice()], |row| row.get(0)).expect("a number")
    }

    fn log<E: SolEvent>(&self, number: u32) -> (i64, Vec<u8>) {
        let select =
            "SELECT rowid, data FROM logs WHERE topic0 = ? ORDER BY block, position LIMIT 1 OFFSET ?";
        let row = params![E::SIGNATURE_HASH.as_slice(), number];
        self.db.query_row(select, row, |row| Ok((row.get(0)?, row.get(1)?))).expect("a log")
    }

    fn contract(&self) -> Vec<u8> {
        let select = "SELECT address FROM logs WHERE topic0 = ?";
        let topic = NetworkDeployed::SIGNATURE_HASH;
        self.db.query_row(select, [topic.as_slice()], |row| row.get(0)).expect("a contract")
    }
}

/// Where the contract keeps the first word of a mapping's value; `State` begins at slot 4.
pub(crate) fn slot_of(mapping: u64, key: u64) -> U256 {
    keccak256((U256::from(key), U256::from(mapping)).abi_encode()).into()
}

/// One JSON document.
pub(crate) fn document(seen: &Seen) -> Value {
    serde_json::from_str(&seen.stdout).expect("one JSON document")
}
