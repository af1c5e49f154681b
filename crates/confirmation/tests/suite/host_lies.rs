//! What a host can tell its Confirmation Application, and that no honest block suffers.

use alloy_primitives::{B256, Bytes, keccak256};
use multee_confirmation::{AssignedBlock, Confirm, Duty, EpochContext};
use multee_mock_vendor::{CollateralSpec, PlatformSpec};
use multee_protocol::{Deployment, Epoch, Mark, SeatId, TeeType, evidence_binding, latest_bindings};

use crate::world::{
    AGENT, DEPLOYMENT, EPOCH_S, GENESIS_S, NUMBER, OLD_AGENT, World, policy_document, vendor, verdict,
};

const EPOCH: Epoch = 4;

/// The mark of a sound block after a lie.
fn after(world: &World, lie: impl FnOnce(&mut Duty)) -> (Mark, String) {
    let assigned = world.sound_peer(5, TeeType::Sgx).publish(world, EPOCH);
    let mut duty = world.duty(EPOCH + 1, vec![assigned]);
    assert_eq!(verdict(&duty).mark, Mark::Valid, "sound before the lie");
    lie(&mut duty);
    let verdict = verdict(&duty);
    (verdict.mark, verdict.reason)
}

fn abstains(world: &World, reason: &str, lie: impl FnOnce(&mut Duty)) {
    let (mark, found) = after(world, lie);
    assert_eq!(mark, Mark::Abstain, "{found}");
    assert!(found.contains(reason), "{found}");
}

#[test]
fn other_contexts_lead_to_abstention() {
    let world = World::new();
    let lies: [fn(&mut EpochContext); 4] = [
        // When no certificate of the vendor held.
        |context| context.epoch_start_s = GENESIS_S - EPOCH_S,
        |context| context.epoch_start_s += 1000 * EPOCH_S,
        |context| context.seed = B256::ZERO,
        |context| context.reference_digest = B256::ZERO,
    ];
    for lie in lies {
        abstains(&world, "another challenge", |duty| lie(&mut duty.assigned[0].context));
    }
    abstains(&world, "another epoch", |duty| duty.assigned[0].context.epoch += 1);
}

#[test]
fn other_deployment_leads_to_abstention() {
    let world = World::new();
    abstains(&world, "another challenge", |duty| duty.deployment = Deployment { chain_id: 1, ..DEPLOYMENT });
}

#[test]
fn stricter_policy_leads_to_abstention() {
    let world = World::new();
    let mut document = policy_document(&vendor(1));
    document["required_features"] = serde_json::json!({ "sgx": ["quantum"] });
    let strict = World::with_policy(vendor(1), &document);
    let policy = |duty: &mut Duty| duty.policies.push(strict.policy.clone());
    // Named as the block's own, it makes another challenge; offered under the right name, it has another digest.
    abstains(&world, "another challenge", |duty| {
        policy(duty);
        duty.assigned[0].context.policy_digest = strict.policy_digest();
    });
    abstains(&world, "policy", |duty| duty.policies = vec![strict.policy.clone()]);
    abstains(&world, "policy", |duty| duty.policies = vec![Bytes::from_static(b"{}"), Bytes::new()]);
}

#[test]
fn shorter_list_of_reference_values_leads_to_abstention() {
    let world = World::new();
    let agent = world.measurement(TeeType::Sgx, AGENT);
    abstains(&world, "reference values", |duty| {
        duty.references[0].retain(|value| value.measurement != agent);
    });
    abstains(&world, "reference values", |duty| {
        duty.references[0].iter_mut().for_each(|value| value.until_epoch = value.from_epoch);
    });
    // A range turned around, as no contract would have it.
    abstains(&world, "reference values", |duty| duty.references[0][0].from_epoch = 9);
    abstains(&world, "reference values", |duty| duty.references.clear());
}

#[test]
fn order_of_reference_values_does_not_matter() {
    let world = World::new();
    assert_eq!(after(&world, |duty| duty.references[0].reverse()).0, Mark::Valid);
}

