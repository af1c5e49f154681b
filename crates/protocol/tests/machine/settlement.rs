//! R9: what settlement decides, and what it does to scores.

use multee_protocol::machine::{BlockRef, Event, Input, Outcome, Rejection, Suspicion};
use multee_protocol::{Mark, Marks, Parameters, Score, SeatId, Tier};

use crate::world::{OWNER, POWER, World, incarnation, measurement, operator, provider};

pub(crate) fn score(bps: u16) -> Score {
    Score::new(bps).expect("a score")
}

/// Founding seats that have published in epoch 0, in epoch 1.
pub(crate) fn world(seats: u32) -> World {
    let mut world = World::founded(seats, Parameters::default());
    world.open();
    world.publish_all(1..=seats);
    world.next();
    world
}

/// The seats publish in the clock's epoch, each with the mark that `judge` gives it for a seat's block.
pub(crate) fn publish_with(world: &mut World, seats: u32, judge: impl Fn(u32, u32) -> Mark) {
    for number in 1..=seats {
        let marks = world.marks(number, |block| judge(number, block.seat.0));
        world.publish_as(number, |publication| publication.marks = marks).expect("published");
    }
}

pub(crate) fn settle(world: &mut World, epoch: u32, order: u32) -> Vec<Event> {
    world.does(OWNER, Input::Settle(vec![BlockRef { epoch, order }]))
}

#[test]
fn a_checked_block_passes_when_its_checking_epoch_is_over() {
    let mut world = world(3);
    world.publish_all(1..=3);
    assert_eq!(settle(&mut world, 0, 0), [], "its checking epoch runs");
    world.at(2);
    let passed =
        Event::BlockPassed { seat: SeatId(1), epoch: 0, judgement: Score::MAX, score: Score::MAX, streak: 5 };
    assert_eq!(settle(&mut world, 0, 0), [passed]);
    assert_eq!(settle(&mut world, 0, 0), [], "once");
    assert_eq!((world.seat(1).has_good_block, world.seat(1).last_good_epoch), (true, 0));
}

#[test]
fn an_unchecked_block_is_logged() {
    let mut world = world(3);
    world.at(2);
    let logged = Event::BlockLogged { epoch: 0, order: 2, position: 0, reason: Suspicion::Unchecked };
    assert_eq!(settle(&mut world, 0, 2), [logged]);
}

#[test]
fn a_block_without_a_checking_epoch_is_not_due() {
    let mut world = World::founded(2, Parameters::default());
    world.open();
    world.publish_all(1..=2);
    world.at(7);
    assert_eq!(settle(&mut world, 0, 0), []);
}

#[test]
fn a_passed_block_is_honest_for_good_after_finality() {
    let mut world = world(3);
    world.publish_all(1..=3);
    for epoch in 2..=9 {
        world.at(epoch);
        settle(&mut world, 0, 0);
        assert_eq!(settle(&mut world, 0, 0), [], "epoch {epoch}");
    }
    world.at(10);
    assert_eq!(
        settle(&mut world, 0, 0),
        [Event::BlockFinal { seat: SeatId(1), epoch: 0, reward: 0 }],
        "eight epochs after epoch 1"
    );
}

#[test]
fn unknown_void_and_undue_blocks_are_skipped() {
    let mut world = world(3);
    world.publish_all(1..=3);
    world.at(2);
    let blocks = [(0, 0), (0, 3), (5, 0), (0, 1 << 20), (0, u32::MAX), (32, 0), (0, 0)];
    let blocks = blocks.map(|(epoch, order)| BlockRef { epoch, order }).to_vec();
    assert_eq!(world.outcome(OWNER, Input::Settle(blocks)), Ok(Outcome::Settled(1)));
    let many = vec![BlockRef { epoch: 0, order: 1 }; 17];
    assert_eq!(world.fails(OWNER, Input::Settle(many)), Rejection::TooMany { given: 17, limit: 16 });
    world.at(32);
    assert_eq!(settle(&mut world, 0, 1), [], "void");
}

/// Seat 4 joins; in the next epoch the founders mark its block.
fn joiner_marked(founders: u32, judge: impl Fn(u32) -> Mark) -> World {
    let mut world = world(founders);
    world.publish_all(1..=founders);
    world.join(founders + 1);
    world.publish(founders + 1).expect("published");
    world.next();
    publish_with(
        &mut world,
        founders,
        |number, seat| {
            if seat > founders { judge(number) } else { Mark::Valid }
        },
    );
    let next = world.epoch() + 1;
    world.at(next);
    world.told();
    world
}

