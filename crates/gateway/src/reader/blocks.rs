//! One confirmation block.

use alloy_primitives::{Address, B256};
use rusqlite::{OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::Reader;
use crate::index::IndexError;
use crate::index::words::Taking;
use crate::shown::{Account, Amount, Hash};

/// A confirmation block, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Block {
    /// The epoch in which it was published.
    pub epoch: u32,
    /// Its order there.
    pub order: u32,
    /// The chain's block in which it was told.
    pub told_block: u64,
    /// Its seat.
    pub seat: u32,
    /// The seat's device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// Its EIP-712 digest.
    #[schema(value_type = Hash)]
    pub digest: B256,
    /// The digest of the seat's block before.
    #[schema(value_type = Hash)]
    pub previous_digest: B256,
    /// The incarnation that signed it.
    #[schema(value_type = Account)]
    pub incarnation: Address,
    /// That one's measurement.
    #[schema(value_type = Hash)]
    pub measurement: B256,
    /// What its marks weigh.
    pub weight: u16,
    /// Its power.
    #[schema(value_type = Amount)]
    pub power: String,
    /// Whether that deviates from the verified power (R10).
    pub off: bool,
    /// Of the properties record.
    #[schema(value_type = Hash)]
    pub properties_digest: B256,
    /// The marks it gave, 64 places of four bits.
    #[schema(value_type = Hash)]
    pub marks: B256,
    /// What it states of the latest blocks that it marked (R6): hash of their evidence bindings; zero if it marked none.
    #[schema(value_type = Hash)]
    pub latest_bindings: B256,
    /// First half of the signature.
    #[schema(value_type = Hash)]
    pub r: B256,
    /// Second half, compact as in EIP-2098.
    #[schema(value_type = Hash)]
    pub vs: B256,
    /// Of its evidence: content.
    #[schema(value_type = Hash)]
    pub evidence_hash: B256,
    /// Of the certificates that belong into its quote: content; zero if there are none.
    #[schema(value_type = Hash)]
    pub certificates_hash: B256,
    /// Position of its newest log entry.
    pub log_position: Option<u64>,
    /// Why it was logged, each time.
    pub suspicions: Vec<String>,
    /// It passed.
    pub passed: bool,
    /// `honest`, `malicious`, or not decided.
    pub decided: Option<String>,
    /// Honest for good without a decision.
    #[serde(rename = "final")]
    pub finished: bool,
    /// What it took out of its epoch's pot, in the token's smallest unit.
    #[schema(value_type = Option<Amount>)]
    pub reward: Option<String>,
}

const SELECT: &str = "SELECT epoch, block_order, blocks.told_block, blocks.seat, device_id, digest, \
    previous_digest, blocks.incarnation, blocks.measurement, weight, power, off, properties_digest, marks, \
    latest_bindings, r, vs, evidence_hash, blocks.certificates_hash, log_position, passed, decided, final, \
    (SELECT amount FROM rewards WHERE rewards.seat = blocks.seat AND rewards.epoch = blocks.epoch) \
    FROM blocks JOIN seats USING (seat) WHERE epoch = ? AND block_order = ?";

fn read(row: &Row<'_>) -> rusqlite::Result<Block> {
    let mut row = Taking::of(row);
    Ok(Block {
        epoch: row.next()?,
        order: row.next()?,
        told_block: row.number()?,
        seat: row.next()?,
        device_id: row.hash()?,
        digest: row.hash()?,
        previous_digest: row.hash()?,
        incarnation: row.address()?,
        measurement: row.hash()?,
        weight: row.next()?,
        power: row.power()?.to_string(),
        off: row.next()?,
        properties_digest: row.hash()?,
        marks: row.hash()?,
        latest_bindings: row.hash()?,
        r: row.hash()?,
        vs: row.hash()?,
        evidence_hash: row.hash()?,
        certificates_hash: row.hash()?,
        log_position: row.next::<Option<i64>>()?.and_then(|position| u64::try_from(position).ok()),
        suspicions: Vec::new(),
        passed: row.next()?,
        decided: row.next()?,
        finished: row.next()?,
        reward: row.next::<Option<[u8; 16]>>()?.map(|amount| u128::from_be_bytes(amount).to_string()),
    })
}

impl Reader {
    /// The block with this id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn block(&self, epoch: u32, order: u32) -> Result<Option<Block>, IndexError> {
        self.at_once(|db| {
            let found = db.prepare_cached(SELECT)?.query_row([epoch, order], read).optional()?;
            let Some(mut block) = found else { return Ok(None) };
            let sql = "SELECT reason FROM log WHERE epoch = ? AND block_order = ? ORDER BY position";
            let mut reasons = db.prepare_cached(sql)?;
            let reasons = reasons.query_map([epoch, order], |row| row.get(0))?;
            block.suspicions = reasons.collect::<rusqlite::Result<_>>()?;
            Ok(Some(block))
        })
    }
}
