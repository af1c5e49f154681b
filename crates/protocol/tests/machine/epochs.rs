//! R2, R3, R5: openings and seeds.

use alloy_primitives::B256;
use multee_protocol::machine::{Call, Event, Input, Moment, Outcome, Rejection};
use multee_protocol::{EpochRoot, Parameters, SeatId, SeedInputs};

use crate::world::{EPOCH_S, GENESIS_S, OWNER, World, operator, word};

/// The seed that an opening's source gives.
fn seed(world: &World, seed_block: u64) -> multee_protocol::SeedInputs {
    SeedInputs {
        deployment: world.state.deployment(),
        epoch: world.epoch(),
        last_seed: world.state.network_view(world.time).last_seed,
        block_hash: word("block hash", seed_block),
    }
}

#[test]
fn an_opening_freezes_and_its_seed_makes_the_root() {
    let mut world = World::founded(3, Parameters::default());
    world.at(5);
    let opened = world.does(OWNER, Input::OpenEpoch);
    let seed_block = world.block + 2;
    assert_eq!(
        opened,
        [Event::EpochOpened {
            epoch: 5,
            seed_block,
            roster_epoch: 0,
            roster_size: 0,
            window_start: 0,
            window_size: 0,
            decision_marks: 1,
            pot: 0,
            policy_digest: B256::ZERO,
            reference_digest: B256::ZERO,
        }]
    );
    assert!(!world.state.epoch_view(5, world.time).expect("opened").opened);
    let seed = seed(&world, seed_block).seed();
    world.block += 2;
    let root = EpochRoot {
        deployment: world.state.deployment(),
        epoch: 5,
        epoch_start_s: GENESIS_S + 5 * EPOCH_S,
        seed,
        policy_digest: B256::ZERO,
        reference_list_digest: B256::ZERO,
    }
    .root();
    assert_eq!(world.does(OWNER, Input::SeedEpoch), [Event::EpochSeeded { epoch: 5, seed, root }]);
    assert_eq!(world.does(OWNER, Input::SeedEpoch), [], "it is set already");
    let view = world.state.epoch_view(5, world.time).expect("opened");
    assert_eq!((view.opened, view.root), (true, root));
    let challenge = world.state.challenge_of(SeatId(2), world.time);
    assert_eq!(challenge, Ok(multee_protocol::challenge(root, SeatId(2))));
}

#[test]
fn an_epoch_is_opened_once_unless_its_source_is_out_of_reach() {
    let mut world = World::founded(1, Parameters::default());
    world.does(OWNER, Input::OpenEpoch);
    let first = world.block + 2;
    assert_eq!(world.fails(OWNER, Input::OpenEpoch), Rejection::EpochAlreadyOpened(0));
    assert_eq!(world.fails(OWNER, Input::SeedEpoch), Rejection::SeedNotYetKnown { seed_block: first });
    world.block = first + 255;
    assert_eq!(world.fails(OWNER, Input::OpenEpoch), Rejection::EpochAlreadyOpened(0));
    assert_eq!(world.fails(OWNER, Input::SeedEpoch), Rejection::SeedExpired { seed_block: first });
    world.does(OWNER, Input::OpenEpoch);
    world.block += 2;
    world.does(OWNER, Input::SeedEpoch);
    world.block += 1000;
    assert_eq!(world.fails(OWNER, Input::OpenEpoch), Rejection::EpochAlreadyOpened(0));
}

#[test]
fn the_seed_is_to_be_had_from_one_block_after_its_source_to_256() {
    for (after, seeded) in [(0, false), (1, true), (256, true), (257, false)] {
        let mut world = World::founded(1, Parameters::default());
        world.does(OWNER, Input::OpenEpoch);
        world.block += 2 + after - 1;
        assert_eq!(world.call(OWNER, Input::SeedEpoch).is_ok(), seeded, "{after} blocks after");
    }
}

#[test]
fn nothing_happens_before_genesis_and_without_an_opening() {
    let mut world = World::founded(1, Parameters::default());
    world.time = GENESIS_S - 1;
    for input in [Input::OpenEpoch, Input::SeedEpoch, Input::Settle(Vec::new()), Input::AnnounceStandstill] {
        assert_eq!(world.fails(OWNER, input), Rejection::NetworkNotStarted { genesis_s: GENESIS_S });
    }
    world.at(0);
    assert_eq!(world.fails(OWNER, Input::SeedEpoch), Rejection::EpochNotOpened(0));
    world.open();
    world.at(1);
    assert_eq!(world.fails(OWNER, Input::SeedEpoch), Rejection::EpochNotOpened(1));
    let publication = world.publication(1);
    assert_eq!(world.fails(operator(1), Input::Publish(publication)), Rejection::EpochNotOpened(1));
}

