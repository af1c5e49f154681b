//! Collateral for SEV-SNP: the root's revocation list, which covers the issuers of signing keys (AMD, KDS Interface
//! Specification). Signing keys themselves are not revoked by AMD: one that leaked is answered by a higher minimum
//! TCB.
//!
//! ```json
//! { "tee": "snp", "ark_crl": "3082…", "vek_chain": "-----BEGIN CERTIFICATE-----…" }
//! ```
//!
//! `ark_crl` is DER in hex. `vek_chain` may be missing: PEM of the signing key's certificate and its issuer's, for
//! evidence that carries none.

use serde::{Deserialize, Serialize};
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::ext::Extension;

use crate::error::{AppraisalError, CollateralFault, CollateralPart};
use crate::snp::certificate::Certificate;
use crate::snp::chain::Chain;
use crate::snp::signature::Memory;

/// What AMD has signed, unverified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnpCollateral {
    tee: SnpName,
    #[serde(with = "hex::serde")]
    ark_crl: Vec<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vek_chain: Option<String>,
}

/// Tells such a document from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SnpName {
    Snp,
}

impl SnpCollateral {
    /// Judges the list first, then by it the platform. The Unix time in seconds at which it is due for renewal.
    pub(crate) fn check(&self, chain: &Chain, memory: Memory, now_s: u64) -> Result<u64, AppraisalError> {
        let fault = |fault| AppraisalError::Collateral { part: CollateralPart::RootCrl, fault };
        let list = RevocationList::parse(&self.ark_crl).ok_or(fault(CollateralFault::Malformed))?;
        list.check(&chain.root, memory, now_s).map_err(fault)?;
        if list.revokes(&chain.issuer) {
            return Err(AppraisalError::CertificateRevoked);
        }
        Ok(list.due_s)
    }
}

struct RevocationList<'a> {
    list: CertificateList<Rfc5280>,
    /// The bytes that are signed.
    content: &'a [u8],
    signature: Vec<u8>,
    issued_s: u64,
    due_s: u64,
}

impl<'a> RevocationList<'a> {
    fn parse(der: &'a [u8]) -> Option<Self> {
        let list = CertificateList::<Rfc5280>::from_der(der).ok()?;
        let content = SliceReader::new(der).ok()?.sequence(|reader| {
            let content = reader.tlv_bytes()?;
            let _ = reader.read_slice(reader.remaining_len())?;
            Ok::<_, x509_cert::der::Error>(content)
        });
        let tbs = &list.tbs_cert_list;
        let issued_s = tbs.this_update.to_unix_duration().as_secs();
        let due_s = tbs.next_update?.to_unix_duration().as_secs();
        let signature = list.signature.as_bytes()?.to_vec();
        let is_plain = list.signature_algorithm == tbs.signature && !demands_the_unknown(&list);
        is_plain.then_some(Self { content: content.ok()?, signature, list, issued_s, due_s })
    }

    /// Signed by the root, issued by now, and not yet due.
    fn check(&self, root: &Certificate, memory: Memory, now_s: u64) -> Result<(), CollateralFault> {
        if !memory.signs_list(root, self.content, &self.signature) {
            let is_roots = self.list.tbs_cert_list.issuer == *root.subject();
            return Err(if is_roots { CollateralFault::NotSigned } else { CollateralFault::NotForPlatform });
        }
        if now_s < self.issued_s {
            return Err(CollateralFault::NotYetValid);
        }
        if now_s > self.due_s {
            return Err(CollateralFault::Expired);
        }
        if self.revokes(root) { Err(CollateralFault::SignerRevoked) } else { Ok(()) }
    }

    fn revokes(&self, certificate: &Certificate) -> bool {
        let entries = self.list.tbs_cert_list.revoked_certificates.iter().flatten();
        entries.into_iter().any(|entry| entry.serial_number == *certificate.serial_number())
    }
}

/// Whether the list has a critical extension, such as one that makes it a list of another issuer's certificates.
fn demands_the_unknown(list: &CertificateList<Rfc5280>) -> bool {
    let critical =
        |extensions: &Option<Vec<Extension>>| extensions.iter().flatten().any(|extension| extension.critical);
    let tbs = &list.tbs_cert_list;
    let mut entries = tbs.revoked_certificates.iter().flatten();
    critical(&tbs.crl_extensions) || entries.any(|entry| critical(&entry.crl_entry_extensions))
}
