//! Governing: what the owner may change (R16), what a change does and from when.
//!
//! The owner may be a multisignature: a [`Proposal`] has the calldata that it is to sign. Otherwise [`apply`] sends it.

mod proposal;
mod view;

use alloy_primitives::Address;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationErrors;
use multee_chain::{
    Chain, ChainError, Outcome, ReadError, Receipt, Refusal, Sender, Transaction, decode_error,
};
use multee_evidence::PolicyError;

use crate::check::Problem;

pub use proposal::{Change, Difference, Proposal, propose};
pub use view::{Governed, policy_document};

/// The last epoch there is: a reference value until then is allowed for good.
pub const NEVER: u32 = u32::MAX;

/// Why a change is not made. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum GoverningError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view gave no answer: there may be another contract at this address, or none.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The contract would refuse it.
    #[error("{}", told(.0))]
    Refused(Vec<Problem>),
    /// The document is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The document is longer than the contract takes.
    #[error("the policy has {len} bytes, the contract takes {max}", max = crate::POLICY_BYTES_MAX)]
    PolicyTooLong {
        /// How many it has.
        len: usize,
    },
    /// Everything is like that already.
    #[error("nothing would change")]
    NothingChanges,
    /// Parameters are announced for an epoch of the network, and it has none yet.
    #[error("parameters cannot be announced before genesis")]
    NotStarted,
    /// Announced parameters wait for the next opening; until it took them, no others can be announced.
    #[error(
        "announced parameters have not taken effect yet: epoch {from_epoch} or a later one must be opened first"
    )]
    ParametersPending {
        /// The epoch from which they take effect.
        from_epoch: u32,
    },
    /// Somebody else governs.
    #[error("{sender} is not the owner, {owner} is")]
    NotOwner {
        /// Who was to send.
        sender: Address,
        /// Who governs.
        owner: Address,
    },
    /// The contract refused it all the same.
    #[error("the contract refused with {0}")]
    Reverted(String),
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Has the change made by `sender`, who must be the owner.
///
/// # Errors
/// When it is not made; see [`GoverningError`].
pub fn apply(chain: &dyn Chain, sender: &Sender, proposal: &Proposal) -> Result<Receipt, GoverningError> {
    if sender.address() != proposal.owner {
        return Err(GoverningError::NotOwner { sender: sender.address(), owner: proposal.owner });
    }
    let transaction = Transaction {
        data: proposal.calldata.clone(),
        ..Transaction::transfer(proposal.contract, alloy_primitives::U256::ZERO)
    };
    let data = match chain.send(sender, &transaction) {
        Ok(receipt) => match &receipt.outcome {
            Outcome::Success => return Ok(receipt),
            Outcome::Reverted(data) => data.clone(),
            Outcome::Halted(halt) => return Err(GoverningError::Reverted(halt.to_string())),
        },
        Err(ChainError::Refused(Refusal::WouldRevert(data))) => data,
        Err(error) => return Err(error.into()),
    };
    Err(GoverningError::Reverted(match decode_error::<IProofOfAttestationErrors>(&data) {
        Ok(error) => format!("{error:?}"),
        Err(unknown) => unknown.to_string(),
    }))
}
