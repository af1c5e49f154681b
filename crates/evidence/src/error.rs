//! Why evidence was not accepted, by whose fault it is, and the mark that follows.
//!
//! A verifier's host brings the collateral and may lie; the device brings the quote and may lie. So that
//! neither can pass its fault to the other, what the quote alone shows is judged first, without any
//! collateral, and collateral is judged on its own before anything is held against it. A device's fault
//! earns a negative mark, a fault of the collateral an abstention, whatever else is wrong.

use alloy_primitives::B256;
use multee_protocol::{Epoch, Mark, Power};

use crate::snp::{SnpComponent, SnpGuarantee, SnpProduct};
use crate::status::TcbStatus;

/// Why a quote was not accepted. Variants before [`Self::Debug`] say that the evidence does not verify, those
/// from there to [`Self::GuaranteeMissing`] that the platform is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppraisalError {
    /// More than 64 KiB.
    #[error("quote of {len} bytes exceeds {max}", max = crate::QUOTE_BYTES_MAX)]
    QuoteTooLarge {
        /// How many bytes there are.
        len: usize,
    },
    /// Not the layout of a DCAP quote, nor of SEV-SNP evidence.
    #[error("quote is malformed")]
    QuoteMalformed,
    /// Accepted are SGX in version 3 and TDX in versions 4 and 5.
    #[error("quote version {version} for TEE type {tee_type:#x} is not accepted")]
    QuoteKindUnsupported {
        /// The header's TEE type: 0 for SGX, 0x81 for TDX.
        tee_type: u32,
        /// The header's version.
        version: u16,
    },
    /// The quoting enclave is not Intel's.
    #[error("quoting enclave's vendor is unknown")]
    QuotingEnclaveVendorUnknown,
    /// Accepted is 2, ECDSA over P-256.
    #[error("attestation key type {0} is not accepted")]
    AttestationKeyTypeUnsupported(u16),
    /// The attestation key's signature over the report does not verify.
    #[error("signature over the report does not verify")]
    QuoteSignatureInvalid,
    /// The quoting enclave's report does not name the attestation key.
    #[error("quoting enclave did not vouch for the attestation key")]
    AttestationKeyUnbound,
    /// The quote names its platform's certificate but does not carry the chain (certification data of a type
    /// other than 5), and none was given. A device's fault where evidence is published: what it publishes
    /// must suffice for all who verify it.
    #[error("quote carries no certificate chain (certification data type {certification_type})")]
    CertificateChainMissing {
        /// The type it has instead.
        certification_type: u16,
    },
    /// The chain in the quote does not lead from a platform's certificate to an accepted root.
    #[error("certificate chain of the quote is not accepted: {0}")]
    CertificateChainInvalid(ChainFault),
    /// The platform's certificate does not sign the quoting enclave's report.
    #[error("platform's certificate does not sign the quoting enclave's report")]
    QuotingEnclaveReportInvalid,
    /// The quoting enclave is not the one that the vendor's identity describes, or it is in debug mode.
    #[error("quoting enclave is not the vendor's")]
    QuotingEnclaveNotGenuine,
    /// The hardware id (PPID, `CHIP_ID`) is masked, or has the wrong length: nothing tells the machine from others.
    #[error("hardware id is masked, or does not have its length")]
    HardwareIdMasked,
    /// SEV-SNP: accepted are versions 2 to 5.
    #[error("report version {0} is not accepted")]
    ReportVersionUnsupported(u32),
    /// SEV-SNP: accepted is 1, ECDSA over P-384 with SHA-384.
    #[error("signature algorithm {0} is not accepted")]
    SignatureAlgorithmUnsupported(u32),
    /// SEV-SNP: accepted are 0, the chip's key (VCEK), and 1, a cloud provider's (VLEK).
    #[error("signing key {0} is not accepted")]
    SigningKeyUnsupported(u32),
    /// SEV-SNP: the certificates of the signing key and its issuer are not with the report, and none were given. As
    /// for [`Self::CertificateChainMissing`], a device's fault where evidence is published.
    #[error("report comes without the certificates of its signing key")]
    EndorsementMissing,
    /// SEV-SNP: the signing key's certificate is about something else than the report.
    #[error("certificate of the signing key is not for the report's {0}")]
    EndorsementWrong(EndorsementFault),

    /// The enclave or trust domain can be looked into.
    #[error("debug mode is on")]
    Debug,
    /// The trust domain can be profiled, migrated, is bound to a service TD, lacks `SEPT_VE_DISABLE`, or
    /// sets reserved attributes. SEV-SNP: the guest can be migrated, or its policy sets reserved bits.
    #[error("attributes of the trust domain are not accepted")]
    AttributesNotAccepted,
    /// The policy says nothing of this TEE type.
    #[error("TEE type is not accepted")]
    TeeNotAccepted,
    /// The vendor revoked the platform's certificate or its issuer's.
    #[error("platform's certificate is revoked")]
    CertificateRevoked,
    /// The platform's security versions are below every level the collateral knows, or its TDX module is not
    /// one the collateral knows.
    #[error("platform's TCB is at no level that the collateral knows")]
    TcbLevelUnknown,
    /// The platform's status is not one that the policy accepts.
    #[error("platform's TCB status {0:?} is not accepted")]
    TcbStatusNotAccepted(TcbStatus),
    /// An advisory that the policy denies affects the platform.
    #[error("advisory {0} affects the platform")]
    AdvisoryDenied(String),
    /// The platform has a flag that the policy does not accept.
    #[error("{0:?} is not accepted")]
    FlagNotAccepted(PlatformFlag),
    /// SEV-SNP: a cloud provider's key signed, and the policy accepts chips' own keys only.
    #[error("reports signed by a cloud provider's key (VLEK) are not accepted")]
    VlekNotAccepted,
    /// SEV-SNP: asked for at a lower privilege level than the policy accepts.
    #[error("report from VMPL {0} is not accepted")]
    VmplNotAccepted(u32),
    /// SEV-SNP: the policy has no minimum TCB for the processor's family.
    #[error("processor family {} is not accepted", .0.name())]
    ProductNotAccepted(SnpProduct),
    /// SEV-SNP: a component's security version is below the policy's minimum.
    #[error("security version {found} of {component} is below {minimum}")]
    TcbBelowMinimum {
        /// Which component.
        component: SnpComponent,
        /// The least version that the report has for it.
        found: u8,
        /// The policy's.
        minimum: u8,
    },
    /// SEV-SNP: neither the guest's policy nor the platform guarantees what the policy demands.
    #[error("{0:?} is not guaranteed")]
    GuaranteeMissing(SnpGuarantee),

    /// The collateral is bad, old, or not the platform's.
    #[error("{part} {fault}")]
    Collateral {
        /// Which part of it.
        part: CollateralPart,
        /// What is wrong.
        fault: CollateralFault,
    },
    /// The verification library refused what every check here passes; so nobody's fault is established.
    #[error("evidence was refused for no established reason")]
    Unexplained,
}

