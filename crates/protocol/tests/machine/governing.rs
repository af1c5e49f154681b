//! Section 3, R1 and R16: what the owner may do.

use alloy_primitives::{Address, B256};
use multee_protocol::machine::{
    Announced, Document, Event, Genesis, Input, ReferenceValue, Rejection, Settings, State,
};
use multee_protocol::{Deployment, Fixed, Parameters, SeatId};

use crate::world::{GENESIS_S, OWNER, POWER, World, incarnation, measurement, operator, provider, word};

const STRANGER: Address = Address::repeat_byte(0x55);

fn genesis() -> Genesis {
    Genesis {
        deployment: Deployment { chain_id: 1, contract: OWNER },
        registry: OWNER,
        settings: Settings { token: OWNER, owner: OWNER, genesis_s: GENESIS_S, fixed: Fixed::default() },
        parameters: Parameters::default(),
        timestamp_s: GENESIS_S,
        balance: 0,
    }
}

#[test]
fn a_deployment_is_held_to_its_bounds() {
    let refused = |change: &dyn Fn(&mut Genesis)| {
        let mut genesis = genesis();
        change(&mut genesis);
        State::deploy(&genesis).map(|_| ()).expect_err("refused")
    };
    assert!(State::deploy(&genesis()).is_ok());
    assert_eq!(refused(&|g| g.settings.owner = Address::ZERO), Rejection::OwnableInvalidOwner(Address::ZERO));
    assert_eq!(refused(&|g| g.timestamp_s += 1), Rejection::SettingOutOfBounds("genesis"));
    assert_eq!(refused(&|g| g.settings.genesis_s = 1 << 40), Rejection::SettingOutOfBounds("genesis"));
    let fixed = |g: &mut Genesis| g.settings.fixed.retention_epochs = 41;
    assert_eq!(refused(&fixed), Rejection::SettingOutOfBounds("retentionEpochs"));
    let parameters = |g: &mut Genesis| g.parameters.min_deposit = 0;
    assert_eq!(refused(&parameters), Rejection::ParameterOutOfBounds("minDeposit"));
}

#[test]
fn a_deployment_tells_owner_settings_and_parameters() {
    let (state, events) = State::deploy(&genesis()).expect("within bounds");
    let Genesis { registry, settings, parameters, .. } = genesis();
    assert_eq!(
        events,
        [
            Event::OwnershipTransferred { previous_owner: Address::ZERO, new_owner: OWNER },
            Event::NetworkDeployed { registry, settings, parameters }
        ]
    );
    assert_eq!((state.owner(), state.parameters(), state.settings()), (OWNER, &parameters, &settings));
}

#[test]
fn only_the_owner_governs() {
    let mut world = World::founded(1, Parameters::default());
    for input in [
        Input::SetPolicy(Document { digest: B256::ZERO, bytes: 0 }),
        Input::SetReferenceValues { digest: B256::ZERO, values: Vec::new() },
        Input::AnnounceParameters(Parameters { min_deposit: 0, ..Parameters::default() }),
        Input::SetPaused(true),
        Input::AnnounceStandstill,
        Input::Revive(vec![SeatId(1); 65]),
        Input::TransferOwnership(STRANGER),
        Input::RenounceOwnership,
        Input::AcceptOwnership,
    ] {
        assert_eq!(world.fails(STRANGER, input), Rejection::OwnableUnauthorizedAccount(STRANGER));
    }
}

