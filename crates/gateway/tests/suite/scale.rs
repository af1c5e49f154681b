//! A network of any size, told by the rules' state machine: what is measured is the index, and no contract is executed.
//!
//! `MULTEE_SCALE=10000x35 cargo test --release -p multee-gateway --test suite scale -- --nocapture` prints rates and sizes
//! for so many devices and epochs.

use std::path::Path;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Log, LogData, aliases::U40, keccak256};
use alloy_sol_types::SolEvent;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::Registry::OwnershipTransferred;
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LOG_BYTES_MAX, Limit, LogEntry, LogFilter, Receipt, Sender,
    Transaction,
};
use multee_gateway::index::{Config, Index};
use multee_gateway::reader::{DeviceFilter, HistoryFilter, Page, Prefix, Reader, Sort};
use multee_gateway::trust::{Clock, Question, Verdict};
use multee_protocol::machine::{
    Document, Event, Genesis, Input, Moment, Publication, ReferenceValue, Registration, Settings, State,
};
use multee_protocol::{ConfirmationBlock, Deployment, DeviceId, Fixed, Mark, Marks, Parameters, SeatId};
use multee_replay::words::{contract_parameters, contract_settings, reference_digest};

use crate::dump::count;
use crate::town::{GENESIS_S, device, measurement};

pub(crate) const DEPLOYMENT: Deployment = Deployment { chain_id: 7, contract: Address::repeat_byte(0xcc) };
/// Transactions that share a block of the chain.
const TRANSACTIONS_PER_BLOCK: u64 = 50;
/// What evidence there is; that of real devices has some 5 KiB.
const EVIDENCE_BYTES: usize = 128;

/// A chain that has nothing but logs.
pub(crate) struct Told {
    state: State,
    logs: Vec<LogEntry>,
    number: u64,
    transactions: u64,
    pub(crate) timestamp_s: u64,
}

