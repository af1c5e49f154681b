//! A device's blocks.

use alloy_primitives::B256;
use rusqlite::{OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::record::VERDICT;
use crate::index::IndexError;
use crate::index::words::Taking;
use crate::reader::{Listed, Page, Reader, count};

/// A block of a device, with what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnBlock {
    /// Its epoch.
    pub epoch: u32,
    /// Its order there.
    pub order: u32,
    /// What its marks weigh.
    pub weight: u16,
    /// `honest` or `malicious` if it was decided; else `passed`; else `final`: honest for good without a decision; else
    /// `open`.
    pub verdict: String,
}

impl Reader {
    /// The blocks of the seat that a device is bound to, or else of the newest that claims it, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn blocks_of(&self, device_id: B256, page: Page) -> Result<Option<Listed<OwnBlock>>, IndexError> {
        self.at_once(|db| {
            let sql = "SELECT seat FROM seats WHERE device_id = ? ORDER BY admitted DESC, seat DESC LIMIT 1";
            let mut found = db.prepare_cached(sql)?;
            let seat: Option<u32> = found.query_row([device_id.as_slice()], |row| row.get(0)).optional()?;
            let Some(seat) = seat else { return Ok(None) };
            let total = count(db, "SELECT count(*) FROM blocks WHERE seat = ?", [seat])?;
            let sql = format!(
                "SELECT epoch, block_order, weight, {VERDICT} FROM blocks WHERE seat = ? \
                ORDER BY epoch DESC LIMIT ? OFFSET ?"
            );
            let mut found = db.prepare_cached(&sql)?;
            let items = found.query_map([seat, page.limit, page.offset], read)?;
            Ok(Some(Listed::new(items.collect::<rusqlite::Result<_>>()?, total, page)))
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<OwnBlock> {
    let mut row = Taking::of(row);
    Ok(OwnBlock { epoch: row.next()?, order: row.next()?, weight: row.next()?, verdict: row.next()? })
}
