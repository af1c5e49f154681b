//! What each target does with an input. `fuzz_targets/` hands them to libFuzzer; the test `corpus` of multee-confirmation
//! replays the committed inputs with a stable compiler.

use std::sync::LazyLock;

use multee_confirmation::{Refusal, Request, Response};
use multee_evidence::{
    ClaimedPlatform, ClaimedSnp, Collateral, EvidenceBundle, Sigstruct, SplitQuote, claimed_registers,
};
use multee_protocol::{Mark, TeeType};

use super::world::{Tee, World, app};
use super::{NOW_S, Sound, patched};

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 7] = [
    ("bundle", bundle),
    ("claimed", claimed),
    ("collateral", collateral),
    ("dcap", dcap),
    ("request", request),
    ("sigstruct", sigstruct),
    ("snp", snp),
];

static DCAP: LazyLock<Sound> = LazyLock::new(Sound::dcap);
static SNP: LazyLock<Sound> = LazyLock::new(Sound::snp);

/// Bundles: what decodes encodes to the same bytes, and what is split joins to the same quote.
pub fn bundle(input: &[u8]) {
    if let Ok(bundle) = EvidenceBundle::decode(input) {
        assert_eq!(bundle.encode().as_deref(), Ok(input));
    }
    let (split, certificates) = SplitQuote::split(input);
    if certificates.len() <= EvidenceBundle::BYTES_MAX {
        assert_eq!(split.join(&certificates).as_deref(), Ok(input));
    }
}

/// What is read off quotes without verifying them.
pub fn claimed(input: &[u8]) {
    for quote in [input.to_vec(), patched(&DCAP.quote, input), patched(&SNP.quote, input)] {
        let _ = (ClaimedPlatform::read(&quote), ClaimedSnp::read(&quote));
        if let Ok(registers) = claimed_registers(&quote) {
            assert!(registers.iter().all(|value| value.value.len() == value.register.bytes()));
        }
    }
}

/// Changed collateral of both vendors: never held against the device.
pub fn collateral(input: &[u8]) {
    for sound in [&DCAP, &SNP] {
        let Ok(collateral) = Collateral::from_json(&patched(&sound.collateral_json, input)) else { continue };
        match sound.verifier.appraise(&sound.quote, &collateral, NOW_S) {
            Ok(evidence) => assert_eq!(evidence, sound.evidence),
            Err(error) => assert_eq!(error.mark(), Mark::Abstain, "{error:?}"),
        }
    }
}

/// Changed TDX quotes, and anything else in their place.
pub fn dcap(input: &[u8]) {
    DCAP.assert_quote_is_safe(input);
    DCAP.assert_quote_is_safe(&patched(&DCAP.quote, input));
}

/// Changed SEV-SNP evidence, and anything else in its place.
pub fn snp(input: &[u8]) {
    SNP.assert_quote_is_safe(input);
    SNP.assert_quote_is_safe(&patched(&SNP.quote, input));
}

/// What a client may send to the application, and a host in its place may answer: an application answers everything, and
/// what decodes encodes to something that decodes to the same.
pub fn request(input: &[u8]) {
    static DUTY: LazyLock<(Tee, Vec<u8>)> = LazyLock::new(|| {
        let world = World::new();
        let peers = [(5, TeeType::Sgx), (6, TeeType::Tdx)];
        let assigned = peers.map(|(index, tee)| world.sound_peer(index, tee).publish(&world, 4));
        let duty = world.duty(5, assigned.to_vec());
        (world.tee(), Request::Confirm(Box::new(duty)).encode().expect("small"))
    });
    for bytes in [input.to_vec(), patched(&DUTY.1, input)] {
        let answer = app(DUTY.0.clone()).handle(&bytes);
        let answer = Response::decode(&answer).expect("an answer");
        assert_ne!(answer, Response::Refused(Refusal::Unexpected));
        if let Ok(request) = Request::decode(&bytes) {
            assert_eq!(Request::decode(&request.encode().expect("fits")).as_ref(), Ok(&request));
        }
    }
    let _ = Response::decode(input);
}

/// Changed signature files of enclaves: refused, or the same enclave.
pub fn sigstruct(input: &[u8]) {
    const SOUND: &[u8] = include_bytes!("../../crates/evidence/tests/data/synthetic.sig");
    static READ: LazyLock<Sigstruct> = LazyLock::new(|| Sigstruct::read(SOUND).expect("sound"));
    let _ = Sigstruct::read(input);
    if let Ok(sigstruct) = Sigstruct::read(&patched(SOUND, input)) {
        assert_eq!(sigstruct, *READ);
    }
}
