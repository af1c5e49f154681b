//! The agents' book against the machine, and what honest networks are paid.

use multee_protocol::Tier;

use super::*;
use crate::scenario::Rules;
use crate::strategy::Evidence;

fn compare(network: &Network) {
    for (number, device) in (1..).zip(&network.book.devices).filter(|(_, device)| device.seated) {
        let seat = network.state.seat_view(SeatId(number)).expect("a seat");
        assert_eq!(device.score, seat.score.bps());
        assert_eq!(device.blocked, seat.tier == Tier::Blocked);
        assert_eq!(device.probation && !device.blocked, seat.tier == Tier::Probation);
        assert_eq!(device.suspended && !device.blocked, seat.tier == Tier::Suspended);
        assert_eq!(device.unverified, seat.power.unverified);
        assert_eq!(device.exiting, seat.exiting);
        assert_eq!(device.last_digest, seat.last_digest);
    }
}

#[test]
fn the_book_kept_from_events_is_what_the_machine_shows() {
    let strategies = [Strategy::Collusion, Strategy::WhitewashRestart, Strategy::OnOff { edge_bps: 7500 }];
    for strategy in strategies {
        for evidence in [Evidence::Forged, Evidence::Genuine] {
            let scenario = Scenario { strategy, evidence, ..Scenario::new(Rules::Multee, 60, 25) };
            let mut network = Network::found(&scenario, 0).expect("founded");
            for epoch in 0..50 {
                network.play_epoch(epoch).expect("played");
                compare(&network);
            }
        }
    }
}

#[test]
fn nothing_that_is_due_is_left_when_an_epoch_ends() {
    let scenario = Scenario::new(Rules::Multee, 60, 20);
    let mut network = Network::found(&scenario, 0).expect("founded");
    for epoch in 0..40 {
        network.play_epoch(epoch).expect("played");
        let now = network.moment.timestamp_s;
        for published in epoch.saturating_sub(15)..=epoch {
            for seat in 1..=60 {
                let block = network.state.block_view_of_seat(SeatId(seat), published, now);
                assert!(!block.is_ok_and(|block| block.due), "seat {seat}, {published} in {epoch}");
            }
        }
    }
}

#[test]
fn honest_networks_are_paid_as_reckoned() {
    let scenario =
        Scenario { strategy: Strategy::Honest, epochs_max: 30, ..Scenario::new(Rules::Multee, 50, 20) };
    let run = play(&scenario, 0, &|| ()).expect("played");
    assert!((run.reward_abusive - run.reward_abusive_if_honest).abs() < 1e-6, "{run:?}");
    assert!((run.reward_honest - 1.5 * run.reward_abusive).abs() < 1e-6, "{run:?}");
    assert_eq!((run.honest_score_min, run.publications, run.restarts), (10_000, 1500, 0));
}
