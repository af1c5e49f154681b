//! What holds of every run, whatever is simulated.

use multee_simulator::{Evidence, Order, Rules, Run, Runs, Scenario, SimulationError, Strategy, simulate};

fn played(scenario: &Scenario, runs: u32, threads: usize) -> Vec<Run> {
    let runs = simulate(scenario, Runs { runs, threads }, &|| ()).expect("played");
    runs.into_iter().map(Run::without_speed).collect()
}

#[test]
fn the_same_seed_gives_the_same_result_on_any_number_of_threads() {
    for rules in [Rules::Multee, Rules::Published] {
        let scenario = Scenario { seed: 7, ..Scenario::new(rules, 120, 40) };
        let alone = played(&scenario, 5, 1);
        for threads in [2, 3, 16] {
            assert_eq!(alone, played(&scenario, 5, threads));
        }
        assert_ne!(alone[0].series, alone[1].series, "runs differ");
        let other = Scenario { seed: 8, ..scenario };
        assert_ne!(alone, played(&other, 5, 2), "seeds differ");
    }
}

#[test]
fn nothing_runs_of_what_makes_no_sense() {
    let scenario = Scenario::new(Rules::Multee, 100, 101);
    let told = || panic!("an epoch was played");
    let refused = simulate(&scenario, Runs::on_all_cores(3), &told);
    assert!(matches!(refused, Err(SimulationError::Scenario(_))), "{refused:?}");
}

#[test]
fn every_epoch_of_every_run_is_told() {
    let told = std::sync::atomic::AtomicU32::new(0);
    let scenario =
        Scenario { strategy: Strategy::Honest, epochs_max: 12, ..Scenario::new(Rules::Multee, 10, 2) };
    let count = || {
        told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    simulate(&scenario, Runs { runs: 3, threads: 2 }, &count).expect("played");
    assert_eq!(told.into_inner(), 36);
}

#[test]
fn a_third_in_collusion_is_blocked_in_any_order_and_no_honest_device_is() {
    for order in [Order::Random, Order::AbusiveFirst, Order::AbusiveLast] {
        for run in played(&Scenario { order, ..Scenario::new(Rules::Multee, 400, 130) }, 2, 2) {
            assert_eq!((run.abusive_blocked, run.honest_blocked), (130, 0), "{order:?}");
            assert!(run.deposit_lost_abusive > 12_999.0 && run.deposit_lost_honest < 1.0);
            assert!(run.reward_abusive < run.reward_abusive_if_honest, "{run:?}");
        }
    }
}

#[test]
fn slanderers_with_genuine_evidence_lose_their_weight_and_block_nobody() {
    let scenario =
        Scenario { evidence: Evidence::Genuine, epochs_max: 60, ..Scenario::new(Rules::Multee, 400, 130) };
    for run in played(&scenario, 2, 2) {
        assert_eq!(run.honest_blocked, 0);
        assert!(run.abusive_weight_end < 0.2, "{}", run.abusive_weight_end);
    }
}
