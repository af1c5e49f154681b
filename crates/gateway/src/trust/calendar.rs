//! Epochs by the clock (R2).

/// When epochs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) genesis_s: u64,
    pub(crate) epoch_seconds: u32,
}

impl Calendar {
    /// The epoch at a time; `None` before genesis.
    pub(crate) fn epoch_at(self, timestamp_s: u64) -> Option<u32> {
        let elapsed_s = timestamp_s.checked_sub(self.genesis_s)?;
        let epoch = elapsed_s.checked_div(self.epoch_seconds.into())?;
        Some(u32::try_from(epoch).unwrap_or(u32::MAX))
    }

    /// An epoch's last second.
    pub(crate) fn last_second_of(self, epoch: u32) -> u64 {
        let elapsed_s = (u64::from(epoch) + 1).saturating_mul(self.epoch_seconds.into());
        self.genesis_s.saturating_add(elapsed_s).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_ends_where_the_next_begins() {
        let calendar = Calendar { genesis_s: 1000, epoch_seconds: 12 };
        assert_eq!(
            [999, 1000, 1011, 1012].map(|at| calendar.epoch_at(at)),
            [None, Some(0), Some(0), Some(1)]
        );
        for epoch in [0, 1, 77, u32::MAX - 1] {
            let last_s = calendar.last_second_of(epoch);
            assert_eq!(calendar.epoch_at(last_s), Some(epoch));
            assert_eq!(calendar.epoch_at(last_s + 1), Some(epoch + 1));
        }
        assert_eq!(calendar.epoch_at(u64::MAX), Some(u32::MAX), "no epoch beyond");
    }
}
