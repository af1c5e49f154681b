//! Tests that reach into the database under the chain.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::sol;

use super::*;
use crate::Outcome;

sol!(
    #[allow(missing_docs)]
    Probe,
    "tests/fixtures/Probe.json"
);

fn config() -> Config {
    Config::devnet(31_337, 1_700_000_000)
}

fn by() -> Sender {
    Sender::from_key(&[1; 32]).expect("a key")
}

fn deploy(chain: &Embedded) -> Address {
    let code = Transaction::deploy(&Probe::BYTECODE, &Probe::constructorCall { start: U256::ZERO });
    chain.send(&by(), &code).expect("executes").created.expect("creates")
}

fn count(probe: Address, note_bytes: usize) -> Transaction {
    Transaction::invoke(probe, &Probe::countCall { note: vec![7; note_bytes].into() })
}

fn total(chain: &Embedded, probe: Address) -> U256 {
    crate::read(chain, probe, &Probe::totalCall {}).expect("answers")
}

/// Runs `statement` on the chain's database, as a broken disk or a meddling hand would.
fn meddle(chain: &Embedded, statement: &str) {
    chain.lock().expect("runs").state.store.db.execute_batch(statement).expect("executes");
}

/// Lets the cache forget all it read.
fn forget(chain: &Embedded) {
    let mut inner = chain.lock().expect("runs");
    let empty = Store::in_memory().expect("opens");
    let store = core::mem::replace(&mut inner.state.store, empty);
    inner.state = State::new(store);
}

#[test]
fn a_full_disk_stops_the_chain_and_keeps_what_was_acknowledged() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    let chain = Embedded::open(&path, config()).expect("opens");
    let probe = deploy(&chain);
    {
        let inner = chain.lock().expect("runs");
        let pages: i64 =
            inner.state.store.db.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("counts");
        inner.state.store.db.pragma_update(None, "max_page_count", pages + 20).expect("limits");
    }
    let mut before = (chain.fingerprint().expect("reads"), chain.head().expect("head"));
    let error = loop {
        match chain.send(&by(), &count(probe, 10_000)) {
            Ok(receipt) => assert_eq!(receipt.outcome, Outcome::Success),
            Err(error) => break error,
        }
        before = (chain.fingerprint().expect("reads"), chain.head().expect("head"));
        assert!(before.1.number < 100, "the disk never fills");
    };
    assert!(matches!(error, ChainError::Storage(StorageError::Database(_))), "{error}");
    assert!(before.1.number > 2, "nothing fitted");
    let stopped = chain.send(&by(), &count(probe, 0)).expect_err("stopped");
    assert!(matches!(stopped, ChainError::Storage(StorageError::Stopped)), "{stopped}");
    assert!(matches!(chain.head(), Err(ChainError::Storage(StorageError::Stopped))));
    drop(chain);

    let chain = Embedded::open(&path, config()).expect("opens again");
    assert_eq!((chain.fingerprint().expect("reads"), chain.head().expect("head")), before);
    assert_eq!(total(&chain, probe), U256::from(before.1.number - 1));
    chain.send(&by(), &count(probe, 10_000)).expect("there is room again");
}

#[test]
fn a_database_that_contradicts_itself_is_told_not_believed() {
    let chain = Embedded::in_memory(config()).expect("opens");
    let probe = deploy(&chain);
    let receipt = chain.send(&by(), &count(probe, 3)).expect("executes");
    let hash = receipt.transaction_hash;
    let corrupt = |result: Result<(), ChainError>| {
        assert!(matches!(result, Err(ChainError::Storage(StorageError::Corrupt(_)))), "{result:?}");
    };

    meddle(&chain, "UPDATE receipts SET outcome = 99");
    corrupt(chain.receipt(hash).map(drop));
    meddle(&chain, "UPDATE receipts SET outcome = 0, gas_used = -1");
    corrupt(chain.receipt(hash).map(drop));
    meddle(&chain, "UPDATE receipts SET gas_used = 1");
    assert!(chain.receipt(hash).is_ok());

    meddle(&chain, "UPDATE logs SET topic0 = x'00'");
    let filter = LogFilter::of(probe, 0, 9);
    let error = chain.logs(&filter).expect_err("a topic of one byte");
    assert!(matches!(error, ChainError::Storage(StorageError::Database(_))), "{error}");

    meddle(&chain, "UPDATE code SET bytes = x'60015ff3'");
    forget(&chain);
    corrupt(chain.call(&Call::new(probe, &Probe::totalCall {})).map(drop));
    meddle(&chain, "DELETE FROM code");
    corrupt(chain.call(&Call::new(probe, &Probe::totalCall {})).map(drop));
    corrupt(chain.send(&by(), &count(probe, 0)).map(drop));
}

