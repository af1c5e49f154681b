//! One sequence on both sides.

use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};

use alloy_primitives::{Address, Log, U256};
use alloy_sol_types::{SolCall, SolEvent, SolValue};
use multee_chain::bindings::deployed::TestToken;
use multee_protocol::DeviceId;
use multee_protocol::machine::{Call, Event, Genesis, Outcome, Rejection, Settings, State};

use super::choice::{Move, choose};
use super::coverage::Coverage;
use super::dice::{Dice, mix};
use super::difference::Difference;
use super::query::Query;
use super::refused;
use super::request::Request;
use super::scenario::Scenario;
use super::told;
use super::watch::Watch;
use super::world::{World, genesis};
use crate::evm::{self, Executed};
use crate::stage::{Plan, contract_code};

/// Calls after which everything is asked, whatever changed.
const WHOLE_EVERY: usize = 700;

/// Where the two sides part.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The call of the sequence, from 1; 0 is the deployment.
    pub call: usize,
    /// How many steps were made, that one included.
    pub steps: usize,
    /// When, and who called what.
    pub what: String,
    /// How they differ.
    pub how: String,
}

impl Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        write!(f, "{}", self.how)
    }
}

/// Plays a sequence and counts what happens. A panic of either side is a divergence, too.
///
/// # Errors
/// Where the two sides part.
pub fn play(scenario: &Scenario, coverage: &mut Coverage) -> Result<(), Box<Divergence>> {
    let mut bout = Bout { calls: 0, steps: 0, what: "deployment".to_owned(), coverage };
    let result = catch_unwind(AssertUnwindSafe(|| bout.play(scenario)));
    let how = match result {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(difference)) => difference.to_string(),
        Err(panic) => format!("panic: {}\n", message(panic.as_ref())),
    };
    Err(Box::new(Divergence { call: bout.calls, steps: bout.steps, what: bout.what, how }))
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Every call of a sequence as it is made, for who reads a replay.
pub fn tell(scenario: &Scenario) -> Vec<String> {
    let mut told = Vec::new();
    let mut coverage = Coverage::default();
    for steps in 0..=scenario.steps.len() {
        let part = Scenario { steps: scenario.steps[..steps].to_vec(), ..scenario.clone() };
        let mut bout = Bout { calls: 0, steps: 0, what: String::new(), coverage: &mut coverage };
        let _ = catch_unwind(AssertUnwindSafe(|| bout.play(&part)));
        told.push(bout.what);
    }
    told.retain(|line| !line.is_empty());
    told
}

struct Bout<'a> {
    calls: usize,
    steps: usize,
    what: String,
    coverage: &'a mut Coverage,
}

type Compared = Result<(), Box<Difference>>;