#[test]
fn withheld_root_leads_to_abstention() {
    let world = World::new();
    abstains(&world, "policy", |duty| duty.roots.clear());
    abstains(&world, "policy", |duty| duty.roots = vec![vendor(2).root_der().to_vec().into()]);
}

#[test]
fn withheld_root_leads_to_abstention_even_if_the_policy_accepts_another() {
    let mut document = policy_document(&vendor(1));
    let other = policy_document(&vendor(2));
    document["roots"] = serde_json::json!([document["roots"][0], other["roots"][0]]);
    let world = World::with_policy(vendor(1), &document);
    let roots = [1, 2].map(|seed| Bytes::from(vendor(seed).root_der().to_vec()));
    let assigned = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    let with = |roots: &[Bytes]| {
        let duty = Duty { roots: roots.to_vec(), ..world.duty(EPOCH + 1, vec![assigned.clone()]) };
        verdict(&duty).mark
    };
    assert_eq!(with(&roots), Mark::Valid);
    assert_eq!(with(&roots[1..]), Mark::Abstain);
    assert_eq!(with(&roots[..1]), Mark::Abstain);
}

#[test]
fn withheld_or_exchanged_evidence_leads_to_abstention() {
    let world = World::new();
    let other = world.sound_peer(6, TeeType::Sgx).publish(&world, EPOCH);
    abstains(&world, "withheld", |duty| duty.assigned[0].evidence = None);
    abstains(&world, "not what was published", |duty| {
        duty.assigned[0].evidence.clone_from(&other.evidence);
    });
    // With its hash, but bound to another block.
    abstains(&world, "not what was published", |duty| {
        duty.assigned[0].evidence.clone_from(&other.evidence);
        duty.assigned[0].evidence_hash = other.evidence_hash;
    });
    abstains(&world, "not what was published", |duty| {
        duty.assigned[0].evidence.clone_from(&other.evidence);
        duty.assigned[0].evidence_hash = other.evidence_hash;
        duty.assigned[0].evidence_binding = other.evidence_binding;
    });
}

/// What it signs of latest blocks it makes of their records itself: of block, evidence and certificates as they are shown, in
/// order of place, and of no others.
#[test]
fn what_was_judged_in_the_places_of_latest_blocks_is_signed() {
    let world = World::new();
    let shown = |index, place| AssignedBlock {
        place,
        ..world.sound_peer(index, TeeType::Sgx).publish(&world, EPOCH)
    };
    let (first, second, third) = (shown(5, 0), shown(6, 1), shown(7, 2));
    let kept = [first.evidence_binding, second.evidence_binding, third.evidence_binding];
    let signed = |latest, assigned: &[&AssignedBlock]| {
        let assigned = assigned.iter().map(|record| (*record).clone()).collect();
        let duty = Duty { latest, ..world.duty(EPOCH + 1, assigned) };
        world.app().confirm(&duty).expect("signs").block.latest_bindings
    };
    let all = [&third, &second, &first];
    assert_eq!(signed(0, &all), B256::ZERO);
    assert_eq!(signed(1, &all), latest_bindings(&kept[..1]));
    assert_eq!(signed(2, &all), latest_bindings(&kept[..2]));
    assert_eq!(signed(3, &all), latest_bindings(&kept));
    assert_eq!(signed(64, &all), latest_bindings(&kept));
    assert_eq!(signed(2, &[&third]), B256::ZERO);
    // What gets an abstention is not judged, whatever the host says of it.
    let withheld = AssignedBlock { evidence: None, ..first.clone() };
    let alien = AssignedBlock { context: world.context(EPOCH - 1), ..second.clone() };
    assert_eq!(signed(2, &[&withheld, &second]), latest_bindings(&kept[1..2]));
    assert_eq!(signed(2, &[&first, &alien]), latest_bindings(&kept[..1]));
    assert_eq!(signed(2, &[&withheld, &alien]), B256::ZERO);
}

