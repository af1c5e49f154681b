//! The defaults as the contract takes them.

use alloy_primitives::Address;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_protocol::machine::Settings;
use multee_protocol::{Fixed, Parameters};
use multee_replay::words::{contract_parameters, contract_settings};

pub(crate) fn parameters() -> contract::Parameters {
    contract_parameters(&Parameters::default())
}

pub(crate) fn settings(token: Address, owner: Address, genesis_s: u64) -> contract::Settings {
    contract_settings(&Settings { token, owner, genesis_s, fixed: Fixed::default() })
}
