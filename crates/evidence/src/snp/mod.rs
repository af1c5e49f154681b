//! AMD SEV-SNP: attestation reports, and the keys that sign them.
//!
//! | module | holds |
//! |---|---|
//! | `claimed` | what a report says of its machine, unverified |
//! | `container` | how evidence travels: report and certificates |
//! | `report` | which reports are read, and what they show |
//! | `certificate` | certificates, with AMD's extensions |
//! | `chain` | from the signing key to an accepted root |
//! | `signature` | which signatures are good |
//! | `revocation` | the collateral: the root's revocation list |
//! | `product` | processor families and their TCB versions |
//! | `policy` | what a network accepts |
//!
//! Signatures are the `sev` crate's business. It checks nothing else, so the rest is here: accepted roots, validity
//! at the given time, revocation, that the signing key's certificate is about the report's chip and firmware, and
//! the demands of the policy. All but revocation needs no collateral, and is judged before it.
//!
//! A chip's own key (VCEK) vouches for the chip id by its certificate. A cloud provider's key (VLEK) does not, so
//! there the id is the signed report's word; a policy must accept such keys by name.

mod certificate;
mod chain;
mod claimed;
mod container;
mod policy;
mod product;
mod report;
mod revocation;
mod signature;

use multee_protocol::TeeType;

pub use self::claimed::ClaimedSnp;
pub(crate) use self::container::{CERTIFICATES_AT, Container, framed_certificates};
pub use self::container::{SnpQuoteError, is_snp_quote, snp_quote};
pub use self::policy::{SnpFacts, SnpGuarantee, SnpPolicy};
pub use self::product::{SnpComponent, SnpProduct, SnpTcb};
pub(crate) use self::report::Report;
pub(crate) use self::revocation::SnpCollateral;

use self::chain::{Chain, Claim};
use self::signature::{Memory, signs_report};
use crate::appraisal::{CollateralKey, Examined, PckCa, VerifiedEvidence};
use crate::device::QUOTE_BYTES_MAX;
use crate::error::{AppraisalError, PlatformFlag};
use crate::measurement::measurement;
use crate::policy::Policy;
use crate::status::TcbStatus;

/// By what SEV-SNP evidence is judged.
#[derive(Clone, Copy)]
pub(crate) struct Appraisal<'a> {
    pub(crate) policy: &'a Policy,
    /// DER.
    pub(crate) roots: &'a [Vec<u8>],
    pub(crate) remember_signatures: bool,
    pub(crate) now_s: u64,
}

/// Evidence that holds by itself, and under the policy but for what collateral decides.
pub(crate) struct Guest {
    report: Report,
    chain: Chain,
    facts: SnpFacts,
}

impl Appraisal<'_> {
    fn memory(&self) -> Memory {
        Memory(self.remember_signatures)
    }

    /// Checks all that needs no collateral.
    pub(crate) fn examine(
        &self,
        quote: &[u8],
        given_chain_pem: Option<&str>,
    ) -> Result<Guest, AppraisalError> {
        if quote.len() > QUOTE_BYTES_MAX {
            return Err(AppraisalError::QuoteTooLarge { len: quote.len() });
        }
        let container = Container::decode(quote)?;
        let report = Report::parse(container.report)?;
        let claim = Claim::of(&container, given_chain_pem)?;
        let chain = claim.verify(self.roots, self.memory(), self.now_s)?;
        report
            .check_endorsement(&chain.endorsement)
            .map_err(|fault| claim.mismatch(AppraisalError::EndorsementWrong(fault)))?;
        if !signs_report(&chain.key, &report.fields) {
            return Err(claim.mismatch(AppraisalError::QuoteSignatureInvalid));
        }
        report.check_attributes()?;
        let facts = report.facts(chain.endorsement.product);
        self.check_platform(&facts)?;
        Ok(Guest { report, chain, facts })
    }

    fn check_platform(&self, facts: &SnpFacts) -> Result<(), AppraisalError> {
        let policy = self.policy.snp().ok_or(AppraisalError::TeeNotAccepted)?;
        if let Some(objection) = policy.objections(facts).into_iter().next() {
            return Err(objection);
        }
        if facts.has_smt() && !self.policy.accepts_smt() {
            return Err(AppraisalError::FlagNotAccepted(PlatformFlag::Smt));
        }
        Ok(())
    }

    /// Evidence with its collateral.
    pub(crate) fn appraise(
        &self,
        guest: &Guest,
        collateral: &SnpCollateral,
    ) -> Result<VerifiedEvidence, AppraisalError> {
        let due_s = collateral.check(&guest.chain, self.memory(), self.now_s)?;
        let Chain { key, issuer, root, .. } = &guest.chain;
        let holds_until_s = [key, issuer, root].map(certificate::Certificate::holds_until_s);
        let examined = guest.examined(self.policy)?;
        Ok(VerifiedEvidence {
            tee: TeeType::Snp,
            hardware_id: guest.report.fields.chip_id.to_vec(),
            fmspc: guest.facts.product.family(),
            measurement: examined.measurement,
            report_data: examined.report_data,
            status: TcbStatus::UpToDate,
            advisory_ids: vec![],
            holds_until_s: holds_until_s.into_iter().fold(due_s, u64::min),
            registers: guest.report.registers(),
            snp: Some(guest.facts),
        })
    }
}

impl Guest {
    /// What it shows without collateral.
    pub(crate) fn examined(&self, policy: &Policy) -> Result<Examined, AppraisalError> {
        let tee = TeeType::Snp;
        let chosen = policy.measured_registers(tee).ok_or(AppraisalError::TeeNotAccepted)?;
        let ca = if self.facts.is_signed_by_vlek { PckCa::Asvk } else { PckCa::Ask };
        Ok(Examined {
            collateral: CollateralKey { tee, fmspc: self.facts.product.family(), ca },
            device_id: multee_protocol::DeviceId::from_hardware(tee, &self.report.fields.chip_id),
            measurement: measurement(tee, chosen, &self.report.registers()),
            report_data: self.report.fields.report_data,
        })
    }
}
