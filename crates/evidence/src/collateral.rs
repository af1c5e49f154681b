//! Collateral: what the hardware vendor has signed about its platforms.
//!
//! A document that says `"tee": "snp"` is AMD's (module `snp::revocation`); every other is Intel's.

use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::{QeIdentity, TcbInfo};
use serde::Deserialize;
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;

use crate::error::{AppraisalError, CollateralFault, CollateralPart};
use crate::snp::SnpCollateral;

/// Collateral for one platform family and TEE type, still unverified: for DCAP TCB info, quoting enclave identity,
/// both revocation lists and the certificates that sign them; for SEV-SNP the root's revocation list.
///
/// It comes from whoever runs a verifier's host, so nothing in it is believed before its signature is
/// checked, and whatever is wrong with it is never held against the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collateral(pub(crate) Kind);

/// Whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a verifier holds a handful")]
pub(crate) enum Kind {
    Dcap(DcapCollateral),
    Snp(SnpCollateral),
}

/// Intel's, for SGX or TDX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DcapCollateral {
    pub(crate) parts: QuoteCollateralV3,
    pck_chain_pem: Option<String>,
    tcb_info_number: Option<u32>,
    root_crl_issued_s: Option<u64>,
    pck_crl_issued_s: Option<u64>,
}

/// The one field of the TCB info that the verification library reads but does not report.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TcbInfoNumber {
    tcb_evaluation_data_number: u32,
}

/// What tells AMD's documents from Intel's.
#[derive(Deserialize)]
struct Vendor {
    tee: String,
}

/// Why a document is no collateral.
#[derive(Debug, thiserror::Error)]
pub enum CollateralParseError {
    /// More than 1 MiB.
    #[error("collateral of {len} bytes exceeds {max}", max = Collateral::BYTES_MAX)]
    TooLarge {
        /// How many bytes there are.
        len: usize,
    },
    /// Not JSON, or not these fields.
    #[error("collateral is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl Collateral {
    /// The largest document, in bytes.
    pub const BYTES_MAX: usize = 1024 * 1024;

    /// Reads collateral: Intel's in the JSON form of dcap-qvl's `QuoteCollateralV3` (PEM chains and signed JSON as
    /// strings, revocation lists and signatures in hex), AMD's as
    /// `{"tee": "snp", "ark_crl": HEX, "vek_chain": PEM}`, whose last field may be missing.
    ///
    /// # Errors
    /// When the document is too large or malformed.
    pub fn from_json(document: &[u8]) -> Result<Self, CollateralParseError> {
        if document.len() > Self::BYTES_MAX {
            return Err(CollateralParseError::TooLarge { len: document.len() });
        }
        match DcapCollateral::from_json(document) {
            Ok(dcap) => Ok(Self(Kind::Dcap(dcap))),
            Err(error) => match serde_json::from_slice::<Vendor>(document) {
                Ok(vendor) if vendor.tee == "snp" => Ok(Self(Kind::Snp(serde_json::from_slice(document)?))),
                _ => Err(error),
            },
        }
    }

    /// The collateral in the form that [`Self::from_json`] reads.
    ///
    /// # Errors
    /// Never for collateral that was read; the serialiser's signature allows it.
    pub fn to_json(&self) -> Result<Vec<u8>, CollateralParseError> {
        Ok(match &self.0 {
            Kind::Dcap(dcap) => serde_json::to_vec(&dcap.document())?,
            Kind::Snp(snp) => serde_json::to_vec(snp)?,
        })
    }

    /// The certificate chain of the platform (SEV-SNP: of the key that signs its reports), where the document brings
    /// one, for quotes that carry none. It is used only when handed to
    /// [`Verifier::appraise_with_chain`](crate::Verifier::appraise_with_chain).
    pub fn pck_chain_pem(&self) -> Option<&str> {
        match &self.0 {
            Kind::Dcap(dcap) => dcap.pck_chain_pem.as_deref(),
            Kind::Snp(snp) => snp.vek_chain.as_deref(),
        }
    }

