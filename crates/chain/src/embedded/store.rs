//! The `SQLite` file, or memory in its stead.

use std::path::Path;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Keccak256, U256};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params, params_from_iter};

use super::block::Block;
use super::config::Config;
use super::rows::{self, Account};
use super::schema;
use super::state::Changes;
use crate::{ChainError, Limit, LogEntry, LogFilter, Receipt, StorageError};

/// Statements kept compiled: all that this file has, and a few shapes of log filters.
const STATEMENTS_KEPT: usize = 48;

/// All tables and the order of their rows.
pub(super) const EVERYTHING: &[(&str, &str)] = &[
    ("accounts", "address"),
    ("code", "hash"),
    ("storage", "address, slot"),
    ("blocks", "number"),
    ("receipts", "transaction_hash"),
    ("logs", "block, position"),
];
/// The tables that hold the state.
pub(super) const STATE: &[(&str, &str)] = &[EVERYTHING[0], EVERYTHING[1], EVERYTHING[2]];

/// An open database.
pub(super) struct Store {
    pub(super) db: Connection,
}

impl Store {
    pub(super) fn in_memory() -> Result<Self, StorageError> {
        Ok(Self::with(Connection::open_in_memory()?))
    }

    /// Opens or makes the file and takes hold of it.
    pub(super) fn open(path: &Path) -> Result<Self, ChainError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let opened = Connection::open_with_flags(path, flags).map_err(StorageError::from);
        opened.and_then(Self::hold).map_err(|error| at(path, error))
    }

    /// Looks whether the file is ours before changing anything in it, then takes the lock for good.
    fn hold(db: Connection) -> Result<Self, StorageError> {
        db.busy_timeout(core::time::Duration::ZERO)?;
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let store = Self::with(db);
        store.check_kind()?;
        store.db.pragma_update(None, "journal_mode", "WAL")?;
        store.db.pragma_update(None, "synchronous", "FULL")?;
        store.db.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
        Ok(store)
    }

    fn with(db: Connection) -> Self {
        db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Self { db }
    }

    /// Accepts a file without any table, or with our mark and version.
    fn check_kind(&self) -> Result<(), StorageError> {
        let id: i64 = self.db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let found: i64 = self.db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let tables: i64 = self.db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (id, found, tables) {
            (0, 0, 0) | (schema::APPLICATION_ID, schema::VERSION, 1..) => Ok(()),
            (schema::APPLICATION_ID, _, _) => {
                Err(StorageError::SchemaVersion { found, supported: schema::VERSION })
            }
            _ => Err(StorageError::NotAChain),
        }
    }

    /// The id of the chain in this database; `None` if there is none yet.
    pub(super) fn chain_id(&self) -> Result<Option<u64>, StorageError> {
        let tables: i64 = self.db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables == 0 {
            return Ok(None);
        }
        let mut statement = self.db.prepare_cached("SELECT value FROM meta WHERE key = 'chain_id'")?;
        let mut rows = statement.query([])?;
        let row = rows.next()?.ok_or_else(|| StorageError::Corrupt("no chain id".to_owned()))?;
        rows::number(row, 0).map(Some)
    }

    /// Makes tables, mark, first block and first balances, all at once.
    pub(super) fn create(&mut self, config: &Config) -> Result<Block, StorageError> {
        let genesis = Block::genesis(config.chain_id, config.genesis_time_s);
        let transaction = self.db.transaction()?;
        transaction.execute_batch(schema::CREATE)?;
        transaction.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema::VERSION)?;
        let chain_id = rows::integer(config.chain_id)?;
        transaction.execute("INSERT INTO meta (key, value) VALUES ('chain_id', ?)", [chain_id])?;
        insert_block(&transaction, &genesis)?;
        for (address, balance) in &config.genesis_balances {
            let account = Account { nonce: 0, balance: *balance, code_hash: KECCAK256_EMPTY };
            write_account(&transaction, *address, Some(account).filter(|a| !a.balance.is_zero()))?;
        }
        transaction.commit()?;
        Ok(genesis)
    }

    /// Makes blocks, receipt, logs and changed state durable, all or none.
    pub(super) fn append(
        &mut self,
        blocks: &[Block],
        receipt: Option<&Receipt>,
        changes: &Changes,
    ) -> Result<(), StorageError> {
        let transaction = self.db.transaction()?;
        for block in blocks {
            insert_block(&transaction, block)?;
        }
        if let Some(receipt) = receipt {
            insert_receipt(&transaction, receipt)?;
        }
        write_changes(&transaction, changes)?;
        transaction.commit()?;
        Ok(())
    }

    pub(super) fn newest_block(&self) -> Result<Block, StorageError> {
        let mut statement = self.db.prepare_cached(
            "SELECT number, hash, parent, timestamp_s, transaction_hash FROM blocks ORDER BY number DESC LIMIT 1",
        )?;
        let mut rows = statement.query([])?;
        let row = rows.next()?.ok_or_else(|| StorageError::Corrupt("no block".to_owned()))?;
        rows::block(row)
    }

    /// The block with this number.
    pub(super) fn block(&self, number: u64) -> Result<Option<Block>, StorageError> {
        // Beyond 2^63 there is none.
        let Ok(number) = rows::integer(number) else { return Ok(None) };
        let mut statement = self.db.prepare_cached(
            "SELECT number, hash, parent, timestamp_s, transaction_hash FROM blocks WHERE number = ?",
        )?;
        let mut rows = statement.query([number])?;
        rows.next()?.map(rows::block).transpose()
    }

    /// The block with this hash. Looks through all of them.
    pub(super) fn block_with_hash(&self, hash: B256) -> Result<Option<Block>, StorageError> {
        let mut statement = self.db.prepare_cached(
            "SELECT number, hash, parent, timestamp_s, transaction_hash FROM blocks WHERE hash = ?",
        )?;
        let mut rows = statement.query([hash.as_slice()])?;
        rows.next()?.map(rows::block).transpose()
    }

    /// The hash of block `number`, zero if there is none.
    pub(super) fn block_hash(&self, number: u64) -> Result<B256, StorageError> {
        let mut statement = self.db.prepare_cached("SELECT hash FROM blocks WHERE number = ?")?;
        let mut rows = statement.query([rows::integer(number)?])?;
        rows.next()?.map_or(Ok(B256::ZERO), |row| rows::hash(row, 0))
    }

    pub(super) fn account(&self, address: Address) -> Result<Option<Account>, StorageError> {
        let mut statement =
            self.db.prepare_cached("SELECT nonce, balance, code_hash FROM accounts WHERE address = ?")?;
        let mut rows = statement.query([address.as_slice()])?;
        rows.next()?.map(rows::account).transpose()
    }

    /// A word of a contract's storage, zero if it was never written.
    pub(super) fn word(&self, address: Address, slot: U256) -> Result<U256, StorageError> {
        let mut statement =
            self.db.prepare_cached("SELECT value FROM storage WHERE address = ? AND slot = ?")?;
        let mut rows = statement.query(params![address.as_slice(), rows::word(slot)])?;
        rows.next()?.map_or(Ok(U256::ZERO), |row| rows::uint(row, 0))
    }

    pub(super) fn code(&self, hash: B256) -> Result<Bytes, StorageError> {
        let mut statement = self.db.prepare_cached("SELECT bytes FROM code WHERE hash = ?")?;
        let bytes: Option<Vec<u8>> = statement.query_row([hash.as_slice()], |row| row.get(0)).optional()?;
        bytes.map(Bytes::from).ok_or_else(|| StorageError::Corrupt(format!("code {hash} is missing")))
    }

    pub(super) fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, StorageError> {
        let mut statement = self.db.prepare_cached(
            "SELECT transaction_hash, block, hash, sender, recipient, created, gas_used, gas_price_wei, outcome,
                    revert_data
             FROM receipts JOIN blocks USING (transaction_hash) WHERE transaction_hash = ?",
        )?;
        let mut rows = statement.query([transaction_hash.as_slice()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut receipt = rows::receipt(row)?;
        receipt.logs = self.logs_of_block(receipt.block_number)?;
        Ok(Some(receipt))
    }

    fn logs_of_block(&self, block: u64) -> Result<Vec<LogEntry>, StorageError> {
        let mut statement = self.db.prepare_cached(&select_logs("block = ?"))?;
        let mut rows = statement.query([rows::integer(block)?])?;
        let mut logs = Vec::new();
        while let Some(row) = rows.next()? {
            logs.push(rows::log_entry(row)?);
        }
        Ok(logs)
    }

    /// The logs that a filter within its limits asks for, if they are at most `logs_max` with at most
    /// `bytes_max` of data.
    pub(super) fn logs(
        &self,
        filter: &LogFilter,
        logs_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, ChainError> {
        let (condition, values) = condition(filter);
        let mut statement = self.db.prepare_cached(&select_logs(&condition)).map_err(StorageError::from)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(StorageError::from)?;
        let (mut logs, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(StorageError::from)? {
            let entry = rows::log_entry(row)?;
            bytes += entry.log.data.data.len();
            logs.push(entry);
            Limit::Logs.check(logs.len() as u64, logs_max as u64)?;
            Limit::LogBytes.check(bytes as u64, bytes_max as u64)?;
        }
        Ok(logs)
    }

    /// keccak256 over every value of the given tables, each with its type and length, in a fixed order.
    pub(super) fn fingerprint(&self, tables: &[(&str, &str)]) -> Result<B256, StorageError> {
        let mut hasher = Keccak256::new();
        for (table, order) in tables {
            hasher.update(table);
            let mut statement = self.db.prepare(&format!("SELECT * FROM {table} ORDER BY {order}"))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    absorb(&mut hasher, row.get_ref(column)?);
                }
            }
        }
        Ok(hasher.finalize())
    }
}

/// Tells a file that cannot be had from one that is broken.
fn at(path: &Path, error: StorageError) -> ChainError {
    let StorageError::Database(rusqlite::Error::SqliteFailure(failure, _)) = &error else {
        return error.into();
    };
    let cause = match failure.code {
        ErrorCode::NotADatabase => return StorageError::NotAChain.into(),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "another process holds it".to_owned(),
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly => failure.to_string(),
        _ => return error.into(),
    };
    ChainError::Unreachable { place: path.display().to_string(), cause }
}

fn absorb(hasher: &mut Keccak256, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => {
            hasher.update([1]);
            hasher.update(number.to_be_bytes());
            return;
        }
        ValueRef::Real(number) => {
            hasher.update([2]);
            hasher.update(number.to_be_bytes());
            return;
        }
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

fn select_logs(condition: &str) -> String {
    format!(
        "SELECT block, position, address, topic0, topic1, topic2, topic3, data, transaction_hash, hash
         FROM logs JOIN blocks ON number = block WHERE {condition} ORDER BY block, position"
    )
}

/// The filter as a condition and the values of its places.
fn condition(filter: &LogFilter) -> (String, Vec<Value>) {
    let bound = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let mut values = vec![bound(filter.from_block), bound(filter.to_block)];
    let mut condition = "block BETWEEN ? AND ?".to_owned();
    let mut restrict = |column: &str, allowed: Vec<Vec<u8>>| {
        if !allowed.is_empty() {
            let places = vec!["?"; allowed.len()].join(", ");
            condition.extend([" AND ", column, " IN (", &places, ")"]);
            values.extend(allowed.into_iter().map(Value::Blob));
        }
    };
    restrict("address", filter.addresses.iter().map(|address| address.to_vec()).collect());
    for (column, topics) in ["topic0", "topic1", "topic2", "topic3"].iter().zip(&filter.topics) {
        restrict(column, topics.iter().map(|topic| topic.to_vec()).collect());
    }
    (condition, values)
}

fn insert_block(db: &Connection, block: &Block) -> Result<(), StorageError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO blocks (number, hash, parent, timestamp_s, transaction_hash) VALUES (?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        rows::integer(block.number)?,
        block.hash.as_slice(),
        block.parent.as_slice(),
        rows::integer(block.timestamp_s)?,
        block.transaction.as_ref().map(B256::as_slice),
    ])?;
    Ok(())
}

