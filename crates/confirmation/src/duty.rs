//! What a Confirmation Application is asked and what it answers, with the limits on all of it.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, keccak256};
use multee_evidence::{Collateral, EvidenceBundle, Policy};
use multee_protocol::{
    ConfirmationBlock, Deployment, DeviceId, Epoch, EpochRoot, Mark, Marks, SeatId, challenge,
    evidence_binding, latest_bindings,
};
use serde::{Deserialize, Serialize};

use crate::bounded::{at_most, lists_at_most};
use crate::key::Signature;

/// What an epoch's opening fixed (R2), and so what its challenges are made of (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochContext {
    /// The epoch.
    pub epoch: Epoch,
    /// When it began, in seconds since 1970-01-01 UTC.
    pub epoch_start_s: u64,
    /// Its seed.
    pub seed: B256,
    /// The digest of the evidence policy that holds in it.
    pub policy_digest: B256,
    /// The digest of the reference values that hold in it.
    pub reference_digest: B256,
}

impl EpochContext {
    /// The root of this epoch (R4).
    pub fn root(&self, deployment: Deployment) -> B256 {
        let inputs = EpochRoot {
            deployment,
            epoch: self.epoch,
            epoch_start_s: self.epoch_start_s,
            seed: self.seed,
            policy_digest: self.policy_digest,
            reference_list_digest: self.reference_digest,
        };
        inputs.root()
    }

    /// The challenge to `seat` in this epoch (R4).
    pub fn challenge(&self, deployment: Deployment, seat: SeatId) -> B256 {
        challenge(self.root(deployment), seat)
    }
}

/// An allowed measurement (R16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReferenceValue {
    /// The digest of the registers that the policy makes up a measurement of.
    pub measurement: B256,
    /// The first epoch in which it is allowed.
    pub from_epoch: Epoch,
    /// The last epoch in which it is allowed.
    pub until_epoch: Epoch,
}

/// One epoch's work for one seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// The contract to publish to.
    pub deployment: Deployment,
    /// The epoch to publish in.
    pub context: EpochContext,
    /// The seat to publish for.
    pub seat: SeatId,
    /// The machine the seat claims to be.
    pub device_id: DeviceId,
    /// The measurement declared for this incarnation.
    pub measurement: B256,
    /// The digest of the seat's block before; zero for its first.
    pub previous_digest: B256,
    /// How many places, from 0 on, are of latest blocks (L1', R4).
    pub latest: u8,
    /// Policy documents, in any order: those named by the contexts of the assigned blocks.
    #[serde(deserialize_with = "at_most::<_, _, { Duty::POLICIES_MAX }>")]
    pub policies: Vec<Bytes>,
    /// Root certificates, DER, in any order: those the policies name. Intel's need not be given.
    #[serde(deserialize_with = "at_most::<_, _, { Duty::ROOTS_MAX }>")]
    pub roots: Vec<Bytes>,
    /// Lists of reference values, in any order: those named by the contexts of the assigned blocks.
    #[serde(
        deserialize_with = "lists_at_most::<_, _, { Duty::REFERENCE_LISTS_MAX }, { Duty::REFERENCE_VALUES_MAX }>"
    )]
    pub references: Vec<Vec<ReferenceValue>>,
    /// Collateral in the form that [`Collateral::from_json`] reads; assigned blocks name it by index.
    #[serde(deserialize_with = "at_most::<_, _, { Duty::COLLATERALS_MAX }>")]
    pub collaterals: Vec<Bytes>,
    /// The blocks to check. A place of the assignment that is left out is an abstention.
    #[serde(deserialize_with = "at_most::<_, _, { Duty::ASSIGNED_MAX }>")]
    pub assigned: Vec<AssignedBlock>,
}

/// A block to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedBlock {
    /// The place of its mark, below 64 (R4).
    pub place: u8,
    /// The block as it was published.
    pub block: ConfirmationBlock,
    /// What its own epoch's opening fixed.
    pub context: EpochContext,
    /// What the contract keeps of its digest and evidence (R6).
    pub evidence_binding: B256,
    /// keccak256 of its evidence.
    pub evidence_hash: B256,
    /// The encoded [`EvidenceBundle`]; `None` if it could not be had.
    pub evidence: Option<Bytes>,
    /// keccak256 of the certificates that its incarnation had published by then; zero if none (R6).
    pub certificates_hash: B256,
    /// Those certificates; `None` if they could not be had. Not looked at if there are none.
    pub certificates: Option<Bytes>,
    /// Index of the collateral for it; `None` if none could be had.
    pub collateral: Option<u16>,
}

/// A block with verdicts, ready to be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBlock {
    /// What is signed.
    pub block: ConfirmationBlock,
    /// The incarnation key's signature over the block's digest.
    pub signature: Signature,
    /// The encoded [`EvidenceBundle`] to publish beside it.
    pub evidence: Bytes,
    /// The certificates that belong into its quote: to be published, too, unless they are already. Empty if the
    /// quote carried none.
    pub certificates: Bytes,
    /// The verdicts in order of place, with their reasons.
    #[serde(deserialize_with = "at_most::<_, _, { Duty::ASSIGNED_MAX }>")]
    pub verdicts: Vec<Verdict>,
}

