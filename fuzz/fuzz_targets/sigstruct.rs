//! See `multee_fuzz::sigstruct`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| multee_fuzz::sigstruct(input));
