//! A signed transaction's way into the chain, and deep into it.

use core::time::Duration;
use std::time::Instant;

use alloy_primitives::{B256, U64};
use serde_json::json;

use super::fault::Fault;
use super::journal::Entry;
use super::outcome;
use super::pace::{Facts, Pace, Step};
use super::pool::{Pool, Visit};
use super::sending::{Sending, price};
use super::verdict::{Verdict, together, verdict};
use crate::{ChainError, Delay, Receipt, Refusal, Sender};

/// A transaction on its way.
pub(super) struct Passage<'a> {
    sender: &'a Sender,
    entry: Entry,
    /// An endpoint may have taken one of the attempts.
    offered: bool,
    pace: Pace,
    began: Instant,
}

/// What a step led to.
enum Progress {
    Again,
    Later,
    Superseded,
}

impl<'a> Passage<'a> {
    pub(super) fn new(sender: &'a Sender, entry: Entry, offered: bool) -> Self {
        Self { sender, entry, offered, pace: Pace::default(), began: Instant::now() }
    }

    fn newest(&self) -> B256 {
        self.entry.attempts.last().map(|attempt| attempt.hash).unwrap_or_default()
    }

    fn pending(&self, why: Delay) -> ChainError {
        ChainError::Pending { transaction_hash: self.newest(), nonce: self.entry.nonce, why }
    }
}

impl Sending {
    /// Brings a transaction to its end: its receipt, or `None` if it can never be executed since another took its nonce.
    pub(super) fn bring(
        &self,
        pool: &Pool,
        mut passage: Passage<'_>,
        until: Instant,
    ) -> Result<Option<Receipt>, ChainError> {
        loop {
            match self.advance(pool, &mut passage)? {
                (Some(receipt), _) => return self.settle(pool, passage.entry, receipt).map(Some),
                (None, Progress::Superseded) => return self.close(passage.entry).map(|()| None),
                (None, Progress::Again) => continue,
                (None, Progress::Later) => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            let interrupted = self.interrupt.is_asked();
            if (interrupted || left.is_zero()) && passage.offered {
                let why = if interrupted { Delay::Interrupted } else { Delay::TimeLimit };
                return Err(passage.pending(why));
            }
            if interrupted || left.is_zero() {
                return self.give_up(&passage, pool.unanswered()).map(|_| None);
            }
            self.interrupt.wait(self.poll_every.min(left));
        }
    }

    fn advance(
        &self,
        pool: &Pool,
        passage: &mut Passage<'_>,
    ) -> Result<(Option<Receipt>, Progress), ChainError> {
        let (facts, receipt) =
            match pool.ask_knowing(Duration::ZERO, |visit| self.look(visit, &passage.entry)) {
                Ok(seen) => seen,
                // What was offered may be executed all the same: only time tells.
                Err(ChainError::Unreachable { .. } | ChainError::Interrupted) if passage.offered => {
                    return Ok((None, Progress::Later));
                }
                Err(error) => return self.give_up(passage, error),
            };
        match passage.pace.step(facts, passage.began.elapsed(), self.timing) {
            Step::Done => Ok((receipt, Progress::Later)),
            Step::Superseded => Ok((None, Progress::Superseded)),
            Step::Wait => Ok((None, Progress::Later)),
            Step::Broadcast => Ok((None, self.broadcast(pool, passage, facts.head)?)),
            Step::Replace => {
                self.raise(pool, passage)?;
                Ok((None, self.broadcast(pool, passage, facts.head)?))
            }
        }
    }

    /// The nonce first, then the receipts: in the other order, an attempt executed in between would look superseded.
    fn look(&self, visit: &Visit<'_>, entry: &Entry) -> Result<(Facts, Option<Receipt>), Fault> {
        let deep = visit.head.number.checked_sub(self.timing.confirmations.saturating_sub(1));
        let used_up = match deep {
            Some(block) => visit.client.nonce(entry.sender, &json!(U64::from(block)))? > entry.nonce,
            None => false,
        };
        let mut found = None;
        for attempt in entry.attempts.iter().rev() {
            found = outcome::receipt(visit.client, attempt.hash)?;
            if found.is_some() {
                break;
            }
        }
        let included_in = found.as_ref().map(|receipt| receipt.block_number);
        Ok((Facts { head: visit.head.number, included_in, used_up }, found))
    }

    /// Gives the newest attempt to all endpoints: the more pools have it, the less it matters if one forgets it.
    fn broadcast(&self, pool: &Pool, passage: &mut Passage<'_>, head: u64) -> Result<Progress, ChainError> {
        let Some(attempt) = passage.entry.attempts.last() else { return Ok(Progress::Superseded) };
        let give = |visit: &Visit<'_>| {
            visit.client.ask::<B256>("eth_sendRawTransaction", &json!([attempt.raw])).map(drop)
        };
        match together(pool.ask_all(give).iter().map(verdict)) {
            // Nobody could be asked, or an answer got lost: once more, soon.
            None => return Ok(Progress::Later),
            Some(Verdict::Unknown) => {
                passage.offered = true;
                return Ok(Progress::Later);
            }
            Some(Verdict::Taken) => passage.offered = true,
            Some(Verdict::Underpriced) => return self.raise(pool, passage).map(|()| Progress::Again),
            // Some other program sends from this account: none of the attempts was ever in a pool.
            Some(Verdict::NonceUsed) if !passage.offered => return Ok(Progress::Superseded),
            Some(Verdict::Refused(refusal)) if !passage.offered => {
                return self.give_up(passage, refusal.into()).map(|(_, progress)| progress);
            }
            Some(Verdict::NonceUsed | Verdict::Refused(_)) => {}
        }
        passage.pace.broadcast(passage.began.elapsed(), head);
        Ok(Progress::Later)
    }

