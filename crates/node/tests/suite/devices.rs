//! What becomes of devices that are not what their seats say, and who may speak for a seat.

use multee_chain::bindings::IProofOfAttestation::{
    self as contract, IProofOfAttestationErrors as Refused, IProofOfAttestationEvents as Event,
};
use multee_confirmation::Confirm;
use multee_node::{Action, Sent, assigned, duty, publication};
use multee_protocol::{DeviceId, Epoch, Mark, Marks, Parameters, SeatId};

use crate::support::{AGENT, BLOCKED, POWER, SUSPENDED, World, account, app_of, device_id, platform};

/// The mark that each founding seat gave a block in an epoch; none where it was not assigned.
pub(crate) fn marks_on(world: &World, seat: SeatId, of: Epoch, given_in: Epoch) -> Vec<Option<Mark>> {
    let ledger = world.ledger();
    let record = ledger.epoch(given_in).expect("opened");
    let mark = |verifier: &SeatId| {
        let blocks = assigned(&ledger, *verifier, record).expect("an assignment");
        let is_meant = |block: &multee_node::BlockRecord| block.block.seat == seat && block.block.epoch == of;
        let (place, _) = blocks.into_iter().find(|(_, block)| is_meant(block))?;
        let marks: Marks = ledger.block_of(*verifier, given_in)?.block.marks;
        Some(marks.get(place.into()).expect("a mark"))
    };
    world.founded.seats.iter().map(mark).collect()
}

fn bound_seat(world: &World, device: DeviceId) -> u32 {
    world.founded.network.read(&contract::boundSeatOfCall { deviceId: device.0 }).expect("answers")
}

#[test]
fn device_that_lies_about_its_hardware_id_is_caught_by_its_peers() {
    let mut world = World::new(6);
    world.play_all(0..=1);
    let claimed = device_id(&platform(&world.reader.vendor, 21));
    let liar = world.join(23, claimed);
    let seat = world.devices[liar].seat;
    let deposit = world.seat(seat).funds.deposit;
    assert_eq!(deposit, Parameters::default().min_deposit);

    world.play_all(2..=3);
    assert_eq!(marks_on(&world, seat, 2, 3), [Some(Mark::BindingWrong); 6]);
    assert_ne!(world.seat(seat).tier, BLOCKED, "no decision falls inside an epoch");
    world.play(4);
    let block = contract::blockOfSeatCall { seat: seat.0, epoch: 2 };
    let block = world.founded.network.read(&block).expect("a block");
    assert!(block.decided && block.malicious && block.positive == 0 && block.count == 6, "{block:?}");
    let view = world.seat(seat);
    assert_eq!((view.tier, view.penalties, view.funds.deposit), (BLOCKED, 1, 0));
    let slashed = world.events().into_iter().find_map(|event| match event {
        Event::SeatBlocked(e) if e.seat == seat.0 => Some((e.epoch, e.slashed)),
        _ => None,
    });
    assert_eq!(slashed, Some((4, deposit)));
    assert_eq!(bound_seat(&world, claimed), 0, "blocking a mere claimant does not bar the id");

    let owner = world.join(21, claimed);
    let owner_seat = world.devices[owner].seat;
    world.play_all(5..=7);
    assert_eq!(marks_on(&world, owner_seat, 5, 6), [Some(Mark::Valid); 6]);
    let view = world.seat(owner_seat);
    assert!(view.admitted && !view.power.unverified && view.power.verified == POWER, "{view:?}");
    assert_eq!(bound_seat(&world, claimed), owner_seat.0);
    let liars = world.publications().keys().filter(|(of, _)| *of == seat.0).count();
    assert_eq!(liars, 1, "who is blocked publishes no more");
    assert_eq!(world.scores()[..6], [10_000; 6]);
}

