//! From evidence bytes to [`VerifiedEvidence`]: appraisal of Intel DCAP quotes and AMD SEV-SNP reports under a
//! policy.
//!
//! In: the bytes of a quote (SGX in version 3, TDX in versions 4 and 5, SEV-SNP reports in versions 2 to 5 with their
//! certificates), the vendor's [`Collateral`], a
//! [`Policy`], the roots it accepts, and the time. Out: [`VerifiedEvidence`], a type that only verification
//! can make, or an [`AppraisalError`] with the one [`Mark`](multee_protocol::Mark) it earns.
//!
//! | module | holds |
//! |---|---|
//! | `bundle` | the bytes a device publishes: properties, and a quote without its certificates |
//! | `split` | a quote's certificate chain, taken out and put back |
//! | `properties` | what a machine says it is made of |
//! | `policy` | what a network accepts, as data |
//! | `reference` | which measurements are allowed in which epochs |
//! | `measurement` | registers, and the digest over the chosen ones |
//! | `collateral` | what the vendor has signed about its platforms |
//! | `device` | what a quote shows without collateral |
//! | `diagnosis` | whose fault a refusal is |
//! | `claimed` | what a quote says of its platform and of what runs there, unverified |
//! | `claimed_quote` | what a quote and its certificates say, unverified, for people to see |
//! | `sigstruct` | what an SGX enclave's signature file says of it |
//! | `outlook` | which security versions fall short of the vendor's levels |
//! | `appraisal` | the verifier and what it makes |
//! | `attester` | what obtains evidence from the TEE a program runs in |
//! | `crypto` | which code checks signatures |
//! | `snp` | all of this for SEV-SNP |
//!
//! Of DCAP signatures, chains, revocations and TCB levels are dcap-qvl's business, of SEV-SNP signatures are the
//! `sev` crate's: no evidence is accepted that these refuse. This room adds what is ours: policy, measurement, identity, and causes.
//!
//! # Whose fault it is
//!
//! The device brings the quote, the verifier's host brings the collateral, and either may lie. What the quote
//! shows by itself is judged first and needs no collateral; collateral is judged next, on its own; only then
//! is the platform judged by it. So a device cannot hide its faults behind bad collateral, and a host that
//! brings bad collateral gets an abstention out of it and nothing worse.
//!
//! A host can still bring a revocation list that is old but not yet due for renewal; until it is, a revoked
//! machine passes with that host. The list's own dates bound this (Intel's lists: 30 days).
//!
//! This room does no I/O, reads no clock, trusts no input, and knows no vendor but by the roots it is given:
//! evidence of a simulated vendor verifies under that vendor's root and under no other.
//!
//! # What a quote leaves unauthenticated
//!
//! No signature covers these bytes of a quote. Whoever passes it on can change them, and it is refused or keeps
//! its meaning, down to the last field of [`VerifiedEvidence`]:
//!
//! - what follows the quote's end (hardware pads TDX quotes with zeros), and with padding the lengths that may
//!   reach into it;
//! - in TDX quotes the type of the outer certification data (6);
//! - in the certificate chain: line breaks, the text around the PEM blocks, and all that follows the
//!   platform's certificate and its issuer's, namely the root's own certificate, in whose place stands the
//!   root that the policy accepts; and the chain's length, by which that can be cut off;
//! - whether there is a chain at all: without one, or with one of other certificates, a quote does not verify
//!   by itself.
//!
//! Of SEV-SNP evidence every byte is covered. Only the report's signature can be replaced, by the other one that
//! ECDSA allows for it (s by n − s); the meaning stays.
//!
//! The test `mutations` holds this list against the samples byte by byte. Every other byte is covered: no
//! change of it is accepted. On chain the hashes of evidence and certificates cover them all (R6).

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_arithmetic
    )
)]

mod appraisal;
mod attester;
mod bundle;
mod claimed;
mod claimed_quote;
mod collateral;
mod crypto;
mod device;
mod diagnosis;
mod digest;
mod error;
mod measurement;
mod outlook;
mod policy;
mod properties;
mod reference;
mod sigstruct;
mod snp;
mod split;
mod status;

pub use appraisal::{
    CollateralKey, Examined, PckCa, VerifiedEvidence, Verifier, VerifierConfig, VerifierError,
};
pub use attester::{AttestError, ObtainQuote};
pub use bundle::{BundleError, EvidenceBundle};
pub use claimed::{ClaimedPlatform, claimed_registers, claimed_tee};
pub use claimed_quote::{ClaimedCertificate, ClaimedQuote};
pub use collateral::{Collateral, CollateralParseError};
pub use crypto::CryptoBackend;
pub use device::QUOTE_BYTES_MAX;
pub use error::{
    AppraisalError, ChainFault, CollateralFault, CollateralPart, EndorsementFault, MeasurementNotAllowed,
    PlatformFlag, PropertiesNotAccepted,
};
pub use measurement::{Register, RegisterValue, UnknownRegister, measurement};
pub use outlook::{TcbComponent, TcbOutlook, TcbShortfall, tcb_outlook};
pub use policy::{
    AMD_ARK_DER, AMD_ARK_SHA256, Fmspc, INTEL_SGX_ROOT_CA_DER, INTEL_SGX_ROOT_CA_SHA256, Policy, PolicyError,
};
pub use properties::{Properties, PropertiesError};
pub use reference::{EpochRange, ReferenceValues, ReferenceValuesError};
pub use sigstruct::{Sigstruct, SigstructError};
pub use snp::{
    ClaimedSnp, SnpComponent, SnpFacts, SnpGuarantee, SnpPolicy, SnpProduct, SnpQuoteError, SnpTcb,
    is_snp_quote, snp_quote,
};
pub use split::SplitQuote;
pub use status::TcbStatus;