    /// Signs an attempt that pays more.
    fn raise(&self, pool: &Pool, passage: &mut Passage<'_>) -> Result<(), ChainError> {
        let Some(fees) = passage.entry.attempts.last().map(|attempt| attempt.fees) else { return Ok(()) };
        if passage.entry.attempts.len() as u64 > u64::from(self.limits.bumps_max) {
            return self.too_dear(passage, Delay::BumpLimit { bumps: self.limits.bumps_max });
        }
        let price = pool.ask(price)?;
        match fees.bumped(price, &self.limits) {
            Some(fees) => match self.attempt(passage.sender, &mut passage.entry, fees) {
                Err(ChainError::Unsigned(_)) if passage.offered => Err(passage.pending(Delay::Unsigned)),
                Err(error) => self.give_up(passage, error).map(drop),
                Ok(()) => Ok(()),
            },
            None => self.too_dear(passage, Delay::FeeLimit { cap_wei: self.limits.cap_wei_max }),
        }
    }

    fn too_dear(&self, passage: &mut Passage<'_>, why: Delay) -> Result<(), ChainError> {
        if passage.offered {
            return Err(passage.pending(why));
        }
        let allowed_wei = self.limits.cap_wei_max;
        let offered_wei = passage.entry.attempts.last().map_or(0, |attempt| attempt.fees.cap_wei);
        let refusal = Refusal::FeeTooHigh { needed_wei: offered_wei.saturating_add(1), allowed_wei };
        self.give_up(passage, refusal.into()).map(drop)
    }

    /// No endpoint has seen it: it is as if it had never been signed.
    fn give_up(
        &self,
        passage: &Passage<'_>,
        error: ChainError,
    ) -> Result<(Option<Receipt>, Progress), ChainError> {
        if !passage.offered {
            self.close(passage.entry.clone())?;
        }
        Err(error)
    }

    fn settle(&self, pool: &Pool, entry: Entry, receipt: Receipt) -> Result<Receipt, ChainError> {
        pool.told(receipt.block_number);
        self.close(entry)?;
        Ok(receipt)
    }

    fn close(&self, mut entry: Entry) -> Result<(), ChainError> {
        entry.settled = true;
        Ok(self.journal.write(&entry)?)
    }
}
