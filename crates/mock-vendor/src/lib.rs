//! A software hardware-vendor for machines without a TEE. All its evidence is SIMULATED.
//!
//! A [`Vendor`] grows from a seed of 32 bytes: a root, the authority that certifies platforms, the signer of
//! collateral, and any number of [`Platform`]s with hardware ids of their own, which quote in Intel's formats
//! (SGX version 3, TDX version 4). A verifier accepts all this when it is given this vendor's root and refuses
//! it under any other; nothing in a verifier knows of simulation.
//!
//! An [`SnpVendor`] is the same in AMD's formats, with [`SnpMachine`]s that make SEV-SNP reports.
//!
//! The same seed gives the same bytes: keys are hashes of the seed and a label, signatures are deterministic
//! (RFC 6979), and there is no clock.
//!
//! It protects nothing. Whoever has the seed has every key, and every certificate, user data and
//! authentication data it makes says SIMULATED.
//!
//! | module | holds |
//! |---|---|
//! | `key` | keys and signatures from the seed |
//! | `certificate` | certificates and revocation lists, with Intel's extension |
//! | `collateral` | TCB info and quoting enclave identity, signed |
//! | `platform` | a machine and its quoting enclave |
//! | `provisioning` | collateral as a provisioning service publishes it |
//! | `quote` | the layout of reports and quotes |
//! | `vendor` | what holds them together |
//! | `snp` | all of this for SEV-SNP |

mod certificate;
mod collateral;
mod key;
mod platform;
mod provisioning;
mod quote;
mod snp;
mod vendor;

pub use collateral::CollateralSpec;
pub use platform::{Platform, PlatformSpec, QuotingEnclave, TcbLevel};
pub use provisioning::{CRL_OF_PROCESSORS, CRL_OF_ROOT, Publication};
pub use quote::{QuoteError, QuoteSpec, Registers, SgxRegisters, TdxRegisters, alter_body};
pub use snp::{
    SnpFamily, SnpKey, SnpMachine, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig, SnpVendorError,
    SnpVersions,
};
pub use vendor::{Vendor, VendorConfig, VendorError};
