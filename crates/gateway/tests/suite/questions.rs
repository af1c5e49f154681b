//! Random questions about a story in which nearly everything happens, at many of its blocks and at any time of the clock:
//! whatever the index answers is what the rules' state machine says.
//!
//! `MULTEE_TRUST_QUESTIONS=1000000 MULTEE_TRUST_SEED=7` asks more, and others.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use alloy_primitives::B256;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};
use multee_gateway::index::{Config, Index};
use multee_gateway::reader::Reader;
use multee_gateway::trust::{AHEAD_S_MAX, Clock, Question, Reason, TrustAnswer, Verdict};
use multee_protocol::machine::{Event, State};
use multee_protocol::{DeviceId, Score};
use multee_replay::{Place, Watch, follow};

use crate::forking::Forking;
use crate::index::Die;
use crate::story;
use crate::town::{EPOCH_S, OWNER, Town, device, key, references};

/// Blocks of an epoch at which it is asked beside its first and its last ones.
const OTHER_BLOCKS: u64 = 2;
const SEED: u64 = 0x7a57_ed5e_ed00_0006;

/// A chain as it was when this block was its newest.
struct Until {
    chain: Arc<Forking>,
    number: u64,
}

impl Chain for Until {
    fn head(&self) -> Result<Head, ChainError> {
        Ok(self.chain.block(self.number)?.expect("it was made"))
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        if number > self.number { Ok(None) } else { self.chain.block(number) }
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.chain.call(call)
    }

    fn send(&self, _: &Sender, _: &Transaction) -> Result<Receipt, ChainError> {
        unreachable!("an index sends nothing")
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.chain.receipt(transaction_hash)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        let to_block = filter.to_block.min(self.number);
        self.chain.logs(&LogFilter { to_block, ..filter.clone() })
    }
}

/// The rules at a block.
struct Model {
    state: State,
    head: Head,
}

/// The rules' state after each block that told something.
#[derive(Default)]
struct History(BTreeMap<u64, State>);

impl Watch for History {
    fn event(&mut self, place: &Place, _: &Event, state: &State) {
        self.0.insert(place.block_number, state.clone());
    }
}

impl History {
    fn of(town: &Town) -> Self {
        let (mut history, head) = (Self::default(), town.chain.head().expect("a head"));
        follow(town.chain.as_ref(), town.contract, &head, &mut history).expect("a replay");
        history
    }

    fn at(&self, town: &Town, number: u64) -> Model {
        let (_, state) = self.0.range(..=number).next_back().expect("deployed by then");
        let head = town.chain.block(number).expect("answers").expect("a block");
        Model { state: state.clone(), head }
    }
}

impl Model {
    /// `isTrusted` of this block's state, at a time.
    fn says(&self, question: &Question, timestamp_s: u64) -> bool {
        let Question { device_id, min_score, max_age_epochs } = *question;
        self.state.is_trusted(DeviceId(device_id), min_score, max_age_epochs, timestamp_s)
    }

    /// The one right answer: by what R17 says, and by what a gateway may say of a block.
    fn verdict(&self, question: &Question, clock: &Clock) -> Verdict {
        let head_s = i128::from(self.head.timestamp_s);
        let age_s = i128::from(clock.now_s) - head_s;
        let is_fresh = age_s <= i128::from(clock.head_age_s_max) && age_s >= -i128::from(AHEAD_S_MAX);
        if !clock.in_touch || !is_fresh {
            return Verdict::Stale;
        }
        if self.state.bound_seat_of(DeviceId(question.device_id)).is_none() {
            return Verdict::Unknown;
        }
        let at_head = self.says(question, self.head.timestamp_s);
        let by_the_clock = self.says(question, clock.now_s.max(self.head.timestamp_s));
        match (at_head, by_the_clock) {
            (true, true) => Verdict::Trusted,
            (true, false) => Verdict::Stale,
            (false, _) => Verdict::NotTrusted,
        }
    }
}

/// Rolls questions at and around what decides about them.
struct Asker<'a> {
    die: &'a mut Die,
    model: &'a Model,
}

