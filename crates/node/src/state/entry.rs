//! The journal's rows: one for each transaction that was given a nonce, one for each attempt at it.

use alloy_primitives::{Address, B256, U256};
use multee_chain::rpc::{Attempt, Entry, Fees};
use multee_chain::{Once, Transaction};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::Fault;

/// Settled entries with a key that are kept, the newest ones. A publication is one an epoch: that is years beyond what
/// a reorganisation takes back, and beyond the epochs in which a block has consequences (R9).
pub(super) const SETTLED_KEPT: i64 = 256;

const COLUMNS: &str = "id, sender, nonce, recipient, data, value, gas_limit, once_key, settled";

pub(super) fn find(db: &Connection, id: B256) -> Result<Option<Entry>, Fault> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE id = ?"))?;
    let entry = statement.query_row([id.as_slice()], entry).optional()?;
    entry.map(|entry| with_attempts(db, entry)).transpose()
}

pub(super) fn unsettled(db: &Connection, sender: Address) -> Result<Vec<Entry>, Fault> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM entries WHERE settled = 0 AND sender = ? ORDER BY nonce"
    ))?;
    let entries: Vec<Entry> =
        statement.query_map([sender.as_slice()], entry)?.collect::<rusqlite::Result<_>>()?;
    entries.into_iter().map(|entry| with_attempts(db, entry)).collect()
}

/// Puts `entry` in place of the one with its id. A settled one without a key is not kept.
pub(super) fn write(db: &Connection, entry: &Entry) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM entries WHERE id = ?")?.execute([entry.id.as_slice()])?;
    if !(entry.settled && entry.transaction.once == Once::Nonce) {
        insert(db, entry)?;
    }
    if entry.settled {
        forget_oldest(db)?;
    }
    Ok(())
}

fn insert(db: &Connection, entry: &Entry) -> Result<(), Fault> {
    let Entry { id, sender, nonce, transaction, attempts, settled } = entry;
    let key = match transaction.once {
        Once::Nonce => None,
        Once::Key(key) => Some(key.0),
    };
    let gas_limit =
        i64::try_from(transaction.gas_limit).map_err(|_| Fault::misfit("a gas limit above 2^63"))?;
    let values = params![
        id.as_slice(),
        sender.as_slice(),
        nonce.to_be_bytes(),
        transaction.to.map(Address::into_array),
        transaction.data.as_ref(),
        transaction.value.to_be_bytes::<32>(),
        gas_limit,
        key,
        settled,
    ];
    db.prepare_cached(&format!(
        "INSERT INTO entries ({COLUMNS}, written)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(written), 0) + 1 FROM entries))"
    ))?
    .execute(values)?;
    for (position, attempt) in (0_i64..).zip(attempts) {
        insert_attempt(db, *id, position, attempt)?;
    }
    Ok(())
}

fn insert_attempt(db: &Connection, entry: B256, position: i64, attempt: &Attempt) -> Result<(), Fault> {
    let Fees { cap_wei, tip_wei } = attempt.fees;
    db.prepare_cached(
        "INSERT INTO attempts (entry, position, hash, cap_wei, tip_wei, raw) VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        entry.as_slice(),
        position,
        attempt.hash.as_slice(),
        cap_wei.to_be_bytes(),
        tip_wei.to_be_bytes(),
        attempt.raw.as_ref(),
    ])?;
    Ok(())
}

fn forget_oldest(db: &Connection) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(
        "DELETE FROM entries WHERE id IN
         (SELECT id FROM entries WHERE settled = 1 ORDER BY written DESC LIMIT -1 OFFSET ?)",
    )?;
    statement.execute([SETTLED_KEPT])?;
    Ok(())
}

/// An entry of columns [`COLUMNS`], without its attempts.
fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let once = match row.get::<_, Option<[u8; 32]>>(7)? {
        None => Once::Nonce,
        Some(key) => Once::Key(B256::from(key)),
    };
    let transaction = Transaction {
        to: row.get::<_, Option<[u8; 20]>>(3)?.map(Address::from),
        data: row.get::<_, Vec<u8>>(4)?.into(),
        value: U256::from_be_bytes(row.get::<_, [u8; 32]>(5)?),
        gas_limit: number(row, 6)?,
        once,
    };
    Ok(Entry {
        id: B256::from(row.get::<_, [u8; 32]>(0)?),
        sender: Address::from(row.get::<_, [u8; 20]>(1)?),
        nonce: u64::from_be_bytes(row.get(2)?),
        transaction,
        attempts: Vec::new(),
        settled: row.get(8)?,
    })
}

fn with_attempts(db: &Connection, entry: Entry) -> Result<Entry, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT hash, cap_wei, tip_wei, raw FROM attempts WHERE entry = ? ORDER BY position",
    )?;
    let attempts = statement.query_map([entry.id.as_slice()], attempt)?.collect::<rusqlite::Result<_>>()?;
    Ok(Entry { attempts, ..entry })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let fees = Fees { cap_wei: u128::from_be_bytes(row.get(1)?), tip_wei: u128::from_be_bytes(row.get(2)?) };
    let raw = row.get::<_, Vec<u8>>(3)?.into();
    Ok(Attempt { hash: B256::from(row.get::<_, [u8; 32]>(0)?), fees, raw })
}

/// A number, of which none is negative.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}
