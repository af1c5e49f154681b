//! A seat as it is kept (R1, R14): how it stands, which of its blocks are what, and who owns it.

use alloy_primitives::{Address, B256};

use super::rewards::Rewards;
use crate::{DeviceId, Epoch, Power, Score, Standing, Trust};

/// How many epochs a history spans; bounds `retentionEpochs`.
pub(super) const HISTORY_EPOCHS: u32 = 40;

const HISTORY_MASK: u64 = (1 << HISTORY_EPOCHS) - 1;

/// A seat (R1). Amounts are in the token's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) status: Status,
    pub(super) history: History,
    pub(super) rewards: Rewards,
    pub(super) last_digest: B256,
    /// Of the certificates that the incarnation published last under this operator; zero if none (4.5).
    pub(super) certificates_hash: B256,
    pub(super) measurement: B256,
    pub(super) device_id: DeviceId,
    pub(super) incarnation: Address,
    pub(super) operator: Address,
    pub(super) provider: Address,
    /// Number of opened epochs when it joined (R1).
    pub(super) joined_index: u32,
    /// From when its deposit may be withdrawn, if exit was ever announced (R13).
    pub(super) unbonded_epoch: Epoch,
    /// Q when its exit was announced.
    pub(super) exit_penalties: u8,
    pub(super) deposit: u128,
    /// The order of its block of each epoch, at slot = epoch mod R (R14).
    pub(super) orders: [u32; HISTORY_EPOCHS as usize],
    /// Every incarnation it has or had, and whether peers confirmed it (R15).
    pub(super) incarnations: Vec<(Address, bool)>,
}

/// What moves with a seat's blocks (docs/protocol.md, 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, flags in the contract")]
pub(super) struct Status {
    pub(super) trust: Trust,
    pub(super) penalties: u8,
    /// Without it the seat is provisional.
    pub(super) admitted: bool,
    pub(super) probation: bool,
    pub(super) suspended: bool,
    pub(super) blocked: bool,
    pub(super) exiting: bool,
    pub(super) unverified_power: bool,
    pub(super) paid_out: bool,
    /// The first epoch whose block is the current incarnation's.
    pub(super) since_epoch: Epoch,
    pub(super) suspended_epoch: Epoch,
    /// The epoch of the off block with which the unverified state began (R10).
    pub(super) off_epoch: Epoch,
    /// The epoch of the block that set the verified power.
    pub(super) power_epoch: Option<Epoch>,
    pub(super) verified_power: Power,
}

impl Status {
    /// A seat that starts with this trust, neither admitted nor on probation.
    pub(super) fn new(trust: Trust, verified_power: Power) -> Self {
        Self {
            trust,
            penalties: 0,
            admitted: false,
            probation: false,
            suspended: false,
            blocked: false,
            exiting: false,
            unverified_power: false,
            paid_out: false,
            since_epoch: 0,
            suspended_epoch: 0,
            off_epoch: 0,
            power_epoch: None,
            verified_power,
        }
    }

    /// What decides tier and weight.
    pub(super) fn standing(&self) -> Standing {
        Standing {
            score: self.trust.score,
            blocked: self.blocked,
            suspended: self.suspended,
            probation: self.probation,
            power_unverified: self.unverified_power,
        }
    }

    /// Full or Warning, with verified power, and not leaving (R11).
    pub(super) fn is_operational(&self) -> bool {
        self.standing().tier().is_operational() && !self.unverified_power && !self.exiting
    }

    /// Operational, but below tier Full (R11).
    pub(super) fn is_flagged(&self) -> bool {
        self.is_operational() && self.trust.score < Score::FULL
    }
}

/// What a history keeps of each block, one bit an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Published,
    Open,
    Undecided,
    Passed,
}

/// A seat's blocks of the last 40 epochs (7.2): bit a of each word stands for the epoch `last − a`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    kinds: [u64; 4],
    last: Option<Epoch>,
    last_good: Option<Epoch>,
    /// How many epochs were opened when the seat last published, joined or was revived (R1).
    pub(super) seen_index: u32,
}

impl History {
    /// Of a seat that begins when so many epochs were opened.
    pub(super) fn seen(seen_index: u32) -> Self {
        Self { seen_index, ..Self::default() }
    }

    /// The epoch of its newest block.
    pub(super) fn last(&self) -> Option<Epoch> {
        self.last
    }

