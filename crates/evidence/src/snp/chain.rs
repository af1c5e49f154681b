//! From the key that signed a report to an accepted root.

use crate::error::{AppraisalError, ChainFault, CollateralFault, CollateralPart};
use crate::snp::certificate::{Certificate, Endorsement};
use crate::snp::container::{Certificates, Container};
use crate::snp::signature::Memory;

/// Certificates and who brought them, which decides whose their faults are.
pub(crate) struct Claim {
    key: Vec<u8>,
    issuer: Vec<u8>,
    given: bool,
}

/// A verified chain.
pub(crate) struct Chain {
    pub(crate) key: Certificate,
    pub(crate) issuer: Certificate,
    pub(crate) root: Certificate,
    pub(crate) endorsement: Endorsement,
}

impl Claim {
    /// The evidence's own certificates if it carries any; else the given ones.
    pub(crate) fn of(container: &Container<'_>, given_pem: Option<&str>) -> Result<Self, AppraisalError> {
        if let Some(Certificates { key, issuer }) = container.certificates {
            return Ok(Self { key: key.to_vec(), issuer: issuer.to_vec(), given: false });
        }
        let given = given_pem.ok_or(AppraisalError::EndorsementMissing)?;
        let blocks = pem::parse_many(given).unwrap_or_default();
        let mut certificates = blocks.into_iter().map(pem::Pem::into_contents);
        match (certificates.next(), certificates.next()) {
            (Some(key), Some(issuer)) => Ok(Self { key, issuer, given: true }),
            _ => Err(given_fault(CollateralFault::Malformed)),
        }
    }

    /// The error for a fault of the chain.
    fn fault(&self, fault: ChainFault) -> AppraisalError {
        if self.given {
            given_fault(CollateralFault::of_given_chain(fault))
        } else {
            AppraisalError::CertificateChainInvalid(fault)
        }
    }

    /// The error for a sound chain of another key than the report's: a given one is the wrong one.
    pub(crate) fn mismatch(&self, error: AppraisalError) -> AppraisalError {
        if self.given { given_fault(CollateralFault::NotForPlatform) } else { error }
    }

    pub(crate) fn verify(
        &self,
        roots: &[Vec<u8>],
        memory: Memory,
        now_s: u64,
    ) -> Result<Chain, AppraisalError> {
        self.find(roots, memory, now_s).map_err(|fault| self.fault(fault))
    }

    fn find(&self, roots: &[Vec<u8>], memory: Memory, now_s: u64) -> Result<Chain, ChainFault> {
        let key = Certificate::from_der(&self.key)?;
        let issuer = Certificate::from_der(&self.issuer)?;
        let root = roots
            .iter()
            .filter_map(|root| Certificate::from_der(root).ok())
            .filter(|root| issuer.is_issued_in_the_name_of(root) && root.is_authority())
            .find(|root| memory.signs_certificate(root, &issuer))
            .ok_or(ChainFault::NotFromAcceptedRoot)?;
        let named = key.is_issued_in_the_name_of(&issuer) && issuer.is_authority();
        if !named || !memory.signs_certificate(&issuer, &key) {
            return Err(ChainFault::NotFromAcceptedRoot);
        }
        for certificate in [&key, &issuer, &root] {
            certificate.check_time(now_s)?;
        }
        if key.is_authority() || [&key, &issuer].into_iter().any(Certificate::demands_the_unknown) {
            return Err(ChainFault::Malformed);
        }
        let endorsement = Endorsement::of(&key).ok_or(ChainFault::Malformed)?;
        Ok(Chain { key, issuer, root, endorsement })
    }
}

fn given_fault(fault: CollateralFault) -> AppraisalError {
    AppraisalError::Collateral { part: CollateralPart::PckChain, fault }
}
