//! Whether a device is trusted now (R17), and why: of an index, or of the contract itself.
//!
//! The answer is what the contract's `isTrusted` says at a block, and says which block that is. It is `trusted` only if
//! that block is recent, whoever answers is in touch with the chain, and the contract would say the same at the clock's
//! time: when the epoch has changed since the block, an age bound or a reference value may have run out.

mod asking;
mod calendar;

use alloy_primitives::{Address, B256};
use multee_protocol::{Deployment, Score, Tier};
use serde::Serialize;
use utoipa::ToSchema;

use crate::index::{Network, Newest, Seat};
use crate::shown::{Account, Amount, Hash};

pub use asking::{AskError, ask_contract};
pub(crate) use calendar::Calendar;

/// Seconds that a block may be ahead of the clock before the clock is taken to be wrong: what Ethereum's nodes allow.
pub const AHEAD_S_MAX: u64 = 15;
/// The bound on age unless another is asked for, in epochs: the least that the healthy always keep (R17).
pub const AGE_EPOCHS_DEFAULT: u32 = 3;

/// What a relying party asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The device.
    pub device_id: B256,
    /// The least score, in basis points.
    pub min_score: u16,
    /// How many epochs old its newest good block may be.
    pub max_age_epochs: u32,
}

/// By what an answer's freshness is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The time, Unix seconds.
    pub now_s: u64,
    /// How old the newest block may be, in seconds.
    pub head_age_s_max: u64,
    /// Whether the chain answered when it was asked last.
    pub in_touch: bool,
}

/// The answer in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The contract says so, and it is recent.
    Trusted,
    /// The contract says no, and it is recent.
    NotTrusted,
    /// No seat is bound to the device.
    Unknown,
    /// What is known is not recent enough to say.
    Stale,
}

/// Why a device is not trusted, or nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// No seat is bound to the device id.
    #[error("no seat is bound to this device")]
    NotBound,
    /// The network has not started.
    #[error("the network has not started")]
    NotStarted,
    /// Its tier is not for anything critical.
    #[error("tier {tier} is not operational")]
    TierNotOperational {
        /// The tier.
        tier: &'static str,
    },
    /// The tier would do, but its power is unverified or it is leaving.
    #[error("not operational: its power is unverified, or it is leaving")]
    NotOperational,
    /// Its score is below what is asked for.
    #[error("score {score} is below {min_score}")]
    ScoreBelow {
        /// Its score, in basis points.
        score: u16,
        /// What was asked for.
        min_score: u16,
    },
    /// No block of its current incarnation passed or was decided honest.
    #[error("its current incarnation has no good block")]
    NoGoodBlock,
    /// Its newest good block is older than asked for.
    #[error("its newest good block is {age_epochs} epochs old, above {max_age_epochs}")]
    TooOld {
        /// How old.
        age_epochs: u32,
        /// What was asked for.
        max_age_epochs: u32,
    },
    /// Its measurement is not among the reference values, or not in this epoch.
    #[error("its measurement is not allowed in epoch {epoch}")]
    MeasurementNotAllowed {
        /// The epoch.
        epoch: u32,
    },
    /// The newest block is too old.
    #[error("the newest block is {age_s} s old, above {age_s_max} s")]
    HeadTooOld {
        /// How old.
        age_s: u64,
        /// How old it may be.
        age_s_max: u64,
    },
    /// The newest block is from the future: the clock is wrong.
    #[error("the newest block is {ahead_s} s ahead of the clock")]
    HeadAhead {
        /// By how much.
        ahead_s: u64,
    },
    /// The chain did not answer when it was asked last.
    #[error("the chain does not answer")]
    OutOfTouch,
    /// Nothing was read of the chain yet.
    #[error("nothing was read of the chain yet")]
    NothingRead,
    /// The epoch has changed since the newest block, and what held then does not now.
    #[error("the clock is in another epoch than the newest block")]
    EpochPassed,
}

/// A device as the contract has it at a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) seat: u32,
    pub(crate) tier: Tier,
    pub(crate) score: u16,
    pub(crate) operational: bool,
    pub(crate) incarnation: Address,
    pub(crate) measurement: B256,
    pub(crate) good_epoch: Option<u32>,
    pub(crate) deposit: u128,
    /// The epochs in which its measurement is allowed, both included.
    pub(crate) allowed: Option<(u32, u32)>,
}

