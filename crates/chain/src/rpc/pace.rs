//! What to do next for a transaction that was signed. No I/O, and time is an argument.

use core::time::Duration;

/// What an endpoint knows of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The newest block.
    pub(super) head: u64,
    /// The block one of the attempts is in.
    pub(super) included_in: Option<u64>,
    /// As deep as a receipt must be, the account's nonce is beyond the transaction's.
    pub(super) used_up: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is executed, and deep enough.
    Done,
    /// Another transaction took its nonce for good: it can never be executed.
    Superseded,
    /// Give it to endpoints.
    Broadcast,
    /// Sign an attempt that pays more, and give that to endpoints.
    Replace,
    /// Look again later.
    Wait,
}

/// When to do it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) bump_after: Duration,
    pub(super) confirmations: u64,
}

/// How a transaction came along, as seen by this process. Times are since it took it up.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When it was given to endpoints last, and the newest block then.
    broadcast: Option<(Duration, u64)>,
    included: bool,
    used_up: bool,
}

impl Pace {
    pub(super) fn step(&mut self, facts: Facts, now: Duration, timing: Timing) -> Step {
        let dropped = core::mem::replace(&mut self.included, facts.included_in.is_some()) && !self.included;
        // Asked twice: one answer may come from a server whose index of receipts lags behind its state.
        let used_up = core::mem::replace(&mut self.used_up, facts.used_up) && facts.used_up;
        match (facts.included_in, self.broadcast) {
            (Some(number), _)
                if facts.head.saturating_add(1) >= number.saturating_add(timing.confirmations) =>
            {
                Step::Done
            }
            (Some(_), _) => Step::Wait,
            (None, _) if facts.used_up => {
                if used_up {
                    Step::Superseded
                } else {
                    Step::Wait
                }
            }
            (None, None) => Step::Broadcast,
            (None, Some(_)) if dropped => Step::Broadcast,
            (None, Some((at, head))) => {
                // Without blocks, paying more is of no use.
                let stuck = now.saturating_sub(at) >= timing.bump_after && facts.head > head;
                if stuck { Step::Replace } else { Step::Wait }
            }
        }
    }

    pub(super) fn broadcast(&mut self, now: Duration, head: u64) {
        self.broadcast = Some((now, head));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing { bump_after: Duration::from_mins(1), confirmations: 3 };
    const NOTHING: Facts = Facts { head: 100, included_in: None, used_up: false };

    fn at(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn waiting() -> Pace {
        let mut pace = Pace::default();
        assert_eq!(pace.step(NOTHING, at(0), TIMING), Step::Broadcast);
        pace.broadcast(at(0), 100);
        pace
    }

    #[test]
    fn a_transaction_is_done_when_it_is_deep_enough() {
        let mut pace = waiting();
        for (head, step) in [(101, Step::Wait), (102, Step::Wait), (103, Step::Done)] {
            assert_eq!(
                pace.step(Facts { head, included_in: Some(101), used_up: false }, at(1), TIMING),
                step,
                "{head}"
            );
        }
        let once = Timing { confirmations: 1, ..TIMING };
        assert_eq!(
            pace.step(Facts { head: 101, included_in: Some(101), used_up: true }, at(1), once),
            Step::Done
        );
    }

    #[test]
    fn a_transaction_is_replaced_after_a_while_but_not_while_the_chain_stands_still() {
        let mut pace = waiting();
        assert_eq!(pace.step(Facts { head: 101, ..NOTHING }, at(59), TIMING), Step::Wait);
        assert_eq!(pace.step(NOTHING, at(600), TIMING), Step::Wait);
        assert_eq!(pace.step(Facts { head: 101, ..NOTHING }, at(60), TIMING), Step::Replace);
        pace.broadcast(at(60), 101);
        assert_eq!(pace.step(Facts { head: 102, ..NOTHING }, at(119), TIMING), Step::Wait);
        assert_eq!(pace.step(Facts { head: 102, ..NOTHING }, at(120), TIMING), Step::Replace);
    }

    #[test]
    fn a_transaction_that_a_reorganisation_dropped_is_sent_again_as_it_was() {
        let mut pace = waiting();
        assert_eq!(
            pace.step(Facts { head: 101, included_in: Some(101), used_up: false }, at(1), TIMING),
            Step::Wait
        );
        assert_eq!(pace.step(Facts { head: 101, ..NOTHING }, at(2), TIMING), Step::Broadcast);
        pace.broadcast(at(2), 101);
        assert_eq!(pace.step(Facts { head: 101, ..NOTHING }, at(3), TIMING), Step::Wait);
    }

    #[test]
    fn a_used_up_nonce_must_be_seen_twice_in_a_row() {
        let mut pace = waiting();
        let used_up = Facts { used_up: true, ..NOTHING };
        assert_eq!(pace.step(used_up, at(1), TIMING), Step::Wait);
        assert_eq!(pace.step(NOTHING, at(2), TIMING), Step::Wait);
        assert_eq!(pace.step(used_up, at(3), TIMING), Step::Wait);
        assert_eq!(pace.step(used_up, at(4), TIMING), Step::Superseded);
        // A receipt is the better witness.
        assert_eq!(pace.step(Facts { included_in: Some(90), ..used_up }, at(5), TIMING), Step::Done);
    }
}
