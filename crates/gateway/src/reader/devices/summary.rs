//! A seat as lists show it.

use alloy_primitives::{Address, B256};
use multee_protocol::Score;
use serde::Serialize;
use utoipa::ToSchema;

use super::record::Record;
use crate::index::Seat;
use crate::shown::{Account, Amount, Hash};

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
    /// Whether it is operational with a score below that of tier Full.
    pub flagged: bool,
    /// The TEE that the evidence of its newest block claims to be of: `sgx`, `tdx` or `snp`; `null` if there is no block,
    /// or it claims none of these.
    pub tee: Option<String>,
    /// What came of its newest block that was judged; of its newest block, as `open`, if none was.
    pub last_verdict: Option<LastVerdict>,
    /// What the network found of the evidence of that block: `valid` if it passed or was decided honest, whoever marked it
    /// otherwise; else the negative mark (4.6) that most of its verifiers gave; `null` while none was judged.
    pub platform: Option<String>,
    /// Its score after each of the last 24 steps that it took, oldest first.
    pub scores: Vec<ScorePoint>,
    /// Opened epochs in which it could have published and has no block: of as many epochs as blocks live for, without
    /// the one that is under way, and from its admission on. Whyever it did not publish: while it was suspended, too.
    /// `null` of a seat that was never admitted, is blocked, or is leaving: it has no duty.
    pub missed_epochs: Option<u32>,
    /// What its blocks took out of pots for it, ever, whether or not it was paid out or lost since.
    #[schema(value_type = Amount)]
    pub earned: String,
    /// An ESTIMATE of what it missed with these epochs: for each, the mean of what a block took out of its pot. Epochs of
    /// which no block took anything yet count nothing. `null` if `missed_epochs` is.
    #[schema(value_type = Option<Amount>)]
    pub missed_rewards_estimate: Option<String>,
    /// What its deposit yields a year, in basis points, if it went on as it did: what its blocks took for it out of the
    /// pots of the last epochs (as many as blocks live for, from its admission on, and only up to the newest of which any
    /// block took something) over their length and its deposit as it is now. `null` of a seat without deposit, one
    /// without duty, or before any such epoch.
    pub staking_rate_bps: Option<u64>,
}

/// What came of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastVerdict {
    /// The block's epoch.
    pub epoch: u32,
    /// Its order there.
    pub order: u32,
    /// `honest` or `malicious` if it was decided; else `passed`; else `final`: honest for good without a decision; else
    /// `open`.
    pub verdict: String,
    /// The weight of valid marks, if it was decided.
    pub positive: Option<u32>,
    /// The weight of negative marks, if it was decided.
    pub negative: Option<u32>,
}

/// A score after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScorePoint {
    /// The epoch of the block that caused the step.
    pub epoch: u32,
    /// The score, in basis points.
    pub score: u16,
}

impl SeatSummary {
    pub(super) fn of(seat: &Seat, record: Record) -> Self {
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
            flagged: seat.is_operational() && seat.score < Score::FULL.bps(),
            tee: seat.tee.clone(),
            last_verdict: record.last_verdict,
            platform: record.platform,
            scores: record.scores,
            missed_epochs: record.missed.map(|(epochs, _)| epochs),
            earned: seat.earned.to_string(),
            missed_rewards_estimate: record.missed.map(|(_, rewards)| rewards.to_string()),
            staking_rate_bps: record.staking_rate_bps,
        }
    }
}
