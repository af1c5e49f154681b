//! What tests of other rooms that are shared here ask of their suite.

use alloy_primitives::keccak256;
use multee_chain::Sender;

pub(crate) fn account(name: &str) -> Sender {
    Sender::from_key(&keccak256(format!("multee test account {name}")).0).expect("a key")
}