#[test]
fn ownership_is_handed_over_in_two_steps() {
    let mut world = World::founded(1, Parameters::default());
    let started = world.does(OWNER, Input::TransferOwnership(STRANGER));
    assert_eq!(started, [Event::OwnershipTransferStarted { previous_owner: OWNER, new_owner: STRANGER }]);
    assert_eq!(world.state.owner(), OWNER);
    world.does(OWNER, Input::TransferOwnership(Address::ZERO));
    assert_eq!(
        world.fails(STRANGER, Input::AcceptOwnership),
        Rejection::OwnableUnauthorizedAccount(STRANGER)
    );
    world.does(OWNER, Input::TransferOwnership(STRANGER));
    let accepted = world.does(STRANGER, Input::AcceptOwnership);
    assert_eq!(accepted, [Event::OwnershipTransferred { previous_owner: OWNER, new_owner: STRANGER }]);
    assert_eq!((world.state.owner(), world.state.pending_owner()), (STRANGER, Address::ZERO));
    world.does(STRANGER, Input::TransferOwnership(OWNER));
    world.does(STRANGER, Input::RenounceOwnership);
    assert_eq!((world.state.owner(), world.state.pending_owner()), (Address::ZERO, Address::ZERO));
    assert_eq!(world.fails(OWNER, Input::AcceptOwnership), Rejection::OwnableUnauthorizedAccount(OWNER));
}

#[test]
fn documents_are_held_to_their_limits_and_frozen_at_openings() {
    let mut world = World::founded(1, Parameters::default());
    let policy = |bytes| Input::SetPolicy(Document { digest: word("policy", 1), bytes });
    assert_eq!(world.fails(OWNER, policy(0)), Rejection::DocumentMissing);
    assert_eq!(world.fails(OWNER, policy(24_577)), Rejection::DocumentTooLarge { size: 24_577 });
    world.open();
    world.does(OWNER, policy(24_576));
    let digest =
        |world: &World| world.state.epoch_view(world.epoch(), world.time).expect("opened").policy_digest;
    assert_eq!((digest(&world), world.state.policy_digest()), (B256::ZERO, word("policy", 1)));
    world.next();
    assert_eq!(digest(&world), word("policy", 1));
}

#[test]
fn reference_values_are_ascending_with_ranges_that_are_not_empty() {
    let mut world = World::founded(1, Parameters::default());
    let value = |measurement, from_epoch, until_epoch| ReferenceValue {
        measurement: B256::with_last_byte(measurement),
        from_epoch,
        until_epoch,
    };
    let set = |values: Vec<ReferenceValue>| Input::SetReferenceValues { digest: word("list", 1), values };
    for (values, index) in [
        (vec![value(0, 0, 1)], 0),
        (vec![value(1, 2, 1)], 0),
        (vec![value(1, 0, 0), value(1, 0, 0)], 1),
        (vec![value(1, 0, 0), value(3, 0, 0), value(2, 0, 0)], 2),
    ] {
        assert_eq!(world.fails(OWNER, set(values)), Rejection::ReferenceValueInvalid { index });
    }
    let many = (1..=33).map(|number| value(number, 0, 1)).collect::<Vec<_>>();
    let rejected = world.fails(OWNER, set(many.clone()));
    assert_eq!(rejected, Rejection::TooMany { given: 33, limit: 32 });
    world.does(OWNER, set(many[..32].to_vec()));
    assert_eq!(world.state.reference_values(), &many[..32]);
    world.does(OWNER, set(Vec::new()));
    assert_eq!(world.state.reference_values(), []);
    assert_eq!(world.state.reference_digest(), word("list", 1));
}

