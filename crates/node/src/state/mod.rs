//! What a controller must not forget, in one `SQLite` file.
//!
//! **What is in it.** The journal of what was sent ([`Journal`]): attempts are there before any endpoint sees them, and
//! the newest settled ones stay. The application that publishes for the seat, and the one booted for a restart whose
//! outcome is not known. How often applications had to be booted. It belongs to one seat of one contract, and one
//! controller at a time has it.
//!
//! **Disk.** WAL with `synchronous = FULL`: what was written is in the log and synced when the call returns, so neither
//! a killed process nor a power cut takes it back. Only the owner can read it (0600).
//!
//! **Losing it.** No key and no block is in it, and a controller without it starts anew from the chain. What is lost:
//! a transaction on its way is not known, so nobody raises its fee, and a publication may be sent a second time, which
//! the contract refuses (R6) before it costs more than gas; an application that was booted for a restart is not known
//! to be, so it is ended and another one is booted; boots and restarts are counted from nought, so a limit is met
//! later. A running application is found by its socket, not by this file, unless its socket is in a directory that is
//! no longer configured. So a damaged file may be moved away, with its `-wal` beside it, while no controller runs.
//!
//! **Persistence points.** [`PersistencePoint`] names the moments before and after each write; a test gives an
//! [`AtPersistencePoint`] that ends the process there.

mod entry;
mod error;
mod point;
mod recorded;
mod schema;

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::{Address, B256};
use multee_chain::StorageError;
use multee_chain::rpc::{Entry, Journal};
use multee_protocol::{Deployment, SeatId};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use error::Fault;
pub use error::StateError;
pub use point::{AtPersistencePoint, GoOn, PersistencePoint};
pub use recorded::{Application, Boots, Recorded};

/// Permission bits that anybody but the owner has.
const OTHERS: u32 = 0o077;
/// Statements kept compiled: all there are.
const STATEMENTS_KEPT: usize = 24;

/// A controller's state. Clones are the same one. See the [module](self).
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

struct Inner {
    db: Mutex<Connection>,
    path: PathBuf,
    at: Arc<dyn AtPersistencePoint>,
}

impl State {
    /// The state in the file at `path`, which is made if it is not there, of a seat of a contract. Next to it, `SQLite`
    /// keeps a file with the same name and `-wal` added.
    ///
    /// # Errors
    /// When another controller has it, others can read it, it is another's, another version's or something else, it is
    /// damaged, or the system says no.
    pub fn open(path: &Path, deployment: Deployment, seat: SeatId) -> Result<Self, StateError> {
        Self::open_watched(path, deployment, seat, Arc::new(GoOn))
    }

    /// [`open`](Self::open), and `at` is told of each persistence point.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_watched(
        path: &Path,
        deployment: Deployment,
        seat: SeatId,
        at: Arc<dyn AtPersistencePoint>,
    ) -> Result<Self, StateError> {
        make_private(path)?;
        let mut db = connect(path).and_then(hold).map_err(|fault| fault.at(path))?;
        if check_kind(&db, path)? {
            check_binding(&db, path, deployment, seat)?;
        } else {
            create(&mut db, deployment, seat).map_err(|fault| fault.at(path))?;
        }
        Ok(Self { inner: Arc::new(Inner { db: Mutex::new(db), path: path.to_owned(), at }) })
    }

    /// What is recorded of applications.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recorded(&self) -> Result<Recorded, StateError> {
        self.read(Recorded::read)
    }

    /// Records this in place of what was recorded, between these two points.
    ///
    /// # Errors
    /// When it cannot be written; then what was recorded before stays.
    pub fn record(
        &self,
        recorded: &Recorded,
        [before, after]: [PersistencePoint; 2],
    ) -> Result<(), StateError> {
        self.write([before, after], |db| recorded.write(db))
    }

    /// The process is at this point.
    pub(crate) fn reached(&self, point: PersistencePoint) {
        self.inner.at.reached(point);
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StateError> {
        let db = self.inner.db.lock().unwrap_or_else(PoisonError::into_inner);
        read(&db).map_err(|fault| fault.at(&self.inner.path))
    }

    /// All that `write` does, or nothing, and durable when this returns.
    fn write(
        &self,
        [before, after]: [PersistencePoint; 2],
        write: impl FnOnce(&Connection) -> Result<(), Fault>,
    ) -> Result<(), StateError> {
        self.reached(before);
        let mut db = self.inner.db.lock().unwrap_or_else(PoisonError::into_inner);
        transact(&mut db, write).map_err(|fault| fault.at(&self.inner.path))?;
        drop(db);
        self.reached(after);
        Ok(())
    }
}

