//! A replay for somebody else's use: its events as they come, and the state in the end.

use alloy_primitives::Address;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{Chain, ChainError, Head, ReadError, read};
use multee_protocol::Deployment;
use multee_protocol::machine::State;

use crate::divergence::Divergence;
use crate::reading::Reading;
use crate::replay::{Replay, Watch};
use crate::scene::Stop;

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// What stands at the address does not answer as the contract does.
    #[error("the contract's settings cannot be read")]
    Settings(#[from] ReadError),
    /// The chain tells nothing of a deployment there.
    #[error("the chain tells nothing of a deployment at {0}")]
    NoDeployment(Address),
    /// The chain has logs of a block that it does not have.
    #[error("the chain has no block {0}")]
    NoBlock(u64),
    /// The chain tells what the rules do not give.
    #[error(transparent)]
    Diverged(#[from] Box<Divergence>),
}

impl From<Stop> for FollowError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Chain(error) => Self::Chain(error),
            Stop::NoBlock(number) => Self::NoBlock(number),
            Stop::Diverged(divergence) => Self::Diverged(divergence),
        }
    }
}

/// Replays all that the chain tells of a contract up to `head`, and tells `watch` of every event. The state that the
/// rules lead to; no view is compared.
///
/// # Errors
/// When the chain gives no answer, there is no such contract on it, or the two part.
pub fn follow(
    chain: &dyn Chain,
    address: Address,
    head: &Head,
    watch: &mut dyn Watch,
) -> Result<State, FollowError> {
    let token = read(chain, address, &contract::settingsCall {})?.token;
    let deployment = Deployment { chain_id: head.chain_id, contract: address };
    let mut reading = Reading::new(chain, address, token);
    let mut replay = Replay::new(chain, deployment, watch);
    while let Some(transactions) = reading.portion(head.number)? {
        for transaction in transactions {
            replay.transaction(transaction)?;
        }
    }
    let (state, _) = replay.into_state().ok_or(FollowError::NoDeployment(address))?;
    Ok(state)
}
