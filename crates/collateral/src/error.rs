//! Why collateral was not fetched, and why there is none.

use std::fmt;

use multee_evidence::{AppraisalError, CollateralParseError};

/// Why one endpoint did not give one item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No connection, or a broken one.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// More than 256 KiB.
    #[error("answer is too large")]
    TooLarge,
    /// It has no such thing (status 400, 404 or 410).
    #[error("has no such thing: status {0}")]
    NotThere(u16),
    /// It wants to be left alone for a while (status 429 or 503).
    #[error("overloaded: status {status}")]
    Overloaded {
        /// The status.
        status: u16,
        /// For how long, in seconds, if it says so.
        retry_after_s: Option<u64>,
    },
    /// Another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// It sends elsewhere, where nobody said to look.
    #[error("redirects to another host: {0}")]
    Redirected(String),
    /// The answer is something else than what was asked for.
    #[error("{0}")]
    Unexpected(&'static str),
    /// What it has was due for renewal.
    #[error("what it has expired at {0} s")]
    Expired(u64),
}

impl FetchError {
    /// Whether it says something about the endpoint, which then rests, and not about what was asked for. Who claims a
    /// platform that does not exist must not silence an endpoint.
    pub(crate) fn is_the_endpoints(&self) -> bool {
        !matches!(self, Self::NotThere(_) | Self::Expired(_))
    }
}

impl From<ureq::Error> for FetchError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => Self::TooLarge,
            ureq::Error::Protocol(_) | ureq::Error::Http(_) => Self::Unexpected("answer is not HTTP"),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Self::TimedOut,
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// Something that should be in the cache and fresh, and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What it is.
    pub item: String,
    /// Since when it could not be fetched, Unix time in seconds.
    pub since_s: u64,
    /// When it was last asked for, Unix time in seconds.
    pub last_s: u64,
    /// When the newest that is cached was issued, Unix time in seconds; `None` if none is.
    pub cached_issued_s: Option<u64>,
    /// Until when that holds, Unix time in seconds.
    pub cached_until_s: Option<u64>,
    /// What each endpoint last said.
    pub refusals: Vec<(String, FetchError)>,
}

impl Alarm {
    /// How old the newest is that is cached, in seconds.
    pub fn age_s(&self, now_s: u64) -> Option<u64> {
        self.cached_issued_s.map(|issued_s| now_s.saturating_sub(issued_s))
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} cannot be fetched", self.item)?;
        for (endpoint, error) in &self.refusals {
            write!(formatter, "; {endpoint}: {error}")?;
        }
        Ok(())
    }
}

/// Why there is no collateral.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The quote does not say which it needs.
    #[error("quote does not say which collateral it needs")]
    Quote(#[source] AppraisalError),
    /// No endpoint gave it, and none is cached that holds at the time asked for.
    #[error("{0}")]
    Unavailable(Alarm),
    /// Endpoints gave it, but it was issued after the time asked for.
    #[error("{item} was issued at {issued_s} s, after the time asked for, {at_s} s")]
    IssuedLater {
        /// What it is.
        item: String,
        /// When the oldest that is cached was issued, Unix time in seconds.
        issued_s: u64,
        /// The time asked for.
        at_s: u64,
    },
    /// The parts are there but make no collateral.
    #[error("what was fetched is not collateral")]
    Malformed(#[from] CollateralParseError),
}
