//! Certificates are published once for an incarnation and put back by everyone who verifies (R6).

use alloy_primitives::{B256, Bytes};
use multee_chain::Sender;
use multee_chain::bindings::IProofOfAttestation::{
    self as contract, IProofOfAttestationErrors as Refused, IProofOfAttestationEvents as Event,
};
use multee_confirmation::{Confirm, SignedBlock};
use multee_mock_vendor::QuoteSpec;
use multee_node::{Ledger, Sent, duty, publication};
use multee_protocol::{Epoch, Mark, Parameters, SeatId};

use crate::devices::marks_on;
use crate::support::{AGENT, PROBATION, World, account, app_of, device_id, platform};

/// The epochs in which a seat published certificates.
fn published_in(world: &World, seat: SeatId) -> Vec<Epoch> {
    let epoch = |event| match event {
        Event::CertificatesPublished(e) if e.seat == seat.0 => Some(e.epoch),
        _ => None,
    };
    world.events().into_iter().filter_map(epoch).collect()
}

/// For each block of the network whether the ledger's hashes are what the contract keeps.
fn assert_bound(world: &World, ledger: &Ledger) {
    for record in ledger.blocks() {
        let call = contract::blockOfCall { epoch: record.block.epoch, order: record.order };
        let view = world.founded.network.read(&call).expect("a block");
        let (seat, epoch) = (record.block.seat, record.block.epoch);
        assert_eq!(record.evidence_binding(), Some(view.evidenceBinding), "{seat:?} in {epoch}");
    }
}

/// What the device's application signs in `epoch`, as its first incarnation.
fn signed(world: &World, device: usize, epoch: Epoch) -> SignedBlock {
    let device = &world.devices[device];
    let duty = duty(&world.ledger(), device.seat, epoch, world.reader.as_ref()).expect("a duty");
    app_of(&device.platform, AGENT, 1).confirm(&duty).expect("signs")
}

fn kept(world: &World, sender: &Sender, call: &impl alloy_sol_types::SolCall) {
    let sent = world.founded.network.send(sender, call).expect("an outcome");
    assert!(matches!(sent, Sent::Kept(_)), "{sent:?}");
}

#[test]
fn certificates_are_published_once_and_the_rejoined_quote_is_what_the_tee_made() {
    let mut world = World::new(6);
    world.play_all(0..=4);
    let ledger = world.ledger();
    let deployment = world.founded.network.deployment();
    for device in &world.devices {
        assert_eq!(published_in(&world, device.seat), [0]);
        for epoch in 0..=4 {
            let record = ledger.block_of(device.seat, epoch).expect("published");
            let report_data = record.block.report_data(&deployment);
            let made = QuoteSpec::of_program(device.platform.spec().tee, AGENT, report_data);
            let made = device.platform.quote(&made).expect("same TEE");
            assert_eq!(record.quote().as_ref(), Some(&made), "{:?} in {epoch}", device.seat);
            assert!(3 * record.evidence.len() < made.len(), "{} bytes", record.evidence.len());
        }
    }
    assert_bound(&world, &ledger);
    assert_eq!(world.scores(), [10_000; 6]);
}

#[test]
fn new_incarnation_publishes_its_certificates_anew() {
    let mut world = World::with(6, Parameters::default(), Some(2));
    let seat = world.devices[2].seat;
    world.play_all(0..=12);
    let view = world.seat(seat);
    assert!(view.suspendedEpoch > 0 && view.admitted, "{view:?}");
    assert_eq!(published_in(&world, seat), [0, view.sinceEpoch]);
    let ledger = world.ledger();
    assert_bound(&world, &ledger);
    let record = ledger.block_of(seat, view.sinceEpoch).expect("published");
    assert_eq!(record.fate.decided, Some(false), "its peers found it honest");
}

#[test]
fn who_joins_late_has_the_certificates_from_earlier_events() {
    let mut world = World::new(6);
    world.play_all(0..=5);
    let claimed = device_id(&platform(&world.reader.vendor, 20));
    let joined = world.join(20, claimed);
    let seat = world.devices[joined].seat;
    world.play_all(6..=12);
    assert!(world.seat(seat).admitted);
    assert_eq!(published_in(&world, seat), [6]);
    let verdicts = world.events().into_iter().filter_map(|event| match event {
        Event::BlockPublished(e) if e.seat == seat.0 && !e.marks.is_zero() => Some(e.marks),
        _ => None,
    });
    let verdicts: Vec<_> = verdicts.collect();
    assert!(!verdicts.is_empty(), "it verifies");
    for marks in verdicts {
        for place in 0..64 {
            let mark = multee_protocol::Marks(marks).get(place).expect("a mark");
            assert!(matches!(mark, Mark::Valid | Mark::Abstain), "{mark:?}");
        }
    }
    assert_eq!(world.scores()[..6], [10_000; 6]);
}

