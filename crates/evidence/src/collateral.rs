//! Collateral: what the hardware vendor has signed about its platforms.

use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::{QeIdentity, TcbInfo};
use serde::Deserialize;
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;

use crate::error::{AppraisalError, CollateralFault, CollateralPart};

/// Collateral for one platform family and TEE type, still unverified: TCB info, quoting enclave identity,
/// both revocation lists and the certificates that sign them.
///
/// It comes from whoever runs a verifier's host, so nothing in it is believed before its signature is
/// checked, and whatever is wrong with it is never held against the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collateral {
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

    /// Reads collateral in the JSON form of dcap-qvl's `QuoteCollateralV3`: PEM chains and signed JSON as
    /// strings, revocation lists and signatures in hex.
    ///
    /// # Errors
    /// When the document is too large or malformed.
    pub fn from_json(document: &[u8]) -> Result<Self, CollateralParseError> {
        if document.len() > Self::BYTES_MAX {
            return Err(CollateralParseError::TooLarge { len: document.len() });
        }
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

    /// The collateral in the form that [`Self::from_json`] reads.
    ///
    /// # Errors
    /// Never for collateral that was read; the serialiser's signature allows it.
    pub fn to_json(&self) -> Result<Vec<u8>, CollateralParseError> {
        let parts =
            QuoteCollateralV3 { pck_certificate_chain: self.pck_chain_pem.clone(), ..self.parts.clone() };
        Ok(serde_json::to_vec(&parts)?)
    }

    /// The platform's certificate chain, where the document brings one, for quotes that carry none. It is
    /// used only when handed to [`Verifier::appraise_with_chain`](crate::Verifier::appraise_with_chain).
    pub fn pck_chain_pem(&self) -> Option<&str> {
        self.pck_chain_pem.as_deref()
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
