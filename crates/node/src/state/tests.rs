use std::os::unix::fs::PermissionsExt;

use alloy_primitives::{Bytes, U256};
use multee_chain::rpc::{Attempt, Fees};
use multee_chain::{Once, Transaction};
use multee_protocol::Epoch;

use super::*;

const SEAT: SeatId = SeatId(3);
const HERE: Deployment = Deployment { chain_id: 7, contract: Address::repeat_byte(0xC0) };
const ALICE: Address = Address::repeat_byte(0xA1);

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("directory")
}

fn open(path: &Path) -> Result<State, StateError> {
    State::open(path, HERE, SEAT)
}

fn entry(nonce: u64, once: Once, settled: bool) -> Entry {
    let transaction = Transaction {
        to: nonce.is_multiple_of(2).then_some(Address::repeat_byte(2)),
        data: Bytes::from(vec![7; 300]),
        value: U256::from(nonce) << 200,
        gas_limit: 21_000,
        once,
    };
    let attempt = |bump: u8| Attempt {
        hash: B256::repeat_byte(bump),
        fees: Fees { cap_wei: u128::MAX - u128::from(bump), tip_wei: bump.into() },
        raw: Bytes::from(vec![bump; 9]),
    };
    let id = B256::left_padding_from(&nonce.to_be_bytes());
    Entry {
        id,
        sender: ALICE,
        nonce,
        transaction,
        attempts: vec![attempt(1), attempt(0), attempt(9)],
        settled,
    }
}

fn key(byte: u8) -> Once {
    Once::Key(B256::repeat_byte(byte))
}

fn application(byte: u8) -> Application {
    Application {
        incarnation: Address::repeat_byte(byte),
        measurement: B256::repeat_byte(byte),
        socket: Some(PathBuf::from("/run/multee/confirm-1-0.sock")),
    }
}

#[test]
fn journal_is_the_same_after_it_is_opened_again() {
    let directory = directory();
    let path = directory.path().join("state");
    let entries = [entry(u64::MAX, key(1), false), entry(2, Once::Nonce, false), entry(300, key(2), true)];
    let state = open(&path).expect("opens");
    for entry in &entries {
        Journal::write(&state, entry).expect("writes");
    }
    drop(state);
    let state = open(&path).expect("opens again");
    let unsettled = state.unsettled(ALICE).expect("reads");
    assert_eq!(unsettled, [entries[1].clone(), entries[0].clone()], "by nonce");
    assert_eq!(state.find(entries[2].id).expect("reads"), Some(entries[2].clone()));
    assert!(state.unsettled(Address::ZERO).expect("reads").is_empty());
    assert_eq!(state.find(B256::ZERO).expect("reads"), None);
}

#[test]
fn entry_takes_the_place_of_the_one_with_its_id() {
    let directory = directory();
    let state = open(&directory.path().join("state")).expect("opens");
    let mut written = entry(2, key(1), false);
    Journal::write(&state, &written).expect("writes");
    written.attempts.pop();
    written.settled = true;
    Journal::write(&state, &written).expect("writes");
    assert_eq!(state.find(written.id).expect("reads"), Some(written.clone()));
    assert!(state.unsettled(ALICE).expect("reads").is_empty());
    written.transaction.once = Once::Nonce;
    Journal::write(&state, &written).expect("writes");
    assert_eq!(state.find(written.id).expect("reads"), None, "nobody asks for it again");
}

