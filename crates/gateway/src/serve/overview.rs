//! What a page opens with.

use serde::Serialize;
use utoipa::ToSchema;

use super::money::Money;
use super::{Health, Shared};
use crate::reader::Numbers;

/// All that an overview shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Overview {
    /// What the network is called here.
    name: String,
    /// Why nothing of this is real, if it is not.
    simulated: Option<String>,
    /// The chain's newest block that was read, and how the gateway is.
    head: Head,
    /// The gateway's clock, Unix seconds.
    now_s: u64,
    #[serde(flatten)]
    numbers: Numbers,
    /// The contract's money; `null` until it was asked, and while it cannot be.
    money: Option<Money>,
}

/// The chain's newest block that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Head {
    number: u64,
    #[schema(value_type = crate::shown::Hash)]
    hash: alloy_primitives::B256,
    /// Its time, Unix seconds.
    timestamp_s: u64,
    /// How old it is by the clock, in seconds.
    age_s: u64,
    /// As in `/health`.
    state: &'static str,
}

impl Overview {
    pub(super) fn of(shared: &Shared, numbers: Numbers) -> Self {
        let newest = numbers.newest;
        let Health { state, age_s, .. } = shared.health(Some(newest));
        Self {
            name: shared.config.name.clone(),
            simulated: shared.config.simulated.clone(),
            head: Head {
                number: newest.number,
                hash: newest.hash,
                timestamp_s: newest.timestamp_s,
                age_s: age_s.unwrap_or(0),
                state,
            },
            now_s: shared.clock().now_s,
            numbers,
            money: shared.status.money(),
        }
    }
}
