//! Nothing that breaks off on the host's side costs a seat an epoch, or gives it two blocks of one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_sol_types::SolCall;
use multee_chain::ChainError;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_node::{Action, ControllerError, ReadCollateral, SendError};
use multee_protocol::{Mark, Parameters};

use crate::support::{Fails, SUSPENDED, SoundReader, World};

fn is_unreachable(error: &ControllerError) -> bool {
    matches!(error, ControllerError::Send(SendError::Chain(ChainError::Unreachable { .. })))
}

#[test]
fn lost_controller_starts_anew_from_events() {
    let mut world = World::new(6);
    for epoch in 0..=5 {
        let victim = epoch as usize;
        let tick = |world: &mut World| world.devices[victim].tick().expect("publishes");
        world.enter(epoch);
        // Another opens, so that the victim's ticks are about its own block.
        world.devices[(victim + 1) % 6].tick().expect("opens");
        match epoch % 3 {
            // Lost before the seed is known.
            0 => {
                world.lose(victim);
                world.await_seed();
                world.revive_soundly(victim);
            }
            // Lost after it published.
            1 => {
                world.await_seed();
                tick(&mut world);
                world.lose(victim);
                world.revive_soundly(victim);
                assert!(tick(&mut world).is_empty(), "nothing is left to do");
            }
            // Lost after its application signed.
            _ => {
                world.await_seed();
                // The seed is set, and what is due settled, by this tick.
                world.devices[(victim + 1) % 6].tick().expect("publishes");
                world.chain.arm(contract::publishCall::SELECTOR, Fails::Before);
                assert!(is_unreachable(&world.devices[victim].tick().expect_err("not sent")));
                world.lose(victim);
                world.revive_soundly(victim);
            }
        }
        world.tick_all(epoch);
        assert!(world.tick_all(epoch).is_empty(), "nothing is left to do");
    }
    world.assert_all_published_once(0..=5);
    assert_eq!(world.scores(), [10_000; 6]);
}

#[test]
fn network_does_without_a_controller_that_is_gone_for_some_epochs() {
    let mut world = World::new(6);
    world.play_all(0..=1);
    world.lose(4);
    world.play_all(2..=3);
    world.revive_soundly(4);
    world.play_all(4..=6);
    let seat = world.devices[4].seat.0;
    let published: Vec<u32> =
        world.publications().keys().filter(|(of, _)| *of == seat).map(|(_, epoch)| *epoch).collect();
    assert_eq!(published, [0, 1, 4, 5, 6]);
    assert_eq!(world.scores(), [10_000; 6]);
}

#[test]
fn publication_that_did_not_get_through_is_published_after_all() {
    for fails in [Fails::Before, Fails::After] {
        let mut world = World::new(6);
        world.play_all(0..=1);
        world.open(2);
        world.devices[0].tick().expect("settles");
        world.chain.arm(contract::publishCall::SELECTOR, fails);
        assert!(is_unreachable(&world.devices[3].tick().expect_err("no receipt")), "{fails:?}");
        let seat = world.devices[3].seat.0;
        let there = u32::from(fails == Fails::After);
        assert_eq!(world.publications().get(&(seat, 2)).copied().unwrap_or(0), there, "{fails:?}");
        let again = world.devices[3].tick().expect("goes on");
        let published = again.iter().any(|action| matches!(action, Action::Published { .. }));
        assert_eq!(published, fails == Fails::Before);
        world.tick_all(2);
        // The digest chain goes on from whichever sending it was.
        world.play_all(3..=3);
        world.assert_all_published_once(0..=3);
    }
}

/// Has nothing while it is down.
struct Interrupted {
    sound: Arc<SoundReader>,
    down: AtomicBool,
}

impl ReadCollateral for Interrupted {
    fn collateral(&self, quote: &[u8], number: u32, at_s: u64) -> Option<Vec<u8>> {
        if self.down.load(Ordering::Relaxed) { None } else { self.sound.collateral(quote, number, at_s) }
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        self.sound.roots()
    }
}