/// Why a chain of certificates was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// Not PEM or not X.509, or the platform's certificate lacks what Intel's have.
    #[error("malformed")]
    Malformed,
    /// More than four certificates above the platform's.
    #[error("too long")]
    TooLong,
    /// A certificate's time is over.
    #[error("expired")]
    Expired,
    /// A certificate's time has not come.
    #[error("not yet valid")]
    NotYetValid,
    /// It does not lead to a root that the policy accepts.
    #[error("not from an accepted root")]
    NotFromAcceptedRoot,
}

/// What a platform's certificate or report says of it, and a policy may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformFlag {
    /// It can be extended with further packages.
    DynamicPlatform,
    /// Intel's registration service keeps its root keys.
    CachedKeys,
    /// Simultaneous multithreading is on.
    Smt,
    /// SEV-SNP: memory may be on CXL devices.
    Cxl,
}

/// What a signing key's certificate and the report do not agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndorsementFault {
    /// The processor's family.
    #[error("processor family")]
    Product,
    /// The chip id.
    #[error("chip id")]
    ChipId,
    /// The reported TCB version.
    #[error("TCB version")]
    Tcb,
    /// Whether it is the chip's key or a cloud provider's.
    #[error("kind of signing key")]
    KeyKind,
}

/// A part of the collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollateralPart {
    /// The root's revocation list; SEV-SNP has no other.
    #[error("root revocation list")]
    RootCrl,
    /// The revocation list of the platform certificates' issuer.
    #[error("platform revocation list")]
    PckCrl,
    /// The TCB info with its signer's chain.
    #[error("tcb info")]
    TcbInfo,
    /// The quoting enclave's identity with its signer's chain.
    #[error("quoting enclave identity")]
    QeIdentity,
    /// The platform's certificate chain, where it was given beside the quote.
    #[error("given certificate chain")]
    PckChain,
    /// Any of the former.
    #[error("collateral")]
    Whole,
}

