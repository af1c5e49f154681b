//! What hashes on chain stand for: what a ledger tells to those that begin late, and what these make of it.
//!
//! | hash | what it is the keccak256 of |
//! |---|---|
//! | of evidence, certificates, a policy document | the bytes themselves |
//! | policy digest | domain tag and the document's hash |
//! | an epoch's root | domain tag, chain, contract, epoch, its start, seed, policy digest, reference digest |
//! | reference digest | domain tag and the list, as the ABI encodes them |
//! | a block's digest | EIP-712's 66 bytes, which end in the hash of the block's words |
//! | the hash of a block's words | type hash and fields |
//! | evidence binding | digest, hash of evidence, hash of certificates |
//! | identity | domain tag, operator, incarnation, device, measurement, hash of certificates |

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_sol_types::SolValue;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::ReferenceValue;
use multee_protocol::{ConfirmationBlock, Deployment, EpochRoot, domain};

use super::records::{BlockRecord, SeatRecord};
use super::{Ledger, terms};
use crate::content::ReadContent;

impl Ledger {
    /// What this hash stands for, if the ledger knows it: what peers that begin late ask for. It looks at all there is,
    /// up to some hundred milliseconds in a large network.
    pub fn content(&self, hash: B256) -> Option<Bytes> {
        self.document(hash)
            .or_else(|| self.root_words(hash))
            .or_else(|| self.book.seats.values().find_map(|seat| seat.content(hash)))
            .or_else(|| self.blocks().find_map(|block| block.content(&self.rules.deployment, hash)))
    }

    fn root_words(&self, hash: B256) -> Option<Bytes> {
        let record =
            self.book.epochs.values().find(|record| record.opened && record.snapshot.root == hash)?;
        let context = &record.context;
        let root = EpochRoot {
            deployment: self.rules.deployment,
            epoch: context.epoch,
            epoch_start_s: context.epoch_start_s,
            seed: context.seed,
            policy_digest: context.policy_digest,
            reference_list_digest: context.reference_digest,
        };
        Some(root.words().into())
    }

    fn document(&self, hash: B256) -> Option<Bytes> {
        let policy = |(digest, document): (&B256, &Bytes)| match keccak256(document) {
            of_document if of_document == hash => Some(document.clone()),
            of_document if *digest == hash => Some((policy_domain(), of_document).abi_encode().into()),
            _ => None,
        };
        let references = || Some(encode_references(self.references(hash)?));
        self.book.policies.iter().find_map(policy).or_else(references)
    }
}

impl SeatRecord {
    fn content(&self, hash: B256) -> Option<Bytes> {
        let certificates_hash = self.certificates.hash()?;
        if certificates_hash == hash {
            return self.certificates.bytes().cloned();
        }
        let Self { operator, incarnation, device_id, measurement, .. } = *self;
        let fields = (domain::IDENTITY, operator, incarnation, device_id.0, measurement, certificates_hash);
        Some(fields.abi_encode()).filter(|fields| keccak256(fields) == hash).map(Bytes::from)
    }
}

impl BlockRecord {
    fn content(&self, deployment: &Deployment, hash: B256) -> Option<Bytes> {
        if self.evidence_hash == hash {
            return Some(self.evidence.clone());
        }
        if self.certificates.hash() == Some(hash) {
            return self.certificates.bytes().cloned();
        }
        if self.digest == hash {
            return Some(self.block.signed_bytes(deployment).into());
        }
        if self.evidence_binding() == Some(hash) {
            let hashes = [self.digest, self.evidence_hash, self.certificates.hash()?];
            return Some(hashes.abi_encode_packed().into());
        }
        Some(self.block.words()).filter(|words| keccak256(words) == hash).map(Bytes::from)
    }
}

/// Content, each checked against its hash, whoever it is from.
pub(super) struct Checked<'a>(pub(super) &'a dyn ReadContent);

impl Checked<'_> {
    pub(super) fn bytes(&self, hash: B256) -> Option<Bytes> {
        self.0.content(hash).filter(|bytes| keccak256(bytes) == hash)
    }

    /// The word that stands last in what `hash` stands for.
    pub(super) fn last_word(&self, hash: B256) -> Option<B256> {
        self.bytes(hash)?.last_chunk().map(|word: &[u8; 32]| B256::from(*word))
    }

    /// The seed of the epoch with this root.
    pub(super) fn seed(&self, root: B256) -> Option<B256> {
        const SEED: usize = 5;
        self.bytes(root)?.chunks_exact(32).nth(SEED).map(B256::from_slice)
    }

    pub(super) fn policy(&self, digest: B256) -> Option<Bytes> {
        self.bytes(self.last_word(digest)?)
    }

    pub(super) fn references(&self, digest: B256) -> Option<Vec<ReferenceValue>> {
        let bytes = self.bytes(digest)?;
        let (_, values) = <(B256, Vec<contract::ReferenceValue>)>::abi_decode_params_validate(&bytes).ok()?;
        Some(values.iter().map(terms::reference_value).collect())
    }

    pub(super) fn block(&self, digest: B256) -> Option<ConfirmationBlock> {
        ConfirmationBlock::from_words(&self.bytes(self.last_word(digest)?)?)
    }
}

fn policy_domain() -> B256 {
    keccak256("multee/policy/v1")
}

fn encode_references(values: &[ReferenceValue]) -> Bytes {
    let value = |value: &ReferenceValue| contract::ReferenceValue {
        measurement: value.measurement,
        fromEpoch: value.from_epoch,
        untilEpoch: value.until_epoch,
    };
    let values: Vec<contract::ReferenceValue> = values.iter().map(value).collect();
    (keccak256("multee/references/v1"), values).abi_encode_params().into()
}
