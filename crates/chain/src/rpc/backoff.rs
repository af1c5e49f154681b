//! How long an endpoint is left alone.

use core::time::Duration;

/// The longest rest an endpoint may ask for itself.
const ASKED_REST_MAX: Duration = Duration::from_mins(5);
/// Doublings beyond which the maximum is reached anyway.
const DOUBLINGS_MAX: u32 = 20;

/// Bounds of the rests after failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rests {
    /// After the first failure; doubled with each further one.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

/// Consecutive failures, and until when to rest. Times are since the start of the process's choosing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
    until: Duration,
}

impl Backoff {
    pub(super) fn is_resting(&self, now: Duration) -> bool {
        now < self.until
    }

    /// How long it still rests.
    pub(super) fn remaining(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }

    pub(super) fn succeed(&mut self) {
        *self = Self::default();
    }

    /// Rests between half of the doubled time and all of it, by `jitter`, so that many nodes do not come back at
    /// once; and at least as long as the endpoint asked, up to 300 s.
    pub(super) fn fail(&mut self, now: Duration, rests: Rests, asked: Duration, jitter: &mut Jitter) {
        let doublings = self.failures.min(DOUBLINGS_MAX);
        let full = rests.first.saturating_mul(1 << doublings).min(rests.longest);
        let rest = full / 2 + (full / 2).mul_f64(jitter.unit());
        self.failures = self.failures.saturating_add(1);
        self.until = now.saturating_add(rest.max(asked.min(ASKED_REST_MAX)));
    }
}

/// A small generator (`SplitMix64`): jitter needs spreading, not secrecy.
#[derive(Clone, Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to below 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits are what a double holds")]
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESTS: Rests = Rests { first: Duration::from_secs(1), longest: Duration::from_mins(1) };

    #[test]
    fn rests_double_up_to_the_longest_and_are_jittered_by_half() {
        let (mut backoff, mut jitter) = (Backoff::default(), Jitter::from_seed(7));
        for full_s in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            backoff.fail(Duration::ZERO, RESTS, Duration::ZERO, &mut jitter);
            let full = Duration::from_secs(full_s);
            let rest = backoff.remaining(Duration::ZERO);
            assert!(full / 2 <= rest && rest <= full, "{rest:?} of {full:?}");
        }
    }

    #[test]
    fn a_success_forgets_failures() {
        let (mut backoff, mut jitter) = (Backoff::default(), Jitter::from_seed(7));
        for _ in 0..1000 {
            backoff.fail(Duration::ZERO, RESTS, Duration::ZERO, &mut jitter);
        }
        assert!(backoff.is_resting(Duration::from_secs(29)));
        assert!(!backoff.is_resting(Duration::from_mins(1)));
        backoff.succeed();
        assert!(!backoff.is_resting(Duration::ZERO));
        backoff.fail(Duration::ZERO, RESTS, Duration::ZERO, &mut jitter);
        assert!(!backoff.is_resting(Duration::from_secs(1)));
    }

    #[test]
    fn an_endpoint_that_asks_for_more_gets_it_within_reason() {
        let (mut backoff, mut jitter) = (Backoff::default(), Jitter::from_seed(7));
        backoff.fail(Duration::ZERO, RESTS, Duration::from_secs(30), &mut jitter);
        assert_eq!(backoff.remaining(Duration::ZERO), Duration::from_secs(30));
        backoff.fail(Duration::ZERO, RESTS, Duration::from_secs(100_000), &mut jitter);
        assert_eq!(backoff.remaining(Duration::ZERO), ASKED_REST_MAX);
    }

    #[test]
    fn other_seeds_spread() {
        let rest = |seed| {
            let mut backoff = Backoff::default();
            backoff.fail(Duration::ZERO, RESTS, Duration::ZERO, &mut Jitter::from_seed(seed));
            backoff.remaining(Duration::ZERO)
        };
        assert_eq!(rest(1), rest(1));
        assert_ne!(rest(1), rest(2));
    }
}
