//! What to do when a node does not start or does not go on. Nothing is left out: the compiler sees to it.

use multee_chain::ChainError;
use multee_keystore::KeystoreError;
use multee_node::{ControllerError, LedgerError, StateError};
use multee_operator::assemble::AssemblyError;
use multee_operator::node::NodeError;

const DOCTOR_CHAIN: &str = "`multee doctor` asks each endpoint by itself";
const DOCTOR_APPLICATION: &str =
    "`multee doctor` looks at the application; what it said is on its standard error";

pub(super) fn of_node(error: &NodeError) -> &'static str {
    match error {
        NodeError::Assembly(error) => of_assembly(error),
        NodeError::Controller(error) => of_controller(error),
        NodeError::NoSeat { .. } => "check seat.id; a device gets one with `multee device join`",
        NodeError::NotOperator { .. } => "use that account's key, or have the seat's provider name this one",
        NodeError::Metrics { .. } => "choose another address for metrics.listen",
        NodeError::CoreDumps(_) => {
            "the key would be in a core dump: let the program set RLIMIT_CORE and PR_SET_DUMPABLE, which a sandbox may \
             forbid"
        }
    }
}

/// What to do when a part of a node cannot be made.
pub(crate) fn of_assembly(error: &AssemblyError) -> &'static str {
    match error {
        AssemblyError::Chain(error) => of_chain(error),
        AssemblyError::Ledger(error) => of_ledger(error),
        AssemblyError::BeginsLate => {
            "set network.from_block to the block of the contract's deployment, or to an earlier one"
        }
        AssemblyError::Peer(_) => "rpc.peers are gateways, as URLs of the form https://host",
        AssemblyError::State(error) => of_state(error),
        AssemblyError::Keystore(error) => of_keystore(error),
        AssemblyError::Signer(_) => {
            "operator.signer is a URL of the form https://host, or http://127.0.0.1:port"
        }
        AssemblyError::Certificate { .. } => {
            "collateral.roots and collateral.tls_roots name certificates in DER, that this user can read"
        }
        AssemblyError::Cache { .. } => "collateral.cache is a directory that this user can write to",
    }
}

fn of_controller(error: &ControllerError) -> &'static str {
    match error {
        ControllerError::Chain(error) => of_chain(error),
        ControllerError::Ledger(error) => of_ledger(error),
        ControllerError::State(error) => of_state(error),
        ControllerError::Read(_) | ControllerError::Send(_) | ControllerError::Refused(_) => DOCTOR_CHAIN,
        ControllerError::Duty(_) => "`multee doctor` looks at the chain's events and at collateral",
        ControllerError::Confirm(_) | ControllerError::NoApplication(_) => DOCTOR_APPLICATION,
    }
}

fn of_chain(error: &ChainError) -> &'static str {
    match error {
        ChainError::WrongChain { .. } => "rpc.endpoints and network.chain_id are of different chains",
        ChainError::WrongCode { .. } => {
            "check network.contract and network.code_hash with whoever founded the network"
        }
        ChainError::Storage(_) => "check the disk that state.path is on",
        ChainError::Pruned { .. } => {
            "add an endpoint that keeps the chain's history, or gateways as rpc.peers"
        }
        _ => DOCTOR_CHAIN,
    }
}

fn of_ledger(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Chain(error) => of_chain(error),
        LedgerError::Read(_) => "check network.contract: no contract of this protocol answers there",
        LedgerError::Contradiction { .. } => {
            "the contract at network.contract is not one of this program's protocol, or an endpoint tells another \
             chain's events: `multee doctor` asks each endpoint"
        }
        LedgerError::HistoryMissing { .. } => {
            "set an earlier network.from_block, add an endpoint that keeps the chain's history, or name gateways as \
             rpc.peers"
        }
        LedgerError::ReorgTooDeep { .. } => {
            "check that rpc.endpoints follow the right chain; if they do, start the node again, and raise \
             rpc.reorg_blocks_max if it happens more often"
        }
    }
}

fn of_state(error: &StateError) -> &'static str {
    match error {
        StateError::InUse(_) => {
            "end the other node of this seat first, or give this one a state.path of its own"
        }
        StateError::OpenToOthers { .. } => "`chmod 600` the file that state.path names",
        StateError::NotAState(_) | StateError::OtherNetwork { .. } | StateError::OtherSeat { .. } => {
            "name another file as state.path; check network.contract, network.chain_id and seat.id"
        }
        StateError::SchemaVersion { .. } => {
            "run the version of multee that wrote it, or name another file as state.path: a node without its state \
             starts anew from the chain"
        }
        StateError::Damaged { .. } => {
            "move the file away: a node without its state starts anew from the chain, and look for what damaged it"
        }
        StateError::System { .. } => "state.path is a file in a directory that this user can write to",
        StateError::Database { .. } => "check the disk that state.path is on: is it full, or read-only?",
    }
}

fn of_keystore(error: &KeystoreError) -> &'static str {
    match error {
        KeystoreError::Io { .. } => {
            "check operator.keystore and operator.password_file: this user must be able to read both"
        }
        KeystoreError::Exposed { .. } => "`chmod 600` the keystore and the password's file",
        KeystoreError::WrongPassword { .. } => {
            "operator.password_file holds another keystore's password, or the keystore is damaged: take it from a backup"
        }
        KeystoreError::NoTerminal(_) | KeystoreError::EmptyPassword | KeystoreError::NotAPassword => {
            "put the password, one line, into a file of mode 0600 and name that as operator.password_file"
        }
        KeystoreError::AddressMismatch { .. } => {
            "the keystore was altered: take it from a backup, or have the seat's provider name another operator"
        }
        KeystoreError::TooLong { .. }
        | KeystoreError::NotAKeystore { .. }
        | KeystoreError::TooCostly { .. }
        | KeystoreError::NoAddress { .. }
        | KeystoreError::InvalidKey
        | KeystoreError::Exists { .. }
        | KeystoreError::PasswordsDiffer
        | KeystoreError::NoRandomness(_) => {
            "operator.keystore is a web3 keystore of version 3; `multee key new` and `multee key import` make one"
        }
    }
}
