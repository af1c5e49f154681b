//! See `multee_fuzz::claimed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| multee_fuzz::claimed(input));