/// What is wrong with a part of the collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollateralFault {
    /// Not the layout expected.
    #[error("is malformed")]
    Malformed,
    /// Its signature does not verify, or its signer is not the root's.
    #[error("is not signed by an accepted root")]
    NotSigned,
    /// Its signer, or the root itself, is revoked.
    #[error("is signed by a revoked certificate")]
    SignerRevoked,
    /// Issued after the time of appraisal.
    #[error("is not yet valid")]
    NotYetValid,
    /// Due for renewal by the time of appraisal.
    #[error("has expired")]
    Expired,
    /// About another platform family, TEE type or issuer.
    #[error("is not for this platform")]
    NotForPlatform,
    /// Of another TCB evaluation than the one that the policy names.
    #[error("has TCB evaluation number {found}, not {expected}")]
    WrongEvaluationNumber {
        /// The policy's.
        expected: u32,
        /// The collateral's.
        found: u32,
    },
}

impl CollateralFault {
    /// What a fault of a chain given beside a quote is: not the device's.
    pub(crate) fn of_given_chain(fault: ChainFault) -> Self {
        match fault {
            ChainFault::Malformed | ChainFault::TooLong => Self::Malformed,
            ChainFault::Expired => Self::Expired,
            ChainFault::NotYetValid => Self::NotYetValid,
            ChainFault::NotFromAcceptedRoot => Self::NotSigned,
        }
    }
}

impl AppraisalError {
    /// The mark that a block with this evidence earns.
    pub fn mark(&self) -> Mark {
        match self {
            Self::QuoteTooLarge { .. }
            | Self::QuoteMalformed
            | Self::QuoteKindUnsupported { .. }
            | Self::QuotingEnclaveVendorUnknown
            | Self::AttestationKeyTypeUnsupported(_)
            | Self::QuoteSignatureInvalid
            | Self::AttestationKeyUnbound
            | Self::CertificateChainMissing { .. }
            | Self::CertificateChainInvalid(_)
            | Self::QuotingEnclaveReportInvalid
            | Self::QuotingEnclaveNotGenuine
            | Self::ReportVersionUnsupported(_)
            | Self::SignatureAlgorithmUnsupported(_)
            | Self::SigningKeyUnsupported(_)
            | Self::EndorsementMissing
            | Self::EndorsementWrong(_) => Mark::EvidenceInvalid,
            Self::HardwareIdMasked => Mark::BindingWrong,
            Self::Debug
            | Self::AttributesNotAccepted
            | Self::TeeNotAccepted
            | Self::CertificateRevoked
            | Self::TcbLevelUnknown
            | Self::TcbStatusNotAccepted(_)
            | Self::AdvisoryDenied(_)
            | Self::FlagNotAccepted(_)
            | Self::VlekNotAccepted
            | Self::VmplNotAccepted(_)
            | Self::ProductNotAccepted(_)
            | Self::TcbBelowMinimum { .. }
            | Self::GuaranteeMissing(_) => Mark::PlatformNotAccepted,
            Self::Collateral { .. } | Self::Unexplained => Mark::Abstain,
        }
    }
}

/// Verified evidence whose measurement is not among the reference values of its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("measurement {measurement} is not allowed in epoch {epoch}")]
pub struct MeasurementNotAllowed {
    /// What was measured.
    pub measurement: B256,
    /// The epoch asked about.
    pub epoch: Epoch,
}

impl MeasurementNotAllowed {
    /// The mark that a block with this evidence earns.
    pub fn mark(&self) -> Mark {
        Mark::MeasurementNotAllowed
    }
}

/// A verified machine whose properties or power the policy does not accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertiesNotAccepted {
    /// A required feature is not among its features.
    #[error("feature {0} is missing")]
    FeatureMissing(String),
    /// More power than a machine of its family can have.
    #[error("power {power} is beyond the family's bound of {power_max}")]
    PowerBeyondBound {
        /// The power it says it has.
        power: Power,
        /// The policy's bound.
        power_max: Power,
    },
}

impl PropertiesNotAccepted {
    /// The mark that a block with such properties earns.
    pub fn mark(&self) -> Mark {
        Mark::PropertiesNotAccepted
    }
}
