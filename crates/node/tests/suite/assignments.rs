//! What a node works out from events is what the contract holds marks against (R4).

use multee_chain::bindings::IProofOfAttestation as contract;
use multee_node::{Ledger, assigned, rank};
use multee_protocol::{Assignment, Check, Epoch, Parameters, SeatId};

use crate::support::{World, device_id, platform};

/// The contract's sign for an empty place.
const EMPTY_PLACE: u64 = (1 << 40) - 1;

/// What was met, so that agreement about nothing is not taken for agreement.
#[derive(Debug, Default)]
struct Met {
    latest: usize,
    suspicious: usize,
    empty: usize,
    without_rank: usize,
    /// Epochs whose roster is not that of the epoch before.
    older_rosters: usize,
}

#[test]
fn local_assignment_is_the_contracts() {
    let met = story(Parameters::default());
    assert!(met.latest > 0 && met.suspicious > 0 && met.without_rank > 0 && met.older_rosters > 1, "{met:?}");
}

#[test]
fn local_assignment_is_the_contracts_where_windows_are_widened() {
    let narrow = Parameters { suspicious_checks: 2, decision_marks: 2, ..Parameters::default() };
    let met = story(narrow);
    assert!(met.suspicious > 0 && met.empty > 0, "{met:?}");
}

/// Seven seats, one of them to be suspended, and one that joins; epoch 4 is opened by nobody, epoch 5 has no
/// blocks.
fn story(parameters: Parameters) -> Met {
    let mut world = World::with(7, parameters, Some(2));
    let mut ledger = Ledger::new(world.founded.network.clone(), 0).expect("settings");
    let mut met = Met::default();
    for epoch in [0, 1, 2, 3, 5, 6, 7, 8] {
        if epoch == 2 {
            let joiner = device_id(&platform(&world.reader.vendor, 20));
            world.join(20, joiner);
        }
        world.open(epoch);
        compare(&world, &mut ledger, epoch, &mut met);
        if epoch == 5 {
            continue;
        }
        world.tick_all(epoch);
        compare(&world, &mut ledger, epoch, &mut met);
    }
    met
}

fn compare(world: &World, ledger: &mut Ledger, epoch: Epoch, met: &mut Met) {
    ledger.sync().expect("follows");
    let (opened, record) = ledger.last_opened().expect("opened");
    assert_eq!(opened, epoch);
    met.older_rosters += usize::from(epoch > 0 && record.roster_epoch + 1 != epoch);
    for device in &world.devices {
        compare_seat(ledger, epoch, device.seat, met);
    }
}

fn compare_seat(ledger: &Ledger, epoch: Epoch, seat: SeatId, met: &mut Met) {
    let network = ledger.network();
    let record = ledger.epoch(epoch).expect("opened");
    let challenge = network.read(&contract::challengeOfCall { seat: seat.0 }).expect("answers");
    assert_eq!(record.context.challenge(network.deployment(), seat), challenge, "{seat:?} in {epoch}");

    let view = network.read(&contract::assignmentOfCall { seat: seat.0 }).expect("answers");
    let local = rank(ledger, seat, record);
    assert_eq!(local, view.ranked.then_some(view.rank), "{seat:?} in {epoch}");
    let blocks = assigned(ledger, seat, record).expect("an assignment");
    let Some(local) = local else {
        met.without_rank += 1;
        assert!(blocks.is_empty() && view.latest.is_empty() && view.positions.is_empty());
        return;
    };

    let assignment = Assignment::new(&record.snapshot, local).expect("ranked");
    let mut expected: Vec<(u8, (Epoch, u32))> = Vec::new();
    let mut place = 0_u8;
    let mut add = |place: u8, block: &contract::BlockRef| {
        let view =
            network.read(&contract::blockOfCall { epoch: block.epoch, order: block.order }).expect("a block");
        let id = (block.epoch, block.order);
        if view.seat != seat.0 && !expected.iter().any(|(_, known)| *known == id) {
            expected.push((place, id));
        }
    };
    for latest in &view.latest {
        met.latest += 1;
        assert_eq!(latest.epoch, record.roster_epoch);
        assert_eq!(assignment.check(place.into()), Some(Check::Latest { rank: latest.order }));
        add(place, latest);
        place += 1;
    }
    for position in view.positions.iter().map(|position| position.to::<u64>()) {
        if position == EMPTY_PLACE {
            met.empty += 1;
            assert_eq!(assignment.check(place.into()), Some(Check::Empty), "{seat:?} in {epoch}");
        } else {
            met.suspicious += 1;
            let entry = u32::try_from(position - record.window_start).expect("in the window");
            assert_eq!(assignment.check(place.into()), Some(Check::Suspicious { entry }));
            let position = position.try_into().expect("40 bits");
            add(place, &network.read(&contract::logEntryCall { position }).expect("logged").r#ref);
        }
        place += 1;
    }
    assert_eq!(assignment.check(place.into()), None, "{seat:?} in {epoch}");
    let local: Vec<(u8, (Epoch, u32))> =
        blocks.iter().map(|(place, block)| (*place, (block.block.epoch, block.order))).collect();
    assert_eq!(local, expected, "{seat:?} in {epoch}");
}