#[test]
fn a_records_binding_is_of_its_bytes_whatever_the_host_says_that_they_hash_to() {
    let world = World::new();
    let record = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    let binding = |change: fn(&mut AssignedBlock)| {
        let mut record = record.clone();
        change(&mut record);
        record.binding(&DEPLOYMENT)
    };
    let kept = Some(record.evidence_binding);
    assert_eq!(binding(|_| ()), kept);
    for told in [
        binding(|it| it.evidence_binding = B256::ZERO),
        binding(|it| it.evidence_hash = B256::ZERO),
        binding(|it| it.certificates_hash = B256::repeat_byte(1)),
    ] {
        assert_eq!(told, kept);
    }
    for other in [
        binding(|it| it.block.power += 1),
        binding(|it| it.evidence = Some(Bytes::new())),
        binding(|it| it.certificates = Some(Bytes::new())),
        binding(|it| it.certificates_hash = B256::ZERO),
    ] {
        assert!(other.is_some_and(|it| Some(it) != kept));
    }
    assert_eq!(binding(|it| it.evidence = None), None);
    assert_eq!(binding(|it| it.certificates = None), None);
}

#[test]
fn withheld_or_exchanged_certificates_lead_to_abstention() {
    let world = World::new();
    let other = world.sound_peer(6, TeeType::Sgx).publish(&world, EPOCH);
    abstains(&world, "certificates are withheld", |duty| duty.assigned[0].certificates = None);
    for bytes in [other.certificates.clone().expect("published"), Bytes::new(), Bytes::from_static(b"none")] {
        abstains(&world, "certificates given are not", |duty| {
            duty.assigned[0].certificates = Some(bytes.clone());
        });
        // With a hash that fits: it is bound to the block, too.
        abstains(&world, "not what was published", |duty| {
            duty.assigned[0].certificates_hash = keccak256(&bytes);
            duty.assigned[0].certificates = Some(bytes);
        });
    }
    // As if none had been published.
    abstains(&world, "not what was published", |duty| {
        duty.assigned[0].certificates_hash = B256::ZERO;
        duty.assigned[0].certificates = None;
    });
}

#[test]
fn no_changed_bit_of_certificates_makes_a_negative_mark() {
    let world = World::new();
    let assigned = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    let duty = world.duty(EPOCH + 1, vec![assigned]);
    let certificates = duty.assigned[0].certificates.clone().expect("published");
    for at in (0..certificates.len()).step_by(97) {
        let mut changed = certificates.to_vec();
        changed[at] ^= 1;
        let mut duty = duty.clone();
        duty.assigned[0].certificates = Some(changed.into());
        assert_eq!(verdict(&duty).mark, Mark::Abstain, "byte {at}");
    }
}

#[test]
fn no_changed_bit_of_evidence_makes_a_negative_mark() {
    let world = World::new();
    let assigned = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    let duty = world.duty(EPOCH + 1, vec![assigned]);
    let evidence = duty.assigned[0].evidence.clone().expect("published");
    for at in (0..evidence.len()).step_by(97) {
        let mut changed = evidence.to_vec();
        changed[at] ^= 1;
        let mut duty = duty.clone();
        duty.assigned[0].evidence = Some(changed.into());
        assert_eq!(verdict(&duty).mark, Mark::Abstain, "byte {at}");
    }
}

#[test]
fn altered_block_leads_to_abstention() {
    let world = World::new();
    for lie in [
        |duty: &mut Duty| duty.assigned[0].block.power = 1 << 40,
        |duty: &mut Duty| duty.assigned[0].block.measurement = B256::ZERO,
        |duty: &mut Duty| duty.assigned[0].block.incarnation = [1; 20].into(),
        |duty: &mut Duty| duty.assigned[0].block.properties_digest = B256::ZERO,
        |duty: &mut Duty| duty.assigned[0].block.device_id.0 = B256::ZERO,
        |duty: &mut Duty| duty.assigned[0].block.latest_bindings = B256::repeat_byte(1),
    ] {
        abstains(&world, "not what was published", lie);
    }
    abstains(&world, "another challenge", |duty| duty.assigned[0].block.seat = SeatId(9));
    abstains(&world, "another epoch", |duty| duty.assigned[0].block.epoch = 9);
}

