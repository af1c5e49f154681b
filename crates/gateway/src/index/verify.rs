//! The tables held against a replay from genesis: every event as the rules give it, and the state that they lead to.

mod events;
mod state;
mod sums;

use std::fmt::Debug;

use alloy_primitives::{B256, keccak256};
use multee_chain::{Chain, ChainError, Head};
use multee_protocol::{Gain, Score, Settled, Trust};
use multee_replay::follow;
use rusqlite::Connection;

use super::error::{Fault, IndexError};
use super::words::Taking;
use super::{Index, trail};

/// Differences that are told; of more, the number only.
const TOLD_MAX: usize = 32;

/// What came of holding the tables against a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The chain's block up to which both went.
    pub block_number: u64,
    /// Events that were compared with what is in the tables.
    pub events: u64,
    /// Values of the state that were compared.
    pub values: u64,
    /// How many of these differ.
    pub differing: u64,
    /// The first of those.
    pub differences: Vec<String>,
}

impl Verified {
    /// Whether the tables are what the rules give.
    pub fn agrees(&self) -> bool {
        self.differing == 0
    }

    fn differs(&mut self, what: String) {
        self.differing += 1;
        if self.differences.len() < TOLD_MAX {
            self.differences.push(what);
        }
    }

    fn same<T: PartialEq + Debug>(&mut self, what: impl FnOnce() -> String, index: &T, rules: &T) {
        self.values += 1;
        if index != rules {
            self.differs(format!("{}: {index:?} in the index, {rules:?} by the rules", what()));
        }
    }
}

impl Index {
    /// Holds all that is in the tables against a replay from genesis: that each event left its row and there is no row
    /// without one; seats, epochs, blocks and the log as the rules' state shows them, and what it says of trust; the
    /// arithmetic of each score; that content has its hash.
    ///
    /// # Errors
    /// When the chain gives no answer, goes onto another fork meanwhile, or tells what the rules do not give; when the file
    /// cannot be read. That tables differ is no error.
    pub fn verify(&self, chain: &dyn Chain) -> Result<Verified, IndexError> {
        self.verified(chain).map_err(|fault| fault.at(&self.path))
    }

    fn verified(&self, chain: &dyn Chain) -> Result<Verified, Fault> {
        // One snapshot, whoever writes meanwhile.
        let db = self.db.unchecked_transaction()?;
        let Some(newest) = trail::newest(&db)? else { return Ok(Verified::default()) };
        let trail::Newest { number, hash, timestamp_s } = newest;
        let head = Head { chain_id: self.deployment.chain_id, number, timestamp_s, hash };
        require_block(chain, &head)?;
        let mut watch = events::Comparing::new(&db);
        let state = follow(chain, self.deployment.contract, &head, &mut watch).map_err(IndexError::from)?;
        let mut verified = watch.finish()?;
        verified.block_number = number;
        require_block(chain, &head)?;
        state::compare(&db, &state, timestamp_s, &mut verified)?;
        compare_arithmetic(&db, &mut verified)?;
        compare_content(&db, &mut verified)?;
        Ok(verified)
    }
}

fn require_block(chain: &dyn Chain, head: &Head) -> Result<(), Fault> {
    let found = chain.block(head.number)?;
    if found.is_some_and(|found| found.hash == head.hash) {
        return Ok(());
    }
    Err(ChainError::Reorganised { number: head.number, hash: head.hash }.into())
}

/// Each line of a seat's score goes on from the one before, by the rule that it names.
fn compare_arithmetic(db: &Connection, verified: &mut Verified) -> Result<(), Fault> {
    let sql = "SELECT seat, rule, validity, judgement, target, gain_bps, full_streak, cause, \
        score_before, streak_before, score, streak, \
        lag(score) OVER by_seat, lag(streak) OVER by_seat FROM steps \
        WINDOW by_seat AS (PARTITION BY seat ORDER BY told_block, log_index)";
    let mut lines = db.prepare(sql)?;
    let mut lines = lines.query([])?;
    while let Some(row) = lines.next()? {
        let mut row = Taking::of(row);
        let (seat, rule): (u32, String) = (row.next()?, row.next()?);
        let terms = [row.next()?, row.next()?, row.next()?];
        let gain: (Option<u16>, Option<u8>) = (row.next()?, row.next()?);
        let cause: String = row.next()?;
        let before = trust(row.next()?, row.next()?)?;
        let after = trust(row.next()?, row.next()?)?;
        if let (Some(score), Some(streak)) = (row.next()?, row.next()?) {
            let last = trust(score, streak)?;
            verified.same(|| format!("seat {seat}, what a line goes on from"), &before, &last);
        }
        let malicious = cause == "malicious";
        if let Some(moved) = moved(before, &rule, terms, gain, malicious)? {
            verified.same(|| format!("seat {seat}, a line that {rule}"), &after, &moved);
        }
    }
    Ok(())
}

/// Where a line's own terms lead; `None` for one that has none.
fn moved(
    before: Trust,
    rule: &str,
    [validity, judgement, target]: [Option<u16>; 3],
    (gain_bps, full_streak): (Option<u16>, Option<u8>),
    malicious: bool,
) -> Result<Option<Trust>, Fault> {
    let (Some(validity), Some(judgement), Some(target)) = (validity, judgement, target) else {
        return Ok(None);
    };
    let (Some(gain_bps), Some(full_streak)) = (gain_bps, full_streak) else { return Ok(None) };
    let settled = Settled {
        former_incarnation: rule == "former_never_rises",
        ..Settled::new(score(validity)?, score(judgement)?, malicious)
    };
    if settled.target.bps() != target {
        return Err(Fault::Misfit("a line's target"));
    }
    let gain = Gain { gain_bps, full_streak };
    Ok(Some(if rule == "none" { before } else { before.step(settled, gain) }))
}

fn score(bps: u16) -> Result<Score, Fault> {
    Score::new(bps).map_err(|_| Fault::Misfit("a score"))
}

fn trust(bps: u16, streak: u8) -> Result<Trust, Fault> {
    Ok(Trust { score: score(bps)?, streak })
}

fn compare_content(db: &Connection, verified: &mut Verified) -> Result<(), Fault> {
    let mut rows = db.prepare("SELECT hash, bytes FROM content")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let hash: B256 = row.hash()?;
        let bytes: Vec<u8> = row.next()?;
        verified.same(|| format!("content {hash}"), &keccak256(bytes), &hash);
    }
    Ok(())
}
