//! See `multee_fuzz::bundle`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| multee_fuzz::bundle(input));