impl Facts {
    pub(crate) fn of(network: &Network, seat: &Seat) -> Self {
        let reference = network.references.iter().find(|it| it.measurement == seat.measurement);
        Self {
            seat: seat.seat,
            tier: seat.tier(),
            score: seat.score,
            operational: seat.is_operational(),
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            good_epoch: seat.good_epoch(),
            deposit: seat.deposit,
            allowed: reference.map(|it| (it.from_epoch, it.until_epoch)),
        }
    }

    /// Why the device is not trusted in an epoch; nothing if it is.
    fn against(&self, question: &Question, epoch: Option<u32>) -> Vec<Reason> {
        let Some(epoch) = epoch else { return vec![Reason::NotStarted] };
        let Question { min_score, max_age_epochs, .. } = *question;
        let mut reasons = Vec::new();
        if !self.operational && self.tier.is_operational() {
            reasons.push(Reason::NotOperational);
        } else if !self.operational {
            reasons.push(Reason::TierNotOperational { tier: self.tier.name() });
        }
        if self.score < min_score {
            reasons.push(Reason::ScoreBelow { score: self.score, min_score });
        }
        match self.good_epoch.map(|good| epoch.saturating_sub(good)) {
            None => reasons.push(Reason::NoGoodBlock),
            Some(age_epochs) if age_epochs > max_age_epochs => {
                reasons.push(Reason::TooOld { age_epochs, max_age_epochs });
            }
            Some(_) => {}
        }
        if !self.allowed.is_some_and(|(from, until)| (from..=until).contains(&epoch)) {
            reasons.push(Reason::MeasurementNotAllowed { epoch });
        }
        reasons
    }

    /// The last epoch in which a device that is trusted still is, if nothing happens.
    fn last_trusted_epoch(&self, question: &Question) -> u32 {
        let by_age = self.good_epoch.map_or(0, |good| good.saturating_add(question.max_age_epochs));
        by_age.min(self.allowed.map_or(0, |(_, until)| until))
    }
}

/// `isTrusted` of a bound seat, at a time.
pub(crate) fn is_trusted(
    network: &Network,
    seat: &Seat,
    min_score: u16,
    max_age_epochs: u32,
    timestamp_s: u64,
) -> bool {
    let question = Question { device_id: seat.device_id, min_score, max_age_epochs };
    Facts::of(network, seat).against(&question, network.epoch_at(timestamp_s)).is_empty()
}

/// A device's trust, with all that the answer follows from. What a stale answer shows of the device is what was known last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrustAnswer {
    /// The answer.
    pub verdict: Verdict,
    /// Why it is not `trusted`; empty if it is.
    pub reasons: Vec<Told>,
    /// The device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// The least score that was asked for, in basis points.
    pub min_score: u16,
    /// The age that was asked for, in epochs.
    pub max_age_epochs: u32,
    /// The bound seat, as far as there is one.
    pub device: Option<Device>,
    /// The epoch at the block that was read, `null` before genesis.
    pub epoch: Option<u32>,
    /// The last second of the clock at which the answer holds if no newer block tells otherwise, `null` if it is `stale`.
    pub valid_until_s: Option<u64>,
    /// The block at which the contract says this.
    pub read_at: Option<ReadAt>,
    /// Who else can be asked the same.
    pub ask: Ask,
}

/// A reason, in words too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ToldReason)]
pub struct Told {
    /// The reason.
    #[serde(flatten)]
    pub reason: Reason,
    /// In words.
    pub text: String,
}

/// What relying parties learn of a device (R17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TrustedDevice)]
pub struct Device {
    /// The seat that is bound to it.
    pub seat: u32,
    /// Its tier (R11).
    pub tier: &'static str,
    /// Its score, in basis points.
    pub score: u16,
    /// Whether it may be used for anything critical.
    pub operational: bool,
    /// Whether it is operational and below tier Full.
    pub flagged: bool,
    /// The incarnation's key.
    #[schema(value_type = Account)]
    pub incarnation: Address,
    /// Its measurement.
    #[schema(value_type = Hash)]
    pub measurement: B256,
    /// The epoch of the newest block of this incarnation that passed or was decided honest.
    pub last_good_epoch: Option<u32>,
    /// Its deposit, in the token's smallest unit.
    #[schema(value_type = Amount)]
    pub deposit: String,
}

/// A block of a chain, and a contract there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadAt {
    /// The chain's id.
    pub chain_id: u64,
    /// The contract.
    #[schema(value_type = Account)]
    pub contract: Address,
    /// The block's number.
    pub block_number: u64,
    /// Its hash.
    #[schema(value_type = Hash)]
    pub block_hash: B256,
    /// Its time, Unix seconds.
    pub timestamp_s: u64,
    /// How old it is by the clock, in seconds.
    pub age_s: u64,
}

