//! What never happens, whatever is called: random calls on small networks, from printed seeds.

use alloy_primitives::{Address, U256};
use multee_protocol::machine::{
    BlockRef, Document, Equivocation, Event, Input, Publication, Registration, Statement,
};
use multee_protocol::{Fixed, Mark, Marks, Parameters, SeatId, Tally};

use crate::world::{
    OWNER, POWER, World, device, incarnation, measurement, operator, provider, registration, word,
};

const CALLS: usize = 1200;

/// A generator of random numbers, by the steps known as `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    fn small(&mut self, sides: u32) -> u32 {
        u32::try_from(self.roll(sides.into())).expect("small")
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.roll(choices.len() as u64)).expect("small")]
    }
}

/// A random play.
struct Play {
    world: World,
    dice: Dice,
    /// Tokens that came in less those that went out.
    balance: u128,
    /// The latest opening.
    opening: Option<u32>,
    rejected: usize,
    boots: u32,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let largest = 10_u128.pow(30);
        let parameters = Parameters {
            latest_checks: dice.of(&[1, 2, 5]),
            suspicious_checks: dice.of(&[2, 8, 40]),
            max_penalties: dice.of(&[1, 2, 13]),
            finality_epochs: dice.of(&[1, 3, 8]),
            restart_cooldown_epochs: dice.of(&[0, 1, 3]),
            min_deposit: dice.of(&[1, 999_983, largest]),
            reward_per_epoch: dice.of(&[0, 1, 999_979, largest]),
            reward_delay_epochs: dice.of(&[1, 4]),
            unbonding_epochs: dice.of(&[1, 6]),
            ..Parameters::default()
        };
        let fixed = Fixed { retention_epochs: dice.of(&[16, 17, 40]), max_seats: 12, ..Fixed::default() };
        let mut world = World::deployed(fixed, parameters);
        let founders = 1 + dice.small(7);
        for number in 1..=founders {
            let (provider, registration) = (provider(number), registration(number));
            world.does(OWNER, Input::Found { provider, registration, verified_power: POWER });
            world.bad.push(dice.one_in(9));
        }
        world.at(0);
        world.does(OWNER, Input::Donate { amount: 20 * parameters.reward_per_epoch });
        let balance = world.state.balance();
        world.told();
        Self { world, dice, balance, opening: None, rejected: 0, boots: 100 }
    }

    fn seat(&mut self) -> u32 {
        1 + self.dice.small(13)
    }

    fn known(&self) -> u32 {
        self.world.state.network_view(self.world.time).seats
    }

    fn somebody(&mut self, seat: u32) -> Address {
        match self.dice.roll(8) {
            0 => OWNER,
            1 => operator(seat),
            _ => provider(seat),
        }
    }

    fn turn(&mut self) {
        match self.dice.roll(100) {
            0..=57 => self.publish(),
            58..=71 => self.open(),
            72..=77 => self.pass_time(),
            78..=83 => self.settle(),
            _ => self.anything_else(),
        }
    }

    fn publish(&mut self) {
        let number = 1 + self.dice.small(self.known());
        let mut publication = self.world.publication(number);
        publication.power = match self.dice.roll(12) {
            0 => self.dice.of(&[0, 3 * POWER, POWER, POWER]),
            _ => POWER + self.dice.roll(POWER / 12),
        };
        publication.marks = self.marks(number);
        publication.latest_bindings = self.world.latest_bindings(number, publication.marks);
        if self.dice.one_in(12) {
            self.spoil(&mut publication);
        }
        let caller = if self.dice.one_in(30) { OWNER } else { self.world.seat(number).operator };
        self.call(caller, Input::Publish(publication));
    }

    fn marks(&mut self, number: u32) -> Marks {
        if self.world.state.assignment_of(SeatId(number), self.world.time).is_err() {
            return Marks::default();
        }
        let (liar, dice) = (self.dice.one_in(30), &mut self.dice);
        let bad = self.world.bad.clone();
        self.world.marks(number, |block| match dice.roll(10) {
            0 => Mark::Abstain,
            _ if bad[block.seat.0 as usize] != liar => Mark::BindingWrong,
            _ => Mark::Valid,
        })
    }

    fn spoil(&mut self, p: &mut Publication) {
        match self.dice.roll(10) {
            0 => p.signer = None,
            1 => p.incarnation = incarnation(99, 0),
            2 => p.measurement = word("other", 0),
            3 => p.evidence.bytes = 0,
            4 => p.certificates = Some(Document { digest: word("certificates", 0), bytes: 20_000 }),
            5 => p.previous_digest = word("other", 1),
            6 => p.challenge = word("other", 2),
            7 => p.marks = Marks(U256::MAX),
            8 => p.latest_bindings = word("other", 3),
            _ => p.marks = Marks(p.marks.0 | U256::ONE << 252),
        }
    }

    fn open(&mut self) {
        self.call(OWNER, Input::OpenEpoch);
        self.world.block += self.dice.of(&[0, 2, 2, 2, 300]);
        self.call(OWNER, Input::SeedEpoch);
    }

    fn pass_time(&mut self) {
        let later = if self.dice.one_in(12) { self.dice.of(&[2, 3, 12, 41]) } else { 1 };
        let epoch = self.world.epoch() + later;
        self.world.at(epoch);
        if !self.dice.one_in(4) {
            self.open();
        }
    }

    fn settle(&mut self) {
        let epoch = self.world.epoch();
        let blocks = (0..self.dice.roll(18)).map(|_| BlockRef {
            epoch: epoch.saturating_sub(self.dice.small(12)),
            order: if self.dice.one_in(4) { 0xF_FFFF - self.dice.small(4) } else { self.dice.small(10) },
        });
        let blocks = blocks.collect();
        self.call(OWNER, Input::Settle(blocks));
    }

    fn anything_else(&mut self) {
        let number = self.seat();
        let seat = SeatId(number);
        let caller = self.somebody(number);
        self.boots += 1;
        let boot = if self.dice.one_in(5) { 0 } else { self.boots };
        let incarnation = incarnation(number, boot);
        let input = match self.dice.roll(18) {
            0..=2 => {
                let joiner = self.known() + 1;
                let device_id = device(if self.dice.one_in(4) { number } else { joiner });
                let registration = Registration { device_id, ..registration(joiner) };
                return self.join(joiner, registration);
            }
            3..=4 => Input::Restart { seat, incarnation, measurement: measurement() },
            6 => Input::Remove(seat),
            7 => Input::SetOperator { seat, operator: operator(number) },
            8 if self.dice.one_in(3) => Input::Exit(seat),
            9 => Input::Rejoin { seat, operator: operator(number), incarnation, measurement: measurement() },
            10 => Input::WithdrawDeposit(seat),
            11 | 12 => Input::WithdrawRewards(seat),
            13 => Input::WithdrawBounty,
            14 => Input::Donate { amount: self.dice.of(&[1, 1_000_003, 10_u128.pow(31)]) },
            15 if self.dice.one_in(6) => Self::equivocation(number),
            16 => return self.govern(),
            _ => Input::SetPaused(false),
        };
        let caller = if matches!(input, Input::SetPaused(_)) { OWNER } else { caller };
        self.call(caller, input);
    }

    fn join(&mut self, joiner: u32, registration: Registration) {
        self.world.bad.resize(joiner as usize, false);
        self.world.bad.push(self.dice.one_in(4));
        self.call(provider(joiner), Input::Join(registration));
    }

    fn equivocation(number: u32) -> Input {
        let incarnation = incarnation(number, 0);
        let statement = |name| Statement { digest: word(name, 0), signer: Some(incarnation) };
        let (first, second) = (statement("one"), statement("two"));
        Input::ReportEquivocation(Equivocation { seat: SeatId(number), incarnation, epoch: 1, first, second })
    }

    fn govern(&mut self) {
        let input = match self.dice.roll(4) {
            0 => Input::AnnounceStandstill,
            1 => Input::Revive((0..self.dice.small(4)).map(|_| SeatId(self.seat())).collect()),
            2 => {
                let reward_per_epoch = self.dice.of(&[0, 7, 10_u128.pow(30)]);
                Input::AnnounceParameters(Parameters { reward_per_epoch, ..*self.world.state.parameters() })
            }
            _ => Input::SetPaused(self.dice.one_in(3)),
        };
        self.call(OWNER, input);
    }

    fn call(&mut self, caller: Address, input: Input) {
        let before = self.world.state.clone();
        if let Input::Donate { amount } = input {
            self.balance += amount;
        }
        let outcome = self.world.outcome(caller, input);
        let events = self.world.told();
        if let Err(rejection) = outcome {
            self.rejected += 1;
            assert!(self.world.state == before, "{rejection:?} changed the state");
            assert!(events.is_empty(), "{rejection:?} told {events:?}");
            return;
        }
        for event in &events {
            self.book(event);
        }
        self.hold_sums();
    }

    fn book(&mut self, event: &Event) {
        match *event {
            Event::SeatRegistered { deposit, .. } | Event::SeatRejoined { deposit, .. } => {
                self.balance += deposit;
            }
            Event::DepositPaid { amount, .. }
            | Event::RewardPaid { amount, .. }
            | Event::BountyPaid { amount, .. } => self.balance -= amount,
            Event::EpochOpened { epoch, .. } => self.opening = Some(epoch),
            Event::BlockDecided { positive, negative, count, .. } => {
                assert!(positive + negative < Tally::CLOSED_AT + 10_000 && count <= Tally::COUNT_MAX);
            }
            _ => {}
        }
    }

    fn hold_sums(&self) {
        let (state, time) = (&self.world.state, self.world.time);
        let view = state.network_view(time);
        assert_eq!(state.balance(), self.balance);
        let funds: Vec<_> = (1..=view.seats).map(|number| self.world.seat(number).funds).collect();
        assert_eq!(view.deposits, funds.iter().map(|funds| funds.deposit).sum::<u128>());
        let accounts = [OWNER].into_iter().chain((1..=20).flat_map(|n| [operator(n), provider(n)]));
        assert_eq!(view.bounties, accounts.map(|account| state.bounty_of(account)).sum::<u128>());
        let owed: u128 =
            funds.iter().map(|funds| funds.new_rewards + funds.old_rewards + funds.matured_rewards).sum();
        let epochs = (0..=view.epoch).filter_map(|epoch| state.epoch_view(epoch, time).ok());
        let kept = epochs.map(|epoch| if Some(epoch.epoch) == self.opening { epoch.pot } else { epoch.left });
        assert_eq!(view.purses, owed + kept.sum::<u128>(), "pots, lefts, and rewards owed");
        assert!(view.deposits + view.bounties + view.carry + view.purses <= state.balance());
    }
}

