//! Which endpoint may be asked: rests, agreement, and who is behind. No I/O, and time is an argument.

use core::time::Duration;

use super::backoff::{Backoff, Jitter, Rests};
use super::client::Block;
use super::config::Config;
use super::fault::Fault;
use crate::LOG_RANGE_BLOCKS_MAX;

/// How long a block that was told to a caller binds: an endpoint that has not got it is passed over.
const FLOOR_LASTS: Duration = Duration::from_mins(1);

/// What is known of the endpoints, in order of preference. Times are since the chain was connected to.
pub(super) struct Roster {
    members: Vec<Member>,
    rules: Rules,
    jitter: Jitter,
    floor: Option<(u64, Duration)>,
    surveyed_at: Option<Duration>,
}

struct Rules {
    rests: Rests,
    recheck_after: Duration,
    survey_every: Duration,
    stale_blocks_max: u64,
    stale_s_max: u64,
}

struct Member {
    backoff: Backoff,
    agreed_at: Option<Duration>,
    fault: Option<Fault>,
    seen: Option<(Block, Duration)>,
    log_blocks_max: u64,
}

/// How an endpoint stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was not asked yet.
    Unknown,
    /// It agrees, and answered when it was asked last.
    Good,
    /// It is asked no more for a while.
    Resting {
        /// Why.
        fault: Fault,
        /// For how long yet.
        remaining: Duration,
    },
    /// It failed when it was asked last, and will be asked again.
    Failed(Fault),
}

impl Roster {
    pub(super) fn new(config: &Config) -> Self {
        let member = || Member {
            backoff: Backoff::default(),
            agreed_at: None,
            fault: None,
            seen: None,
            log_blocks_max: LOG_RANGE_BLOCKS_MAX,
        };
        Self {
            members: config.endpoints.iter().map(|_| member()).collect(),
            rules: Rules {
                rests: config.rests,
                recheck_after: config.recheck_after,
                survey_every: config.survey_every,
                stale_blocks_max: config.stale_blocks_max,
                stale_s_max: config.stale_s_max,
            },
            jitter: Jitter::from_seed(config.jitter_seed),
            floor: None,
            surveyed_at: None,
        }
    }

    /// Those not resting, in order of preference.
    pub(super) fn available(&self, now: Duration) -> Vec<usize> {
        let rested = |(_, member): &(usize, &Member)| !member.backoff.is_resting(now);
        self.members.iter().enumerate().filter(rested).map(|(index, _)| index).collect()
    }

    /// Whether it is time to ask all for their newest block; then that is taken for done.
    pub(super) fn begin_survey(&mut self, now: Duration) -> bool {
        let fresh = self.surveyed_at.is_some_and(|at| now.saturating_sub(at) < self.rules.survey_every);
        let due = self.members.len() > 1 && !fresh;
        if due {
            self.surveyed_at = Some(now);
        }
        due
    }

    pub(super) fn needs_check(&self, index: usize, now: Duration) -> bool {
        let agreed = self.members.get(index).and_then(|member| member.agreed_at);
        agreed.is_none_or(|at| now.saturating_sub(at) >= self.rules.recheck_after)
    }

    pub(super) fn agreed(&mut self, index: usize, now: Duration) {
        self.change(index, |member| member.agreed_at = Some(now));
    }

    /// The newest block an endpoint told, unless that was longer than `age_max` ago.
    pub(super) fn head(&self, index: usize, now: Duration, age_max: Duration) -> Option<Block> {
        let (block, at) = self.members.get(index)?.seen?;
        (now.saturating_sub(at) < age_max).then_some(block)
    }

    pub(super) fn saw(&mut self, index: usize, block: Block, now: Duration) {
        self.change(index, |member| member.seen = Some((block, now)));
    }

    /// A caller was told of this block: for a while nobody without it is asked.
    pub(super) fn told(&mut self, number: u64, now: Duration) {
        let current = self.floor(now);
        if current.is_none_or(|floor| number >= floor) {
            self.floor = Some((number, now));
        }
    }

    pub(super) fn floor(&self, now: Duration) -> Option<u64> {
        let (number, at) = self.floor?;
        (now.saturating_sub(at) < FLOOR_LASTS).then_some(number)
    }

    pub(super) fn succeeded(&mut self, index: usize) {
        self.change(index, |member| {
            member.backoff.succeed();
            member.fault = None;
        });
    }

    /// It rests if the fault is the endpoint's and not the question's, and is checked before it is asked again.
    pub(super) fn failed(&mut self, index: usize, fault: &Fault, now: Duration) {
        let (rests, jitter) = (self.rules.rests, &mut self.jitter);
        let Some(member) = self.members.get_mut(index) else { return };
        member.fault = Some(fault.clone());
        if matches!(fault, Fault::Stale { .. }) || !fault.needs_rest() {
            return;
        }
        member.agreed_at = None;
        // What is on another chain today is there tomorrow.
        let rests = if fault.is_disagreement() { Rests { first: rests.longest, ..rests } } else { rests };
        member.backoff.fail(now, rests, Duration::from_secs(fault.asked_rest_s()), jitter);
    }

    /// Blocks that the endpoint lets a log filter span.
    pub(super) fn log_blocks_max(&self, index: usize) -> u64 {
        self.members.get(index).map_or(1, |member| member.log_blocks_max)
    }

    pub(super) fn limit_log_blocks(&mut self, index: usize, blocks: u64) {
        self.change(index, |member| member.log_blocks_max = blocks.max(1));
    }

    /// Refuses an endpoint that has not got a block a caller knows of, or is too far behind the others.
    pub(super) fn check_fresh(&self, index: usize, now: Duration) -> Result<(), Fault> {
        let Some((head, _)) = self.members.get(index).and_then(|member| member.seen) else { return Ok(()) };
        let stale = |others: u64, others_time_s: u64| Fault::Stale {
            head: head.number,
            time_s: head.timestamp_s,
            others,
            others_time_s,
        };
        if let Some(floor) = self.floor(now).filter(|floor| *floor > head.number) {
            return Err(stale(floor, 0));
        }
        let Some(others) = self.reference(now) else { return Ok(()) };
        let blocks = others.number.saturating_sub(head.number);
        let seconds = others.timestamp_s.saturating_sub(head.timestamp_s);
        if blocks > self.rules.stale_blocks_max || seconds > self.rules.stale_s_max {
            return Err(stale(others.number, others.timestamp_s));
        }
        Ok(())
    }

    /// What the newest block is by those that can be asked: the highest of two, but of three or more the second, so
    /// that one that invents blocks does not make all others look stale.
    fn reference(&self, now: Duration) -> Option<Block> {
        let rested = self.members.iter().filter(|member| !member.backoff.is_resting(now));
        let mut heads: Vec<Block> = rested.filter_map(|member| Some(member.seen?.0)).collect();
        heads.sort_unstable_by_key(|block| core::cmp::Reverse(block.number));
        heads.get(usize::from(heads.len() > 2)).copied()
    }

    pub(super) fn standings(&self, now: Duration) -> Vec<Standing> {
        self.members.iter().map(|member| member.standing(now)).collect()
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(index) {
            change(member);
        }
    }
}

impl Member {
    fn standing(&self, now: Duration) -> Standing {
        match &self.fault {
            Some(fault) if self.backoff.is_resting(now) => {
                Standing::Resting { fault: fault.clone(), remaining: self.backoff.remaining(now) }
            }
            Some(fault) => Standing::Failed(fault.clone()),
            None if self.agreed_at.is_some() => Standing::Good,
            None => Standing::Unknown,
        }
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
