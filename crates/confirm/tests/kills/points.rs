//! SIGKILL at every persistence point.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use multee_node::state::PersistencePoint::{self, *};
use serde_json::json;

use crate::network::{Net, Place, VICTIM, answers, applications, end_applications, machine};
use crate::victim::{Victim, work};
use crate::world::World;

/// What brings a controller to a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Any epoch's publication.
    Publication,
    /// A state that is lost while the application runs on.
    NewState,
    /// An application that is killed.
    Restart,
}

fn way(point: PersistencePoint) -> Way {
    match point {
        EntryToBeWritten | EntryWritten | EntryToBeSettled | EntrySettled | OutcomeKnown => Way::Publication,
        ApplicationToBeRecorded | ApplicationRecorded => Way::NewState,
        BootToBeCounted | BootCounted | RestartToBeRecorded | RestartRecorded | RestartToBeAdopted
        | RestartAdopted | RecoveryToBeRecorded | RecoveryRecorded => Way::Restart,
    }
}

fn prepare(place: &Place, way: Way) {
    match way {
        Way::Publication => {}
        Way::NewState => lose_state(place),
        Way::Restart => end_applications(&place.directory),
    }
    // One that nobody recorded, as if a controller had been killed while it booted it: it is nobody's.
    machine(&World::new(), VICTIM, &place.directory).start().expect("starts").leave();
}

fn lose_state(place: &Place) {
    for file in ["state", "state-wal"] {
        let _ = std::fs::remove_file(place.directory.join(file));
    }
}

/// One application runs, that of the seat's incarnation.
fn assert_no_orphan(net: &Net, place: &Place, why: &str) {
    let running = applications(&place.directory);
    let [(_, socket)] = &running[..] else { panic!("{why}: {running:?}") };
    assert_eq!(answers(socket), net.seat().incarnation, "{why}");
}

#[test]
fn killed_at_each_persistence_point_a_controller_goes_on() {
    if work() {
        return;
    }
    let mut net = Net::found();
    let place = net.place();
    let mut acknowledged = BTreeSet::<B256>::new();
    for point in PersistencePoint::ALL {
        let epoch = net.next_epoch();
        let before = net.seat().incarnation;
        prepare(&place, way(point));
        let mut victim = Victim::start(&place, Some(point));
        victim.await_point(point);
        acknowledged.extend(victim.kill().0);

        let victim = Victim::start(&place, None);
        net.await_publication(epoch);
        let (heard, said) = victim.kill();
        acknowledged.extend(heard);
        let why = format!("{}: {said:?}", point.name());
        assert_eq!(net.published(epoch), 1, "{why}");
        assert_eq!(net.seat().incarnation != before, way(point) == Way::Restart, "{why}");
        assert_no_orphan(&net, &place, &why);
        net.await_admission();
    }
    let ledger = net.ledger();
    let kept: BTreeSet<B256> = ledger.blocks().map(|block| block.digest).collect();
    assert!(!acknowledged.is_empty() && acknowledged.is_subset(&kept), "what was acknowledged is on chain");
}

#[test]
fn killed_while_its_publication_is_on_its_way_a_controller_publishes_once() {
    let mut net = Net::found();
    let place = net.place();
    for is_mined in [true, false] {
        let epoch = net.next_epoch();
        net.anvil.set_automine(false);
        let victim = Victim::start(&place, None);
        net.await_pending();
        victim.kill();
        let pending = net.pending();
        if !is_mined {
            // All pools forget it, and another would now be sent with other fees: only the journal knows.
            net.anvil.ask("anvil_dropAllTransactions", &json!([]));
            net.anvil.ask("anvil_setNextBlockBaseFeePerGas", &json!(["0x1"]));
        }
        net.anvil.mine(1);
        net.anvil.set_automine(true);
        let sent = net.sent();
        let victim = Victim::start(&place, None);
        net.await_publication(epoch);
        let said = victim.kill().1;
        assert_eq!(net.published(epoch), 1, "{said:?}");
        assert_eq!(net.sent(), sent + u64::from(!is_mined), "mined {is_mined}: {said:?}");
        assert!(!said.iter().any(|line| line.starts_with("error")), "{said:?}");
        let receipt = net.anvil.ask("eth_getTransactionReceipt", &json!([pending]));
        assert!(receipt.is_object(), "mined {is_mined}: another was sent in its place");
    }
}

#[test]
fn controller_that_lost_its_state_with_a_publication_on_its_way_publishes_once() {
    let mut net = Net::found();
    let place = net.place();
    let epoch = net.next_epoch();
    net.anvil.set_automine(false);
    let victim = Victim::start(&place, None);
    net.await_pending();
    victim.kill();
    lose_state(&place);
    let mut victim = Victim::start(&place, None);
    // It knows of none. Where it is tried on what is pending, as here, another is not even sent.
    victim.await_line("error the contract refused");
    net.anvil.mine(1);
    net.anvil.set_automine(true);
    net.await_publication(epoch);
    let later = net.next_epoch();
    net.await_publication(later);
    victim.kill();
    assert_eq!([epoch, later].map(|epoch| net.published(epoch)), [1, 1]);
}
