//! What the application is told of the blocks that are assigned to it.

use std::cell::Cell;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use multee_confirmation::{AssignedBlock, EpochContext};
use multee_protocol::{ConfirmationBlock, Marks, SeatId};

use super::scene::Outcome::{Abstains, Harmless};
use super::scene::{Alter, Scene, flipped};
use crate::support::EPOCH_S;

/// Whatever is altered of one block, the others keep their marks, and it gets its own or an abstention.
#[test]
fn altered_records_lead_to_abstentions() {
    let scene = Scene::new();
    let block: [Alter<ConfirmationBlock>; 11] = [
        |_, block| block.seat = SeatId(9),
        |scene, block| block.device_id = scene.duty.device_id,
        |_, block| block.incarnation = Address::ZERO,
        |_, block| block.epoch += 1,
        |_, block| block.previous_digest = B256::repeat_byte(1),
        |_, block| block.challenge = B256::ZERO,
        |_, block| block.measurement = B256::repeat_byte(2),
        |_, block| block.power += 1,
        |_, block| block.properties_digest = B256::ZERO,
        |_, block| block.marks = Marks(U256::from(0x11)),
        |_, block| block.latest_bindings = B256::repeat_byte(3),
    ];
    let context: [Alter<EpochContext>; 5] = [
        |_, context| context.epoch += 1,
        |_, context| context.epoch_start_s += u64::from(EPOCH_S),
        |_, context| context.seed = B256::ZERO,
        |_, context| context.policy_digest = B256::ZERO,
        |_, context| context.reference_digest = B256::ZERO,
    ];
    let record: [Alter<AssignedBlock>; 14] = [
        |_, shown| shown.evidence_binding = B256::ZERO,
        |_, shown| shown.evidence_hash = B256::ZERO,
        |_, shown| shown.evidence = None,
        |_, shown| shown.evidence = Some(Bytes::new()),
        |_, shown| shown.evidence = shown.evidence.as_ref().map(flipped),
        |_, shown| {
            shown.evidence = shown.evidence.as_ref().map(flipped);
            shown.evidence_hash = keccak256(shown.evidence.as_ref().expect("given"));
        },
        |_, shown| shown.certificates_hash = B256::ZERO,
        |_, shown| shown.certificates = None,
        |_, shown| shown.certificates = Some(Bytes::new()),
        |_, shown| shown.certificates = shown.certificates.as_ref().map(flipped),
        |_, shown| {
            shown.certificates = shown.certificates.as_ref().map(flipped);
            shown.certificates_hash = keccak256(shown.certificates.as_ref().expect("given"));
        },
        |_, shown| (shown.certificates, shown.certificates_hash) = (None, B256::ZERO),
        |_, shown| shown.collateral = None,
        |_, shown| shown.collateral = shown.collateral.map(|index| index ^ 1),
    ];
    let parts: [(&str, Alter<(AssignedBlock, AssignedBlock)>); 5] = [
        ("block", |_, (shown, other)| shown.block = other.block),
        ("context", |_, (shown, other)| shown.context = other.context),
        ("evidence", |_, (shown, other)| shown.evidence.clone_from(&other.evidence)),
        ("certificates", |_, (shown, other)| shown.certificates.clone_from(&other.certificates)),
        ("binding", |_, (shown, other)| shown.evidence_binding = other.evidence_binding),
    ];
    let checked = Cell::new(0);
    for at in 0..scene.duty.assigned.len() {
        let check = |name: String, alter: &dyn Fn(&mut AssignedBlock)| {
            let mut altered = scene.duty.clone();
            alter(&mut altered.assigned[at]);
            if altered != scene.duty {
                let is_bad = scene.true_mark(scene.duty.assigned[at].place).is_negative();
                let outcome = scene.outcome(&altered);
                checked.set(checked.get() + 1);
                // What is wrong with a bad block may show without what was altered.
                assert!(
                    outcome == Abstains || is_bad && outcome == Harmless,
                    "{name} of block {at}: {outcome:?}"
                );
            }
        };
        for (index, alter) in block.iter().enumerate() {
            check(format!("block {index}"), &|shown| alter(&scene, &mut shown.block));
        }
        for (index, alter) in context.iter().enumerate() {
            check(format!("context {index}"), &|shown| alter(&scene, &mut shown.context));
        }
        for (index, alter) in record.iter().enumerate() {
            check(format!("record {index}"), &|shown| alter(&scene, shown));
        }
        for (name, alter) in parts {
            for other in &scene.duty.assigned {
                check(format!("another's {name}"), &|shown| {
                    let mut pair = (shown.clone(), other.clone());
                    alter(&scene, &mut pair);
                    // The same epoch's context is no alteration of it.
                    *shown = pair.0;
                });
            }
        }
    }
    // Of parts that are exchanged, some are the same; all other alterations are some.
    assert!(checked.get() > scene.duty.assigned.len() * 30, "{}", checked.get());
}
