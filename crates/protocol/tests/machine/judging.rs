//! R9: what a decision means for others: judgement, second steps, unwinding.

use multee_protocol::machine::{BlockRef, Event, Input, Suspicion};
use multee_protocol::{Mark, Parameters, Score, SeatId};

use crate::settlement::{publish_with, score, settle, world};
use crate::world::{OWNER, World};

/// The epoch whose blocks pass and are then unwound.
const PASSED: u32 = 6;

/// A block that passed, was logged by the unwinding of seat 1, and then got these negative marks of three. Its seat has
/// neither full score nor full streak, so that every step shows.
fn unwound_after_passing(negative: u32) -> World {
    let parameters =
        Parameters { latest_checks: 1, score_gain_bps: 300, full_gain_streak: 15, ..Parameters::default() };
    let mut world = World::founded(3, parameters);
    world.open();
    world.publish_all(1..=3);
    world.next();
    publish_with(&mut world, 3, |number, _| if number > 1 { Mark::BindingWrong } else { Mark::Valid });
    while world.epoch() < PASSED {
        world.day(1..=3);
    }
    world.next();
    publish_with(&mut world, 3, |_, _| Mark::Valid);
    for _ in 0..2 {
        let next = world.epoch() + 1;
        world.at(next);
        world.settle();
        world.open();
        publish_with(&mut world, 3, |_, seat| if seat == 1 { Mark::BindingWrong } else { Mark::Valid });
    }
    world.at(PASSED + 4);
    world.told();
    world.settle();
    let events = world.told();
    let position = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted);
    let decided = position(&|event| {
        matches!(
            event,
            Event::BlockDecided { seat: SeatId(1), epoch, malicious: true, .. } if *epoch == PASSED + 1
        )
    });
    let unwound = position(&|event| {
        matches!(event, Event::BlockLogged { epoch: PASSED, reason: Suspicion::Unwinding, .. })
    });
    assert!(decided.is_some() && decided < unwound, "{events:?}");
    world.open();
    let vouched = vouched(&world);
    for number in 1..=3 {
        let marks = world.marks(number, |block| {
            let against = block.epoch == PASSED && block.seat.0 == vouched && number <= negative;
            if against { Mark::BindingWrong } else { Mark::Valid }
        });
        world.publish_as(number, |publication| publication.marks = marks).expect("settled");
    }
    world.at(PASSED + 5);
    world
}

/// Whom seat 1 vouched for.
fn vouched(world: &World) -> u32 {
    let entries = 0..world.state.network_view(world.time).log_end;
    let blocks = entries.filter_map(|position| world.state.log_entry(position, world.time).ok());
    let block = blocks.map(|entry| entry.block).find(|block| block.epoch == PASSED).expect("unwound");
    world.state.block_view(PASSED, block.order, world.time).expect("a block").seat.0
}

#[test]
fn a_block_that_passed_steps_again_only_if_it_is_malicious() {
    for (negative, malicious) in [(0, false), (3, true)] {
        let mut world = unwound_after_passing(negative);
        let number = vouched(&world);
        let block = world.state.block_view_of_seat(SeatId(number), PASSED, world.time).expect("a block");
        assert!(block.passed && block.logged && block.due);
        let before = world.seat(number);
        assert!(before.score < Score::MAX && before.streak < 15);
        let events = settle(&mut world, PASSED, block.order);
        let decided = events.iter().any(|event| {
            matches!(event, Event::BlockDecided { epoch: PASSED, malicious: is, .. } if *is == malicious)
        });
        assert!(decided, "{events:?}");
        let after = world.seat(number);
        if malicious {
            assert!(after.score < before.score && after.streak < before.streak);
        } else {
            assert_eq!((after.score, after.streak), (before.score, before.streak));
        }
    }
}

#[test]
fn a_mark_on_an_entry_of_a_void_block_is_ignored() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.publish_all(1..=3);
    world.next();
    for number in 1..=2 {
        let marks = world.marks(number, |block| if block.seat.0 == 3 { Mark::Abstain } else { Mark::Valid });
        world.publish_as(number, |publication| publication.marks = marks).expect("published");
    }
    while world.epoch() < 31 {
        world.next();
        world.publish_all(1..=2);
    }
    // Logged in the last epoch of its life, the block is void in that of its window.
    assert_eq!(settle(&mut world, 0, 2).len(), 1);
    let position = world.state.network_view(world.time).log_end - 1;
    world.next();
    let view = world.state.epoch_view(32, world.time).expect("opened");
    assert_eq!((view.window_start, view.window_size), (position, 1));
    world.publish_all(1..=2);
    let entry = world.state.log_entry(position, world.time).expect("an entry");
    assert_eq!((entry.count, entry.positive), (0, 0));
    let block = world.state.block_view_of_seat(SeatId(1), 32, world.time).expect("a block");
    assert_eq!(block.counted_marks.count_given(), 1, "the mark on its latest block");
}

