//! Why a quote could not be judged at all, and how to fix it.

use std::io;
use std::path::PathBuf;

use alloy_primitives::B256;
use miette::Diagnostic;
use multee_collateral::SourceError;
use multee_evidence::{AppraisalError, CollateralParseError, PolicyError, QUOTE_BYTES_MAX, VerifierError};

use super::input::Kind;
use super::moment::Moment;

/// Why no verdict came about.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum VerifyError {
    #[error("{kind} file {} does not exist", path.display())]
    #[diagnostic(code(multee::verify::file_missing), help("check the path given with --{}", kind.flag()))]
    Missing { kind: Kind, path: PathBuf },

    #[error("{kind} {} cannot be read", path.display())]
    #[diagnostic(
        code(multee::verify::file_unreadable),
        help("--{} needs a file that you may read", kind.flag())
    )]
    Unreadable { kind: Kind, path: PathBuf, source: io::Error },

    #[error("{kind} {} is larger than {bytes_max} bytes", path.display())]
    #[diagnostic(code(multee::verify::too_large), help("is this the right file for --{}?", kind.flag()))]
    TooLarge { kind: Kind, path: PathBuf, bytes_max: usize },

    #[error("quote {} is larger than {QUOTE_BYTES_MAX} bytes", path.display())]
    #[diagnostic(code(multee::verify::quote_too_large), help("real quotes have 4 to 20 KiB"))]
    QuoteTooLarge { path: PathBuf },

    #[error("{} is neither a DCAP quote nor an SEV-SNP report", path.display())]
    #[diagnostic(
        code(multee::verify::not_a_quote),
        help(
            "give the whole quote, SGX in version 3 or TDX in version 4 or 5, or the whole SEV-SNP report, alone or with \
             its certificates, in binary or hex; if it is in base64, decode it first"
        )
    )]
    NotAQuote { path: PathBuf },

    #[error("{} is not collateral", path.display())]
    #[diagnostic(
        code(multee::verify::not_collateral),
        help(
            "give the JSON that dcap-qvl and its PCCS clients write, with the fields \
             pck_crl_issuer_chain, root_ca_crl, pck_crl, tcb_info_issuer_chain, tcb_info, \
             tcb_info_signature, qe_identity_issuer_chain, qe_identity and qe_identity_signature; for SEV-SNP \
             give `tee`: `snp`, `ark_crl` and perhaps `vek_chain`"
        )
    )]
    NotCollateral { path: PathBuf, source: CollateralParseError },

    #[error("the quote does not say which collateral it needs")]
    #[diagnostic(
        code(multee::verify::not_fetchable),
        help("give the collateral, and the platform's chain in it, with --collateral")
    )]
    NotFetchable(#[source] AppraisalError),

    #[error("{0}")]
    #[diagnostic(
        code(multee::verify::not_fetched),
        help("name a service that has it with --pccs or --kds, or give the collateral with --collateral")
    )]
    NotFetched(SourceError),

    #[error("{item} holds only from {} on", from.to_string())]
    #[diagnostic(
        code(multee::verify::fetched_too_late),
        help(
            "services give what is in force: judge as of now, or give collateral of that time with --collateral"
        )
    )]
    FetchedTooLate { item: String, from: Moment },

    #[error("cache {} cannot be used", path.display())]
    #[diagnostic(code(multee::verify::cache_unusable), help("--cache needs a directory that you may write"))]
    CacheUnusable { path: PathBuf, source: io::Error },

    #[error("{} is not a policy", path.display())]
    #[diagnostic(
        code(multee::verify::not_a_policy),
        help(
            r#"the least a policy says: {{"version": 1, "roots": ["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"], "platform_statuses": ["UpToDate"], "tcb_evaluation_number": 17}}"#
        )
    )]
    NotAPolicy { path: PathBuf, source: PolicyError },

    #[error("{} is not a root certificate", path.display())]
    #[diagnostic(
        code(multee::verify::not_a_root),
        help("give one X.509 certificate, in DER or PEM, with --root")
    )]
    NotARoot { path: PathBuf },

    #[error("the policy does not accept the root certificate {}", path.display())]
    #[diagnostic(
        code(multee::verify::root_not_accepted),
        help("write a policy whose `roots` name its SHA-256, {sha256}, and give it with --policy")
    )]
    RootNotAccepted { path: PathBuf, sha256: B256 },

    #[error("no certificate is given of the roots that the policy accepts")]
    #[diagnostic(
        code(multee::verify::no_root),
        help("give the certificate of one with --root; built in are Intel's and AMD's")
    )]
    NoRoot,

    #[error("no verifier can be made of these roots")]
    #[diagnostic(code(multee::verify::no_verifier), help("check the certificates given with --root"))]
    NoVerifier(#[source] VerifierError),

    #[error("the report cannot be written")]
    #[diagnostic(code(multee::verify::unwritable), help("check where stdout leads"))]
    Unwritable(#[source] io::Error),
}
