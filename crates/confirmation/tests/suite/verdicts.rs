//! Every mark, and what earns it (R4, R16).

use alloy_primitives::Bytes;
use multee_confirmation::{Confirm, ConfirmationApp};
use multee_evidence::{EvidenceBundle, Properties, SplitQuote};
use multee_mock_vendor::{PlatformSpec, QuoteSpec, QuotingEnclave, TcbLevel, alter_body};
use multee_protocol::{DeviceId, Epoch, Mark, TeeType};

use crate::world::{
    AGENT, DEPLOYMENT, Evidence, OLD_AGENT, Peer, SGX_POWER_MAX, TEES, World, policy_document, rng, vendor,
    verdict,
};

const EPOCH: Epoch = 4;

/// What a verifier finds about the block of a peer that is not quite sound.
fn found(world: &World, tee: TeeType, change: impl FnOnce(&mut Peer)) -> (Mark, String) {
    let mut peer = world.sound_peer(5, tee);
    change(&mut peer);
    let verdict = world.verdict(peer.publish(world, EPOCH));
    (verdict.mark, verdict.reason)
}

/// As `found`, of a peer on another kind of machine.
fn found_on(spec: PlatformSpec) -> Mark {
    let world = World::new();
    world.verdict(world.peer(spec).publish(&world, EPOCH)).mark
}

#[test]
fn sound_blocks_are_valid() {
    let world = World::new();
    for tee in TEES {
        let expected = "the evidence verifies and means what the block says".to_owned();
        assert_eq!(found(&world, tee, |_| ()), (Mark::Valid, expected));
    }
}

#[test]
fn block_that_an_application_signed_is_valid_to_its_peers() {
    let world = World::new();
    let signed = world.app().confirm(&world.duty(EPOCH, Vec::new())).expect("confirms");
    let verifiers_host = world.sound_peer(77, TeeType::Sgx);
    let assigned = verifiers_host.published_bytes(
        &world,
        &signed.block,
        signed.evidence.to_vec(),
        signed.certificates.to_vec(),
    );
    assert_eq!(world.verdict(assigned).mark, Mark::Valid);
}

#[test]
fn each_place_gets_the_mark_of_its_own_block() {
    let world = World::new();
    let bad = world.peer(PlatformSpec { tcb: TcbLevel::Outdated, ..PlatformSpec::sound(6, TeeType::Tdx) });
    let mut assigned =
        vec![world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH), bad.publish(&world, EPOCH)];
    (assigned[0].place, assigned[1].place) = (63, 0);
    let mut app: ConfirmationApp = world.app();
    let signed = app.confirm(&world.duty(EPOCH + 1, assigned)).expect("confirms");
    let places: Vec<(u8, Mark)> =
        signed.verdicts.iter().map(|verdict| (verdict.place, verdict.mark)).collect();
    assert_eq!(places, [(0, Mark::PlatformNotAccepted), (63, Mark::Valid)]);
    for (place, mark) in places {
        assert_eq!(signed.block.marks.get(usize::from(place)), Ok(mark));
    }
    assert_eq!(app.quotes_verified(), 2);
}

#[test]
fn evidence_that_does_not_verify_is_invalid() {
    let world = World::new();
    for tee in TEES {
        let peer = world.sound_peer(5, tee);
        let block = peer.block(&world, EPOCH);
        let sound = peer.evidence(&block);

        let mut altered = sound.clone();
        alter_body(&mut altered.quote);
        assert_eq!(world.verdict(peer.published(&world, &block, &altered)).mark, Mark::EvidenceInvalid);

        let spec = QuoteSpec::of_program(tee, AGENT, block.report_data(&DEPLOYMENT));
        let chainless =
            Evidence { quote: peer.platform.quote_without_chain(&spec).expect("same TEE"), ..sound };
        assert_eq!(world.verdict(peer.published(&world, &block, &chainless)).mark, Mark::EvidenceInvalid);

        let garbage = peer.published_bytes(&world, &block, b"no bundle".to_vec(), vec![]);
        assert_eq!(world.verdict(garbage).mark, Mark::EvidenceInvalid);

        let foreign =
            PlatformSpec { quoting_enclave: QuotingEnclave::Foreign, ..PlatformSpec::sound(5, tee) };
        assert_eq!(found_on(foreign), Mark::EvidenceInvalid);
    }
}

