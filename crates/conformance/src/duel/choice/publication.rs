//! Publications: what a device of the seat's nature would publish, or that with something wrong.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_protocol::machine::{AssignmentView, BlockRef, Call, Input, SeatView, State};
use multee_protocol::{ConfirmationBlock, DeviceId, Marks, SeatId, Tier, latest_bindings};

use super::governing::bytes;
use super::{some_seat, stranger};
use crate::duel::dice::{Dice, mix};
use crate::duel::request::Request;
use crate::duel::setup::{Kind, Manner};
use crate::duel::world::World;

/// A publication of a seat that has not published in this epoch, mostly.
pub(super) fn publish(world: &mut World, dice: &mut Dice, faulty: bool) -> (Address, Request) {
    let number = whose(world, dice);
    world.tried.insert(number);
    let Ok(seat) = world.model.seat_view(SeatId(number)) else {
        return (stranger(dice), Request::Publish(of_nobody(number)));
    };
    let mut p = proper(world, dice, number, &seat);
    let mut caller = seat.operator;
    let mut key = seat.incarnation;
    if faulty {
        for _ in 0..dice.weighed(&[(4, 1), (1, 2)]) {
            spoil(world, dice, &seat, &mut p, &mut caller, &mut key);
        }
    }
    sign(world, &mut p, key);
    if faulty && dice.chance(8) {
        match dice.below(4) {
            0 => (p.r, p.vs) = (B256::ZERO, B256::ZERO),
            1 => p.r = keccak256(p.r),
            2 => p.vs.0[31] ^= 1,
            _ => p.vs.0[0] ^= 0x80,
        }
    }
    (caller, Request::Publish(p))
}

/// Mostly a seat that may publish and has not tried in this epoch.
fn whose(world: &World, dice: &mut Dice) -> u32 {
    let now = world.epoch();
    let setup = &world.setup;
    let missing = |seat: &SeatView| !seat.has_published || seat.last_epoch != now;
    let able = |seat: &SeatView| missing(seat) && !seat.exiting && seat.tier > Tier::Suspended;
    let astray = if setup.kind == Kind::Crowd { 0 } else { 5 };
    if dice.chance(astray) {
        let any = some_seat(world, dice, |_| true);
        if !setup.is_away(any, now) {
            return any;
        }
    }
    let mut fresh: Vec<_> = (1..=world.seats()).filter(|seat| !world.tried.contains(seat)).collect();
    fresh.retain(|seat| able(&world.seat(*seat)) && !setup.is_away(*seat, now));
    let mut late = world.seats_with(missing);
    late.retain(|seat| !setup.is_away(*seat, now));
    dice.any(&fresh).or_else(|| dice.any(&late)).unwrap_or(1)
}

fn proper(world: &World, dice: &mut Dice, number: u32, seat: &SeatView) -> Contract::Publication {
    let seeded = seeded(world);
    let model = seeded.as_ref().unwrap_or(&world.model);
    let id = SeatId(number);
    let assignment = model.assignment_of(id, world.time_s).unwrap_or_default();
    let certificates = if dice.chance(12) { bytes(dice, 1 + u64::from(number) % 40) } else { Bytes::new() };
    let length = dice.within(1, 40);
    let marks = marks(world, model, dice, number, &assignment);
    Contract::Publication {
        seat: number,
        power: power(world, dice, number, seat),
        previousDigest: seat.last_digest,
        challenge: model.challenge_of(id, world.time_s).unwrap_or_default(),
        propertiesDigest: keccak256(number.to_be_bytes()),
        marks: marks.0,
        latestBindings: model.latest_bindings_of(id, marks, world.time_s).unwrap_or_default(),
        deviceId: seat.device_id.0,
        incarnation: seat.incarnation,
        measurement: seat.measurement,
        certificatesHash: world.pasts[number as usize - 1].certificates_hash,
        r: B256::ZERO,
        vs: B256::ZERO,
        evidence: bytes(dice, length),
        certificates,
    }
}

/// The model as it will be once the epoch's seed is set, if that is to come.
fn seeded(world: &World) -> Option<State> {
    let pending = world.model.epoch_view(world.epoch(), world.time_s).is_ok_and(|epoch| !epoch.opened);
    if !pending {
        return None;
    }
    let mut model = world.model.clone();
    let call = Call { caller: Address::ZERO, moment: world.moment(), input: Input::SeedEpoch };
    model.apply(&call).ok().map(|_| model)
}

/// What a device says of its power: mostly what is verified, sometimes just within or just off.
fn power(world: &World, dice: &mut Dice, number: u32, seat: &SeatView) -> u64 {
    let own = [1000, 1, 7, 123_457, u64::MAX][number as usize % 5];
    let verified = if seat.power.verified == 0 { own } else { seat.power.verified };
    let tolerance = u128::from(world.model.parameters().power_tolerance_bps);
    let slack = u64::try_from(u128::from(verified) * tolerance / 10_000).unwrap_or(u64::MAX);
    if seat.power.unverified && dice.chance(70) {
        return own / 2 + 1;
    }
    if !dice.chance(world.setup.restless) {
        // Within tolerance, up to its very end.
        return match dice.below(20) {
            0 => verified.saturating_add(slack),
            1 => verified.saturating_sub(slack),
            _ => verified,
        };
    }
    match dice.below(6) {
        0 | 1 => verified.saturating_add(slack).saturating_add(1),
        2 => verified.saturating_sub(slack).saturating_sub(1),
        3 => own / 2 + 1,
        4 => own,
        _ => dice.pick(&[0, 1, u64::MAX]),
    }
}