fn hash(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

impl Told {
    pub(crate) fn new(devices: u32) -> Self {
        let settings = Settings {
            token: Address::repeat_byte(1),
            owner: Address::repeat_byte(2),
            genesis_s: GENESIS_S,
            fixed: Fixed::default(),
        };
        let genesis = Genesis {
            deployment: DEPLOYMENT,
            registry: Address::repeat_byte(3),
            settings,
            parameters: Parameters::default(),
            timestamp_s: GENESIS_S - 10,
            balance: u128::MAX >> 16,
        };
        let (state, events) = State::deploy(&genesis).expect("deployed");
        let mut told =
            Self { state, logs: Vec::new(), number: 1, transactions: 0, timestamp_s: GENESIS_S - 10 };
        for event in &events {
            told.tell(event, &[]);
        }
        let values = vec![ReferenceValue { measurement: measurement(), from_epoch: 0, until_epoch: 10_000 }];
        let listed =
            contract::ReferenceValue { measurement: measurement(), fromEpoch: 0, untilEpoch: 10_000 };
        let digest = reference_digest(&[listed]);
        told.act(settings.owner, Input::SetReferenceValues { digest, values }, &[]);
        for number in 1..=devices {
            let registration = Registration {
                operator: Address::left_padding_from(&number.to_be_bytes()),
                device_id: DeviceId(device(number)),
                incarnation: Address::from_word(hash(number.into())),
                measurement: measurement(),
            };
            let provider = Address::repeat_byte(4);
            told.act(settings.owner, Input::Found { provider, registration, verified_power: 1000 }, &[]);
        }
        told
    }

    fn act(&mut self, caller: Address, input: Input, evidence: &[u8]) {
        self.transactions += 1;
        self.number += u64::from(self.transactions.is_multiple_of(TRANSACTIONS_PER_BLOCK));
        let moment = Moment {
            timestamp_s: self.timestamp_s,
            block_number: self.number,
            source_hash: Some(hash(self.number)),
        };
        let events =
            self.state.apply(&multee_protocol::machine::Call { caller, moment, input }).expect("accepted");
        for event in &events {
            self.tell(event, evidence);
        }
    }

    fn tell(&mut self, event: &Event, evidence: &[u8]) {
        let before = self.logs.last().filter(|last| last.block_number == self.number);
        let index = before.map_or(0, |last| last.index + 1);
        self.logs.push(LogEntry {
            log: Log { address: DEPLOYMENT.contract, data: encoded(event, evidence) },
            block_number: self.number,
            block_hash: hash(self.number),
            index,
            transaction_hash: hash(self.transactions),
        });
    }

    /// An epoch in which everybody publishes, and finds everybody valid; seat 1 marks all that it can wrong.
    pub(crate) fn epoch(&mut self, epoch: u32, devices: u32) {
        self.timestamp_s = GENESIS_S + u64::from(epoch) * u64::from(Fixed::default().epoch_seconds);
        self.number += 1;
        self.act(Address::ZERO, Input::OpenEpoch, &[]);
        self.number += 3;
        self.act(Address::ZERO, Input::SeedEpoch, &[]);
        for number in 1..=devices {
            self.publish(SeatId(number));
        }
        self.number += 1;
    }

    fn publish(&mut self, id: SeatId) {
        let seat = self.state.seat_view(id).expect("a seat");
        let assigned = self.state.assignment_of(id, self.timestamp_s).expect("opened");
        let mark = if id.0 == 1 { Mark::EvidenceInvalid } else { Mark::Valid };
        let mut marks = Marks::default();
        let filled = assigned.positions.iter().map(|position| *position != (1 << 40) - 1);
        for (place, _) in
            assigned.latest.iter().map(|_| true).chain(filled).enumerate().filter(|(_, there)| *there)
        {
            marks = marks.with(place, mark).expect("a place");
        }
        let block = ConfirmationBlock {
            seat: id,
            device_id: seat.device_id,
            incarnation: seat.incarnation,
            epoch: self.state.network_view(self.timestamp_s).epoch,
            previous_digest: seat.last_digest,
            challenge: self.state.challenge_of(id, self.timestamp_s).expect("opened"),
            measurement: seat.measurement,
            power: 1000,
            properties_digest: B256::ZERO,
            marks,
            latest_bindings: self.state.latest_bindings_of(id, marks, self.timestamp_s).expect("opened"),
        };
        let digest = block.digest(&DEPLOYMENT);
        let evidence: Vec<u8> = digest.iter().copied().cycle().take(EVIDENCE_BYTES).collect();
        let publication = Publication {
            seat: id,
            power: block.power,
            previous_digest: block.previous_digest,
            challenge: block.challenge,
            properties_digest: block.properties_digest,
            marks,
            latest_bindings: block.latest_bindings,
            device_id: block.device_id,
            incarnation: block.incarnation,
            measurement: block.measurement,
            certificates_hash: B256::ZERO,
            r: B256::ZERO,
            vs: B256::ZERO,
            evidence: Document { digest: keccak256(&evidence), bytes: evidence.len() },
            certificates: None,
            digest,
            signer: Some(block.incarnation),
        };
        // Seats that fell are refused, which is told.
        self.act(seat.operator, Input::Publish(publication), &evidence);
    }
}

#[allow(clippy::too_many_lines, reason = "one arm for each event")]
fn encoded(event: &Event, evidence: &[u8]) -> LogData {
    match event.clone() {
        Event::OwnershipTransferred { previous_owner, new_owner } => {
            OwnershipTransferred { previousOwner: previous_owner, newOwner: new_owner }.encode_log_data()
        }
        Event::NetworkDeployed { registry, settings, parameters } => contract::NetworkDeployed {
            registry,
            settings: contract_settings(&settings),
            parameters: contract_parameters(&parameters),
        }
        .encode_log_data(),
        Event::ReferenceValuesSet { digest, values } => {
            let shown = |it: &ReferenceValue| contract::ReferenceValue {
                measurement: it.measurement,
                fromEpoch: it.from_epoch,
                untilEpoch: it.until_epoch,
            };
            contract::ReferenceValuesSet { digest, values: values.iter().map(shown).collect() }
                .encode_log_data()
        }
        Event::SeatRegistered { seat, device_id, provider, operator, deposit, founding, verified_power } => {
            contract::SeatRegistered {
                seat: seat.0,
                deviceId: device_id.0,
                provider,
                operator,
                deposit,
                founding,
                verifiedPower: verified_power,
            }
            .encode_log_data()
        }
        Event::IncarnationBegun { seat, incarnation, measurement, since_epoch } => {
            contract::IncarnationBegun { seat: seat.0, incarnation, measurement, sinceEpoch: since_epoch }
                .encode_log_data()
        }
        Event::SeatAdmitted { seat, epoch, device_id } => {
            contract::SeatAdmitted { seat: seat.0, epoch, deviceId: device_id.0 }.encode_log_data()
        }
        Event::SeatSuspended { seat, epoch, score } => {
            contract::SeatSuspended { seat: seat.0, epoch, score: score.bps() }.encode_log_data()
        }
        Event::SeatPenalised { seat, epoch, penalties } => {
            contract::SeatPenalised { seat: seat.0, epoch, penalties }.encode_log_data()
        }
        Event::EpochOpened {
            epoch,
            seed_block,
            roster_epoch,
            roster_size,
            window_start,
            window_size,
            decision_marks,
            pot,
            policy_digest,
            reference_digest,
        } => contract::EpochOpened {
            epoch,
            seedBlock: seed_block,
            rosterEpoch: roster_epoch,
            rosterSize: roster_size,
            windowStart: U40::from(window_start),
            windowSize: window_size,
            decisionMarks: decision_marks,
            pot,
            policyDigest: policy_digest,
            referenceDigest: reference_digest,
        }
        .encode_log_data(),
        Event::EpochSeeded { epoch, seed, root } => {
            contract::EpochSeeded { epoch, seed, root }.encode_log_data()
        }
        Event::BlockPublished {
            seat,
            epoch,
            digest,
            order,
            weight,
            power,
            properties_digest,
            marks,
            latest_bindings,
            r,
            vs,
            ..
        } => contract::BlockPublished {
            seat: seat.0,
            epoch,
            digest,
            order,
            weight,
            power,
            propertiesDigest: properties_digest,
            marks: marks.0,
            latestBindings: latest_bindings,
            r,
            vs,
            evidence: evidence.to_vec().into(),
        }
        .encode_log_data(),
        Event::PublicationRefused { seat, epoch, reason } => {
            contract::PublicationRefused { seat: seat.0, epoch, reason: reason as u8 }.encode_log_data()
        }
        Event::BlockLogged { epoch, order, position, reason } => {
            contract::BlockLogged { epoch, order, position: U40::from(position), reason: reason as u8 }
                .encode_log_data()
        }
        Event::BlockPassed { seat, epoch, judgement, score, streak } => contract::BlockPassed {
            seat: seat.0,
            epoch,
            judgement: judgement.bps(),
            score: score.bps(),
            streak,
        }
        .encode_log_data(),
        Event::BlockDecided {
            seat,
            epoch,
            malicious,
            positive,
            negative,
            count,
            judgement,
            score,
            streak,
            reward,
        } => contract::BlockDecided {
            seat: seat.0,
            epoch,
            malicious,
            positive,
            negative,
            count,
            judgement: judgement.bps(),
            score: score.bps(),
            streak,
            reward,
        }
        .encode_log_data(),
        Event::BlockFinal { seat, epoch, reward } => {
            contract::BlockFinal { seat: seat.0, epoch, reward }.encode_log_data()
        }
        other => panic!("not told here: {other:?}"),
    }
}

impl Chain for Told {
    fn head(&self) -> Result<Head, ChainError> {
        Ok(self.block(self.number)?.expect("there is one"))
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        let head = Head { chain_id: 7, number, timestamp_s: self.timestamp_s, hash: hash(number) };
        Ok((number <= self.number).then_some(head))
    }

    fn call(&self, _: &Call) -> Result<Answer, ChainError> {
        // An index asks nothing, and a gateway does without money.
        Err(ChainError::Unreachable { place: "a story".to_owned(), cause: "there is no contract".to_owned() })
    }

    fn send(&self, _: &Sender, _: &Transaction) -> Result<Receipt, ChainError> {
        unreachable!("an index sends nothing")
    }

    fn receipt(&self, _: B256) -> Result<Option<Receipt>, ChainError> {
        unreachable!("an index sends nothing")
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        let start = self.logs.partition_point(|entry| entry.block_number < filter.from_block);
        let end = self.logs.partition_point(|entry| entry.block_number <= filter.to_block);
        let bytes: usize = self.logs[start..end].iter().map(|entry| entry.log.data.data.len()).sum();
        if bytes > LOG_BYTES_MAX {
            let (value, limit) = (bytes as u64, LOG_BYTES_MAX as u64);
            return Err(ChainError::Limit { what: Limit::LogBytes, value, limit });
        }
        Ok(self.logs[start..end].to_vec())
    }
}

/// Devices and epochs: few, unless it is to be measured.
pub(crate) fn scale(default: (u32, u32)) -> (u32, u32) {
    let asked = std::env::var("MULTEE_SCALE").ok();
    let parsed = asked.as_deref().and_then(|text| text.split_once('x'));
    let parsed = parsed.and_then(|(devices, epochs)| Some((devices.parse().ok()?, epochs.parse().ok()?)));
    parsed.unwrap_or(default)
}

fn timed<T>(times: u32, mut ask: impl FnMut() -> T) -> (T, Duration) {
    let start = Instant::now();
    (1..times).for_each(|_| drop(ask()));
    (ask(), start.elapsed() / times)
}

fn size(path: &Path) -> u64 {
    let of = |suffix: &str| {
        std::fs::metadata(format!("{}{suffix}", path.display())).map_or(0, |found| found.len())
    };
    of("") + of("-wal")
}

#[test]
fn a_large_network_is_indexed_and_asked_about() {
    let ((devices, epochs), dir) = (scale((40, 6)), tempfile::tempdir().expect("a directory"));
    let path = dir.path().join("index");
    let mut told = Told::new(devices);
    (0..epochs).for_each(|epoch| told.epoch(epoch, devices));
    let mut index = Index::open(&path, DEPLOYMENT, Config::default()).expect("an index");
    let (synced, took) = timed(1, || index.sync(&told).expect("synced"));
    assert_eq!(synced.events, told.logs.len() as u64);
    let rate = u128::from(synced.events) * 1000 / took.as_millis().max(1);
    println!("{devices} devices, {epochs} epochs: {} events in {took:?}, {rate} a second", synced.events);
    println!("{} bytes, evidence of {EVIDENCE_BYTES} bytes a block", size(&path));
    let blocks = told.logs.iter().filter(|it| it.log.topics()[0] == contract::BlockPublished::SIGNATURE_HASH);
    let expected = i64::try_from(blocks.count()).expect("few");
    assert_eq!(count(&path, "SELECT count(*) FROM blocks"), expected);
    ask(&path, &told);
}

fn ask(path: &Path, told: &Told) {
    let reader = Reader::open(path).expect("a reader");
    let clock = Clock { now_s: told.timestamp_s, head_age_s_max: 120, in_touch: true };
    let (min_score, max_age_epochs) = (9000, 3);
    let question = Question { device_id: device(2), min_score, max_age_epochs };
    let (answer, trust) = timed(200, || reader.trust(&question, &clock).expect("an answer"));
    assert_eq!(answer.verdict, Verdict::Trusted, "{answer:?}");
    let page = Page { limit: 50, offset: 0 };
    let (_, devices) = timed(20, || reader.devices(&DeviceFilter::default(), Sort::LowestScore, page));
    let (_, device) = timed(20, || reader.device(device(2), page));
    let (_, network) = timed(5, || reader.network());
    let (_, epochs) = timed(5, || reader.epochs(page));
    let last = told.state.network_view(told.timestamp_s).epoch;
    let (_, marks) = timed(5, || reader.marks(last, page));
    println!(
        "trust {trust:?}, devices {devices:?}, device {device:?}, network {network:?}, epochs {epochs:?}, marks {marks:?}"
    );
    watch(&reader, last);
}

/// What a page asks.
fn watch(reader: &Reader, last: u32) {
    let page = Page { limit: 50, offset: 0 };
    let (numbers, overview) = timed(20, || reader.numbers().expect("an answer").expect("deployed"));
    assert_eq!(numbers.last_opened, Some(last));
    let begins = DeviceFilter { q: Prefix::parse("0x00000000"), ..DeviceFilter::default() };
    let (found, by_prefix) = timed(20, || reader.devices(&begins, Sort::Score, page).expect("an answer"));
    assert!(found.total > 0);
    let (all, csv) = timed(1, || reader.devices_at_length(&DeviceFilter::default(), Sort::Seat, 20_000));
    assert_eq!(all.expect("an answer").len() as u64, found.total);
    let (_, feed) = timed(20, || reader.feed(HistoryFilter::default(), page).expect("an answer"));
    let of_seat = HistoryFilter { seat: Some(2), epoch: None };
    let (_, feed_of_seat) = timed(20, || reader.feed(of_seat, page).expect("an answer"));
    let of_epoch = HistoryFilter { seat: None, epoch: Some(last.saturating_sub(1)) };
    let (rewards, rewards_of_epoch) = timed(20, || reader.rewards(of_epoch, page).expect("an answer"));
    let (_, decisions) = timed(20, || reader.decisions(HistoryFilter::default(), page).expect("an answer"));
    let (graph, graph_took) = timed(2, || reader.graph(last).expect("an answer").expect("opened"));
    assert_eq!(graph.aggregated, graph.blocks > 300);
    let (_, weights) =
        timed(5, || reader.weights(&[(device(1), "one".to_owned())].into()).expect("an answer"));
    let digest = reader.block(last, 0).expect("an answer").expect("a block").digest.to_string();
    let (hits, search) =
        timed(20, || reader.search(Prefix::parse(&digest[..12]).expect("digits")).expect("an answer"));
    assert_eq!(hits.items.first().map(|hit| hit.kind), Some("block"));
    let (_, received) = timed(5, || reader.marks_on(last.saturating_sub(1), 1).expect("an answer"));
    println!(
        "overview {overview:?}, by prefix {by_prefix:?}, csv {csv:?}, feed {feed:?}, of a seat {feed_of_seat:?}, \
        {} rewards of an epoch {rewards_of_epoch:?}, decisions {decisions:?}, graph {graph_took:?}, weights {weights:?}, \
        search {search:?}, received {received:?}",
        rewards.total
    );
}
