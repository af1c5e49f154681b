//! Why a call was rejected: one variant for each error of the contract. A rejected call changes nothing.

use alloy_primitives::{Address, B256};

use crate::{DeviceId, Epoch, Marks, SeatId};

/// An error of the contract, with its arguments. `DepositIncomplete` is not among them: what the token fails to do
/// is outside of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(
    missing_docs,
    reason = "variants and fields are those of `IProofOfAttestation`, told by their messages"
)]
pub enum Rejection {
    #[error("setting {0} is out of bounds")]
    SettingOutOfBounds(&'static str),
    #[error("parameter {0} is out of bounds")]
    ParameterOutOfBounds(&'static str),
    #[error("the network starts at {genesis_s}")]
    NetworkNotStarted { genesis_s: u64 },
    #[error("the network started at {genesis_s}")]
    NetworkAlreadyStarted { genesis_s: u64 },
    #[error("the network is paused")]
    NetworkPaused,
    #[error("parameters effective from epoch {from_epoch} are not adopted yet")]
    ParametersPending { from_epoch: Epoch },
    #[error("all {max_seats} seats are taken")]
    SeatLimitReached { max_seats: u32 },
    #[error("there is no seat {}", .0.0)]
    SeatUnknown(SeatId),
    #[error("{caller} is not the operator of seat {}", .seat.0)]
    CallerNotOperator { seat: SeatId, caller: Address },
    #[error("{caller} is not the provider of seat {}", .seat.0)]
    CallerNotProvider { seat: SeatId, caller: Address },
    #[error("device id, measurement or certificates hash are not those of seat {}", .0.0)]
    IdentityWrong(SeatId),
    #[error("a registration lacks an address, a device id or a measurement")]
    RegistrationIncomplete,
    #[error("device id {} is bound to seat {}", .device_id.0, .seat.0)]
    DeviceIdBound { device_id: DeviceId, seat: SeatId },
    #[error("seat {} is blocked", .0.0)]
    SeatIsBlocked(SeatId),
    #[error("seat {} is exiting", .0.0)]
    SeatIsExiting(SeatId),
    #[error("seat {} cannot be removed", .0.0)]
    SeatNotRemovable(SeatId),
    #[error("seat {} is not exiting", .0.0)]
    SeatNotExiting(SeatId),
    #[error("seat {} is not paid out", .0.0)]
    SeatNotPaidOut(SeatId),
    #[error("seat {} is paid out already", .0.0)]
    SeatPaidOut(SeatId),
    #[error("the deposit of seat {} is locked until epoch {from_epoch}", .seat.0)]
    DepositLocked { seat: SeatId, from_epoch: Epoch },
    #[error("blocks of seat {} are open still", .0.0)]
    BlocksStillOpen(SeatId),
    #[error("seat {} never had incarnation {incarnation}", .seat.0)]
    IncarnationUnknown { seat: SeatId, incarnation: Address },
    #[error("the statements prove no equivocation")]
    EquivocationUnproven,
    #[error("seat {} may restart from epoch {from_epoch} on", .seat.0)]
    RestartTooEarly { seat: SeatId, from_epoch: Epoch },
    #[error("the seat had incarnation {0} before")]
    IncarnationNotNew(Address),
    #[error("nothing is owed to {0}")]
    NothingToPay(Address),
    #[error("epoch {0} is opened already")]
    EpochAlreadyOpened(Epoch),
    #[error("epoch {0} is not opened")]
    EpochNotOpened(Epoch),
    #[error("the seed follows from block {seed_block}, which is not known yet")]
    SeedNotYetKnown { seed_block: u64 },
    #[error("the seed's block {seed_block} is out of reach")]
    SeedExpired { seed_block: u64 },
    #[error("seat {} published in epoch {epoch} already", .seat.0)]
    EpochAlreadyPublished { seat: SeatId, epoch: Epoch },
    #[error("the previous digest is {expected}")]
    PreviousDigestWrong { expected: B256 },
    #[error("the challenge is {expected}")]
    ChallengeWrong { expected: B256 },
    #[error("the incarnation did not sign digest {digest}")]
    SignatureWrong { digest: B256 },
    #[error("marks {:#x} hold a code above 6", .0.0)]
    MarkUnknown(Marks),
    #[error("marks {:#x} stand where nothing is assigned", .0.0)]
    MarkUnassigned(Marks),
    #[error("the hash of the bindings of the latest blocks marked is {expected}")]
    LatestBindingsWrong { expected: B256 },
    #[error("evidence and certificates have {size} bytes")]
    EvidenceTooLarge { size: usize },
    #[error("there is no evidence")]
    EvidenceMissing,
    #[error("{given} exceed {limit}")]
    TooMany { given: usize, limit: usize },
    #[error("the document has {size} bytes")]
    DocumentTooLarge { size: usize },
    #[error("the document is empty")]
    DocumentMissing,
    #[error("reference value {index} is zero, out of order or has an empty range")]
    ReferenceValueInvalid { index: usize },
    #[error("a block with weight was published, or the network resumed, in epoch {last_epoch}")]
    NoStandstill { last_epoch: Epoch },
    #[error("seats may be revived from epoch {from_epoch} on")]
    StandstillTooEarly { from_epoch: Epoch },
    #[error("this standstill was not announced")]
    StandstillNotAnnounced,
    #[error("there is no block {order} of epoch {epoch}")]
    BlockUnknown { epoch: Epoch, order: u32 },
    #[error("the log has no position {position} yet")]
    LogEntryUnknown { position: u64 },
    #[error("{0} is not the owner")]
    OwnableUnauthorizedAccount(Address),
    #[error("{0} cannot be owner")]
    OwnableInvalidOwner(Address),
}