fn insert_receipt(db: &Connection, receipt: &Receipt) -> Result<(), StorageError> {
    let (outcome, revert_data) = rows::outcome_columns(&receipt.outcome);
    let gas_price_wei = u64::try_from(receipt.gas_price_wei).unwrap_or(u64::MAX);
    let mut statement = db.prepare_cached(
        "INSERT INTO receipts (transaction_hash, block, sender, recipient, created, gas_used, gas_price_wei,
                               outcome, revert_data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        receipt.transaction_hash.as_slice(),
        rows::integer(receipt.block_number)?,
        receipt.from.as_slice(),
        receipt.to.as_ref().map(|address| address.as_slice()),
        receipt.created.as_ref().map(|address| address.as_slice()),
        rows::integer(receipt.gas_used)?,
        rows::integer(gas_price_wei)?,
        outcome,
        revert_data,
    ])?;
    receipt.logs.iter().try_for_each(|entry| insert_log(db, entry))
}

fn insert_log(db: &Connection, entry: &LogEntry) -> Result<(), StorageError> {
    let topics = entry.log.topics();
    let topic = |place: usize| topics.get(place).map(B256::as_slice);
    let mut statement = db.prepare_cached(
        "INSERT INTO logs (block, position, address, topic0, topic1, topic2, topic3, data)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        rows::integer(entry.block_number)?,
        entry.index,
        entry.log.address.as_slice(),
        topic(0),
        topic(1),
        topic(2),
        topic(3),
        entry.log.data.data.as_ref(),
    ])?;
    Ok(())
}

