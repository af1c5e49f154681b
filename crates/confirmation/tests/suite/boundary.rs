//! The bytes between controller and application: the same answers as without them, and no harm from bad ones.

use std::cell::RefCell;
use std::io;

use alloy_primitives::{Address, B256, Bytes, U256, b256, keccak256};
use multee_confirmation::{
    AssignedBlock, Confirm, ConfirmError, Duty, EpochContext, Introduction, LimitError, MessageError,
    ReferenceValue, Refusal, Remote, Request, Response, Signature, SignedBlock, Status, Verdict,
};
use multee_evidence::{EvidenceBundle, Policy};
use multee_protocol::{ConfirmationBlock, DeviceId, Epoch, Mark, Marks, SeatId, TeeType, domain};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::world::{DEPLOYMENT, GENESIS_S, POWER, World, boot};

/// Of the messages.
const VERSION: u8 = 3;
const EPOCH: Epoch = 4;

fn duty(world: &World) -> Duty {
    let mut withheld = world.sound_peer(6, TeeType::Tdx).publish(world, EPOCH);
    (withheld.place, withheld.evidence) = (9, None);
    world.duty(EPOCH + 1, vec![world.sound_peer(5, TeeType::Sgx).publish(world, EPOCH), withheld])
}

fn request(duty: Duty) -> Vec<u8> {
    Request::Confirm(Box::new(duty)).encode().expect("within limits")
}

fn too_large(what: &str, len: usize, max: usize) -> MessageError {
    LimitError { what: what.to_owned(), len: len as u64, max: max as u64 }.into()
}

#[test]
fn remote_application_gives_the_same_answers_as_the_application() {
    let world = World::new();
    let duty = duty(&world);
    let mut here = world.app();
    let mut there = world.app();
    let mut remote = Remote::connect(|request: &[u8]| Ok(there.handle(request))).expect("says hello");
    assert_eq!(remote.incarnation(), here.incarnation());
    assert_eq!(remote.confirm(&duty).expect("confirms"), here.confirm(&duty).expect("confirms"));
    assert_eq!(remote.status().expect("says hello"), here.status().expect("is here"));

    let mut other = duty;
    other.previous_digest = B256::repeat_byte(1);
    let (Err(ConfirmError::Refused(remote)), Err(ConfirmError::Refused(here))) =
        (remote.confirm(&other), here.confirm(&other))
    else {
        panic!("both refuse")
    };
    assert_eq!(remote, here);
}

#[test]
fn status_says_that_the_power_is_declared() {
    let status = World::new().app().status().expect("is here");
    assert_eq!((status.power, status.power_measured, status.tee), (POWER, false, TeeType::Sgx));
}

#[test]
fn an_introduction_is_vouched_for_by_the_tee_and_names_no_block() {
    let world = World::new();
    let app = RefCell::new(world.app());
    let mut remote =
        Remote::connect(|request: &[u8]| Ok(app.borrow_mut().handle(request))).expect("connects");
    let introduction = remote.introduce().expect("an introduction");
    let incarnation = remote.incarnation();
    assert_eq!(introduction.status.incarnation, incarnation);
    let data = Introduction::report_data(incarnation);
    assert_eq!(data[..32], domain::INTRODUCTION.0);
    assert_eq!(data[32..52], incarnation.0.0);
    assert!(introduction.quote.windows(64).any(|part| part == data));
    remote.confirm(&duty(&world)).expect("an introduction uses no challenge up");
}

#[test]
fn an_introduction_without_a_quote_or_with_one_that_does_not_fit_is_refused() {
    let world = World::new();
    let introduction = Introduction {
        quote: vec![0; Introduction::QUOTE_BYTES_MAX + 1].into(),
        status: Confirm::status(&mut world.app()).expect("a status"),
    };
    let answer = Response::Introduced(Box::new(introduction));
    assert!(matches!(answer.encode(), Err(MessageError::TooLarge(_))));
    let bytes = [vec![VERSION], postcard::to_allocvec(&answer).expect("serialises")].concat();
    assert!(matches!(Response::decode(&bytes), Err(MessageError::TooLarge(_))));
}

#[test]
fn broken_way_and_wrong_answers_are_told_apart() {
    let broken = Remote::connect(|_: &[u8]| Err(io::ErrorKind::BrokenPipe.into()));
    assert!(matches!(broken, Err(ConfirmError::Unreachable(_))));
    let mut app = World::new().app();
    let hello = app.handle(&Request::Hello.encode().expect("small"));
    let mut remote = Remote::connect(|_: &[u8]| Ok(hello.clone())).expect("says hello");
    let other_kind = remote.confirm(&World::new().duty(EPOCH, Vec::new()));
    assert!(matches!(other_kind, Err(ConfirmError::BadAnswer(MessageError::OtherKind))));
    let silent = Remote::connect(|_: &[u8]| Ok(Vec::new()));
    assert!(matches!(silent, Err(ConfirmError::BadAnswer(MessageError::Empty))));
}