impl Asker<'_> {
    fn near(&mut self, edge: u64) -> u64 {
        (edge + self.die.roll(3)).saturating_sub(1)
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        let place = self.die.roll(of.len() as u64);
        of[usize::try_from(place).expect("small")]
    }

    fn question(&mut self) -> Question {
        let device_id = device(u32::try_from(self.die.roll(11)).expect("small"));
        let trust = self.model.state.trust_of(DeviceId(device_id));
        let epoch = self.model.state.network_view(self.model.head.timestamp_s).epoch;
        let tiers = [5000, 7500, 9000, Score::MAX.bps()];
        let min_score = match self.die.roll(8) {
            0 => u64::from(self.one_of(&tiers)),
            1..=3 => self.near(trust.score.bps().into()),
            4 => self.die.roll(10_001),
            5 => {
                let tier = self.one_of(&tiers);
                self.near(tier.into())
            }
            _ => 0,
        };
        let age = u64::from(epoch.saturating_sub(trust.last_good_epoch));
        let max_age = match self.die.roll(8) {
            0..=3 => self.near(age),
            4 => self.die.roll(50),
            5 => u64::from(u32::MAX),
            _ => 3,
        };
        Question {
            device_id,
            min_score: u16::try_from(min_score).expect("small"),
            max_age_epochs: u32::try_from(max_age).expect("small"),
        }
    }

    /// At and around the newest block's time, the bounds on its age, and the seconds in which an epoch ends.
    fn clock(&mut self, question: &Question) -> Clock {
        let (head_s, epoch_s) = (self.model.head.timestamp_s, u64::from(EPOCH_S));
        let head_age_s_max =
            self.one_of(&[0, 1, 120, epoch_s - 1, epoch_s, 5 * epoch_s, 40 * epoch_s, u64::MAX]);
        let trust = self.model.state.trust_of(DeviceId(question.device_id));
        let last = u64::from(trust.last_good_epoch) + u64::from(question.max_age_epochs);
        let now_s = match self.die.roll(10) {
            0 => self.near(head_s),
            1 => self.near(head_s - AHEAD_S_MAX),
            2 => self.near(head_s + head_age_s_max.min(50 * epoch_s)),
            3 => {
                let epoch = u32::try_from(self.die.roll(60)).expect("small");
                self.near(Town::epoch_start_s(epoch))
            }
            4 | 5 => self.near(Town::epoch_start_s(self.model.state.network_view(head_s).epoch + 1)),
            // Where the device becomes too old.
            6 | 7 => self.near(Town::epoch_start_s(u32::try_from(last.min(1001)).expect("small") + 1)),
            _ => head_s + self.die.roll(3 * epoch_s),
        };
        Clock { now_s, head_age_s_max, in_touch: self.die.roll(10) > 0 }
    }
}

/// What was asked so far.
#[derive(Default)]
struct Tally {
    verdicts: BTreeMap<&'static str, u64>,
    reasons: BTreeMap<&'static str, u64>,
    /// Trusted, but not any more with the next second.
    last_seconds: u64,
}

impl Tally {
    fn count(&mut self, answer: &TrustAnswer, clock: &Clock) {
        let name = match answer.verdict {
            Verdict::Trusted => "trusted",
            Verdict::NotTrusted => "not trusted",
            Verdict::Unknown => "unknown",
            Verdict::Stale => "stale",
        };
        *self.verdicts.entry(name).or_default() += 1;
        for told in &answer.reasons {
            *self.reasons.entry(reason(told.reason)).or_default() += 1;
        }
        self.last_seconds +=
            u64::from(answer.verdict == Verdict::Trusted && answer.valid_until_s == Some(clock.now_s));
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::NotBound => "not bound",
        Reason::NotStarted => "not started",
        Reason::TierNotOperational { .. } => "tier",
        Reason::NotOperational => "power or leaving",
        Reason::ScoreBelow { .. } => "score",
        Reason::NoGoodBlock => "no good block",
        Reason::TooOld { .. } => "age",
        Reason::MeasurementNotAllowed { .. } => "measurement",
        Reason::HeadTooOld { .. } => "head too old",
        Reason::HeadAhead { .. } => "head ahead",
        Reason::OutOfTouch => "out of touch",
        Reason::NothingRead => "nothing read",
        Reason::EpochPassed => "epoch passed",
    }
}

