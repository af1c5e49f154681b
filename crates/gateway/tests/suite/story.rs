//! A story in which nearly everything happens that can happen to seats.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{Answer, Call, Chain};

use crate::town::{OPERATOR, OWNER, POWER, PROVIDER, Town, key, measurement, references};

/// Epochs of the story.
pub(crate) const EPOCHS: u32 = 42;
/// Founding seats; number 9 joins.
pub(crate) const SEATS: u32 = 8;

/// Who can publish: not refused by reversion.
fn publishers(town: &Town, but: &[u32]) -> Vec<u32> {
    let seats = town.read(&contract::networkCall {}).seats;
    let may = |seat: &u32| {
        let view = town.read(&contract::seatOfCall { seat: *seat });
        !but.contains(seat) && !view.exiting && view.operator == key(OPERATOR, *seat).address()
    };
    (1..=seats).filter(may).collect()
}

/// Whether the call would be kept.
fn would(town: &Town, by: &multee_chain::Sender, call: &impl alloy_sol_types::SolCall) -> bool {
    let call = Call::new(town.contract, call).by(by.address());
    matches!(town.chain.call(&call).expect("answers"), Answer::Returned(_))
}

/// Plays one epoch.
pub(crate) fn play(town: &mut Town, epoch: u32) {
    if epoch == 13 {
        let paused = |paused| contract::setPausedCall { paused };
        town.chain.set_time(Town::epoch_start_s(epoch));
        town.send(&key(OWNER, 0), &paused(true));
        return town.send(&key(OWNER, 0), &paused(false));
    }
    town.bad = BTreeSet::from([3]);
    town.bad_epochs = if epoch < 19 { 3..5 } else { 20..24 };
    town.slanderers = if (8..11).contains(&epoch) { BTreeSet::from([5]) } else { BTreeSet::new() };
    town.begin(epoch);
    town.settle(epoch);
    befall(town, epoch);
    // A standstill.
    if (31..37).contains(&epoch) {
        return;
    }
    // Seat 4 is away for long.
    let away: &[u32] = if (6..28).contains(&epoch) { &[4] } else { &[] };
    for seat in publishers(town, away) {
        let power = match (seat, epoch) {
            (2, 10..) => 2 * POWER,
            (1, 29..) => 3 * POWER,
            _ => POWER,
        };
        let certificates: &[u8] = if seat == 1 && epoch == 2 { b"certificates" } else { b"" };
        town.publish(seat, power, certificates);
    }
}

fn befall(town: &mut Town, epoch: u32) {
    match epoch {
        4 => {
            town.join(9);
            let parameters =
                contract::Parameters { scoreGainBps: 2500, ..town.read(&contract::parametersCall {}) };
            town.send(&key(OWNER, 0), &contract::announceParametersCall { parameters_: parameters });
        }
        7 => {
            town.send(&key(OWNER, 0), &contract::setPolicyCall { document: b"{ }".into() });
            let mut values = references(1000);
            let other = B256::repeat_byte(0x56);
            values.push(contract::ReferenceValue { measurement: other, fromEpoch: 3, untilEpoch: 4 });
            town.send(&key(OWNER, 0), &contract::setReferenceValuesCall { values });
        }
        9 => {
            let operator = key(OPERATOR, 6).address();
            town.send(&key(PROVIDER, 6), &contract::setOperatorCall { seat: 6, operator });
        }
        12 => town.send(&key(PROVIDER, 7), &contract::exitCall { seat: 7 }),
        18 => {
            let withdraw = contract::withdrawDepositCall { seat: 7 };
            if would(town, &key(PROVIDER, 7), &withdraw) {
                town.send(&key(PROVIDER, 7), &withdraw);
            }
        }
        19 if town.read(&contract::seatOfCall { seat: 7 }).funds.paidOut => town.rejoin(7),
        16 => {
            let pair = town.equivocation(8);
            town.send(&key(OWNER, 9), &contract::reportEquivocationCall { pair });
            town.send(&key(OWNER, 9), &contract::withdrawBountyCall {});
        }
        20 => town.send(&key(PROVIDER, 1), &contract::withdrawRewardsCall { seat: 1 }),
        21 => {
            let to = key(OWNER, 1).address();
            town.send(
                &key(OWNER, 0),
                &multee_chain::bindings::deployed::Registry::transferOwnershipCall { newOwner: to },
            );
            town.send(&key(OWNER, 1), &multee_chain::bindings::deployed::Registry::acceptOwnershipCall {});
        }
        34 => town.send(&key(OWNER, 1), &contract::announceStandstillCall {}),
        36 => town.send(&key(OWNER, 1), &contract::reviveCall { seats: (1..=9).collect() }),
        _ => {}
    }
    let suspended = town.read(&contract::seatOfCall { seat: 3 });
    let restart =
        contract::restartCall { seat: 3, incarnation: key(99, 3).address(), measurement: measurement() };
    if suspended.tier == 5 && would(town, &key(OPERATOR, 3), &restart) {
        town.restart(3);
    }
}

/// The whole story.
pub(crate) fn played() -> Town {
    let mut town = Town::new(SEATS);
    (0..EPOCHS).for_each(|epoch| play(&mut town, epoch));
    town
}