#[test]
fn evidence_whose_certificates_were_not_published_is_invalid() {
    let world = World::new();
    for tee in TEES {
        let peer = world.sound_peer(5, tee);
        let published = peer.publish(&world, EPOCH);
        assert_eq!(world.verdict(published.clone()).mark, Mark::Valid);
        let evidence = published.evidence.clone().expect("published").to_vec();
        let mut bare = peer.published_bytes(&world, &published.block, evidence, vec![]);
        let verdict = world.verdict(bare.clone());
        assert_eq!(verdict.mark, Mark::EvidenceInvalid, "{}", verdict.reason);
        // Every verifier finds the same, whatever its host brings and whatever collateral there is.
        for certificates in [None, published.certificates.clone(), Some(Bytes::from_static(b"others"))] {
            bare.certificates = certificates;
            assert_eq!(world.verdict(bare.clone()), verdict);
            bare.collateral = None;
            assert_eq!(world.verdict(bare.clone()), verdict);
        }
    }
}

#[test]
fn evidence_with_other_certificates_than_its_own_is_invalid() {
    let world = World::new();
    let peer = world.sound_peer(5, TeeType::Sgx);
    let published = peer.publish(&world, EPOCH);
    let evidence = published.evidence.clone().expect("published").to_vec();
    let neighbours = world.sound_peer(6, TeeType::Sgx).publish(&world, EPOCH).certificates;
    let own = published.certificates.clone().expect("published");
    assert_ne!(neighbours.as_ref(), Some(&own));
    for certificates in [neighbours.expect("published").to_vec(), own[1..].to_vec(), vec![0; 16_000]] {
        let assigned = peer.published_bytes(&world, &published.block, evidence.clone(), certificates);
        assert_eq!(world.verdict(assigned).mark, Mark::EvidenceInvalid);
    }
}

#[test]
fn evidence_that_holds_its_whole_quote_needs_no_certificates() {
    let world = World::new();
    for tee in TEES {
        let peer = world.sound_peer(5, tee);
        let block = peer.block(&world, EPOCH);
        let Evidence { properties, quote } = peer.evidence(&block);
        let whole = EvidenceBundle { properties, quote: SplitQuote::whole(&quote) }.encode().expect("small");
        let assigned = peer.published_bytes(&world, &block, whole, vec![]);
        assert_eq!(world.verdict(assigned).mark, Mark::Valid);
    }
}

#[test]
fn certificates_that_belong_elsewhere_are_not_put_where_they_would_do() {
    let world = World::new();
    let peer = world.sound_peer(5, TeeType::Tdx);
    let block = peer.block(&world, EPOCH);
    let (sound, certificates) = EvidenceBundle::split(vec![], &peer.evidence(&block).quote);
    let len = sound.quote.rest().len();
    for at in [0, sound.quote.at() - 1, sound.quote.at() + 1, len].into_iter().filter(|at| *at <= len) {
        let quote = SplitQuote::new(at, sound.quote.rest().to_vec()).expect("inside");
        let evidence =
            EvidenceBundle { properties: peer.properties.encode(), quote }.encode().expect("small");
        let assigned = peer.published_bytes(&world, &block, evidence, certificates.clone());
        let expected = if at == sound.quote.at() { Mark::Valid } else { Mark::EvidenceInvalid };
        assert_eq!(world.verdict(assigned).mark, expected, "at {at}");
    }
}

#[test]
fn evidence_of_another_vendor_is_invalid() {
    let world = World::new();
    let other = World::with_policy(vendor(2), &policy_document(&vendor(2)));
    let peer = other.sound_peer(5, TeeType::Sgx);
    let mut block = peer.block(&other, EPOCH);
    block.challenge = world.context(EPOCH).challenge(DEPLOYMENT, peer.seat);
    assert_eq!(
        world.verdict(peer.published(&world, &block, &peer.evidence(&block))).mark,
        Mark::EvidenceInvalid
    );
}

#[test]
fn faulty_quote_is_invalid_even_when_no_collateral_can_be_had() {
    let world = World::new();
    let peer = world.sound_peer(5, TeeType::Tdx);
    let block = peer.block(&world, EPOCH);
    let evidence = Evidence { quote: vec![0xFF; 700], ..peer.evidence(&block) };
    let mut assigned = peer.published(&world, &block, &evidence);
    assigned.collateral = None;
    assert_eq!(world.verdict(assigned).mark, Mark::EvidenceInvalid);
}

