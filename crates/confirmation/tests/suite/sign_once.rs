//! One signature for one challenge, by a key that serves one seat.

use std::sync::atomic::Ordering;

use alloy_primitives::{B256, Signature};
use multee_confirmation::{
    Confirm, ConfirmError, ConfirmationApp, Duty, Refusal, Request, Response, SignedBlock,
};
use multee_evidence::{AttestError, EvidenceBundle, ObtainQuote};
use multee_protocol::{Deployment, Epoch, Mark, SeatId, TeeType};

use crate::world::{DEPLOYMENT, Tee, World, app, refuses};

const EPOCH: Epoch = 4;

fn refusal(app: &mut ConfirmationApp, duty: &Duty) -> Refusal {
    match app.confirm(duty) {
        Err(ConfirmError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn signer(signed: &SignedBlock) -> alloy_primitives::Address {
    let compact = [signed.signature.r.0, signed.signature.vs.0].concat();
    let signature = Signature::from_erc2098(&compact);
    signature.recover_address_from_prehash(&signed.block.digest(&DEPLOYMENT)).expect("recovers")
}

#[test]
fn incarnation_signs_all_of_the_block() {
    let world = World::new();
    let mut app = world.app();
    let assigned = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    let signed = app.confirm(&world.duty(EPOCH + 1, vec![assigned])).expect("confirms");
    assert_eq!(signer(&signed), app.incarnation());
    assert_eq!(signed.block.incarnation, app.incarnation());

    // A host that turns a mark around has no signature for it.
    let mut altered = signed;
    altered.block.marks = altered.block.marks.with(3, Mark::EvidenceInvalid).expect("place");
    assert_ne!(signer(&altered), app.incarnation());
}

#[test]
fn same_duty_gives_the_same_block_without_another_quote() {
    let world = World::new();
    let tee = world.tee();
    let mut app = app(tee.clone());
    let duty = world.duty(EPOCH + 1, vec![world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH)]);
    let first = app.confirm(&duty).expect("confirms");
    assert_eq!(app.confirm(&duty).expect("confirms"), first);
    assert_eq!(tee.quotes.load(Ordering::Relaxed), 1);
}

#[test]
fn answered_challenge_is_not_answered_otherwise() {
    let world = World::new();
    let mut app = world.app();
    let duty = world.duty(EPOCH + 1, vec![world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH)]);
    let first = Box::new(app.confirm(&duty).expect("confirms"));
    let lies: [fn(&mut Duty); 4] = [
        |duty| duty.assigned[0].evidence = None,
        |duty| duty.previous_digest = B256::repeat_byte(1),
        |duty| duty.measurement = B256::ZERO,
        |duty| duty.device_id.0 = B256::ZERO,
    ];
    for lie in lies {
        let mut other = duty.clone();
        lie(&mut other);
        assert_eq!(refusal(&mut app, &other), Refusal::AlreadySigned(first.clone()));
    }
    assert_eq!(app.confirm(&duty).expect("confirms"), *first);
}

#[test]
fn epochs_go_forward_only() {
    let world = World::new();
    let mut app = world.app();
    app.confirm(&world.duty(EPOCH, Vec::new())).expect("confirms");
    app.confirm(&world.duty(EPOCH + 3, Vec::new())).expect("confirms");
    for asked in [EPOCH, EPOCH + 2] {
        let passed = Refusal::EpochPassed { asked, last: EPOCH + 3 };
        assert_eq!(refusal(&mut app, &world.duty(asked, Vec::new())), passed);
    }
}

#[test]
fn incarnation_serves_one_seat_of_one_network() {
    let world = World::new();
    let mut app = world.app();
    let duty = world.duty(EPOCH, Vec::new());
    app.confirm(&duty).expect("confirms");
    let other_chain = Deployment { chain_id: 1, ..DEPLOYMENT };
    for other in [Duty { seat: SeatId(2), ..duty.clone() }, Duty { deployment: other_chain, ..duty }] {
        assert_eq!(refusal(&mut app, &other), Refusal::OtherSeat);
    }
}

#[test]
fn reorganised_chain_gets_its_own_block_and_each_only_once() {
    let world = World::new();
    let mut app = world.app();
    let duty = world.duty(EPOCH, Vec::new());
    let with_seed = |byte| {
        let mut duty = duty.clone();
        duty.context.seed = B256::repeat_byte(byte);
        duty
    };
    let first = app.confirm(&with_seed(0)).expect("confirms");
    let second = app.confirm(&with_seed(1)).expect("confirms");
    assert_ne!(first.block.challenge, second.block.challenge);
    assert_eq!(app.confirm(&with_seed(0)).expect("confirms"), first);
    for byte in 2..16 {
        app.confirm(&with_seed(byte)).expect("confirms");
    }
    assert_eq!(refusal(&mut app, &with_seed(16)), Refusal::TooManyChallenges(16));
    assert_eq!(app.confirm(&with_seed(1)).expect("confirms"), second);
    app.confirm(&world.duty(EPOCH + 1, Vec::new())).expect("a new epoch begins anew");
}

#[test]
fn without_a_quote_nothing_is_signed() {
    let world = World::new();
    let mut tee = world.tee();
    tee.answer = refuses;
    let mut app = app(tee);
    let duty = world.duty(EPOCH, Vec::new());
    let no_quote = Refusal::NoQuote("SIMULATED TEE gave no quote: out of order".to_owned());
    assert_eq!(refusal(&mut app, &duty), no_quote);
    // Nothing binds it to the seat, the epoch or the block of that duty.
    let other = Duty { seat: SeatId(2), ..world.duty(EPOCH - 1, Vec::new()) };
    assert_eq!(refusal(&mut app, &other), no_quote);
}

/// Panics at its second quote, as nobody foresaw.
struct Startled(Tee);

impl ObtainQuote for Startled {
    fn tee(&self) -> TeeType {
        self.0.tee()
    }

    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
        let quote = self.0.quote(report_data);
        assert_ne!(self.0.quotes.load(Ordering::Relaxed), 2, "planted");
        quote
    }
}

