//! An index is what a replay gives, however it came about.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use alloy_primitives::{Address, B256};
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};
use multee_gateway::index::{Config, Index, IndexError};
use multee_protocol::Deployment;
use rusqlite::Connection;

use crate::dump::{count, dump};
use crate::story::{self, SEATS, play, played};
use crate::town::Town;

fn open(town: &Town, path: &Path, config: Config) -> Index {
    Index::open(path, town.deployment(), config).expect("an index")
}

/// An index that read all at once.
fn fresh(town: &Town, path: &Path) -> Index {
    let _ = std::fs::remove_file(path);
    let mut index = open(town, path, Config::default());
    index.sync(town.chain.as_ref()).expect("synced");
    index
}

fn agrees(index: &Index, town: &Town) {
    let verified = index.verify(town.chain.as_ref()).expect("verified");
    assert!(verified.agrees() && verified.events > 0 && verified.values > 0, "{verified:#?}");
}

#[test]
fn an_index_is_what_a_replay_gives_and_in_whatever_pieces_it_was_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let (whole, pieces) = (dir.path().join("whole"), dir.path().join("pieces"));
    let mut town = Town::new(SEATS);
    let mut index = open(&town, &pieces, Config { batch_blocks_max: 5, ..Config::default() });
    for epoch in 0..story::EPOCHS {
        play(&mut town, epoch);
        index.sync(town.chain.as_ref()).expect("synced");
        if epoch % 2 == 0 {
            agrees(&index, &town);
        }
    }
    agrees(&index, &town);
    let all = fresh(&town, &whole);
    agrees(&all, &town);
    assert_eq!(dump(&pieces), dump(&whole));
    for kind in [
        "seat_registered",
        "seat_restarted",
        "seat_admitted",
        "seat_suspended",
        "seat_penalised",
        "seat_blocked",
        "seat_exiting",
        "seat_rejoined",
        "seat_revived",
        "standstill_announced",
        "operator_set",
        "equivocation_proven",
        "deposit_paid",
        "reward_paid",
        "bounty_paid",
        "power_unverified",
        "power_verified",
        "probation_begun",
        "parameters_announced",
        "parameters_adopted",
        "pause_set",
        "policy_set",
        "reference_values_set",
        "ownership_transferred",
        "publication_refused",
    ] {
        let query = format!("SELECT count(*) FROM changes WHERE kind = '{kind}'");
        assert!(count(&whole, &query) > 0, "{kind} never happened");
    }
    for rule in ["rises", "falls", "set"] {
        let query = format!("SELECT count(*) FROM steps WHERE rule = '{rule}'");
        assert!(count(&whole, &query) > 0, "{rule} never happened");
    }
    for query in
        ["SELECT count(*) FROM blocks WHERE decided = 'malicious'", "SELECT count(*) FROM blocks WHERE final"]
    {
        assert!(count(&whole, query) > 0, "{query}");
    }
    let again = "SELECT count(*) FROM changes AS fallen JOIN changes AS back USING (seat)
        WHERE fallen.kind = 'seat_suspended' AND back.kind = 'seat_admitted' AND back.told_block > fallen.told_block";
    assert!(count(&whole, again) > 0, "nobody who fell came back");
    let passed = "SELECT count(*) FROM blocks WHERE passed AND decided = 'honest'";
    assert!(count(&whole, passed) > 0, "no block was decided after it had passed");
}

