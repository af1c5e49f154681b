//! All that is worth telling, from three tables in the chain's order.

use alloy_primitives::B256;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, Row, params_from_iter};
use serde::Serialize;
use utoipa::ToSchema;

use super::sentences::sentence;
use super::{Cursor, HistoryFilter};
use crate::index::IndexError;
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::reader::{Listed, Page, Reader, count};
use crate::shown::Hash;

/// Something that happened: a decision, a suspicion, or what befell a seat or the network. Blocks that were published and
/// passed, and their rewards, are not among them: they are the rule.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FeedItem {
    /// Block and place in it: what it is known by, unless that block is taken back.
    pub id: String,
    /// What a stream of events goes on after (`/v1/live?after=`): the same, and of which fork it is, while blocks that old
    /// can be taken back.
    #[schema(value_type = String)]
    pub cursor: Cursor,
    /// The chain's block in which it was told.
    pub block: u64,
    /// The event's place among that block's.
    pub log_index: u32,
    /// What: `block_decided`, `block_logged`, or an event's name such as `seat_suspended`.
    pub kind: String,
    /// The seat that it is about.
    pub seat: Option<u32>,
    /// That seat's device.
    #[schema(value_type = Option<Hash>)]
    pub device_id: Option<B256>,
    /// The epoch that it is about.
    pub epoch: Option<u32>,
    /// The order of the block that it is about.
    pub order: Option<u32>,
    /// All of it in a sentence.
    pub text: String,
    /// The rest of what was told.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}

/// The three tables' rows for which a condition holds, in one order.
fn sql(condition: &str, order: &str, rest: &str) -> String {
    let order_of =
        "(SELECT block_order FROM blocks WHERE blocks.seat = steps.seat AND blocks.epoch = steps.epoch)";
    format!(
        "SELECT told_block, log_index, kind, seat, epoch, block_order, detail, \
        (SELECT device_id FROM seats WHERE seats.seat = told.seat), \
        (SELECT hash FROM trail WHERE number = told_block) FROM ( \
        SELECT told_block, log_index, kind, seat, epoch, NULL AS block_order, detail FROM changes WHERE {condition} \
        UNION ALL SELECT told_block, log_index, 'block_decided', seat, epoch, {order_of}, json_object('verdict', cause, \
        'positive', positive, 'negative', negative, 'marks', marks, 'score_before', score_before, 'score', score) \
        FROM steps WHERE positive IS NOT NULL AND {condition} \
        UNION ALL SELECT told_block, log_index, 'block_logged', seat, epoch, block_order, json_object('reason', reason) \
        FROM log WHERE {condition} \
        ORDER BY told_block {order}, log_index {order} {rest}) AS told"
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<FeedItem> {
    let mut row = Taking::of(row);
    let (block, log_index) = (row.number()?, row.next()?);
    let (kind, seat, epoch, order): (String, _, _, _) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let detail = serde_json::from_str(&row.next::<String>()?).unwrap_or_default();
    let device_id = row.next::<Option<[u8; 32]>>()?.map(B256::from);
    let hash = row.next::<Option<[u8; 32]>>()?.map(B256::from);
    let text = sentence(&kind, seat, epoch, &detail);
    let (id, cursor) = (format!("{block}-{log_index}"), Cursor::new(block, log_index, hash));
    Ok(FeedItem { id, cursor, block, log_index, kind, seat, device_id, epoch, order, text, detail })
}

fn items(db: &Connection, sql: &str, values: impl Params) -> Result<Vec<FeedItem>, Fault> {
    let mut found = db.prepare_cached(sql)?;
    Ok(found.query_map(values, read)?.collect::<rusqlite::Result<_>>()?)
}

/// What was told after a place, oldest first; so many at most.
pub(super) fn after(
    db: &Connection,
    (block, log_index): (i64, u32),
    limit: u32,
) -> Result<Vec<FeedItem>, Fault> {
    let sql = sql("(told_block, log_index) > (?1, ?2)", "ASC", "LIMIT ?3");
    items(db, &sql, rusqlite::params![block, log_index, limit])
}

/// The newest item, which a stream that begins now goes on after.
pub(super) fn newest(db: &Connection) -> Result<Option<FeedItem>, Fault> {
    let sql = sql("1", "DESC", "LIMIT 1");
    Ok(db.prepare_cached(&sql)?.query_row([], read).optional()?)
}

impl Reader {
    /// All that is worth telling, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn feed(&self, filter: HistoryFilter, page: Page) -> Result<Listed<FeedItem>, IndexError> {
        self.at_once(|db| {
            let (clause, mut values) = filter.clause();
            let counted = format!(
                "SELECT (SELECT count(*) FROM changes WHERE {clause}) \
                + (SELECT count(*) FROM steps WHERE positive IS NOT NULL AND {clause}) \
                + (SELECT count(*) FROM log WHERE {clause})"
            );
            let total = count(db, &counted, params_from_iter(&values))?;
            let rest = format!("LIMIT ?{} OFFSET ?{}", values.len() + 1, values.len() + 2);
            values.extend([Value::from(page.limit), Value::from(page.offset)]);
            let items = items(db, &sql(clause, "DESC", &rest), params_from_iter(&values))?;
            Ok(Listed::new(items, total, page))
        })
    }
}
