//! Which devices, and in which order.

use alloy_primitives::{Address, B256};
use multee_protocol::{TeeType, Tier};
use rusqlite::types::Value;

use crate::reader::prefix::Prefix;

/// What a list of devices is sorted by; ties by seat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By the seat's number.
    #[default]
    Seat,
    /// By score, highest first.
    Score,
    /// By score, lowest first.
    LowestScore,
    /// By the newest good block, oldest first.
    Oldest,
}

impl Sort {
    pub(super) fn clause(self) -> &'static str {
        match self {
            Self::Seat => "seat",
            Self::Score => "score DESC, seat",
            Self::LowestScore => "score, seat",
            Self::Oldest => "coalesce(last_good_epoch, -1), seat",
        }
    }
}

/// Which devices are asked for: those for which all holds that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// In this tier.
    pub tier: Option<Tier>,
    /// Operational, or not.
    pub operational: Option<bool>,
    /// Whose operator or provider this is.
    pub account: Option<Address>,
    /// With this measurement.
    pub measurement: Option<B256>,
    /// Whose newest evidence claims to be of this TEE.
    pub tee: Option<TeeType>,
    /// Whose device id or one of whose accounts begins with this, or whose number this is.
    pub q: Option<Prefix>,
}

impl DeviceFilter {
    pub(super) fn clause(&self) -> (String, Vec<Value>) {
        let (mut parts, mut values) = (vec!["1"], Vec::new());
        if let Some(tier) = self.tier {
            parts.push("tier = ?");
            values.push(tier.name().to_owned().into());
        }
        if let Some(operational) = self.operational {
            parts.push("operational = ?");
            values.push(operational.into());
        }
        if let Some(account) = self.account {
            parts.push("? IN (operator, provider)");
            values.push(Value::Blob(account.to_vec()));
        }
        if let Some(measurement) = self.measurement {
            parts.push("measurement = ?");
            values.push(Value::Blob(measurement.to_vec()));
        }
        if let Some(tee) = self.tee {
            parts.push("tee = ?");
            values.push(tee.name().to_owned().into());
        }
        if let Some(q) = self.q {
            parts.push(
                "(device_id BETWEEN ? AND ? OR provider BETWEEN ? AND ? OR operator BETWEEN ? AND ? \
                OR incarnation BETWEEN ? AND ? OR seat = ?)",
            );
            values.extend(q.range::<32>());
            (0..3).for_each(|_| values.extend(q.range::<20>()));
            values.push(q.number().into());
        }
        (parts.join(" AND "), values)
    }
}
