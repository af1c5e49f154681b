//! Epochs, newest first.

use alloy_primitives::B256;
use rusqlite::{OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Listed, Page, Reader, count};
use crate::index::IndexError;
use crate::index::words::Taking;
use crate::shown::{Amount, Hash};

/// An epoch as its opening froze it, and what became of its blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Epoch {
    /// Its number.
    pub epoch: u32,
    /// The chain's block in which it was opened first.
    pub told_block: u64,
    /// Whether it got its seed.
    pub opened: bool,
    /// The epoch whose weighted blocks are its roster.
    pub roster_epoch: u32,
    /// N: how many these are.
    pub roster_size: u32,
    /// Log position of its window's first entry.
    pub window_start: u64,
    /// W: how many suspicious blocks its window holds.
    pub window_size: u32,
    /// K: marks that a decision asks for.
    pub decision_marks: u8,
    /// L1.
    pub latest_checks: u8,
    /// L2.
    pub suspicious_checks: u8,
    /// What was to be shared out, in the token's smallest unit.
    #[schema(value_type = Amount)]
    pub pot: String,
    /// Of the policy document in force.
    #[schema(value_type = Hash)]
    pub policy_digest: B256,
    /// Of the reference values in force.
    #[schema(value_type = Hash)]
    pub reference_digest: B256,
    /// Blocks that were published.
    pub blocks: u32,
    /// Of these, those that passed.
    pub passed: u32,
    /// Those that were decided honest.
    pub honest: u32,
    /// Those that were decided malicious.
    pub malicious: u32,
    /// What the marks of its blocks weigh together.
    pub weight: u64,
    /// How many blocks took something out of its pot.
    pub rewards: u64,
    /// And how much together, in the token's smallest unit.
    #[schema(value_type = Amount)]
    pub rewarded: String,
    /// The epoch's root, from which assignments follow; `null` while it has no seed.
    #[schema(value_type = Option<Hash>)]
    pub root: Option<B256>,
}

const SELECT: &str = "SELECT epoch, told_block, seed IS NOT NULL, roster_epoch, roster_size, window_start, \
    window_size, decision_marks, latest_checks, suspicious_checks, pot, policy_digest, reference_digest, \
    published, passed, honest, malicious, weight, rewards, rewarded, root FROM epochs";

fn read(row: &Row<'_>) -> rusqlite::Result<Epoch> {
    let mut row = Taking::of(row);
    Ok(Epoch {
        epoch: row.next()?,
        told_block: row.number()?,
        opened: row.next()?,
        roster_epoch: row.next()?,
        roster_size: row.next()?,
        window_start: row.number()?,
        window_size: row.next()?,
        decision_marks: row.next()?,
        latest_checks: row.next()?,
        suspicious_checks: row.next()?,
        pot: row.amount()?.to_string(),
        policy_digest: row.hash()?,
        reference_digest: row.hash()?,
        blocks: row.next()?,
        passed: row.next()?,
        honest: row.next()?,
        malicious: row.next()?,
        weight: row.number()?,
        rewards: row.number()?,
        rewarded: row.amount()?.to_string(),
        root: row.next::<Option<[u8; 32]>>()?.map(B256::from),
    })
}

impl Reader {
    /// Epochs, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn epochs(&self, page: Page) -> Result<Listed<Epoch>, IndexError> {
        self.at_once(|db| {
            let total = count(db, "SELECT count(*) FROM epochs", [])?;
            let mut found = db.prepare_cached(&format!("{SELECT} ORDER BY epoch DESC LIMIT ? OFFSET ?"))?;
            let items = found.query_map([page.limit, page.offset], read)?;
            Ok(Listed::new(items.collect::<rusqlite::Result<_>>()?, total, page))
        })
    }

    /// One epoch.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn epoch(&self, epoch: u32) -> Result<Option<Epoch>, IndexError> {
        self.at_once(|db| {
            let mut found = db.prepare_cached(&format!("{SELECT} WHERE epoch = ?"))?;
            Ok(found.query_row([epoch], read).optional()?)
        })
    }
}