#[test]
fn panic_in_a_request_is_a_refusal_and_costs_neither_key_nor_memory() {
    let world = World::new();
    let mut app = app(Startled(world.tee()));
    let ask = |app: &mut ConfirmationApp, duty: &Duty| {
        let request = Request::Confirm(Box::new(duty.clone())).encode().expect("small");
        Response::decode(&app.handle(&request)).expect("proper")
    };
    let (incarnation, first) = (app.incarnation(), world.duty(EPOCH, Vec::new()));
    let before = app.confirm(&first).expect("confirms");
    let peer = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    let duty = world.duty(EPOCH + 1, vec![peer]);
    assert_eq!(ask(&mut app, &duty), Response::Refused(Refusal::Unexpected));
    // Of the duty that failed nothing is left: the epoch before it may still be asked for, and it can be done again.
    assert_eq!(ask(&mut app, &first), Response::Confirmed(Box::new(before)));
    let Response::Confirmed(signed) = ask(&mut app, &duty) else { panic!("confirms") };
    assert_eq!(signed.verdicts[0].mark, Mark::Valid);
    assert_eq!(app.incarnation(), incarnation);
}

#[test]
fn quote_that_does_not_fit_is_refused() {
    let world = World::new();
    let mut tee = world.tee();
    tee.answer = |_| Ok(vec![0; EvidenceBundle::BYTES_MAX]);
    let refused = refusal(&mut app(tee), &world.duty(EPOCH, Vec::new()));
    assert!(
        matches!(refused, Refusal::EvidenceTooLarge { len, .. } if len > EvidenceBundle::BYTES_MAX as u64)
    );
}

