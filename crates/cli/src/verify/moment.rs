//! Points in time as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};

/// Unix time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) u64);

/// Why a text is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither Unix seconds nor RFC 3339 from 1970 on, such as 1750400000 or 2025-06-20T06:13:20Z")]
pub(crate) struct NotAMoment;

impl Moment {
    /// What the host's clock says; the beginning of Unix time if it says less, when nothing is valid yet.
    pub(crate) fn from_host_clock() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// RFC 3339 in UTC; `None` beyond what that can write.
    pub(crate) fn rfc3339(self) -> Option<String> {
        let moment = DateTime::from_timestamp(i64::try_from(self.0).ok()?, 0)?;
        Some(moment.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self).map_err(|_| NotAMoment);
        }
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| NotAMoment)?;
        moment.timestamp().try_into().map(Self).map_err(|_| NotAMoment)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rfc3339() {
            Some(text) => write!(formatter, "{text} ({})", self.0),
            None => write!(formatter, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_rfc_3339_name_the_same_moment() {
        for text in ["1750400000", "2025-06-20T06:13:20Z", "2025-06-20T08:13:20+02:00"] {
            assert_eq!(text.parse(), Ok(Moment(1_750_400_000)), "{text}");
        }
        assert_eq!(Moment(1_750_400_000).to_string(), "2025-06-20T06:13:20Z (1750400000)");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "-1", "+1", "1.5", "tomorrow", "2025-06-20", "1969-12-31T23:59:59Z"] {
            assert_eq!(text.parse::<Moment>(), Err(NotAMoment), "{text}");
        }
        assert_eq!("18446744073709551616".parse::<Moment>(), Err(NotAMoment));
        assert_eq!(Moment(u64::MAX).to_string(), u64::MAX.to_string());
    }
}
