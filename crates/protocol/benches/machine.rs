//! How many device-days a second the machine computes: `cargo bench -p multee-protocol --bench machine`.
//!
//! 10,000 seats publish for 35 epochs with the default parameters. So many of them mark a latest block negative that
//! every window is full, which is the most that publications and judgements can have to do.

#![allow(clippy::disallowed_types, reason = "what it measures is time")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, U256};
use multee_protocol::machine::{
    Call, Document, Event, Genesis, Input, Moment, Outcome, Publication, Registration, Settings, State,
};
use multee_protocol::{Deployment, DeviceId, Fixed, Marks, Parameters, SeatId};

const SEATS: u32 = 10_000;
const EPOCHS: u64 = 35;
const GENESIS_S: u64 = 1_000_000;
const OWNER: Address = Address::repeat_byte(0xEE);
/// Of a hundred seats, how many mark a latest block negative: as many blocks as windows can hold.
const ACCUSERS: u32 = 68;

fn word(kind: u64, number: u64) -> B256 {
    B256::from(U256::from_limbs([number, kind, 7, 9]))
}

fn address(kind: u64, number: u32) -> Address {
    Address::from_word(word(kind, u64::from(number) | 1 << 40))
}

struct Bench {
    state: State,
    moment: Moment,
    events: Vec<Event>,
    digests: u64,
    spent: Duration,
}

impl Bench {
    fn founded() -> Self {
        let settings = Settings { token: OWNER, owner: OWNER, genesis_s: GENESIS_S, fixed: Fixed::default() };
        let genesis = Genesis {
            deployment: Deployment { chain_id: 1, contract: OWNER },
            registry: OWNER,
            settings,
            parameters: Parameters::default(),
            timestamp_s: 0,
            balance: 10_u128.pow(30),
        };
        let (state, _) = State::deploy(&genesis).expect("within bounds");
        let moment = Moment { timestamp_s: 0, block_number: 1, source_hash: None };
        let mut bench = Self { state, moment, events: Vec::new(), digests: 0, spent: Duration::ZERO };
        for number in 1..=SEATS {
            let registration = Registration {
                operator: address(1, number),
                device_id: DeviceId(word(2, number.into())),
                incarnation: address(3, number),
                measurement: word(4, 0),
            };
            let provider = address(5, number);
            bench.call(OWNER, Input::Found { provider, registration, verified_power: 1000 });
        }
        bench
    }

    fn call(&mut self, caller: Address, input: Input) -> Outcome {
        let call = Call { caller, moment: self.moment, input };
        let start = Instant::now();
        let outcome = self.state.apply_into(&call, &mut self.events);
        self.spent += start.elapsed();
        outcome.expect("accepted")
    }

    fn open(&mut self, epoch: u64) {
        self.moment.timestamp_s = GENESIS_S + epoch * 86_400;
        self.moment.block_number += 10;
        self.call(OWNER, Input::OpenEpoch);
        self.moment.block_number += 10;
        self.moment.source_hash = Some(word(6, epoch));
        self.call(OWNER, Input::SeedEpoch);
    }

    fn publish(&mut self, number: u32) {
        let seat = self.state.seat_view(SeatId(number)).expect("a seat");
        self.digests += 1;
        let digest = word(8, self.digests);
        let challenge = self.state.challenge_of(SeatId(number), self.moment.timestamp_s).expect("opened");
        let marks = self.marks(number);
        let bindings = self.state.latest_bindings_of(SeatId(number), marks, self.moment.timestamp_s);
        let publication = Publication {
            seat: SeatId(number),
            power: 1000,
            previous_digest: seat.last_digest,
            challenge,
            properties_digest: B256::ZERO,
            marks,
            latest_bindings: bindings.expect("opened"),
            device_id: seat.device_id,
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            certificates_hash: B256::ZERO,
            r: B256::ZERO,
            vs: B256::ZERO,
            evidence: Document { digest, bytes: 5000 },
            certificates: None,
            digest,
            signer: Some(seat.incarnation),
        };
        let outcome = self.call(seat.operator, Input::Publish(publication));
        assert_eq!(outcome, Outcome::Published);
    }

    /// Valid on every assigned place, but for the accusers' first.
    fn marks(&self, number: u32) -> Marks {
        let time = self.moment.timestamp_s;
        let assigned = self.state.assignment_of(SeatId(number), time).expect("opened");
        let places = assigned.latest.len() + assigned.positions.len();
        let mut limbs = [0_u64; 4];
        for place in 0..places {
            limbs[place / 16] |= 1 << (4 * (place % 16));
        }
        if number % 100 < ACCUSERS && !assigned.latest.is_empty() {
            limbs[0] += 1;
        }
        Marks(U256::from_limbs(limbs))
    }
}

fn main() {
    let mut bench = Bench::founded();
    bench.spent = Duration::ZERO;
    let start = Instant::now();
    let mut windows = Vec::new();
    for epoch in 0..EPOCHS {
        bench.open(epoch);
        let view = bench.state.epoch_view(u32::try_from(epoch).expect("small"), bench.moment.timestamp_s);
        windows.push(view.expect("opened").window_size);
        bench.events.clear();
        for number in 1..=SEATS {
            bench.publish(number);
        }
        black_box(&bench.events);
    }
    let whole = start.elapsed();
    let days = u64::from(SEATS) * EPOCHS;
    let rate = |time: Duration| u128::from(days) * 1_000_000 / time.as_micros().max(1);
    let full = windows.iter().filter(|size| **size == 6896).count();
    println!("{SEATS} seats, {EPOCHS} epochs, {full} of them with a full window");
    println!("machine {:>6} ms  {:>8} device-days/s", bench.spent.as_millis(), rate(bench.spent));
    println!(
        "whole   {:>6} ms  {:>8} device-days/s (with what the bench does to make the calls)",
        whole.as_millis(),
        rate(whole)
    );
}
