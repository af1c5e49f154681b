//! The network in numbers.

use alloy_primitives::Address;
use rusqlite::Connection;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Reader, count};
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::index::{IndexError, Network, Newest, trail};
use crate::shown::Account;

/// A day, in seconds.
const DAY_S: u64 = 24 * 60 * 60;

/// The network in numbers, at the newest block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Numbers {
    /// The chain's id.
    pub chain_id: u64,
    /// The contract.
    #[schema(value_type = Account)]
    pub contract: Address,
    /// The deposit token.
    #[schema(value_type = Account)]
    pub token: Address,
    /// Whether the network is paused.
    pub paused: bool,
    /// The epoch by the newest block's time, `null` before genesis.
    pub epoch: Option<u32>,
    /// When the next one starts, Unix seconds.
    pub next_epoch_s: u64,
    /// The length of an epoch, in seconds.
    pub epoch_seconds: u32,
    /// The last opened epoch.
    pub last_opened: Option<u32>,
    /// How many seats there are in each tier, those that left included.
    pub seats: SeatsByTier,
    /// Seats that are leaving, or gone.
    pub exiting: u64,
    /// Seats in tiers Suspended and Blocked.
    pub failed: u64,
    /// Operational seats without a block in the last opened epoch, so far.
    pub absent: u64,
    /// What became of a day's blocks.
    pub last_day: LastDay,
    /// Logged blocks without a decision, of the epochs whose blocks live.
    pub undecided: u64,
    /// Blocks of these epochs that neither passed nor were logged: peers have yet to judge them.
    pub pending: u64,
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) newest: Newest,
}

/// How many seats there are in each tier (R11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeatsByTier {
    /// Full.
    pub full: u64,
    /// Warning.
    pub warning: u64,
    /// Restricted.
    pub restricted: u64,
    /// Suspended.
    pub suspended: u64,
    /// Probation.
    pub probation: u64,
    /// Blocked.
    pub blocked: u64,
}

/// What became of the blocks of the epochs that began in the 24 hours before the newest block; or, if none of these was
/// judged yet, of the last epoch of which some were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastDay {
    /// The first of these epochs, as far as there is one.
    pub from_epoch: Option<u32>,
    /// The last of them.
    pub until_epoch: Option<u32>,
    /// Blocks that were published.
    pub blocks: u64,
    /// Of these, those that passed or were decided honest, and were not decided malicious.
    pub good: u64,
    /// Those that were decided malicious.
    pub malicious: u64,
    /// The good among the good and the malicious, in basis points; `null` if there are neither.
    pub success_bps: Option<u16>,
}

impl Reader {
    /// The network in numbers, once its deployment was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn numbers(&self) -> Result<Option<Numbers>, IndexError> {
        self.at_once(|db| {
            let (Some(network), Some(newest)) = (Network::find(db)?, trail::newest(db)?) else {
                return Ok(None);
            };
            let (seats, epoch) = (seats_by_tier(db)?, network.epoch_at(newest.timestamp_s));
            let exiting = count(db, "SELECT count(*) FROM seats WHERE exiting", [])?;
            Ok(Some(Numbers {
                chain_id: self.deployment().chain_id,
                contract: self.deployment().contract,
                token: network.token,
                paused: network.paused,
                epoch,
                next_epoch_s: network.epoch_start_s(epoch.map_or(0, |epoch| epoch.saturating_add(1))),
                epoch_seconds: network.epoch_seconds,
                last_opened: network.last_opened,
                seats,
                exiting,
                failed: seats.suspended + seats.blocked,
                absent: absent(db, &network)?,
                last_day: last_day(db, &network, newest.timestamp_s)?,
                undecided: undecided(db, &network)?,
                pending: pending(db, &network)?,
                newest,
            }))
        })
    }
}

fn seats_by_tier(db: &Connection) -> Result<SeatsByTier, Fault> {
    let mut seats = SeatsByTier::default();
    let mut found = db.prepare_cached("SELECT tier, count(*) FROM seats GROUP BY tier")?;
    let mut rows = found.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let place = match row.next::<String>()?.as_str() {
            "full" => &mut seats.full,
            "warning" => &mut seats.warning,
            "restricted" => &mut seats.restricted,
            "suspended" => &mut seats.suspended,
            "probation" => &mut seats.probation,
            "blocked" => &mut seats.blocked,
            _ => return Err(Fault::Misfit("a tier")),
        };
        *place = row.number()?;
    }
    Ok(seats)
}

fn absent(db: &Connection, network: &Network) -> Result<u64, Fault> {
    let Some(last) = network.last_opened else { return Ok(0) };
    // Two questions, each of which the index answers.
    let never = count(db, "SELECT count(*) FROM seats WHERE operational AND last_epoch IS NULL", [])?;
    let sql = "SELECT count(*) FROM seats WHERE operational AND last_epoch < ?";
    Ok(never + count(db, sql, [last])?)
}

/// The first epoch whose blocks live.
fn oldest(network: &Network) -> u32 {
    network.last_opened.unwrap_or(0).saturating_sub(network.retention_epochs.into())
}

/// Logged blocks without a decision.
pub(super) fn undecided(db: &Connection, network: &Network) -> Result<u64, Fault> {
    let sql = "SELECT count(*) FROM blocks WHERE epoch >= ? AND log_position IS NOT NULL AND decided IS NULL";
    count(db, sql, [oldest(network)])
}

fn pending(db: &Connection, network: &Network) -> Result<u64, Fault> {
    let sql = "SELECT count(*) FROM blocks WHERE epoch >= ? \
        AND NOT passed AND decided IS NULL AND log_position IS NULL AND NOT final";
    count(db, sql, [oldest(network)])
}

fn last_day(db: &Connection, network: &Network, timestamp_s: u64) -> Result<LastDay, Fault> {
    let since_s = timestamp_s.saturating_sub(DAY_S);
    let begun = match network.epoch_at(since_s) {
        // What began before that moment began earlier than a day ago.
        Some(epoch) if network.epoch_start_s(epoch) < since_s => epoch.saturating_add(1),
        Some(epoch) => epoch,
        None => 0,
    };
    let day = became(db, begun, u32::MAX)?;
    if day.success_bps.is_some() {
        return Ok(day);
    }
    let sql = "SELECT coalesce(max(epoch), -1) FROM epochs WHERE passed + honest + malicious > 0";
    let judged: i64 = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    u32::try_from(judged).map_or(Ok(day), |judged| became(db, judged, judged))
}

/// What became of the blocks of these epochs.
fn became(db: &Connection, from: u32, until: u32) -> Result<LastDay, Fault> {
    let sql = "SELECT min(epoch), max(epoch), coalesce(sum(published), 0), coalesce(sum(passed + honest), 0), \
        coalesce(sum(malicious), 0) FROM epochs WHERE epoch BETWEEN ? AND ?";
    let mut found = db.prepare_cached(sql)?;
    let (from_epoch, until_epoch, blocks, judged_well, malicious) =
        found.query_row([from, until], |row| {
            let mut row = Taking::of(row);
            Ok((row.next()?, row.next()?, row.number()?, row.number()?, row.number()?))
        })?;
    // Who passed and was decided later counts once, as decided.
    let sql = "SELECT count(*) FROM blocks WHERE epoch BETWEEN ? AND ? AND passed AND decided IS NOT NULL";
    let good = judged_well.saturating_sub(count(db, sql, [from, until])?);
    let success = (good * 10_000).checked_div(good + malicious);
    let success_bps = success.and_then(|success| u16::try_from(success).ok());
    Ok(LastDay { from_epoch, until_epoch, blocks, good, malicious, success_bps })
}