#[test]
fn a_tie_is_honest() {
    let judge = |number| if number <= 1 { Mark::Valid } else { Mark::EvidenceInvalid };
    let mut world = joiner_marked(2, judge);
    let events = settle(&mut world, 1, 0xF_FFFF);
    let honest = Event::BlockDecided {
        seat: SeatId(3),
        epoch: 1,
        malicious: false,
        positive: 10_000,
        negative: 10_000,
        count: 2,
        judgement: Score::MAX,
        score: score(7650),
        streak: 1,
        reward: 0,
    };
    let power = Event::PowerVerified { seat: SeatId(3), epoch: 1, power: POWER };
    let device_id = world.seat(3).device_id;
    assert_eq!(events, [power, Event::SeatAdmitted { seat: SeatId(3), epoch: 3, device_id }, honest]);
}

#[test]
fn a_provisional_seat_is_blocked_at_the_first_malicious_decision() {
    let judge = |number| if number <= 1 { Mark::Valid } else { Mark::EvidenceInvalid };
    let mut world = joiner_marked(3, judge);
    let slashed = Parameters::default().min_deposit;
    let (seat, epoch) = (SeatId(4), 3);
    let events = settle(&mut world, 1, 0xF_FFFF);
    assert_eq!(
        events,
        [
            Event::SeatPenalised { seat, epoch, penalties: 1 },
            Event::SeatBlocked { seat, epoch, slashed, rewards_lost: 0 },
            Event::BlockDecided {
                seat,
                epoch: 1,
                malicious: true,
                positive: 10_000,
                negative: 20_000,
                count: 3,
                judgement: Score::MAX,
                // v = 10000 − 6666: 7500 − ⌊0.3·4166⌋
                score: score(6251),
                streak: 0,
                reward: 0,
            }
        ]
    );
    assert_eq!(world.state.network_view(world.time).carry, slashed);
}

#[test]
fn half_of_the_decision_marks_decide_and_fewer_log_again() {
    // K_e = 11: six marks decide, five do not.
    for (marks, decided) in [(5, false), (6, true)] {
        let judge = |number| if number <= marks { Mark::Valid } else { Mark::Abstain };
        let mut world = joiner_marked(12, judge);
        assert_eq!(world.state.network_view(world.time).decision_marks, 11);
        let events = settle(&mut world, 1, 0xF_FFFF);
        let again =
            Event::BlockLogged { epoch: 1, order: 0xF_FFFF, position: 1, reason: Suspicion::Undecided };
        assert_eq!(events == [again], !decided, "{marks} marks: {events:?}");
        let outcome = world.state.log_entry(0, world.time).expect("an entry").outcome;
        assert_eq!(outcome, if decided { 7 } else { 8 }, "clearly honest, or logged again");
        if !decided {
            let entry = world.state.log_entry(1, world.time).expect("an entry");
            assert_eq!((entry.positive, entry.count, entry.outcome), (50_000, 5, 0), "with its tally");
        }
    }
}

#[test]
fn nothing_is_decided_in_the_epoch_of_its_window() {
    let mut world = joiner_marked(3, |_| Mark::Valid);
    world.at(2);
    assert_eq!(settle(&mut world, 1, 0xF_FFFF), []);
    world.at(3);
    assert_eq!(settle(&mut world, 1, 0xF_FFFF).len(), 3);
}

#[test]
fn a_joiner_that_exits_or_restarts_is_not_admitted_by_its_former_block() {
    for restarts in [false, true] {
        let mut world = joiner_marked(3, |_| Mark::Valid);
        if restarts {
            let (incarnation, measurement) = (incarnation(4, 1), measurement());
            world.does(operator(4), Input::Restart { seat: SeatId(4), incarnation, measurement });
        } else {
            world.does(provider(4), Input::Exit(SeatId(4)));
        }
        let events = settle(&mut world, 1, 0xF_FFFF);
        assert!(matches!(events.last(), Some(Event::BlockDecided { malicious: false, .. })));
        assert!(!world.seat(4).admitted, "restarts: {restarts}");
        assert_eq!(world.state.bound_seat_of(world.seat(4).device_id), None);
    }
}

