//! What an opening froze (7.4), and the small state that moves with epochs.

use alloy_primitives::{Address, B256};

use crate::{Epoch, EpochSnapshot, Parameters, TabulatedPermutation};

/// An epoch, at its place in the ring over the retained epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EpochRecord {
    /// Whether anything was ever opened at this place.
    pub(super) recorded: bool,
    pub(super) epoch: Epoch,
    pub(super) roster_epoch: Epoch,
    pub(super) roster_size: u32,
    pub(super) window_start: u64,
    pub(super) window_size: u32,
    pub(super) decision_marks: u8,
    pub(super) latest_checks: u8,
    pub(super) suspicious_checks: u8,
    /// The opened epoch after it; 0 if there is none yet.
    pub(super) next_opened: Epoch,
    pub(super) previous_opened: Epoch,
    /// Its number among opened epochs, from 1; 0 until its seed is set.
    pub(super) index: u32,
    pub(super) root: B256,
    pub(super) weighted: u32,
    pub(super) weightless: u32,
    /// Where the log ended at the opening.
    pub(super) log_end: u64,
    pub(super) seed_block: u64,
    /// Σ: the sum of its blocks' shares (R12).
    pub(super) shares: u128,
    pub(super) pot: u128,
    /// What its blocks have not taken of the pot, once it is closed (R12).
    pub(super) left: u128,
    pub(super) policy_digest: B256,
    pub(super) reference_digest: B256,
    /// The roster in the order that the root gives it. Follows from root and roster size.
    pub(super) order: TabulatedPermutation,
}

impl EpochRecord {
    /// A place of the ring that no epoch was opened at.
    pub(super) const NONE: Self = Self {
        recorded: false,
        epoch: 0,
        roster_epoch: 0,
        roster_size: 0,
        window_start: 0,
        window_size: 0,
        decision_marks: 0,
        latest_checks: 0,
        suspicious_checks: 0,
        next_opened: 0,
        previous_opened: 0,
        index: 0,
        root: B256::ZERO,
        weighted: 0,
        weightless: 0,
        log_end: 0,
        seed_block: 0,
        shares: 0,
        pot: 0,
        left: 0,
        policy_digest: B256::ZERO,
        reference_digest: B256::ZERO,
        order: TabulatedPermutation::EMPTY,
    };

    /// What its assignments follow from (R4).
    pub(super) fn snapshot(&self) -> EpochSnapshot {
        EpochSnapshot {
            root: self.root,
            roster_size: self.roster_size,
            window_size: self.window_size,
            effective_decision_marks: self.decision_marks,
            latest_checks: self.latest_checks,
            suspicious_checks: self.suspicious_checks,
        }
    }
}

/// How many rosters' sizes are kept, one more than the largest `finalityEpochs`.
pub(super) const ROSTER_SIZES: usize = 12;

/// All state but seats, blocks, epochs, claims, bounties, reference values and the log: small enough to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Core {
    pub(super) owner: Address,
    pub(super) pending_owner: Address,
    /// Those of the last opened epoch; before the first, those of the deployment.
    pub(super) parameters: Parameters,
    /// Announced and not adopted yet: from which epoch on they take effect, and what they are.
    pub(super) announced: Option<(Epoch, Parameters)>,
    pub(super) cursor: Cursor,
    pub(super) opening: Opening,
    /// Of the last opened epochs, newest first (R5).
    pub(super) roster_sizes: [u32; ROSTER_SIZES],
    /// The last seed set, of whatever epoch (R2).
    pub(super) last_seed: B256,
    pub(super) policy_digest: B256,
    pub(super) reference_digest: B256,
    pub(super) treasury: Treasury,
    /// The epoch in which a standstill was announced last (R1).
    pub(super) standstill_announced: Option<Epoch>,
    pub(super) paused: bool,
    /// First epoch after the last pause; 0 if there was none since genesis.
    pub(super) resumes_epoch: Epoch,
}

/// The last opened epoch with its window, and the log's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) last_opened: Epoch,
    pub(super) window_start: u64,
    pub(super) window_end: u64,
    pub(super) previous_window_start: u64,
    pub(super) log_end: u64,
    pub(super) decision_marks: u8,
    /// The last epoch with a block of weight.
    pub(super) weighted_epoch: Option<Epoch>,
}

/// The latest opening, seeded or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) epoch: Epoch,
    pub(super) seed_block: u64,
    /// It has no seed yet.
    pub(super) pending: bool,
    /// The oldest opened epoch that was not void at the latest opening.
    pub(super) tail: Option<Epoch>,
    /// How many epochs were opened.
    pub(super) opened: u32,
}

/// What the contract holds, and what of it it owes or keeps (R12), in the token's smallest unit. The rest is
/// unallocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Treasury {
    pub(super) balance: u128,
    pub(super) carry: u128,
    /// Pots, lefts, and rewards owed.
    pub(super) purses: u128,
    pub(super) deposits: u128,
    pub(super) bounties: u128,
}

impl Treasury {
    /// What nobody is owed and nothing is kept for; 0 if that is negative.
    pub(super) fn unallocated(&self) -> u128 {
        self.balance.saturating_sub(self.deposits + self.bounties + self.carry + self.purses)
    }

    pub(super) fn purses_to_carry(&mut self, amount: u128) {
        self.purses = self.purses.saturating_sub(amount);
        self.carry += amount;
    }
}
