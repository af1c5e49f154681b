//! Changed quotes and changed collateral: refused for a cause, or accepted with the meaning they had.
//!
//! Under good collateral no change of a quote may earn an abstention, else a device could hide its faults. To
//! a good quote no change of the collateral may do worse, else a host could slander.

mod samples;

use std::collections::BTreeMap;
use std::ops::Range;

use multee_evidence::{
    AppraisalError, Collateral, EvidenceBundle, SplitQuote, VerifiedEvidence, Verifier, VerifierConfig,
};
use multee_protocol::Mark;
use samples::Sample;

const MUTATIONS: u64 = 100_000;
const BUNDLE_MUTATIONS: u64 = 20_000;
const COLLATERAL_MUTATIONS: u64 = 20_000;
const SEED: u64 = 0x4D75_6C54_4545;

/// A sample with the verdict on it as it is.
struct Original {
    sample: Sample,
    verifier: Verifier,
    evidence: VerifiedEvidence,
}

impl Original {
    fn all() -> Vec<Self> {
        let original = |sample: Sample| {
            let verifier = sample.verifier(VerifierConfig::default());
            let evidence = sample.appraise(&verifier, &sample.quote).expect("verifies");
            Self { sample, verifier, evidence }
        };
        samples::all().into_iter().map(original).collect()
    }

    /// Whether a changed quote is accepted; if so it means what it meant, else it is the device's fault.
    fn accepts_quote(&self, quote: &[u8], what: &str) -> bool {
        match self.sample.appraise(&self.verifier, quote) {
            Ok(evidence) => {
                assert_eq!(evidence, self.evidence, "{}: {what} changed the meaning", self.sample.name);
                true
            }
            Err(error) => {
                let name = self.sample.name;
                assert!(error.mark().is_negative(), "{name}: {what} earned an abstention: {error:?}");
                false
            }
        }
    }

    /// Whether changed collateral is accepted; if so nothing changes, else it is not the device's fault.
    fn accepts_collateral(&self, collateral: &Collateral, what: &str) -> bool {
        match self.sample.appraise_by(&self.verifier, collateral) {
            Ok(evidence) => {
                assert_eq!(evidence, self.evidence, "{}: {what} changed the meaning", self.sample.name);
                true
            }
            Err(error) => {
                let name = self.sample.name;
                assert_eq!(
                    error.mark(),
                    Mark::Abstain,
                    "{name}: {what} was held against the device: {error:?}"
                );
                assert_ne!(error, AppraisalError::Unexplained, "{name}: {what}");
                false
            }
        }
    }
}

/// Parts of a quote that no signature covers, by what they are.
fn unauthenticated(quote: &[u8]) -> BTreeMap<&'static str, Vec<Range<usize>>> {
    const HEADER: usize = 48;
    let version = quote[0];
    let body = match version {
        3 => 384,
        4 => 584,
        _ => 6 + u32::from_le_bytes(quote[50..54].try_into().expect("four bytes")) as usize,
    };
    let proof_len = HEADER + body;
    let number = |at: usize| u32::from_le_bytes(quote[at..at + 4].try_into().expect("four bytes")) as usize;
    let proof_end = proof_len + 4 + number(proof_len);
    let outer = proof_len + 4 + 64 + 64;
    let vouching = if version == 3 { outer } else { outer + 6 };
    let certification = vouching + 384 + 64 + 2 + 32;
    let chain = certification + 6..certification + 6 + number(certification + 2);
    let end_of_second = quote[chain.clone()]
        .windows(25)
        .enumerate()
        .filter(|(_, window)| window == b"-----END CERTIFICATE-----")
        .nth(1)
        .map(|(at, _)| chain.start + at + 25)
        .expect("three certificates");
    let breaks = chain.clone().filter(|at| quote[*at] == b'\n').map(|at| at..at + 1).collect();
    let one = |range: Range<usize>| vec![range];
    BTreeMap::from([
        ("length of the signature data", one(proof_len..proof_len + 4)),
        ("outer certification type and length", one(outer..vouching)),
        ("length of the chain", one(certification + 2..certification + 6)),
        ("line breaks in the chain", breaks),
        (
            "chain after the platform's issuer: the root, which the policy names",
            one(end_of_second..chain.end),
        ),
        ("after the quote's end", one(proof_end..quote.len())),
    ])
}