#[test]
fn a_publication_sets_the_seed_itself() {
    let mut world = World::founded(1, Parameters::default());
    world.does(OWNER, Input::OpenEpoch);
    world.block += 2;
    // The challenge follows from a seed that is not set yet.
    let mut ahead = world.fork();
    ahead.does(OWNER, Input::SeedEpoch);
    let mut publication = world.publication(1);
    publication.challenge = ahead.state.challenge_of(SeatId(1), world.time).expect("seeded");
    let events = world.does(operator(1), Input::Publish(publication));
    assert!(matches!(events[..], [Event::EpochSeeded { epoch: 0, .. }, Event::BlockPublished { .. }]));
}

#[test]
fn a_rejected_publication_sets_no_seed() {
    let mut world = World::founded(1, Parameters::default());
    world.does(OWNER, Input::OpenEpoch);
    world.block += 2;
    let publication = world.publication(1);
    let rejection = world.fails(operator(1), Input::Publish(publication));
    assert!(matches!(rejection, Rejection::ChallengeWrong { .. }));
}

#[test]
fn an_opening_without_seed_has_no_effect_on_later_epochs() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    for number in 1..=3 {
        world.publish(number).expect("published");
    }
    world.at(1);
    world.does(OWNER, Input::OpenEpoch);
    world.at(2);
    world.open();
    let view = |world: &World, epoch| world.state.epoch_view(epoch, world.time).expect("recorded");
    assert!(!view(&world, 1).opened);
    assert_eq!((view(&world, 0).next_opened, view(&world, 2).previous_opened), (2, 0));
    assert_eq!((view(&world, 2).roster_epoch, view(&world, 2).roster_size), (0, 3));
    assert_eq!(world.state.network_view(world.time).opened_epochs, 2);
    // Blocks of epoch 0 are checked in epoch 2, not in epoch 1.
    for number in 1..=3 {
        assert_eq!(world.publish(number), Ok(Outcome::Published));
    }
    world.at(3);
    world.told();
    world.settle();
    let passed =
        world.told().iter().filter(|event| matches!(event, Event::BlockPassed { epoch: 0, .. })).count();
    assert_eq!(passed, 3);
}

#[test]
fn the_roster_is_of_the_last_epoch_with_weight() {
    let mut world = World::founded(4, Parameters::default());
    world.open();
    for number in [3, 1, 4] {
        world.publish(number).expect("published");
    }
    world.next();
    world.next();
    let view = world.state.epoch_view(2, world.time).expect("opened");
    assert_eq!((view.roster_epoch, view.roster_size), (0, 3));
    let rank = |number| world.state.assignment_of(SeatId(number), world.time).expect("opened").rank;
    assert_eq!([1, 2, 3, 4].map(rank), [Some(1), None, Some(0), Some(2)]);
}

#[test]
fn a_gap_does_not_make_decisions_cheap() {
    let parameters = Parameters { finality_epochs: 3, ..Parameters::default() };
    let mut world = World::founded(12, parameters);
    world.open();
    world.publish_all(1..=12);
    let mut marks = Vec::new();
    for _ in 0..6 {
        world.day(1..=2);
        marks.push(world.state.network_view(world.time).decision_marks);
    }
    assert_eq!(marks, [11, 11, 11, 11, 1, 1], "the roster of twelve counts for three more openings");
}

#[test]
fn a_window_starts_where_the_last_ended_and_skips_what_only_void_blocks_have() {
    let mut world = World::founded(2, Parameters::default());
    world.open();
    world.day(1..=2);
    (3..=8).for_each(|number| assert_eq!(world.join(number), SeatId(number)));
    world.publish_all(3..=8);
    world.next();
    let view = world.state.epoch_view(2, world.time).expect("opened");
    assert_eq!((view.window_start, view.window_size), (0, 6));
    world.at(3);
    world.settle();
    world.open();
    let view = world.state.epoch_view(3, world.time).expect("opened");
    assert_eq!(
        (view.window_start, view.window_size),
        (6, 8),
        "logged again, nobody marked; two more unchecked"
    );
    (9..=10).for_each(|number| assert_eq!(world.join(number), SeatId(number)));
    world.publish_all(9..=10);
    world.at(60);
    world.open();
    let view = world.state.epoch_view(60, world.time).expect("opened");
    assert_eq!((view.window_start, view.window_size, view.roster_size), (16, 0, 0), "two entries skipped");
}

#[test]
fn a_moment_without_source_hash_is_an_expired_one() {
    let mut world = World::founded(1, Parameters::default());
    world.does(OWNER, Input::OpenEpoch);
    let seed_block = world.block + 2;
    let moment = Moment { timestamp_s: world.time, block_number: seed_block + 1, source_hash: None };
    let call = Call { caller: OWNER, moment, input: Input::SeedEpoch };
    assert_eq!(world.state.apply(&call), Err(Rejection::SeedExpired { seed_block }));
}