#[test]
fn announced_parameters_take_effect_seven_epochs_on_with_an_opened_epoch() {
    let mut world = World::founded(2, Parameters::default());
    let with = |max_penalties| Parameters { max_penalties, latest_checks: 1, ..Parameters::default() };
    world.open();
    world.at(1);
    world.does(OWNER, Input::AnnounceParameters(with(3)));
    world.at(2);
    let announced = world.does(OWNER, Input::AnnounceParameters(with(4)));
    assert_eq!(announced, [Event::ParametersAnnounced { from_epoch: 9, parameters: with(4) }]);
    assert_eq!(world.state.announced_parameters(), Some(Announced { from_epoch: 9, parameters: with(4) }));
    world.at(8);
    world.open();
    assert_eq!(world.state.parameters().max_penalties, 13);
    world.at(9);
    let pending = Rejection::ParametersPending { from_epoch: 9 };
    assert_eq!(world.fails(OWNER, Input::AnnounceParameters(with(5))), pending);
    world.does(OWNER, Input::OpenEpoch);
    assert_eq!(world.state.parameters().max_penalties, 13, "adopted with the seed");
    let frozen = world.state.epoch_view(9, world.time).expect("opened").latest_checks;
    assert_eq!(frozen, 1, "and used by the opening");
    world.block += 2;
    let seeded = world.does(OWNER, Input::SeedEpoch);
    assert!(matches!(
        seeded[..],
        [Event::ParametersAdopted { epoch: 9 }, Event::EpochSeeded { epoch: 9, .. }]
    ));
    assert_eq!((world.state.parameters(), world.state.announced_parameters()), (&with(4), None));
    world.does(OWNER, Input::AnnounceParameters(with(5)));
}

#[test]
fn announced_parameters_are_held_to_their_bounds_and_need_a_clock() {
    let mut world = World::deployed(Fixed::default(), Parameters::default());
    let wrong = Parameters { min_deposit: 0, reward_delay_epochs: 0, ..Parameters::default() };
    let refused = world.fails(OWNER, Input::AnnounceParameters(wrong));
    assert_eq!(refused, Rejection::ParameterOutOfBounds("rewardDelayEpochs"));
    let early = world.fails(OWNER, Input::AnnounceParameters(Parameters::default()));
    assert_eq!(early, Rejection::NetworkNotStarted { genesis_s: GENESIS_S });
}

#[test]
fn the_way_back_is_announced_in_a_standstill_and_taken_two_epochs_later() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.publish_all(1..=2);
    let revive = |seats: &[u32]| Input::Revive(seats.iter().copied().map(SeatId).collect());
    world.at(8);
    let no = Rejection::NoStandstill { last_epoch: 0 };
    assert_eq!(world.fails(OWNER, Input::AnnounceStandstill), no);
    assert_eq!(world.fails(OWNER, revive(&[1])), no);
    world.at(9);
    assert_eq!(world.fails(OWNER, revive(&[1])), Rejection::StandstillNotAnnounced);
    let announced = world.does(OWNER, Input::AnnounceStandstill);
    assert_eq!(announced, [Event::StandstillAnnounced { epoch: 9, revive_from_epoch: 11 }]);
    world.at(10);
    assert_eq!(world.fails(OWNER, revive(&[1])), Rejection::StandstillTooEarly { from_epoch: 11 });
    world.at(11);
    let too_many = world.fails(OWNER, revive(&[1; 65]));
    assert_eq!(too_many, Rejection::TooMany { given: 65, limit: 64 });
    world.does(provider(2), Input::Exit(SeatId(2)));
    world.join(4);
    let events = world.does(OWNER, revive(&[1, 2, 4, 5, 0, 3, 1]));
    let revived: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::SeatRevived { seat, epoch: 11, .. } => seat.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(revived, [1, 3, 1], "who leaves, is provisional or unknown is passed over");
    assert_eq!(world.seat(1).seen_index, 1);
    world.open();
    world.publish(1).expect("published");
    world.at(20);
    let former = world.fails(OWNER, revive(&[1]));
    assert_eq!(former, Rejection::StandstillNotAnnounced, "it was another standstill's");
}

#[test]
fn nobody_is_revived_with_an_incarnation_or_a_power_from_after_the_announcement() {
    let mut world = World::founded(4, Parameters::default());
    world.open();
    world.publish_all(1..=4);
    world.at(9);
    restart(&mut world, 2);
    world.does(OWNER, Input::AnnounceStandstill);
    world.at(10);
    restart(&mut world, 1);
    world.at(11);
    let events = world.does(OWNER, Input::Revive(vec![SeatId(1), SeatId(2)]));
    assert!(matches!(events[..], [Event::SeatRevived { seat: SeatId(2), .. }]), "{events:?}");
}

