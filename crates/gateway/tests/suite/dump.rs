//! All that is in an index, as text.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Tables of the history: all but those that tell how it was read.
const TABLES: [&str; 9] =
    ["network", "seats", "epochs", "blocks", "log", "steps", "rewards", "changes", "content"];

/// Every row of the history, in a fixed order.
pub(crate) fn dump(path: &Path) -> Vec<String> {
    let db = Connection::open(path).expect("an index");
    TABLES.iter().flat_map(|table| rows(&db, table)).collect()
}

fn rows(db: &Connection, table: &str) -> Vec<String> {
    let mut found = db.prepare(&format!("SELECT * FROM {table}")).expect("a table");
    let width = found.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let value = |column| match row.get_ref(column)? {
            ValueRef::Blob(bytes) => Ok(alloy_primitives::hex::encode(bytes)),
            other => Ok(format!("{other:?}")),
        };
        (0..width).map(value).collect::<rusqlite::Result<Vec<_>>>()
    };
    let rows = found.query_map([], row).expect("rows");
    let mut rows: Vec<String> =
        rows.map(|row| format!("{table}: {}", row.expect("a row").join(" "))).collect();
    rows.sort();
    rows
}

/// One number.
pub(crate) fn count(path: &Path, query: &str) -> i64 {
    Connection::open(path).expect("an index").query_row(query, [], |row| row.get(0)).expect("a number")
}
