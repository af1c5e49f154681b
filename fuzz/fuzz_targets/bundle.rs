//! Bundles: what decodes encodes to the same bytes, and what is split joins to the same quote.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multee_evidence::{EvidenceBundle, SplitQuote};

fuzz_target!(|input: &[u8]| {
    if let Ok(bundle) = EvidenceBundle::decode(input) {
        assert_eq!(bundle.encode().as_deref(), Ok(input));
    }
    let (split, certificates) = SplitQuote::split(input);
    if certificates.len() <= EvidenceBundle::BYTES_MAX {
        assert_eq!(split.join(&certificates).as_deref(), Ok(input));
    }
});
