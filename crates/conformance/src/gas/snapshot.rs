//! The committed table: as JSON, which is compared, and as the table in docs/gas.md, which is read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Table;

const BEGIN: &str = "<!-- table: cargo xtask gas --write -->\n";
const END: &str = "<!-- end -->\n";

/// Where the committed table is.
#[derive(Clone, Debug)]
pub struct Snapshot {
    json: PathBuf,
    page: PathBuf,
}

/// Why a snapshot cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The JSON is no table.
    #[error("{}: {source}", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The page has no place for the table.
    #[error("{}: the marks around the table are missing", .0.display())]
    NoPlace(PathBuf),
}

impl Default for Snapshot {
    fn default() -> Self {
        Self::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
    }
}

impl Snapshot {
    fn of(workspace: &Path) -> Self {
        Self { json: workspace.join("crates/conformance/gas.json"), page: workspace.join("docs/gas.md") }
    }

    /// The committed table.
    ///
    /// # Errors
    /// When it cannot be read or is no table.
    pub fn read(&self) -> Result<Table, SnapshotError> {
        serde_json::from_str(&text(&self.json)?)
            .map_err(|source| SnapshotError::Json { path: self.json.clone(), source })
    }

    /// Whether the page shows the committed table.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn page_is_current(&self) -> Result<bool, SnapshotError> {
        let page = text(&self.page)?;
        Ok(self.with_table(&page, &self.read()?)? == page)
    }

    /// Keeps `table`, in both places.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn write(&self, table: &Table) -> Result<(), SnapshotError> {
        let page = self.with_table(&text(&self.page)?, table)?;
        let json = serde_json::to_string_pretty(table)
            .map_err(|source| SnapshotError::Json { path: self.json.clone(), source })?;
        for (path, text) in [(&self.json, json + "\n"), (&self.page, page)] {
            fs::write(path, text).map_err(|source| SnapshotError::File { path: path.clone(), source })?;
        }
        Ok(())
    }

    fn with_table(&self, page: &str, table: &Table) -> Result<String, SnapshotError> {
        let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(END)?;
            Some(format!("{before}{BEGIN}{}{END}{after}", table.to_markdown()))
        });
        parts.ok_or_else(|| SnapshotError::NoPlace(self.page.clone()))
    }
}

fn text(path: &Path) -> Result<String, SnapshotError> {
    fs::read_to_string(path).map_err(|source| SnapshotError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_shows_the_committed_table_and_it_keeps_its_promises() {
        let snapshot = Snapshot::default();
        assert!(snapshot.page_is_current().expect("both are there"), "cargo xtask gas --write");
        let table = snapshot.read().expect("a table");
        assert_eq!(table.broken_promises(), Vec::<String>::new());
        for (call, _) in super::super::CALLS {
            for seats in [58, 1000, 10_000] {
                assert!(table.get(call, seats).is_some(), "{call} at {seats} seats was measured");
            }
        }
    }

    #[test]
    fn page_without_a_place_is_refused() {
        let snapshot = Snapshot::default();
        let error = snapshot.with_table("no marks", &Table::default()).expect_err("refused");
        assert!(error.to_string().ends_with("the marks around the table are missing"), "{error}");
    }
}
