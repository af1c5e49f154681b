//! What the application is told of its own block, its documents and its assignment.

use alloy_primitives::{Address, B256, Bytes};
use multee_confirmation::{AssignedBlock, Duty};
use multee_mock_vendor::CollateralSpec;
use multee_protocol::SeatId;

use super::scene::Outcome::{Abstains, Harmless, Refused, Rejected};
use super::scene::Scene;
use crate::support::{EPOCH_S, NUMBER, TEES, spec, start_s, vendor};

/// Collateral of another kind in place of each that is given.
fn collaterals(scene: &Scene, duty: &mut Duty, change: impl Fn(CollateralSpec) -> CollateralSpec) {
    let vendor = &scene.world.reader.vendor;
    let made = |spec| Bytes::from(vendor.collateral_with(spec).expect("in order"));
    for document in &mut duty.collaterals {
        let tee = TEES.into_iter().find(|tee| made(spec(*tee)) == *document).expect("sound before");
        *document = made(change(spec(tee)));
    }
}

#[test]
fn what_the_block_itself_says_is_held_against_the_contract() {
    let scene = Scene::new();
    assert_eq!(scene.outcome(&scene.duty), Harmless);
    scene.check(&[
        ("chain id", Rejected, |_, duty| duty.deployment.chain_id += 1),
        ("contract", Rejected, |_, duty| duty.deployment.contract = Address::ZERO),
        ("a later epoch", Rejected, |_, duty| duty.context.epoch += 1),
        ("an earlier epoch", Rejected, |_, duty| duty.context.epoch -= 1),
        ("start", Rejected, |_, duty| duty.context.epoch_start_s += 1),
        ("seed", Rejected, |_, duty| duty.context.seed = B256::ZERO),
        ("policy digest", Rejected, |_, duty| duty.context.policy_digest = B256::ZERO),
        ("reference digest", Rejected, |_, duty| duty.context.reference_digest = B256::ZERO),
        ("context of the epoch before", Rejected, |scene, duty| duty.context = scene.earlier.context),
        ("seat", Rejected, |_, duty| duty.seat = SeatId(duty.seat.0 + 1)),
        ("device id", Rejected, |scene, duty| duty.device_id = scene.other.device_id),
        ("measurement", Rejected, |_, duty| duty.measurement = B256::ZERO),
        ("previous digest", Rejected, |scene, duty| duty.previous_digest = scene.earlier.previous_digest),
        ("the duty of another seat", Rejected, |scene, duty| *duty = scene.other.clone()),
        ("the duty of the epoch before", Rejected, |scene, duty| *duty = scene.earlier.clone()),
    ]);
}

#[test]
fn altered_documents_lead_to_abstentions() {
    let scene = Scene::new();
    scene.check(&[
        ("no policies", Abstains, |_, duty| duty.policies.clear()),
        ("a policy that is altered", Abstains, |_, duty| {
            duty.policies[0] = [&duty.policies[0][..], b" "].concat().into();
        }),
        ("a policy more", Harmless, |_, duty| duty.policies.push(Bytes::from_static(b"{}"))),
        ("no roots", Abstains, |_, duty| duty.roots.clear()),
        ("another's root", Abstains, |_, duty| duty.roots = vec![vendor(2).root_der().to_vec().into()]),
        ("a root more", Harmless, |_, duty| duty.roots.push(vendor(2).root_der().to_vec().into())),
        ("no reference values", Abstains, |_, duty| duty.references.clear()),
        ("a reference value less", Abstains, |_, duty| duty.references[0].truncate(1)),
        ("no epochs of a reference value", Abstains, |_, duty| duty.references[0][0].until_epoch = 0),
        // What would make the bad block a good one.
        ("the bad block's measurement allowed", Abstains, |scene, duty| {
            let mut value = duty.references[0][0];
            value.measurement = duty.assigned[scene.bad()].block.measurement;
            duty.references[0].push(value);
        }),
        ("no collateral", Abstains, |_, duty| duty.collaterals.clear()),
        ("collateral that cannot be read", Abstains, |_, duty| {
            duty.collaterals.fill(Bytes::from_static(b"?"));
        }),
        ("expired collateral", Abstains, |scene, duty| {
            collaterals(scene, duty, |spec| CollateralSpec { next_update_s: start_s(0) - 1, ..spec });
        }),
        ("collateral from later", Abstains, |scene, duty| {
            let issued_s = start_s(9) + u64::from(EPOCH_S);
            collaterals(scene, duty, |spec| CollateralSpec { issued_s, ..spec });
        }),
        ("collateral of another evaluation", Abstains, |scene, duty| {
            collaterals(scene, duty, |spec| CollateralSpec { tcb_evaluation_number: NUMBER + 1, ..spec });
        }),
        ("collateral of another vendor", Abstains, |_, duty| {
            for (document, tee) in duty.collaterals.iter_mut().zip(TEES) {
                *document = vendor(2).collateral_with(spec(tee)).expect("in order").into();
            }
        }),
        ("collateral of another kind of TEE", Abstains, |scene, duty| {
            collaterals(scene, duty, |it| spec(if it.tee == TEES[0] { TEES[1] } else { TEES[0] }));
        }),
    ]);
}

#[test]
fn altered_assignments_lead_to_abstentions_and_rejections() {
    let scene = Scene::new();
    scene.check(&[
        ("nothing", Abstains, |_, duty| duty.assigned.clear()),
        ("without the honest", Abstains, |scene, duty| drop(duty.assigned.remove(scene.honest()))),
        ("without the bad", Abstains, |scene, duty| drop(duty.assigned.remove(scene.bad()))),
        ("another order", Harmless, |_, duty| duty.assigned.reverse()),
        ("a place twice", Refused, |_, duty| duty.assigned.push(duty.assigned[0].clone())),
        ("a place beyond all", Refused, |_, duty| duty.assigned[0].place = 64),
        ("a place that is not assigned", Rejected, |_, duty| {
            duty.assigned.push(AssignedBlock { place: 63, ..duty.assigned[0].clone() });
        }),
        ("the assignment of the epoch before", Abstains, |scene, duty| {
            // What it shows is of contexts whose documents are the same; its blocks are others.
            duty.assigned = scene.earlier.assigned.clone();
            duty.assigned.iter_mut().for_each(|shown| shown.evidence = None);
        }),
    ]);
}
