//! R6, R7, R8: publications.

use alloy_primitives::{B256, U256};
use multee_protocol::machine::{
    BlockRef, Document, Event, Input, Outcome, Publication, Refusal, Registration, Rejection, Suspicion,
};
use multee_protocol::{
    Mark, Marks, Parameters, SeatId, challenge, evidence_binding, identity, latest_bindings,
};

use crate::world::{
    OWNER, POWER, World, device, incarnation, measurement, operator, provider, registration, word,
};

/// A network of three whose second epoch runs.
fn world() -> World {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.publish_all(1..=3);
    world.next();
    world
}

#[test]
fn a_publication_is_told_in_full_and_kept() {
    let mut world = world();
    let marks = world.marks(1, |_| Mark::Valid);
    let certificates = Document { digest: word("certificates", 1), bytes: 3000 };
    let mut publication = world.publication(1);
    (publication.marks, publication.certificates) = (marks, Some(certificates));
    publication.latest_bindings = world.latest_bindings(1, marks);
    let events = world.does(operator(1), Input::Publish(publication));
    let published = Event::BlockPublished {
        seat: SeatId(1),
        epoch: 1,
        digest: publication.digest,
        order: 0,
        weight: 10_000,
        power: POWER,
        properties_digest: B256::ZERO,
        marks,
        latest_bindings: publication.latest_bindings,
        r: B256::ZERO,
        vs: B256::ZERO,
        evidence: publication.evidence,
    };
    assert_eq!(events, [published, Event::CertificatesPublished { seat: SeatId(1), epoch: 1, certificates }]);
    let block = world.state.block_view_of_seat(SeatId(1), 1, world.time).expect("a block");
    let binding = evidence_binding(publication.digest, publication.evidence.digest, certificates.digest);
    assert_eq!((block.counted_marks, block.evidence_binding, block.weight), (marks, binding, 10_000));
    let seat = world.seat(1);
    assert_eq!((seat.last_digest, seat.last_epoch, seat.has_published), (publication.digest, 1, true));
    let known = identity(operator(1), seat.incarnation, seat.device_id, measurement(), certificates.digest);
    assert_eq!(seat.identity, known);
}

/// What can be wrong with a publication, in the order in which it is found.
type Fault = (fn(&mut Publication), fn(&Rejection) -> bool);

const FAULTS: [Fault; 10] = [
    (|p| p.signer = None, |r| matches!(r, Rejection::SignatureWrong { .. })),
    (|p| p.incarnation = incarnation(9, 9), |r| matches!(r, Rejection::SignatureWrong { .. })),
    (|p| p.certificates_hash = word("other", 1), |r| matches!(r, Rejection::IdentityWrong(_))),
    (|p| p.evidence.bytes = 0, |r| matches!(r, Rejection::EvidenceMissing)),
    (
        |p| p.certificates = Some(Document { digest: B256::ZERO, bytes: 16_384 }),
        |r| matches!(r, Rejection::EvidenceTooLarge { .. }),
    ),
    (|p| p.previous_digest = word("other", 2), |r| matches!(r, Rejection::PreviousDigestWrong { .. })),
    (|p| p.challenge = B256::ZERO, |r| matches!(r, Rejection::ChallengeWrong { .. })),
    (|p| p.marks = Marks(U256::from(7) << 40), |r| matches!(r, Rejection::MarkUnknown(_))),
    (
        |p| p.marks = Marks(p.marks.0 | U256::ONE << 252),
        |r| matches!(r, Rejection::MarkUnassigned(_) | Rejection::MarkUnknown(_)),
    ),
    (|p| p.latest_bindings = word("other", 3), |r| matches!(r, Rejection::LatestBindingsWrong { .. })),
];

#[test]
fn of_several_faults_the_first_is_told() {
    let mut world = world();
    for first in 0..FAULTS.len() {
        let mut publication = world.publication(1);
        FAULTS[first..].iter().for_each(|(fault, _)| fault(&mut publication));
        let rejection = world.fails(operator(1), Input::Publish(publication));
        assert!(FAULTS[first].1(&rejection), "{first}: {rejection:?}");
        let mut one = world.publication(1);
        FAULTS[first].0(&mut one);
        let rejection = world.fails(operator(1), Input::Publish(one));
        assert!(FAULTS[first].1(&rejection), "{first} alone: {rejection:?}");
    }
}

