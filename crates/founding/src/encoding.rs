//! The protocol's types as the contract's ABI has them, and back.

use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::ReferenceValue;
use multee_node::reference_value;
use multee_protocol::Parameters;
use multee_replay::words::contract_parameters;

use crate::FoundingSeat;

pub(crate) fn found_call(seat: &FoundingSeat) -> contract::foundCall {
    contract::foundCall {
        provider: seat.provider,
        registration: contract::Registration {
            operator: seat.operator,
            deviceId: seat.device_id.0,
            incarnation: seat.incarnation,
            measurement: seat.measurement,
        },
        verifiedPower: seat.verified_power,
    }
}

pub(crate) fn references_call(values: &[ReferenceValue]) -> contract::setReferenceValuesCall {
    let value = |value: &ReferenceValue| contract::ReferenceValue {
        measurement: value.measurement,
        fromEpoch: value.from_epoch,
        untilEpoch: value.until_epoch,
    };
    contract::setReferenceValuesCall { values: values.iter().map(value).collect() }
}

pub(crate) fn references(values: &[contract::ReferenceValue]) -> Vec<ReferenceValue> {
    values.iter().map(reference_value).collect()
}

pub(crate) fn parameters_call(p: &Parameters) -> contract::announceParametersCall {
    contract::announceParametersCall { parameters_: contract_parameters(p) }
}
