//! What the machine shows: the contract's view structs, field by field, and its settings.

use alloy_primitives::{Address, B256};

use super::input::BlockRef;
use crate::{DeviceId, Epoch, Fixed, Marks, Parameters, Power, Score, SeatId, Tier};

/// What never changes (docs/protocol.md, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The deposit token.
    pub token: Address,
    /// The first owner.
    pub owner: Address,
    /// The start of epoch 0, Unix seconds; not before the deployment, at most 2⁴⁰ − 1.
    pub genesis_s: u64,
    /// Epoch length, retention, and the bound on seats.
    pub fixed: Fixed,
}

/// A seat's power (`PowerView`, R10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the interface's struct, described there")]
pub struct PowerView {
    pub verified: Power,
    pub unverified: bool,
    pub off_epoch: Epoch,
    pub has_block: bool,
    pub block_epoch: Epoch,
}

/// A seat's money (`FundsView`), in the token's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the interface's struct, described there")]
pub struct FundsView {
    pub deposit: u128,
    pub paid_out: bool,
    pub new_rewards: u128,
    pub old_rewards: u128,
    pub matured_rewards: u128,
    pub rolled_epoch: Epoch,
}

/// A seat as it stands (`SeatView`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the interface's struct, described there")]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the interface's struct")]
pub struct SeatView {
    pub provider: Address,
    pub operator: Address,
    pub device_id: DeviceId,
    pub incarnation: Address,
    pub measurement: B256,
    pub last_digest: B256,
    pub identity: B256,
    pub since_epoch: Epoch,
    pub joined_index: u32,
    pub suspended_epoch: Epoch,
    pub unbonded_epoch: Epoch,
    pub last_epoch: Epoch,
    pub last_good_epoch: Epoch,
    pub seen_index: u32,
    pub has_published: bool,
    pub has_good_block: bool,
    pub admitted: bool,
    pub exiting: bool,
    pub tier: Tier,
    pub score: Score,
    pub streak: u8,
    pub penalties: u8,
    pub power: PowerView,
    pub funds: FundsView,
}

/// A block as it stands (`BlockView`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the interface's struct, described there")]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the interface's struct")]
pub struct BlockView {
    pub seat: SeatId,
    pub epoch: Epoch,
    pub order: u32,
    pub weight: u16,
    pub positive: u32,
    pub negative: u32,
    pub count: u8,
    pub logged: bool,
    pub passed: bool,
    pub decided: bool,
    pub malicious: bool,
    pub honest_for_good: bool,
    pub accuser: bool,
    pub off: bool,
    pub due: bool,
    pub position: u64,
    pub rank: u32,
    pub share: u64,
    pub off_power: Power,
    pub counted_marks: Marks,
    pub evidence_binding: B256,
}

/// An epoch as its opening froze it (`EpochView`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the interface's struct, described there")]
pub struct EpochView {
    pub epoch: Epoch,
    pub opened: bool,
    pub root: B256,
    pub seed_block: u64,
    pub roster_epoch: Epoch,
    pub roster_size: u32,
    pub window_start: u64,
    pub window_size: u32,
    pub latest_checks: u8,
    pub suspicious_checks: u8,
    pub decision_marks: u8,
    pub previous_opened: Epoch,
    pub next_opened: Epoch,
    pub weighted_blocks: u32,
    pub weightless_blocks: u32,
    pub log_end: u64,
    pub pot: u128,
    pub left: u128,
    pub shares: u128,
    pub policy_digest: B256,
    pub reference_digest: B256,
}

/// Where the network stands (`NetworkView`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the interface's struct, described there")]
pub struct NetworkView {
    pub epoch: Epoch,
    pub last_opened: Epoch,
    pub opened_epochs: u32,
    pub seats: u32,
    pub log_end: u64,
    pub window_start: u64,
    pub window_end: u64,
    pub decision_marks: u8,
    pub paused: bool,
    pub resumes_epoch: Epoch,
    pub has_weighted: bool,
    pub weighted_epoch: Epoch,
    pub last_seed: B256,
    pub carry: u128,
    pub purses: u128,
    pub deposits: u128,
    pub bounties: u128,
}

/// What a relying party learns of a device (`Trust`, R17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the interface's struct, described there")]
pub struct DeviceTrust {
    /// 0 if no seat is bound to the device.
    pub seat: SeatId,
    /// `None` if no seat is bound to the device (`Tier.Unknown`).
    pub tier: Option<Tier>,
    pub score: Score,
    pub operational: bool,
    pub flagged: bool,
    pub incarnation: Address,
    pub measurement: B256,
    pub has_good_block: bool,
    pub last_good_epoch: Epoch,
    pub deposit: u128,
}

/// An entry of the log as `logEntry` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEntryView {
    /// Its block.
    pub block: BlockRef,
    /// The weight of its valid marks.
    pub positive: u32,
    /// The weight of its negative marks.
    pub negative: u32,
    /// The number of its marks, up to 127.
    pub count: u8,
    /// 0 none yet, 1 honest, 2 malicious, 3 logged again.
    pub outcome: u8,
}

/// What a seat is assigned in the last opened epoch, as `assignmentOf` gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignmentView {
    /// Its rank; `None` if it has none, and so no assignment.
    pub rank: Option<u32>,
    /// The latest blocks.
    pub latest: Vec<BlockRef>,
    /// The log positions, 2⁴⁰ − 1 for an empty place.
    pub positions: Vec<u64>,
}

/// Parameters that are announced and not adopted, as `announcedParameters` gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The epoch from which they take effect.
    pub from_epoch: Epoch,
    /// What they are.
    pub parameters: Parameters,
}