fn write_changes(db: &Connection, changes: &Changes) -> Result<(), StorageError> {
    for (hash, bytes) in &changes.code {
        db.prepare_cached("INSERT OR IGNORE INTO code (hash, bytes) VALUES (?, ?)")?
            .execute(params![hash.as_slice(), bytes.as_ref()])?;
    }
    for (address, account) in &changes.accounts {
        write_account(db, *address, *account)?;
    }
    for ((address, slot), value) in &changes.storage {
        write_word(db, *address, *slot, *value)?;
    }
    Ok(())
}

fn write_account(db: &Connection, address: Address, account: Option<Account>) -> Result<(), StorageError> {
    let Some(Account { nonce, balance, code_hash }) = account else {
        db.prepare_cached("DELETE FROM accounts WHERE address = ?")?.execute([address.as_slice()])?;
        return Ok(());
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO accounts (address, nonce, balance, code_hash) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![
        address.as_slice(),
        rows::integer(nonce)?,
        rows::word(balance),
        code_hash.as_slice()
    ])?;
    Ok(())
}

fn write_word(db: &Connection, address: Address, slot: U256, value: U256) -> Result<(), StorageError> {
    if value.is_zero() {
        db.prepare_cached("DELETE FROM storage WHERE address = ? AND slot = ?")?
            .execute(params![address.as_slice(), rows::word(slot)])?;
        return Ok(());
    }
    db.prepare_cached("INSERT OR REPLACE INTO storage (address, slot, value) VALUES (?, ?, ?)")?
        .execute(params![address.as_slice(), rows::word(slot), rows::word(value)])?;
    Ok(())
}