#[test]
fn bad_collateral_leads_to_abstention() {
    let world = World::new();
    let spec = |issued_s, next_update_s, tcb_evaluation_number| CollateralSpec {
        tee: TeeType::Sgx,
        fmspc: PlatformSpec::sound(0, TeeType::Sgx).fmspc,
        issued_s,
        next_update_s,
        tcb_evaluation_number,
    };
    let made = |spec| Bytes::from(world.vendor.collateral_with(spec).expect("in order"));
    let now_s = GENESIS_S + u64::from(EPOCH) * EPOCH_S;
    let bad = [
        ("cannot be read", Bytes::from_static(b"no JSON")),
        ("expired", made(spec(GENESIS_S, now_s - 1, NUMBER))),
        ("not yet valid", made(spec(now_s + 1, now_s + EPOCH_S, NUMBER))),
        ("evaluation number", made(spec(GENESIS_S, now_s + EPOCH_S, NUMBER + 1))),
        ("not for this platform", world.collateral(TeeType::Tdx)),
        (
            "is",
            vendor(2)
                .collateral(TeeType::Sgx, PlatformSpec::sound(0, TeeType::Sgx).fmspc)
                .expect("own")
                .into(),
        ),
    ];
    for (reason, collateral) in bad {
        abstains(&world, reason, |duty| duty.collaterals[0] = collateral);
    }
    abstains(&world, "not given", |duty| duty.assigned[0].collateral = None);
    abstains(&world, "not given", |duty| duty.assigned[0].collateral = Some(2));
}

#[test]
fn faults_of_collateral_hide_no_fault_of_the_device_that_shows_without_it() {
    let world = World::new();
    let mut peer = world.sound_peer(5, TeeType::Sgx);
    peer.debug = true;
    let mut duty = world.duty(EPOCH + 1, vec![peer.publish(&world, EPOCH)]);
    duty.collaterals[0] = Bytes::from_static(b"no JSON");
    assert_eq!(verdict(&duty).mark, Mark::PlatformNotAccepted);
}

/// The limit of it all: the application does not see the chain. What the host makes up entirely, record
/// included, is judged as it is shown, and the device answers for the mark by its judgement (R9).
#[test]
fn record_that_the_host_makes_up_is_judged_as_shown() {
    let world = World::new();
    let (mark, _) = after(&world, |duty| {
        let shown = &mut duty.assigned[0];
        let evidence = Bytes::from_static(b"no evidence");
        shown.evidence_hash = keccak256(&evidence);
        shown.evidence_binding =
            evidence_binding(shown.block.digest(&DEPLOYMENT), shown.evidence_hash, shown.certificates_hash);
        shown.evidence = Some(evidence);
    });
    assert_eq!(mark, Mark::EvidenceInvalid);
}

#[test]
fn lies_about_the_own_epoch_make_a_block_that_the_contract_refuses() {
    let world = World::new();
    let truth = world.duty(EPOCH, Vec::new());
    let lies: [fn(&mut Duty); 6] = [
        |duty| duty.context.epoch += 1,
        |duty| duty.context.epoch_start_s += 1,
        |duty| duty.context.seed = B256::ZERO,
        |duty| duty.context.policy_digest = B256::ZERO,
        |duty| duty.context.reference_digest = B256::ZERO,
        |duty| duty.seat = SeatId(2),
    ];
    for lie in lies {
        let mut duty = truth.clone();
        lie(&mut duty);
        let signed = world.app().confirm(&duty).expect("confirms");
        assert_ne!(signed.block.challenge, truth.challenge());
    }
}

#[test]
fn old_program_is_no_lie() {
    let world = World::new();
    let mut peer = world.sound_peer(5, TeeType::Sgx);
    peer.program = OLD_AGENT;
    assert_eq!(world.verdict(peer.publish(&world, EPOCH)).mark, Mark::Valid);
}
