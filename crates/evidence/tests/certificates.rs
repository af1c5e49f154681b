//! Quotes without their certificates: what is published and joined again is what the quoting enclave made.

mod samples;

use alloy_primitives::{b256, keccak256};
use multee_evidence::{AppraisalError, BundleError, EvidenceBundle, SplitQuote, VerifierConfig};
use multee_mock_vendor::{PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::{Mark, TeeType};

/// Quotes of every accepted kind: Intel's, and of the simulated vendor.
fn quotes() -> Vec<(String, Vec<u8>)> {
    let intels = samples::all().into_iter().map(|sample| (sample.name.to_owned(), sample.quote));
    let config = VendorConfig { not_before_s: 1, not_after_s: 1_800_000_000, tcb_evaluation_number: 1 };
    let vendor = Vendor::from_seed([1; 32], config).expect("dates in range");
    let simulated = [TeeType::Sgx, TeeType::Tdx].map(|tee| {
        let platform = vendor.platform(PlatformSpec::sound(1, tee)).expect("simulated");
        let quote = platform.quote(&QuoteSpec::of_program(tee, "program", [7; 64])).expect("same TEE");
        (format!("simulated {}", tee.name()), quote)
    });
    intels.chain(simulated).collect()
}

fn bundle(quote: &[u8]) -> (EvidenceBundle, Vec<u8>) {
    EvidenceBundle::split(b"properties".to_vec(), quote)
}

#[test]
fn what_is_split_and_published_is_joined_to_the_same_bytes() {
    for (name, quote) in quotes() {
        let (bundle, certificates) = bundle(&quote);
        let published = bundle.encode_beside(&certificates).expect("fits");
        let read = EvidenceBundle::decode(&published).expect("a bundle");
        assert_eq!(read, bundle, "{name}");
        assert_eq!(read.quote.join(&certificates), Ok(quote), "{name}");
    }
}

#[test]
fn the_whole_chain_is_taken_out_and_nothing_else() {
    for (name, quote) in quotes() {
        let (split, certificates) = SplitQuote::split(&quote);
        assert!(certificates.starts_with(b"-----BEGIN CERTIFICATE-----"), "{name}");
        assert_eq!(pem::parse_many(&certificates).map(|chain| chain.len()).ok(), Some(3), "{name}");
        assert!(!split.rest().windows(8).any(|bytes| bytes == b"-----BEG"), "{name}");
        assert_eq!(split.rest().len() + certificates.len(), quote.len(), "{name}");
        println!("{name}: {} bytes, {} without certificates", quote.len(), split.rest().len());
    }
}

#[test]
fn quotes_of_one_platform_have_the_same_certificates() {
    let config = VendorConfig { not_before_s: 1, not_after_s: 1_800_000_000, tcb_evaluation_number: 1 };
    let vendor = Vendor::from_seed([1; 32], config).expect("dates in range");
    let platform = vendor.platform(PlatformSpec::sound(1, TeeType::Tdx)).expect("simulated");
    let split = |report_data| {
        let quote = platform.quote(&QuoteSpec::of_program(TeeType::Tdx, "program", report_data));
        SplitQuote::split(&quote.expect("same TEE"))
    };
    let (first, second) = (split([1; 64]), split([2; 64]));
    assert_eq!(first.1, second.1);
    assert_ne!(first.0, second.0);
    assert_eq!(first.0.at(), second.0.at());
}

/// How samples are published, as verifiers and contract hash it.
#[test]
fn published_samples_are_golden() {
    let golden = [
        (
            b256!("0x1c78b4593dc8ba080f8bd4df35b15c9520b83457b23f4d6f55bc01486139cb7f"),
            b256!("0xe1d0619067b4fcb9ded085a6d28c348739a7f3fffe89e43aa9d0fd0f9f14da44"),
        ),
        (
            b256!("0x47aaedc3914025d1bbb83d1593ba8fffcfed99515e1401e72fc8a34747d7a446"),
            b256!("0xd4c07bdceb6310870afa923982bb8f87e9e05340707eaa080834d4231dd35a89"),
        ),
        (
            b256!("0x69c6b619935ec56a7f5cf70bafd1656c4e69d092ef348f6413841c824b3cc8fe"),
            b256!("0xfacca2fbf1752e2316ebba3844ebafbccf78bac6426982bfd6c93b5a60f52278"),
        ),
    ];
    for (sample, (evidence_hash, certificates_hash)) in samples::all().iter().zip(golden) {
        let (bundle, certificates) = bundle(&sample.quote);
        assert_eq!(bundle.hash(), Ok(evidence_hash), "{}", sample.name);
        assert_eq!(keccak256(&certificates), certificates_hash, "{}", sample.name);
    }
}

#[test]
fn without_its_certificates_or_with_others_a_quote_does_not_verify() {
    let all = samples::all();
    for (index, sample) in all.iter().enumerate() {
        let verifier = sample.verifier(VerifierConfig::default());
        let (split, certificates) = SplitQuote::split(&sample.quote);
        let others = SplitQuote::split(&all[(index + 1) % all.len()].quote).1;
        let joined = |certificates: &[u8]| {
            let quote = split.join(certificates).expect("small");
            sample.appraise(&verifier, &quote).map_err(|error: AppraisalError| error.mark())
        };
        assert!(joined(&certificates).is_ok(), "{}", sample.name);
        assert_eq!(joined(&[]), Err(Mark::EvidenceInvalid), "{}", sample.name);
        assert_eq!(joined(&others), Err(Mark::EvidenceInvalid), "{}", sample.name);
        let elsewhere = SplitQuote::new(split.at() - 1, split.rest().to_vec()).expect("inside");
        let quote = elsewhere.join(&certificates).expect("small");
        let found = sample.appraise(&verifier, &quote).map_err(|error| error.mark());
        assert_eq!(found, Err(Mark::EvidenceInvalid), "{}: at the wrong place", sample.name);
    }
}

#[test]
fn every_cut_quote_is_split_to_what_joins_to_it() {
    for (name, quote) in quotes() {
        for len in 0..quote.len() {
            let (split, certificates) = SplitQuote::split(&quote[..len]);
            assert_eq!(split.join(&certificates).as_deref(), Ok(&quote[..len]), "{name}: cut to {len}");
        }
    }
}

#[test]
fn every_changed_quote_is_split_to_what_joins_to_it() {
    for (name, mut quote) in quotes() {
        for at in 0..quote.len() {
            for change in [1, 0x80, 0xFF] {
                quote[at] ^= change;
                let (split, certificates) = SplitQuote::split(&quote);
                assert_eq!(split.join(&certificates).as_ref(), Ok(&quote), "{name}: byte {at}");
                quote[at] ^= change;
            }
        }
    }
}

#[test]
fn every_cut_bundle_is_refused() {
    for (name, quote) in quotes() {
        let published = bundle(&quote).0.encode().expect("small");
        for len in 0..published.len() {
            assert_eq!(
                EvidenceBundle::decode(&published[..len]),
                Err(BundleError::Truncated),
                "{name}: cut to {len}"
            );
        }
    }
}

#[test]
fn every_changed_bit_of_a_bundle_is_refused_or_makes_another_quote_or_record() {
    for (name, quote) in quotes() {
        let (bundle, certificates) = bundle(&quote);
        let mut published = bundle.encode().expect("small");
        for at in 0..published.len() {
            for bit in 0..8 {
                published[at] ^= 1 << bit;
                if let Ok(other) = EvidenceBundle::decode(&published) {
                    assert_ne!(other, bundle, "{name}: byte {at}");
                    let same_record = other.properties == bundle.properties;
                    let same_quote = other.quote.join(&certificates).as_ref() == Ok(&quote);
                    assert!(!(same_record && same_quote), "{name}: byte {at}, bit {bit}");
                }
                published[at] ^= 1 << bit;
            }
        }
    }
}
