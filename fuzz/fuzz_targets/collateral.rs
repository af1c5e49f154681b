//! Changed collateral of both vendors: never held against the device.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use multee_evidence::Collateral;
use multee_fuzz::{NOW_S, Sound, patched};
use multee_protocol::Mark;

static SOUND: LazyLock<[Sound; 2]> = LazyLock::new(|| [Sound::dcap(), Sound::snp()]);

fuzz_target!(|input: &[u8]| {
    for sound in SOUND.iter() {
        let Ok(collateral) = Collateral::from_json(&patched(&sound.collateral_json, input)) else { continue };
        match sound.verifier.appraise(&sound.quote, &collateral, NOW_S) {
            Ok(evidence) => assert_eq!(evidence, sound.evidence),
            Err(error) => assert_eq!(error.mark(), Mark::Abstain, "{error:?}"),
        }
    }
});
