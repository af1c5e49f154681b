//! Which endpoints are let alone for now.
//!
//! One that fails rests, twice as long with each failure in a row, so that an outage costs a node one wait for each
//! endpoint and not one for each quote. What an endpoint does not have is remembered, too.

use std::collections::BTreeMap;

use crate::error::FetchError;

/// The first rest, in seconds.
const REST_S_MIN: u64 = 30;

/// The longest rest, in seconds, whatever an endpoint asks for.
const REST_S_MAX: u64 = 3_600;

/// For how long a "no such thing" is believed, in seconds.
const ABSENCE_S: u64 = 600;

/// How many absences are remembered; quotes may claim any platform.
const ABSENCES_MAX: usize = 1_024;

/// What is known of the endpoints.
#[derive(Debug, Default)]
pub(crate) struct Health {
    resting: BTreeMap<String, Rest>,
    absent: BTreeMap<(String, String), Rest>,
}

#[derive(Debug)]
struct Rest {
    failures: u32,
    until_s: u64,
    error: FetchError,
}

impl Health {
    /// Why not to ask this endpoint for this item now.
    pub(crate) fn obstacle(&self, endpoint: &str, item: &str, now_s: u64) -> Option<FetchError> {
        let rest = self.resting.get(endpoint).filter(|rest| now_s < rest.until_s);
        let absence = self.absent.get(&(endpoint.to_owned(), item.to_owned()));
        rest.or(absence.filter(|rest| now_s < rest.until_s)).map(|rest| rest.error.clone())
    }

    pub(crate) fn succeeded(&mut self, endpoint: &str) {
        self.resting.remove(endpoint);
    }

    pub(crate) fn failed(&mut self, endpoint: &str, item: &str, error: &FetchError, now_s: u64) {
        if error.is_the_endpoints() {
            let failures = self.resting.get(endpoint).map_or(0, |rest| rest.failures).saturating_add(1);
            let until_s = now_s.saturating_add(rest_s(failures, error));
            self.resting.insert(endpoint.to_owned(), Rest { failures, until_s, error: error.clone() });
            return;
        }
        self.absent.retain(|_, rest| now_s < rest.until_s);
        if self.absent.len() < ABSENCES_MAX {
            let rest = Rest { failures: 1, until_s: now_s.saturating_add(ABSENCE_S), error: error.clone() };
            self.absent.insert((endpoint.to_owned(), item.to_owned()), rest);
        }
    }
}

fn rest_s(failures: u32, error: &FetchError) -> u64 {
    const DOUBLINGS_MAX: u32 = 16;
    let asked_s = match error {
        FetchError::Overloaded { retry_after_s, .. } => retry_after_s.unwrap_or_default(),
        _ => 0,
    };
    let usual_s = REST_S_MIN << failures.saturating_sub(1).min(DOUBLINGS_MAX);
    usual_s.max(asked_s).min(REST_S_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_with_failures_in_a_row_and_end_with_a_success() {
        let mut health = Health::default();
        let mut now_s = 1_000;
        for rest_s in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            health.failed("a", "x", &FetchError::TimedOut, now_s);
            assert!(health.obstacle("a", "y", now_s + rest_s - 1).is_some(), "{rest_s}");
            assert!(health.obstacle("a", "y", now_s + rest_s).is_none(), "{rest_s}");
            assert!(health.obstacle("b", "x", now_s).is_none(), "others are asked");
            now_s += rest_s;
        }
        health.succeeded("a");
        health.failed("a", "x", &FetchError::TimedOut, now_s);
        assert!(health.obstacle("a", "x", now_s + 30).is_none());
    }

    #[test]
    fn endpoint_is_let_alone_for_as_long_as_it_asks_within_limits() {
        for (asked_s, rest_s) in [(None, 30), (Some(5), 30), (Some(300), 300), (Some(u64::MAX), 3_600)] {
            let mut health = Health::default();
            health.failed("a", "x", &FetchError::Overloaded { status: 429, retry_after_s: asked_s }, 0);
            assert!(health.obstacle("a", "x", rest_s - 1).is_some(), "{asked_s:?}");
            assert!(health.obstacle("a", "x", rest_s).is_none(), "{asked_s:?}");
        }
    }

    #[test]
    fn platform_that_does_not_exist_silences_no_endpoint() {
        let mut health = Health::default();
        health.failed("a", "x", &FetchError::NotThere(404), 0);
        assert_eq!(health.obstacle("a", "x", 599), Some(FetchError::NotThere(404)));
        assert!(health.obstacle("a", "x", 600).is_none());
        assert!(health.obstacle("a", "y", 0).is_none());
    }

    #[test]
    fn absences_are_bounded() {
        let mut health = Health::default();
        for item in 0..5_000 {
            health.failed("a", &item.to_string(), &FetchError::NotThere(404), 0);
        }
        assert_eq!(health.absent.len(), ABSENCES_MAX);
        health.failed("a", "x", &FetchError::NotThere(404), 601);
        assert_eq!(health.absent.len(), 1);
    }
}
