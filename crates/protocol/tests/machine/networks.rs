//! Whole networks with the default parameters: they admit joiners, throw out liars, and come back.

use multee_protocol::machine::{Event, Input, Outcome, Refusal, Suspicion};
use multee_protocol::{Mark, Parameters, SeatId, Tier};

use crate::world::{OWNER, World, incarnation, measurement, operator};

fn tier(world: &World, number: u32) -> Tier {
    world.seat(number).tier
}

#[test]
fn networks_of_every_size_admit_an_honest_joiner() {
    for n in [1, 2, 3, 5, 12, 40] {
        let mut world = World::founded(n, Parameters::default());
        world.open();
        for number in 1..=n {
            world.publish(number).expect("published");
        }
        world.day(1..=n);
        world.join(n + 1);
        let mut days = 0;
        while !world.seat(n + 1).admitted {
            world.day(1..=n + 1);
            days += 1;
            assert!(days < 8, "{n} devices do not admit a joiner");
        }
        world.day(1..=n + 1);
        world.day(1..=n + 1);
        assert!(tier(&world, n + 1) >= Tier::Warning, "{n}");
        assert!((1..=n).all(|number| world.seat(number).penalties == 0), "{n}");
    }
}

#[test]
fn networks_with_a_majority_throw_out_a_device_whose_evidence_fails() {
    for n in [3, 5, 12, 40] {
        let mut world = World::founded(n, Parameters::default());
        world.open();
        world.bad[1] = true;
        for _ in 0..30 {
            world.day(1..=n);
            if tier(&world, 1) == Tier::Suspended {
                break;
            }
        }
        assert_eq!(tier(&world, 1), Tier::Suspended, "{n}");
        let others: Vec<_> = (2..=n).map(|number| tier(&world, number)).collect();
        assert!(others.iter().all(|tier| *tier == Tier::Full), "{n}: {others:?}");
        let last = world.publish(1).expect("settled");
        assert_eq!(last, Outcome::Refused(Refusal::Suspended));
    }
}

#[test]
fn a_device_that_never_mends_is_blocked_at_thirteen_points() {
    let n = 12;
    let mut world = World::founded(n, Parameters::default());
    world.open();
    world.bad[1] = true;
    let mut boot = 0;
    for _ in 0..200 {
        world.day(1..=n);
        if tier(&world, 1) == Tier::Blocked {
            break;
        }
        if tier(&world, 1) == Tier::Suspended && world.seat(1).suspended_epoch < world.epoch() {
            boot += 1;
            world.does(
                operator(1),
                Input::Restart {
                    seat: SeatId(1),
                    incarnation: incarnation(1, boot),
                    measurement: measurement(),
                },
            );
        }
    }
    let seat = world.seat(1);
    assert_eq!((seat.tier, seat.penalties, seat.funds.deposit), (Tier::Blocked, 13, 0));
}

#[test]
fn a_joiner_with_bad_evidence_is_blocked_at_once_and_its_deposit_goes_to_carry() {
    for n in [2, 3, 12, 40] {
        let mut world = World::founded(n, Parameters::default());
        world.open();
        world.day(1..=n);
        let joiner = world.join(n + 1);
        world.bad[n as usize + 1] = true;
        let carry = world.state.network_view(world.time).carry;
        for _ in 0..6 {
            world.day(1..=n + 1);
        }
        let seat = world.seat(joiner.0);
        assert_eq!((seat.tier, seat.penalties, seat.funds.deposit), (Tier::Blocked, 1, 0), "{n}");
        let slashed = Parameters::default().min_deposit;
        assert!(world.told().iter().any(|event| matches!(
            event,
            Event::SeatBlocked { seat, slashed: amount, rewards_lost: 0, .. }
                if *seat == joiner && *amount == slashed
        )));
        assert!(world.state.network_view(world.time).carry >= carry, "{n}");
    }
}

#[test]
fn a_slanderer_with_genuine_evidence_falls_by_its_judgement() {
    let n = 40;
    let mut world = World::founded(n, Parameters::default());
    world.open();
    for number in 1..=n {
        world.publish(number).expect("published");
    }
    for _ in 0..12 {
        world.next();
        world.settle();
        for number in 1..=n {
            if number == 1 {
                let lies = world.marks(1, |_| Mark::EvidenceInvalid);
                world.publish_as(1, |publication| publication.marks = lies).expect("not rejected");
            } else {
                world.publish(number).expect("not rejected");
            }
        }
    }
    assert_eq!(tier(&world, 1), Tier::Suspended);
    assert!((2..=n).all(|number| tier(&world, number) == Tier::Full));
    assert!((2..=n).all(|number| world.seat(number).penalties == 0));
}