#[test]
fn random_calls_leave_no_trace_when_rejected_and_every_sum_holds() {
    let (mut rejected, mut accepted) = (0, 0);
    for seed in 1..=24 {
        println!("seed {seed}");
        let mut play = Play::new(seed);
        for _ in 0..CALLS {
            play.turn();
        }
        rejected += play.rejected;
        accepted += CALLS - play.rejected.min(CALLS);
    }
    println!("{accepted} accepted, {rejected} rejected");
    assert!(rejected > 1000 && accepted > 10_000, "{accepted} accepted, {rejected} rejected");
}

/// The play must reach what it is for.
#[test]
fn random_calls_reach_every_kind_of_event_that_a_network_tells() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 1..=24 {
        let mut play = Play::new(seed);
        for _ in 0..CALLS {
            let number = 1 + play.dice.small(play.known());
            play.turn();
            if let Ok(block) =
                play.world.state.block_view_of_seat(SeatId(number), play.world.epoch(), play.world.time)
            {
                kinds.insert(format!("off {}", block.off));
            }
            let seat = play.world.seat(number);
            kinds.insert(format!("{:?}", seat.tier));
            kinds.insert(format!("paid out {}", seat.funds.paid_out));
            kinds.insert(format!("matured {}", seat.funds.matured_rewards > 0));
        }
    }
    for kind in ["Full", "Warning", "Restricted", "Suspended", "Probation", "Blocked"] {
        assert!(kinds.contains(kind), "{kind} is not reached: {kinds:?}");
    }
    for kind in ["off true", "paid out true", "matured true"] {
        assert!(kinds.contains(kind), "{kind} is not reached: {kinds:?}");
    }
}

#[test]
fn a_machine_that_is_told_the_same_tells_the_same() {
    let tell = |seed| {
        let mut play = Play::new(seed);
        (0..300).for_each(|_| play.turn());
        play.world.state
    };
    assert!(tell(5) == tell(5));
}
