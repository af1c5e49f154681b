//! See `multee_fuzz::snp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| multee_fuzz::snp(input));
