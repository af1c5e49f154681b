//! A ledger is what the events say, however they are read.

use multee_node::{BlockRecord, EpochRecord, Ledger, SeatRecord};
use multee_protocol::{Epoch, SeatId};

use crate::support::{World, device_id, platform};

/// All that a ledger tells.
#[derive(Debug, PartialEq)]
struct Told {
    seats: Vec<Option<SeatRecord>>,
    epochs: Vec<Option<EpochRecord>>,
    last_opened: Option<(Epoch, EpochRecord)>,
    blocks: Vec<BlockRecord>,
    log: Vec<Option<BlockRecord>>,
    documents: Vec<(bool, bool)>,
    due: Vec<(Epoch, u32)>,
}

fn told(ledger: &Ledger) -> Told {
    let now = ledger.clock().expect("answers").unwrap_or(0);
    let epochs: Vec<Option<EpochRecord>> = (0..=now).map(|epoch| ledger.epoch(epoch).copied()).collect();
    let context = |record: &EpochRecord| record.context;
    Told {
        seats: (0..12).map(|seat| ledger.seat(SeatId(seat)).cloned()).collect(),
        documents: epochs
            .iter()
            .flatten()
            .map(context)
            .map(|c| {
                (ledger.policy(c.policy_digest).is_some(), ledger.references(c.reference_digest).is_some())
            })
            .collect(),
        epochs,
        last_opened: ledger.last_opened().map(|(epoch, record)| (epoch, *record)),
        blocks: ledger.blocks().cloned().collect(),
        log: (0..200).map(|position| ledger.logged_at(position).cloned()).collect(),
        due: ledger.perhaps_due(now),
    }
}

#[test]
fn ledger_replays_to_the_same_state() {
    let mut world = World::with(6, multee_protocol::Parameters::default(), Some(1));
    let mut followed = Ledger::new(world.founded.network.clone(), 0).expect("settings");
    // A gap of more than two retentions: all before it is forgotten.
    for epoch in (0..7).chain(80..84) {
        if epoch == 2 {
            let joiner = device_id(&platform(&world.reader.vendor, 20));
            world.join(20, joiner);
        }
        world.open(epoch);
        followed.sync().expect("follows");
        for device in 0..world.devices.len() {
            world.devices[device].tick().expect("publishes");
            followed.sync().expect("follows");
        }
        assert_eq!(told(&followed), told(&world.ledger()), "epoch {epoch}");
    }
    let told = told(&followed);
    assert!(told.documents.iter().all(|known| *known == (true, true)) && !told.documents.is_empty());
    assert!(told.epochs[..=6].iter().all(Option::is_none), "forgotten");
    assert!(told.blocks.iter().all(|block| block.block.epoch >= 80) && !told.blocks.is_empty());
    assert!(told.log.iter().any(Option::is_some));
    let restarted = told.seats[2].as_ref().expect("founded").incarnation;
    assert_eq!(restarted, world.seat(SeatId(2)).incarnation);
}

#[test]
fn ledger_knows_what_became_of_blocks_as_the_contract_does() {
    let mut world = World::with(6, multee_protocol::Parameters::default(), Some(1));
    world.play_all(0..=13);
    let ledger = world.ledger();
    let (mut passed, mut decided, mut finished) = (0, 0, 0);
    for record in ledger.blocks() {
        let call = multee_chain::bindings::IProofOfAttestation::blockOfCall {
            epoch: record.block.epoch,
            order: record.order,
        };
        let view = ledger.network().read(&call).expect("a block");
        let fate = record.fate;
        assert_eq!(fate.passed, view.passed);
        assert_eq!(fate.decided, view.decided.then_some(view.malicious));
        assert_eq!(fate.finished, view.honestForGood && !view.decided);
        assert_eq!(fate.position, view.logged.then(|| view.position.to()));
        assert_eq!((record.weight, record.evidence_binding()), (view.weight, Some(view.evidenceBinding)));
        assert_eq!(record.block.seat.0, view.seat);
        passed += usize::from(fate.passed);
        decided += usize::from(fate.decided == Some(true));
        finished += usize::from(fate.finished);
    }
    assert!(passed > 0 && decided > 0 && finished > 0, "{passed} {decided} {finished}");
}
