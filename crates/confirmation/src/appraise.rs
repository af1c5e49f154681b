//! The verdict on one assigned block.
//!
//! First come the questions whose answer would be the host's fault, and those earn an abstention: is this the
//! context the block answered, are its policy, its reference values, its evidence and its certificates all
//! here? Only then is the device judged, by the clock of the block's own epoch, so that every verifier finds the
//! same (R16).

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, keccak256};
use multee_evidence::{
    AMD_ARK_DER, AppraisalError, BundleError, Collateral, EpochRange, EvidenceBundle, Examined,
    INTEL_SGX_ROOT_CA_DER, MeasurementNotAllowed, Policy, Properties, PropertiesError, PropertiesNotAccepted,
    ReferenceValues, VerifiedEvidence, Verifier, VerifierConfig,
};
use multee_protocol::{Deployment, DeviceId, Mark, evidence_binding};
use sha2::{Digest, Sha256};

use crate::duty::{AssignedBlock, Duty, ReferenceValue};

/// Why a block is not found valid. Displays as a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// The context is of another epoch than the block.
    #[error("the context given is of another epoch than the block")]
    ContextOfOtherEpoch,
    /// The block answered another challenge than the context makes: not its seed, time, policy or
    /// reference values.
    #[error("the block answers another challenge than the context given makes")]
    ContextWrong,
    /// The policy of the block's epoch is not among the documents, or cannot be read.
    #[error("policy {0} is not given")]
    PolicyMissing(B256),
    /// A root that the policy accepts is not given, or is no certificate. Without it evidence under it would
    /// look forged.
    #[error("root {0} that the policy accepts is not given")]
    RootMissing(B256),
    /// The reference values of the block's epoch are not among the lists.
    #[error("reference values {0} are not given")]
    ReferenceValuesMissing(B256),
    /// The evidence could not be had.
    #[error("the evidence is withheld")]
    EvidenceWithheld,
    /// The bytes given are not the evidence that was published with the block.
    #[error("the evidence given is not what was published with the block")]
    EvidenceExchanged,
    /// The certificates that belong into the evidence could not be had, though they were published.
    #[error("the certificates are withheld")]
    CertificatesWithheld,
    /// The bytes given are not the certificates that the incarnation published.
    #[error("the certificates given are not those that the incarnation published")]
    CertificatesExchanged,
    /// Collateral could not be had, or cannot be read; what the quote shows without it is in order.
    #[error("collateral is not given or cannot be read")]
    CollateralMissing,

    /// The evidence is no bundle.
    #[error(transparent)]
    BundleMalformed(#[from] BundleError),
    /// The quote does not verify, its platform is not accepted, or the collateral is at fault.
    #[error(transparent)]
    NotAppraised(#[from] AppraisalError),
    /// The quote was made for another block, or by a TEE that does not hold the key.
    #[error("the quote's report data is not this block's digest and incarnation")]
    ReportDataWrong,
    /// The quote is from another machine than the seat claims to be.
    #[error("the quote is from device {found}, the block claims {claimed}", found = .found.0, claimed = .claimed.0)]
    DeviceWrong {
        /// The block's.
        claimed: DeviceId,
        /// The one in the quote.
        found: DeviceId,
    },
    /// What runs in the TEE is not allowed in the block's epoch.
    #[error(transparent)]
    MeasurementNotAllowed(#[from] MeasurementNotAllowed),
    /// What runs in the TEE is allowed, but not what the block says.
    #[error("measurement {found} is not the {claimed} that the block claims")]
    MeasurementWrong {
        /// The block's.
        claimed: B256,
        /// The one in the quote.
        found: B256,
    },
    /// The properties record cannot be read.
    #[error(transparent)]
    PropertiesMalformed(#[from] PropertiesError),
    /// The properties record is not the one that the block names.
    #[error("the properties are not those that the block names")]
    PropertiesExchanged,
    /// The machine's properties or power are not accepted.
    #[error(transparent)]
    PropertiesNotAccepted(#[from] PropertiesNotAccepted),
}

impl Objection {
    /// The mark that the block gets.
    pub fn mark(&self) -> Mark {
        match self {
            Self::ContextOfOtherEpoch
            | Self::ContextWrong
            | Self::PolicyMissing(_)
            | Self::RootMissing(_)
            | Self::ReferenceValuesMissing(_)
            | Self::EvidenceWithheld
            | Self::EvidenceExchanged
            | Self::CertificatesWithheld
            | Self::CertificatesExchanged
            | Self::CollateralMissing => Mark::Abstain,
            Self::BundleMalformed(_) => Mark::EvidenceInvalid,
            Self::NotAppraised(error) => error.mark(),
            Self::ReportDataWrong
            | Self::DeviceWrong { .. }
            | Self::MeasurementWrong { .. }
            | Self::PropertiesExchanged => Mark::BindingWrong,
            Self::MeasurementNotAllowed(error) => error.mark(),
            Self::PropertiesMalformed(_) => Mark::PropertiesNotAccepted,
            Self::PropertiesNotAccepted(error) => error.mark(),
        }
    }
}

/// Appraises assigned blocks with the documents of a duty.
#[derive(Debug, Default)]
pub struct Appraiser {
    /// By the digest of the policy. A policy has one verifier: it names its roots by digest.
    verifiers: BTreeMap<B256, Verifier>,
    references: BTreeMap<B256, ReferenceValues>,
    collaterals: Vec<Option<Collateral>>,
    quotes_verified: u64,
}

impl Appraiser {
    /// The most policies whose verifiers are kept from duty to duty.
    const VERIFIERS_MAX: usize = Duty::POLICIES_MAX;

    /// Takes in the documents of a duty in place of those of the last. What cannot be read is left out: it
    /// leads to abstentions.
    pub fn load(&mut self, duty: &Duty) {
        self.references = duty.references.iter().filter_map(|list| reference_values(list)).collect();
        self.collaterals =
            duty.collaterals.iter().map(|document| Collateral::from_json(document).ok()).collect();
        let roots = by_digest(&duty.roots);
        for policy in duty.policies.iter().filter_map(|document| Policy::from_json(document).ok()) {
            self.add_verifier(&policy, &roots);
        }
    }

    /// The verdict on a block assigned to a device of this deployment.
    ///
    /// # Errors
    /// Why the block is not found valid; [`Objection::mark`] is the mark it gets.
    pub fn appraise(
        &mut self,
        deployment: &Deployment,
        assigned: &AssignedBlock,
    ) -> Result<VerifiedEvidence, Objection> {
        check_context(deployment, assigned)?;
        let context = &assigned.context;
        let verifier = self
            .verifiers
            .get(&context.policy_digest)
            .ok_or(Objection::PolicyMissing(context.policy_digest))?;
        let references = self.references.get(&context.reference_digest);
        let references = references.ok_or(Objection::ReferenceValuesMissing(context.reference_digest))?;
        let (evidence, certificates) = published(deployment, assigned)?;
        let bundle = EvidenceBundle::decode(evidence)?;
        let quote = bundle.quote.join(certificates)?;

        // What is wrong with the quote itself, or does not fit the block, needs no collateral: else a device could
        // escape by being so wrong that nobody knows which collateral to fetch.
        let examined = verifier.examine(&quote, None, context.epoch_start_s)?;
        check_binding(deployment, assigned, &examined)?;
        check_measurement(assigned, examined.measurement, references)?;
        let collateral =
            assigned.collateral.and_then(|index| self.collaterals.get(usize::from(index))?.as_ref());
        let collateral = collateral.ok_or(Objection::CollateralMissing)?;
        self.quotes_verified += 1;
        let evidence = verifier.appraise(&quote, collateral, context.epoch_start_s)?;
        check_properties(assigned, &evidence, &bundle.properties, verifier.policy())?;
        Ok(evidence)
    }

    /// How many quotes were verified with collateral, good and bad ones; those that fail on sight are not counted.
    pub fn quotes_verified(&self) -> u64 {
        self.quotes_verified
    }

    /// Makes the verifier of a policy, if all roots that it accepts are there: with one missing, evidence
    /// under it would look forged, and a host could have its TEE slander by leaving it out.
    fn add_verifier(&mut self, policy: &Policy, roots: &BTreeMap<B256, Vec<u8>>) {
        if self.verifiers.contains_key(&policy.digest()) {
            return;
        }
        let accepted: Option<Vec<Vec<u8>>> =
            policy.roots().iter().map(|digest| roots.get(digest).cloned()).collect();
        let verifier =
            accepted.and_then(|roots| Verifier::new(policy, roots, VerifierConfig::default()).ok());
        if let Some(verifier) = verifier {
            if self.verifiers.len() >= Self::VERIFIERS_MAX {
                self.verifiers.clear();
            }
            self.verifiers.insert(policy.digest(), verifier);
        }
    }
}

/// The given roots, Intel's and AMD's, by SHA-256.
fn by_digest(roots: &[Bytes]) -> BTreeMap<B256, Vec<u8>> {
    let given = roots.iter().map(|root| root.to_vec());
    let known = std::iter::once(INTEL_SGX_ROOT_CA_DER).chain(AMD_ARK_DER).map(<[u8]>::to_vec);
    given.chain(known).map(|root| (B256::from(<[u8; 32]>::from(Sha256::digest(&root))), root)).collect()
}

fn reference_values(list: &[ReferenceValue]) -> Option<(B256, ReferenceValues)> {
    let entries = list
        .iter()
        .map(|value| (value.measurement, EpochRange { first: value.from_epoch, last: value.until_epoch }));
    let values = ReferenceValues::new(entries).ok()?;
    Some((values.digest(), values))
}

/// Whether the context is what the block answered.
fn check_context(deployment: &Deployment, assigned: &AssignedBlock) -> Result<(), Objection> {
    let AssignedBlock { block, context, .. } = assigned;
    if context.epoch != block.epoch {
        return Err(Objection::ContextOfOtherEpoch);
    }
    if context.challenge(*deployment, block.seat) != block.challenge {
        return Err(Objection::ContextWrong);
    }
    Ok(())
}

/// Evidence and certificates, if they are what was published for the block. If no certificates were, there are none,
/// whatever is given: then the device is judged by what it published.
fn published<'a>(
    deployment: &Deployment,
    assigned: &'a AssignedBlock,
) -> Result<(&'a [u8], &'a [u8]), Objection> {
    let AssignedBlock { block, evidence_hash, certificates_hash, .. } = assigned;
    let evidence = assigned.evidence.as_ref().ok_or(Objection::EvidenceWithheld)?;
    let binding = evidence_binding(block.digest(deployment), *evidence_hash, *certificates_hash);
    if keccak256(evidence) != *evidence_hash || binding != assigned.evidence_binding {
        return Err(Objection::EvidenceExchanged);
    }
    if certificates_hash.is_zero() {
        return Ok((evidence, &[]));
    }
    let certificates = assigned.certificates.as_ref().ok_or(Objection::CertificatesWithheld)?;
    if keccak256(certificates) != *certificates_hash {
        return Err(Objection::CertificatesExchanged);
    }
    Ok((evidence, certificates))
}

/// Whether the evidence was made for this block, by the machine and the key it names (R4).
fn check_binding(
    deployment: &Deployment,
    assigned: &AssignedBlock,
    examined: &Examined,
) -> Result<(), Objection> {
    if examined.report_data != assigned.block.report_data(deployment) {
        return Err(Objection::ReportDataWrong);
    }
    let (claimed, found) = (assigned.block.device_id, examined.device_id);
    if claimed != found {
        return Err(Objection::DeviceWrong { claimed, found });
    }
    Ok(())
}

/// Whether what runs is allowed in the block's epoch, and is what the block says (R16).
fn check_measurement(
    assigned: &AssignedBlock,
    found: B256,
    references: &ReferenceValues,
) -> Result<(), Objection> {
    references.check(found, assigned.block.epoch)?;
    let claimed = assigned.block.measurement;
    if claimed != found {
        return Err(Objection::MeasurementWrong { claimed, found });
    }
    Ok(())
}

/// Whether the machine says of itself what the block names and the policy accepts (R16).
fn check_properties(
    assigned: &AssignedBlock,
    evidence: &VerifiedEvidence,
    properties: &[u8],
    policy: &Policy,
) -> Result<(), Objection> {
    let properties = Properties::decode(properties)?;
    if properties.digest() != assigned.block.properties_digest {
        return Err(Objection::PropertiesExchanged);
    }
    policy.check_properties(evidence, &properties, assigned.block.power)?;
    Ok(())
}
