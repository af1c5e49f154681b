//! See `multee_fuzz::dcap`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| multee_fuzz::dcap(input));
