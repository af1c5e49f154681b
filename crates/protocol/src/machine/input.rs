//! What the machine is told: who calls when, and what. Bytes never enter: whoever feeds the machine has hashed
//! documents and evidence, made the EIP-712 digest, and recovered the signer.

use alloy_primitives::{Address, B256};

use crate::{DeviceId, Epoch, Marks, Parameters, Power, SeatId};

/// One call of the contract, or a transfer of tokens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls (`msg.sender`).
    pub caller: Address,
    /// When.
    pub moment: Moment,
    /// What.
    pub input: Input,
}

/// The chain's block in which a call is executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The block's time, Unix seconds.
    pub timestamp_s: u64,
    /// The block's number.
    pub block_number: u64,
    /// The hash of the block that the latest opening fixed as its seed's source, if the chain still has it:
    /// from one block after it to 256 after (R2). Read only where a seed is to be set.
    pub source_hash: Option<B256>,
}

/// A seat's claims at founding or joining (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Who publishes.
    pub operator: Address,
    /// The machine it claims to be.
    pub device_id: DeviceId,
    /// The address of the key made inside the TEE at this boot.
    pub incarnation: Address,
    /// The incarnation's measurement.
    pub measurement: B256,
}

/// A measurement with the epochs in which it is allowed, both included (R16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceValue {
    /// Not zero.
    pub measurement: B256,
    /// The first epoch in which it is allowed.
    pub from_epoch: Epoch,
    /// The last epoch in which it is allowed.
    pub until_epoch: Epoch,
}

/// Bytes that are published in an event and kept as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// What is kept of it: a policy's digest (docs/protocol.md, 4.3), or the keccak256 of certificates or evidence.
    pub digest: B256,
    /// How long it is.
    pub bytes: usize,
}

/// A publication (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The seat that publishes.
    pub seat: SeatId,
    /// The measured power (R10).
    pub power: Power,
    /// The digest of the seat's block before; zero for its first.
    pub previous_digest: B256,
    /// R4's challenge for this seat and epoch.
    pub challenge: B256,
    /// The digest of the properties record.
    pub properties_digest: B256,
    /// The verdicts on the assigned blocks; codes above 6 may stand here, and are rejected.
    pub marks: Marks,
    /// The hash of the evidence bindings of the latest blocks that it marked ([`crate::latest_bindings`]).
    pub latest_bindings: B256,
    /// The seat's device id, as the publication brings it along.
    pub device_id: DeviceId,
    /// The seat's incarnation, as the publication brings it along.
    pub incarnation: Address,
    /// The incarnation's measurement, as the publication brings it along.
    pub measurement: B256,
    /// The hash of the certificates published last, as the publication brings it along; zero if none.
    pub certificates_hash: B256,
    /// The first half of the signature.
    pub r: B256,
    /// Its second half, compact as in EIP-2098.
    pub vs: B256,
    /// The evidence bundle.
    pub evidence: Document,
    /// New certificates; `None` if the field is empty.
    pub certificates: Option<Document>,
    /// The EIP-712 digest of the block, of the clock's epoch and with `incarnation`, that these fields make.
    pub digest: B256,
    /// Who signed the digest; `None` if the signature recovers no address.
    pub signer: Option<Address>,
}

/// One of two blocks that an honest enclave does not both sign (R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The block's EIP-712 digest, with the seat's device id and the pair's incarnation, epoch, challenge and
    /// previous digest.
    pub digest: B256,
    /// Who signed it; `None` if the signature recovers no address.
    pub signer: Option<Address>,
}

/// A proof that an incarnation signed two blocks for one challenge (R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equivocation {
    /// The seat that is reported.
    pub seat: SeatId,
    /// The incarnation that signed.
    pub incarnation: Address,
    /// The epoch that both blocks name.
    pub epoch: Epoch,
    /// One block.
    pub first: Statement,
    /// The other.
    pub second: Statement,
}