impl Bout<'_> {
    fn play(&mut self, scenario: &Scenario) -> Compared {
        let (mut world, events) = World::new(scenario.setup());
        let mut watch = Watch::default();
        self.coverage.happened(&events);
        watch.compare(&mut world, &[], &[])?;
        for step in &scenario.steps {
            self.steps += 1;
            let chosen = choose(&mut world, *step);
            let changed = match chosen {
                Move::Time { blocks, seconds } => {
                    world.pass(blocks, seconds);
                    self.what = format!("{blocks} blocks and {seconds} s pass");
                    continue;
                }
                Move::Call { caller, request } => self.call(&mut world, caller, &request)?,
                Move::Deploy { owner, genesis_s, plan } => {
                    self.deploy(&mut world, owner, genesis_s, &plan)?;
                    Vec::new()
                }
            };
            let probes = probes(&world, step.die);
            watch.compare(&mut world, &changed, &probes)?;
            if self.calls.is_multiple_of(WHOLE_EVERY) {
                watch.compare_whole(&mut world)?;
            }
        }
        watch.compare_whole(&mut world)
    }

    fn begin(&mut self, world: &World, who: Address, what: &dyn fmt::Debug) {
        self.calls += 1;
        self.what = format!(
            "call {}, block {}, epoch {} ({}): {who} calls {what:?}",
            self.calls,
            world.stage.block_number(),
            world.epoch(),
            world.time_s,
        );
    }

    /// A call; the words that it changed.
    fn call(
        &mut self,
        world: &mut World,
        caller: Address,
        request: &Request,
    ) -> Result<Vec<evm::Slot>, Box<Difference>> {
        self.begin(world, caller, request);
        world.fund(caller);
        let input = request.input(&world.model, world.epoch());
        let call = Call { caller, moment: world.moment(), input };
        let mut events = Vec::new();
        let outcome = world.model.apply_into(&call, &mut events);
        let executed = execute(world, caller, request);
        let transfers = transfers(world, caller, request, &events);
        compare(world, request, &outcome, &events, &transfers, &executed)?;
        match &outcome {
            Ok(_) => self.coverage.succeeded(&call.input),
            Err(rejection) => self.coverage.rejected(rejection),
        }
        self.coverage.happened(&events);
        world.learn(&events);
        Ok(executed.changed)
    }

    /// A deployment apart from the network.
    fn deploy(&mut self, world: &mut World, owner: Address, genesis_s: u64, plan: &Plan) -> Compared {
        self.begin(world, owner, &(genesis_s, plan));
        let stage = &mut world.stage;
        let code = contract_code(stage.registry, stage.token, owner, genesis_s, plan);
        let executed = stage.evm.try_create(owner, code);
        let base = genesis(stage);
        let fixed = plan.fixed;
        let model = State::deploy(&Genesis {
            settings: Settings { owner, genesis_s, fixed, ..base.settings },
            parameters: plan.parameters,
            timestamp_s: world.time_s,
            ..base
        });
        let Err(rejection) = model else {
            // The registry is the network's, with other settings: the contract tells of that last of all.
            let registry = refused::revert(&Rejection::SettingOutOfBounds("registry"));
            return answered(&Err(registry), &executed);
        };
        self.coverage.rejected(&rejection);
        answered(&Err(refused::revert(&rejection)), &executed)
    }
}

/// Views with arguments of no block or seat in particular.
fn probes(world: &World, thrown: u32) -> Vec<Query> {
    let mut dice = Dice::new(mix(&[thrown.into(), 9]));
    let (now, count) = (world.epoch(), world.seats());
    let (place, whose) = dice
        .any(&world.published)
        .map_or((Default::default(), 1), |(id, seat)| ((id.epoch, id.order), seat.0));
    let end = world.model.network_view(world.time_s).log_end;
    let devices: Vec<_> = world.devices.iter().copied().collect();
    let device = DeviceId(dice.any(&devices).unwrap_or_default());
    let (min_score, age) = (dice.pick(&[0, 7500, 9000, 9999, 10_000, u16::MAX]), dice.below(12));
    let max_age_epochs = if age == 11 { u32::MAX } else { u32::try_from(age).expect("small") };
    let other = u32::try_from(dice.below(u64::from(count) + 2)).expect("small");
    let near = now.wrapping_sub(u32::try_from(dice.below(60)).expect("small")).wrapping_add(2);
    let order = dice.pick(&[0, 1, 5, (1 << 20) - 1, 1 << 20, u32::MAX]);
    let any = [
        Query::Trusted { device, min_score, max_age_epochs },
        Query::Trusted { device, min_score: 0, max_age_epochs: 3 },
        Query::LogEntry(dice.pick(&[0, end, end + 1, (1 << 40) - 1, dice.clone().below(end + 1)])),
        Query::Block { epoch: near, order },
        Query::Block { epoch: place.0, order: place.1 },
        Query::BlockOfSeat { seat: other, epoch: near },
        Query::BlockOfSeat { seat: whose, epoch: place.0 },
        Query::Epoch(near),
        dice.pick(&[
            Query::Seat(0),
            Query::Seat(count + 1),
            Query::Challenge(count + 1),
            Query::Assignment(0),
        ]),
        Query::Trust(DeviceId(alloy_primitives::B256::with_last_byte(1))),
    ];
    let mut asked = any.to_vec();
    dice.shuffle(&mut asked);
    asked.truncate(4);
    asked
}