fn restart(world: &mut World, seat: u32) {
    let (incarnation, measurement) = (incarnation(seat, 1), measurement());
    world.does(operator(seat), Input::Restart { seat: SeatId(seat), incarnation, measurement });
}

#[test]
fn an_incarnation_declared_after_the_announcement_is_not_revived() {
    let mut world = World::founded(2, Parameters::default());
    world.at(9);
    world.does(OWNER, Input::AnnounceStandstill);
    for (number, at) in [(1, 9), (2, 10)] {
        world.at(at);
        let (incarnation, measurement) = (incarnation(number, 1), measurement());
        world.does(operator(number), Input::Restart { seat: SeatId(number), incarnation, measurement });
    }
    world.at(11);
    let events = world.does(OWNER, Input::Revive(vec![SeatId(1), SeatId(2)]));
    assert!(matches!(events[..], [Event::SeatRevived { seat: SeatId(1), .. }]), "{events:?}");
}

#[test]
fn power_that_changed_after_the_announcement_is_not_verified_by_revival() {
    let mut world = World::founded(2, Parameters::default());
    let power = |world: &mut World, power| {
        world.next();
        world.publish_as(1, |p| p.power = power).expect("published");
    };
    world.at(8);
    power(&mut world, 3 * POWER);
    world.does(OWNER, Input::AnnounceStandstill);
    power(&mut world, 7 * POWER);
    world.next();
    world.does(OWNER, Input::Revive(vec![SeatId(1)]));
    let view = world.seat(1).power;
    assert_eq!((view.verified, view.block_epoch, view.unverified), (3 * POWER, 9, false));
}

#[test]
fn a_pause_is_no_standstill() {
    let mut world = World::founded(2, Parameters::default());
    world.open();
    world.publish_all(1..=2);
    world.at(3);
    world.does(OWNER, Input::SetPaused(true));
    world.at(30);
    assert_eq!(world.fails(OWNER, Input::AnnounceStandstill), Rejection::NetworkPaused);
    assert_eq!(world.fails(OWNER, Input::Revive(Vec::new())), Rejection::NetworkPaused);
    world.does(OWNER, Input::SetPaused(false));
    world.at(39);
    let no = Rejection::NoStandstill { last_epoch: 31 };
    assert_eq!(world.fails(OWNER, Input::AnnounceStandstill), no);
    world.at(40);
    world.does(OWNER, Input::AnnounceStandstill);
}

#[test]
fn going_on_takes_effect_with_the_next_epoch() {
    let mut world = World::founded(2, Parameters::default());
    world.open();
    world.at(1);
    world.does(OWNER, Input::SetPaused(true));
    assert_eq!(world.fails(OWNER, Input::OpenEpoch), Rejection::NetworkPaused);
    world.does(OWNER, Input::SetPaused(false));
    assert_eq!(world.fails(OWNER, Input::OpenEpoch), Rejection::NetworkPaused);
    let view = world.state.network_view(world.time);
    assert_eq!((view.paused, view.resumes_epoch), (false, 2));
    world.at(2);
    world.open();
}

#[test]
fn a_pause_stops_no_withdrawal() {
    let mut world = World::founded(2, Parameters::default());
    world.does(provider(1), Input::Exit(SeatId(1)));
    assert_eq!(world.does(OWNER, Input::SetPaused(true)), [Event::PauseSet { paused: true }]);
    world.at(14);
    world.does(provider(1), Input::WithdrawDeposit(SeatId(1)));
    world.does(
        operator(2),
        Input::Restart { seat: SeatId(2), incarnation: incarnation(2, 1), measurement: measurement() },
    );
    assert!(world.state.network_view(world.time).paused);
}
