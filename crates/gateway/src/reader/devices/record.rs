//! What a seat did of late, and what that brought it.

use std::collections::BTreeSet;

use alloy_primitives::U256;
use rusqlite::{Connection, OptionalExtension, Row};

use super::summary::{LastVerdict, ScorePoint};
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::index::{Network, Newest, Seat};
use crate::reader::marks::worst;

/// Steps of a score that are shown.
const SCORES_SHOWN: u32 = 24;
/// Blocks of a seat that are looked at for one that was judged: more than can be under way.
const BLOCKS_SEEN: u32 = 8;
/// What came of a block.
pub(super) const VERDICT: &str = "CASE WHEN decided IS NOT NULL THEN decided WHEN passed THEN 'passed' \
    WHEN final THEN 'final' ELSE 'open' END";
/// Seconds of a year of 365 days.
const YEAR_S: u64 = 365 * 24 * 60 * 60;

/// What a seat did of late.
#[derive(Default)]
pub(super) struct Record {
    pub(super) last_verdict: Option<LastVerdict>,
    pub(super) platform: Option<String>,
    pub(super) scores: Vec<ScorePoint>,
    /// Epochs without a block, and what such blocks took in the mean.
    pub(super) missed: Option<(u32, u128)>,
    pub(super) staking_rate_bps: Option<u64>,
}