#[test]
fn what_does_not_fit_the_block_shows_without_collateral() {
    let world = World::new();
    let mark = |change: fn(&mut Peer)| {
        let mut peer = world.sound_peer(5, TeeType::Tdx);
        change(&mut peer);
        let mut assigned = peer.publish(&world, EPOCH);
        assigned.collateral = None;
        world.verdict(assigned).mark
    };
    assert_eq!(mark(|_| ()), Mark::Abstain);
    assert_eq!(
        mark(|peer| peer.device_id = DeviceId::from_hardware(TeeType::Tdx, &[1; 16])),
        Mark::BindingWrong
    );
    assert_eq!(mark(|peer| peer.program = "another"), Mark::MeasurementNotAllowed);
    assert_eq!(mark(|peer| peer.debug = true), Mark::PlatformNotAccepted);

    let peer = world.sound_peer(5, TeeType::Tdx);
    let block = peer.block(&world, EPOCH);
    let mut replayed = peer.published(&world, &block, &peer.evidence(&peer.block(&world, EPOCH - 1)));
    replayed.collateral = None;
    assert_eq!(world.verdict(replayed).mark, Mark::BindingWrong);
}

#[test]
fn measurement_outside_its_epochs_is_not_allowed() {
    let world = World::new();
    for tee in TEES {
        assert_eq!(found(&world, tee, |peer| peer.program = "another").0, Mark::MeasurementNotAllowed);
        let mut peer = world.sound_peer(5, tee);
        let mut mark = |program, epoch| {
            peer.program = program;
            world.verdict(peer.publish(&world, epoch)).mark
        };
        assert_eq!(mark(OLD_AGENT, 5), Mark::Valid);
        assert_eq!(mark(OLD_AGENT, 6), Mark::MeasurementNotAllowed);
        assert_eq!(mark(AGENT, 2), Mark::MeasurementNotAllowed);
        assert_eq!(mark(AGENT, 3), Mark::Valid);
    }
}

#[test]
fn evidence_made_for_something_else_is_not_bound() {
    let world = World::new();
    let peer = world.sound_peer(5, TeeType::Sgx);
    let block = peer.block(&world, EPOCH);
    let not_for = |changed| peer.published(&world, &block, &peer.evidence(&changed));

    let mut marked = block;
    marked.marks = marked.marks.with(0, Mark::Valid).expect("place");
    let mut of_other_key = block;
    of_other_key.incarnation = world.sound_peer(6, TeeType::Sgx).key.address();
    for other in [marked, of_other_key, peer.block(&world, EPOCH - 1)] {
        let verdict = world.verdict(not_for(other));
        assert_eq!(verdict.mark, Mark::BindingWrong);
        assert_eq!(verdict.reason, "the quote's report data is not this block's digest and incarnation");
    }
}

#[test]
fn trailing_bytes_of_report_data_are_checked() {
    let world = World::new();
    let peer = world.sound_peer(5, TeeType::Sgx);
    let block = peer.block(&world, EPOCH);
    let mut report_data = block.report_data(&DEPLOYMENT);
    report_data[63] = 1;
    let evidence = Evidence { properties: peer.properties.encode(), quote: peer.quote(report_data) };
    assert_eq!(world.verdict(peer.published(&world, &block, &evidence)).mark, Mark::BindingWrong);
}

#[test]
fn another_machine_than_claimed_is_not_bound() {
    let world = World::new();
    for tee in TEES {
        let claimed = DeviceId::from_hardware(tee, &[1; 16]);
        let (mark, reason) = found(&world, tee, |peer| peer.device_id = claimed);
        assert_eq!(mark, Mark::BindingWrong);
        assert!(reason.ends_with(&format!("the block claims {}", claimed.0)), "{reason}");
        let masked = PlatformSpec { hardware_id: Some([0; 16]), ..PlatformSpec::sound(5, tee) };
        assert_eq!(found_on(masked), Mark::BindingWrong);
    }
}

#[test]
fn another_allowed_measurement_than_claimed_is_not_bound() {
    let world = World::new();
    let peer = world.sound_peer(5, TeeType::Sgx);
    let mut block = peer.block(&world, EPOCH);
    block.measurement = world.measurement(TeeType::Sgx, OLD_AGENT);
    assert_eq!(
        world.verdict(peer.published(&world, &block, &peer.evidence(&block))).mark,
        Mark::BindingWrong
    );
}

#[test]
fn other_properties_than_named_are_not_bound() {
    let world = World::new();
    let peer = world.sound_peer(5, TeeType::Sgx);
    let block = peer.block(&world, EPOCH);
    let other =
        Properties::new("SIMULATED CPU", 3, 4096, peer.properties.tee_features().to_vec()).expect("in range");
    let evidence = Evidence { properties: other.encode(), ..peer.evidence(&block) };
    assert_eq!(world.verdict(peer.published(&world, &block, &evidence)).mark, Mark::BindingWrong);
}