fn ask(reader: &Reader, model: &Model, die: &mut Die, tally: &mut Tally) {
    let mut asker = Asker { die, model };
    let question = asker.question();
    let clock = asker.clock(&question);
    let answer = reader.trust(&question, &clock).expect("an answer");
    let expected = model.verdict(&question, &clock);
    let context = || format!("{question:?} {clock:?} at {:?}: {answer:#?}", model.head);
    assert_eq!(answer.verdict, expected, "{}", context());
    assert_eq!(answer.reasons.is_empty(), expected == Verdict::Trusted, "{}", context());
    let read_at = answer.read_at.as_ref().expect("a block");
    assert_eq!((read_at.block_number, read_at.block_hash), (model.head.number, model.head.hash));
    assert_eq!(answer.valid_until_s.is_none(), expected == Verdict::Stale, "{}", context());
    // What is said to hold until then does, and no second longer.
    if let (Verdict::Trusted, Some(until_s)) = (expected, answer.valid_until_s) {
        let verdict = |now_s| model.verdict(&question, &Clock { now_s, ..clock });
        assert_eq!(verdict(until_s), Verdict::Trusted, "{}", context());
        assert!(until_s == u64::MAX || verdict(until_s + 1) == Verdict::Stale, "{}", context());
    }
    tally.count(&answer, &clock);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// The story's measurement is not allowed for a while, twice: its list ends, and the next begins later.
fn change_references(town: &Town, epoch: u32) {
    let (from_epoch, until_epoch) = match epoch {
        24 => (0, 26),
        28 => (30, 1000),
        38 => (0, 39),
        _ => return,
    };
    let value = contract::ReferenceValue { fromEpoch: from_epoch, ..references(until_epoch)[0].clone() };
    town.send(&key(OWNER, 1), &contract::setReferenceValuesCall { values: vec![value] });
}

/// The blocks at which it is asked: of each epoch of the story its first and its last, those beside them, and others.
fn blocks(town: &mut Town, die: &mut Die) -> Vec<u64> {
    let number = |town: &Town| town.chain.head().expect("a head").number;
    let mut all = Vec::new();
    for epoch in 0..story::EPOCHS {
        town.chain.set_time(Town::epoch_start_s(epoch) - 1);
        change_references(town, epoch);
        if epoch == 31 {
            // Revived with the others, it is operational with an incarnation that no peer has seen.
            town.restart(2);
        }
        let first = number(town);
        story::play(town, epoch);
        let last = number(town);
        town.chain.set_time(Town::epoch_start_s(epoch) + 1);
        all.extend([first, first + 1, last - 1, last, last + 1]);
        all.extend((0..OTHER_BLOCKS).map(|_| first + die.roll(last - first)));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn synced(index: &mut Index, town: &Town, number: u64) {
    index.sync(&Until { chain: Arc::clone(&town.chain), number }).expect("synced");
}

#[test]
fn random_questions_are_answered_as_the_rules_say() {
    let (asked, seed) = (number("MULTEE_TRUST_QUESTIONS", 100_000), number("MULTEE_TRUST_SEED", SEED));
    println!("seed {seed:#x}, {asked} questions");
    let (mut die, mut town) = (Die(seed), Town::new(story::SEATS));
    let blocks = blocks(&mut town, &mut die);
    let history = History::of(&town);
    let dir = tempfile::tempdir().expect("a directory");
    let path: &Path = &dir.path().join("index");
    let mut index = Index::open(path, town.deployment(), Config::default()).expect("an index");
    let (reader, mut tally) = (Reader::open(path).expect("a reader"), Tally::default());
    for (place, block) in (0_u64..).zip(&blocks) {
        synced(&mut index, &town, *block);
        let model = history.at(&town, *block);
        let share = |place: u64| asked * place / blocks.len() as u64;
        (share(place)..share(place + 1)).for_each(|_| ask(&reader, &model, &mut die, &mut tally));
    }
    println!("at {} blocks: {:?}, {:?}", blocks.len(), tally.verdicts, tally.reasons);
    println!("{} trusted in their last second", tally.last_seconds);
    assert_eq!(tally.verdicts.values().sum::<u64>(), asked);
    // A test that meets no edge says nothing of edges.
    let common = |count: u64| count * 100 >= asked;
    assert!(tally.verdicts.len() == 4 && tally.verdicts.values().all(|count| common(*count)));
    for name in
        ["tier", "score", "age", "measurement", "no good block", "head too old", "head ahead", "epoch passed"]
    {
        assert!(tally.reasons.get(name).is_some_and(|count| count * 500 >= asked), "{name}");
    }
    assert!(tally.last_seconds * 500 >= asked);
}