#[test]
fn only_the_operator_of_a_known_seat_publishes() {
    let mut world = world();
    let publication = world.publication(1);
    let by_provider = world.fails(provider(1), Input::Publish(publication));
    assert_eq!(by_provider, Rejection::CallerNotOperator { seat: SeatId(1), caller: provider(1) });
    for seat in [0, 4, u32::MAX] {
        let unknown = Publication { seat: SeatId(seat), ..publication };
        assert_eq!(world.fails(operator(1), Input::Publish(unknown)), Rejection::SeatUnknown(SeatId(seat)));
    }
}

#[test]
fn a_seat_publishes_once_an_epoch() {
    let mut world = world();
    world.publish(1).expect("published");
    let publication = world.publication(1);
    let twice = world.fails(operator(1), Input::Publish(publication));
    assert_eq!(twice, Rejection::EpochAlreadyPublished { seat: SeatId(1), epoch: 1 });
}

#[test]
fn evidence_and_certificates_have_16384_bytes_together() {
    let mut world = world();
    let with =
        |bytes| move |p: &mut Publication| p.certificates = Some(Document { digest: B256::ZERO, bytes });
    assert_eq!(world.publish_as(1, with(16_384 - 899)), Err(Rejection::EvidenceTooLarge { size: 16_385 }));
    assert_eq!(world.publish_as(1, with(16_384 - 900)), Ok(Outcome::Published));
}

#[test]
fn what_is_rejected_undoes_its_settlement_and_what_is_refused_keeps_it() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    for _ in 0..2 {
        world.day(1..=3);
    }
    world.next();
    world.told();
    // Two blocks of seat 1 are due. `fails` compares the whole state before and after.
    let mut faulty = world.publication(1);
    faulty.evidence.bytes = 0;
    assert_eq!(world.fails(operator(1), Input::Publish(faulty)), Rejection::EvidenceMissing);
    world.does(provider(1), Input::Exit(SeatId(1)));
    let refused = world.outcome(operator(1), Input::Publish(faulty));
    assert_eq!(refused, Ok(Outcome::Refused(Refusal::Exiting)));
    let events = world.told();
    assert!(matches!(
        events[..],
        [
            Event::SeatExiting { .. },
            Event::BlockPassed { epoch: 1, .. },
            Event::PublicationRefused { reason: Refusal::Exiting, .. }
        ]
    ));
    // To another caller the settlement is no gift.
    let stranger = world.fails(OWNER, Input::Publish(faulty));
    assert_eq!(stranger, Rejection::CallerNotOperator { seat: SeatId(1), caller: OWNER });
}

#[test]
fn a_seat_on_probation_waits_for_its_undecided_block() {
    let mut world = world();
    world.join(4);
    assert_eq!(world.publish(4), Ok(Outcome::Published));
    let logged = world.told().pop().expect("an event");
    assert!(matches!(logged, Event::BlockLogged { reason: Suspicion::Probation, position: 0, .. }));
    world.next();
    assert_eq!(world.publish(4), Ok(Outcome::Refused(Refusal::UndecidedBlock)));
    world.publish_all(1..=3);
    world.next();
    assert_eq!(world.publish(4), Ok(Outcome::Published), "decided by the publication itself");
    assert!(world.seat(4).admitted);
}

#[test]
fn rival_claims_take_turns_and_the_first_admitted_binds() {
    let mut world = world();
    world.join(4);
    let mut squatter = registration(5);
    squatter.device_id = device(4);
    world.does(provider(5), Input::Join(squatter));
    world.bad.push(true);
    assert_eq!(world.publish(5), Ok(Outcome::Published));
    assert_eq!(world.publish(4), Ok(Outcome::Refused(Refusal::RivalClaim)));
    world.day(1..=3);
    world.day(1..=3);
    assert!(
        matches!(world.seat(5).tier, multee_protocol::Tier::Blocked),
        "the squatter's evidence is of another device"
    );
    assert_eq!(world.publish(4), Ok(Outcome::Published));
    world.day(1..=3);
    world.day(1..=3);
    assert!(world.seat(4).admitted);
    assert_eq!(world.state.bound_seat_of(device(4)), Some(SeatId(4)));
    let late = Registration { operator: operator(6), ..squatter };
    assert_eq!(
        world.fails(provider(6), Input::Join(late)),
        Rejection::DeviceIdBound { device_id: device(4), seat: SeatId(4) }
    );
}

#[test]
fn a_claimant_whose_id_was_bound_meanwhile_is_refused() {
    let mut world = world();
    world.join(4);
    let mut second = registration(5);
    second.device_id = device(4);
    world.does(provider(5), Input::Join(second));
    world.bad.push(false);
    world.publish(4).expect("published");
    world.day(1..=3);
    world.day(1..=3);
    assert!(world.seat(4).admitted);
    assert_eq!(world.publish(5), Ok(Outcome::Refused(Refusal::BoundElsewhere)));
}