#[test]
fn other_incarnation_at_the_end_of_the_way_is_noticed() {
    let world = World::new();
    let (mut first, mut second) = (boot(world.tee(), 0), boot(world.tee(), 1));
    let (expected, found) = (first.incarnation(), second.incarnation());
    let mut restarted = false;
    let answering = |request: &[u8]| {
        let app = if std::mem::replace(&mut restarted, true) { &mut second } else { &mut first };
        Ok(app.handle(request))
    };
    let mut remote = Remote::connect(answering).expect("says hello");
    for error in [
        remote.status().expect_err("another"),
        remote.confirm(&world.duty(EPOCH, Vec::new())).expect_err("another"),
    ] {
        let ConfirmError::OtherIncarnation { expected: awaited, found: answered } = error else {
            panic!("{error}")
        };
        assert_eq!((awaited, answered), (expected, found));
    }
}

/// A duty with something in every field.
fn full_duty() -> Duty {
    let word = B256::repeat_byte;
    let context = EpochContext {
        epoch: 300,
        epoch_start_s: GENESIS_S,
        seed: word(1),
        policy_digest: word(2),
        reference_digest: word(3),
    };
    let block = ConfirmationBlock {
        seat: SeatId(7),
        device_id: DeviceId(word(4)),
        incarnation: Address::repeat_byte(5),
        epoch: 299,
        previous_digest: word(6),
        challenge: word(7),
        measurement: word(8),
        power: 1000,
        properties_digest: word(9),
        marks: Marks(U256::from(0x12)),
        latest_bindings: word(21),
    };
    let withheld = AssignedBlock {
        place: 1,
        block,
        context,
        evidence_binding: word(10),
        evidence_hash: word(11),
        evidence: None,
        certificates_hash: word(20),
        certificates: None,
        collateral: None,
    };
    let shown = AssignedBlock {
        place: 0,
        evidence: Some(Bytes::from_static(b"evidence")),
        certificates: Some(Bytes::from_static(b"certificates")),
        collateral: Some(300),
        ..withheld.clone()
    };
    Duty {
        deployment: DEPLOYMENT,
        context,
        seat: SeatId(8),
        device_id: DeviceId(word(12)),
        measurement: word(13),
        previous_digest: word(14),
        latest: 2,
        policies: vec![Bytes::from_static(b"policy")],
        roots: vec![Bytes::from_static(b"root")],
        references: vec![
            vec![ReferenceValue { measurement: word(15), from_epoch: 1, until_epoch: 2 }],
            vec![],
        ],
        collaterals: vec![Bytes::from_static(b"collateral")],
        assigned: vec![shown, withheld],
    }
}

#[test]
fn encodings_are_golden() {
    assert_eq!(Request::Hello.encode(), Ok(vec![VERSION, 0]));
    assert_eq!(Request::Introduce.encode(), Ok(vec![VERSION, 2]));
    let duty = full_duty();
    let signature = Signature { r: B256::repeat_byte(16), vs: B256::repeat_byte(17) };
    let signed = Box::new(SignedBlock {
        block: duty.assigned[0].block,
        signature,
        evidence: Bytes::from_static(b"evidence"),
        certificates: Bytes::from_static(b"certificates"),
        verdicts: vec![Verdict { place: 0, mark: Mark::BindingWrong, reason: "why".to_owned() }],
    });
    let status = Status {
        incarnation: Address::repeat_byte(18),
        tee: TeeType::Tdx,
        power: 1000,
        power_measured: true,
        properties: Bytes::from_static(b"properties"),
        quotes_verified: 5,
    };
    let request = Request::Confirm(Box::new(duty));
    let bytes = request.encode().expect("small");
    assert_eq!(Request::decode(&bytes).as_ref(), Ok(&request));
    let mut hashes = vec![keccak256(&bytes)];
    for response in [
        Response::Hello(status),
        Response::Confirmed(signed.clone()),
        Response::Refused(Refusal::AlreadySigned(signed)),
        Response::Refused(Refusal::NoQuote("why".to_owned())),
    ] {
        let bytes = response.encode().expect("small");
        assert_eq!(Response::decode(&bytes).as_ref(), Ok(&response));
        hashes.push(keccak256(&bytes));
    }
    let golden = [
        b256!("0xa1f21fdffa7bab69d8c7eb8d4520c60247711647ad6a49a97269206b2e09d17c"),
        b256!("0x895fdc7f027a4ee82b13461002bc92e31ac1a8236f1c625dbb584f7b12936877"),
        b256!("0x8b36199a4626e1c36ccf50c4508232dc301566f8413ccdf63cce03f982778b5c"),
        b256!("0x8f685d754d8a2e684aa45c45897c548191a9b3fbe20f422ff09f8b35e13b5a05"),
        b256!("0xb31dc81a522e12aa4c8fdbbdf0789ee7d3b2b4a74cc2f999d2bc8d6875c5e03d"),
    ];
    assert_eq!(hashes, golden);
}