#[test]
fn what_a_void_roster_was_marked_has_no_outcome() {
    let mut world = world(3);
    // Seat 1 slanders blocks of epoch 0, and publishes no more. They are decided honest.
    publish_with(&mut world, 3, |number, _| if number == 1 { Mark::BindingWrong } else { Mark::Valid });
    for _ in 0..3 {
        world.next();
        world.publish_all(2..=3);
    }
    let slander = world.state.block_view_of_seat(SeatId(1), 1, world.time).expect("a block");
    // Two to one for them: four sixths.
    for (at, judged) in [(20, 3334), (31, 3334), (32, 10_000)] {
        let mut fork = world.fork();
        fork.at(at);
        let events = settle(&mut fork, 1, slander.order);
        let Some(Event::BlockPassed { judgement, .. }) = events.first() else { panic!("{events:?}") };
        assert_eq!(judgement.bps(), judged, "at {at}");
    }
}

#[test]
fn nobody_of_a_void_roster_is_unwound() {
    let mut world = world(3);
    world.bad[1] = true;
    publish_with(&mut world, 3, |_, _| Mark::Valid);
    for _ in 0..3 {
        world.next();
        world.publish_all(2..=3);
    }
    let fallen = world.state.block_view_of_seat(SeatId(1), 1, world.time).expect("a block");
    for (at, unwinds) in [(5, true), (31, true), (32, false)] {
        let mut fork = world.fork();
        fork.at(at);
        let events = settle(&mut fork, 1, fallen.order);
        assert!(events.iter().any(|event| matches!(event, Event::BlockDecided { malicious: true, .. })));
        let unwound = events
            .iter()
            .any(|event| matches!(event, Event::BlockLogged { reason: Suspicion::Unwinding, .. }));
        assert_eq!(unwound, unwinds, "at {at}: {events:?}");
    }
}

#[test]
fn an_accusers_block_is_due_one_opened_epoch_later() {
    let mut world = world(3);
    publish_with(&mut world, 3, |number, _| if number == 1 { Mark::BindingWrong } else { Mark::Valid });
    let accuser = world.state.block_view_of_seat(SeatId(1), 1, world.time).expect("a block");
    assert!(accuser.accuser);
    world.next();
    publish_with(&mut world, 3, |_, _| Mark::Valid);
    world.at(3);
    let due = |world: &World, order| world.state.block_view(1, order, world.time).expect("a block").due;
    assert_eq!([0, 1, 2].map(|order| due(&world, order)), [false, true, true]);
    world.open();
    world.at(4);
    assert!(due(&world, 0));
}

#[test]
fn the_slanderer_is_contradicted_and_its_victims_are_honest() {
    let mut world = world(3);
    publish_with(&mut world, 3, |number, _| if number == 1 { Mark::BindingWrong } else { Mark::Valid });
    for _ in 0..3 {
        world.next();
        world.settle();
        world.publish_all(1..=3);
    }
    world.at(5);
    world.settle();
    assert_eq!(world.seat(1).score, score(7000 + 180 + 338), "down to 7000, and two steps up");
    assert!((2..=3).all(|number| world.seat(number).score == Score::MAX));
}

#[test]
fn who_settles_first_gains_nothing() {
    let mut world = world(5);
    world.bad[5] = true;
    for _ in 0..3 {
        world.publish_all(1..=5);
        world.next();
        world.settle();
    }
    world.publish_all(1..=5);
    let next = world.epoch() + 1;
    world.at(next);
    let due: Vec<_> = (0..next)
        .flat_map(|epoch| (0..5).map(move |order| BlockRef { epoch, order }))
        .filter(|at| world.state.block_view(at.epoch, at.order, world.time).is_ok_and(|block| block.due))
        .collect();
    let settled = |order: &mut dyn Iterator<Item = &BlockRef>| {
        let mut fork = world.fork();
        for at in order {
            fork.does(OWNER, Input::Settle(vec![*at]));
        }
        (1..=5).map(|number| fork.seat(number).score).collect::<Vec<_>>()
    };
    assert!(due.len() >= 5);
    assert_eq!(settled(&mut due.iter()), settled(&mut due.iter().rev()));
}

/// Else honest devices would fall with a liar that only others looked at closely; unwinding catches accomplices.
#[test]
fn a_valid_mark_on_a_latest_block_is_not_judged() {
    let mut world = world(3);
    // Seat 2 marks seat 1's block valid; seat 3 finds it wrong, twice.
    publish_with(&mut world, 3, |number, seat| match (number, seat) {
        (3, 1) => Mark::BindingWrong,
        _ => Mark::Valid,
    });
    world.next();
    publish_with(&mut world, 3, |number, seat| match (number, seat) {
        (3, 1) => Mark::BindingWrong,
        (2, 1) => Mark::Abstain,
        _ => Mark::Valid,
    });
    world.at(3);
    let liar = settle(&mut world, 0, 0);
    assert!(liar.iter().any(|event| matches!(event, Event::BlockDecided { malicious: true, .. })));
    let friend = settle(&mut world, 1, 1);
    assert!(
        matches!(friend[..], [Event::BlockPassed { seat: SeatId(2), judgement: Score::MAX, .. }]),
        "{friend:?}"
    );
}
