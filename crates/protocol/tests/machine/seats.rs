//! R1 and R11: founding, joining, operators, restart, and what relying parties see (R17).

use alloy_primitives::{Address, B256};
use multee_protocol::machine::{Event, Input, Outcome, ReferenceValue, Registration, Rejection};
use multee_protocol::{DeviceId, Fixed, Mark, Parameters, Score, SeatId, Tier, identity};

use crate::world::{
    EPOCH_S, GENESIS_S, OWNER, POWER, World, device, incarnation, measurement, operator, provider,
    registration, word,
};

fn score(bps: u16) -> Score {
    Score::new(bps).expect("a score")
}

fn deposit() -> u128 {
    Parameters::default().min_deposit
}

#[test]
fn a_founding_seat_is_admitted_with_full_trust() {
    let mut world = World::deployed(Fixed::default(), Parameters::default());
    let found = Input::Found { provider: provider(1), registration: registration(1), verified_power: 7 };
    assert_eq!(world.fails(provider(1), found.clone()), Rejection::OwnableUnauthorizedAccount(provider(1)));
    let seat = SeatId(1);
    let events = world.does(OWNER, found.clone());
    assert_eq!(
        events,
        [
            Event::SeatRegistered {
                seat,
                device_id: device(1),
                provider: provider(1),
                operator: operator(1),
                deposit: deposit(),
                founding: true,
                verified_power: 7
            },
            Event::IncarnationBegun {
                seat,
                incarnation: incarnation(1, 0),
                measurement: measurement(),
                since_epoch: 0
            },
            Event::SeatAdmitted { seat, epoch: 0, device_id: device(1) },
        ]
    );
    let view = world.seat(1);
    assert_eq!((view.tier, view.score, view.streak, view.admitted), (Tier::Full, Score::MAX, 5, true));
    assert_eq!(world.state.balance(), deposit());
    assert_eq!(world.fails(OWNER, found.clone()), Rejection::DeviceIdBound { device_id: device(1), seat });
    world.time = GENESIS_S;
    let started = Rejection::NetworkAlreadyStarted { genesis_s: GENESIS_S };
    assert_eq!(world.fails(OWNER, found), started);
}

#[test]
fn a_joiner_is_provisional_and_on_probation() {
    let mut world = World::founded(2, Parameters::default());
    world.time = GENESIS_S - 1;
    let join = Input::Join(registration(3));
    let early = world.fails(provider(3), join.clone());
    assert_eq!(early, Rejection::NetworkNotStarted { genesis_s: GENESIS_S });
    world.at(4);
    let balance = world.state.balance();
    assert_eq!(world.outcome(provider(3), join), Ok(Outcome::Seat(SeatId(3))));
    assert_eq!(world.state.balance() - balance, deposit());
    let view = world.seat(3);
    assert_eq!((view.tier, view.score, view.streak), (Tier::Probation, score(7500), 0));
    assert_eq!((view.admitted, view.since_epoch, view.power.verified), (false, 4, 0));
    assert_eq!(view.provider, provider(3));
    assert_eq!(world.state.bound_seat_of(device(3)), None);
    assert_eq!(world.state.trust_of(device(3)).tier, None);
}

#[test]
fn a_registration_lacks_nothing() {
    let mut world = World::founded(1, Parameters::default());
    let whole = registration(2);
    for lacking in [
        Registration { operator: Address::ZERO, ..whole },
        Registration { device_id: DeviceId(B256::ZERO), ..whole },
        Registration { incarnation: Address::ZERO, ..whole },
        Registration { measurement: B256::ZERO, ..whole },
    ] {
        let rejected = world.fails(provider(2), Input::Join(lacking));
        assert_eq!(rejected, Rejection::RegistrationIncomplete);
    }
    let bound = Registration { device_id: device(1), incarnation: Address::ZERO, ..whole };
    let rejected = world.fails(provider(2), Input::Join(bound));
    assert_eq!(rejected, Rejection::DeviceIdBound { device_id: device(1), seat: SeatId(1) });
}

#[test]
fn there_are_so_many_seats_and_no_more() {
    let fixed = Fixed { max_seats: 2, ..Fixed::default() };
    let mut world = World::deployed(fixed, Parameters::default());
    world.at(0);
    world.join(1);
    world.join(2);
    let nothing = Registration { measurement: B256::ZERO, ..registration(3) };
    let rejected = world.fails(provider(3), Input::Join(nothing));
    assert_eq!(rejected, Rejection::SeatLimitReached { max_seats: 2 });
}

