//! How the following goes, as answers and health need it.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::money::Money;

/// How the following goes.
#[derive(Debug)]
pub(super) struct Status {
    touch_max: Duration,
    last: Mutex<Last>,
}

#[derive(Clone, Debug, Default)]
struct Last {
    synced_at: Option<Instant>,
    trouble: Option<String>,
    money: Option<Money>,
}

impl Status {
    /// In touch for so long after the chain answered.
    pub(super) fn new(touch_max: Duration) -> Self {
        Self { touch_max, last: Mutex::default() }
    }

    /// The index has all that the chain has.
    pub(super) fn synced(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        (last.synced_at, last.trouble) = (Some(Instant::now()), None);
    }

    /// It could not follow.
    pub(super) fn failed(&self, why: String) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).trouble = Some(why);
    }

    /// What the contract holds, or that it cannot be asked.
    pub(super) fn counted(&self, money: Option<Money>) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).money = money;
    }

    pub(super) fn money(&self) -> Option<Money> {
        self.last().money
    }

    /// Whether the chain answered of late.
    pub(super) fn in_touch(&self) -> bool {
        self.last().synced_at.is_some_and(|at| at.elapsed() <= self.touch_max)
    }

    /// Whether the index ever had all.
    pub(super) fn has_caught_up(&self) -> bool {
        self.last().synced_at.is_some()
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.last().trouble
    }

    fn last(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
