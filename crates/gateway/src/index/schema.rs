//! The file's layout.
//!
//! Hashes, addresses and keys are their bytes; amounts and powers are big-endian bytes, which sort as they should; all else
//! is `SQLite` integers and text. Every row says in `told_block` in which of the chain's blocks it was first told.
//!
//! **Going back.** Rows of [`GROWING`] tables never change. Of the [`CHANGING`] ones, a trigger keeps what a row was before
//! each of the chain's newest blocks changed it, in a table named after it with `_before` added. So to forget those blocks
//! is to delete the rows that they told and to put back what they changed.

use rusqlite::Connection;

/// Marks a file as an index in `SQLite`'s header: the letters `MTgw`.
pub(super) const APPLICATION_ID: i64 = 0x4D54_6777;

/// Version of the layout below. A file of another version is refused.
pub(super) const VERSION: i64 = 2;

/// Tables whose rows change, with their keys.
pub(super) const CHANGING: [(&str, &[&str]); 4] = [
    ("network", &["only_row"]),
    ("seats", &["seat"]),
    ("epochs", &["epoch"]),
    ("blocks", &["epoch", "block_order"]),
];

/// Tables that only grow.
pub(super) const GROWING: [&str; 5] = ["log", "steps", "rewards", "changes", "content"];

/// `binding` and `place` have one row; `network` has one as soon as the contract is deployed.
const CREATE: &str = "
CREATE TABLE binding (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 0),
    chain_id BLOB NOT NULL,
    contract BLOB NOT NULL
) STRICT;

-- The chain's block that is being read, and the newest that cannot be taken back.
CREATE TABLE place (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 0),
    reading  INTEGER NOT NULL,
    sunk     INTEGER NOT NULL
) STRICT;
INSERT INTO place VALUES (0, -1, -1);

-- Blocks of the chain by which forks are told apart. The last is the newest that was read.
CREATE TABLE trail (
    number      INTEGER PRIMARY KEY,
    hash        BLOB NOT NULL,
    timestamp_s INTEGER
) STRICT;

CREATE TABLE network (
    only_row         INTEGER PRIMARY KEY CHECK (only_row = 0),
    told_block       INTEGER NOT NULL,
    registry         BLOB NOT NULL,
    token            BLOB NOT NULL,
    owner            BLOB NOT NULL,
    pending_owner    BLOB NOT NULL,
    genesis_s        INTEGER NOT NULL,
    epoch_seconds    INTEGER NOT NULL,
    retention_epochs INTEGER NOT NULL,
    max_seats        INTEGER NOT NULL,
    parameters       TEXT NOT NULL,
    announced_from   INTEGER,
    announced        TEXT,
    paused           INTEGER NOT NULL,
    last_opened      INTEGER,
    standstill_epoch INTEGER,
    policy_digest    BLOB NOT NULL,
    reference_digest BLOB NOT NULL,
    reference_values TEXT NOT NULL
) STRICT;

CREATE TABLE seats (
    seat              INTEGER PRIMARY KEY,
    told_block        INTEGER NOT NULL,
    device_id         BLOB NOT NULL,
    provider          BLOB NOT NULL,
    operator          BLOB NOT NULL,
    incarnation       BLOB NOT NULL,
    measurement       BLOB NOT NULL,
    certificates_hash BLOB NOT NULL,
    last_digest       BLOB NOT NULL,
    last_epoch        INTEGER,
    last_good_epoch   INTEGER,
    since_epoch       INTEGER NOT NULL,
    admitted          INTEGER NOT NULL,
    probation         INTEGER NOT NULL,
    suspended         INTEGER NOT NULL,
    suspended_epoch   INTEGER NOT NULL,
    blocked           INTEGER NOT NULL,
    exiting           INTEGER NOT NULL,
    paid_out          INTEGER NOT NULL,
    unbonded_epoch    INTEGER NOT NULL,
    score             INTEGER NOT NULL,
    streak            INTEGER NOT NULL,
    penalties         INTEGER NOT NULL,
    verified_power    BLOB NOT NULL,
    power_unverified  INTEGER NOT NULL,
    off_epoch         INTEGER NOT NULL,
    deposit           BLOB NOT NULL,
    tier              TEXT NOT NULL,
    operational       INTEGER NOT NULL,
    -- When its device id was bound to it last.
    admitted_epoch    INTEGER,
    -- What its blocks took out of pots for it.
    earned            BLOB NOT NULL,
    -- What the evidence of its newest block claims to be of.
    tee               TEXT
) STRICT;
CREATE INDEX seats_by_device ON seats (device_id);
CREATE INDEX seats_by_tier ON seats (tier, score);
CREATE INDEX seats_by_score ON seats (score, seat);
CREATE INDEX seats_by_good ON seats (coalesce(last_good_epoch, -1), seat);
CREATE INDEX seats_by_provider ON seats (provider);
CREATE INDEX seats_by_operator ON seats (operator);
CREATE INDEX seats_by_incarnation ON seats (incarnation);
CREATE INDEX seats_operational ON seats (last_epoch, operational) WHERE operational;
CREATE INDEX seats_by_tee ON seats (tee);
CREATE INDEX seats_exiting ON seats (seat) WHERE exiting;