#[test]
fn what_the_cache_forgets_is_read_again() {
    let chain = Embedded::in_memory(config()).expect("opens");
    let probe = deploy(&chain);
    let (remembering, other_probe) = (Embedded::in_memory(config()).expect("opens"), probe);
    assert_eq!(deploy(&remembering), other_probe);
    for note_bytes in 0..5 {
        forget(&chain);
        chain.send(&by(), &count(probe, note_bytes)).expect("executes");
        remembering.send(&by(), &count(probe, note_bytes)).expect("executes");
    }
    forget(&chain);
    assert_eq!(total(&chain, probe), U256::from(5));
    assert_eq!(chain.fingerprint().expect("reads"), remembering.fingerprint().expect("reads"));
    let (source, number) = (chain.head().expect("head"), U256::from(6));
    chain.mine(1).expect("mines");
    forget(&chain);
    let hash = crate::read(&chain, probe, &Probe::hashOfCall { number }).expect("answers");
    assert_eq!((hash, source.number), (source.hash, 6));
}

#[test]
fn an_answer_with_too_many_logs_is_refused() {
    let chain = Embedded::in_memory(config()).expect("opens");
    let probe = deploy(&chain);
    for _ in 0..3 {
        chain.send(&by(), &count(probe, 32)).expect("executes");
    }
    let inner = chain.lock().expect("runs");
    let filter = LogFilter::of(probe, 0, 99);
    // abi.encode of the note: offset, length, 32 bytes.
    let logs = |logs_max, bytes_max| inner.state.store.logs(&filter, logs_max, bytes_max);
    assert_eq!(logs(3, 3 * 96).expect("fits").len(), 3);
    let error = logs(2, 1000).expect_err("too many");
    assert!(matches!(error, ChainError::Limit { what: Limit::Logs, value: 3, limit: 2 }), "{error}");
    let error = logs(3, 3 * 96 - 1).expect_err("too large");
    assert!(matches!(error, ChainError::Limit { what: Limit::LogBytes, value: 288, limit: 287 }), "{error}");
}

#[test]
fn files_are_synced_before_a_receipt_is_handed_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let chain = Embedded::open(&directory.path().join("chain"), config()).expect("opens");
    let inner = chain.lock().expect("runs");
    let pragma = |name: &str| -> String {
        let read = |row: &rusqlite::Row<'_>| row.get_ref(0).map(|value| format!("{value:?}"));
        inner.state.store.db.query_row(&format!("PRAGMA {name}"), [], read).expect("reads")
    };
    assert_eq!(pragma("journal_mode"), format!("{:?}", rusqlite::types::ValueRef::Text(b"wal")));
    assert_eq!(pragma("synchronous"), "Integer(2)", "FULL");
}

#[test]
fn a_sender_with_code_is_refused() {
    let chain = Embedded::in_memory(config()).expect("opens");
    let probe = deploy(&chain);
    let mut inner = chain.lock().expect("runs");
    let error = inner.send(probe, &count(probe, 0)).expect_err("EIP-3607");
    assert!(matches!(error, ChainError::Refused(crate::Refusal::SenderIsContract)), "{error}");
    drop(inner);
    let call = Call { data: Bytes::new(), ..Call::new(probe, &Probe::totalCall {}) };
    assert_eq!(chain.call(&call).expect("answers"), Answer::Reverted(Bytes::new()));
}

#[test]
fn a_contract_that_destroys_itself_at_once_leaves_no_row() {
    let chain = Embedded::in_memory(config()).expect("opens");
    let probe = deploy(&chain);
    let rows = || -> i64 {
        let inner = chain.lock().expect("runs");
        let counted = "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM storage)
                            + (SELECT count(*) FROM code)";
        inner.state.store.db.query_row(counted, [], |row| row.get(0)).expect("counts")
    };
    let before = rows();
    let receipt = chain.send(&by(), &Transaction::invoke(probe, &Probe::ephemeralCall {})).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Success);
    assert_eq!(rows(), before);
}
