//! Why an image could not be measured, and how to fix it.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use multee_evidence::{Register, SigstructError};
use multee_protocol::TeeType;

use crate::verify::VerifyError;

/// Why there is no reference value.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum MeasureError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Input(#[from] VerifyError),

    #[error("{} is not an enclave's signature file", path.display())]
    #[diagnostic(
        code(multee::measure::not_a_sigstruct),
        help("give the .sig file that gramine-sgx-sign writes beside the .manifest.sgx file")
    )]
    NotASigstruct { path: PathBuf, source: SigstructError },

    #[error("{} is not firmware that starts SEV-SNP guests: {why}", path.display())]
    #[diagnostic(
        code(multee::measure::not_firmware),
        help(
            "give the OVMF file that the guest is started with; for a kernel given beside it, OVMF built from AmdSevX64.dsc"
        )
    )]
    NotFirmware { path: PathBuf, why: String },

    #[error("register {register} is given twice, with different values")]
    #[diagnostic(code(multee::measure::contradiction), help("leave out the --register that is wrong"))]
    Contradiction { register: Register },

    #[error("registers of {} and of {} make no one reference value", one.name(), other.name())]
    #[diagnostic(code(multee::measure::two_tees), help("measure each image by itself"))]
    TwoTees { one: TeeType, other: TeeType },

    #[error("the policy does not accept {} evidence", .0.name())]
    #[diagnostic(
        code(multee::measure::tee_not_accepted),
        help("a network with such devices needs the TEE in its policy's `measurement`, or `snp`")
    )]
    TeeNotAccepted(TeeType),

    #[error("the policy's reference values cover {missing}, which the image does not have")]
    #[diagnostic(
        code(multee::measure::register_missing),
        help(
            "give it with --register {missing}=HEX, {} digits; what only the host can set is zeros where it sets nothing",
            2 * missing.bytes()
        )
    )]
    RegisterMissing { missing: Register },

    #[error("the value cannot be written")]
    #[diagnostic(code(multee::measure::unwritable), help("check where stdout leads"))]
    Unwritable(#[source] io::Error),
}
