//! What a transaction pays (EIP-1559), at first and when it is stuck.

use crate::Refusal;

/// What a transaction offers for a unit of gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fees {
    /// At most, base fee and tip together: `maxFeePerGas`.
    pub cap_wei: u128,
    /// Of these to the block's proposer at most: `maxPriorityFeePerGas`.
    pub tip_wei: u128,
}

/// What the chain asks for a unit of gas now, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Price {
    /// The newest block's base fee.
    pub(super) base_wei: u128,
    /// What the endpoint suggests as tip.
    pub(super) tip_wei: u128,
}

/// Bounds of what is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeLimits {
    /// The most ever offered for a unit of gas, in wei. What the chain asks beyond that is not paid.
    pub cap_wei_max: u128,
    /// The least tip, in wei, for endpoints that suggest none.
    pub tip_wei_min: u128,
    /// How often a stuck transaction is replaced by one that pays more.
    pub bumps_max: u32,
}

impl Fees {
    /// Room for the base fee to double before the transaction is priced out: six full blocks in a row.
    ///
    /// # Errors
    /// [`Refusal::FeeTooHigh`] when not even the next block would take what may be offered.
    pub(super) fn first(price: Price, limits: &FeeLimits) -> Result<Self, Refusal> {
        let tip_wei = price.tip_wei.max(limits.tip_wei_min);
        let needed_wei = price.base_wei.saturating_add(tip_wei);
        if needed_wei > limits.cap_wei_max {
            return Err(Refusal::FeeTooHigh { needed_wei, allowed_wei: limits.cap_wei_max });
        }
        let wanted = price.base_wei.saturating_mul(2).saturating_add(tip_wei);
        Ok(Self { cap_wei: wanted.min(limits.cap_wei_max), tip_wei })
    }

    /// Both an eighth higher, as pools ask of a replacement (geth: 10 %, others: 12.5 %), or more if the chain asks
    /// more; `None` if that is beyond the limit.
    pub(super) fn bumped(self, price: Price, limits: &FeeLimits) -> Option<Self> {
        let least = Self { cap_wei: an_eighth_more(self.cap_wei), tip_wei: an_eighth_more(self.tip_wei) };
        if least.cap_wei > limits.cap_wei_max {
            return None;
        }
        let tip_wei = least.tip_wei.max(price.tip_wei);
        let wanted = price.base_wei.saturating_mul(2).saturating_add(tip_wei).max(least.cap_wei);
        let cap_wei = wanted.min(limits.cap_wei_max);
        // A tip suggested in a rush may be above all that is ever offered.
        Some(Self { cap_wei, tip_wei: tip_wei.min(cap_wei) })
    }
}

/// Rounded up, and more even for next to nothing.
fn an_eighth_more(wei: u128) -> u128 {
    wei.saturating_add(wei.div_ceil(8)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FeeLimits = FeeLimits { cap_wei_max: 1000, tip_wei_min: 2, bumps_max: 3 };

    fn price(base_wei: u128, tip_wei: u128) -> Price {
        Price { base_wei, tip_wei }
    }

    #[test]
    fn first_fees_leave_room_for_a_doubled_base_fee() {
        assert_eq!(Fees::first(price(100, 5), &LIMITS), Ok(Fees { cap_wei: 205, tip_wei: 5 }));
        assert_eq!(Fees::first(price(100, 0), &LIMITS), Ok(Fees { cap_wei: 202, tip_wei: 2 }));
        assert_eq!(Fees::first(price(600, 5), &LIMITS), Ok(Fees { cap_wei: 1000, tip_wei: 5 }));
    }

    #[test]
    fn a_price_above_the_limit_is_refused() {
        let refusal = Refusal::FeeTooHigh { needed_wei: 1001, allowed_wei: 1000 };
        assert_eq!(Fees::first(price(996, 5), &LIMITS), Err(refusal));
        assert!(Fees::first(price(995, 5), &LIMITS).is_ok());
        assert!(Fees::first(price(u128::MAX, u128::MAX), &LIMITS).is_err());
    }

    #[test]
    fn every_bump_raises_both_fees_by_an_eighth_at_least() {
        for (cap_wei, tip_wei) in [(1, 0), (7, 1), (8, 8), (100, 3), (888, 777)] {
            let fees = Fees { cap_wei, tip_wei };
            let bumped = fees.bumped(price(0, 0), &LIMITS).expect("within the limit");
            assert!(bumped.cap_wei * 8 >= cap_wei * 9, "{fees:?} {bumped:?}");
            assert!(bumped.tip_wei * 8 >= tip_wei * 9 && bumped.tip_wei > tip_wei, "{fees:?} {bumped:?}");
            assert!(bumped.tip_wei <= bumped.cap_wei);
        }
    }

    #[test]
    fn a_bump_follows_the_chain_and_ends_at_the_limit() {
        let fees = Fees { cap_wei: 205, tip_wei: 5 };
        assert_eq!(fees.bumped(price(300, 9), &LIMITS), Some(Fees { cap_wei: 609, tip_wei: 9 }));
        assert_eq!(fees.bumped(price(900, 9), &LIMITS), Some(Fees { cap_wei: 1000, tip_wei: 9 }));
        assert_eq!(fees.bumped(price(900, 5000), &LIMITS), Some(Fees { cap_wei: 1000, tip_wei: 1000 }));
        assert_eq!(Fees { cap_wei: 889, tip_wei: 5 }.bumped(price(0, 0), &LIMITS), None);
    }
}