#[test]
fn who_missed_all_retained_epochs_returns_on_probation() {
    let mut world = World::founded(4, Parameters::default());
    world.open();
    world.publish_all(1..=4);
    for _ in 0..32 {
        world.day(1..=3);
    }
    assert_eq!(world.seat(4).seen_index, 1);
    let mut near = world.fork();
    near.told();
    near.publish(4).expect("published");
    assert!(
        !near.told().iter().any(|event| matches!(event, Event::ProbationBegun { .. })),
        "32 openings after"
    );
    world.day(1..=3);
    world.told();
    world.publish(4).expect("published");
    let events = world.told();
    assert!(matches!(
        events[..],
        [
            Event::ProbationBegun { epoch: 33, .. },
            Event::BlockPublished { weight: 0, order: 0xF_FFFF, .. },
            Event::BlockLogged { reason: Suspicion::Probation, order: 0xF_FFFF, .. }
        ]
    ));
}

#[test]
fn a_mark_stands_only_where_something_is_assigned() {
    let mut world = world();
    let marks = |places: &[usize]| {
        places.iter().fold(Marks::default(), |marks, place| marks.with(*place, Mark::Valid).expect("a place"))
    };
    for place in [2, 3, 63] {
        let beyond = world.publish_as(1, |p| p.marks = marks(&[0, place]));
        assert_eq!(beyond, Err(Rejection::MarkUnassigned(marks(&[0, place]))));
    }
    world.join(4);
    let unranked = world.publish_as(4, |p| p.marks = marks(&[0]));
    assert_eq!(unranked, Err(Rejection::MarkUnassigned(marks(&[0]))));
    assert_eq!(world.publish_as(1, |p| p.marks = marks(&[0, 1])), Ok(Outcome::Published));
}

#[test]
fn a_mark_on_an_empty_place_is_rejected() {
    // Twelve devices and one entry: some have only empty places.
    let parameters = Parameters { suspicious_checks: 2, decision_marks: 2, ..Parameters::default() };
    let mut world = World::founded(12, parameters);
    world.open();
    world.day(1..=12);
    world.join(13);
    world.publish(13).expect("published");
    world.next();
    let empty = (1..=12).find_map(|number| {
        let assigned = world.state.assignment_of(SeatId(number), world.time).expect("opened");
        let place = assigned.positions.iter().position(|position| *position == (1 << 40) - 1)?;
        Some((number, assigned.latest.len() + place))
    });
    let (number, place) = empty.expect("some place is empty");
    let marks = Marks::default().with(place, Mark::Valid).expect("a place");
    let rejected = world.publish_as(number, |p| p.marks = marks);
    assert_eq!(rejected, Err(Rejection::MarkUnassigned(marks)));
}

#[test]
fn without_weight_all_marks_are_ignored() {
    let mut world = world();
    let marks = world.marks(1, |_| Mark::EvidenceInvalid);
    world.publish_as(1, |p| (p.marks, p.power) = (marks, 2 * POWER)).expect("published");
    let block = world.state.block_view_of_seat(SeatId(1), 1, world.time).expect("a block");
    assert_eq!((block.weight, block.counted_marks, block.accuser), (0, Marks::default(), false));
    let latest = world.state.block_view(0, 1, world.time).expect("a block");
    assert_eq!((latest.count, latest.logged), (0, false));
}

#[test]
fn a_negative_mark_logs_a_latest_block_once() {
    let mut world = world();
    world.told();
    for number in 1..=3 {
        let marks = world.marks(number, |_| Mark::BindingWrong);
        world.publish_as(number, |p| p.marks = marks).expect("published");
    }
    let logged: Vec<_> = world
        .told()
        .into_iter()
        .filter_map(|event| match event {
            Event::BlockLogged { order, position, reason, .. } => Some((order, position, reason)),
            _ => None,
        })
        .collect();
    let orders: Vec<_> = logged.iter().map(|(order, ..)| *order).collect();
    assert_eq!(logged.len(), 3);
    assert!((0..3).all(|order| orders.contains(&order)));
    assert!(logged.iter().all(|(.., reason)| *reason == Suspicion::NegativeMark));
    let entry = world.state.log_entry(0, world.time).expect("an entry");
    assert_eq!((entry.positive, entry.negative, entry.count, entry.outcome), (0, 20_000, 2, 0));
}