#[test]
fn only_whole_messages_of_this_version_are_read() {
    let bytes = request(duty(&World::new()));
    assert_eq!(Request::decode(&[]), Err(MessageError::Empty));
    for cut in (1..bytes.len()).step_by(131).chain([bytes.len() - 1]) {
        assert!(matches!(Request::decode(&bytes[..cut]), Err(MessageError::Malformed(_))), "cut at {cut}");
    }
    assert_eq!(Request::decode(&[&bytes[..], &[0, 0]].concat()), Err(MessageError::TrailingBytes(2)));
    for version in [0, 1, 2, 255] {
        let other = [&[version], &bytes[1..]].concat();
        assert_eq!(Request::decode(&other), Err(MessageError::UnknownVersion(version)));
    }
}

/// A request that exceeds a limit, by whatever `change` adds to a good one.
fn over(change: impl FnOnce(&mut Duty)) -> Request {
    let world = World::new();
    let mut duty = world.duty(EPOCH + 1, vec![world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH)]);
    change(&mut duty);
    Request::Confirm(Box::new(duty))
}

/// Neither side of the boundary writes or reads the request; how reading fails is returned.
fn refused(request: &Request, error: &MessageError) -> MessageError {
    assert_eq!(request.encode().as_ref(), Err(error));
    let bytes = [vec![VERSION], postcard_of(request)].concat();
    let answer = Response::decode(&World::new().app().handle(&bytes)).expect("answers");
    assert!(matches!(answer, Response::Refused(Refusal::Unreadable(_))), "{answer:?}");
    Request::decode(&bytes).expect_err("exceeds a limit")
}

#[test]
fn long_lists_are_refused_while_they_are_read() {
    let value = ReferenceValue { measurement: B256::ZERO, from_epoch: 0, until_epoch: 0 };
    for (request, what) in [
        (over(|duty| duty.policies = vec![Bytes::new(); 65]), "policies"),
        (over(|duty| duty.roots = vec![Bytes::new(); 65]), "roots"),
        (over(|duty| duty.references = vec![vec![]; 65]), "lists of reference values"),
        (over(|duty| duty.references = vec![vec![value; 65]]), "reference values in a list"),
        (over(|duty| duty.collaterals = vec![Bytes::new(); 65]), "collaterals"),
        (over(|duty| duty.assigned = vec![duty.assigned[0].clone(); 65]), "assigned blocks"),
    ] {
        assert!(matches!(refused(&request, &too_large(what, 65, 64)), MessageError::Malformed(_)), "{what}");
    }
}

#[test]
fn large_documents_are_refused() {
    let (policy, root, collateral, evidence) = (Policy::BYTES_MAX, 8192, 1 << 20, EvidenceBundle::BYTES_MAX);
    let blob = |max: usize| Bytes::from(vec![0; max + 1]);
    for (request, what, max) in [
        (over(|duty| duty.policies = vec![blob(policy)]), "bytes of a policy", policy),
        (over(|duty| duty.roots = vec![blob(root)]), "bytes of a root", root),
        (over(|duty| duty.collaterals = vec![blob(collateral)]), "bytes of collateral", collateral),
        (over(|duty| duty.assigned[0].evidence = Some(blob(evidence))), "bytes of evidence", evidence),
        (
            over(|duty| duty.assigned[0].certificates = Some(blob(evidence))),
            "bytes of certificates",
            evidence,
        ),
    ] {
        let error = too_large(what, max + 1, max);
        assert_eq!(refused(&request, &error), error);
    }
}

#[test]
fn long_requests_are_refused_unread() {
    let full = over(|duty| duty.collaterals = vec![vec![0; 1 << 20].into(); 16]);
    let max = Request::BYTES_MAX as u64;
    assert!(matches!(full.encode(), Err(MessageError::TooLarge(limit)) if limit.max == max));
    let longest = vec![1; Request::BYTES_MAX + 1];
    assert!(matches!(Request::decode(&longest), Err(MessageError::TooLarge(limit)) if limit.max == max));
}