#[test]
fn whatever_is_altered_in_the_tables_is_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    let town = played();
    drop(fresh(&town, &path));
    for alteration in [
        "UPDATE seats SET score = score - 1 WHERE seat = 1",
        "UPDATE seats SET measurement = zeroblob(32) WHERE seat = 1",
        "UPDATE seats SET last_good_epoch = last_good_epoch - 1 WHERE seat = 1",
        "UPDATE seats SET admitted = 0 WHERE seat = 1",
        "UPDATE seats SET power_unverified = 1 WHERE seat = 1",
        "UPDATE seats SET deposit = zeroblob(16) WHERE seat = 1",
        "UPDATE seats SET earned = zeroblob(16) WHERE seat = 1",
        "UPDATE seats SET tee = 'sgx' WHERE seat = 1",
        "UPDATE seats SET admitted_epoch = admitted_epoch + 1 WHERE seat = 9",
        "UPDATE epochs SET weight = weight - 1 WHERE epoch = 2",
        "UPDATE epochs SET rewards = rewards - 1 WHERE epoch = 2",
        "UPDATE epochs SET rewarded = zeroblob(16) WHERE epoch = 2",
        "UPDATE log SET seat = seat + 1 WHERE position = 1",
        "UPDATE log SET log_index = log_index + 1 WHERE position = 1",
        "UPDATE network SET reference_values = '[]'",
        "UPDATE network SET paused = 1",
        "UPDATE epochs SET roster_size = roster_size + 1 WHERE epoch = 20",
        "UPDATE epochs SET passed = passed + 1 WHERE epoch = 2",
        "UPDATE epochs SET latest_checks = latest_checks + 1 WHERE epoch = 2",
        "UPDATE blocks SET passed = 0 WHERE seat = 1 AND epoch = 3",
        "UPDATE blocks SET passed = 0 WHERE passed AND epoch = 28",
        "UPDATE blocks SET decided = NULL WHERE decided = 'malicious'",
        "UPDATE blocks SET final = 0 WHERE epoch = 3",
        "UPDATE blocks SET off = 1 WHERE epoch = 1",
        "UPDATE blocks SET log_position = log_position + 1 WHERE epoch = 4",
        "UPDATE blocks SET previous_digest = digest WHERE seat = 2 AND epoch = 4",
        "UPDATE blocks SET measurement = zeroblob(32) WHERE seat = 2 AND epoch = 4",
        "UPDATE blocks SET weight = weight - 1 WHERE seat = 1 AND epoch = 1",
        "UPDATE blocks SET certificates_hash = zeroblob(32) WHERE seat = 1 AND epoch = 2",
        "UPDATE log SET block_order = block_order + 1 WHERE position = 0",
        "UPDATE steps SET judgement = judgement - 1 WHERE seat = 2 AND cause = 'passed'",
        "UPDATE steps SET score_before = score_before - 1 WHERE told_block = (SELECT max(told_block) FROM steps)",
        "UPDATE rewards SET amount = zeroblob(16)",
        "UPDATE changes SET detail = '{}' WHERE kind = 'seat_suspended'",
        "DELETE FROM changes WHERE kind = 'operator_set'",
        "INSERT INTO changes VALUES (1, 999, 'pause_set', NULL, NULL, '{}')",
        "UPDATE content SET bytes = zeroblob(8) WHERE kind = 'evidence'",
    ] {
        let copy = dir.path().join("altered");
        std::fs::copy(&path, &copy).expect("copied");
        let changed = Connection::open(&copy).expect("opened").execute(alteration, []).expect(alteration);
        assert!(changed > 0, "{alteration}: nothing to alter");
        let index = open(&town, &copy, Config::default());
        let found = index.verify(town.chain.as_ref());
        let found = found.map(|verified| verified.agrees());
        assert!(!matches!(found, Ok(true)), "{alteration} was not found");
        drop(index);
        for left in ["altered", "altered-wal", "altered-shm"] {
            let _ = std::fs::remove_file(dir.path().join(left));
        }
    }
}

/// A deterministic die (xorshift): its seed is printed by who rolls it.
pub(crate) struct Die(pub(crate) u64);

impl Die {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn an_index_goes_along_when_the_chain_goes_onto_another_fork() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, other) = (dir.path().join("index"), dir.path().join("fresh"));
    let seed = 0x5eed_0006_u64;
    println!("seed {seed:#x}");
    let mut die = Die(seed);
    let mut town = Town::new(4);
    let mut index = open(&town, &path, Config { batch_blocks_max: 9, ..Config::default() });
    let mut taken_back = 0;
    for epoch in 0..9 {
        town.bad = if epoch > 2 { [3].into() } else { [].into() };
        town.epoch(epoch, 1..=if epoch > 5 { 2 } else { 4 });
        index.sync(town.chain.as_ref()).expect("synced");
        let depth = 1 + die.roll(14);
        town.chain.reorganise(depth, || die.roll(3) > 0);
        taken_back += index.sync(town.chain.as_ref()).expect("synced").reorganisations;
        drop(fresh(&town, &other));
        assert_eq!(dump(&path), dump(&other), "epoch {epoch}, {depth} blocks deep");
        for left in ["fresh-wal", "fresh-shm"] {
            let _ = std::fs::remove_file(dir.path().join(left));
        }
    }
    agrees(&index, &town);
    assert!(taken_back >= 9);
}