/// The epochs that records are about: opened ones that are over, of as many as blocks live for.
pub(super) struct Recorder<'a> {
    db: &'a Connection,
    epoch_seconds: u32,
    /// Oldest first, each with what a block took out of its pot in the mean, once one did.
    epochs: Vec<(u32, Option<u128>)>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        db: &'a Connection,
        network: Option<&Network>,
        newest: Option<Newest>,
    ) -> Result<Self, Fault> {
        let Some((network, newest)) = network.zip(newest) else {
            return Ok(Self { db, epoch_seconds: 0, epochs: Vec::new() });
        };
        let now = network.epoch_at(newest.timestamp_s).unwrap_or(0);
        let last = network.last_opened.unwrap_or(0);
        let first = last.saturating_add(1).saturating_sub(network.retention_epochs.into());
        let sql = "SELECT epoch, rewards, rewarded FROM epochs WHERE epoch BETWEEN ? AND ? AND root IS NOT NULL \
            AND epoch < ? ORDER BY epoch";
        let mut found = db.prepare_cached(sql)?;
        let read = |row: &Row<'_>| {
            let mut row = Taking::of(row);
            let (epoch, rewards, rewarded) = (row.next()?, row.number()?, row.amount()?);
            Ok((epoch, rewarded.checked_div(rewards.into())))
        };
        let epochs = found.query_map([first, last, now], read)?;
        Ok(Self {
            db,
            epoch_seconds: network.epoch_seconds,
            epochs: epochs.collect::<rusqlite::Result<_>>()?,
        })
    }

    /// All of it.
    pub(super) fn record(&self, seat: &Seat) -> Result<Record, Fault> {
        Ok(Record { scores: self.scores(seat.seat)?, ..self.without_scores(seat)? })
    }

    /// All but the scores.
    pub(super) fn without_scores(&self, seat: &Seat) -> Result<Record, Fault> {
        let last_verdict = self.last_verdict(seat.seat)?;
        let has_duty = !seat.blocked && !seat.exiting;
        let since = seat.admitted_epoch.filter(|_| has_duty);
        Ok(Record {
            platform: last_verdict.as_ref().map(|last| self.platform(last)).transpose()?.flatten(),
            last_verdict,
            scores: Vec::new(),
            missed: since.map(|since| self.missed(seat.seat, since)).transpose()?,
            staking_rate_bps: since.map(|since| self.staking_rate_bps(seat, since)).transpose()?.flatten(),
        })
    }

    fn scores(&self, seat: u32) -> Result<Vec<ScorePoint>, Fault> {
        let sql =
            "SELECT epoch, score FROM steps WHERE seat = ? ORDER BY told_block DESC, log_index DESC LIMIT ?";
        let mut found = self.db.prepare_cached(sql)?;
        let read = |row: &Row<'_>| Ok(ScorePoint { epoch: row.get(0)?, score: row.get(1)? });
        let scores = found.query_map([seat, SCORES_SHOWN], read)?;
        let mut scores: Vec<_> = scores.collect::<rusqlite::Result<_>>()?;
        scores.reverse();
        Ok(scores)
    }

    fn last_verdict(&self, seat: u32) -> Result<Option<LastVerdict>, Fault> {
        let sql = format!(
            "SELECT epoch, block_order, {VERDICT} FROM blocks WHERE seat = ? ORDER BY epoch DESC LIMIT ?"
        );
        let mut found = self.db.prepare_cached(&sql)?;
        let read = |row: &Row<'_>| {
            let (epoch, order, verdict) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(LastVerdict { epoch, order, verdict, positive: None, negative: None })
        };
        let blocks = found.query_map([seat, BLOCKS_SEEN], read)?;
        let blocks: Vec<_> = blocks.collect::<rusqlite::Result<_>>()?;
        let judged = blocks.iter().find(|block| block.verdict != "open").or(blocks.first());
        let Some(last) = judged else { return Ok(None) };
        let sql =
            "SELECT positive, negative FROM steps WHERE epoch = ? AND seat = ? AND positive IS NOT NULL";
        let mut decision = self.db.prepare_cached(sql)?;
        let weights = decision.query_row([last.epoch, seat], |row| Ok((row.get(0)?, row.get(1)?)));
        let (positive, negative) = weights.optional()?.unwrap_or_default();
        Ok(Some(LastVerdict { positive, negative, ..last.clone() }))
    }

    /// The network's word, not that of single verifiers: who is slandered has a valid platform.
    fn platform(&self, last: &LastVerdict) -> Result<Option<String>, Fault> {
        match last.verdict.as_str() {
            "open" => Ok(None),
            "malicious" => Ok(worst(self.db, last.epoch, last.order)?.map(str::to_owned)),
            _ => Ok(Some("valid".to_owned())),
        }
    }

    /// Epochs from `since` on without a block, and what those would have brought.
    fn missed(&self, seat: u32, since: u32) -> Result<(u32, u128), Fault> {
        let first = self.epochs.first().map_or(since, |(first, _)| since.max(*first));
        let mut found = self.db.prepare_cached("SELECT epoch FROM blocks WHERE seat = ? AND epoch >= ?")?;
        let published = found.query_map([seat, first], |row| row.get(0))?;
        let published: BTreeSet<u32> = published.collect::<rusqlite::Result<_>>()?;
        let missed = self.epochs.iter().filter(|(epoch, _)| *epoch >= since && !published.contains(epoch));
        Ok(missed.fold((0, 0), |(epochs, rewards): (u32, u128), (_, share)| {
            (epochs.saturating_add(1), rewards.saturating_add(share.unwrap_or(0)))
        }))
    }

    fn staking_rate_bps(&self, seat: &Seat, since: u32) -> Result<Option<u64>, Fault> {
        let first = self.epochs.iter().map(|(epoch, _)| *epoch).find(|epoch| *epoch >= since);
        let last = self.epochs.iter().rev().find(|(_, share)| share.is_some()).map(|(epoch, _)| *epoch);
        let Some((first, last)) = first.zip(last).filter(|(first, last)| first <= last) else {
            return Ok(None);
        };
        let sql = "SELECT amount FROM rewards WHERE seat = ? AND epoch BETWEEN ? AND ? AND to_seat";
        let mut found = self.db.prepare_cached(sql)?;
        let amounts = found.query_map([seat.seat, first, last], |row| Taking::of(row).amount())?;
        let amounts: Vec<u128> = amounts.collect::<rusqlite::Result<_>>()?;
        let taken = amounts.into_iter().map(U256::from).fold(U256::ZERO, U256::saturating_add);
        let length_s = u64::from(last - first + 1).saturating_mul(self.epoch_seconds.into());
        let yearly_bps = taken.saturating_mul(U256::from(u128::from(YEAR_S) * 10_000));
        let rate = yearly_bps.checked_div(U256::from(seat.deposit).saturating_mul(U256::from(length_s)));
        Ok(rate.map(|rate| u64::try_from(rate).unwrap_or(u64::MAX)))
    }
}
