//! When a network begins.

use core::fmt;

use chrono::{DateTime, SecondsFormat};

/// When epoch 0 starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genesis {
    /// At this time, in seconds since the Unix epoch.
    At(u64),
    /// So many seconds after founding begins, by the chain's clock.
    AfterS(u32),
}

impl Genesis {
    /// The time, if founding begins at `now_s`; both in seconds since the Unix epoch.
    pub fn resolved(self, now_s: u64) -> u64 {
        match self {
            Self::At(at_s) => at_s,
            Self::AfterS(after_s) => now_s.saturating_add(after_s.into()),
        }
    }
}

impl fmt::Display for Genesis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at_s) => f.write_str(&utc(*at_s)),
            Self::AfterS(after_s) => write!(f, "{after_s} s after founding begins"),
        }
    }
}

/// A time in seconds since the Unix epoch, in UTC as RFC 3339 has it.
pub fn utc(unix_s: u64) -> String {
    let time = i64::try_from(unix_s).ok().and_then(|unix_s| DateTime::from_timestamp(unix_s, 0));
    time.map_or_else(|| unix_s.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The seconds since the Unix epoch that a time in RFC 3339 stands for; `None` if it is none, or before 1970.
pub(super) fn unix_s(text: &str) -> Option<u64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    time.timestamp().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_and_read_in_rfc_3339() {
        assert_eq!(utc(1_800_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(unix_s("2027-01-15T08:00:00Z"), Some(1_800_000_000));
        assert_eq!(unix_s("2027-01-15T09:00:00+01:00"), Some(1_800_000_000));
        for none in ["2027-01-15", "1960-01-01T00:00:00Z", "tomorrow", ""] {
            assert_eq!(unix_s(none), None, "{none}");
        }
        assert_eq!(utc(u64::MAX), u64::MAX.to_string());
    }

    #[test]
    fn a_genesis_after_founding_hangs_on_when_that_begins() {
        assert_eq!(Genesis::AfterS(60).resolved(100), 160);
        assert_eq!(Genesis::At(60).resolved(100), 60);
    }
}
