//! Whether a device is trusted: the index says what the contract says, and never `trusted` of what is stale.

use std::path::Path;

use alloy_primitives::B256;
use multee_chain::Chain;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_gateway::index::{Config, Index};
use multee_gateway::reader::Reader;
use multee_gateway::trust::{Clock, Question, Reason, TrustAnswer, Verdict, ask_contract};

use crate::town::{EPOCH_S, OWNER, POWER, Town, device, key, references};

const AGES: [u32; 7] = [0, 1, 2, 3, 4, 5, u32::MAX];

struct Asked<'a> {
    town: &'a Town,
    index: Index,
    reader: Reader,
    compared: u64,
    trusted: u64,
}

impl<'a> Asked<'a> {
    fn new(town: &'a Town, path: &Path) -> Self {
        let index = Index::open(path, town.deployment(), Config::default()).expect("an index");
        Self { town, index, reader: Reader::open(path).expect("a reader"), compared: 0, trusted: 0 }
    }

    fn sync(&mut self) {
        self.index.sync(self.town.chain.as_ref()).expect("synced");
    }

    /// A clock that shows the newest block's time, and as much later.
    fn clock(&self, later_s: i64) -> Clock {
        let head_s = self.town.chain.head().expect("a head").timestamp_s;
        Clock { now_s: head_s.saturating_add_signed(later_s), head_age_s_max: 120, in_touch: true }
    }

    fn answer(&self, question: Question, clock: &Clock) -> TrustAnswer {
        self.reader.trust(&question, clock).expect("an answer")
    }

    fn contract_says(&self, question: Question) -> bool {
        let Question { device_id, min_score, max_age_epochs } = question;
        self.town.read(&contract::isTrustedCall {
            deviceId: device_id,
            minScore: min_score,
            maxAgeEpochs: max_age_epochs,
        })
    }

    /// Questions at and around every edge.
    fn questions(&self) -> Vec<Question> {
        let mut all = Vec::new();
        for number in 1..=6 {
            let device_id = device(number);
            let score = self.town.read(&contract::trustOfCall { deviceId: device_id }).score;
            let edges = [5000, 7500, 9000, 10_000, score];
            let scores = edges.into_iter().flat_map(|edge| [edge.saturating_sub(1), edge, edge + 1]);
            let pairs = scores.chain([0]).flat_map(|score| AGES.map(|age| (score, age)));
            all.extend(pairs.map(|(min_score, max_age_epochs)| Question {
                device_id,
                min_score,
                max_age_epochs,
            }));
        }
        all
    }

    /// The index, the contract asked by way of the same answer, and the contract itself.
    fn compare(&mut self) {
        self.sync();
        let clock = self.clock(0);
        for question in self.questions() {
            let answer = self.answer(question, &clock);
            let says = self.contract_says(question);
            assert_eq!(answer.verdict == Verdict::Trusted, says, "{answer:#?}");
            assert_eq!(answer.reasons.is_empty(), says, "{answer:#?}");
            let known = self.town.read(&contract::boundSeatOfCall { deviceId: question.device_id }) != 0;
            assert_eq!(answer.verdict == Verdict::Unknown, !known, "{answer:#?}");
            self.compared += 1;
            self.trusted += u64::from(says);
        }
        // Whoever asks the contract gets the same document.
        for number in 1..=6 {
            let question = Question { device_id: device(number), min_score: 7500, max_age_epochs: 3 };
            let asked = ask_contract(self.town.chain.as_ref(), self.town.contract, &question, &clock);
            assert_eq!(self.answer(question, &clock), asked.expect("an answer"));
        }
    }
}

/// Seat 3 falls from tier to tier, and seat 6 does not exist.
fn play(asked: &mut Asked<'_>, town: &Town, epoch: u32) {
    for second in [-1, 0, 1] {
        town.chain.set_time(Town::epoch_start_s(epoch).saturating_add_signed(second));
        asked.compare();
    }
    town.send(&key(OWNER, 9), &contract::openEpochCall {});
    town.chain.mine(3);
    town.send(&key(OWNER, 9), &contract::seedEpochCall {});
    town.settle(epoch);
    asked.compare();
    for seat in 1..=5 {
        // Seat 5 says nothing after a while, seat 4 becomes faster.
        if seat != 5 || epoch < 4 {
            town.publish(seat, if seat == 4 && epoch > 5 { 2 * POWER } else { POWER }, b"");
        }
    }
    asked.compare();
}

