//! R10: power.

use multee_protocol::machine::{BlockRef, Event, Input, Suspicion};
use multee_protocol::{Mark, Parameters, SeatId, Tier};

use crate::world::{OWNER, POWER, World};

fn world(seats: u32) -> World {
    let mut world = World::founded(seats, Parameters::default());
    world.open();
    world.publish_all(1..=seats);
    world
}

/// The next epoch, in which seat 1 publishes with this power, and the others as ever.
fn day(world: &mut World, seats: u32, power: u64) -> Vec<Event> {
    world.next();
    world.settle();
    world.told();
    let marks = world.marks(1, |block| world.truth(block));
    world.publish_as(1, |p| (p.marks, p.power) = (marks, power)).expect("not rejected");
    let events = world.told();
    world.publish_all(2..=seats);
    events
}

#[test]
fn within_ten_percent_nothing_happens_and_the_baseline_stays() {
    let mut world = world(3);
    for power in [1_090_000, 910_000, 1_100_000, 900_000, 1_090_000] {
        let events = day(&mut world, 3, power);
        assert!(!events.iter().any(|event| matches!(event, Event::PowerUnverified { .. })), "{power}");
        assert_eq!(world.seat(1).power.verified, POWER);
    }
}

#[test]
fn beyond_ten_percent_once_is_logged_and_confirmed_by_peers() {
    for power in [1_100_100, 899_900] {
        let mut world = world(3);
        let events = day(&mut world, 3, power);
        assert_eq!(events[0], Event::PowerUnverified { seat: SeatId(1), epoch: 1, power });
        assert!(matches!(events[1], Event::BlockPublished { weight: 0, order: 0xF_FFFF, .. }));
        assert!(matches!(events[2], Event::BlockLogged { reason: Suspicion::UnverifiedPower, .. }));
        assert!(!world.state.trust_of(world.seat(1).device_id).operational);
        let block = world.state.block_view_of_seat(SeatId(1), 1, world.time).expect("a block");
        assert_eq!((block.off, block.off_power, block.share, block.weight), (true, power, 0, 0));
        day(&mut world, 3, power);
        world.at(3);
        world.told();
        world.settle();
        let events = world.told();
        assert!(events.contains(&Event::PowerVerified { seat: SeatId(1), epoch: 1, power }));
        let seat = world.seat(1);
        assert_eq!((seat.power.verified, seat.power.unverified, seat.tier), (power, false, Tier::Full));
        assert_eq!((seat.power.has_block, seat.power.block_epoch), (true, 1));
    }
}

#[test]
fn creeping_by_nine_percent_a_day_does_not_pass() {
    let mut world = world(3);
    day(&mut world, 3, 1_090_000);
    let events = day(&mut world, 3, 1_188_100);
    assert!(matches!(events[0], Event::PowerUnverified { power: 1_188_100, .. }), "{events:?}");
}

/// Settles one block of a seat.
fn settle(world: &mut World, number: u32, epoch: u32) -> Vec<Event> {
    let block = world.state.block_view_of_seat(SeatId(number), epoch, world.time).expect("a block");
    world.does(OWNER, Input::Settle(vec![BlockRef { epoch, order: block.order }]))
}

#[test]
fn an_earlier_block_never_takes_the_power_back() {
    let mut world = world(3);
    day(&mut world, 3, 2_000_000);
    day(&mut world, 3, 3_000_000);
    world.next();
    world.publish_all(2..=3);
    world.at(4);
    let later = settle(&mut world, 1, 2);
    assert!(later.contains(&Event::PowerVerified { seat: SeatId(1), epoch: 2, power: 3_000_000 }));
    let earlier = settle(&mut world, 1, 1);
    assert!(matches!(earlier[..], [Event::BlockDecided { epoch: 1, malicious: false, .. }]), "{earlier:?}");
    let power = world.seat(1).power;
    assert_eq!((power.verified, power.block_epoch, power.unverified), (3_000_000, 2, false));
}

#[test]
fn a_block_from_before_it_does_not_end_the_unverified_state() {
    let mut world = world(3);
    // In epoch 1 everybody is on the log for a lie; in epoch 2 seat 1 is off.
    world.next();
    world.publish_all(1..=3);
    world.next();
    for number in 2..=3 {
        let marks = world.marks(number, |_| Mark::BindingWrong);
        world.publish_as(number, |p| p.marks = marks).expect("published");
    }
    world.publish_as(1, |p| p.power = 2 * POWER).expect("published");
    world.day(2..=3);
    world.at(4);
    let events = settle(&mut world, 1, 1);
    assert!(matches!(events[..], [Event::BlockDecided { epoch: 1, malicious: false, .. }]), "{events:?}");
    assert!(world.seat(1).power.unverified);
    let events = settle(&mut world, 1, 2);
    assert!(matches!(events[0], Event::PowerVerified { epoch: 2, .. }), "{events:?}");
    assert!(!world.seat(1).power.unverified);
}

#[test]
fn no_power_needs_no_verification_and_any_power_of_a_joiner_does() {
    let mut world = world(3);
    world.next();
    world.join(4);
    world.told();
    world.publish_as(4, |p| p.power = 0).expect("published");
    assert!(!world.told().iter().any(|event| matches!(event, Event::PowerUnverified { .. })));
    world.join(5);
    world.told();
    world.publish_as(5, |p| p.power = 1).expect("published");
    assert!(matches!(world.told()[0], Event::PowerUnverified { seat: SeatId(5), power: 1, .. }));
}

#[test]
fn extremes_of_power_overflow_nothing() {
    let mut world = world(3);
    let events = day(&mut world, 3, u64::MAX);
    assert!(matches!(events[0], Event::PowerUnverified { power: u64::MAX, .. }));
    day(&mut world, 3, u64::MAX);
    world.at(3);
    world.settle();
    assert_eq!(world.seat(1).power.verified, u64::MAX);
    let events = day(&mut world, 3, u64::MAX);
    assert!(matches!(events.last(), Some(Event::BlockPublished { weight: 10_000, .. })), "{events:?}");
    let block = world.state.block_view_of_seat(SeatId(1), world.epoch(), world.time).expect("a block");
    assert_eq!(block.share, u64::MAX / 2, "without rank half");
    day(&mut world, 3, u64::MAX);
    let block = world.state.block_view_of_seat(SeatId(1), world.epoch(), world.time).expect("a block");
    assert_eq!(block.share, u64::MAX);
}