#[test]
fn what_cannot_be_taken_back_is_an_error_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    let town = Town::new(3);
    let mut index = open(&town, &path, Config { reorg_blocks_max: 4, ..Config::default() });
    town.epoch(0, [1, 2, 3]);
    town.epoch(1, [1, 2, 3]);
    index.sync(town.chain.as_ref()).expect("synced");
    let before = dump(&path);
    town.chain.reorganise(4, || true);
    index.sync(town.chain.as_ref()).expect("within what can be taken back");
    agrees(&index, &town);
    let now = dump(&path);
    assert_ne!(before, now, "other blocks");
    town.chain.reorganise(12, || false);
    let error = index.sync(town.chain.as_ref()).expect_err("too deep");
    assert!(matches!(error, IndexError::ReorgTooDeep { blocks_max: 4, .. }), "{error}");
    assert_eq!(dump(&path), now);
}

/// Takes a picture of the index's files whenever logs are asked for.
struct Pictured<'a> {
    chain: &'a dyn Chain,
    path: PathBuf,
    /// The file, and what was written beside it.
    pictures: Mutex<Vec<[Vec<u8>; 2]>>,
}

fn wal(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

impl Chain for Pictured<'_> {
    fn head(&self) -> Result<Head, ChainError> {
        self.chain.head()
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.chain.block(number)
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.chain.call(call)
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        self.chain.send(sender, transaction)
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.chain.receipt(transaction_hash)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        let picture = [&self.path, &wal(&self.path)].map(|path| std::fs::read(path).unwrap_or_default());
        self.pictures.lock().expect("pictures").push(picture);
        self.chain.logs(filter)
    }
}

#[test]
fn whoever_is_killed_goes_on_where_the_file_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, whole) = (dir.path().join("index"), dir.path().join("whole"));
    let town = Town::new(3);
    (0..4).for_each(|epoch| town.epoch(epoch, 1..=3));
    let config = Config { batch_blocks_max: 16, ..Config::default() };
    let pictured = Pictured { chain: town.chain.as_ref(), path: path.clone(), pictures: Mutex::default() };
    open(&town, &path, config).sync(&pictured).expect("synced");
    drop(fresh(&town, &whole));
    let left = pictured.pictures.into_inner().expect("pictures");
    assert!(left.len() >= 4, "{}", left.len());
    let expected = dump(&whole);
    for (number, [file, log]) in left.iter().enumerate() {
        // What was written last may be lost, more or less of it.
        for eighths in 1..=8 {
            let crashed = dir.path().join(format!("crashed{number}-{eighths}"));
            std::fs::write(&crashed, file).expect("written");
            std::fs::write(wal(&crashed), &log[..log.len() * eighths / 8]).expect("written");
            let mut index = open(&town, &crashed, config);
            index.sync(town.chain.as_ref()).expect("goes on");
            drop(index);
            assert_eq!(dump(&crashed), expected, "{}", crashed.display());
        }
    }
}

#[test]
fn a_file_of_something_else_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    let town = Town::new(3);
    drop(open(&town, &path, Config::default()));
    let other = Deployment { contract: Address::repeat_byte(1), ..town.deployment() };
    let error = Index::open(&path, other, Config::default()).expect_err("another network's");
    assert!(matches!(error, IndexError::OtherNetwork { .. }), "{error}");
    Connection::open(&path).expect("opened").pragma_update(None, "user_version", 9).expect("set");
    let error = Index::open(&path, town.deployment(), Config::default()).expect_err("another version's");
    assert!(matches!(error, IndexError::SchemaVersion { found: 9, .. }), "{error}");
    let text = dir.path().join("text");
    std::fs::write(&text, "no database, but long enough to look like one to somebody").expect("written");
    let error = Index::open(&text, town.deployment(), Config::default()).expect_err("no database");
    assert!(matches!(error, IndexError::NotAnIndex(_)), "{error}");
}

#[test]
fn reading_that_begins_too_late_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let town = Town::new(3);
    town.epoch(0, [1, 2, 3]);
    let from_block = town.chain.head().expect("a head").number - 2;
    let config = Config { from_block, ..Config::default() };
    let mut index = open(&town, &dir.path().join("index"), config);
    let error = index.sync(town.chain.as_ref()).expect_err("no deployment");
    assert!(matches!(error, IndexError::HistoryMissing { .. }), "{error}");
}
