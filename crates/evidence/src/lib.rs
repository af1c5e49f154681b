//! From evidence bytes to [`VerifiedEvidence`]: appraisal of Intel DCAP quotes under a policy.
//!
//! In: the bytes of a quote (SGX in version 3, TDX in versions 4 and 5), the vendor's [`Collateral`], a
//! [`Policy`], the roots it accepts, and the time. Out: [`VerifiedEvidence`], a type that only verification
//! can make, or an [`AppraisalError`] with the one [`Mark`](multee_protocol::Mark) it earns.
//!
//! | module | holds |
//! |---|---|
//! | `bundle` | the bytes a device publishes: properties and quote |
//! | `properties` | what a machine says it is made of |
//! | `policy` | what a network accepts, as data |
//! | `reference` | which measurements are allowed in which epochs |
//! | `measurement` | registers, and the digest over the chosen ones |
//! | `collateral` | what the vendor has signed about its platforms |
//! | `device` | what a quote shows without collateral |
//! | `diagnosis` | whose fault a refusal is |
//! | `appraisal` | the verifier and what it makes |
//! | `crypto` | which code checks signatures |
//!
//! The signatures, chains, revocations and TCB levels are dcap-qvl's business: no evidence is accepted that it
//! refuses. This room adds what is ours: policy, measurement, identity, and causes.
//!
//! This room does no I/O, reads no clock, trusts no input, and knows no vendor but by the roots it is given:
//! evidence of a simulated vendor verifies under that vendor's root and under no other.
//!
//! # What a quote leaves unauthenticated
//!
//! No signature covers these bytes of a quote; whoever passes one on can change them, and the verdict with all
//! that it says stays the same. They are: what follows the quote's end (hardware pads with zeros); the length
//! of the signature data, as long as it reaches far enough; the outer certification type (6) of TDX quotes and
//! lengths that reach into padding; bytes of the certificate chain outside its PEM blocks, line breaks in
//! them, and the root's own certificate in it, which is replaced by the root that the policy accepts. The test
//! `mutations` holds this list against the samples byte by byte. On chain the block's evidence hash covers
//! them all (R6).

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
mod bundle;
mod collateral;
mod crypto;
mod device;
mod diagnosis;
mod digest;
mod error;
mod measurement;
mod policy;
mod properties;
mod reference;
mod status;

pub use appraisal::{CollateralKey, PckCa, VerifiedEvidence, Verifier, VerifierConfig, VerifierError};
pub use bundle::{BundleError, EvidenceBundle};
pub use collateral::{Collateral, CollateralParseError};
pub use crypto::CryptoBackend;
pub use device::QUOTE_BYTES_MAX;
pub use error::{
    AppraisalError, ChainFault, CollateralFault, CollateralPart, MeasurementNotAllowed, PlatformFlag,
    PropertiesNotAccepted,
};
pub use measurement::{Register, RegisterValue, measurement};
pub use policy::{Fmspc, INTEL_SGX_ROOT_CA_DER, INTEL_SGX_ROOT_CA_SHA256, Policy, PolicyError};
pub use properties::{Properties, PropertiesError};
pub use reference::{EpochRange, ReferenceValues, ReferenceValuesError};
pub use status::TcbStatus;