#[allow(clippy::large_enum_variant, reason = "most calls are publications")]
/// What is called: one variant for each function of the contract that changes its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// `openEpoch`: opens the clock's epoch (R2).
    OpenEpoch,
    /// `seedEpoch`: sets its seed, if it has none yet (R2).
    SeedEpoch,
    /// `publish` (R6).
    Publish(Publication),
    /// `settle`: settles those of up to 16 blocks that are due (R9).
    Settle(Vec<BlockRef>),
    /// `found`: names a founding seat (R1). Owner.
    Found {
        /// The seat's owner; the caller pays.
        provider: Address,
        /// Its claims.
        registration: Registration,
        /// Its verified power.
        verified_power: Power,
    },
    /// `setPolicy` (R16). Owner.
    SetPolicy(Document),
    /// `setReferenceValues` (R16). Owner.
    SetReferenceValues {
        /// `referenceDigest` of the values (docs/protocol.md, 4.3).
        digest: B256,
        /// In strictly ascending order of measurement.
        values: Vec<ReferenceValue>,
    },
    /// `announceParameters` (section 3). Owner.
    AnnounceParameters(Parameters),
    /// `setPaused` (3.1). Owner.
    SetPaused(bool),
    /// `announceStandstill` (R1). Owner.
    AnnounceStandstill,
    /// `revive`: up to 64 seats (R1). Owner.
    Revive(Vec<SeatId>),
    /// `join` (R1); the caller is the provider, and pays.
    Join(Registration),
    /// `restart`: begins a new incarnation (R11).
    Restart {
        /// The seat.
        seat: SeatId,
        /// The new incarnation's address.
        incarnation: Address,
        /// Its measurement.
        measurement: B256,
    },
    /// `remove` (R1).
    Remove(SeatId),
    /// `setOperator` (R1). Provider.
    SetOperator {
        /// The seat.
        seat: SeatId,
        /// Who publishes from now on.
        operator: Address,
    },
    /// `exit` (R13). Provider.
    Exit(SeatId),
    /// `rejoin` (R13). Provider, who pays.
    Rejoin {
        /// The seat.
        seat: SeatId,
        /// Who publishes from now on.
        operator: Address,
        /// The new incarnation's address.
        incarnation: Address,
        /// Its measurement.
        measurement: B256,
    },
    /// `reportEquivocation` (R15).
    ReportEquivocation(Equivocation),
    /// `withdrawDeposit` (R13). Provider.
    WithdrawDeposit(SeatId),
    /// `withdrawRewards` (R12). Provider.
    WithdrawRewards(SeatId),
    /// `withdrawBounty` (R1).
    WithdrawBounty,
    /// `transferOwnership`, the first of two steps; to nobody (zero) to call it off. Owner.
    TransferOwnership(Address),
    /// `acceptOwnership`, the second step.
    AcceptOwnership,
    /// `renounceOwnership`. Owner.
    RenounceOwnership,
    /// A transfer of tokens to the contract that calls none of its functions: it becomes unallocated (R12).
    Donate {
        /// In the token's smallest unit.
        amount: u128,
    },
}

/// A block's place as a caller names it: not known to exist, and its order not to fit 20 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// The epoch in which it was published.
    pub epoch: Epoch,
    /// Its order there.
    pub order: u32,
}

/// What a call gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing but its events.
    Done,
    /// A publication was published (`Refusal.None`).
    Published,
    /// A publication ended after its settlement.
    Refused(Refusal),
    /// How many blocks were due and are settled.
    Settled(u32),
    /// A new seat's number.
    Seat(SeatId),
    /// What was paid, in the token's smallest unit.
    Amount(u128),
}

/// Why a publication ended after its settlement (R6), with the contract's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Refusal {
    /// The seat is blocked.
    Blocked = 1,
    /// It is exiting.
    Exiting = 2,
    /// It is suspended and must restart.
    Suspended = 3,
    /// It is provisional, and its device id is bound to another seat.
    BoundElsewhere = 4,
    /// It is provisional, and another claimant of its device id has an undecided block.
    RivalClaim = 5,
    /// It is on probation, and has an undecided block of its own.
    UndecidedBlock = 6,
}
