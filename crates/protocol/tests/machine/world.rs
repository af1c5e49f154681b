//! A network without a chain: it makes calls in order, with a clock and block numbers of its own.

use alloy_primitives::{Address, B256, keccak256};
use multee_protocol::machine::{
    BlockRef, BlockView, Call, Document, Event, Genesis, Input, Moment, Outcome, Publication, Registration,
    Rejection, SeatView, Settings, State,
};
use multee_protocol::{Deployment, DeviceId, Epoch, Fixed, Mark, Marks, Parameters, SeatId};

pub(crate) const OWNER: Address = Address::repeat_byte(0xEE);
pub(crate) const GENESIS_S: u64 = 1_800_000_000;
pub(crate) const EPOCH_S: u64 = 1000;
pub(crate) const POWER: u64 = 1_000_000;

/// A network, and what happened in it last.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) time: u64,
    pub(crate) block: u64,
    /// Which seats' evidence is bad, by seat number.
    pub(crate) bad: Vec<bool>,
    /// All events since the last call of [`World::told`].
    pub(crate) events: Vec<Event>,
    published: Vec<BlockRef>,
    digests: u64,
}

pub(crate) fn word(kind: &str, number: u64) -> B256 {
    keccak256(format!("{kind}/{number}"))
}

fn address(kind: &str, number: u64) -> Address {
    Address::from_slice(&word(kind, number)[..20])
}

pub(crate) fn provider(number: u32) -> Address {
    address("provider", number.into())
}

pub(crate) fn operator(number: u32) -> Address {
    address("operator", number.into())
}

pub(crate) fn incarnation(number: u32, boot: u32) -> Address {
    address("incarnation", u64::from(number) << 32 | u64::from(boot))
}

pub(crate) fn device(number: u32) -> DeviceId {
    DeviceId(word("device", number.into()))
}

pub(crate) fn measurement() -> B256 {
    word("measurement", 0)
}

pub(crate) fn registration(number: u32) -> Registration {
    Registration {
        operator: operator(number),
        device_id: device(number),
        incarnation: incarnation(number, 0),
        measurement: measurement(),
    }
}

impl World {
    /// Deployed an hour before genesis.
    pub(crate) fn deployed(fixed: Fixed, parameters: Parameters) -> Self {
        let genesis = Genesis {
            deployment: Deployment { chain_id: 31_337, contract: Address::repeat_byte(0xCC) },
            registry: Address::repeat_byte(0xDD),
            settings: Settings {
                token: Address::repeat_byte(0xAA),
                owner: OWNER,
                genesis_s: GENESIS_S,
                fixed: Fixed { epoch_seconds: u32::try_from(EPOCH_S).expect("small"), ..fixed },
            },
            parameters,
            timestamp_s: GENESIS_S - 3600,
            balance: 0,
        };
        let (state, _) = State::deploy(&genesis).expect("within bounds");
        let (published, events) = (Vec::new(), Vec::new());
        Self { state, time: GENESIS_S - 3600, block: 100, bad: vec![false], events, published, digests: 0 }
    }

    /// So many founding seats, at genesis.
    pub(crate) fn founded(seats: u32, parameters: Parameters) -> Self {
        let mut world = Self::deployed(Fixed { max_seats: 1 << 14, ..Fixed::default() }, parameters);
        for number in 1..=seats {
            let input = Input::Found {
                provider: provider(number),
                registration: registration(number),
                verified_power: POWER,
            };
            world.does(OWNER, input);
            world.bad.push(false);
        }
        world.at(0);
        world
    }

    /// The same network, to try something on.
    pub(crate) fn fork(&self) -> Self {
        let Self { state, time, block, bad, events, published, digests } = self;
        let (state, bad, events, published) = (state.clone(), bad.clone(), events.clone(), published.clone());
        Self { state, time: *time, block: *block, bad, events, published, digests: *digests }
    }

    pub(crate) fn at(&mut self, epoch: Epoch) {
        self.time = GENESIS_S + u64::from(epoch) * EPOCH_S;
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.state.network_view(self.time).epoch
    }

    pub(crate) fn moment(&self) -> Moment {
        // The latest opening's source: whoever opens here seeds three blocks later, at the latest by 256.
        let opened = self.state.epoch_view(self.epoch(), self.time).map(|epoch| epoch.seed_block);
        let source = opened.ok().filter(|source| self.block > *source && self.block - source <= 256);
        Moment {
            timestamp_s: self.time,
            block_number: self.block,
            source_hash: source.map(|source| word("block hash", source)),
        }
    }

    /// One call, a block of the chain later.
    pub(crate) fn call(&mut self, caller: Address, input: Input) -> Result<Vec<Event>, Rejection> {
        self.block += 1;
        let events = self.state.apply(&Call { caller, moment: self.moment(), input })?;
        self.note(&events);
        Ok(events)
    }

    /// A call that must succeed.
    #[track_caller]
    pub(crate) fn does(&mut self, caller: Address, input: Input) -> Vec<Event> {
        self.call(caller, input).expect("accepted")
    }

    /// A call that must not, and changes nothing.
    #[track_caller]
    pub(crate) fn fails(&mut self, caller: Address, input: Input) -> Rejection {
        let before = self.state.clone();
        let rejection = self.call(caller, input).expect_err("rejected");
        assert!(self.state == before, "{rejection:?} left a trace");
        rejection
    }

