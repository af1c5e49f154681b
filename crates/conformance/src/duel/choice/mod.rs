//! What a step does. The die decides, but among what the model's views show to be plausible: mostly what goes through,
//! often what just does not.

mod equivocation;
mod governing;
mod publication;
mod seats;

use alloy_primitives::{Address, B256, keccak256};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_protocol::machine::SeatView;

use super::dice::{Dice, mix};
use super::request::Request;
use super::scenario::{Act, Step};
use super::world::World;
use crate::stage::{Plan, account};

/// What a step comes to.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time")]
pub(crate) enum Move {
    /// Blocks and seconds pass.
    Time { blocks: u64, seconds: u64 },
    /// A call, by whom.
    Call { caller: Address, request: Request },
    /// A deployment apart, that is to fail or not.
    Deploy { owner: Address, genesis_s: u64, plan: Plan },
}

/// What a step does now.
pub(crate) fn choose(world: &mut World, step: Step) -> Move {
    let mut dice = Dice::new(mix(&[step.act as u64, step.die.into()]));
    if step.act.is_time() {
        return time(world, &mut dice, step.act);
    }
    if step.act == Act::Deploy {
        return governing::deployment(world, &mut dice);
    }
    let (caller, request) = call(world, &mut dice, step.act);
    Move::Call { caller, request }
}

fn time(world: &World, dice: &mut Dice, act: Act) -> Move {
    let left = world.left_s();
    let length = u64::from(world.setup.plan.fixed.epoch_seconds);
    let retention = u64::from(world.retention());
    // Where in the epoch: at its very start, anywhere, or in its last second.
    let at = match dice.below(4) {
        0 => 0,
        1 => length - 1,
        _ => dice.below(length),
    };
    let within = |dice: &mut Dice| if left > 1 { dice.below(left.min(100)) } else { 0 };
    let (blocks, seconds) = match act {
        Act::Moment => (dice.below(3), within(dice)),
        Act::Mine => (dice.weighed(&[(90, 3), (10, 4), (4, 40), (2, 258), (2, 2)]), within(dice)),
        Act::Expire => (dice.pick(&[258, 259, 259, 300, 1000]), within(dice)),
        Act::Next => (dice.within(1, 5), left + at),
        Act::Skip => (dice.within(1, 300), left + at + length * dice.within(1, 4)),
        _ => {
            let epochs = match dice.below(8) {
                0 => dice.within(4090, 4100),
                1 => dice.within(1, 100_000),
                _ => dice.within(retention - 2, 3 * retention),
            };
            (dice.within(1, 10_000), left + at + length * epochs)
        }
    };
    Move::Time { blocks, seconds }
}

fn call(world: &mut World, dice: &mut Dice, act: Act) -> (Address, Request) {
    match act {
        // Who owns a paused network mostly lets it go on before long.
        Act::Open if world.model.network_view(world.time_s).paused && dice.chance(60) => {
            (world.model.owner(), Request::SetPaused(false))
        }
        Act::Open => (stranger(dice), Request::OpenEpoch),
        Act::Seed => (stranger(dice), Request::SeedEpoch),
        Act::Publish => publication::publish(world, dice, false),
        Act::PublishFaulty => publication::publish(world, dice, true),
        Act::Settle => (stranger(dice), Request::Settle(due(world, dice))),
        Act::SettleWild => (stranger(dice), Request::Settle(anything(world, dice))),
        Act::Found => seats::found(world, dice),
        Act::Join => seats::join(world, dice),
        Act::Restart => seats::restart(world, dice),
        Act::Remove => seats::remove(world, dice),
        Act::SetOperator => seats::set_operator(world, dice),
        Act::Exit => seats::exit(world, dice),
        Act::Rejoin => seats::rejoin(world, dice),
        Act::Report => equivocation::report(world, dice, false),
        Act::ReportFalse => equivocation::report(world, dice, true),
        Act::WithdrawDeposit => seats::withdraw_deposit(world, dice),
        Act::WithdrawRewards => seats::withdraw_rewards(world, dice),
        Act::WithdrawBounty => seats::withdraw_bounty(world, dice),
        Act::Donate => (stranger(dice), Request::Donate { amount: super::setup::amount(dice) * 1000 }),
        _ => governing::govern(world, dice, act),
    }
}

/// Somebody without office.
fn stranger(dice: &mut Dice) -> Address {
    account("stranger", dice.below(4))
}

/// Mostly who may, sometimes somebody else.
fn mostly(dice: &mut Dice, who: Address) -> Address {
    if dice.chance(5) || who.is_zero() { stranger(dice) } else { who }
}

/// Mostly a seat that is like this, sometimes any, seldom one that there is not.
fn some_seat(world: &World, dice: &mut Dice, like: impl Fn(&SeatView) -> bool) -> u32 {
    let seats = world.seats();
    if seats == 0 || dice.chance(2) {
        return dice.pick(&[0, seats + 1, u32::MAX]);
    }
    let suitable = world.seats_with(like);
    let any = u32::try_from(dice.within(1, seats.into())).expect("a seat's number");
    if dice.chance(12) { any } else { dice.any(&suitable).unwrap_or(any) }
}

/// One of a few measurements; seldom none.
fn measurement(dice: &mut Dice) -> B256 {
    if dice.chance(3) { B256::ZERO } else { measurement_of(dice.weighed(&[(6, 0), (2, 1), (1, 2), (1, 3)])) }
}

fn measurement_of(index: u64) -> B256 {
    keccak256([b"measurement".as_slice(), &index.to_be_bytes()].concat())
}

/// Mostly a new key, sometimes one that somebody had before, seldom none.
fn incarnation(world: &mut World, dice: &mut Dice) -> Address {
    match dice.below(100) {
        0..3 => Address::ZERO,
        3..14 => dice.any(&world.keys()).unwrap_or(Address::ZERO),
        _ => world.new_key(),
    }
}

/// Up to 16 blocks that are due, mostly the oldest.
fn due(world: &World, dice: &mut Dice) -> Vec<Contract::BlockRef> {
    let mut due = world.blocks_with(|block| block.due);
    if dice.chance(25) {
        dice.shuffle(&mut due);
    }
    due.truncate(16);
    due.iter().map(|id| Contract::BlockRef { epoch: id.epoch, order: id.order }).collect()
}

/// Anything: not due, unknown, named twice, too many.
fn anything(world: &World, dice: &mut Dice) -> Vec<Contract::BlockRef> {
    let length = if dice.chance(8) { dice.within(17, 20) } else { dice.below(17) };
    let mut refs: Vec<Contract::BlockRef> = Vec::new();
    for _ in 0..length {
        let known = dice.any(&world.published).map(|(id, _)| (id.epoch, id.order)).unwrap_or_default();
        let (epoch, order) = match dice.below(12) {
            0 => (known.0, known.1.wrapping_add(1)),
            1 => (known.0.wrapping_sub(world.retention()), known.1),
            2 => (known.0, known.1 | 1 << 20),
            3 => (world.epoch().wrapping_add(1), 0),
            4 => (dice.pick(&[0, u32::MAX]), dice.pick(&[0, (1 << 20) - 1, 1 << 20, u32::MAX])),
            5 => refs.last().map_or(known, |last| (last.epoch, last.order)),
            _ => known,
        };
        refs.push(Contract::BlockRef { epoch, order });
    }
    refs
}