#[test]
fn the_index_says_what_the_contract_says_at_every_edge() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut town = Town::new(5);
    town.bad = [3].into();
    let mut asked = Asked::new(&town, &dir.path().join("index"));
    asked.compare();
    let mut tiers = std::collections::BTreeSet::new();
    for epoch in 0..12 {
        if epoch == 9 {
            // The measurement's last epoch is the next.
            town.send(&key(OWNER, 0), &contract::setReferenceValuesCall { values: references(10) });
        }
        play(&mut asked, &town, epoch);
        tiers.extend(
            (1..=5).map(|number| town.read(&contract::trustOfCall { deviceId: device(number) }).tier),
        );
    }
    println!("{} answers, {} of them trusted", asked.compared, asked.trusted);
    assert!(tiers.len() >= 3, "tiers {tiers:?}");
    assert!(asked.trusted * 10 > asked.compared && asked.trusted * 10 < asked.compared * 9);
}

/// A town whose seats are trusted, in the middle of an epoch, and what is asked of it.
fn trusted(town: &Town) -> Question {
    for epoch in 0..4 {
        town.begin(epoch);
        town.settle(epoch);
        (1..=3).for_each(|seat| town.publish(seat, POWER, b""));
    }
    Question { device_id: device(1), min_score: 9000, max_age_epochs: 2 }
}

#[test]
fn nothing_stale_is_trusted() {
    let dir = tempfile::tempdir().expect("a directory");
    let town = Town::new(3);
    let mut asked = Asked::new(&town, &dir.path().join("index"));
    let early =
        asked.answer(Question { device_id: device(1), min_score: 0, max_age_epochs: 9 }, &asked.clock(0));
    assert_eq!((early.verdict, early.reasons[0].reason), (Verdict::Stale, Reason::NothingRead));
    let question = trusted(&town);
    asked.sync();
    let verdict = |asked: &Asked<'_>, clock: Clock| asked.answer(question, &clock).verdict;
    for (later_s, expected) in [
        (0, Verdict::Trusted),
        (119, Verdict::Trusted),
        (120, Verdict::Trusted),
        (121, Verdict::Stale),
        (1_000_000_000, Verdict::Stale),
        (-15, Verdict::Trusted),
        (-16, Verdict::Stale),
    ] {
        assert_eq!(verdict(&asked, asked.clock(later_s)), expected, "{later_s} s later");
    }
    assert_eq!(verdict(&asked, Clock { in_touch: false, ..asked.clock(0) }), Verdict::Stale);
    let unknown = Question { device_id: B256::repeat_byte(7), ..question };
    assert_eq!(asked.answer(unknown, &asked.clock(0)).verdict, Verdict::Unknown);
    assert_eq!(asked.answer(unknown, &asked.clock(121)).verdict, Verdict::Stale, "it may be known by now");
}

#[test]
fn what_the_clocks_epoch_refutes_is_not_trusted_either() {
    let dir = tempfile::tempdir().expect("a directory");
    let town = Town::new(3);
    let mut asked = Asked::new(&town, &dir.path().join("index"));
    let question = trusted(&town);
    town.chain.set_time(Town::epoch_start_s(4) - 1);
    asked.sync();
    let clock = asked.clock(0);
    let age = 3 - asked.answer(question, &clock).device.expect("known").last_good_epoch.expect("good");
    let question = Question { max_age_epochs: age, ..question };
    assert_eq!(asked.answer(question, &asked.clock(0)).verdict, Verdict::Trusted);
    let passed = asked.answer(question, &asked.clock(1));
    assert_eq!((passed.verdict, passed.reasons[0].reason), (Verdict::Stale, Reason::EpochPassed));
    assert!(asked.contract_says(question), "at its newest block the contract still says so");
    town.chain.set_time(Town::epoch_start_s(4));
    assert!(!asked.contract_says(question), "and at the clock's time it does not");
    asked.sync();
    assert_eq!(asked.answer(question, &asked.clock(0)).verdict, Verdict::NotTrusted);
    assert_eq!(
        asked
            .answer(Question { max_age_epochs: age + 1, ..question }, &asked.clock(i64::from(EPOCH_S) / 60))
            .verdict,
        Verdict::Trusted
    );
}