/// What was found about one assigned block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The place of its mark, below 64.
    pub place: u8,
    /// The mark, as it stands in the block.
    pub mark: Mark,
    /// Why, for people: at most [`Verdict::REASON_BYTES_MAX`] bytes. No program should read it.
    pub reason: String,
}

/// A part of a duty or of an answer is larger than its limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{what}: {len} exceed {max}")]
pub struct LimitError {
    /// Which part, and what is counted.
    pub what: String,
    /// How many there are.
    pub len: u64,
    /// How many there may be.
    pub max: u64,
}

impl Duty {
    /// The most policy documents: one for each epoch that blocks are kept for (R14: at most 48), and to spare.
    pub const POLICIES_MAX: usize = 64;
    /// The most root certificates.
    pub const ROOTS_MAX: usize = 64;
    /// The largest root certificate, in bytes.
    pub const ROOT_BYTES_MAX: usize = 8 * 1024;
    /// The most lists of reference values, for the same reason as policies.
    pub const REFERENCE_LISTS_MAX: usize = 64;
    /// The most reference values in a list, as in the contract.
    pub const REFERENCE_VALUES_MAX: usize = 64;
    /// The most collateral: one for each assigned block.
    pub const COLLATERALS_MAX: usize = 64;
    /// The most assigned blocks: the marks of one block.
    pub const ASSIGNED_MAX: usize = Marks::PLACES;

    /// The challenge that the duty's block answers (R4).
    pub fn challenge(&self) -> B256 {
        self.context.challenge(self.deployment, self.seat)
    }

    /// What a block with these marks states of the latest blocks ([`latest_bindings`]): made of the records as they are
    /// shown here. Where they are not those that the contract keeps, or `latest` is another number, it refuses the block.
    pub fn latest_bindings(&self, marks: Marks) -> B256 {
        let is_judged = |place: u8| place < self.latest && marks.get(place.into()) != Ok(Mark::Abstain);
        let judged = self.assigned.iter().filter(|record| is_judged(record.place));
        let judged: BTreeMap<u8, B256> =
            judged.filter_map(|record| Some((record.place, record.binding(&self.deployment)?))).collect();
        latest_bindings(&judged.into_values().collect::<Vec<_>>())
    }

    /// Holds counts and sizes against their limits.
    ///
    /// # Errors
    /// Names the first that is exceeded.
    pub fn check_limits(&self) -> Result<(), LimitError> {
        within("policies", self.policies.len(), Self::POLICIES_MAX)?;
        within("roots", self.roots.len(), Self::ROOTS_MAX)?;
        within("lists of reference values", self.references.len(), Self::REFERENCE_LISTS_MAX)?;
        within("collaterals", self.collaterals.len(), Self::COLLATERALS_MAX)?;
        within("assigned blocks", self.assigned.len(), Self::ASSIGNED_MAX)?;
        for policy in &self.policies {
            within("bytes of a policy", policy.len(), Policy::BYTES_MAX)?;
        }
        for root in &self.roots {
            within("bytes of a root", root.len(), Self::ROOT_BYTES_MAX)?;
        }
        for list in &self.references {
            within("reference values in a list", list.len(), Self::REFERENCE_VALUES_MAX)?;
        }
        for collateral in &self.collaterals {
            within("bytes of collateral", collateral.len(), Collateral::BYTES_MAX)?;
        }
        for assigned in &self.assigned {
            let len = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.len());
            within("bytes of evidence", len(&assigned.evidence), EvidenceBundle::BYTES_MAX)?;
            within("bytes of certificates", len(&assigned.certificates), EvidenceBundle::BYTES_MAX)?;
        }
        Ok(())
    }
}

impl AssignedBlock {
    /// What the contract keeps of a block with this record (R6). It is made of the record itself, whatever the host says that
    /// its parts hash to; `None` if a part is missing, and then there is nothing to judge.
    pub fn binding(&self, deployment: &Deployment) -> Option<B256> {
        let evidence = keccak256(self.evidence.as_ref()?);
        let certificates = match &self.certificates {
            _ if self.certificates_hash.is_zero() => B256::ZERO,
            certificates => keccak256(certificates.as_ref()?),
        };
        Some(evidence_binding(self.block.digest(deployment), evidence, certificates))
    }
}

impl SignedBlock {
    /// Holds counts and sizes against their limits.
    ///
    /// # Errors
    /// Names the first that is exceeded.
    pub fn check_limits(&self) -> Result<(), LimitError> {
        let published = self.evidence.len().saturating_add(self.certificates.len());
        within("bytes of evidence and certificates", published, EvidenceBundle::BYTES_MAX)?;
        within("verdicts", self.verdicts.len(), Duty::ASSIGNED_MAX)?;
        for verdict in &self.verdicts {
            within("bytes of a reason", verdict.reason.len(), Verdict::REASON_BYTES_MAX)?;
        }
        Ok(())
    }
}

impl Verdict {
    /// The longest reason, in bytes; longer ones are cut.
    pub const REASON_BYTES_MAX: usize = 256;
}

fn within(what: &str, len: usize, max: usize) -> Result<(), LimitError> {
    if len <= max {
        return Ok(());
    }
    Err(LimitError { what: what.to_owned(), len: len as u64, max: max as u64 })
}
