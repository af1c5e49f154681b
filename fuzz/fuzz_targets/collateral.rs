//! See `multee_fuzz::collateral`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| multee_fuzz::collateral(input));