/// Marks in the seat's manner.
fn marks(world: &World, model: &State, dice: &mut Dice, number: u32, assignment: &AssignmentView) -> Marks {
    let setup = &world.setup;
    let manner = setup.manner(number);
    let latest = assignment.latest.iter().map(|at| Some((at.epoch, at.order)));
    let window = assignment.positions.iter().map(|position| {
        let entry = model.log_entry(*position, world.time_s).ok()?;
        Some((entry.block.epoch, entry.block.order))
    });
    let mut marks = U256::ZERO;
    for (place, block) in latest.chain(window).enumerate() {
        let Some((epoch, order)) = block else { continue };
        let Ok(block) = model.block_view(epoch, order, world.time_s) else { continue };
        let bad = setup.is_bad(block.seat.0, epoch);
        let negative = 2 + mix(&[u64::from(block.seat.0), u64::from(epoch)]) % 5;
        let truth = if bad { negative } else { 1 };
        let code = match manner {
            Manner::Honest => {
                if dice.chance(setup.restless.min(2)) {
                    0
                } else {
                    truth
                }
            }
            Manner::Lazy => 1,
            Manner::Silent => {
                if dice.chance(10) {
                    truth
                } else {
                    0
                }
            }
            Manner::Slander => {
                if dice.chance(70) {
                    if bad { 1 } else { negative }
                } else {
                    truth
                }
            }
            Manner::Promote => {
                if setup.manner(block.seat.0) == Manner::Promote {
                    1
                } else {
                    truth
                }
            }
            Manner::Random => dice.below(7),
        };
        marks |= U256::from(code) << (4 * place);
    }
    Marks(marks)
}

/// Makes one thing wrong.
fn spoil(
    world: &World,
    dice: &mut Dice,
    seat: &SeatView,
    p: &mut Contract::Publication,
    caller: &mut Address,
    key: &mut Address,
) {
    let other = dice.any(&world.keys()).unwrap_or(*key);
    let wrong = keccak256(dice.next().to_be_bytes());
    match dice.below(19) {
        0 => *caller = if dice.chance(50) { seat.provider } else { stranger(dice) },
        1 => *key = other,
        2 => (p.incarnation, *key) = (other, other),
        3 => p.incarnation = other,
        4 => p.deviceId = wrong,
        5 => p.measurement = wrong,
        6 => p.certificatesHash = if dice.chance(50) { B256::ZERO } else { wrong },
        7 => p.previousDigest = if dice.chance(50) { B256::ZERO } else { wrong },
        8 => p.challenge = wrong,
        9 => p.marks |= U256::from(dice.within(7, 15)) << (4 * dice.below(64)),
        10 => p.marks |= U256::from(1) << (4 * dice.below(64)),
        11 => p.marks |= U256::from(1) << 252,
        12 => p.evidence = bytes(dice, 16 * 1024 + 1),
        13 => {
            let length = 16 * 1024 - p.certificates.len() as u64 + dice.below(2);
            p.evidence = bytes(dice, length);
        }
        14 => p.evidence = Bytes::new(),
        15 | 16 => p.latestBindings = misstated(world, dice, p),
        17 => p.certificates = bytes(dice, 16 * 1024),
        _ => p.seat = dice.pick(&[0, p.seat % world.seats() + 1, world.seats() + 1, u32::MAX]),
    }
}

/// What is stated of the latest blocks, mostly wrong: of all whatever was marked, of too few, in another order, of others.
fn misstated(world: &World, dice: &mut Dice, p: &Contract::Publication) -> B256 {
    let seeded = seeded(world);
    let model = seeded.as_ref().unwrap_or(&world.model);
    let latest = model.assignment_of(SeatId(p.seat), world.time_s).unwrap_or_default().latest;
    let block = |at: &BlockRef| model.block_view(at.epoch, at.order, world.time_s).ok();
    let mut kept: Vec<B256> = latest.iter().filter_map(block).map(|block| block.evidence_binding).collect();
    match dice.below(5) {
        0 => kept.clear(),
        1 => drop(kept.pop()),
        2 => kept.reverse(),
        3 => kept.push(p.challenge),
        _ => {}
    }
    latest_bindings(&kept)
}

/// Signs with a device's key what stands there.
fn sign(world: &World, p: &mut Contract::Publication, key: Address) {
    let block = ConfirmationBlock {
        seat: SeatId(p.seat),
        device_id: DeviceId(p.deviceId),
        incarnation: p.incarnation,
        epoch: world.epoch(),
        previous_digest: p.previousDigest,
        challenge: p.challenge,
        measurement: p.measurement,
        power: p.power,
        properties_digest: p.propertiesDigest,
        marks: Marks(p.marks),
        latest_bindings: p.latestBindings,
    };
    (p.r, p.vs) = super::equivocation::signature(world, key, &block);
}

/// What names a seat that there is not.
fn of_nobody(seat: u32) -> Contract::Publication {
    Contract::Publication {
        seat,
        power: 1,
        previousDigest: B256::ZERO,
        challenge: B256::ZERO,
        propertiesDigest: B256::ZERO,
        marks: U256::ZERO,
        latestBindings: B256::ZERO,
        deviceId: B256::ZERO,
        incarnation: Address::ZERO,
        measurement: B256::ZERO,
        certificatesHash: B256::ZERO,
        r: B256::ZERO,
        vs: B256::ZERO,
        evidence: Bytes::from_static(b"none"),
        certificates: Bytes::new(),
    }
}
