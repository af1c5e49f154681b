//! Devices and their seats.

use alloy_primitives::{Address, B256};
use multee_protocol::Tier;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Listed, Page, Reader, count};
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::index::{IndexError, Seat};
use crate::shown::{Account, Amount, Hash};

/// What a list of devices is sorted by; ties by seat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By the seat's number.
    #[default]
    Seat,
    /// By score, highest first.
    Score,
    /// By score, lowest first.
    LowestScore,
    /// By the newest good block, oldest first.
    Oldest,
}

impl Sort {
    fn clause(self) -> &'static str {
        match self {
            Self::Seat => "seat",
            Self::Score => "score DESC, seat",
            Self::LowestScore => "score, seat",
            Self::Oldest => "coalesce(last_good_epoch, -1), seat",
        }
    }
}

/// Which devices are asked for: those for which all holds that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// In this tier.
    pub tier: Option<Tier>,
    /// Operational, or not.
    pub operational: Option<bool>,
    /// Whose operator or provider this is.
    pub account: Option<Address>,
    /// With this measurement.
    pub measurement: Option<B256>,
}

impl DeviceFilter {
    fn clause(&self) -> (String, Vec<Value>) {
        let (mut parts, mut values) = (vec!["1"], Vec::new());
        if let Some(tier) = self.tier {
            parts.push("tier = ?");
            values.push(tier.name().to_owned().into());
        }
        if let Some(operational) = self.operational {
            parts.push("operational = ?");
            values.push(operational.into());
        }
        if let Some(account) = self.account {
            parts.push("? IN (operator, provider)");
            values.push(Value::Blob(account.to_vec()));
        }
        if let Some(measurement) = self.measurement {
            parts.push("measurement = ?");
            values.push(Value::Blob(measurement.to_vec()));
        }
        (parts.join(" AND "), values)
    }
}

/// A seat as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct SeatSummary {
    /// Its number.
    pub seat: u32,
    /// The claimed device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// Its tier (R11).
    pub tier: &'static str,
    /// Its score, in basis points.
    pub score: u16,
    /// Good blocks in a row.
    pub streak: u8,
    /// Penalty points.
    pub penalties: u8,
    /// Whether it may be used for anything critical.
    pub operational: bool,
    /// Whether the device id is bound to it.
    pub admitted: bool,
    /// Whether it is leaving, or gone.
    pub exiting: bool,
    /// Who pays and is paid.
    #[schema(value_type = Account)]
    pub provider: Address,
    /// Who publishes for it.
    #[schema(value_type = Account)]
    pub operator: Address,
    /// The incarnation's key.
    #[schema(value_type = Account)]
    pub incarnation: Address,
    /// Its measurement.
    #[schema(value_type = Hash)]
    pub measurement: B256,
    /// The first epoch whose block is this incarnation's.
    pub since_epoch: u32,
    /// The epoch of its newest block.
    pub last_epoch: Option<u32>,
    /// The epoch of its newest block that passed or was decided honest.
    pub last_good_epoch: Option<u32>,
    /// Its verified power.
    #[schema(value_type = Amount)]
    pub verified_power: String,
    /// Whether an off block awaits confirmation.
    pub power_unverified: bool,
    /// Its deposit, in the token's smallest unit.
    #[schema(value_type = Amount)]
    pub deposit: String,
}

impl From<&Seat> for SeatSummary {
    fn from(seat: &Seat) -> Self {
        Self {
            seat: seat.seat,
            device_id: seat.device_id,
            tier: seat.tier().name(),
            score: seat.score,
            streak: seat.streak,
            penalties: seat.penalties,
            operational: seat.is_operational(),
            admitted: seat.admitted,
            exiting: seat.exiting,
            provider: seat.provider,
            operator: seat.operator,
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            since_epoch: seat.since_epoch,
            last_epoch: seat.last_epoch,
            last_good_epoch: seat.last_good_epoch,
            verified_power: seat.verified_power.to_string(),
            power_unverified: seat.power_unverified,
            deposit: seat.deposit.to_string(),
        }
    }
}

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
            Ok(Listed::new(seats.iter().map(Into::into).collect(), total, page))
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
            Ok(Some(DeviceAnswer {
                device_id,
                bound_seat: first.admitted.then_some(first.seat),
                seats: seats.iter().map(Into::into).collect(),
                steps: steps(db, first.seat, page)?,
                changes: changes(db, first.seat)?,
                earned: earned(db, first.seat)?.to_string(),
            }))
        })
    }
}

fn steps(db: &Connection, seat: u32, page: Page) -> Result<Listed<Step>, Fault> {
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

fn earned(db: &Connection, seat: u32) -> Result<u128, Fault> {
    let mut found = db.prepare_cached("SELECT amount FROM rewards WHERE seat = ? AND to_seat")?;
    let mut rows = found.query([seat])?;
    let mut sum = 0_u128;
    while let Some(row) = rows.next()? {
        sum = sum.saturating_add(Taking::of(row).amount()?);
    }
    Ok(sum)
}