#[test]
fn block_that_was_signed_is_published_even_if_another_would_be_signed_now() {
    let mut world = World::new(6);
    let reader = Arc::new(Interrupted { sound: Arc::clone(&world.reader), down: AtomicBool::new(false) });
    let shared: Arc<dyn ReadCollateral> = Arc::<Interrupted>::clone(&reader);
    world.revive(3, &shared);
    world.play_all(0..=1);
    world.open(2);
    world.devices[0].tick().expect("settles");
    reader.down.store(true, Ordering::Relaxed);
    world.chain.arm(contract::publishCall::SELECTOR, Fails::Before);
    world.devices[3].tick().expect_err("not sent");
    reader.down.store(false, Ordering::Relaxed);
    let actions = world.devices[3].tick().expect("publishes");
    let [Action::Published { epoch: 2, signed, .. }] = &actions[..] else { panic!("{actions:?}") };
    assert!(!signed.verdicts.is_empty());
    assert!(signed.verdicts.iter().all(|verdict| verdict.mark == Mark::Abstain), "as first signed");
    world.tick_all(2);
    world.assert_all_published_once(0..=2);
}

#[test]
fn publication_that_ran_out_of_gas_is_published_by_another_transaction() {
    let mut world = World::new(6);
    world.play_all(0..=1);
    world.open(2);
    world.devices[0].tick().expect("settles");
    world.chain.arm(contract::publishCall::SELECTOR, Fails::Starved);
    let error = world.devices[3].tick().expect_err("breaks off");
    assert!(matches!(error, ControllerError::Send(SendError::Halted(_))), "{error}");
    let actions = world.devices[3].tick().expect("publishes");
    assert!(matches!(&actions[..], [Action::Published { epoch: 2, .. }]), "{actions:?}");
    world.tick_all(2);
    world.assert_all_published_once(0..=2);
}

#[test]
fn restart_that_did_not_get_through_loses_no_incarnation() {
    for fails in [Fails::Before, Fails::After] {
        let mut world = World::with(6, Parameters::default(), Some(2));
        let seat = world.devices[2].seat;
        world.play_all(0..=2);
        world.enter(3);
        world.chain.arm(contract::restartCall::SELECTOR, fails);
        let mut epoch = 3;
        let failed = loop {
            assert!(epoch < 8, "suspended and restarted by then");
            world.open(epoch);
            match world.devices[2].tick() {
                Ok(_) => {}
                Err(error) => break error,
            }
            world.tick_all(epoch);
            epoch += 1;
        };
        assert!(is_unreachable(&failed), "{failed}");
        world.tick_all(epoch);
        world.play_all(epoch + 1..=epoch + 4);
        let view = world.seat(seat);
        assert!(view.tier != SUSPENDED && view.lastEpoch >= epoch + 3, "{fails:?}: {view:?}");
        assert_eq!(world.devices[2].boots(), 2, "the application that was booted is used: {fails:?}");
    }
}

#[test]
fn chain_that_fails_now_and_then_delays_and_nothing_else() {
    for period in [5, 7, 11] {
        let mut world = World::with(6, Parameters::default(), Some(2));
        for epoch in 0..=8 {
            world.enter(epoch);
            world.chain.fail_one_of(period);
            let mut errors = 0;
            for _ in 0..8 {
                for device in &mut world.devices {
                    errors += usize::from(device.tick().is_err());
                }
                world.await_seed();
            }
            world.chain.fail_one_of(0);
            assert!(errors > 0, "something failed");
            world.tick_all(epoch);
        }
        let mut published = world.publications();
        assert!(published.values().all(|count| *count == 1), "{published:?}");
        // All but the seat that was suspended have a block of every epoch.
        let suspended = world.devices[2].seat;
        let view = world.seat(suspended);
        assert!(view.suspendedEpoch > 0 && view.lastEpoch > view.suspendedEpoch, "it is back: {view:?}");
        published.retain(|(seat, _), _| *seat != suspended.0);
        assert_eq!(published.len(), 5 * 9);
        world.devices.remove(2);
        assert_eq!(world.scores(), [10_000; 5]);
    }
}
