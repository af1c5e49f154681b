//! What the application answers, on its way to the contract.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::{Confirm, SignedBlock};
use multee_protocol::evidence_binding;

use super::scene::{Scene, flipped};

type Alteration = (&'static str, fn(&mut contract::Publication));

#[test]
fn altered_answers_are_rejected_by_the_contract() {
    let scene = Scene::new();
    let taken = scene.publication(&scene.truth);
    assert!(scene.is_taken(&taken));
    let alterations: [Alteration; 14] = [
        ("seat", |it| it.seat += 1),
        ("power", |it| it.power += 1),
        ("previous digest", |it| it.previousDigest = B256::ZERO),
        ("challenge", |it| it.challenge = B256::ZERO),
        ("properties digest", |it| it.propertiesDigest = B256::ZERO),
        ("marks", |it| it.marks = U256::ZERO),
        ("one mark", |it| it.marks ^= U256::from(3)),
        ("latest bindings", |it| it.latestBindings = B256::ZERO),
        ("device id", |it| it.deviceId = B256::ZERO),
        ("incarnation", |it| it.incarnation = Address::ZERO),
        ("measurement", |it| it.measurement = B256::ZERO),
        ("certificates hash", |it| it.certificatesHash = B256::repeat_byte(1)),
        ("r", |it| it.r.0[31] ^= 1),
        ("vs", |it| it.vs.0[0] ^= 0x80),
    ];
    for (name, alter) in alterations {
        let mut altered = taken.clone();
        alter(&mut altered.publication);
        assert_ne!(altered.abi_encode(), taken.abi_encode(), "{name}");
        assert!(!scene.is_taken(&altered), "{name}");
    }
}

/// Evidence and certificates are under no signature of the block's, for they vouch for it. Other bytes are taken, and
/// condemn the seat whose host sends them: it gains nothing.
#[test]
fn altered_evidence_of_the_own_block_condemns_the_own_block() {
    let scene = Scene::new();
    let alterations: [fn(&mut SignedBlock); 4] = [
        |signed| signed.evidence = flipped(&signed.evidence),
        |signed| signed.evidence = Bytes::new(),
        |signed| signed.certificates = flipped(&signed.certificates),
        |signed| signed.certificates = Bytes::new(),
    ];
    for (index, alter) in alterations.iter().enumerate() {
        let mut altered = scene.truth.clone();
        alter(&mut altered);
        let (evidence_hash, certificates_hash) =
            (keccak256(&altered.evidence), keccak256(&altered.certificates));
        let certificates_hash = if altered.certificates.is_empty() { B256::ZERO } else { certificates_hash };
        let digest = altered.block.digest(&scene.duty.deployment);
        let mut duty = scene.other.clone();
        duty.context.epoch += 1;
        duty.assigned.truncate(1);
        let shown = &mut duty.assigned[0];
        shown.block = altered.block;
        shown.context = scene.duty.context;
        shown.evidence_binding = evidence_binding(digest, evidence_hash, certificates_hash);
        (shown.evidence_hash, shown.certificates_hash) = (evidence_hash, certificates_hash);
        (shown.evidence, shown.certificates) = (Some(altered.evidence), Some(altered.certificates));
        let verdicts = scene.app().confirm(&duty).expect("signs").verdicts;
        assert!(verdicts[0].mark.is_negative(), "{index}: {:?}", verdicts[0]);
    }
}
