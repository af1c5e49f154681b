//! A chain in a file: opened again, held by another, foreign, of another version, damaged.

mod support;

use std::path::Path;

use alloy_primitives::{B256, U256, b256};
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Call, Chain, ChainError, LogFilter, StorageError, Transaction};
use support::{Probe, config, count, deploy, sender, slot, total};

fn open(path: &Path) -> Embedded {
    Embedded::open(path, config()).expect("opens")
}

/// Makes a chain with some history and returns the hash of its last transaction.
fn story(chain: &Embedded) -> B256 {
    let probe = deploy(chain, 5);
    support::succeed(chain, &sender(2), &count(probe, b"one"));
    chain.advance(10).expect("later");
    let refuse = Transaction::invoke(probe, &Probe::refuseCall { asked: U256::from(1) });
    chain.send(&sender(2), &refuse).expect("executes");
    let fill = Probe::fillCall { from: U256::ZERO, count_: U256::from(50), value: U256::MAX };
    support::succeed(chain, &sender(3), &Transaction::invoke(probe, &fill)).transaction_hash
}

#[test]
fn a_chain_opened_again_is_the_same_and_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    let chain = open(&path);
    let last = story(&chain);
    let (fingerprint, head) = (chain.fingerprint().expect("reads"), chain.head().expect("head"));
    let receipt = chain.receipt(last).expect("reads");
    drop(chain);

    let chain = open(&path);
    assert_eq!((chain.fingerprint().expect("reads"), chain.head().expect("head")), (fingerprint, head));
    assert_eq!(chain.receipt(last).expect("reads"), receipt);
    let probe = receipt.expect("executed").to.expect("the probe");
    assert_eq!((total(&chain, probe), slot(&chain, probe, 49)), (U256::from(6), U256::MAX));
    support::succeed(&chain, &sender(2), &count(probe, b"two"));
    let filed = chain.fingerprint().expect("reads");
    drop(chain);
    assert_eq!(open(&path).fingerprint().expect("reads"), filed);

    // And it is the chain that the same calls make in memory.
    let chain = Embedded::in_memory(config()).expect("opens");
    story(&chain);
    support::succeed(&chain, &sender(2), &count(probe, b"two"));
    assert_eq!(chain.fingerprint().expect("reads"), filed);
}

/// What is on disk is a format: a change here needs another schema version.
#[test]
fn the_stored_form_is_golden() {
    let chain = Embedded::in_memory(config()).expect("opens");
    story(&chain);
    let golden = b256!("7e55df74aa819269678433c1279e2ccb5e7157def3eb15c3cfaf7214f6a1edb7");
    assert_eq!(chain.fingerprint().expect("reads"), golden);
}

#[test]
fn a_file_of_another_chain_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    story(&open(&path));
    let before = open(&path).fingerprint().expect("reads");
    let error = Embedded::open(&path, Config { chain_id: 1, ..config() }).expect_err("another chain");
    assert!(matches!(error, ChainError::WrongChain { expected: 1, found: 31_337 }), "{error}");
    assert_eq!(open(&path).fingerprint().expect("reads"), before);
}

#[test]
fn a_file_is_held_by_one_at_a_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    let holder = open(&path);
    for _ in 0..2 {
        let error = Embedded::open(&path, config()).expect_err("held");
        assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
        story(&holder);
    }
    drop(holder);
    open(&path);
}

#[test]
fn a_place_where_no_file_can_be_is_unreachable() {
    let directory = tempfile::tempdir().expect("a directory");
    for path in [directory.path().join("no/such/directory"), directory.path().to_owned()] {
        let error = Embedded::open(&path, config()).expect_err("no file");
        assert!(matches!(&error, ChainError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(directory.path().to_str().expect("text")), "{error}");
    }
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let (text, foreign) = (directory.path().join("text"), directory.path().join("foreign"));
    std::fs::write(&text, "a letter, and no database, however long it may be".repeat(99)).expect("writes");
    let database = rusqlite::Connection::open(&foreign).expect("opens");
    database.execute_batch("CREATE TABLE blocks (number INTEGER)").expect("executes");
    drop(database);
    for path in [text, foreign] {
        let before = std::fs::read(&path).expect("reads");
        let error = Embedded::open(&path, config()).expect_err("not ours");
        assert!(matches!(error, ChainError::Storage(StorageError::NotAChain)), "{error}");
        assert_eq!(std::fs::read(&path).expect("reads"), before);
    }
}

#[test]
fn another_versions_file_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    story(&open(&path));
    let database = rusqlite::Connection::open(&path).expect("opens");
    database.execute_batch("PRAGMA user_version = 7").expect("executes");
    drop(database);
    let error = Embedded::open(&path, config()).expect_err("another version");
    let expected = StorageError::SchemaVersion { found: 7, supported: 1 };
    assert_eq!(error.to_string(), ChainError::from(expected).to_string());
}

#[test]
fn a_file_without_its_chain_is_corrupt() {
    for damage in
        ["DELETE FROM meta", "DELETE FROM blocks", "UPDATE blocks SET timestamp_s = timestamp_s + 1"]
    {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("chain");
        story(&open(&path));
        let database = rusqlite::Connection::open(&path).expect("opens");
        database.execute_batch(damage).expect("executes");
        drop(database);
        let error = Embedded::open(&path, config()).expect_err(damage);
        assert!(matches!(error, ChainError::Storage(StorageError::Corrupt(_))), "{damage}: {error}");
    }
}

/// Damages the file in every page, and cuts it at every page: whatever the chain then answers, it answers.
#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    let last = story(&open(&path));
    let intact = std::fs::read(&path).expect("reads");
    assert!(intact.len() > 10 * 4096, "{} bytes: the journal was not written back", intact.len());
    let (mut refused, mut opened) = (0, 0);
    for start in (0..intact.len()).step_by(1361) {
        let mut damaged = intact.clone();
        for byte in damaged.iter_mut().skip(start).take(300) {
            *byte ^= 0xA5;
        }
        let cut = intact.iter().take(start).copied().collect();
        for bytes in [damaged, cut] {
            std::fs::write(&path, bytes).expect("writes");
            match exercise(&path, last) {
                Ok(()) => opened += 1,
                Err(
                    ChainError::Storage(_) | ChainError::Unreachable { .. } | ChainError::WrongChain { .. },
                ) => {
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
            let _ = std::fs::remove_file(directory.path().join("chain-wal"));
        }
    }
    assert!(refused > opened && opened > 0, "{refused} refused, {opened} opened");
}

fn exercise(path: &Path, last: B256) -> Result<(), ChainError> {
    let chain = Embedded::open(path, config())?;
    chain.fingerprint()?;
    chain.logs(&LogFilter { to_block: 99, ..LogFilter::default() })?;
    let Some(probe) = chain.receipt(last)?.and_then(|receipt| receipt.to) else { return Ok(()) };
    chain.call(&Call::new(probe, &Probe::totalCall {}))?;
    chain.send(&sender(4), &count(probe, b"on"))?;
    chain.mine(1)?;
    Ok(())
}