#[test]
fn device_whose_certificates_are_never_published_is_found_invalid_by_all() {
    let mut world = World::new(6);
    let seat = world.devices[3].seat;
    world.lose(3);
    for epoch in 0..=1 {
        world.open(epoch);
        let mut call = publication(&signed(&world, 3, epoch), B256::ZERO);
        assert!(!call.publication.certificates.is_empty());
        call.publication.certificates = Bytes::new();
        kept(&world, &world.devices[3].operator.clone(), &call);
        world.tick_all(epoch);
    }
    let given: Vec<Mark> = marks_on(&world, seat, 0, 1).into_iter().flatten().collect();
    assert_eq!(given, [Mark::EvidenceInvalid; 2]);
    assert!(published_in(&world, seat).is_empty());
    // Published later, they do not heal what was published without them.
    world.revive_soundly(3);
    world.play_all(2..=4);
    assert_eq!(published_in(&world, seat), [2]);
    assert_bound(&world, &world.ledger());
    let fate = |epoch| world.ledger().block_of(seat, epoch).expect("published").fate;
    assert_eq!((fate(0).decided, fate(1).decided), (Some(true), Some(true)));
    assert_eq!(fate(2).decided, None);
    let later: Vec<Mark> = marks_on(&world, seat, 2, 3).into_iter().flatten().collect();
    assert!(!later.is_empty() && later.iter().all(|mark| *mark == Mark::Valid), "{later:?}");
}

#[test]
fn other_certificates_hold_from_the_block_on_that_they_were_published_with() {
    let mut world = World::new(6);
    let seat = world.devices[3].seat;
    world.play_all(0..=1);
    world.lose(3);
    world.open(2);
    let in_force = world.ledger().seat(seat).expect("founded").certificates.clone();
    let mut call = publication(&signed(&world, 3, 2), in_force.hash().expect("known"));
    assert!(call.publication.certificates.is_empty(), "they are known");
    call.publication.certificates = b"others".to_vec().into();
    kept(&world, &world.devices[3].operator.clone(), &call);
    world.revive_soundly(3);
    world.tick_all(2);
    world.play_all(3..=4);
    let ledger = world.ledger();
    assert_bound(&world, &ledger);
    let certificates = |epoch| ledger.block_of(seat, epoch).expect("published").certificates.clone();
    assert_eq!([certificates(0), certificates(1)], [in_force.clone(), in_force.clone()]);
    assert_eq!(certificates(2).bytes().expect("published").as_ref(), b"others");
    assert_eq!([certificates(3), certificates(4)], [in_force.clone(), in_force]);
    assert_eq!(published_in(&world, seat), [0, 2, 3], "its controller mends it");
    let on =
        |epoch| -> Vec<Mark> { marks_on(&world, seat, epoch, epoch + 1).into_iter().flatten().collect() };
    assert_eq!((on(1), on(2), on(3)), (vec![Mark::Valid; 2], vec![Mark::EvidenceInvalid; 2], on(1)));
}

#[test]
fn operator_that_is_named_anew_publishes_the_certificates_anew() {
    let mut world = World::new(6);
    world.play_all(0..=1);
    let device = &world.devices[3];
    let call = contract::setOperatorCall { seat: device.seat.0, operator: device.operator.address() };
    let provider = world.provider_of(3);
    let seat = device.seat;
    // Between two epochs.
    kept(&world, &provider, &call);
    world.play(2);
    assert_eq!(published_in(&world, seat), [0, 2]);
    // In the middle of a publication.
    world.meddle(3, provider, call);
    world.play(3);
    assert_eq!(published_in(&world, seat), [0, 2, 3]);
    world.play_all(4..=5);
    world.assert_all_published_once(0..=5);
    assert_eq!(published_in(&world, seat), [0, 2, 3]);
    assert_bound(&world, &world.ledger());
    assert_eq!(world.scores(), [10_000; 6]);
}

#[test]
fn seat_that_leaves_and_comes_back_publishes_its_certificates_anew() {
    let mut world =
        World::with(6, Parameters { finality_epochs: 1, unbonding_epochs: 1, ..Parameters::default() }, None);
    let (seat, provider) = (world.devices[3].seat, world.provider_of(3));
    world.play_all(0..=2);
    kept(&world, &provider, &contract::exitCall { seat: seat.0 });
    world.play_all(3..=6);
    kept(&world, &provider, &contract::withdrawDepositCall { seat: seat.0 });
    assert!(world.seat(seat).funds.paidOut);
    world.enter(7);
    world.rejoin(3, account("operator after the return"));
    world.play_all(7..=12);
    let published: Vec<Epoch> =
        world.publications().keys().filter(|(of, _)| *of == seat.0).map(|(_, epoch)| *epoch).collect();
    assert_eq!(published[..4], [0, 1, 2, 7], "{published:?}");
    assert_eq!(published_in(&world, seat), [0, 7]);
    let ledger = world.ledger();
    assert_bound(&world, &ledger);
    let record = ledger.seat(seat).expect("known");
    assert_eq!(record.operator, world.devices[3].operator.address());
    assert_eq!(ledger.block_of(seat, 7).expect("published").fate.decided, Some(false));
    assert_ne!(world.seat(seat).tier, PROBATION, "its peers let it in again");
}

#[test]
fn publication_that_does_not_know_its_certificates_is_refused() {
    let mut world = World::new(3);
    world.play(0);
    world.open(1);
    let call = publication(&signed(&world, 1, 1), B256::ZERO);
    let sent = world.founded.network.send(&world.devices[1].operator, &call).expect("an outcome");
    let Sent::Refused(error) = sent else { panic!("published") };
    let Refused::IdentityWrong(error) = *error else { panic!("{error:?}") };
    assert_eq!(error.seat, world.devices[1].seat.0);
}