CREATE TABLE epochs (
    epoch             INTEGER PRIMARY KEY,
    told_block        INTEGER NOT NULL,
    seed_block        INTEGER NOT NULL,
    roster_epoch      INTEGER NOT NULL,
    roster_size       INTEGER NOT NULL,
    window_start      INTEGER NOT NULL,
    window_size       INTEGER NOT NULL,
    decision_marks    INTEGER NOT NULL,
    latest_checks     INTEGER NOT NULL,
    suspicious_checks INTEGER NOT NULL,
    pot               BLOB NOT NULL,
    policy_digest     BLOB NOT NULL,
    reference_digest  BLOB NOT NULL,
    seed              BLOB,
    root              BLOB,
    -- Blocks of it: how many, and what became of them.
    published         INTEGER NOT NULL DEFAULT 0,
    passed            INTEGER NOT NULL DEFAULT 0,
    honest            INTEGER NOT NULL DEFAULT 0,
    malicious         INTEGER NOT NULL DEFAULT 0,
    -- What they weigh together.
    weight            INTEGER NOT NULL DEFAULT 0,
    -- How many took something out of its pot, and how much together.
    rewards           INTEGER NOT NULL DEFAULT 0,
    rewarded          BLOB NOT NULL DEFAULT x'00000000000000000000000000000000'
) STRICT;
CREATE INDEX epochs_by_roster ON epochs (roster_epoch, epoch);