fn execute(world: &mut World, caller: Address, request: &Request) -> Executed {
    let (token, contract) = (world.stage.token, world.stage.deployment.contract);
    match (request.calldata(), request) {
        (Some(data), _) => world.stage.evm.send(caller, contract, data),
        (None, Request::Donate { amount }) => {
            let call = TestToken::transferCall { to: contract, value: U256::from(*amount) };
            world.stage.evm.send(caller, token, call.abi_encode())
        }
        (None, other) => unreachable!("{other:?} has calldata"),
    }
}

/// A transfer of tokens: from whom, to whom, how much.
type Transfer = (Address, Address, U256);

/// The transfers that a call's events stand for.
fn transfers(world: &World, caller: Address, request: &Request, events: &[Event]) -> Vec<Transfer> {
    let contract = world.stage.deployment.contract;
    if let Request::Donate { amount } = request {
        return vec![(caller, contract, U256::from(*amount))];
    }
    let of = |event: &Event| match event {
        Event::SeatRegistered { deposit, .. } | Event::SeatRejoined { deposit, .. } => {
            Some((caller, contract, U256::from(*deposit)))
        }
        // Penalties may withhold all.
        Event::DepositPaid { amount: 0, .. } => None,
        Event::DepositPaid { to, amount, .. }
        | Event::RewardPaid { to, amount, .. }
        | Event::BountyPaid { to, amount } => Some((contract, *to, U256::from(*amount))),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn compare(
    world: &World,
    request: &Request,
    outcome: &Result<Outcome, Rejection>,
    events: &[Event],
    transfers: &[Transfer],
    executed: &Executed,
) -> Compared {
    let expected = match outcome {
        Ok(_) if matches!(request, Request::Donate { .. }) => Ok(true.abi_encode()),
        Ok(outcome) => Ok(returned(*outcome)),
        Err(rejection) => Err(refused::revert(rejection)),
    };
    answered(&expected, executed)?;
    let evm::Outcome::Success { logs, .. } = &executed.outcome else { return Ok(()) };
    let (own, others): (Vec<&Log>, Vec<&Log>) =
        logs.iter().partition(|log| log.address == world.stage.deployment.contract);
    let told: Vec<_> = own.into_iter().map(told::event).collect::<Result<_, _>>().expect("events");
    if told != events {
        return Err(Box::new(Difference::of("events", &events, &told)));
    }
    let moved = |log: &Log| {
        let transfer = TestToken::Transfer::decode_log(log).expect("the token's only event here");
        (transfer.from, transfer.to, transfer.value)
    };
    let moved: Vec<_> = others.into_iter().map(moved).collect();
    if moved != transfers {
        return Err(Box::new(Difference::of("transfers of the token", &transfers, &moved)));
    }
    Ok(())
}

fn answered(expected: &Result<Vec<u8>, Vec<u8>>, executed: &Executed) -> Compared {
    let actual = match &executed.outcome {
        evm::Outcome::Success { output, .. } => Ok(output.to_vec()),
        evm::Outcome::Reverted(revert) => Err(revert.to_vec()),
        evm::Outcome::Halted(reason) => {
            return Err(Box::new(Difference::of("the result", expected, &reason)));
        }
    };
    if actual == *expected {
        return Ok(());
    }
    let spoken = |result: &Result<Vec<u8>, Vec<u8>>| match result {
        Ok(output) => format!("returns {}", alloy_primitives::hex::encode_prefixed(output)),
        Err(revert) => refused::spoken(revert),
    };
    Err(Box::new(Difference::of("the result", &spoken(expected), &spoken(&actual))))
}

/// What a function of the contract returns.
fn returned(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Done => Vec::new(),
        Outcome::Published => U256::ZERO.abi_encode(),
        Outcome::Refused(refusal) => U256::from(refusal as u8).abi_encode(),
        Outcome::Settled(count) => U256::from(count).abi_encode(),
        Outcome::Seat(seat) => U256::from(seat.0).abi_encode(),
        Outcome::Amount(amount) => U256::from(amount).abi_encode(),
    }
}
