//! The file: made, recognised, opened for writing by one and for reading by many.

use core::time::Duration;
use std::path::Path;

use alloy_primitives::Address;
use multee_protocol::Deployment;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::error::{Fault, IndexError};
use super::schema;

/// How long to wait for somebody else who writes.
const BUSY: Duration = Duration::from_secs(5);
/// Statements kept compiled: more than there are.
const STATEMENTS_KEPT: usize = 96;

/// Opens the file for writing, and makes it if it is not there.
pub(super) fn open(path: &Path, deployment: Deployment) -> Result<Connection, IndexError> {
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        .map_err(|fault| fault.at(path))?;
    // What is lost in a power cut is read from the chain again.
    db.pragma_update(None, "synchronous", "NORMAL").map_err(|error| Fault::from(error).at(path))?;
    if kind(&db, path)? {
        bound(&db, path, deployment)?;
    } else {
        create(&mut db, deployment).map_err(|fault| fault.at(path))?;
    }
    Ok(db)
}

/// Opens the file of an index that there is, for reading only.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, IndexError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|fault| fault.at(path))?;
    if kind(&db, path)? { Ok(db) } else { Err(IndexError::NotAnIndex(path.to_owned())) }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, Fault> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let db = Connection::open_with_flags(path, flags)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    db.busy_timeout(BUSY)?;
    Ok(db)
}

/// Whether there is an index in the file; there is none yet in an empty one.
fn kind(db: &Connection, path: &Path) -> Result<bool, IndexError> {
    let number = |query: &str| {
        db.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(|error| Fault::from(error).at(path))
    };
    let (id, found) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    match (id, found, number("SELECT count(*) FROM sqlite_schema")?) {
        (0, 0, 0) => Ok(false),
        (schema::APPLICATION_ID, schema::VERSION, _) => Ok(true),
        (schema::APPLICATION_ID, ..) => {
            Err(IndexError::SchemaVersion { path: path.to_owned(), found, supported: schema::VERSION })
        }
        _ => Err(IndexError::NotAnIndex(path.to_owned())),
    }
}

fn bound(db: &Connection, path: &Path, expected: Deployment) -> Result<(), IndexError> {
    let found = binding(db).map_err(|fault| fault.at(path))?;
    if found == expected {
        return Ok(());
    }
    Err(IndexError::OtherNetwork { path: path.to_owned(), found, expected })
}

/// Whose index it is.
pub(crate) fn binding(db: &Connection) -> Result<Deployment, Fault> {
    Ok(db.query_row("SELECT chain_id, contract FROM binding", [], |row| {
        let chain_id = u64::from_be_bytes(row.get(0)?);
        Ok(Deployment { chain_id, contract: Address::from(row.get::<_, [u8; 20]>(1)?) })
    })?)
}

/// Makes tables, mark and binding, all at once.
fn create(db: &mut Connection, deployment: Deployment) -> Result<(), Fault> {
    db.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::create(&transaction)?;
    let Deployment { chain_id, contract } = deployment;
    transaction.execute(
        "INSERT INTO binding (only_row, chain_id, contract) VALUES (0, ?, ?)",
        params![chain_id.to_be_bytes(), contract.as_slice()],
    )?;
    Ok(transaction.commit()?)
}
