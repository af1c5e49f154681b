//! What happened, newest first: all that is worth telling, decisions, rewards.

mod feed;
mod resuming;
mod sentences;

use alloy_primitives::B256;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Listed, Page, Reader, count};
use crate::index::IndexError;
use crate::index::words::Taking;
use crate::shown::{Amount, Hash};

pub use feed::FeedItem;
pub use resuming::{Cursor, Resumed};
pub(crate) use resuming::{News, Seen};

/// Which part of the history: that for which all holds that is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of this seat.
    pub seat: Option<u32>,
    /// Of this epoch.
    pub epoch: Option<u32>,
}

impl HistoryFilter {
    /// A condition on rows with `seat` and `epoch`, whose values are numbered from 1 on.
    fn clause(self) -> (&'static str, Vec<Value>) {
        match (self.seat, self.epoch) {
            (None, None) => ("1", Vec::new()),
            (Some(seat), None) => ("seat = ?1", vec![seat.into()]),
            (None, Some(epoch)) => ("epoch = ?1", vec![epoch.into()]),
            (Some(seat), Some(epoch)) => ("seat = ?1 AND epoch = ?2", vec![seat.into(), epoch.into()]),
        }
    }
}

/// A decision on a suspicious block (R9), and what it did to its seat's score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decision {
    /// The chain's block in which it was told.
    pub told_block: u64,
    /// The block's seat.
    pub seat: u32,
    /// That seat's device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// The block's epoch.
    pub epoch: u32,
    /// Its order there.
    pub order: Option<u32>,
    /// `honest` or `malicious`.
    pub verdict: String,
    /// The weight of valid marks.
    pub positive: u32,
    /// The weight of negative marks.
    pub negative: u32,
    /// How many marks there were.
    pub marks: u8,
    /// By which rule (R9) the score moved: as in a device's steps.
    pub rule: String,
    /// Its seat's score before, in basis points.
    pub score_before: u16,
    /// And after.
    pub score: u16,
}

/// What a block took out of its epoch's pot (R12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reward {
    /// The chain's block in which it was told.
    pub told_block: u64,
    /// The block's seat.
    pub seat: u32,
    /// That seat's device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// The block's epoch.
    pub epoch: u32,
    /// Its order there.
    pub order: Option<u32>,
    /// How much, in the token's smallest unit.
    #[schema(value_type = Amount)]
    pub amount: String,
    /// Whether its seat gets it; else it is kept for pots to come.
    pub to_seat: bool,
}

/// A row's device and the order of its block.
const OF_BLOCK: &str = "(SELECT device_id FROM seats WHERE seats.seat = told.seat), \
    (SELECT block_order FROM blocks WHERE blocks.seat = told.seat AND blocks.epoch = told.epoch)";

impl Reader {
    /// Decisions, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn decisions(&self, filter: HistoryFilter, page: Page) -> Result<Listed<Decision>, IndexError> {
        let columns = "told_block, cause, positive, negative, marks, rule, score_before, score, seat, epoch";
        self.told(("steps", "positive IS NOT NULL"), columns, filter, page, |row| {
            let (told_block, verdict) = (row.number()?, row.next()?);
            let (positive, negative, marks, rule) = (row.next()?, row.next()?, row.next()?, row.next()?);
            let (score_before, score) = (row.next()?, row.next()?);
            let (seat, epoch, device_id, order) = (row.next()?, row.next()?, row.hash()?, row.next()?);
            Ok(Decision {
                told_block,
                seat,
                device_id,
                epoch,
                order,
                verdict,
                positive,
                negative,
                marks,
                rule,
                score_before,
                score,
            })
        })
    }

    /// Rewards, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rewards(&self, filter: HistoryFilter, page: Page) -> Result<Listed<Reward>, IndexError> {
        self.told(("rewards", "1"), "told_block, amount, to_seat, seat, epoch", filter, page, |row| {
            let (told_block, amount, to_seat) = (row.number()?, row.amount()?.to_string(), row.next()?);
            let (seat, epoch, device_id, order) = (row.next()?, row.next()?, row.hash()?, row.next()?);
            Ok(Reward { told_block, seat, device_id, epoch, order, amount, to_seat })
        })
    }

    /// Rows of a table for which a condition holds, newest first; the columns end with `seat, epoch`.
    fn told<T>(
        &self,
        (table, which): (&str, &str),
        columns: &str,
        filter: HistoryFilter,
        page: Page,
        read: impl Fn(&mut Taking<'_>) -> rusqlite::Result<T>,
    ) -> Result<Listed<T>, IndexError> {
        self.at_once(|db| {
            let (clause, mut values) = filter.clause();
            let sql = format!("SELECT count(*) FROM {table} WHERE {which} AND {clause}");
            let total = count(db, &sql, params_from_iter(&values))?;
            let (limit, offset) = (values.len() + 1, values.len() + 2);
            let sql = format!(
                "SELECT {columns}, {OF_BLOCK} FROM {table} AS told WHERE {which} AND {clause} \
                ORDER BY told_block DESC, log_index DESC LIMIT ?{limit} OFFSET ?{offset}"
            );
            values.extend([Value::from(page.limit), Value::from(page.offset)]);
            let mut found = db.prepare_cached(&sql)?;
            let items =
                found.query_map(params_from_iter(&values), |row: &Row<'_>| read(&mut Taking::of(row)))?;
            Ok(Listed::new(items.collect::<rusqlite::Result<_>>()?, total, page))
        })
    }
}
