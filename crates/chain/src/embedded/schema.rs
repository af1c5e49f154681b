//! The file's layout.
//!
//! Keys are the bytes the chain uses; amounts and words are 32 bytes, big-endian; numbers are `SQLite`
//! integers. Zero words and empty accounts are not stored. A log's transaction is its block's.

/// Marks a file as ours in `SQLite`'s header: the letters `MTee`.
pub(super) const APPLICATION_ID: i64 = 0x4D54_6565;

/// Version of the layout below. A file of another version is refused.
pub(super) const VERSION: i64 = 1;

/// Makes the tables.
pub(super) const CREATE: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    address   BLOB PRIMARY KEY,
    nonce     INTEGER NOT NULL,
    balance   BLOB NOT NULL,
    code_hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE code (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE storage (
    address BLOB NOT NULL,
    slot    BLOB NOT NULL,
    value   BLOB NOT NULL,
    PRIMARY KEY (address, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
    number           INTEGER PRIMARY KEY,
    hash             BLOB NOT NULL,
    parent           BLOB NOT NULL,
    timestamp_s      INTEGER NOT NULL,
    transaction_hash BLOB
) STRICT;

CREATE TABLE receipts (
    transaction_hash BLOB PRIMARY KEY,
    block            INTEGER NOT NULL,
    sender           BLOB NOT NULL,
    recipient        BLOB,
    created          BLOB,
    gas_used         INTEGER NOT NULL,
    gas_price_wei    INTEGER NOT NULL,
    outcome          INTEGER NOT NULL,
    revert_data      BLOB NOT NULL
) STRICT;

CREATE TABLE logs (
    block     INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    address   BLOB NOT NULL,
    topic0    BLOB,
    topic1    BLOB,
    topic2    BLOB,
    topic3    BLOB,
    data      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX logs_by_place ON logs (block, position);
CREATE INDEX logs_by_source ON logs (address, topic0, block, position);
";
