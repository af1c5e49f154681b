//! Forgetting the chain's newest blocks, and that the older ones could be forgotten.

use rusqlite::{Connection, params};

use super::schema::{CHANGING, GROWING, same_key};

/// Forgets all that was told in blocks after this one: the tables are as they were when it was the newest.
pub(super) fn rewind(db: &Connection, to: i64) -> rusqlite::Result<()> {
    for table in GROWING {
        db.execute(&format!("DELETE FROM {table} WHERE told_block > ?"), [to])?;
    }
    for (table, keys) in CHANGING {
        db.execute(&format!("DELETE FROM {table} WHERE told_block > ?"), [to])?;
        put_back(db, table, keys, to)?;
        db.execute(&format!("DELETE FROM {table}_before WHERE changed_in > ?"), [to])?;
    }
    db.execute("DELETE FROM trail WHERE number > ?", [to])?;
    db.execute("UPDATE place SET reading = ?", [to])?;
    Ok(())
}

/// Each row as it was before the first of the forgotten blocks that changed it.
fn put_back(db: &Connection, table: &str, keys: &[&str], to: i64) -> rusqlite::Result<()> {
    let columns: String =
        db.query_row("SELECT group_concat(name) FROM pragma_table_info(?)", [table], |row| row.get(0))?;
    let same = same_key(keys, "earlier", "kept");
    let sql = format!(
        "INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}_before AS kept
        WHERE changed_in > ?1 AND told_block <= ?1 AND NOT EXISTS (
            SELECT 1 FROM {table}_before AS earlier
            WHERE {same} AND earlier.changed_in > ?1 AND earlier.changed_in < kept.changed_in)"
    );
    db.execute(&sql, [to])?;
    Ok(())
}

/// Blocks up to this one can be taken back no more.
pub(super) fn sink(db: &Connection, deepest: i64) -> rusqlite::Result<()> {
    for (table, _) in CHANGING {
        db.execute(&format!("DELETE FROM {table}_before WHERE changed_in <= ?"), [deepest])?;
    }
    // The newest of them stays: it tells whether too much was taken back.
    let newest = "SELECT max(number) FROM trail WHERE number <= ?";
    db.execute(&format!("DELETE FROM trail WHERE number < ({newest})"), [deepest])?;
    db.execute("UPDATE place SET sunk = max(sunk, ?)", params![deepest])?;
    Ok(())
}