impl Journal for State {
    fn find(&self, id: B256) -> Result<Option<Entry>, StorageError> {
        Ok(self.read(|db| entry::find(db, id))?)
    }

    fn unsettled(&self, sender: Address) -> Result<Vec<Entry>, StorageError> {
        Ok(self.read(|db| entry::unsettled(db, sender))?)
    }

    fn write(&self, entry: &Entry) -> Result<(), StorageError> {
        use PersistencePoint::{EntrySettled, EntryToBeSettled, EntryToBeWritten, EntryWritten};
        let points =
            if entry.settled { [EntryToBeSettled, EntrySettled] } else { [EntryToBeWritten, EntryWritten] };
        Ok(self.write(points, |db| entry::write(db, entry))?)
    }
}

impl core::fmt::Debug for State {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("State").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

/// Makes the file if it is not there, and refuses one that others can open. An existing file is only looked at from
/// outside: closing it would take away the locks that this process may have on it already.
fn make_private(path: &Path) -> Result<(), StateError> {
    let system = |source| StateError::System { path: path.to_owned(), source };
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(system(error)),
        _ => {}
    }
    let mode = fs::metadata(path).map_err(system)?.mode() & 0o7777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(StateError::OpenToOthers { path: path.to_owned(), mode }) }
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    Ok(Connection::open_with_flags(path, flags)?)
}

/// Takes hold of the file for good, without changing anything in it.
fn hold(db: Connection) -> Result<Connection, Fault> {
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    db.busy_timeout(core::time::Duration::ZERO)?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    Ok(db)
}

/// Whether there is a state in the file; there is none yet in an empty one.
fn check_kind(db: &Connection, path: &Path) -> Result<bool, StateError> {
    let number = |query: &str| {
        db.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(|error| Fault::from(error).at(path))
    };
    let (id, found) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    match (id, found, number("SELECT count(*) FROM sqlite_schema")?) {
        (0, 0, 0) => Ok(false),
        (schema::APPLICATION_ID, schema::VERSION, _) => check_whole(db, path).map_err(|fault| fault.at(path)),
        (schema::APPLICATION_ID, ..) => {
            Err(StateError::SchemaVersion { path: path.to_owned(), found, supported: schema::VERSION })
        }
        _ => Err(StateError::NotAState(path.to_owned())),
    }
}

/// Looks at every page: the file is small, and a controller that starts has time. The database would take a last page
/// that is cut off for one that ends in zeros.
fn check_whole(db: &Connection, path: &Path) -> Result<bool, Fault> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let number = |query: &str| db.query_row(query, [], |row| entry::number(row, 0));
    let (pages, page_bytes) = (number("PRAGMA page_count")?, number("PRAGMA page_size")?);
    let bytes = fs::metadata(path).map_err(|error| Fault::misfit(error.to_string()))?.len();
    if bytes != pages.saturating_mul(page_bytes) {
        return Err(Fault::Misfit(format!("{bytes} bytes are not {pages} pages of {page_bytes}")));
    }
    let found: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(true) } else { Err(Fault::Misfit(found)) }
}

fn check_binding(db: &Connection, path: &Path, expected: Deployment, seat: SeatId) -> Result<(), StateError> {
    let bound = db.query_row("SELECT chain_id, contract, seat FROM binding", [], |row| {
        let chain_id = u64::from_be_bytes(row.get(0)?);
        let contract = Address::from(row.get::<_, [u8; 20]>(1)?);
        Ok((Deployment { chain_id, contract }, SeatId(row.get(2)?)))
    });
    let (deployment, of) = bound.map_err(|error| Fault::from(error).at(path))?;
    let path = path.to_owned();
    if deployment != expected {
        return Err(StateError::OtherNetwork { path, found: deployment, expected });
    }
    if of == seat { Ok(()) } else { Err(StateError::OtherSeat { path, found: of, expected: seat }) }
}

/// Makes tables, mark and binding, all at once.
fn create(db: &mut Connection, deployment: Deployment, seat: SeatId) -> Result<(), Fault> {
    db.pragma_update(None, "journal_mode", "WAL")?;
    transact(db, |db| {
        db.execute_batch(schema::CREATE)?;
        db.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        db.pragma_update(None, "user_version", schema::VERSION)?;
        let Deployment { chain_id, contract } = deployment;
        db.execute(
            "INSERT INTO binding (only_row, chain_id, contract, seat) VALUES (0, ?, ?, ?)",
            params![chain_id.to_be_bytes(), contract.as_slice(), seat.0],
        )?;
        Ok(())
    })
}

fn transact(db: &mut Connection, write: impl FnOnce(&Connection) -> Result<(), Fault>) -> Result<(), Fault> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    write(&transaction)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
