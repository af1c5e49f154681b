//! What the machine tells: one variant for each event of the contract, in the contract's order.

use alloy_primitives::{Address, B256};

use super::input::{Document, ReferenceValue, Refusal};
use super::view::Settings;
use crate::{DeviceId, Epoch, Marks, Parameters, Power, Score, SeatId};

/// Why a block entered the log (R8), or entered it again (R9), with the contract's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Suspicion {
    /// It got a counted negative mark.
    NegativeMark = 0,
    /// Its seat is on probation.
    Probation = 1,
    /// Its seat's power is unverified.
    UnverifiedPower = 2,
    /// Its checking epoch brought it no counted mark.
    Unchecked = 3,
    /// A block decided malicious marked it valid.
    Unwinding = 4,
    /// Its seat's score is below 9000, and there was judging power to spare.
    Flagged = 5,
    /// Too few marks came to decide.
    Undecided = 6,
}

/// An event of the contract. Bytes stand as their digest and length; amounts are in the token's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "variants and fields are those of `IProofOfAttestation`, described there")]
pub enum Event {
    NetworkDeployed {
        registry: Address,
        settings: Settings,
        parameters: Parameters,
    },
    SeatRegistered {
        seat: SeatId,
        device_id: DeviceId,
        provider: Address,
        operator: Address,
        deposit: u128,
        founding: bool,
        verified_power: Power,
    },
    IncarnationBegun {
        seat: SeatId,
        incarnation: Address,
        measurement: B256,
        since_epoch: Epoch,
    },
    SeatRestarted {
        seat: SeatId,
        epoch: Epoch,
        score: Score,
    },
    SeatAdmitted {
        seat: SeatId,
        epoch: Epoch,
        device_id: DeviceId,
    },
    ProbationBegun {
        seat: SeatId,
        epoch: Epoch,
    },
    SeatSuspended {
        seat: SeatId,
        epoch: Epoch,
        score: Score,
    },
    SeatPenalised {
        seat: SeatId,
        epoch: Epoch,
        penalties: u8,
    },
    SeatBlocked {
        seat: SeatId,
        epoch: Epoch,
        slashed: u128,
        rewards_lost: u128,
    },
    SeatRemoved {
        seat: SeatId,
        epoch: Epoch,
        remover: Address,
        bounty: u128,
    },
    OperatorSet {
        seat: SeatId,
        operator: Address,
    },
    SeatExiting {
        seat: SeatId,
        epoch: Epoch,
        fee: u128,
    },
    SeatRejoined {
        seat: SeatId,
        epoch: Epoch,
        operator: Address,
        deposit: u128,
    },
    EquivocationProven {
        seat: SeatId,
        incarnation: Address,
        epoch: Epoch,
        reporter: Address,
        bounty: u128,
    },
    DepositPaid {
        seat: SeatId,
        to: Address,
        amount: u128,
        withheld: u128,
    },
    RewardPaid {
        seat: SeatId,
        to: Address,
        amount: u128,
    },
    BountyPaid {
        to: Address,
        amount: u128,
    },
    EpochOpened {
        epoch: Epoch,
        seed_block: u64,
        roster_epoch: Epoch,
        roster_size: u32,
        window_start: u64,
        window_size: u32,
        decision_marks: u8,
        pot: u128,
        policy_digest: B256,
        reference_digest: B256,
    },
    EpochSeeded {
        epoch: Epoch,
        seed: B256,
        root: B256,
    },
    ParametersAnnounced {
        from_epoch: Epoch,
        parameters: Parameters,
    },
    ParametersAdopted {
        epoch: Epoch,
    },
    PauseSet {
        paused: bool,
    },
    BlockPublished {
        seat: SeatId,
        epoch: Epoch,
        digest: B256,
        order: u32,
        weight: u16,
        power: Power,
        properties_digest: B256,
        marks: Marks,
        latest_bindings: B256,
        r: B256,
        vs: B256,
        evidence: Document,
    },
    CertificatesPublished {
        seat: SeatId,
        epoch: Epoch,
        certificates: Document,
    },
    PowerUnverified {
        seat: SeatId,
        epoch: Epoch,
        power: Power,
    },
    PowerVerified {
        seat: SeatId,
        epoch: Epoch,
        power: Power,
    },
    PublicationRefused {
        seat: SeatId,
        epoch: Epoch,
        reason: Refusal,
    },
    BlockLogged {
        epoch: Epoch,
        order: u32,
        position: u64,
        reason: Suspicion,
    },
    BlockPassed {
        seat: SeatId,
        epoch: Epoch,
        judgement: Score,
        score: Score,
        streak: u8,
    },
    BlockDecided {
        seat: SeatId,
        epoch: Epoch,
        malicious: bool,
        positive: u32,
        negative: u32,
        count: u8,
        judgement: Score,
        score: Score,
        streak: u8,
        reward: u128,
    },
    BlockFinal {
        seat: SeatId,
        epoch: Epoch,
        reward: u128,
    },
    PolicySet {
        document: Document,
    },
    ReferenceValuesSet {
        digest: B256,
        values: Vec<ReferenceValue>,
    },
    StandstillAnnounced {
        epoch: Epoch,
        revive_from_epoch: Epoch,
    },
    SeatRevived {
        seat: SeatId,
        epoch: Epoch,
        score: Score,
    },
    OwnershipTransferStarted {
        previous_owner: Address,
        new_owner: Address,
    },
    OwnershipTransferred {
        previous_owner: Address,
        new_owner: Address,
    },
}
