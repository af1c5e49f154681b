//! What the contracts of a network are created with. Reader first, then registry, then contract: each must be given the
//! one before.

use alloy_primitives::Address;
use multee_chain::Transaction;
use multee_chain::bindings::deployed::{ProofOfAttestation, Reader, Registry, TestToken};
use multee_protocol::Parameters;
use multee_protocol::machine::Settings;
use multee_replay::words::{contract_parameters, contract_settings};

pub(crate) fn token() -> Transaction {
    Transaction::deploy(&TestToken::BYTECODE, &TestToken::constructorCall {})
}

pub(crate) fn reader(settings: &Settings) -> Transaction {
    let arguments = Reader::constructorCall { settings_: contract_settings(settings).into() };
    Transaction::deploy(&Reader::BYTECODE, &arguments)
}

pub(crate) fn registry(settings: &Settings, reader: Address) -> Transaction {
    let arguments =
        Registry::constructorCall { settings_: contract_settings(settings).into(), reader_: reader };
    Transaction::deploy(&Registry::BYTECODE, &arguments)
}

pub(crate) fn contract(settings: &Settings, parameters: &Parameters, registry: Address) -> Transaction {
    let arguments = ProofOfAttestation::constructorCall {
        settings_: contract_settings(settings).into(),
        parameters_: contract_parameters(parameters).into(),
        registry_: registry,
    };
    Transaction::deploy(&ProofOfAttestation::BYTECODE, &arguments)
}
