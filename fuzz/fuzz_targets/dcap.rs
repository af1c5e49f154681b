//! Changed TDX quotes, and anything else in their place.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use multee_fuzz::{Sound, patched};

static SOUND: LazyLock<Sound> = LazyLock::new(Sound::dcap);

fuzz_target!(|input: &[u8]| {
    SOUND.assert_quote_is_safe(input);
    SOUND.assert_quote_is_safe(&patched(&SOUND.quote, input));
});
