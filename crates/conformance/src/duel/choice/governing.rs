//! Calls of the owner, and of who would like to be; deployments out of bounds.

use alloy_primitives::{Address, B256, Bytes};
use multee_chain::bindings::IProofOfAttestation as Contract;

use super::{Move, measurement_of, mostly, stranger};
use crate::duel::dice::Dice;
use crate::duel::request::{Request, contract_parameters};
use crate::duel::scenario::Act;
use crate::duel::setup;
use crate::duel::world::World;
use crate::stage::account;

pub(super) fn govern(world: &World, dice: &mut Dice, act: Act) -> (Address, Request) {
    let owner = world.model.owner();
    let request = match act {
        Act::SetPolicy => Request::SetPolicy(document(dice)),
        Act::SetReferences => Request::SetReferenceValues(references(world, dice)),
        Act::Announce => {
            let mut parameters = contract_parameters(&setup::parameters(dice, world.setup.kind));
            if dice.chance(25) {
                break_one(&mut parameters, dice);
            }
            Request::AnnounceParameters(parameters)
        }
        Act::Pause => {
            let paused = world.model.network_view(world.time_s).paused;
            Request::SetPaused(if dice.chance(90) { !paused } else { paused })
        }
        Act::Standstill => Request::AnnounceStandstill,
        Act::Revive => Request::Revive(revived(world, dice)),
        Act::Transfer => Request::TransferOwnership(match dice.below(10) {
            0 => Address::ZERO,
            1 => owner,
            _ => account("heir", dice.below(4)),
        }),
        Act::Accept => {
            let heir = world.model.pending_owner();
            return (mostly(dice, heir), Request::AcceptOwnership);
        }
        Act::Renounce => Request::RenounceOwnership,
        other => unreachable!("{other:?} is no act of an owner"),
    };
    (mostly(dice, owner), request)
}

fn document(dice: &mut Dice) -> Bytes {
    let length = match dice.below(20) {
        0 | 1 => 0,
        2 => 24 * 1024,
        3 => 24 * 1024 + 1,
        _ => dice.within(1, 70),
    };
    bytes(dice, length)
}

pub(super) fn bytes(dice: &mut Dice, length: u64) -> Bytes {
    let filling = dice.next().to_be_bytes();
    (0..length).map(|index| filling[usize::try_from(index % 8).expect("small")]).collect()
}

/// A list of allowed measurements, mostly in order.
fn references(world: &World, dice: &mut Dice) -> Vec<Contract::ReferenceValue> {
    let now = world.epoch();
    let length = match dice.below(12) {
        0 => 33,
        1 => 32,
        2 => 0,
        _ => dice.within(1, 5),
    };
    let mut values: Vec<_> = (0..length)
        .map(|index| {
            let first = now.saturating_sub(u32::try_from(dice.below(20)).expect("few"));
            let length = u32::try_from(dice.below(60)).expect("few");
            let until = if dice.chance(70) { u32::MAX } else { first + length };
            Contract::ReferenceValue {
                measurement: measurement_of(index),
                fromEpoch: first,
                untilEpoch: until,
            }
        })
        .collect();
    values.sort_by_key(|value| value.measurement);
    match (dice.below(16), values.last_mut()) {
        (0, _) => values.reverse(),
        (1, Some(last)) => (last.fromEpoch, last.untilEpoch) = (now + 1, now),
        (2, _) => values.iter_mut().take(1).for_each(|first| first.measurement = B256::ZERO),
        (3, Some(last)) => {
            let twice = last.clone();
            values.push(twice);
        }
        _ => {}
    }
    values
}

/// Mostly all who may be revived.
fn revived(world: &World, dice: &mut Dice) -> Vec<u32> {
    let mut seats = world
        .seats_with(|seat| seat.admitted && !seat.exiting && seat.tier != multee_protocol::Tier::Blocked);
    seats.truncate(64);
    match dice.below(12) {
        0 => seats = (1..=world.seats().min(64)).collect(),
        1 => seats.push(world.seats() + 1),
        2 => seats.clear(),
        3 => seats = vec![1; 65],
        4 => seats.extend(seats.first().copied()),
        _ => {}
    }
    seats
}

/// Puts one parameter out of its bounds.
fn break_one(p: &mut Contract::Parameters, dice: &mut Dice) {
    const MOST: u128 = 10_u128.pow(30);
    let high = dice.chance(50);
    match dice.below(16) {
        0 => p.latestChecks = if high { 9 } else { 0 },
        1 => p.suspiciousChecks = if high { 65 - p.latestChecks } else { 1 },
        2 => p.decisionMarks = if high { 91 } else { p.suspiciousChecks - 1 },
        3 => p.maxPenalties = 0,
        4 => p.fullGainStreak = if high { 16 } else { 0 },
        5 => p.finalityEpochs = if high { 12 } else { 0 },
        6 => p.powerToleranceBps = 10_001,
        7 => p.scoreGainBps = if high { 10_001 } else { 0 },
        8 => p.admissionScore = if high { 9000 } else { 4999 },
        9 => p.restartCooldownEpochs = 1001,
        10 => p.rewardDelayEpochs = if high { 1826 } else { 0 },
        11 => p.unbondingEpochs = if high { 3651 } else { 0 },
        12 => p.restrictedRewardBps = 10_001,
        13 => p.bountyBps = 5001,
        14 => p.minDeposit = if high { MOST + 1 } else { 0 },
        _ => p.rewardPerEpoch = MOST + 1,
    }
}

/// A deployment that is mostly out of some bound.
pub(super) fn deployment(world: &World, dice: &mut Dice) -> Move {
    let mut plan = world.setup.plan.clone();
    let mut owner = stranger(dice);
    let mut genesis_s = world.time_s + dice.below(1000);
    let high = dice.chance(50);
    match dice.below(9) {
        0 => owner = Address::ZERO,
        1 => genesis_s = world.time_s - 1,
        2 => genesis_s = 1 << 40,
        3 => plan.fixed.epoch_seconds = if high { 31_536_001 } else { 11 },
        4 => plan.fixed.retention_epochs = if high { 41 } else { 15 },
        5 => plan.fixed.max_seats = if high { (1 << 20) + 1 } else { 0 },
        6 | 7 => {
            let mut parameters = contract_parameters(&plan.parameters);
            break_one(&mut parameters, dice);
            plan.parameters = crate::duel::request::model_parameters(&parameters);
        }
        _ => {}
    }
    Move::Deploy { owner, genesis_s, plan }
}