#[test]
fn another_operator_publishes_and_brings_certificates_anew() {
    let mut world = World::founded(2, Parameters::default());
    let name = |operator| Input::SetOperator { seat: SeatId(1), operator };
    assert_eq!(
        world.fails(operator(1), name(operator(9))),
        Rejection::CallerNotProvider { seat: SeatId(1), caller: operator(1) }
    );
    let unknown = Input::SetOperator { seat: SeatId(3), operator: operator(9) };
    assert_eq!(world.fails(provider(1), unknown), Rejection::SeatUnknown(SeatId(3)));
    assert_eq!(world.fails(provider(1), name(Address::ZERO)), Rejection::RegistrationIncomplete);
    world.open();
    let certificates = multee_protocol::machine::Document { digest: word("certificates", 1), bytes: 9 };
    world.publish_as(1, |p| p.certificates = Some(certificates)).expect("published");
    let set = world.does(provider(1), name(operator(9)));
    assert_eq!(set, [Event::OperatorSet { seat: SeatId(1), operator: operator(9) }]);
    let known = identity(operator(9), incarnation(1, 0), device(1), measurement(), B256::ZERO);
    assert_eq!(world.seat(1).identity, known);
    world.next();
    let rejected = world.publish_as(1, |p| p.certificates_hash = certificates.digest);
    assert_eq!(rejected, Err(Rejection::IdentityWrong(SeatId(1))));
    assert_eq!(world.publish(1), Ok(Outcome::Published));
}

#[test]
fn a_restart_begins_probation_and_never_raises_the_score() {
    let mut world = World::founded(2, Parameters::default());
    world.open();
    world.publish_all(1..=2);
    let restart = |boot, seat| Input::Restart {
        seat: SeatId(seat),
        incarnation: incarnation(1, boot),
        measurement: word("measurement", 1),
    };
    let stranger = world.fails(OWNER, restart(1, 1));
    assert_eq!(stranger, Rejection::CallerNotOperator { seat: SeatId(1), caller: OWNER });
    assert_eq!(world.fails(operator(1), restart(1, 3)), Rejection::SeatUnknown(SeatId(3)));
    assert_eq!(world.fails(operator(1), restart(0, 1)), Rejection::IncarnationNotNew(incarnation(1, 0)));
    let events = world.does(provider(1), restart(1, 1));
    assert_eq!(
        events,
        [
            Event::SeatRestarted { seat: SeatId(1), epoch: 0, score: score(7500) },
            Event::IncarnationBegun {
                seat: SeatId(1),
                incarnation: incarnation(1, 1),
                measurement: word("measurement", 1),
                since_epoch: 1,
            }
        ],
        "it has published in epoch 0 already"
    );
    let view = world.seat(1);
    assert_eq!((view.tier, view.streak, view.admitted), (Tier::Probation, 0, true));
    assert_eq!(world.fails(operator(1), restart(0, 1)), Rejection::IncarnationNotNew(incarnation(1, 0)));
    world.at(1);
    let again = world.does(operator(1), restart(2, 1));
    assert!(matches!(again[1], Event::IncarnationBegun { since_epoch: 1, .. }));
}

#[test]
fn other_seats_may_have_had_the_incarnation() {
    let mut world = World::founded(1, Parameters::default());
    let squatting = Registration { incarnation: incarnation(1, 0), ..registration(2) };
    world.does(provider(2), Input::Join(squatting));
}

#[test]
fn blocks_of_a_former_incarnation_only_lower_and_do_not_admit() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.publish_all(1..=3);
    world.next();
    world.publish_all(1..=3);
    world.does(
        operator(1),
        Input::Restart { seat: SeatId(1), incarnation: incarnation(1, 1), measurement: measurement() },
    );
    world.at(2);
    world.settle();
    let view = world.seat(1);
    assert_eq!((view.score, view.streak, view.tier), (score(7500), 0, Tier::Probation));
    assert!(view.has_good_block, "it passed all the same");
}

#[test]
fn a_suspended_seat_waits_out_its_cooldown() {
    let parameters = Parameters { restart_cooldown_epochs: 4, ..Parameters::default() };
    let mut world = World::founded(3, parameters);
    world.open();
    world.bad[1] = true;
    for _ in 0..4 {
        world.publish_all(1..=3);
        world.next();
        world.settle();
    }
    assert_eq!((world.seat(1).tier, world.seat(1).suspended_epoch), (Tier::Suspended, 4));
    let restart =
        Input::Restart { seat: SeatId(1), incarnation: incarnation(1, 1), measurement: measurement() };
    world.at(7);
    assert_eq!(
        world.fails(operator(1), restart.clone()),
        Rejection::RestartTooEarly { seat: SeatId(1), from_epoch: 8 }
    );
    world.at(8);
    world.does(operator(1), restart);
    let view = world.seat(1);
    assert_eq!((view.tier, view.score), (Tier::Probation, score(4900)));
    assert!(view.penalties >= 2, "penalties stay");
}