#[test]
fn platforms_and_modes_that_the_policy_refuses_are_not_accepted() {
    let world = World::new();
    for tee in TEES {
        assert_eq!(found(&world, tee, |peer| peer.debug = true).0, Mark::PlatformNotAccepted);
        for tcb in [TcbLevel::Outdated, TcbLevel::Revoked, TcbLevel::Unknown] {
            let spec = PlatformSpec { tcb, ..PlatformSpec::sound(5, tee) };
            assert_eq!(found_on(spec), Mark::PlatformNotAccepted, "{tcb:?}");
        }
    }
}

#[test]
fn revoked_platform_is_not_accepted() {
    let mut world = World::new();
    let (revoked, spared) = (world.sound_peer(5, TeeType::Sgx), world.sound_peer(6, TeeType::Sgx));
    world.vendor.revoke(&revoked.platform);
    assert_eq!(world.verdict(revoked.publish(&world, EPOCH)).mark, Mark::PlatformNotAccepted);
    assert_eq!(world.verdict(spared.publish(&world, EPOCH)).mark, Mark::Valid);
}

#[test]
fn tee_that_the_policy_measures_no_register_of_is_not_accepted() {
    let mut document = policy_document(&vendor(1));
    document["measurement"] = serde_json::json!({ "sgx": ["mrenclave"] });
    let world = World::with_policy(vendor(1), &document);
    assert_eq!(found(&world, TeeType::Tdx, |_| ()).0, Mark::PlatformNotAccepted);
    assert_eq!(found(&world, TeeType::Sgx, |_| ()).0, Mark::Valid);
}

#[test]
fn properties_that_lack_a_feature_or_cannot_be_read_are_not_accepted() {
    let world = World::new();
    for tee in TEES {
        let bare = Properties::new("SIMULATED CPU", 2, 4096, []).expect("in range");
        assert_eq!(found(&world, tee, |peer| peer.properties = bare).0, Mark::PropertiesNotAccepted);
        let peer = world.sound_peer(5, tee);
        let block = peer.block(&world, EPOCH);
        let evidence = Evidence { properties: b"none".to_vec(), ..peer.evidence(&block) };
        assert_eq!(
            world.verdict(peer.published(&world, &block, &evidence)).mark,
            Mark::PropertiesNotAccepted
        );
    }
}

#[test]
fn power_beyond_the_bound_of_the_family_is_not_accepted() {
    let world = World::new();
    let mark = |tee, power| found(&world, tee, |peer| peer.power = power).0;
    assert_eq!(mark(TeeType::Sgx, SGX_POWER_MAX), Mark::Valid);
    assert_eq!(mark(TeeType::Sgx, SGX_POWER_MAX + 1), Mark::PropertiesNotAccepted);
    assert_eq!(mark(TeeType::Tdx, SGX_POWER_MAX + 1), Mark::Valid, "the policy bounds the other family only");
}

#[test]
fn blocks_are_appraised_by_the_clock_of_their_own_epoch() {
    let world = World::new();
    let assigned = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    // Far behind the certificates' end, but the block's epoch lies before it.
    assert_eq!(verdict(&world.duty(500, vec![assigned])).mark, Mark::Valid);
    let late = world.sound_peer(5, TeeType::Sgx).publish(&world, 500);
    assert_ne!(world.verdict(late).mark, Mark::Valid);
}

#[test]
fn blocks_are_appraised_by_the_policy_and_the_values_of_their_own_epoch() {
    let old = World::new();
    let mut document = policy_document(&vendor(1));
    document["required_features"] = serde_json::json!({ "sgx": ["new"] });
    let mut new = World::with_policy(vendor(1), &document);
    new.references.truncate(1);
    let peer = old.sound_peer(5, TeeType::Sgx);

    // In both duties all documents are there; which one counts is up to the block.
    let mut duty = new.duty(EPOCH + 1, vec![peer.publish(&old, EPOCH)]);
    duty.policies.push(old.policy.clone());
    duty.references.push(old.references.clone());
    assert_eq!(verdict(&duty).mark, Mark::Valid);
    duty.assigned = vec![peer.publish(&new, EPOCH)];
    assert_eq!(verdict(&duty).mark, Mark::MeasurementNotAllowed);
}

#[test]
fn keys_repeat_with_the_source_of_randomness_only() {
    let address = |seed| multee_confirmation::IncarnationKey::generate(&mut rng(seed)).address();
    assert_eq!(address(1), address(1));
    assert_ne!(address(1), address(2));
}