/// Every position with each of these changes, and where any of them was accepted.
fn accepted_positions(original: &Original, changes: &[u8]) -> Vec<usize> {
    let quote = &original.sample.quote;
    let accepted = |at: &usize| {
        changes.iter().fold(false, |accepted, change| {
            let mut altered = quote.clone();
            altered[*at] ^= change;
            original.accepts_quote(&altered, &format!("byte {at} ^ {change:#04x}")) || accepted
        })
    };
    (0..quote.len()).filter(accepted).collect()
}

/// Holds the list of unauthenticated parts against what was accepted, both ways.
fn assert_listed(original: &Original, accepted: &[usize]) {
    let name = original.sample.name;
    let listed = unauthenticated(&original.sample.quote);
    for at in accepted {
        let part = listed.iter().find(|(_, ranges)| ranges.iter().any(|range| range.contains(at)));
        assert!(part.is_some(), "{name}: byte {at} is unauthenticated and not listed");
    }
    for (part, ranges) in listed {
        let len: usize = ranges.iter().map(Range::len).sum();
        let free = accepted.iter().filter(|at| ranges.iter().any(|range| range.contains(at))).count();
        println!("{name}: {part}: {free} of {len} bytes can change");
        let expected = match part {
            "line breaks in the chain" | "after the quote's end" => len..=len,
            // Only growth into padding, or a loss of the last line, leaves a quote readable.
            "length of the signature data" | "length of the chain" => 0..=2,
            // SGX quotes have none; of TDX's the type is not looked at, nor much of the length.
            "outer certification type and length" => len.min(2)..=4,
            // Its base64 must still decode, so some bytes of its frame cannot change.
            _ => len - 40..=len,
        };
        assert!(expected.contains(&free), "{name}: {part}: {free} of {len}, expected {expected:?}");
    }
}

#[test]
fn every_bit_of_a_quote_counts_or_is_listed_as_unauthenticated() {
    let flips_and_extremes: Vec<u8> = (0..8).map(|bit| 1 << bit).chain([0xFF]).collect();
    for original in Original::all() {
        let accepted = accepted_positions(&original, &flips_and_extremes);
        assert_listed(&original, &accepted);
    }
}

/// All 255 changes of every byte: `cargo test -p multee-evidence --test mutations -- --ignored`.
#[test]
#[ignore = "takes some minutes"]
fn every_change_of_one_byte_is_refused_or_means_the_same() {
    let changes: Vec<u8> = (1..=255).collect();
    for original in Original::all() {
        let accepted = accepted_positions(&original, &changes);
        assert_listed(&original, &accepted);
    }
}

#[test]
fn every_truncation_is_refused_up_to_the_padding() {
    for original in Original::all() {
        let quote = &original.sample.quote;
        let padding = unauthenticated(quote)["after the quote's end"][0].clone();
        for len in 0..quote.len() {
            let accepted = original.accepts_quote(&quote[..len], &format!("truncation to {len}"));
            assert_eq!(accepted, len >= padding.start, "{}: {len}", original.sample.name);
        }
    }
}

#[test]
fn random_mutations_of_quotes_are_refused_or_mean_the_same() {
    let originals = Original::all();
    let mut random = Random::seeded();
    let mut accepted = 0;
    for round in 0..MUTATIONS {
        let original = random.pick(&originals);
        let donor = random.pick(&originals);
        let mutated = mutate(&original.sample.quote, &donor.sample.quote, &mut random);
        let (split, certificates) = SplitQuote::split(&mutated);
        assert_eq!(split.join(&certificates).as_ref(), Ok(&mutated), "mutation {round} joins to itself");
        accepted += u64::from(original.accepts_quote(&mutated, &format!("mutation {round}")));
    }
    println!("{accepted} of {MUTATIONS} mutations left the meaning as it was");
    assert!(accepted > 0 && accepted < MUTATIONS / 2, "mutations must reach signed and unsigned bytes");
}

