//! Reports of equivocation, true and false.

use alloy_primitives::{Address, B256, U256, keccak256};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_protocol::machine::SeatView;
use multee_protocol::{ConfirmationBlock, DeviceId, Marks, SeatId, Tier};

use super::{some_seat, stranger};
use crate::duel::dice::Dice;
use crate::duel::request::Request;
use crate::duel::world::World;

/// A report of two blocks that an incarnation signed; `false_` in some way or not at all.
pub(super) fn report(world: &World, dice: &mut Dice, false_: bool) -> (Address, Request) {
    let number = some_seat(world, dice, |seat: &SeatView| seat.tier != Tier::Blocked);
    let past = number.checked_sub(1).and_then(|index| world.pasts.get(index as usize));
    let incarnation = past.and_then(|past| dice.any(&past.incarnations)).unwrap_or_default();
    let device = world.model.seat_view(SeatId(number)).map_or(B256::ZERO, |seat| seat.device_id.0);
    let statement = |measurement: B256, power| Contract::Statement {
        measurement,
        power,
        propertiesDigest: B256::ZERO,
        marks: U256::from(1),
        latestBindings: measurement,
        r: B256::ZERO,
        vs: B256::ZERO,
    };
    let measurement = keccak256("some");
    let mut pair = Contract::Equivocation {
        seat: number,
        incarnation,
        epoch: u32::try_from(dice.below(1000)).expect("small"),
        previousDigest: B256::ZERO,
        challenge: keccak256(dice.next().to_be_bytes()),
        first: statement(measurement, 1),
        second: statement(measurement, 2),
    };
    match dice.below(5) {
        0 => (pair.second.power, pair.second.marks) = (1, U256::from(2)),
        1 => (pair.second.power, pair.second.measurement) = (1, keccak256("other")),
        2 => (pair.second.power, pair.second.propertiesDigest) = (1, measurement),
        3 => (pair.second.power, pair.second.latestBindings) = (1, B256::ZERO),
        _ => {}
    }
    let mut keys = [incarnation; 2];
    let fault = if false_ { dice.below(7) } else { 7 };
    let other = dice.any(&world.keys()).unwrap_or_default();
    match fault {
        0 => pair.second = pair.first.clone(),
        1 => keys[0] = other,
        2 => keys[1] = other,
        3 => (pair.incarnation, keys) = (other, [other; 2]),
        _ => {}
    }
    for (index, key) in keys.into_iter().enumerate() {
        let block = stated(&pair, index, device);
        let signed = if index == 0 { &mut pair.first } else { &mut pair.second };
        (signed.r, signed.vs) = signature(world, key, &block);
    }
    match fault {
        4 => pair.epoch += 1,
        5 => pair.second.vs.0[0] ^= 0x80,
        6 => pair.first.r = B256::ZERO,
        _ => {}
    }
    (stranger(dice), Request::ReportEquivocation(pair))
}

fn stated(pair: &Contract::Equivocation, index: usize, device: B256) -> ConfirmationBlock {
    let s = if index == 0 { &pair.first } else { &pair.second };
    ConfirmationBlock {
        seat: SeatId(pair.seat),
        device_id: DeviceId(device),
        incarnation: pair.incarnation,
        epoch: pair.epoch,
        previous_digest: pair.previousDigest,
        challenge: pair.challenge,
        measurement: s.measurement,
        power: s.power,
        properties_digest: s.propertiesDigest,
        marks: Marks(s.marks),
        latest_bindings: s.latestBindings,
    }
}

/// A device's signature of a block, in two words; zeros if no device has the key.
pub(super) fn signature(world: &World, key: Address, block: &ConfirmationBlock) -> (B256, B256) {
    let Some(key) = world.key(key) else { return (B256::ZERO, B256::ZERO) };
    let digest = block.digest(&world.model.deployment());
    let compact = key.sign(digest).expect("signs").as_erc2098();
    (B256::from_slice(&compact[..32]), B256::from_slice(&compact[32..]))
}