#[test]
fn only_the_oldest_settled_entries_are_forgotten() {
    let directory = directory();
    let state = open(&directory.path().join("state")).expect("opens");
    Journal::write(&state, &entry(0, key(0), false)).expect("writes");
    let kept = u64::try_from(entry::SETTLED_KEPT).expect("small");
    for nonce in 1..=kept + 2 {
        Journal::write(&state, &entry(nonce, key(1), true)).expect("writes");
    }
    let is_kept = |nonce| state.find(entry(nonce, key(1), true).id).expect("reads").is_some();
    assert!(is_kept(0), "it is not settled");
    assert_eq!([1, 2, 3, kept + 2].map(is_kept), [false, false, true, true]);
    let attempts: u64 = state
        .read(|db| Ok(db.query_row("SELECT count(*) FROM attempts", [], |row| row.get::<_, u32>(0))?))
        .expect("reads")
        .into();
    assert_eq!(attempts, 3 * (kept + 1), "attempts go with their entries");
}

#[test]
fn applications_are_the_same_after_the_state_is_opened_again() {
    let directory = directory();
    let path = directory.path().join("state");
    let points = [PersistencePoint::RestartToBeRecorded, PersistencePoint::RestartRecorded];
    let boots = Boots { unrecovered: 4, last_boot_s: 1 << 40, restart_epoch: Epoch::MAX, restarts: 2 };
    let within = Application { socket: None, ..application(2) };
    let all = Recorded { running: Some(application(1)), restart: Some(within), boots };
    for recorded in [Recorded::default(), all.clone(), Recorded { restart: None, ..all }] {
        let state = open(&path).expect("opens");
        state.record(&recorded, points).expect("writes");
        drop(state);
        assert_eq!(open(&path).expect("opens").recorded().expect("reads"), recorded);
    }
}

#[test]
fn what_is_written_is_on_disk_when_the_call_returns() {
    let directory = directory();
    let (path, copy) = (directory.path().join("state"), directory.path().join("copy"));
    let state = open(&path).expect("opens");
    let synchronous = |state: &State| {
        state
            .read(|db| Ok(db.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0))?))
            .expect("asks")
    };
    assert_eq!(synchronous(&state), 2, "each commit is synced");
    Journal::write(&state, &entry(1, key(1), false)).expect("writes");
    // As a crash would leave it: nothing is closed.
    std::fs::copy(&path, &copy).expect("copied");
    std::fs::copy(directory.path().join("state-wal"), directory.path().join("copy-wal")).expect("copied");
    assert_eq!(open(&copy).expect("opens").unsettled(ALICE).expect("reads"), [entry(1, key(1), false)]);
}

#[test]
fn one_controller_at_a_time_has_the_file() {
    let directory = directory();
    let path = directory.path().join("state");
    let first = open(&path).expect("opens");
    for _ in 0..2 {
        let Err(StateError::InUse(named)) = open(&path) else { panic!("two have it") };
        assert_eq!(named, path);
    }
    Journal::write(&first.clone(), &entry(1, key(1), false)).expect("writes");
    drop(first);
    open(&path).expect("opens");
}

#[test]
fn state_is_of_one_seat_of_one_network() {
    let directory = directory();
    let path = directory.path().join("state");
    drop(open(&path).expect("opens"));
    for other in [Deployment { chain_id: 8, ..HERE }, Deployment { contract: ALICE, ..HERE }] {
        let error = State::open(&path, other, SEAT).expect_err("another network");
        let StateError::OtherNetwork { found, expected, .. } = error else { panic!("{error}") };
        assert_eq!((found, expected), (HERE, other));
    }
    let error = State::open(&path, HERE, SeatId(4)).expect_err("another seat");
    assert!(matches!(error, StateError::OtherSeat { found: SEAT, .. }), "{error}");
    open(&path).expect("opens");
}

#[test]
fn only_its_owner_can_read_it() {
    let directory = directory();
    let path = directory.path().join("state");
    let state = open(&path).expect("opens");
    Journal::write(&state, &entry(1, key(1), false)).expect("writes");
    for file in [&path, &directory.path().join("state-wal")] {
        assert_eq!(fs::metadata(file).expect("there").mode() & 0o777, 0o600, "{}", file.display());
    }
    drop(state);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
    let error = open(&path).expect_err("a group can read it");
    assert!(matches!(error, StateError::OpenToOthers { mode: 0o640, .. }), "{error}");
}

