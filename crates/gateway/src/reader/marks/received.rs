//! The marks on a block.

use alloy_primitives::B256;
use multee_protocol::{Check, Mark as Verdict, Marks};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use utoipa::ToSchema;

use super::Opened;
use crate::index::IndexError;
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::reader::Reader;
use crate::shown::Hash;

/// The marks on a block, in the order of the epochs in which they were given, abstentions left out. Not all of them
/// counted (R4): no event tells which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceivedMarks {
    /// The block's epoch.
    pub epoch: u32,
    /// Its order there.
    pub order: u32,
    /// Its seat.
    pub seat: u32,
    /// The marks.
    pub marks: Vec<ReceivedMark>,
}

/// A mark and who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceivedMark {
    /// The epoch in which it was given.
    pub epoch: u32,
    /// The order of the block that gave it.
    pub order: u32,
    /// That block's seat.
    pub seat: u32,
    /// That seat's device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// What that block's marks weigh.
    pub weight: u16,
    /// What the mark says, and why (4.6).
    pub mark: &'static str,
    /// The log position by which it was assigned; `null` for a latest block.
    pub log_position: Option<u64>,
}

impl Reader {
    /// The marks on a block.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn marks_on(&self, epoch: u32, order: u32) -> Result<Option<ReceivedMarks>, IndexError> {
        self.at_once(|db| {
            let sql = "SELECT seat FROM blocks WHERE epoch = ? AND block_order = ?";
            let seat = db.prepare_cached(sql)?.query_row([epoch, order], |row| row.get(0)).optional()?;
            let Some(seat) = seat else { return Ok(None) };
            Ok(Some(ReceivedMarks { epoch, order, seat, marks: received(db, epoch, order)? }))
        })
    }
}

/// The marks on a block.
pub(super) fn received(db: &Connection, epoch: u32, order: u32) -> Result<Vec<ReceivedMark>, Fault> {
    let mut marks = Vec::new();
    for opened in Opened::with_roster(db, epoch)? {
        collect(db, &opened, Check::Latest { rank: order }, None, &mut marks)?;
    }
    for position in positions(db, epoch, order)? {
        for opened in Opened::with_position(db, position)? {
            let position = u64::try_from(position).unwrap_or(0);
            let Ok(entry) = u32::try_from(position.saturating_sub(opened.window_start)) else { continue };
            collect(db, &opened, Check::Suspicious { entry }, Some(position), &mut marks)?;
        }
    }
    marks.sort_by_key(|mark| (mark.epoch, mark.order));
    Ok(marks)
}

/// The name of the negative mark that most gave a block; `None` if nobody gave one.
pub(in crate::reader) fn worst(
    db: &Connection,
    epoch: u32,
    order: u32,
) -> Result<Option<&'static str>, Fault> {
    let marks = received(db, epoch, order)?;
    let negative = || marks.iter().map(|mark| mark.mark).filter(|mark| *mark != Verdict::Valid.name());
    let times = |name: &str| negative().filter(|mark| *mark == name).count();
    Ok(negative().max_by_key(|name| (times(name), *name)))
}

/// Where the log has a block.
fn positions(db: &Connection, epoch: u32, order: u32) -> Result<Vec<i64>, Fault> {
    let sql = "SELECT position FROM log WHERE epoch = ? AND block_order = ? ORDER BY position";
    let mut found = db.prepare_cached(sql)?;
    Ok(found.query_map([epoch, order], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The marks that those gave who were assigned a check.
fn collect(
    db: &Connection,
    opened: &Opened,
    check: Check,
    log_position: Option<u64>,
    marks: &mut Vec<ReceivedMark>,
) -> Result<(), Fault> {
    let sql = "SELECT given.block_order, given.seat, device_id, given.weight, given.marks FROM blocks AS ranked \
        JOIN blocks AS given ON given.seat = ranked.seat AND given.epoch = ?3 JOIN seats ON seats.seat = given.seat \
        WHERE ranked.epoch = ?1 AND ranked.block_order = ?2";
    let mut found = db.prepare_cached(sql)?;
    for (rank, place) in opened.checkers(check) {
        let values = [opened.roster_epoch, rank, opened.epoch];
        let given = found.query_row(values, |row| {
            let mut row = Taking::of(row);
            let (order, seat, device_id) = (row.next()?, row.next()?, row.hash()?);
            let (weight, codes) = (row.next()?, Marks(row.hash()?.into()));
            let code = codes.given().find(|(at, _)| *at == place).map(|(_, code)| code);
            let mark = code.and_then(|code| Verdict::from_code(code).ok()).map(Verdict::name);
            let epoch = opened.epoch;
            Ok(mark.map(|mark| ReceivedMark { epoch, order, seat, device_id, weight, mark, log_position }))
        });
        marks.extend(given.optional()?.flatten());
    }
    Ok(())
}
