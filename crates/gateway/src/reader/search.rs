//! Whatever begins so.

use alloy_primitives::{Address, B256};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Prefix, Reader};
use crate::index::IndexError;
use crate::index::error::Fault;
use crate::index::words::Taking;

/// Hits of each kind; of devices, accounts, blocks and content, and a seat and an epoch: at most 20 in all.
const HITS_MAX: u32 = 4;
/// Digits from which on something is looked for: fewer begin too much.
const DIGITS_MIN: usize = 4;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hit {
    /// `seat`, `epoch`, `device`, `account`, `block` or `content`.
    pub kind: &'static str,
    /// What it is, in words.
    pub title: String,
    /// Where this gateway tells more of it.
    pub path: String,
    /// Its id: of a seat or a device the device id, of a block `epoch/order`, else what it is looked for by.
    pub id: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hits {
    /// At most 20.
    pub items: Vec<Hit>,
}

impl Reader {
    /// Seats and epochs with this number; devices, accounts, blocks (by digest) and content that begin so.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn search(&self, prefix: Prefix) -> Result<Hits, IndexError> {
        self.at_once(|db| {
            let mut items = Vec::new();
            if let Some(number) = prefix.number() {
                items.extend(seat(db, number)?);
                items.extend(epoch(db, number)?);
            }
            if prefix.digits() >= DIGITS_MIN {
                items.extend(devices(db, &prefix)?);
                items.extend(accounts(db, &prefix)?);
                items.extend(blocks(db, &prefix)?);
                items.extend(content(db, &prefix)?);
            }
            Ok(Hits { items })
        })
    }
}

fn seat(db: &Connection, number: u32) -> Result<Option<Hit>, Fault> {
    let mut found = db.prepare_cached("SELECT device_id, tier FROM seats WHERE seat = ?")?;
    let hit = found.query_row([number], |row| {
        let mut row = Taking::of(row);
        let (id, tier): (B256, String) = (row.hash()?, row.next()?);
        let (title, path) = (format!("Seat {number}, {tier}"), format!("/v1/devices/{id}"));
        Ok(Hit { kind: "seat", title, path, id: id.to_string() })
    });
    Ok(hit.optional()?)
}

fn epoch(db: &Connection, number: u32) -> Result<Option<Hit>, Fault> {
    let mut found = db.prepare_cached("SELECT published FROM epochs WHERE epoch = ?")?;
    let hit = found.query_row([number], |row| {
        let (title, path) =
            (format!("Epoch {number}, {} blocks", row.get::<_, u32>(0)?), format!("/v1/epochs/{number}"));
        Ok(Hit { kind: "epoch", title, path, id: number.to_string() })
    });
    Ok(hit.optional()?)
}

fn hits<T>(
    db: &Connection,
    sql: &str,
    mut values: Vec<Value>,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Fault> {
    values.push(HITS_MAX.into());
    let mut found = db.prepare_cached(sql)?;
    Ok(found.query_map(params_from_iter(values), read)?.collect::<rusqlite::Result<_>>()?)
}

fn devices(db: &Connection, prefix: &Prefix) -> Result<Vec<Hit>, Fault> {
    let sql =
        "SELECT DISTINCT device_id FROM seats WHERE device_id BETWEEN ? AND ? ORDER BY device_id LIMIT ?";
    hits(db, sql, prefix.range::<32>().to_vec(), |row| {
        let id = Taking::of(row).hash()?;
        Ok(Hit {
            kind: "device",
            title: format!("Device {id}"),
            path: format!("/v1/devices/{id}"),
            id: id.to_string(),
        })
    })
}

fn accounts(db: &Connection, prefix: &Prefix) -> Result<Vec<Hit>, Fault> {
    let mut all = Vec::new();
    for role in ["provider", "operator", "incarnation"] {
        let sql =
            format!("SELECT DISTINCT {role} FROM seats WHERE {role} BETWEEN ? AND ? ORDER BY {role} LIMIT ?");
        all.extend(hits(db, &sql, prefix.range::<20>().to_vec(), |row| {
            let account: Address = Taking::of(row).address()?;
            let (title, path) = (format!("{account} as {role}"), format!("/v1/devices?q={account:#x}"));
            Ok(Hit { kind: "account", title, path, id: format!("{account:#x}") })
        })?);
    }
    all.truncate(usize::try_from(HITS_MAX).unwrap_or(usize::MAX));
    Ok(all)
}

fn blocks(db: &Connection, prefix: &Prefix) -> Result<Vec<Hit>, Fault> {
    let sql =
        "SELECT epoch, block_order, seat FROM blocks WHERE digest BETWEEN ? AND ? ORDER BY digest LIMIT ?";
    hits(db, sql, prefix.range::<32>().to_vec(), |row| {
        let (epoch, order, seat): (u32, u32, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (title, path) = (
            format!("Block {order} of epoch {epoch}, of seat {seat}"),
            format!("/v1/blocks/{epoch}/{order}"),
        );
        Ok(Hit { kind: "block", title, path, id: format!("{epoch}/{order}") })
    })
}

/// What its publishers meant to be read; a block's digest finds the block.
fn content(db: &Connection, prefix: &Prefix) -> Result<Vec<Hit>, Fault> {
    let sql = "SELECT hash, kind FROM content WHERE hash BETWEEN ? AND ? \
        AND kind IN ('evidence', 'certificates', 'policy', 'policy_digest', 'references') ORDER BY hash LIMIT ?";
    hits(db, sql, prefix.range::<32>().to_vec(), |row| {
        let mut row = Taking::of(row);
        let (hash, kind): (B256, String) = (row.hash()?, row.next()?);
        let title = format!("{} {hash}", kind.replace('_', " "));
        Ok(Hit { kind: "content", title, path: format!("/v1/content/{hash}"), id: hash.to_string() })
    })
}
