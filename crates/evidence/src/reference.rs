//! Reference values: which measurements are allowed, and in which epochs (R16).

use std::collections::BTreeMap;

use alloy_primitives::B256;
use multee_protocol::Epoch;
use serde::{Deserialize, Serialize};

use crate::digest::Words;
use crate::error::MeasurementNotAllowed;

/// Epochs in which a measurement is allowed, both ends included. An upgrade's grace period is the overlap
/// of the old value's range with the new one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRange {
    /// The first epoch in which the measurement is allowed.
    pub first: Epoch,
    /// The last one; [`Epoch::MAX`] while no end is set.
    pub last: Epoch,
}

impl EpochRange {
    /// Whether `epoch` lies in the range.
    pub fn contains(self, epoch: Epoch) -> bool {
        (self.first..=self.last).contains(&epoch)
    }
}

/// The list of allowed measurements. One range for each: whoever lists a measurement again replaces it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceValues {
    ranges: BTreeMap<B256, EpochRange>,
}

/// Why a list of reference values was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceValuesError {
    /// A range that ends before it begins allows nothing and is a mistake.
    #[error("range of epochs {first} to {last} is empty", first = .0.first, last = .0.last)]
    EmptyRange(EpochRange),
    /// More than 64 measurements.
    #[error("more than {max} measurements", max = ReferenceValues::ENTRIES_MAX)]
    TooMany,
}

impl ReferenceValues {
    /// The most measurements a list has, as in the contract.
    pub const ENTRIES_MAX: usize = 64;
    /// Where the list lies in its `abi.encode`, in bytes: after the domain and this very offset.
    const LIST_OFFSET: u64 = 0x40;

    /// The list with these measurements; the last range for a measurement counts.
    ///
    /// # Errors
    /// For an empty range or too many measurements.
    pub fn new(entries: impl IntoIterator<Item = (B256, EpochRange)>) -> Result<Self, ReferenceValuesError> {
        let mut list = Self::default();
        for (measurement, range) in entries {
            list.allow(measurement, range)?;
        }
        Ok(list)
    }

    /// Allows `measurement` in `range`, replacing what was said of it before.
    ///
    /// # Errors
    /// For an empty range, or when the list is full.
    pub fn allow(&mut self, measurement: B256, range: EpochRange) -> Result<(), ReferenceValuesError> {
        if range.first > range.last {
            return Err(ReferenceValuesError::EmptyRange(range));
        }
        if self.ranges.len() >= Self::ENTRIES_MAX && !self.ranges.contains_key(&measurement) {
            return Err(ReferenceValuesError::TooMany);
        }
        self.ranges.insert(measurement, range);
        Ok(())
    }

    /// The measurements and their ranges, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (B256, EpochRange)> + '_ {
        self.ranges.iter().map(|(measurement, range)| (*measurement, *range))
    }

    /// Whether `measurement` is allowed in `epoch`.
    pub fn allows(&self, measurement: B256, epoch: Epoch) -> bool {
        self.ranges.get(&measurement).is_some_and(|range| range.contains(epoch))
    }

    /// Holds a measurement against the list as it stands for a block of `epoch`.
    ///
    /// # Errors
    /// When the measurement is unlisted or its range does not hold `epoch`.
    pub fn check(&self, measurement: B256, epoch: Epoch) -> Result<(), MeasurementNotAllowed> {
        if self.allows(measurement, epoch) {
            return Ok(());
        }
        Err(MeasurementNotAllowed { measurement, epoch })
    }

    /// What stands on chain: `keccak256(abi.encode(keccak256("multee/references/v1"), values))`, where `values` is
    /// an array of `(bytes32 measurement, uint32 fromEpoch, uint32 untilEpoch)`, ascending by measurement.
    pub fn digest(&self) -> B256 {
        let mut words = Words::new("multee/references/v1");
        words.put_number(Self::LIST_OFFSET);
        words.put_number(self.ranges.len() as u64);
        for (measurement, range) in self.entries() {
            words.put(measurement);
            words.put_number(u64::from(range.first));
            words.put_number(u64::from(range.last));
        }
        words.finish()
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    const OLD: B256 = B256::repeat_byte(1);
    const NEW: B256 = B256::repeat_byte(2);

    fn upgrade() -> ReferenceValues {
        ReferenceValues::new([
            (NEW, EpochRange { first: 10, last: Epoch::MAX }),
            (OLD, EpochRange { first: 0, last: 12 }),
        ])
        .expect("proper ranges")
    }

    #[test]
    fn upgrade_has_a_grace_period_in_which_both_are_allowed() {
        let list = upgrade();
        for (epoch, old, new) in
            [(0, true, false), (9, true, false), (10, true, true), (12, true, true), (13, false, true)]
        {
            assert_eq!((list.allows(OLD, epoch), list.allows(NEW, epoch)), (old, new), "epoch {epoch}");
        }
        assert!(list.allows(NEW, Epoch::MAX));
        assert!(!list.allows(B256::ZERO, 10));
    }

    #[test]
    fn digest_is_golden_and_does_not_depend_on_the_order_of_listing() {
        let turned = ReferenceValues::new(upgrade().entries().collect::<Vec<_>>()).expect("same");
        assert_eq!(turned.digest(), upgrade().digest());
        assert_eq!(
            upgrade().digest(),
            b256!("0x819ac24a582d253033b350dec42cf48fa81adcf55722fa828c75b474bbb648f1")
        );
        assert_eq!(
            ReferenceValues::default().digest(),
            b256!("0xfa95b3b1f7ddd56f1a79433d26f304b25ba601762450a85cd6f9ebe6a70e8a70")
        );
        let mut other = upgrade();
        other.allow(OLD, EpochRange { first: 0, last: 13 }).expect("proper range");
        assert_ne!(other.digest(), upgrade().digest());
    }

    #[test]
    fn empty_ranges_and_endless_lists_are_refused() {
        let range = EpochRange { first: 2, last: 1 };
        assert_eq!(ReferenceValues::new([(OLD, range)]), Err(ReferenceValuesError::EmptyRange(range)));
        let always = EpochRange { first: 0, last: Epoch::MAX };
        let many = |count: u64| (0..count).map(|n| (B256::left_padding_from(&n.to_be_bytes()), always));
        let mut full = ReferenceValues::new(many(64)).expect("at the limit");
        assert!(full.allow(B256::ZERO, always).is_ok(), "one that is listed already is replaced");
        assert_eq!(full.allow(NEW, always), Err(ReferenceValuesError::TooMany));
    }
}
