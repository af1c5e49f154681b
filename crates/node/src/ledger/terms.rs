//! The contract's terms as this house has them.

use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::ReferenceValue;

/// A reference value as it is handed to applications.
pub fn reference_value(value: &contract::ReferenceValue) -> ReferenceValue {
    ReferenceValue {
        measurement: value.measurement,
        from_epoch: value.fromEpoch,
        until_epoch: value.untilEpoch,
    }
}
