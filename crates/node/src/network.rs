//! The contract as a node sees it: typed calls in, typed refusals out.

use std::sync::Arc;

use alloy_primitives::Address;
use alloy_sol_types::{ContractError, SolCall};
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationErrors;
use multee_chain::{
    Chain, ChainError, Halt, Outcome, ReadError, Receipt, Sender, Transaction, UnknownRevert, decode_error,
    read,
};
use multee_protocol::Deployment;

/// One deployed contract on one chain.
#[derive(Clone)]
pub struct Network {
    chain: Arc<dyn Chain>,
    deployment: Deployment,
}

/// What came of a transaction.
#[derive(Debug)]
pub enum Sent {
    /// It was executed and all it did is kept.
    Kept(Box<Receipt>),
    /// The contract refused it for this reason; nothing changed.
    Refused(Box<IProofOfAttestationErrors>),
}

/// Why a transaction has no outcome that a node can act on.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The chain did not execute it.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The contract reverted, but not with an error of its own: this is not the contract it is taken for.
    #[error("the contract reverted with something that is none of its errors: {0}")]
    Unexplained(String),
    /// Execution broke off.
    #[error("the transaction broke off: {0}")]
    Halted(Halt),
}

impl From<UnknownRevert> for SendError {
    fn from(revert: UnknownRevert) -> Self {
        Self::Unexplained(revert.0.to_string())
    }
}

impl Network {
    /// The contract at `contract` on `chain`, whose id is asked.
    ///
    /// # Errors
    /// When the chain gives no answer.
    pub fn new(chain: Arc<dyn Chain>, contract: Address) -> Result<Self, ChainError> {
        let chain_id = chain.head()?.chain_id;
        Ok(Self { chain, deployment: Deployment { chain_id, contract } })
    }

    /// Where the contract is.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// The chain below.
    pub fn chain(&self) -> &dyn Chain {
        self.chain.as_ref()
    }

    /// Asks a view function.
    ///
    /// # Errors
    /// When there is no answer that the function can give.
    pub fn read<C: SolCall>(&self, function: &C) -> Result<C::Return, ReadError> {
        read(self.chain.as_ref(), self.deployment.contract, function)
    }

    /// Has a function executed on behalf of `sender`.
    ///
    /// # Errors
    /// When it was not executed, or broke off for reasons that are not the contract's own.
    pub fn send<C: SolCall>(&self, sender: &Sender, function: &C) -> Result<Sent, SendError> {
        let receipt = self.chain.send(sender, &Transaction::invoke(self.deployment.contract, function))?;
        match &receipt.outcome {
            Outcome::Success => Ok(Sent::Kept(Box::new(receipt))),
            Outcome::Halted(halt) => Err(SendError::Halted(*halt)),
            Outcome::Reverted(data) => match decode_error::<IProofOfAttestationErrors>(data)? {
                ContractError::CustomError(error) => Ok(Sent::Refused(Box::new(error))),
                _ => Err(SendError::Unexplained(data.to_string())),
            },
        }
    }
}

impl core::fmt::Debug for Network {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Network").field("deployment", &self.deployment).finish_non_exhaustive()
    }
}
