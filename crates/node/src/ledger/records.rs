//! What a ledger holds of seats, epochs and blocks.

use alloy_primitives::{Address, B256, Bytes, keccak256};
use multee_confirmation::EpochContext;
use multee_evidence::EvidenceBundle;
use multee_protocol::{ConfirmationBlock, DeviceId, Epoch, EpochSnapshot, evidence_binding};

/// A seat, as far as its peers need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRecord {
    /// The claimed device.
    pub device_id: DeviceId,
    /// The account that publishes for it.
    pub operator: Address,
    /// The current incarnation's key.
    pub incarnation: Address,
    /// The current incarnation's measurement.
    pub measurement: B256,
    /// The certificates that it published last, none before the first time.
    pub certificates: Certificates,
    /// Digest of its newest block; zero before the first.
    pub last_digest: B256,
    /// Epoch of its newest block.
    pub last_epoch: Option<Epoch>,
}

/// Certificates that belong into quotes, as they were published (R6). The default is that none were. A ledger that
/// [begins late](super::Ledger::recent) may not know those published before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    bytes: Option<Bytes>,
    hash: Option<B256>,
}

impl Default for Certificates {
    fn default() -> Self {
        Self { bytes: Some(Bytes::new()), hash: Some(B256::ZERO) }
    }
}

impl Certificates {
    pub(super) fn published(bytes: Bytes) -> Self {
        Self { hash: Some(keccak256(&bytes)), bytes: Some(bytes) }
    }

    /// Which there were is not known, or only their hash.
    pub(super) fn missing(hash: Option<B256>) -> Self {
        Self { bytes: None, hash }
    }

    /// The bytes, empty if none were published; `None` if they could not be had.
    pub fn bytes(&self) -> Option<&Bytes> {
        self.bytes.as_ref()
    }

    /// Their keccak256, zero if none were published; `None` if not even that is known.
    pub fn hash(&self) -> Option<B256> {
        self.hash
    }
}

/// What became of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// Position of its live log entry, once logged.
    pub position: Option<u64>,
    /// It passed.
    pub passed: bool,
    /// It was decided; true if malicious.
    pub decided: Option<bool>,
    /// Honest for good without a decision.
    pub finished: bool,
}

/// A published block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRecord {
    /// All that was signed.
    pub block: ConfirmationBlock,
    /// Its EIP-712 digest.
    pub digest: B256,
    /// Its order in its epoch.
    pub order: u32,
    /// The weight with which it marked.
    pub weight: u16,
    /// The evidence bundle.
    pub evidence: Bytes,
    /// keccak256 of the bundle.
    pub evidence_hash: B256,
    /// The certificates that belong into its quote: those that its incarnation had published by then.
    pub certificates: Certificates,
    /// What became of it.
    pub fate: Fate,
}

impl BlockRecord {
    /// What the contract keeps of digest, evidence and certificates (R6), if all of them are known.
    pub fn evidence_binding(&self) -> Option<B256> {
        Some(evidence_binding(self.digest, self.evidence_hash, self.certificates.hash()?))
    }

    /// The whole quote, if the evidence is a bundle and the certificates are there.
    pub fn quote(&self) -> Option<Vec<u8>> {
        EvidenceBundle::decode(&self.evidence).ok()?.quote.join(self.certificates.bytes()?).ok()
    }
}

/// An epoch as its opening froze it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochRecord {
    /// What challenges are made of.
    pub context: EpochContext,
    /// Whether the seed is known.
    pub opened: bool,
    /// The chain's block whose hash the seed is made of.
    pub seed_block: u64,
    /// The chain's block in which the seed was set, once it is.
    pub seeded_in: Option<u64>,
    /// The epoch whose weighted blocks are the roster.
    pub roster_epoch: Epoch,
    /// What assignments are made of.
    pub snapshot: EpochSnapshot,
    /// Log position of the window's first entry.
    pub window_start: u64,
    /// The opened epoch after it, if there is one.
    pub next_opened: Option<Epoch>,
}
