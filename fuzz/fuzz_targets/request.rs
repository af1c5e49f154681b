//! See `multee_fuzz::request`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| multee_fuzz::request(input));