#[test]
fn state_of_another_version_is_refused() {
    let directory = directory();
    let path = directory.path().join("state");
    drop(open(&path).expect("opens"));
    let db = Connection::open(&path).expect("opens");
    db.pragma_update(None, "user_version", schema::VERSION + 1).expect("written");
    drop(db);
    let error = open(&path).expect_err("newer");
    assert!(matches!(error, StateError::SchemaVersion { found: 2, supported: 1, .. }), "{error}");
}

#[test]
fn what_is_no_state_is_left_alone() {
    let directory = directory();
    let path = directory.path().join("state");
    let private = fs::Permissions::from_mode(0o600);
    fs::write(&path, "precious ".repeat(1000)).expect("written");
    fs::set_permissions(&path, private.clone()).expect("changed");
    assert!(matches!(open(&path), Err(StateError::NotAState(_))));
    assert_eq!(fs::read_to_string(&path).expect("there").len(), 9000);
    fs::remove_file(&path).expect("removed");
    let db = Connection::open(&path).expect("opens");
    db.execute_batch("CREATE TABLE precious (things)").expect("made");
    drop(db);
    fs::set_permissions(&path, private).expect("changed");
    assert!(matches!(open(&path), Err(StateError::NotAState(_))));
    assert!(matches!(open(&directory.path().join("none/state")), Err(StateError::System { .. })));
}

/// A state with an entry in it, all of it in the file itself.
fn written(path: &Path) -> Vec<u8> {
    let state = open(path).expect("opens");
    for nonce in 0..50 {
        Journal::write(&state, &entry(nonce, key(1), false)).expect("writes");
    }
    drop(state);
    fs::read(path).expect("there")
}

#[test]
fn damaged_state_is_refused_with_the_way_out_and_a_new_one_can_be_made() {
    let directory = directory();
    let path = directory.path().join("state");
    let whole = written(&path);
    let mut refused = 0;
    let cuts = (0..whole.len()).step_by(whole.len() / 40);
    for at in cuts.clone() {
        fs::write(&path, &whole[..at]).expect("written");
        match open(&path) {
            Err(StateError::Damaged { .. } | StateError::NotAState(_)) => refused += 1,
            // A file that was only just made is empty, too.
            Ok(state) => assert!(at == 0 && state.unsettled(ALICE).expect("reads").is_empty(), "cut at {at}"),
            Err(other) => panic!("cut at {at}: {other}"),
        }
    }
    assert_eq!(refused, cuts.count() - 1, "only the empty one is taken for a new one");
    let mut altered = whole.clone();
    altered[4096..8192].fill(0x5A);
    fs::write(&path, &altered).expect("written");
    let error = open(&path).expect_err("altered");
    assert!(
        matches!(error, StateError::Damaged { .. }) && error.to_string().contains("move it away"),
        "{error}"
    );
    fs::remove_file(&path).expect("moved away");
    open(&path).expect("anew");
}

#[test]
fn values_that_no_writer_writes_are_damage() {
    let directory = directory();
    let path = directory.path().join("state");
    drop(written(&path));
    let db = Connection::open(&path).expect("opens");
    db.execute_batch("UPDATE attempts SET hash = x'00'; DELETE FROM binding").expect("altered");
    drop(db);
    assert!(matches!(open(&path), Err(StateError::Damaged { .. })), "it is nobody's");
    let db = Connection::open(&path).expect("opens");
    db.execute(
        "INSERT INTO binding VALUES (0, ?, ?, ?)",
        params![HERE.chain_id.to_be_bytes(), HERE.contract.as_slice(), SEAT.0],
    )
    .expect("altered");
    drop(db);
    let state = open(&path).expect("opens");
    let error = state.unsettled(ALICE).expect_err("no hash");
    assert!(error.to_string().contains("damaged"), "{error}");
}