#[test]
fn random_mutations_of_bundles_and_certificates_are_refused_or_mean_the_same() {
    let originals = Original::all();
    let published: Vec<(Vec<u8>, Vec<u8>)> = originals
        .iter()
        .map(|original| EvidenceBundle::split(b"properties".to_vec(), &original.sample.quote))
        .map(|(bundle, certificates)| (bundle.encode().expect("small"), certificates))
        .collect();
    let mut random = Random::seeded();
    let (mut accepted, mut unreadable) = (0, 0);
    for round in 0..BUNDLE_MUTATIONS {
        let at = random.below(originals.len());
        let ((bundle, certificates), donor) = (&published[at], random.pick(&published));
        let (mutated, certificates) = match random.below(4) {
            0 => (bundle.clone(), mutate(certificates, &donor.1, &mut random)),
            1 => (bundle.clone(), donor.1.clone()),
            _ => (mutate(bundle, &donor.0, &mut random), certificates.clone()),
        };
        // What cannot be read or joined earns the mark of evidence that does not verify.
        let quote = EvidenceBundle::decode(&mutated).and_then(|bundle| bundle.quote.join(&certificates));
        match quote {
            Ok(quote) => {
                accepted += u64::from(originals[at].accepts_quote(&quote, &format!("mutation {round}")));
            }
            Err(_) => unreadable += 1,
        }
    }
    println!("{accepted} of {BUNDLE_MUTATIONS} left the meaning as it was, {unreadable} were unreadable");
    assert!(accepted > 0 && unreadable > 0 && accepted + unreadable < BUNDLE_MUTATIONS);
}

#[test]
fn random_mutations_of_collateral_are_never_held_against_the_device() {
    let originals = Original::all();
    let mut random = Random::seeded();
    let (mut accepted, mut unreadable) = (0, 0);
    for round in 0..COLLATERAL_MUTATIONS {
        let original = random.pick(&originals);
        let donor = random.pick(&originals);
        let Some((json, key)) = mutate_collateral(&original.sample, &donor.sample, &mut random) else {
            continue;
        };
        match Collateral::from_json(&json) {
            Ok(collateral) => {
                let what = format!("mutation {round} of {key}");
                accepted += u64::from(original.accepts_collateral(&collateral, &what));
            }
            Err(_) => unreadable += 1,
        }
    }
    println!("{accepted} of {COLLATERAL_MUTATIONS} left the verdict as it was, {unreadable} were unreadable");
    assert!(accepted + unreadable < COLLATERAL_MUTATIONS / 2, "mutations must reach what is signed");
}

/// `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn seeded() -> Self {
        let seed = std::env::var("MULTEE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
        println!("MULTEE_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).expect("below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn slice(&mut self, len: usize, longest: usize) -> Range<usize> {
        let start = self.below(len);
        let end = (start + 1 + self.below(longest)).min(len);
        start..end
    }
}

fn mutate(bytes: &[u8], donor: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutated = bytes.to_vec();
    for _ in 0..=random.below(3) {
        if mutated.is_empty() {
            break;
        }
        let len = mutated.len();
        let at = random.below(len);
        match random.below(8) {
            0 => mutated[at] = random.byte(),
            1 => mutated[at] ^= 1 << random.below(8),
            2 => mutated.truncate(at),
            3 => drop(mutated.drain(random.slice(len, 64))),
            4 => mutated.insert(at, random.byte()),
            5 => {
                let piece = mutated[random.slice(len, 256)].to_vec();
                mutated.splice(at..at, piece);
            }
            6 => {
                let piece = donor[random.slice(donor.len(), 512)].to_vec();
                let end = (at + piece.len()).min(len);
                mutated.splice(at..end, piece);
            }
            _ => {
                // Numbers at the ends of their ranges, where lengths and versions are read.
                let number = *random.pick(&[0, 1, 3, 4, 5, 0x7FFF, 0xFFFF, 0x10_0000, u32::MAX]);
                let end = (at + 4).min(len);
                mutated[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
            }
        }
    }
    mutated
}

/// The sample's collateral with one of its values mutated, and which.
fn mutate_collateral(sample: &Sample, donor: &Sample, random: &mut Random) -> Option<(Vec<u8>, String)> {
    let mut document: serde_json::Value = serde_json::from_slice(&sample.collateral_json).expect("json");
    let donor: serde_json::Value = serde_json::from_slice(&donor.collateral_json).expect("json");
    let keys: Vec<String> = document.as_object().expect("object").keys().cloned().collect();
    let key = random.pick(&keys).clone();
    let (own, other) = (document[&key].as_str()?, donor.get(&key)?.as_str()?);
    // Revocation lists and signatures are in hex: change what it stands for.
    let mutated = match (hex::decode(own), hex::decode(other)) {
        (Ok(own), Ok(other)) => hex::encode(mutate(&own, &other, random)),
        _ => String::from_utf8(mutate(own.as_bytes(), other.as_bytes(), random)).ok()?,
    };
    document[&key] = mutated.into();
    Some((document.to_string().into_bytes(), key))
}
