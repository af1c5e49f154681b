//! Founding seats.

use alloy_primitives::{Address, B256};
use multee_protocol::{DeviceId, Power};
use serde::{Deserialize, Serialize};

/// A seat named before genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingSeat {
    /// Who gets the deposit back.
    pub provider: Address,
    /// Who publishes for it.
    pub operator: Address,
    /// The device.
    pub device_id: DeviceId,
    /// The key of its first incarnation.
    pub incarnation: Address,
    /// The measurement of its first incarnation.
    pub measurement: B256,
    /// Its power, as the founders verified it.
    pub verified_power: Power,
}