    /// The epoch of its newest passed or honest block.
    pub(super) fn last_good(&self) -> Option<Epoch> {
        self.last_good
    }

    fn word(&self, kind: Kind) -> u64 {
        self.kinds.get(kind as usize).copied().unwrap_or(0)
    }

    /// The bits of `kind`, those of blocks void at `now` masked.
    pub(super) fn live(&self, kind: Kind, now: Epoch, retention: u32) -> u64 {
        let Some(last) = self.last else { return 0 };
        match retention.checked_sub(now.saturating_sub(last)) {
            None | Some(0) => 0,
            Some(alive) => self.word(kind) & ((1 << alive.min(HISTORY_EPOCHS)) - 1),
        }
    }

    /// Whether `kind`'s bit is set for `epoch`, as far back as bits reach.
    pub(super) fn has(&self, kind: Kind, epoch: Epoch) -> bool {
        self.bit(epoch).is_some_and(|bit| self.word(kind) & bit != 0)
    }

    /// The epoch of its newest block that is not later than `latest`, as far back as bits reach.
    pub(super) fn newest_by(&self, latest: Epoch) -> Option<Epoch> {
        let last = self.last?;
        let age = last.saturating_sub(latest);
        let published = self.word(Kind::Published).checked_shr(age).filter(|bits| *bits != 0)?;
        last.checked_sub(age + published.trailing_zeros())
    }

    fn bit(&self, epoch: Epoch) -> Option<u64> {
        let age = self.last?.checked_sub(epoch)?;
        (age < HISTORY_EPOCHS).then(|| 1 << age)
    }

    #[must_use]
    pub(super) fn with(mut self, kind: Kind, epoch: Epoch) -> Self {
        let bit = self.bit(epoch).unwrap_or(0);
        if let Some(word) = self.kinds.get_mut(kind as usize) {
            *word |= bit;
        }
        self
    }

    #[must_use]
    pub(super) fn without(mut self, kind: Kind, epoch: Epoch) -> Self {
        let bit = self.bit(epoch).unwrap_or(0);
        if let Some(word) = self.kinds.get_mut(kind as usize) {
            *word &= !bit;
        }
        self
    }

    /// With a passed or honest block of `epoch`.
    #[must_use]
    pub(super) fn with_good(mut self, epoch: Epoch) -> Self {
        self.last_good = self.last_good.max(Some(epoch));
        self
    }

    /// With an open block of `epoch`, later than any before.
    #[must_use]
    pub(super) fn with_block(mut self, epoch: Epoch) -> Self {
        let gap = self.last.map_or(HISTORY_EPOCHS, |last| epoch.saturating_sub(last));
        for word in &mut self.kinds {
            *word = if gap < HISTORY_EPOCHS { *word << gap & HISTORY_MASK } else { 0 };
        }
        self.last = Some(epoch);
        self.with(Kind::Published, epoch).with(Kind::Open, epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_void_blocks_are_masked_and_fall_out() {
        let history = History::default().with_block(3).with_block(10);
        assert_eq!(history.live(Kind::Open, 10, 16), 0b1000_0001);
        assert_eq!(history.live(Kind::Open, 18, 16), 0b1000_0001);
        assert_eq!(history.live(Kind::Open, 19, 16), 1);
        assert_eq!(history.live(Kind::Open, 25, 16), 1);
        assert_eq!(history.live(Kind::Open, 26, 16), 0);
        assert!(history.has(Kind::Published, 3) && !history.has(Kind::Published, 4));
        let later = history.with_block(43);
        assert!(!later.has(Kind::Published, 3), "forty epochs on");
        assert!(later.has(Kind::Published, 10));
        assert_eq!(history.with_block(60).live(Kind::Published, 60, 40), 1);
    }

    #[test]
    fn the_newest_good_block_stays() {
        assert_eq!(History::default().with_good(5).with_good(3).last_good(), Some(5));
        assert_eq!(History::default().with_good(0).last_good(), Some(0));
    }

    #[test]
    fn one_kind_does_not_touch_another() {
        let history = History::default().with_block(7).with(Kind::Undecided, 7).without(Kind::Open, 7);
        assert!(history.has(Kind::Published, 7) && history.has(Kind::Undecided, 7));
        assert!(!history.has(Kind::Open, 7) && !history.has(Kind::Passed, 7));
    }
}
