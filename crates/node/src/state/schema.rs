//! The file's layout.
//!
//! Hashes, addresses and keys are their bytes, amounts big-endian bytes, numbers `SQLite` integers, paths the bytes that
//! the system has for them.

/// Marks a file as a controller's state in `SQLite`'s header: the letters `MTst`.
pub(super) const APPLICATION_ID: i64 = 0x4D54_7374;

/// Version of the layout below. A file of another version is refused.
pub(super) const VERSION: i64 = 1;

/// Makes the tables. `binding` and `attempts` have one row, `applications` one for each role.
pub(super) const CREATE: &str = "
CREATE TABLE binding (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 0),
    chain_id BLOB NOT NULL,
    contract BLOB NOT NULL,
    seat     INTEGER NOT NULL
) STRICT;

CREATE TABLE entries (
    id        BLOB PRIMARY KEY,
    written   INTEGER NOT NULL,
    sender    BLOB NOT NULL,
    nonce     BLOB NOT NULL,
    recipient BLOB,
    data      BLOB NOT NULL,
    value     BLOB NOT NULL,
    gas_limit INTEGER NOT NULL,
    once_key  BLOB,
    settled   INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_by_sender ON entries (settled, sender, nonce);

CREATE TABLE attempts (
    entry    BLOB NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    cap_wei  BLOB NOT NULL,
    tip_wei  BLOB NOT NULL,
    raw      BLOB NOT NULL,
    PRIMARY KEY (entry, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE applications (
    role        TEXT PRIMARY KEY CHECK (role IN ('running', 'restart')),
    incarnation BLOB NOT NULL,
    measurement BLOB NOT NULL,
    socket      BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE boots (
    only_row      INTEGER PRIMARY KEY CHECK (only_row = 0),
    unrecovered   INTEGER NOT NULL,
    last_boot_s   INTEGER NOT NULL,
    restart_epoch INTEGER NOT NULL,
    restarts      INTEGER NOT NULL
) STRICT;
";
