//! What a controller does when its seat's application is gone, and its key with it.

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use multee_chain::Once;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_node::{Action, ControllerError, RestartLimits, RestartPolicy};
use multee_protocol::{Epoch, Parameters};

use crate::support::{Fails, PROBATION, World};

const DEVICE: usize = 3;
const LIMITS: RestartLimits = RestartLimits { per_epoch_max: 2, first_rest_s: 60, longest_rest_s: 600 };
const POLICY: RestartPolicy = RestartPolicy::WhenNeeded(LIMITS);

/// A network of which one device keeps a state.
struct Story {
    world: World,
    directory: tempfile::TempDir,
}

impl Story {
    fn new() -> Self {
        let (world, directory) = (World::new(6), tempfile::tempdir().expect("directory"));
        let mut story = Self { world, directory };
        story.resume(POLICY);
        story.world.play_all(0..=1);
        story
    }

    fn resume(&mut self, policy: RestartPolicy) {
        self.world.resume(DEVICE, &self.directory.path().join("state"), policy);
    }

    fn tick(&mut self) -> Result<Vec<Action>, ControllerError> {
        self.world.devices[DEVICE].tick()
    }

    fn incarnation(&self) -> Address {
        self.seat().incarnation
    }

    fn seat(&self) -> contract::SeatView {
        self.world.seat(self.world.devices[DEVICE].seat)
    }

    fn boots(&self) -> u8 {
        self.world.devices[DEVICE].boots()
    }

    /// The application dies, and nobody notices before the next epoch.
    fn lose_app(&mut self) {
        self.world.devices[DEVICE].kill_app();
        self.resume(POLICY);
    }

    fn all_but_it_tick(&mut self, epoch: Epoch) {
        for device in (0..6).filter(|device| *device != DEVICE) {
            self.world.devices[device].tick().unwrap_or_else(|error| panic!("in epoch {epoch}: {error}"));
        }
    }
}

fn is_missing(result: &Result<Vec<Action>, ControllerError>) -> bool {
    matches!(result, Err(ControllerError::NoApplication(_)))
}

#[test]
fn seat_whose_application_runs_on_is_not_restarted() {
    let mut story = Story::new();
    let before = story.incarnation();
    story.resume(POLICY);
    story.world.play(2);
    assert_eq!((story.incarnation(), story.boots()), (before, 1));
    story.world.assert_all_published_once(0..=2);
}

#[test]
fn seat_whose_key_is_lost_is_restarted_and_publishes_in_the_same_epoch() {
    let mut story = Story::new();
    let before = story.incarnation();
    story.lose_app();
    story.world.open(2);
    let done = story.tick().expect("goes on");
    let Some(Action::Restarted(begun)) = done.iter().find(|it| matches!(it, Action::Restarted(_))) else {
        panic!("{done:?}")
    };
    assert!(matches!(done.last(), Some(Action::Published { epoch: 2, .. })), "{done:?}");
    assert!(*begun != before && *begun == story.incarnation() && story.seat().tier == PROBATION);
    story.world.tick_all(2);
    story.world.play_all(3..=5);
    assert!(story.seat().tier != PROBATION, "its peers admit the new incarnation: {:?}", story.seat());
    assert_eq!(story.boots(), 2);
}

#[test]
fn application_that_answers_no_more_is_given_up_after_a_while() {
    let mut story = Story::new();
    let before = story.incarnation();
    story.tick().expect("has it");
    story.world.devices[DEVICE].hang_app();
    story.world.open(2);
    for _ in 0..3 {
        assert!(matches!(story.tick(), Err(ControllerError::Confirm(_))), "it may be busy");
        assert_eq!(story.incarnation(), before);
    }
    let done = story.tick().expect("restarts");
    assert!(matches!(done.last(), Some(Action::Published { epoch: 2, .. })), "{done:?}");
    assert_ne!(story.incarnation(), before);
}

#[test]
fn application_that_was_not_recorded_is_no_new_incarnation() {
    let mut story = Story::new();
    story.world.devices[DEVICE].kill_app();
    // Booted by a controller that was killed before it could record it.
    story.world.devices[DEVICE].boot_unseen();
    story.resume(POLICY);
    story.world.open(2);
    story.tick().expect("goes on");
    assert_eq!(story.boots(), 3, "what nobody recorded is not used");
}

#[test]
fn other_policies_do_not_restart_for_a_lost_key() {
    for policy in [RestartPolicy::Never, RestartPolicy::WhenSuspended] {
        let mut story = Story::new();
        let before = story.incarnation();
        story.world.devices[DEVICE].kill_app();
        story.resume(policy);
        story.world.open(2);
        for _ in 0..3 {
            assert!(is_missing(&story.tick()), "it says so each time");
        }
        assert_eq!((story.incarnation(), story.boots()), (before, 1));
    }
}

