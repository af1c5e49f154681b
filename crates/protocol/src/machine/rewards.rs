//! R12: pots, shares, payment, maturing. Tokens move between what the treasury counts; none leaves here.

use alloy_primitives::U256;

use super::block::Block;
use super::epoch::Opening;
use super::seat::{Seat, Status};
use super::turn::Turn;
use crate::{Epoch, Marks, Parameters, Power, Score, SeatId};

/// What a seat is owed (R12), in the token's smallest unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rewards {
    pub(super) new: u128,
    pub(super) old: u128,
    pub(super) matured: u128,
    /// The epoch at which the buckets were last rolled.
    pub(super) rolled_epoch: Epoch,
}

impl Rewards {
    /// As they are at epoch `now`: what is older than one to two delays has matured.
    #[must_use]
    pub(super) fn rolled(self, now: Epoch, delay_epochs: u16) -> Self {
        let delay = u32::from(delay_epochs.max(1));
        let delays = now.saturating_sub(self.rolled_epoch) / delay;
        let rolled_epoch = self.rolled_epoch + delays * delay;
        match delays {
            0 => self,
            1 => Self { new: 0, old: self.new, matured: self.matured + self.old, rolled_epoch },
            _ => Self { new: 0, old: 0, matured: self.total(), rolled_epoch },
        }
    }

    pub(super) fn total(&self) -> u128 {
        self.new + self.old + self.matured
    }
}

/// A block's share of its epoch's pot.
///
/// `assigned` is L1′ plus the non-empty window places; without rank one, of which none was marked.
pub(super) fn share(
    status: &Status,
    parameters: &Parameters,
    power: Power,
    marks: Marks,
    assigned: u32,
) -> u64 {
    if status.probation || status.unverified_power {
        return 0;
    }
    let full = status.trust.score >= Score::WARNING;
    let tier_bps = if full { Score::MAX.bps() } else { parameters.restricted_reward_bps };
    let earned = u128::from(power) * u128::from(tier_bps) * u128::from(1 + marks.count_given());
    let whole = u128::from(Score::MAX.bps()) * u128::from(1 + assigned);
    u64::try_from(earned / whole).unwrap_or(u64::MAX)
}

/// ⌊amount·part/whole⌋ of 256-bit products; 0 of nothing. `part` is at most `whole`.
fn portion(amount: u128, part: u128, whole: u128) -> u128 {
    if let Some(product) = amount.checked_mul(part) {
        return product.checked_div(whole).unwrap_or(0);
    }
    let product = U256::from(amount) * U256::from(part);
    product.checked_div(U256::from(whole)).map_or(0, |portion| portion.saturating_to())
}

impl Turn<'_> {
    /// At an opening: closes the last opened epoch, empties the ring's place, and fills a pot, or takes over that of an
    /// opening that got no seed.
    pub(super) fn fund_epoch(&mut self, before: &Opening, reward_per_epoch: u128) -> u128 {
        let mut treasury = self.state.core.treasury;
        let mut kept = None;
        if before.pending {
            kept = Some(self.state.epoch_at(before.epoch).pot);
            self.state.change_epoch(before.epoch, |record| record.pot = 0);
        } else if before.opened != 0 {
            let last = self.cursor().last_opened;
            let (pot, shares) = (self.state.epoch_at(last).pot, self.state.epoch_at(last).shares);
            if shares == 0 {
                treasury.purses_to_carry(pot);
            } else {
                self.state.change_epoch(last, |record| record.left = pot);
            }
        }
        treasury.purses_to_carry(self.state.epoch_at(self.now).left);
        self.state.change_epoch(self.now, |record| record.left = 0);
        let pot = kept.unwrap_or_else(|| {
            let carried = reward_per_epoch.min(treasury.carry);
            let pot = carried + reward_per_epoch.min(treasury.unallocated());
            treasury.carry -= carried;
            treasury.purses += pot;
            pot
        });
        self.state.core.treasury = treasury;
        pot
    }

    /// Takes a block's part out of what is left of its epoch's pot: for its seat, or for carry.
    pub(super) fn take_reward(&mut self, block: &Block, to_seat: bool) -> u128 {
        let share = u128::from(block.share());
        let record = self.state.epoch_at(block.epoch);
        let reward = if share == 0 { 0 } else { portion(record.pot, share, record.shares) };
        if reward == 0 {
            return 0;
        }
        self.state.change_epoch(block.epoch, |record| record.left = record.left.saturating_sub(reward));
        if to_seat {
            let (now, delay) = (self.now, self.state.core.parameters.reward_delay_epochs);
            self.state.change_seat(block.seat, |seat| {
                seat.rewards = seat.rewards.rolled(now, delay);
                seat.rewards.new += reward;
            });
        } else {
            self.state.core.treasury.purses_to_carry(reward);
        }
        reward
    }

    /// All that is owed to a seat, matured or not, goes to carry; how much.
    pub(super) fn forfeit_rewards(&mut self, id: SeatId) -> u128 {
        let lost = self.state.seat(id).map_or(0, |seat: &Seat| seat.rewards.total());
        if lost != 0 {
            self.state.change_seat(id, |seat| {
                seat.rewards = Rewards { rolled_epoch: seat.rewards.rolled_epoch, ..Rewards::default() };
            });
            self.state.core.treasury.purses_to_carry(lost);
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reward_matures_after_one_to_two_delays() {
        let rewards = Rewards { new: 5, old: 3, matured: 1, rolled_epoch: 90 };
        assert_eq!(rewards.rolled(179, 90), rewards);
        assert_eq!(rewards.rolled(180, 90), Rewards { new: 0, old: 5, matured: 4, rolled_epoch: 180 });
        assert_eq!(rewards.rolled(299, 90), Rewards { new: 0, old: 0, matured: 9, rolled_epoch: 270 });
    }

    #[test]
    fn portions_are_rounded_down_and_do_not_overflow() {
        assert_eq!((portion(10, 1, 3), portion(10, 2, 3), portion(10, 3, 3)), (3, 6, 10));
        let most = 2 * 10_u128.pow(30);
        let whole = u128::from(u64::MAX);
        assert_eq!(portion(most, whole, whole), most);
        assert_eq!(portion(most, 1, whole), most / whole);
        assert_eq!(portion(5, 0, 0), 0);
    }
}