/// The encoding without its limits.
fn postcard_of(request: &Request) -> Vec<u8> {
    postcard::to_allocvec(request).expect("serialises")
}

#[test]
fn answers_beyond_their_limits_are_refused() {
    let world = World::new();
    let signed = world.app().confirm(&duty(&world)).expect("confirms");
    let verdict = Verdict { place: 0, mark: Mark::Valid, reason: "x".repeat(Verdict::REASON_BYTES_MAX + 1) };
    let mut wordy = signed.clone();
    wordy.verdicts = vec![verdict];
    let mut heavy = signed.clone();
    heavy.evidence = vec![0; EvidenceBundle::BYTES_MAX + 1 - signed.certificates.len()].into();
    let mut many = signed.clone();
    many.verdicts = vec![signed.verdicts[0].clone(); 65];
    for signed in [wordy, heavy, many] {
        for answer in [
            Response::Confirmed(Box::new(signed.clone())),
            Response::Refused(Refusal::AlreadySigned(Box::new(signed))),
        ] {
            assert!(matches!(answer.encode(), Err(MessageError::TooLarge(_))));
            let bytes = [vec![VERSION], postcard::to_allocvec(&answer).expect("serialises")].concat();
            assert!(Response::decode(&bytes).is_err());
        }
    }
}

/// Whatever single byte of a request is wrong, the honest blocks in it get no negative mark.
#[test]
fn no_changed_byte_of_a_request_makes_a_negative_mark() {
    let world = World::new();
    let bytes = request(duty(&world));
    let mut signed = 0;
    for at in (0..bytes.len()).step_by(13) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        match Response::decode(&world.app().handle(&changed)).expect("answers") {
            Response::Confirmed(block) => {
                signed += 1;
                let mut marks = block.verdicts.iter().map(|verdict| verdict.mark);
                assert!(!marks.any(Mark::is_negative), "byte {at}: {:?}", block.verdicts);
            }
            Response::Hello(_) | Response::Refused(_) | Response::Introduced(_) => {}
        }
    }
    assert!(signed > 100, "{signed} were signed");
}

/// Deterministic: the seed is part of the test.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

#[test]
fn arbitrary_bytes_are_answered_with_a_refusal() {
    let app = RefCell::new(World::new().app());
    let run = runner(4000).run(&prop::collection::vec(any::<u8>(), 3..400), |mut bytes| {
        // Half of them get past the version.
        if bytes.len() % 2 == 1 {
            bytes[0] = VERSION;
        }
        let answer = Response::decode(&app.borrow_mut().handle(&bytes)).expect("answers");
        prop_assert!(matches!(answer, Response::Refused(Refusal::Unreadable(_))));
        Ok(())
    });
    run.expect("no case fails");
    assert!(matches!(Response::decode(&app.borrow_mut().handle(&[VERSION, 0])), Ok(Response::Hello(_))));
}

#[test]
fn mutated_requests_and_responses_are_read_or_refused() {
    let world = World::new();
    let request = request(duty(&world));
    let answer = world.app().handle(&request);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12);
    let ends = (any::<prop::sample::Index>(), any::<bool>());
    let run = runner(4000).run(&(edits, ends), |(edits, (end, cut))| {
        for whole in [&request, &answer] {
            let mut bytes = whole.clone();
            for (at, byte) in &edits {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            // What is read can be written again: it is within every limit.
            if let Ok(request) = Request::decode(&bytes) {
                prop_assert!(request.encode().is_ok());
            }
            if let Ok(response) = Response::decode(&bytes) {
                prop_assert!(response.encode().is_ok());
            }
        }
        Ok(())
    });
    run.expect("no case fails");
}

#[test]
fn lengths_that_promise_more_than_there_is_allocate_nothing() {
    // A duty whose list of policies says it has 2^32 - 1 elements, and one that says its first has as many bytes.
    let world = World::new();
    let bytes = request(Duty { policies: Vec::new(), ..world.duty(EPOCH, Vec::new()) });
    let filled = request(Duty { policies: vec![Bytes::new()], ..world.duty(EPOCH, Vec::new()) });
    let at = bytes.iter().zip(&filled).position(|(a, b)| a != b).expect("they differ");
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
    for prefix in [&bytes[..at], &filled[..=at]] {
        let promising = [prefix, &huge, &bytes[at + 1..]].concat();
        assert!(matches!(Request::decode(&promising), Err(MessageError::Malformed(_))));
    }
}
