//! Who marked whom in an epoch. What a mark is about follows from the epoch's root (R4), and is not stored.

use alloy_primitives::B256;
use multee_protocol::{Assignment, Check, EpochSnapshot, Mark as Verdict, Marks};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Listed, Page, Reader, count};
use crate::index::IndexError;
use crate::index::error::Fault;
use crate::index::words::Taking;

/// A block and the marks that it gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarkedBlock {
    /// The block's order in the epoch.
    pub order: u32,
    /// Its seat.
    pub seat: u32,
    /// What its marks weigh.
    pub weight: u16,
    /// The marks, abstentions left out.
    pub marks: Vec<Mark>,
}

/// A mark on a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mark {
    /// Its place among the block's 64.
    pub place: usize,
    /// What it says, and why (4.6).
    pub mark: &'static str,
    /// The epoch of the block that it is about.
    pub epoch: u32,
    /// That block's order.
    pub order: u32,
    /// That block's seat.
    pub seat: u32,
    /// The log position by which it was assigned; `null` for a latest block.
    pub log_position: Option<u64>,
}

/// An epoch as assignments need it.
struct Opened {
    roster_epoch: u32,
    window_start: u64,
    snapshot: EpochSnapshot,
}

impl Reader {
    /// The blocks of an epoch, by order, with the marks that they gave; `None` if it was not opened.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn marks(&self, epoch: u32, page: Page) -> Result<Option<Listed<MarkedBlock>>, IndexError> {
        self.at_once(|db| {
            let Some(opened) = opened(db, epoch)? else { return Ok(None) };
            let total = count(db, "SELECT count(*) FROM blocks WHERE epoch = ?", [epoch])?;
            let sql = "SELECT block_order, seat, weight, marks, (SELECT block_order FROM blocks AS latest \
                WHERE latest.seat = blocks.seat AND latest.epoch = ?1) FROM blocks WHERE epoch = ?2 \
                ORDER BY block_order LIMIT ?3 OFFSET ?4";
            let mut found = db.prepare_cached(sql)?;
            let values = [opened.roster_epoch, epoch, page.limit, page.offset];
            let rows = found.query_map(values, given)?.collect::<rusqlite::Result<Vec<_>>>()?;
            let marked = rows.into_iter().map(|given| opened.marked(db, given));
            Ok(Some(Listed::new(marked.collect::<Result<_, _>>()?, total, page)))
        })
    }
}

/// A block's epoch and order, and the log position by which it was assigned, if it was by one.
type Target = ((u32, u32), Option<u64>);

/// What a block gave: order, seat, weight, marks, and its seat's order in the roster's epoch.
type Given = (u32, u32, u16, Marks, Option<u32>);

fn given(row: &Row<'_>) -> rusqlite::Result<Given> {
    let mut row = Taking::of(row);
    let (order, seat, weight) = (row.next()?, row.next()?, row.next()?);
    Ok((order, seat, weight, Marks(row.hash()?.into()), row.next()?))
}

fn opened(db: &Connection, epoch: u32) -> Result<Option<Opened>, Fault> {
    let sql = "SELECT root, roster_epoch, roster_size, window_start, window_size, decision_marks, latest_checks, \
        suspicious_checks FROM epochs WHERE epoch = ? AND root IS NOT NULL";
    let read = |row: &Row<'_>| {
        let mut row = Taking::of(row);
        let root: B256 = row.hash()?;
        let (roster_epoch, roster_size, window_start) = (row.next()?, row.next()?, row.number()?);
        let snapshot = EpochSnapshot {
            root,
            roster_size,
            window_size: row.next()?,
            effective_decision_marks: row.next()?,
            latest_checks: row.next()?,
            suspicious_checks: row.next()?,
        };
        Ok(Opened { roster_epoch, window_start, snapshot })
    };
    Ok(db.prepare_cached(sql)?.query_row([epoch], read).optional()?)
}

impl Opened {
    fn marked(
        &self,
        db: &Connection,
        (order, seat, weight, marks, rank): Given,
    ) -> Result<MarkedBlock, Fault> {
        let mut block = MarkedBlock { order, seat, weight, marks: Vec::new() };
        // Who has no rank gave no marks.
        let assignment = rank.and_then(|rank| Assignment::new(&self.snapshot, rank).ok());
        let Some(assignment) = assignment else { return Ok(block) };
        for (place, code) in marks.given() {
            let Some((id, log_position)) = self.target(db, assignment.check(place))? else { continue };
            let Ok(mark) = Verdict::from_code(code) else { continue };
            let (epoch, order) = id;
            let Some(seat) = seat_of(db, id)? else { continue };
            block.marks.push(Mark { place, mark: mark.name(), epoch, order, seat, log_position });
        }
        Ok(block)
    }

    /// The block that a place is about.
    fn target(&self, db: &Connection, check: Option<Check>) -> Result<Option<Target>, Fault> {
        match check {
            Some(Check::Latest { rank }) => Ok(Some(((self.roster_epoch, rank), None))),
            Some(Check::Suspicious { entry }) => {
                let position = self.window_start.saturating_add(entry.into());
                let logged = logged(db, position)?;
                Ok(logged.map(|id| (id, Some(position))))
            }
            Some(Check::Empty) | None => Ok(None),
        }
    }
}

fn logged(db: &Connection, position: u64) -> Result<Option<(u32, u32)>, Fault> {
    let Ok(position) = i64::try_from(position) else { return Ok(None) };
    let mut found = db.prepare_cached("SELECT epoch, block_order FROM log WHERE position = ?")?;
    Ok(found.query_row([position], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn seat_of(db: &Connection, (epoch, order): (u32, u32)) -> Result<Option<u32>, Fault> {
    let mut found = db.prepare_cached("SELECT seat FROM blocks WHERE epoch = ? AND block_order = ?")?;
    Ok(found.query_row([epoch, order], |row| row.get(0)).optional()?)
}
