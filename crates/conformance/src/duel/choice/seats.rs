//! Calls about seats: founding, joining, restart, leaving, withdrawals.

use alloy_primitives::{Address, B256, keccak256};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_protocol::SeatId;
use multee_protocol::machine::SeatView;
use multee_protocol::{DeviceId, Tier};

use super::{incarnation, measurement, mostly, some_seat, stranger};
use crate::duel::dice::Dice;
use crate::duel::request::Request;
use crate::duel::setup::Kind;
use crate::duel::world::World;
use crate::stage::account;

pub(super) fn found(world: &mut World, dice: &mut Dice) -> (Address, Request) {
    let owner = world.model.owner();
    if matches!(world.setup.kind, Kind::Crowd | Kind::Hermit) && !world.started() {
        return (owner, founder(world));
    }
    let provider = someone(dice, "provider");
    let registration = registration(world, dice);
    let verified_power =
        dice.pick(&[1000, 1000, 1000, 1000, 1000, 1_000_000, 1_000_000, 123_457, 7, 1, 0, u64::MAX]);
    (mostly(dice, owner), Request::Found { provider, registration, verified_power })
}

/// A founding seat without any fault.
fn founder(world: &mut World) -> Request {
    let device = crate::stage::Device::new(world.seats().into());
    let incarnation = world.new_key();
    let registration = Contract::Registration { incarnation, ..device.registration() };
    Request::Found { provider: device.provider, registration, verified_power: 1000 }
}

pub(super) fn join(world: &mut World, dice: &mut Dice) -> (Address, Request) {
    let provider = account("provider", dice.below(64));
    (provider, Request::Join(registration(world, dice)))
}

pub(super) fn restart(world: &mut World, dice: &mut Dice) -> (Address, Request) {
    let suspended = |seat: &SeatView| seat.tier == Tier::Suspended;
    let now = world.epoch();
    let cool = u32::from(world.model.parameters().restart_cooldown_epochs);
    let rested = |seat: &SeatView| suspended(seat) && seat.suspended_epoch + cool <= now;
    let out = |seat: &SeatView| suspended(seat) || seat.tier == Tier::Blocked || seat.exiting;
    let seat = match dice.below(10) {
        0..7 => some_seat(world, dice, rested),
        7 => some_seat(world, dice, suspended),
        8 => some_seat(world, dice, out),
        _ => some_seat(world, dice, |_| true),
    };
    let who = match view(world, seat) {
        Some(view) if dice.chance(50) => view.operator,
        Some(view) => view.provider,
        None => stranger(dice),
    };
    let incarnation = own_or_new(world, dice, seat);
    (mostly(dice, who), Request::Restart { seat, incarnation, measurement: measurement(dice) })
}

pub(super) fn remove(world: &World, dice: &mut Dice) -> (Address, Request) {
    let opened = world.model.network_view(world.time_s).opened_epochs;
    let index = opened.saturating_sub(world.retention());
    let stale = |seat: &SeatView| !seat.admitted && !seat.exiting && seat.joined_index <= index;
    let seat = some_seat(world, dice, stale);
    (stranger(dice), Request::Remove(seat))
}

pub(super) fn set_operator(world: &World, dice: &mut Dice) -> (Address, Request) {
    let seat = some_seat(world, dice, |_| true);
    let operator = someone(dice, "operator");
    (provider(world, dice, seat), Request::SetOperator { seat, operator })
}

pub(super) fn exit(world: &World, dice: &mut Dice) -> (Address, Request) {
    let seat = some_seat(world, dice, |seat| !seat.exiting);
    (provider(world, dice, seat), Request::Exit(seat))
}

pub(super) fn rejoin(world: &mut World, dice: &mut Dice) -> (Address, Request) {
    let seat = some_seat(world, dice, |seat| seat.funds.paid_out);
    let operator = someone(dice, "operator");
    let incarnation = own_or_new(world, dice, seat);
    let measurement = measurement(dice);
    (provider(world, dice, seat), Request::Rejoin { seat, operator, incarnation, measurement })
}

pub(super) fn withdraw_deposit(world: &World, dice: &mut Dice) -> (Address, Request) {
    let now = world.epoch();
    let leaving = |seat: &SeatView| seat.exiting && !seat.funds.paid_out;
    let seat = if dice.chance(70) {
        some_seat(world, dice, |seat| leaving(seat) && seat.unbonded_epoch <= now)
    } else {
        some_seat(world, dice, leaving)
    };
    (provider(world, dice, seat), Request::WithdrawDeposit(seat))
}

pub(super) fn withdraw_rewards(world: &World, dice: &mut Dice) -> (Address, Request) {
    let owed = |seat: &SeatView| {
        seat.funds.matured_rewards != 0 || seat.funds.old_rewards != 0 || seat.funds.new_rewards != 0
    };
    let seat = some_seat(world, dice, owed);
    (provider(world, dice, seat), Request::WithdrawRewards(seat))
}

pub(super) fn withdraw_bounty(world: &World, dice: &mut Dice) -> (Address, Request) {
    let owed: Vec<_> =
        world.accounts.iter().copied().filter(|account| world.model.bounty_of(*account) != 0).collect();
    let caller = if dice.chance(70) { dice.any(&owed) } else { None };
    (caller.unwrap_or_else(|| stranger(dice)), Request::WithdrawBounty)
}

fn view(world: &World, seat: u32) -> Option<SeatView> {
    world.model.seat_view(SeatId(seat)).ok()
}

/// Mostly the seat's provider.
fn provider(world: &World, dice: &mut Dice, seat: u32) -> Address {
    match view(world, seat) {
        Some(view) => mostly(dice, view.provider),
        None => stranger(dice),
    }
}

/// Mostly a new incarnation, sometimes one that the seat had before.
fn own_or_new(world: &mut World, dice: &mut Dice, seat: u32) -> Address {
    let past = seat.checked_sub(1).and_then(|index| world.pasts.get(index as usize));
    let former = past.and_then(|past| dice.any(&past.incarnations)).filter(|_| dice.chance(6));
    former.unwrap_or_else(|| incarnation(world, dice))
}

fn someone(dice: &mut Dice, role: &str) -> Address {
    if dice.chance(3) { Address::ZERO } else { account(role, dice.below(64)) }
}

/// Claims: mostly of a new device, sometimes of one that is claimed or bound already.
fn registration(world: &mut World, dice: &mut Dice) -> Contract::Registration {
    let claimed: Vec<_> = world.devices.iter().copied().collect();
    let open: Vec<_> = claimed
        .iter()
        .copied()
        .filter(|device| world.model.bound_seat_of(DeviceId(*device)).is_none())
        .collect();
    let new = keccak256([b"device".as_slice(), &dice.next().to_be_bytes()].concat());
    let device = match dice.below(100) {
        0..2 => Some(B256::ZERO),
        2..8 => dice.any(&claimed),
        8..26 => dice.any(&open),
        _ => None,
    };
    Contract::Registration {
        operator: someone(dice, "operator"),
        deviceId: device.unwrap_or(new),
        incarnation: incarnation(world, dice),
        measurement: measurement(dice),
    }
}
