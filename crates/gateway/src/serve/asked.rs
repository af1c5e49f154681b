//! Paths and queries, as they may be. Whatever else is asked is a problem of whoever asks.

use core::fmt::Display;
use core::str::FromStr;

use alloy_primitives::{Address, B256};
use multee_protocol::{Score, TeeType, Tier};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use crate::reader::{Cursor, DeviceFilter, HistoryFilter, Page, Prefix, Sort};
use crate::trust::{AGE_EPOCHS_DEFAULT, Question};

/// Items of one answer.
pub(super) const LIMIT_MAX: u32 = 200;
const LIMIT_DEFAULT: u32 = 50;
/// Items that can be passed over: more than there are seats.
const OFFSET_MAX: u32 = 10_000_000;

/// Characters that are looked for.
const SEARCHED_MAX: usize = 100;

/// A hash: 0x and 64 hex digits.
pub(super) fn hash(what: &str, text: &str) -> Result<B256, Problem> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64);
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Problem::malformed(format!("{what} is 0x and 64 hex digits")))
}

fn address(what: &str, text: &str) -> Result<Address, Problem> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40);
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Problem::malformed(format!("{what} is 0x and 40 hex digits")))
}

/// A whole number within bounds, in digits only.
pub(super) fn number<T: FromStr + PartialOrd + Display + Copy>(
    what: &str,
    text: &str,
    most: T,
) -> Result<T, Problem> {
    let digits = !text.is_empty() && text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= most);
    number.ok_or_else(|| Problem::malformed(format!("{what} is a whole number from 0 to {most}")))
}

fn optional<T: FromStr + PartialOrd + Display + Copy>(
    what: &str,
    text: Option<&String>,
    most: T,
    default: T,
) -> Result<T, Problem> {
    text.map_or(Ok(default), |text| number(what, text, most))
}

/// Part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many items at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// How many are passed over.
    #[param(value_type = Option<u32>, maximum = 10_000_000, default = 0)]
    offset: Option<String>,
}

impl PageQuery {
    pub(super) fn page(&self) -> Result<Page, Problem> {
        page(self.limit.as_ref(), self.offset.as_ref())
    }
}

fn page(limit: Option<&String>, offset: Option<&String>) -> Result<Page, Problem> {
    let limit = optional("limit", limit, LIMIT_MAX, LIMIT_DEFAULT)?;
    let offset = optional("offset", offset, OFFSET_MAX, 0)?;
    if limit == 0 {
        return Err(Problem::malformed(format!("limit is a whole number from 1 to {LIMIT_MAX}")));
    }
    Ok(Page { limit, offset })
}

/// Which devices.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DevicesQuery {
    /// How many items at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// How many are passed over.
    #[param(value_type = Option<u32>, maximum = 10_000_000, default = 0)]
    offset: Option<String>,
    /// In this tier.
    #[param(value_type = Option<TierName>, inline)]
    tier: Option<String>,
    /// Operational, or not.
    #[param(value_type = Option<bool>)]
    operational: Option<String>,
    /// Whose provider or operator this is.
    #[param(value_type = Option<String>, pattern = "^0x[0-9a-fA-F]{40}$")]
    account: Option<String>,
    /// With this measurement.
    #[param(value_type = Option<String>, pattern = "^0x[0-9a-fA-F]{64}$")]
    measurement: Option<String>,
    /// Whose newest evidence claims to be of this TEE.
    #[param(value_type = Option<TeeName>, inline)]
    tee: Option<String>,
    /// The first hex digits of a device id, a provider, an operator or an incarnation, with or without 0x; or a seat's
    /// number.
    #[param(value_type = Option<String>, pattern = "^(0[xX])?[0-9a-fA-F]{1,64}$")]
    q: Option<String>,
    /// In which order; ties by seat.
    #[param(value_type = Option<SortName>, inline)]
    sort: Option<String>,
}

/// Which devices, all of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AllDevicesQuery {
    /// In this tier.
    #[param(value_type = Option<TierName>, inline)]
    tier: Option<String>,
    /// Operational, or not.
    #[param(value_type = Option<bool>)]
    operational: Option<String>,
    /// Whose provider or operator this is.
    #[param(value_type = Option<String>, pattern = "^0x[0-9a-fA-F]{40}$")]
    account: Option<String>,
    /// With this measurement.
    #[param(value_type = Option<String>, pattern = "^0x[0-9a-fA-F]{64}$")]
    measurement: Option<String>,
    /// Whose newest evidence claims to be of this TEE.
    #[param(value_type = Option<TeeName>, inline)]
    tee: Option<String>,
    /// The first hex digits of a device id, a provider, an operator or an incarnation, with or without 0x; or a seat's
    /// number.
    #[param(value_type = Option<String>, pattern = "^(0[xX])?[0-9a-fA-F]{1,64}$")]
    q: Option<String>,
    /// In which order; ties by seat.
    #[param(value_type = Option<SortName>, inline)]
    sort: Option<String>,
}

impl AllDevicesQuery {
    /// As a list would have it, whose part does not matter.
    pub(super) fn listed(self) -> DevicesQuery {
        let Self { tier, operational, account, measurement, tee, q, sort } = self;
        DevicesQuery { limit: None, offset: None, tier, operational, account, measurement, tee, q, sort }
    }
}

/// A tier (R11).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "it is only described")]
enum TierName {
    Full,
    Warning,
    Restricted,
    Probation,
    Suspended,
    Blocked,
}