#[test]
fn relying_parties_trust_what_is_fresh_allowed_and_operational() {
    let mut world = World::founded(3, Parameters::default());
    let value = ReferenceValue { measurement: measurement(), from_epoch: 0, until_epoch: 5 };
    world.does(OWNER, Input::SetReferenceValues { digest: word("references", 1), values: vec![value] });
    world.open();
    world.publish_all(1..=3);
    let trusted = |world: &World, min, age| world.state.is_trusted(device(1), min, age, world.time);
    assert!(!trusted(&world, 0, 9), "no block has passed");
    world.day(1..=3);
    world.day(1..=3);
    let view = world.state.trust_of(device(1));
    assert_eq!((view.seat, view.tier, view.operational), (SeatId(1), Some(Tier::Full), true));
    assert_eq!((view.flagged, view.has_good_block, view.last_good_epoch), (false, true, 0));
    assert_eq!(view.deposit, deposit());
    assert_eq!([1, 2].map(|age| trusted(&world, 10_000, age)), [false, true]);
    assert!(!trusted(&world, 10_001, 9));
    world.at(5);
    assert!(trusted(&world, 9000, 5));
    world.at(6);
    assert!(!trusted(&world, 9000, 9), "the reference value allows epochs to 5");
    assert!(!world.state.is_trusted(device(1), 0, 9, GENESIS_S - EPOCH_S), "before genesis");
    assert!(!world.state.is_trusted(device(9), 0, 9, world.time));
    world.at(5);
    world.does(provider(1), Input::Exit(SeatId(1)));
    assert!(!trusted(&world, 0, 9), "exiting");
}

#[test]
fn a_restarted_devices_former_blocks_prove_nothing_of_it() {
    let mut world = World::founded(3, Parameters::default());
    let value = ReferenceValue { measurement: measurement(), from_epoch: 0, until_epoch: 99 };
    world.does(OWNER, Input::SetReferenceValues { digest: word("references", 1), values: vec![value] });
    world.open();
    world.publish_all(1..=3);
    world.day(1..=3);
    world.day(1..=3);
    world.does(
        operator(1),
        Input::Restart { seat: SeatId(1), incarnation: incarnation(1, 1), measurement: measurement() },
    );
    world.day(1..=3);
    world.day(1..=3);
    world.day(1..=3);
    assert!(world.seat(1).admitted && world.seat(1).tier >= Tier::Warning);
    assert!(world.state.is_trusted(device(1), 5000, 3, world.time), "its own block was decided honest");
    assert_eq!(POWER, world.seat(1).power.verified);
}

#[test]
fn a_warned_seat_is_flagged_and_weighs_its_square() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.publish_all(1..=3);
    world.next();
    // One lie: 10000 → 7000, then up.
    for number in 1..=3 {
        let marks = world.marks(number, |_| if number == 1 { Mark::BindingWrong } else { Mark::Valid });
        world.publish_as(number, |p| p.marks = marks).expect("published");
    }
    let mut flagged = false;
    for _ in 0..5 {
        world.day(1..=3);
        let seat = world.seat(1);
        let block = world.state.block_view_of_seat(SeatId(1), world.epoch(), world.time).expect("a block");
        let weight = u32::from(seat.score.bps()).pow(2) / 10_000;
        assert_eq!(u32::from(block.weight), weight);
        flagged |= seat.tier == Tier::Warning && block.logged;
    }
    assert!(flagged);
}

#[test]
fn no_more_blocks_are_flagged_than_windows_have_room_for() {
    // c = 3, so that the capacity for three devices is two. Scores move slowly.
    let parameters =
        Parameters { suspicious_checks: 2, decision_marks: 2, score_gain_bps: 300, ..Parameters::default() };
    let mut world = World::founded(3, parameters);
    world.open();
    world.day(1..=3);
    for number in 1..=3 {
        let (incarnation, measurement) = (incarnation(number, 1), measurement());
        let restart = Input::Restart { seat: SeatId(number), incarnation, measurement };
        world.does(operator(number), restart);
        while world.seat(number).tier == Tier::Probation {
            world.day(1..=3);
        }
    }
    world.day(1..=3);
    world.day(1..=3);
    assert!((1..=3).all(|number| world.seat(number).tier == Tier::Warning));
    for number in 1..=3 {
        let logged =
            world.state.block_view_of_seat(SeatId(number), world.epoch(), world.time).expect("one").logged;
        assert_eq!(logged, number <= 2, "seat {number}");
    }
    let view = world.state.network_view(world.time);
    assert_eq!(view.log_end - view.window_end, 2, "as many as the next window takes");
}

#[test]
fn a_revived_incarnation_that_no_peer_has_seen_is_not_trusted() {
    let mut world = World::founded(2, Parameters::default());
    let value = ReferenceValue { measurement: measurement(), from_epoch: 0, until_epoch: 99 };
    world.does(OWNER, Input::SetReferenceValues { digest: word("references", 1), values: vec![value] });
    world.open();
    world.publish_all(1..=2);
    world.day(1..=2);
    world.day(1..=2);
    world.at(11);
    world.does(
        operator(1),
        Input::Restart { seat: SeatId(1), incarnation: incarnation(1, 1), measurement: measurement() },
    );
    world.does(OWNER, Input::AnnounceStandstill);
    world.at(13);
    world.does(OWNER, Input::Revive(vec![SeatId(1), SeatId(2)]));
    let trusted = |number| world.state.is_trusted(device(number), 0, 99, world.time);
    assert!(world.state.trust_of(device(1)).operational);
    assert_eq!([1, 2].map(trusted), [false, true]);
    assert_eq!([1, 2].map(|number| world.state.trust_of(device(number)).has_good_block), [false, true]);
}