    /// What a call gives back.
    pub(crate) fn outcome(&mut self, caller: Address, input: Input) -> Result<Outcome, Rejection> {
        self.block += 1;
        let mut events = Vec::new();
        let call = Call { caller, moment: self.moment(), input };
        let outcome = self.state.apply_into(&call, &mut events);
        self.note(&events);
        outcome
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            if let Event::BlockPublished { epoch, order, .. } = event {
                self.published.push(BlockRef { epoch: *epoch, order: *order });
            }
        }
        self.events.extend_from_slice(events);
    }

    /// The events so far, which are forgotten.
    pub(crate) fn told(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Opens the clock's epoch and sets its seed.
    pub(crate) fn open(&mut self) {
        self.does(OWNER, Input::OpenEpoch);
        self.block += 2;
        self.does(OWNER, Input::SeedEpoch);
    }

    /// The next epoch, opened.
    pub(crate) fn next(&mut self) {
        let next = self.epoch() + 1;
        self.at(next);
        self.open();
    }

    /// A seat joins; its number.
    pub(crate) fn join(&mut self, number: u32) -> SeatId {
        let outcome = self.outcome(provider(number), Input::Join(registration(number)));
        self.bad.push(false);
        match outcome {
            Ok(Outcome::Seat(seat)) => seat,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn seat(&self, number: u32) -> SeatView {
        self.state.seat_view(SeatId(number)).expect("a seat")
    }

    /// What a seat would publish now, without marks.
    pub(crate) fn publication(&mut self, number: u32) -> Publication {
        self.digests += 1;
        let seat = self.seat(number);
        let digest = word("digest", self.digests);
        Publication {
            seat: SeatId(number),
            power: POWER,
            previous_digest: seat.last_digest,
            challenge: self.state.challenge_of(SeatId(number), self.time).unwrap_or_default(),
            properties_digest: B256::ZERO,
            marks: Marks::default(),
            latest_bindings: B256::ZERO,
            device_id: seat.device_id,
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            certificates_hash: B256::ZERO,
            r: B256::ZERO,
            vs: B256::ZERO,
            evidence: Document { digest, bytes: 900 },
            certificates: None,
            digest,
            signer: Some(seat.incarnation),
        }
    }

    /// The marks that a seat gives, when `judge` finds on each assigned block.
    pub(crate) fn marks(&self, number: u32, mut judge: impl FnMut(&BlockView) -> Mark) -> Marks {
        let assigned = self.state.assignment_of(SeatId(number), self.time).expect("opened");
        let position = |position: &u64| {
            let entry = self.state.log_entry(*position, self.time).ok()?;
            self.state.block_view(entry.block.epoch, entry.block.order, self.time).ok()
        };
        let latest =
            assigned.latest.iter().map(|at| self.state.block_view(at.epoch, at.order, self.time).ok());
        let checked = latest.chain(assigned.positions.iter().map(position)).enumerate();
        checked.fold(Marks::default(), |marks, (place, block)| match block {
            Some(block) => marks.with(place, judge(&block)).expect("a place"),
            None => marks,
        })
    }

    /// What the seat has to state of the latest blocks, if it gives these marks.
    pub(crate) fn latest_bindings(&self, number: u32, marks: Marks) -> B256 {
        self.state.latest_bindings_of(SeatId(number), marks, self.time).unwrap_or_default()
    }

    /// What a verifier finds that tells no lies.
    pub(crate) fn truth(&self, block: &BlockView) -> Mark {
        let bad = self.bad.get(block.seat.0 as usize).copied().unwrap_or(false);
        if bad { Mark::EvidenceInvalid } else { Mark::Valid }
    }

    /// The seat publishes with honest marks.
    pub(crate) fn publish(&mut self, number: u32) -> Result<Outcome, Rejection> {
        let marks = self.marks(number, |block| self.truth(block));
        self.publish_as(number, |publication| publication.marks = marks)
    }

    /// These seats publish honestly.
    pub(crate) fn publish_all(&mut self, seats: impl IntoIterator<Item = u32>) {
        for number in seats {
            self.publish(number).expect("not rejected");
        }
    }

    /// The seat publishes what `change` makes of a correct publication; the latest blocks are bound as its marks have it.
    pub(crate) fn publish_as(
        &mut self,
        number: u32,
        change: impl FnOnce(&mut Publication),
    ) -> Result<Outcome, Rejection> {
        let mut publication = self.publication(number);
        change(&mut publication);
        publication.latest_bindings = self.latest_bindings(number, publication.marks);
        let caller = self.seat(number).operator;
        self.outcome(caller, Input::Publish(publication))
    }

    /// Settles what is due of all blocks published so far.
    pub(crate) fn settle(&mut self) {
        let (now, time) = (self.epoch(), self.time);
        let state = &self.state;
        let mut due = Vec::new();
        self.published.retain(|at| {
            let block = state.block_view(at.epoch, at.order, time);
            let open = block.as_ref().is_ok_and(|block| !block.decided && !block.honest_for_good);
            if block.is_ok_and(|block| block.due) {
                due.push(*at);
            }
            open && now < at.epoch + 40
        });
        for blocks in due.chunks(16) {
            self.does(OWNER, Input::Settle(blocks.to_vec()));
        }
    }

    /// One epoch in which these seats publish honestly, after everything due is settled.
    pub(crate) fn day(&mut self, seats: impl IntoIterator<Item = u32>) {
        self.next();
        self.settle();
        self.publish_all(seats);
    }
}