/// A kind of TEE.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "it is only described")]
enum TeeName {
    Sgx,
    Tdx,
    Snp,
}

/// An order of devices.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "it is only described")]
enum SortName {
    Seat,
    Score,
    LowestScore,
    Oldest,
}

impl DevicesQuery {
    pub(super) fn page(&self) -> Result<Page, Problem> {
        page(self.limit.as_ref(), self.offset.as_ref())
    }

    pub(super) fn filter(&self) -> Result<DeviceFilter, Problem> {
        Ok(DeviceFilter {
            tier: self.tier.as_deref().map(tier).transpose()?,
            operational: self.operational.as_deref().map(yes_or_no).transpose()?,
            account: self.account.as_deref().map(|text| address("account", text)).transpose()?,
            measurement: self.measurement.as_deref().map(|text| hash("measurement", text)).transpose()?,
            tee: self.tee.as_deref().map(tee).transpose()?,
            q: self.q.as_deref().map(prefix).transpose()?,
        })
    }

    pub(super) fn sort(&self) -> Result<Sort, Problem> {
        match self.sort.as_deref() {
            None | Some("seat") => Ok(Sort::Seat),
            Some("score") => Ok(Sort::Score),
            Some("lowest_score") => Ok(Sort::LowestScore),
            Some("oldest") => Ok(Sort::Oldest),
            Some(_) => Err(Problem::malformed("sort is seat, score, lowest_score or oldest")),
        }
    }
}

fn tier(text: &str) -> Result<Tier, Problem> {
    let all = [Tier::Blocked, Tier::Suspended, Tier::Probation, Tier::Restricted, Tier::Warning, Tier::Full];
    let named = all.into_iter().find(|tier| tier.name() == text);
    named.ok_or_else(|| {
        Problem::malformed("tier is full, warning, restricted, probation, suspended or blocked")
    })
}

fn tee(text: &str) -> Result<TeeType, Problem> {
    let named = [TeeType::Sgx, TeeType::Tdx, TeeType::Snp].into_iter().find(|tee| tee.name() == text);
    named.ok_or_else(|| Problem::malformed("tee is sgx, tdx or snp"))
}

fn prefix(text: &str) -> Result<Prefix, Problem> {
    Prefix::parse(text).ok_or_else(|| Problem::malformed("q is 1 to 64 hex digits, with or without 0x"))
}

fn yes_or_no(text: &str) -> Result<bool, Problem> {
    text.parse().map_err(|_| Problem::malformed("operational is true or false"))
}

/// Part of the history.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// How many items at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// How many are passed over.
    #[param(value_type = Option<u32>, maximum = 10_000_000, default = 0)]
    offset: Option<String>,
    /// Of this seat.
    #[param(value_type = Option<u32>, maximum = 4_294_967_295_u32)]
    seat: Option<String>,
    /// Of this epoch.
    #[param(value_type = Option<u32>, maximum = 4_294_967_295_u32)]
    epoch: Option<String>,
}

impl HistoryQuery {
    pub(super) fn asked(&self) -> Result<(HistoryFilter, Page), Problem> {
        let numbered =
            |what, text: Option<&String>| text.map(|text| number(what, text, u32::MAX)).transpose();
        let (seat, epoch) = (numbered("seat", self.seat.as_ref())?, numbered("epoch", self.epoch.as_ref())?);
        Ok((HistoryFilter { seat, epoch }, page(self.limit.as_ref(), self.offset.as_ref())?))
    }
}

/// How trusted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrustQuery {
    /// The least score, in basis points.
    #[param(value_type = Option<u16>, maximum = 10_000, default = 0)]
    pub(super) min_score: Option<String>,
    /// How old its newest good block may be, in epochs.
    #[param(value_type = Option<u32>, maximum = 4_294_967_295_u32, default = 3)]
    pub(super) max_age: Option<String>,
}

impl TrustQuery {
    pub(super) fn question(&self, device_id: B256) -> Result<Question, Problem> {
        Ok(Question {
            device_id,
            min_score: optional("min_score", self.min_score.as_ref(), Score::MAX.bps(), 0)?,
            max_age_epochs: optional("max_age", self.max_age.as_ref(), u32::MAX, AGE_EPOCHS_DEFAULT)?,
        })
    }
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// A number, or the first hex digits of a device id, an address or a digest, with or without 0x.
    #[param(min_length = 1, max_length = 100)]
    q: String,
}

impl SearchQuery {
    pub(super) fn prefix(&self) -> Result<Option<Prefix>, Problem> {
        let length = self.q.chars().count();
        if length == 0 || length > SEARCHED_MAX {
            return Err(Problem::malformed(format!("q has 1 to {SEARCHED_MAX} characters")));
        }
        Ok(Prefix::parse(self.q.trim()))
    }
}

/// From where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LiveQuery {
    /// The `cursor` of an item of `/v1/changes`: what was told since is told first.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,20}-[0-9]{1,10}(-[0-9a-f]{8})?$")]
    after: Option<String>,
}

impl LiveQuery {
    pub(super) fn after(&self) -> Result<Option<Cursor>, Problem> {
        let wrong = |()| Problem::malformed("after is the cursor of an item of /v1/changes");
        self.after.as_ref().map(|after| after.parse().map_err(wrong)).transpose()
    }
}

/// No query at all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}
