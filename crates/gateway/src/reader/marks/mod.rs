//! Who marked whom. What a mark is about follows from the epoch's root (R4), and is not stored.

mod opened;
mod received;

use multee_protocol::{Check, Mark as Verdict, Marks};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Listed, Page, Reader, count};
use crate::index::IndexError;
use crate::index::error::Fault;
use crate::index::words::Taking;

pub(super) use opened::Opened;
pub(super) use received::worst;
pub use received::{ReceivedMark, ReceivedMarks};

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

impl Reader {
    /// The blocks of an epoch, by order, with the marks that they gave; `None` if it was not opened.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn marks(&self, epoch: u32, page: Page) -> Result<Option<Listed<MarkedBlock>>, IndexError> {
        self.at_once(|db| {
            let Some(opened) = Opened::find(db, epoch)? else { return Ok(None) };
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

impl Opened {
    fn marked(
        &self,
        db: &Connection,
        (order, seat, weight, marks, rank): Given,
    ) -> Result<MarkedBlock, Fault> {
        let mut block = MarkedBlock { order, seat, weight, marks: Vec::new() };
        // Who has no rank gave no marks.
        let assignment = rank.and_then(|rank| self.assignment(rank));
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
                let position = self.position(entry);
                Ok(logged(db, position)?.map(|id| (id, Some(position))))
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
