//! Devices and their seats.

mod blocks;
mod filter;
mod record;
mod score;
mod summary;

use alloy_primitives::B256;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use serde::Serialize;
use utoipa::ToSchema;

use self::record::Recorder;
use self::score::steps;
use super::{Listed, Page, Reader, count};
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::index::{IndexError, Network, Seat, trail};
use crate::shown::{Amount, Hash};

pub use blocks::OwnBlock;
pub use filter::{DeviceFilter, Sort};
pub use score::Step;
pub use summary::{LastVerdict, ScorePoint, SeatSummary};

/// Something that befell a seat.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SeatChange)]
pub struct Change {
    /// The chain's block in which it was told.
    pub told_block: u64,
    /// What.
    pub kind: String,
    /// When.
    pub epoch: Option<u32>,
    /// The rest of what was told.
    pub detail: serde_json::Value,
}

/// A device, with the seats that claim it and what befell the one it is bound to, or else the newest.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeviceAnswer {
    /// The device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// The seat that it is bound to.
    pub bound_seat: Option<u32>,
    /// All that claim it.
    pub seats: Vec<SeatSummary>,
    /// How the seat's score came about, newest first.
    pub steps: Listed<Step>,
    /// What befell the seat, newest first: the newest hundred.
    pub changes: Vec<Change>,
    /// What the seat's blocks took out of pots for it, in the token's smallest unit.
    #[schema(value_type = Amount)]
    pub earned: String,
}

/// Changes that are shown of a device.
const CHANGES_SHOWN: u32 = 100;
/// Claims that are shown of a device: who claims what is not theirs must not make answers long.
const CLAIMS_SHOWN: u32 = 50;

impl Reader {
    /// Devices' seats.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn devices(
        &self,
        filter: &DeviceFilter,
        sort: Sort,
        page: Page,
    ) -> Result<Listed<SeatSummary>, IndexError> {
        self.at_once(|db| {
            let (clause, mut values) = filter.clause();
            let sql = format!("SELECT count(*) FROM seats WHERE {clause}");
            let total = count(db, &sql, rusqlite::params_from_iter(&values))?;
            values.extend([Value::from(page.limit), Value::from(page.offset)]);
            let sql = format!("WHERE {clause} ORDER BY {} LIMIT ? OFFSET ?", sort.clause());
            let seats = Seat::list(db, &sql, &values)?;
            let recorder = Recorder::new(db, Network::find(db)?.as_ref(), trail::newest(db)?)?;
            let shown = seats.iter().map(|seat| Ok(SeatSummary::of(seat, recorder.record(seat)?)));
            Ok(Listed::new(shown.collect::<Result<_, Fault>>()?, total, page))
        })
    }

    /// Devices' seats, so many at most, without their former scores.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn devices_at_length(
        &self,
        filter: &DeviceFilter,
        sort: Sort,
        seats_max: u32,
    ) -> Result<Vec<SeatSummary>, IndexError> {
        self.at_once(|db| {
            let (clause, mut values) = filter.clause();
            values.push(seats_max.into());
            let seats =
                Seat::list(db, &format!("WHERE {clause} ORDER BY {} LIMIT ?", sort.clause()), &values)?;
            let recorder = Recorder::new(db, Network::find(db)?.as_ref(), trail::newest(db)?)?;
            let shown = seats.iter().map(|seat| Ok(SeatSummary::of(seat, recorder.without_scores(seat)?)));
            shown.collect()
        })
    }

    /// One device; `page` of its score's arithmetic.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn device(&self, device_id: B256, page: Page) -> Result<Option<DeviceAnswer>, IndexError> {
        self.at_once(|db| {
            let id = Value::Blob(device_id.to_vec());
            let clause = "WHERE device_id = ? ORDER BY admitted DESC, seat DESC LIMIT ?";
            let seats = Seat::list(db, clause, &[id, CLAIMS_SHOWN.into()])?;
            let Some(first) = seats.first() else { return Ok(None) };
            let recorder = Recorder::new(db, Network::find(db)?.as_ref(), trail::newest(db)?)?;
            let shown = seats.iter().map(|seat| Ok(SeatSummary::of(seat, recorder.record(seat)?)));
            Ok(Some(DeviceAnswer {
                device_id,
                bound_seat: first.admitted.then_some(first.seat),
                seats: shown.collect::<Result<_, Fault>>()?,
                steps: steps(db, first.seat, page)?,
                changes: changes(db, first.seat)?,
                earned: first.earned.to_string(),
            }))
        })
    }
}

fn changes(db: &Connection, seat: u32) -> Result<Vec<Change>, Fault> {
    let sql = "SELECT told_block, kind, epoch, detail FROM changes WHERE seat = ? \
        ORDER BY told_block DESC, log_index DESC LIMIT ?";
    let mut found = db.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let mut row = Taking::of(row);
        let (told_block, kind, epoch) = (row.number()?, row.next()?, row.next()?);
        let detail: String = row.next()?;
        Ok(Change { told_block, kind, epoch, detail: serde_json::from_str(&detail).unwrap_or_default() })
    };
    Ok(found.query_map([seat, CHANGES_SHOWN], read)?.collect::<rusqlite::Result<_>>()?)
}