#[test]
fn outsider_cannot_publish_for_a_seat() {
    let mut world = World::new(6);
    world.play_all(0..=1);
    world.open(2);
    let ledger = world.ledger();
    let device = &world.devices[3];
    let (seat, operator) = (device.seat, device.operator.clone());
    let duty = duty(&ledger, seat, 2, world.reader.as_ref()).expect("a duty");
    // The same boot once more: the same key, as an outsider who copies a publication on its way would have it.
    let mut app = app_of(&device.platform, AGENT, 1);
    assert_eq!(app.incarnation(), world.seat(seat).incarnation);
    let in_force = ledger.seat(seat).expect("founded").certificates.hash().expect("known");
    let call = publication(&app.confirm(&duty).expect("signs"), in_force);
    let network = world.founded.network.clone();
    let outsiders = [account("outsider"), world.devices[0].operator.clone()];
    for outsider in outsiders {
        let Sent::Refused(error) = network.send(&outsider, &call).expect("an outcome") else {
            panic!("an outsider published")
        };
        let Refused::CallerNotOperator(error) = *error else { panic!("{error:?}") };
        assert_eq!((error.seat, error.caller), (seat.0, outsider.address()));
    }
    assert!(!world.publications().contains_key(&(seat.0, 2)));
    // What was refused to others was in order.
    assert!(matches!(network.send(&operator, &call).expect("an outcome"), Sent::Kept(_)));
    world.tick_all(2);
    world.assert_all_published_once(0..=2);
}

#[test]
fn suspended_device_restarts_once_its_cool_down_is_over() {
    const COOL_DOWN: u16 = 3;
    const LAST: Epoch = 18;
    let parameters = Parameters { restart_cooldown_epochs: COOL_DOWN, ..Parameters::default() };
    let mut world = World::with(6, parameters, Some(2));
    let seat = world.devices[2].seat;
    let first = world.seat(seat);
    let mut restarted = None;
    let mut tried = 0;
    for epoch in 0..=LAST {
        let actions = world.play(epoch);
        let own = actions.iter().filter(|(of, _)| *of == seat).map(|(_, action)| action);
        for action in own {
            if let Action::Restarted(incarnation) = action {
                assert_eq!(restarted.replace((epoch, *incarnation)), None, "once");
            }
        }
        let view = world.seat(seat);
        if view.tier == SUSPENDED {
            let call = contract::restartCall {
                seat: seat.0,
                incarnation: seat_address(),
                measurement: view.measurement,
            };
            let Sent::Refused(error) =
                world.founded.network.send(&world.devices[2].operator, &call).expect("an outcome")
            else {
                panic!("restarted before its time")
            };
            let Refused::RestartTooEarly(error) = *error else { panic!("{error:?}") };
            assert_eq!(error.fromEpoch, view.suspendedEpoch + u32::from(COOL_DOWN));
            tried += 1;
        }
    }
    assert_eq!(tried, COOL_DOWN, "it was suspended for as long as it had to be");
    let view = world.seat(seat);
    let (epoch, incarnation) = restarted.expect("restarts");
    assert_eq!(epoch, view.suspendedEpoch + u32::from(COOL_DOWN));
    assert_eq!(view.incarnation, incarnation);
    assert_ne!(first.incarnation, incarnation);
    assert_ne!(first.measurement, view.measurement);
    assert_eq!(world.devices[2].boots(), 2);
    assert!(view.lastEpoch + 1 >= LAST && view.score >= 5_000 && view.tier != SUSPENDED, "{view:?}");
    let suspended: Vec<Epoch> = (view.suspendedEpoch..epoch).collect();
    let published = world.publications();
    assert!(suspended.iter().all(|epoch| !published.contains_key(&(seat.0, *epoch))), "{published:?}");
    assert!(published.contains_key(&(seat.0, epoch)), "it publishes as soon as it may");
    let own = world.events().into_iter().filter(|event| match event {
        Event::SeatAdmitted(e) => e.seat == seat.0 && e.epoch > 0,
        _ => false,
    });
    assert_eq!(own.count(), 1, "its peers admit the new incarnation");
}

fn seat_address() -> alloy_primitives::Address {
    account("another key").address()
}
