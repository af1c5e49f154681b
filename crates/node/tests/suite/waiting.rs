//! What a controller does while nothing can be done, and when the owner changes what holds.

use std::time::Duration;

use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_node::{Action, Ledger};
use multee_protocol::Parameters;

use crate::support::World;

fn head(world: &World) -> u64 {
    use multee_chain::Chain;
    world.chain.embedded.head().expect("head").number
}

#[test]
fn controllers_send_nothing_while_the_seed_cannot_be_known() {
    let mut world = World::new(3);
    world.enter(0);
    assert_eq!(world.devices[0].tick().expect("opens"), [Action::Opened(0)]);
    let opened = head(&world);
    for device in 0..3 {
        assert!(world.devices[device].tick().expect("waits").is_empty());
        assert_eq!(head(&world), opened, "nothing was sent");
    }
    // The source is two blocks after the opening; what is sent when it is there is executed after it.
    world.chain.embedded.mine(1).expect("mined");
    assert!(world.devices[1].tick().expect("waits").is_empty());
    world.chain.embedded.mine(1).expect("mined");
    let done = world.devices[1].tick().expect("publishes");
    assert!(matches!(done[..], [Action::Opened(0), Action::Published { .. }]), "{done:?}");
}

#[test]
fn seats_take_turns_with_what_any_of_them_could_do() {
    let mut world = World::new(3);
    for device in 0..3 {
        // Nobody's turn comes but that of the first in each epoch.
        world.devices[device].turn = Duration::from_hours(1);
        world.revive_soundly(device);
    }
    let sent = |world: &World| {
        let of = |selector| world.chain.sent(selector).len();
        [of(contract::openEpochCall::SELECTOR), of(contract::seedEpochCall::SELECTOR)]
    };
    for epoch in 1..=4_u32 {
        world.enter(epoch);
        let before = sent(&world);
        for device in &mut world.devices {
            let done = device.tick().expect("opens or waits");
            let first = device.seat.0 % 3 == epoch % 3;
            assert_eq!(done.contains(&Action::Opened(epoch)), first, "{:?} in epoch {epoch}", device.seat);
        }
        world.await_seed();
        for device in 0..3 {
            world.devices[device].tick().expect("seeds or waits");
        }
        let after = sent(&world);
        assert_eq!([after[0] - before[0], after[1] - before[1]], [1, 1]);
        world.tick_all(epoch);
        world.assert_all_published_once(1..=epoch);
    }
}

#[test]
fn opening_whose_seed_is_lost_is_opened_anew() {
    let mut world = World::new(3);
    for (mined, opens_anew) in [(257, false), (258, true)] {
        let epoch = u32::from(opens_anew);
        world.enter(epoch);
        world.devices[0].tick().expect("opens");
        // The last block in which the seed can be set is the 256th after its source.
        world.chain.embedded.mine(mined).expect("mined");
        let before = head(&world);
        let done = world.devices[1].tick().expect("an outcome");
        assert_eq!(done[0], Action::Opened(epoch));
        assert_eq!(done.len() == 1, opens_anew, "{done:?}");
        assert_eq!(head(&world) == before + 1, opens_anew, "no refused transaction goes first");
        world.await_seed();
        world.tick_all(epoch);
    }
    world.assert_all_published_once(0..=1);
}

#[test]
fn paused_network_stands_still_without_errors_and_goes_on() {
    let mut world = World::new(6);
    world.play_all(0..=1);
    let pause = |world: &World, paused| {
        world.founded.network.send(&world.owner, &contract::setPausedCall { paused }).expect("an outcome");
    };
    let only_settles = |world: &mut World, epoch| {
        let done = world.tick_all(epoch);
        assert!(done.iter().all(|(_, action)| matches!(action, Action::Settled(_))), "{done:?}");
    };
    // Before the opening; going on takes effect with the next epoch.
    world.enter(2);
    pause(&world, true);
    only_settles(&mut world, 2);
    pause(&world, false);
    only_settles(&mut world, 2);
    world.play(3);
    // An epoch that has its seed runs to its end.
    world.open(4);
    pause(&world, true);
    world.tick_all(4);
    world.enter(5);
    only_settles(&mut world, 5);
    pause(&world, false);
    world.play(6);
    world.assert_all_published_once([0, 1, 3, 4, 6]);
    assert_eq!(world.scores(), [10_000; 6]);
}

#[test]
fn announced_parameters_hold_from_the_opening_on_at_which_they_take_effect() {
    let mut world = World::new(6);
    let mut followed = Ledger::new(world.founded.network.clone(), 0).expect("settings");
    let parameters = Parameters { latest_checks: 4, restart_cooldown_epochs: 9, ..Parameters::default() };
    for epoch in 0..=9 {
        world.play(epoch);
        if epoch == 1 {
            let mut current = world.founded.network.read(&contract::parametersCall {}).expect("answers");
            (current.latestChecks, current.restartCooldownEpochs) = (4, 9);
            let call = contract::announceParametersCall { parameters_: current };
            world.founded.network.send(&world.owner, &call).expect("an outcome");
        }
        followed.sync().expect("follows");
        let late = world.ledger();
        assert_eq!(followed.parameters(), late.parameters());
        let expected = if epoch < 8 { Parameters::default() } else { parameters };
        assert_eq!(*followed.parameters(), expected, "epoch {epoch}");
        for past in 0..=epoch {
            let checks = |ledger: &Ledger| ledger.epoch(past).expect("opened").snapshot.latest_checks;
            let view = world.founded.network.read(&contract::epochOfCall { epoch: past }).expect("answers");
            assert_eq!([checks(&followed), checks(&late)], [view.latestChecks; 2], "epoch {past}");
        }
    }
    world.assert_all_published_once(0..=9);
    assert_eq!(world.scores(), [10_000; 6]);
}

#[test]
fn ledger_asks_for_less_where_an_answer_would_hold_too_much() {
    let mut world = World::new(3);
    world.play_all(0..=2);
    let whole = world.ledger();
    for logs_max in [100, 30, 20] {
        world.chain.limit_logs(logs_max);
        let halved = world.ledger();
        assert!(halved.blocks().eq(whole.blocks()), "{logs_max} logs an answer");
    }
}
