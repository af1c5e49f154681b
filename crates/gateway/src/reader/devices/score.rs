//! How a score came about, line by line.

use rusqlite::{Connection, Row};
use serde::Serialize;
use utoipa::ToSchema;

use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::reader::{Listed, Page, count};

/// One line of a score's arithmetic (R9): from `score_before` toward `target`, by `rule`, to `score`. In basis points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ScoreStep)]
pub struct Step {
    /// The chain's block in which it was told.
    pub told_block: u64,
    /// The epoch of the block that caused it.
    pub epoch: u32,
    /// `passed`, `honest`, `malicious`, `registered`, `restarted`, `revived`.
    pub cause: String,
    /// `rises`, `falls`, `malicious_never_rises`, `former_never_rises`, `set`, or `none`: no step was due.
    pub rule: String,
    /// The weight of valid marks, of a decision.
    pub positive: Option<u32>,
    /// The weight of negative marks, of a decision.
    pub negative: Option<u32>,
    /// How many marks there were, of a decision.
    pub marks: Option<u8>,
    /// v.
    pub validity: Option<u16>,
    /// a.
    pub judgement: Option<u16>,
    /// r = ⌊v·a/10000⌋.
    pub target: Option<u16>,
    /// The share of the distance that one step covers.
    pub gain_bps: Option<u16>,
    /// S: good steps in a row until a rise is full.
    pub full_streak: Option<u8>,
    /// Before.
    pub score_before: u16,
    /// Before.
    pub streak_before: u8,
    /// After.
    pub score: u16,
    /// After.
    pub streak: u8,
}

pub(super) fn steps(db: &Connection, seat: u32, page: Page) -> Result<Listed<Step>, Fault> {
    let total = count(db, "SELECT count(*) FROM steps WHERE seat = ?", [seat])?;
    let sql = "SELECT told_block, epoch, cause, rule, positive, negative, marks, validity, judgement, target, \
        gain_bps, full_streak, score_before, streak_before, score, streak FROM steps WHERE seat = ? \
        ORDER BY told_block DESC, log_index DESC LIMIT ? OFFSET ?";
    let mut found = db.prepare_cached(sql)?;
    let items = found.query_map([seat, page.limit, page.offset], step)?;
    Ok(Listed::new(items.collect::<rusqlite::Result<_>>()?, total, page))
}

fn step(row: &Row<'_>) -> rusqlite::Result<Step> {
    let mut row = Taking::of(row);
    Ok(Step {
        told_block: row.number()?,
        epoch: row.next()?,
        cause: row.next()?,
        rule: row.next()?,
        positive: row.next()?,
        negative: row.next()?,
        marks: row.next()?,
        validity: row.next()?,
        judgement: row.next()?,
        target: row.next()?,
        gain_bps: row.next()?,
        full_streak: row.next()?,
        score_before: row.next()?,
        streak_before: row.next()?,
        score: row.next()?,
        streak: row.next()?,
    })
}
