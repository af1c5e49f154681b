//! How far the chain was read, and by which blocks its forks are told apart.

use alloy_primitives::B256;
use multee_chain::BlockNumHash;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::Fault;
use super::words::Taking;

/// A block of the chain as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, Unix seconds.
    pub timestamp_s: u64,
}

impl Newest {
    /// Number and hash.
    pub fn num_hash(&self) -> BlockNumHash {
        BlockNumHash { number: self.number, hash: self.hash }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Newest> {
    let mut row = Taking::of(row);
    Ok(Newest { number: row.number()?, hash: row.hash()?, timestamp_s: row.number()? })
}

const SELECT: &str = "SELECT number, hash, coalesce(timestamp_s, 0) FROM trail ORDER BY number DESC";

/// The newest block that was read.
pub(crate) fn newest(db: &Connection) -> Result<Option<Newest>, Fault> {
    Ok(db.prepare_cached(&format!("{SELECT} LIMIT 1"))?.query_row([], read).optional()?)
}

/// All that are known, newest first. Of all but the newest the time may be missing, as 0.
pub(crate) fn all(db: &Connection) -> Result<Vec<Newest>, Fault> {
    let mut found = db.prepare_cached(SELECT)?;
    Ok(found.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

/// The newest block that cannot be taken back; −1 if all can.
pub(crate) fn sunk(db: &Connection) -> Result<i64, Fault> {
    Ok(db.query_row("SELECT sunk FROM place", [], |row| row.get(0))?)
}

/// Takes down that the chain has this block.
pub(super) fn extend(db: &Connection, block: BlockNumHash, timestamp_s: Option<u64>) -> Result<(), Fault> {
    let sql = "INSERT INTO trail (number, hash, timestamp_s) VALUES (?, ?, ?)
        ON CONFLICT (number) DO UPDATE SET timestamp_s = coalesce(excluded.timestamp_s, timestamp_s)";
    let timestamp_s = timestamp_s.map(number).transpose()?;
    db.prepare_cached(sql)?.execute(params![number(block.number)?, block.hash.as_slice(), timestamp_s])?;
    Ok(())
}

/// Numbers of blocks and times are below 2⁶³.
pub(crate) fn number(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::Misfit("a number beyond 63 bits"))
}
