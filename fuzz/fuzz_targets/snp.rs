//! Changed SEV-SNP evidence, and anything else in its place.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use multee_fuzz::{Sound, patched};

static SOUND: LazyLock<Sound> = LazyLock::new(Sound::snp);

fuzz_target!(|input: &[u8]| {
    SOUND.assert_quote_is_safe(input);
    SOUND.assert_quote_is_safe(&patched(&SOUND.quote, input));
});
