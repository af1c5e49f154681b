//! An epoch as assignments need it.

use alloy_primitives::B256;
use multee_protocol::{Assignment, Check, EpochSnapshot, Permutation, TabulatedPermutation, checkers};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::index::error::Fault;
use crate::index::words::Taking;

/// An opened epoch as assignments need it.
pub(in crate::reader) struct Opened {
    pub(in crate::reader) epoch: u32,
    pub(in crate::reader) roster_epoch: u32,
    pub(in crate::reader) window_start: u64,
    pub(in crate::reader) snapshot: EpochSnapshot,
    order: TabulatedPermutation,
}

const SELECT: &str = "SELECT epoch, root, roster_epoch, roster_size, window_start, window_size, decision_marks, \
    latest_checks, suspicious_checks FROM epochs WHERE root IS NOT NULL";

fn read(row: &Row<'_>) -> rusqlite::Result<Opened> {
    let mut row = Taking::of(row);
    let (epoch, root): (u32, B256) = (row.next()?, row.hash()?);
    let (roster_epoch, roster_size, window_start) = (row.next()?, row.next()?, row.number()?);
    let snapshot = EpochSnapshot {
        root,
        roster_size,
        window_size: row.next()?,
        effective_decision_marks: row.next()?,
        latest_checks: row.next()?,
        suspicious_checks: row.next()?,
    };
    let order = Permutation::new(root, roster_size).into();
    Ok(Opened { epoch, roster_epoch, window_start, snapshot, order })
}

impl Opened {
    /// The epoch, if it was opened.
    pub(in crate::reader) fn find(db: &Connection, epoch: u32) -> Result<Option<Self>, Fault> {
        let mut found = db.prepare_cached(&format!("{SELECT} AND epoch = ?"))?;
        Ok(found.query_row([epoch], read).optional()?)
    }

    /// Those that checked the blocks of an epoch as latest ones.
    pub(super) fn with_roster(db: &Connection, roster_epoch: u32) -> Result<Vec<Self>, Fault> {
        let sql = format!("{SELECT} AND roster_epoch = ?1 AND epoch > ?1 ORDER BY epoch");
        let mut found = db.prepare_cached(&sql)?;
        Ok(found.query_map([roster_epoch], read)?.collect::<rusqlite::Result<_>>()?)
    }

    /// Those that have this log position in their windows.
    pub(super) fn with_position(db: &Connection, position: i64) -> Result<Vec<Self>, Fault> {
        let sql =
            format!("{SELECT} AND window_start <= ?1 AND window_start + window_size > ?1 ORDER BY epoch");
        let mut found = db.prepare_cached(&sql)?;
        Ok(found.query_map([position], read)?.collect::<rusqlite::Result<_>>()?)
    }

    /// What the seat with this rank checks.
    pub(in crate::reader) fn assignment(&self, rank: u32) -> Option<Assignment<&TabulatedPermutation>> {
        Assignment::in_order(&self.snapshot, &self.order, rank).ok()
    }

    /// The log position of an entry of its window.
    pub(super) fn position(&self, entry: u32) -> u64 {
        self.window_start.saturating_add(entry.into())
    }

    /// Ranks that check this, and the places of their marks.
    pub(super) fn checkers(&self, check: Check) -> Vec<(u32, usize)> {
        // What does not fit was checked by nobody.
        checkers(&self.snapshot, &self.order, check).unwrap_or_default()
    }
}