#[test]
fn the_challenge_is_the_seats_own() {
    let mut world = world();
    let root = world.state.epoch_view(1, world.time).expect("opened").root;
    let foreign = challenge(root, SeatId(2));
    let rejected = world.publish_as(1, |p| p.challenge = foreign);
    assert_eq!(rejected, Err(Rejection::ChallengeWrong { expected: challenge(root, SeatId(1)) }));
}

#[test]
fn an_epoch_that_has_its_seed_runs_to_its_end_though_the_network_is_paused() {
    let mut world = world();
    world.does(OWNER, Input::SetPaused(true));
    assert_eq!(world.publish(1), Ok(Outcome::Published));
    assert_eq!(world.does(OWNER, Input::SeedEpoch), []);
    let join = world.fails(provider(4), Input::Join(registration(4)));
    assert_eq!(join, Rejection::NetworkPaused);
    world.does(provider(1), Input::Exit(SeatId(1)));
    world.at(2);
    world.settle();
    assert!(world.seat(2).has_good_block, "settlement goes on");
    assert_eq!(world.fails(OWNER, Input::OpenEpoch), Rejection::NetworkPaused);
}

#[test]
fn a_paused_network_sets_no_seed() {
    let mut world = World::founded(1, Parameters::default());
    world.does(OWNER, Input::OpenEpoch);
    world.does(OWNER, Input::SetPaused(true));
    world.block += 2;
    assert_eq!(world.fails(OWNER, Input::SeedEpoch), Rejection::NetworkPaused);
    let publication = world.publication(1);
    assert_eq!(world.fails(operator(1), Input::Publish(publication)), Rejection::NetworkPaused);
}

/// Of the two latest blocks that seat 1 is to check, in order of place, what is kept.
fn kept(world: &World) -> Vec<B256> {
    let assigned = world.state.assignment_of(SeatId(1), world.time).expect("opened");
    let kept = |at: &BlockRef| world.state.block_view(at.epoch, at.order, world.time).expect("a block");
    assigned.latest.iter().map(|at| kept(at).evidence_binding).collect()
}

/// Seat 1 publishes with these marks on the latest blocks, and states these bindings.
fn states(world: &mut World, marks: u8, judged: &[B256]) -> Result<Outcome, Rejection> {
    let publication = world.publication(1);
    let (marks, latest_bindings) = (Marks(U256::from(marks)), latest_bindings(judged));
    world.outcome(operator(1), Input::Publish(Publication { marks, latest_bindings, ..publication }))
}

#[test]
fn who_marks_a_latest_block_states_what_is_kept_of_it() {
    let kept = kept(&world());
    let [first, second] = kept[..] else { panic!("two are assigned") };
    let other = word("other record", 1);
    let cases: [(u8, &[B256]); 5] = [
        (0x00, &[]),
        (0x01, &[first]),
        (0x20, &[second]),
        (0x11, &[first, second]),
        (0x61, &[first, second]),
    ];
    for (marks, right) in cases {
        assert_eq!(states(&mut world(), marks, right), Ok(Outcome::Published), "{marks:#04x}");
        let wrong: [&[B256]; 6] = [&[], &[first], &[second], &[second, first], &[other], &[first, other]];
        let expected = latest_bindings(right);
        for judged in wrong.into_iter().chain([&[first, second][..]]).filter(|judged| *judged != right) {
            let rejected = states(&mut world(), marks, judged);
            assert_eq!(rejected, Err(Rejection::LatestBindingsWrong { expected }), "{marks:#04x} {judged:?}");
        }
    }
}

#[test]
fn an_ignored_mark_on_a_latest_block_is_of_what_is_kept_too() {
    // Without weight.
    let mut world = world();
    let marks = Marks(U256::from(0x11));
    let publication = Publication { power: 2 * POWER, marks, ..world.publication(1) };
    let expected = latest_bindings(&kept(&world));
    let rejected = world.fails(operator(1), Input::Publish(publication));
    assert_eq!(rejected, Rejection::LatestBindingsWrong { expected });
    let publication = Publication { latest_bindings: expected, ..publication };
    assert_eq!(world.outcome(operator(1), Input::Publish(publication)), Ok(Outcome::Published));
}

#[test]
fn without_rank_nothing_was_judged() {
    let mut world = world();
    world.join(4);
    let publication = Publication { latest_bindings: word("judged", 1), ..world.publication(4) };
    let rejected = world.fails(operator(4), Input::Publish(publication));
    assert_eq!(rejected, Rejection::LatestBindingsWrong { expected: B256::ZERO });
    assert_eq!(world.publish(4), Ok(Outcome::Published));
}