CREATE TABLE blocks (
    epoch             INTEGER NOT NULL,
    block_order       INTEGER NOT NULL,
    told_block        INTEGER NOT NULL,
    seat              INTEGER NOT NULL,
    digest            BLOB NOT NULL,
    previous_digest   BLOB NOT NULL,
    incarnation       BLOB NOT NULL,
    measurement       BLOB NOT NULL,
    weight            INTEGER NOT NULL,
    power             BLOB NOT NULL,
    off               INTEGER NOT NULL,
    properties_digest BLOB NOT NULL,
    marks             BLOB NOT NULL,
    latest_bindings   BLOB NOT NULL,
    r                 BLOB NOT NULL,
    vs                BLOB NOT NULL,
    evidence_hash     BLOB NOT NULL,
    certificates_hash BLOB NOT NULL,
    log_position      INTEGER,
    passed            INTEGER NOT NULL,
    decided           TEXT CHECK (decided IN ('honest', 'malicious')),
    final             INTEGER NOT NULL,
    PRIMARY KEY (epoch, block_order)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX blocks_by_seat ON blocks (seat, epoch);
CREATE INDEX blocks_by_digest ON blocks (digest);
-- Each holds all that its condition asks, so that no row is looked up to count.
CREATE INDEX blocks_unjudged ON blocks (epoch, passed, decided, log_position, final)
    WHERE NOT passed AND decided IS NULL AND log_position IS NULL AND NOT final;
CREATE INDEX blocks_judged_twice ON blocks (epoch, passed, decided) WHERE passed AND decided IS NOT NULL;
CREATE INDEX blocks_undecided ON blocks (epoch, log_position, decided) WHERE log_position IS NOT NULL AND decided IS NULL;

-- The suspicious log (R8).
CREATE TABLE log (
    position    INTEGER PRIMARY KEY,
    told_block  INTEGER NOT NULL,
    log_index   INTEGER NOT NULL,
    seat        INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    block_order INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT;
CREATE INDEX log_by_telling ON log (told_block, log_index);
CREATE INDEX log_by_seat ON log (seat, told_block, log_index);
CREATE INDEX log_by_block ON log (epoch, block_order);
CREATE INDEX log_by_epoch ON log (epoch, told_block, log_index);

-- How scores came about: each line with its arithmetic (R9, R11).
CREATE TABLE steps (
    told_block    INTEGER NOT NULL,
    log_index     INTEGER NOT NULL,
    seat          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    cause         TEXT NOT NULL,
    rule          TEXT NOT NULL,
    positive      INTEGER,
    negative      INTEGER,
    marks         INTEGER,
    validity      INTEGER,
    judgement     INTEGER,
    target        INTEGER,
    gain_bps      INTEGER,
    full_streak   INTEGER,
    score_before  INTEGER NOT NULL,
    streak_before INTEGER NOT NULL,
    score         INTEGER NOT NULL,
    streak        INTEGER NOT NULL,
    PRIMARY KEY (told_block, log_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX steps_by_seat ON steps (seat, told_block, log_index);
CREATE INDEX steps_by_block ON steps (epoch, seat);
-- Decisions: they alone tell weights.
CREATE INDEX decisions ON steps (told_block, log_index) WHERE positive IS NOT NULL;
CREATE INDEX decisions_by_seat ON steps (seat, told_block, log_index) WHERE positive IS NOT NULL;
CREATE INDEX decisions_by_epoch ON steps (epoch, told_block, log_index) WHERE positive IS NOT NULL;

-- What blocks took out of their epochs' pots, in the token's smallest unit; for carry if the seat does not get it (R12).
CREATE TABLE rewards (
    told_block INTEGER NOT NULL,
    log_index  INTEGER NOT NULL,
    seat       INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    amount     BLOB NOT NULL,
    to_seat    INTEGER NOT NULL,
    PRIMARY KEY (told_block, log_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX rewards_by_seat ON rewards (seat, epoch);
CREATE INDEX rewards_by_epoch ON rewards (epoch, told_block, log_index);

-- All other events, in the chain's order: seats, penalties, restarts, payments, parameters, documents.
CREATE TABLE changes (
    told_block INTEGER NOT NULL,
    log_index  INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    seat       INTEGER,
    epoch      INTEGER,
    detail     TEXT NOT NULL,
    PRIMARY KEY (told_block, log_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX changes_by_seat ON changes (seat, told_block, log_index);
CREATE INDEX changes_by_epoch ON changes (epoch, told_block, log_index);

-- What hashes stand for (keccak256).
CREATE TABLE content (
    hash       BLOB NOT NULL UNIQUE,
    told_block INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    bytes      BLOB NOT NULL
) STRICT;
";

/// Makes tables, triggers and mark.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(CREATE)?;
    for (table, keys) in CHANGING {
        db.execute_batch(&keeping(table, keys))?;
    }
    for table in CHANGING.map(|(table, _)| table).into_iter().chain(GROWING) {
        if !matches!(table, "log" | "steps" | "rewards" | "changes") {
            db.execute_batch(&format!("CREATE INDEX {table}_by_telling ON {table} (told_block);"))?;
        }
    }
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    db.pragma_update(None, "user_version", VERSION)
}

/// Keeps what a row was before the block that is being read: once, and only if that block may be taken back.
fn keeping(table: &str, keys: &[&str]) -> String {
    let (list, same) = (keys.join(", "), same_key(keys, table, "old"));
    format!(
        "CREATE TABLE {table}_before AS SELECT 0 AS changed_in, * FROM {table} LIMIT 0;
        CREATE UNIQUE INDEX {table}_before_key ON {table}_before ({list}, changed_in);
        CREATE INDEX {table}_before_by_change ON {table}_before (changed_in);
        CREATE TRIGGER {table}_keeping BEFORE UPDATE ON {table}
        WHEN (SELECT old.told_block < reading AND reading > sunk FROM place)
        BEGIN
            INSERT OR IGNORE INTO {table}_before
            SELECT (SELECT reading FROM place), {table}.* FROM {table} WHERE {same};
        END;"
    )
}

/// Whether two rows have the same key.
pub(super) fn same_key(keys: &[&str], one: &str, other: &str) -> String {
    let pairs: Vec<String> = keys.iter().map(|key| format!("{one}.{key} = {other}.{key}")).collect();
    pairs.join(" AND ")
}