#[test]
fn accomplices_of_a_liar_fall_by_unwinding() {
    let n = 40;
    let parameters = Parameters { latest_checks: 6, ..Parameters::default() };
    let mut world = World::founded(n, parameters);
    world.open();
    for number in 1..=5 {
        world.bad[number] = true;
    }
    for _ in 0..25 {
        world.next();
        world.settle();
        for number in 1..=n {
            let marks = world.marks(number, |block| {
                if number <= 5 && block.seat.0 <= 5 { Mark::Valid } else { world.truth(block) }
            });
            world.publish_as(number, |publication| publication.marks = marks).expect("not rejected");
        }
    }
    assert!((1..=5).all(|number| tier(&world, number) == Tier::Suspended));
    assert!((6..=n).all(|number| tier(&world, number) == Tier::Full));
    let unwound = world
        .told()
        .into_iter()
        .any(|event| matches!(event, Event::BlockLogged { reason: Suspicion::Unwinding, .. }));
    assert!(unwound);
}

#[test]
fn a_network_that_missed_ten_epochs_goes_on() {
    let n = 12;
    let mut world = World::founded(n, Parameters::default());
    world.open();
    for _ in 0..3 {
        world.day(1..=n);
    }
    let later = world.epoch() + 10;
    world.at(later);
    for _ in 0..4 {
        world.day(1..=n);
    }
    assert!((1..=n).all(|number| tier(&world, number) == Tier::Full));
    let view = world.state.network_view(world.time);
    assert_eq!(view.decision_marks, 11);
    assert_eq!(world.state.epoch_view(world.epoch(), world.time).expect("opened").roster_size, n);
}

/// All power changes at once: nobody weighs anything, and nobody can confirm anybody.
#[test]
fn a_standstill_has_a_way_back() {
    let n = 5;
    let mut world = World::founded(n, Parameters::default());
    world.open();
    for _ in 0..3 {
        world.day(1..=n);
    }
    let powers = |world: &mut World, power| {
        world.next();
        world.settle();
        for number in 1..=n {
            let marks = world.marks(number, |block| world.truth(block));
            world
                .publish_as(number, |publication| (publication.marks, publication.power) = (marks, power))
                .expect("not rejected");
        }
    };
    for _ in 0..12 {
        powers(&mut world, 3_000_000);
    }
    assert!((1..=n).all(|number| world.seat(number).power.unverified));
    world.does(OWNER, Input::AnnounceStandstill);
    // They go on publishing; what counts is the newest block up to the announcement.
    for _ in 0..2 {
        powers(&mut world, 3_000_000);
    }
    world.does(OWNER, Input::Revive((1..=n).map(SeatId).collect()));
    for _ in 0..4 {
        powers(&mut world, 3_000_000);
    }
    for number in 1..=n {
        let seat = world.seat(number);
        assert_eq!((seat.tier, seat.power.unverified, seat.power.verified), (Tier::Full, false, 3_000_000));
    }
}

#[test]
fn suspended_all_together_devices_come_back() {
    let n = 5;
    let mut world = World::founded(n, Parameters::default());
    world.open();
    for _ in 0..2 {
        world.day(1..=n);
    }
    // Everybody lies about everybody: all blocks are malicious.
    for _ in 0..20 {
        world.next();
        world.settle();
        for number in 1..=n {
            let marks = world.marks(number, |_| Mark::BindingWrong);
            world.publish_as(number, |publication| publication.marks = marks).expect("not rejected");
        }
    }
    assert!((1..=n).all(|number| tier(&world, number) == Tier::Suspended));
    world.does(OWNER, Input::AnnounceStandstill);
    world.next();
    world.next();
    world.does(OWNER, Input::Revive((1..=n).map(SeatId).collect()));
    for _ in 0..15 {
        world.day(1..=n);
    }
    assert!((1..=n).all(|number| tier(&world, number) >= Tier::Warning));
}

/// A flood cannot bury the log: each joiner has one undecided block, and the first decision blocks it.
#[test]
fn three_thousand_joiners_with_bad_evidence_are_blocked_by_a_thousand() {
    let (n, joiners) = (1000, 3000);
    let mut world = World::founded(n, Parameters::default());
    world.open();
    world.publish_all(1..=n);
    world.day(1..=n);
    for number in n + 1..=n + joiners {
        world.join(number);
        world.bad[number as usize] = true;
        assert_eq!(world.publish(number), Ok(Outcome::Published));
    }
    let capacity = 689;
    for day in 1..=7 {
        world.day(1..=n);
        let view = world.state.epoch_view(world.epoch(), world.time).expect("opened");
        assert!(view.window_size <= capacity, "day {day}: {}", view.window_size);
        assert_eq!(
            world.publish(n + joiners),
            Ok(Outcome::Refused(if day < 6 { Refusal::UndecidedBlock } else { Refusal::Blocked })),
            "day {day}"
        );
    }
    assert!((n + 1..=n + joiners).all(|number| tier(&world, number) == Tier::Blocked));
    assert!((1..=n).all(|number| tier(&world, number) == Tier::Full && world.seat(number).penalties == 0));
    let slashed = u128::from(joiners) * Parameters::default().min_deposit;
    let view = world.state.network_view(world.time);
    assert_eq!(view.deposits, u128::from(n) * Parameters::default().min_deposit);
    assert_eq!(view.carry + view.purses, slashed, "and some of it is in pots");
}