    /// Intel's, or the fault of whoever brought another vendor's.
    pub(crate) fn dcap(&self) -> Result<&DcapCollateral, AppraisalError> {
        match &self.0 {
            Kind::Dcap(dcap) => Ok(dcap),
            Kind::Snp(_) => Err(other_vendors()),
        }
    }

    /// AMD's, or the fault of whoever brought another vendor's.
    pub(crate) fn snp(&self) -> Result<&SnpCollateral, AppraisalError> {
        match &self.0 {
            Kind::Snp(snp) => Ok(snp),
            Kind::Dcap(_) => Err(other_vendors()),
        }
    }
}

fn other_vendors() -> AppraisalError {
    AppraisalError::Collateral { part: CollateralPart::Whole, fault: CollateralFault::NotForPlatform }
}

impl DcapCollateral {
    fn from_json(document: &[u8]) -> Result<Self, CollateralParseError> {
        let mut parts: QuoteCollateralV3 = serde_json::from_slice(document)?;
        // Taken out, for dcap-qvl would prefer it to the chain in the quote: then whoever brings the
        // collateral could make a good quote fail.
        let pck_chain_pem = parts.pck_certificate_chain.take();
        let number = serde_json::from_str::<TcbInfoNumber>(&parts.tcb_info).ok();
        let tcb_info_number = number.map(|info| info.tcb_evaluation_data_number);
        let root_crl_issued_s = issued_s(&parts.root_ca_crl);
        let pck_crl_issued_s = issued_s(&parts.pck_crl);
        Ok(Self { parts, pck_chain_pem, tcb_info_number, root_crl_issued_s, pck_crl_issued_s })
    }

    fn document(&self) -> QuoteCollateralV3 {
        QuoteCollateralV3 { pck_certificate_chain: self.pck_chain_pem.clone(), ..self.parts.clone() }
    }

    /// The TCB info's evaluation number, to be believed once the TCB info's signature is.
    pub(crate) fn tcb_info_number(&self) -> Option<u32> {
        self.tcb_info_number
    }

    /// Holds both revocation lists against the time of appraisal: a later list knows revocations that others who
    /// appraise the same evidence did not know, so by it nobody is judged (R16).
    pub(crate) fn check_lists_issued(&self, now_s: u64) -> Result<(), AppraisalError> {
        let lists = [
            (CollateralPart::RootCrl, self.root_crl_issued_s),
            (CollateralPart::PckCrl, self.pck_crl_issued_s),
        ];
        for (part, issued_s) in lists {
            let fault = match issued_s {
                Some(issued_s) if issued_s <= now_s => continue,
                Some(_) => CollateralFault::NotYetValid,
                None => CollateralFault::Malformed,
            };
            return Err(AppraisalError::Collateral { part, fault });
        }
        Ok(())
    }

    pub(crate) fn tcb_info(&self) -> Option<TcbInfo> {
        serde_json::from_str(&self.parts.tcb_info).ok()
    }

    pub(crate) fn qe_identity(&self) -> Option<QeIdentity> {
        serde_json::from_str(&self.parts.qe_identity).ok()
    }
}

/// When a revocation list was issued (RFC 5280, thisUpdate), in seconds since the Unix epoch.
fn issued_s(list_der: &[u8]) -> Option<u64> {
    let list = CertificateList::<Rfc5280>::from_der(list_der).ok()?;
    Some(list.tbs_cert_list.this_update.to_unix_duration().as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_malformed_documents_are_refused() {
        let large = vec![b' '; Collateral::BYTES_MAX + 1];
        assert!(matches!(Collateral::from_json(&large), Err(CollateralParseError::TooLarge { .. })));
        let blank = vec![b' '; Collateral::BYTES_MAX];
        assert!(matches!(Collateral::from_json(&blank), Err(CollateralParseError::Malformed(_))));
        assert!(matches!(Collateral::from_json(b"{}"), Err(CollateralParseError::Malformed(_))));
        let deep = "[".repeat(100_000);
        assert!(matches!(Collateral::from_json(deep.as_bytes()), Err(CollateralParseError::Malformed(_))));
    }
}