/// The same question, put to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ask {
    /// To the contract.
    pub solidity: String,
    /// To a gateway: the path of a GET.
    pub path: String,
    /// To a chain's endpoint, whose URL is to be filled in.
    pub cli: String,
}

/// The answer to a question from what was read at a block.
pub(crate) fn judge(
    question: &Question,
    deployment: Deployment,
    head: Option<Newest>,
    facts: Option<&Facts>,
    calendar: Option<Calendar>,
    clock: &Clock,
) -> TrustAnswer {
    let mut stale = staleness(head, clock);
    let head_s = head.map_or(0, |head| head.timestamp_s);
    let epoch_at = |timestamp_s| calendar.and_then(|calendar| calendar.epoch_at(timestamp_s));
    let (epoch, epoch_now) = (epoch_at(head_s), epoch_at(clock.now_s.max(head_s)));
    let against = facts.map_or_else(|| vec![Reason::NotBound], |it| it.against(question, epoch));
    if against.is_empty() && facts.is_some_and(|it| !it.against(question, epoch_now).is_empty()) {
        stale.push(Reason::EpochPassed);
    }
    let (verdict, reasons) = match (stale.is_empty(), facts, against.is_empty()) {
        (false, ..) => (Verdict::Stale, stale),
        (true, None, _) => (Verdict::Unknown, against),
        (true, Some(_), true) => (Verdict::Trusted, against),
        (true, Some(_), false) => (Verdict::NotTrusted, against),
    };
    let valid_until_s = match (verdict, facts.zip(calendar)) {
        (Verdict::Stale, _) => None,
        (Verdict::Trusted, Some((facts, calendar))) => {
            let last_s = calendar.last_second_of(facts.last_trusted_epoch(question));
            Some(last_s.min(head_s.saturating_add(clock.head_age_s_max)))
        }
        _ => Some(head_s.saturating_add(clock.head_age_s_max)),
    };
    TrustAnswer {
        verdict,
        reasons: reasons.into_iter().map(|reason| Told { reason, text: reason.to_string() }).collect(),
        device_id: question.device_id,
        min_score: question.min_score,
        max_age_epochs: question.max_age_epochs,
        device: facts.map(device),
        epoch,
        valid_until_s,
        read_at: head.map(|head| read_at(deployment, head, clock)),
        ask: ask(question, deployment),
    }
}

/// What stands against the newest block.
fn staleness(head: Option<Newest>, clock: &Clock) -> Vec<Reason> {
    let Some(head) = head else { return vec![Reason::NothingRead] };
    let mut reasons = Vec::new();
    if !clock.in_touch {
        reasons.push(Reason::OutOfTouch);
    }
    let (age_s, ahead_s) =
        (clock.now_s.saturating_sub(head.timestamp_s), head.timestamp_s.saturating_sub(clock.now_s));
    if age_s > clock.head_age_s_max {
        reasons.push(Reason::HeadTooOld { age_s, age_s_max: clock.head_age_s_max });
    }
    if ahead_s > AHEAD_S_MAX {
        reasons.push(Reason::HeadAhead { ahead_s });
    }
    reasons
}

fn device(facts: &Facts) -> Device {
    Device {
        seat: facts.seat,
        tier: facts.tier.name(),
        score: facts.score,
        operational: facts.operational,
        flagged: facts.operational && facts.score < Score::FULL.bps(),
        incarnation: facts.incarnation,
        measurement: facts.measurement,
        last_good_epoch: facts.good_epoch,
        deposit: facts.deposit.to_string(),
    }
}

fn read_at(deployment: Deployment, head: Newest, clock: &Clock) -> ReadAt {
    ReadAt {
        chain_id: deployment.chain_id,
        contract: deployment.contract,
        block_number: head.number,
        block_hash: head.hash,
        timestamp_s: head.timestamp_s,
        age_s: clock.now_s.saturating_sub(head.timestamp_s),
    }
}

fn ask(question: &Question, deployment: Deployment) -> Ask {
    let Question { device_id, min_score, max_age_epochs } = question;
    let contract = deployment.contract;
    Ask {
        solidity: format!("IRegistry({contract}).isTrusted({device_id}, {min_score}, {max_age_epochs})"),
        path: format!("/v1/devices/{device_id}/trust?min_score={min_score}&max_age={max_age_epochs}"),
        cli: format!(
            "multee trust check {device_id} --min-score {min_score} --max-age {max_age_epochs} --rpc URL --contract {contract}"
        ),
    }
}