#[test]
fn certificates_come_apart_and_evidence_joined_with_them_is_what_the_tee_quoted() {
    let world = World::new();
    let mut app = world.app();
    let signed = app.confirm(&world.duty(EPOCH, Vec::new())).expect("confirms");
    let report_data = signed.block.report_data(&DEPLOYMENT);
    let quoted = world.tee().quote(&report_data).expect("quotes");
    let bundle = EvidenceBundle::decode(&signed.evidence).expect("a bundle");
    assert_eq!(bundle.quote.join(&signed.certificates), Ok(quoted));
    let next = app.confirm(&world.duty(EPOCH + 1, Vec::new())).expect("confirms");
    assert_eq!(next.certificates, signed.certificates, "the same in every epoch");
    assert!(2 * signed.evidence.len() < signed.certificates.len(), "{} bytes", signed.evidence.len());
}

#[test]
fn certificates_must_fit_beside_the_evidence() {
    let world = World::new();
    let with_len = |answer| {
        let tee = crate::world::Tee { answer, ..world.tee() };
        app(tee).confirm(&world.duty(EPOCH, Vec::new()))
    };
    let signed = with_len(|mut quote| {
        quote.resize(16_000, 0);
        Ok(quote)
    });
    let signed = signed.expect("fits");
    assert_eq!(EvidenceBundle::decode(&signed.evidence).expect("a bundle").quote.rest().len(), {
        16_000 - signed.certificates.len()
    });
    let refused = with_len(|mut quote| {
        quote.resize(EvidenceBundle::BYTES_MAX, 0);
        Ok(quote)
    });
    assert!(matches!(refused, Err(ConfirmError::Refused(Refusal::EvidenceTooLarge { .. }))), "{refused:?}");
}

#[test]
fn a_quote_without_a_chain_is_published_whole() {
    let world = World::new();
    let tee = crate::world::Tee { answer: |_| Ok(b"no quote".to_vec()), ..world.tee() };
    let signed = app(tee).confirm(&world.duty(EPOCH, Vec::new())).expect("confirms");
    assert!(signed.certificates.is_empty());
    let bundle = EvidenceBundle::decode(&signed.evidence).expect("a bundle");
    assert_eq!(bundle.quote.join(&[]).as_deref(), Ok(&b"no quote"[..]));
}

#[test]
fn places_are_below_64_and_taken_once() {
    let world = World::new();
    let mut app = world.app();
    let block = world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH);
    let at = |places: &[u8]| {
        let place = |place: &u8| multee_confirmation::AssignedBlock { place: *place, ..block.clone() };
        world.duty(EPOCH + 1, places.iter().map(place).collect())
    };
    assert_eq!(refusal(&mut app, &at(&[0, 64])), Refusal::PlaceOutOfRange(64));
    assert_eq!(refusal(&mut app, &at(&[255])), Refusal::PlaceOutOfRange(255));
    assert_eq!(refusal(&mut app, &at(&[7, 8, 7])), Refusal::PlaceTwice(7));
    let many: Vec<u8> = (0..65).map(|place| place % 64).collect();
    assert!(
        matches!(refusal(&mut app, &at(&many)), Refusal::TooLarge(limit) if (limit.len, limit.max) == (65, 64))
    );
    let full: Vec<u8> = (0..64).collect();
    let signed = app.confirm(&at(&full)).expect("confirms");
    assert!(signed.verdicts.iter().all(|verdict| verdict.mark == Mark::Valid));
    assert_eq!(signed.verdicts.len(), 64);
}

#[test]
fn key_is_never_printed() {
    let world = World::new();
    let app = world.app();
    let key = multee_confirmation::IncarnationKey::generate(&mut crate::world::rng(0));
    assert_eq!(format!("{key:?}"), format!("IncarnationKey {{ address: {:?}, .. }}", app.incarnation()));
    assert!(format!("{app:?}").contains(&format!("{key:?}")));
}