#[test]
fn machine_that_cannot_boot_rests_longer_each_time_even_if_its_controller_is_killed() {
    let mut story = Story::new();
    story.lose_app();
    story.world.open(2);
    story.world.devices[DEVICE].break_machine(true);
    assert!(matches!(story.tick(), Err(ControllerError::Confirm(_))), "the first is tried at once");
    let mut rested_s = Vec::new();
    for _ in 0..3 {
        let (boots, mut waited_s) = (story.boots(), 0);
        while story.boots() == boots {
            assert!(waited_s < LIMITS.longest_rest_s, "it is tried again");
            story.resume(POLICY);
            let result = story.tick();
            assert!(is_missing(&result) || story.boots() > boots, "{result:?}");
            if story.boots() == boots {
                story.world.chain.embedded.advance(20).expect("later");
                waited_s += 20;
            }
        }
        rested_s.push(waited_s);
    }
    assert_eq!(rested_s, [60, 120, 240]);
    story.world.devices[DEVICE].break_machine(false);
    story.world.chain.embedded.advance(LIMITS.longest_rest_s).expect("later");
    let done = story.tick().expect("boots");
    assert!(matches!(done.last(), Some(Action::Published { epoch: 2, .. })), "{done:?}");
    // What was counted is forgiven by the publication.
    story.lose_app();
    let boots = story.boots();
    story.tick().expect("boots at once");
    assert_eq!(story.boots(), boots + 1);
}

#[test]
fn restarts_of_one_epoch_are_limited() {
    let mut story = Story::new();
    story.world.open(2);
    story.all_but_it_tick(2);
    for restart in 0..3 {
        story.lose_app();
        story.world.chain.embedded.advance(LIMITS.longest_rest_s).expect("later");
        let before = story.incarnation();
        let result = story.tick();
        assert_eq!(story.incarnation() != before, restart < 2, "{restart}: {result:?}");
    }
    let before = story.incarnation();
    story.world.enter(3);
    story.tick().expect("opens, and restarts");
    assert_ne!(story.incarnation(), before, "another epoch");
}

#[test]
fn incarnation_that_may_be_alive_elsewhere_is_left_alone_as_long_as_it_publishes() {
    let mut story = Story::new();
    let before = story.incarnation();
    // Another machine of the same operator's: it never had the seat's application.
    std::fs::remove_file(story.directory.path().join("state")).expect("removed");
    story.lose_app();
    story.world.open(2);
    story.all_but_it_tick(2);
    assert!(is_missing(&story.tick()));
    assert_eq!((story.incarnation(), story.boots()), (before, 1));
    // Nobody published for the seat in epoch 2.
    story.world.open(3);
    story.all_but_it_tick(3);
    story.tick().expect("restarts");
    assert_ne!(story.incarnation(), before);
}

#[test]
fn restart_that_is_sent_again_is_the_same_transaction() {
    for fails in [Fails::Before, Fails::After] {
        let mut story = Story::new();
        story.lose_app();
        story.world.open(2);
        story.world.chain.arm(contract::restartCall::SELECTOR, fails);
        story.tick().expect_err("its receipt is lost");
        story.resume(POLICY);
        story.tick().expect("goes on");
        story.world.tick_all(2);
        assert_eq!(story.boots(), 2, "{fails:?}: what was booted for it is used");
        story.world.assert_all_published_once(0..=2);
    }
}

#[test]
fn publication_is_sent_under_its_blocks_key_and_in_vain_only_once() {
    let selector = contract::publishCall::SELECTOR;
    let mut story = Story::new();
    let sent_by_it = |story: &Story, before: usize| story.world.chain.sent(selector).split_off(before);
    story.world.open(2);
    let before = story.world.chain.sent(selector).len();
    story.world.chain.arm(selector, Fails::Before);
    story.tick().expect_err("not sent");
    story.resume(POLICY);
    story.tick().expect("publishes");
    let sent = sent_by_it(&story, before);
    let [Once::Key(first), Once::Key(second)] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(first, second);
    story.world.tick_all(2);
    // On probation with an undecided block: the contract takes none.
    story.lose_app();
    story.world.open(3);
    story.tick().expect("restarts and publishes");
    story.all_but_it_tick(3);
    story.world.open(4);
    let before = story.world.chain.sent(selector).len();
    let done = [story.tick().expect("tries"), story.tick().expect("tries again")].concat();
    assert!(done.iter().any(|it| matches!(it, Action::NotTaken(_))), "{done:?}");
    let sent = sent_by_it(&story, before);
    let [Once::Key(third)] = sent[..] else {
        panic!("it is asked for before it is sent in vain again: {sent:?}")
    };
    assert_ne!(third, second, "another block has another key");
}

#[test]
fn suspended_seat_restarts_under_this_policy_too() {
    let mut world = World::with(6, Parameters::default(), Some(2));
    let directory = tempfile::tempdir().expect("directory");
    world.resume(2, &directory.path().join("state"), POLICY);
    let before = world.seat(world.devices[2].seat).incarnation;
    world.play_all(0..=8);
    let view = world.seat(world.devices[2].seat);
    assert!(view.incarnation != before && view.suspendedEpoch > 0 && view.lastEpoch >= 7, "{view:?}");
    assert_eq!(world.devices[2].boots(), 2);
}