#[test]
fn a_latest_block_of_the_running_epoch_is_still_being_marked() {
    let mut world = world(3);
    // Nobody publishes in epoch 1, so that epoch 2 checks the blocks of epoch 0, too.
    world.next();
    assert_eq!(world.state.epoch_view(2, world.time).expect("opened").roster_epoch, 0);
    assert_eq!(settle(&mut world, 0, 0), []);
    world.publish_all(1..=3);
    world.at(3);
    assert!(matches!(settle(&mut world, 0, 0)[..], [Event::BlockPassed { .. }]));
}

#[test]
fn a_latest_block_is_not_marked_again_through_the_window() {
    // All of epoch 0 are unchecked, and logged, in epoch 2; nobody published in between, so they are latest blocks, too.
    let mut world = world(3);
    world.at(2);
    world.settle();
    world.open();
    let view = world.state.epoch_view(2, world.time).expect("opened");
    assert_eq!((view.roster_epoch, view.window_size), (0, 3));
    let (latest, window) = (0..2, 2..5);
    let marks = world.marks(1, |_| Mark::Valid);
    assert_eq!(marks.count_given(), 5);
    world.publish_as(1, |publication| publication.marks = marks).expect("published");
    let block = world.state.block_view_of_seat(SeatId(1), 2, world.time).expect("a block");
    let counted: Vec<_> = block.counted_marks.given().map(|(place, _)| place).collect();
    assert_eq!(counted, latest.collect::<Vec<_>>(), "own and latest blocks fill the window {window:?}");
    // Also with no mark on the latest place itself.
    let only_window = Marks(marks.0 >> 8 << 8);
    let own = world.marks(2, |_| Mark::Valid);
    assert_eq!(own.count_given(), 5);
    world.publish_as(2, |publication| publication.marks = only_window).expect("published");
    let block = world.state.block_view_of_seat(SeatId(2), 2, world.time).expect("a block");
    assert_eq!(block.counted_marks, Marks::default());
}

#[test]
fn below_5000_a_seat_is_suspended_and_settles_on() {
    let mut world = world(3);
    world.bad[1] = true;
    for _ in 0..4 {
        world.publish_all(1..=3);
        world.next();
        world.settle();
    }
    let suspended = world.told().into_iter().find(|event| matches!(event, Event::SeatSuspended { .. }));
    assert_eq!(
        suspended,
        Some(Event::SeatSuspended { seat: SeatId(1), epoch: 4, score: score(4900) }),
        "two lies"
    );
    let seat = world.seat(1);
    assert_eq!((seat.tier, seat.suspended_epoch, seat.penalties), (Tier::Suspended, 4, seat.penalties));
}

#[test]
fn a_mark_on_ones_own_block_is_ignored() {
    // One device alone: its window holds its own unchecked block.
    let mut world = World::founded(1, Parameters::default());
    world.open();
    world.publish(1).expect("published");
    world.next();
    world.at(2);
    world.settle();
    world.open();
    // No roster yet but its own of epoch 0: rank 0 of one, and the window holds its own block.
    let assigned = world.state.assignment_of(SeatId(1), world.time).expect("opened");
    assert_eq!((assigned.rank, assigned.latest.len(), assigned.positions.len()), (Some(0), 0, 1));
    let marks = Marks::default().with(0, Mark::Valid).expect("a place");
    world.publish_as(1, |publication| publication.marks = marks).expect("published");
    let entry = world.state.log_entry(0, world.time).expect("an entry");
    assert_eq!(entry.count, 0);
    let block = world.state.block_view_of_seat(SeatId(1), 2, world.time).expect("a block");
    assert_eq!(block.counted_marks, Marks::default());
    assert_eq!(block.share, POWER, "given counts ignored ones");
}

#[test]
fn a_publication_settles_three_of_its_seats_blocks_oldest_first() {
    let mut world = world(3);
    while world.epoch() < 9 {
        world.publish_all(1..=3);
        world.next();
    }
    while world.epoch() < 25 {
        world.publish_all(2..=3);
        world.next();
    }
    for first in [0, 3] {
        world.told();
        assert_eq!(world.publish(1), Ok(Outcome::Published));
        let settled: Vec<_> = world
            .told()
            .into_iter()
            .filter_map(|event| match event {
                Event::BlockFinal { seat, epoch, .. } => Some((seat.0, epoch)),
                _ => None,
            })
            .collect();
        assert_eq!(settled, [(1, first), (1, first + 1), (1, first + 2)]);
        world.next();
    }
}
