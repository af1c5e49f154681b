//! The contract as a node sees it: typed calls in, typed refusals out.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{ContractError, SolCall};
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationErrors;
use multee_chain::{
    Answer, Call, Chain, ChainError, Halt, Outcome, ReadError, Receipt, Refusal, Sender, Transaction,
    decode_error, read,
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
    #[error("{function} reverted with something that is none of the contract's errors: {data}")]
    Unexplained {
        /// What was called.
        function: &'static str,
        /// What it reverted with.
        data: Bytes,
    },
    /// Execution broke off.
    #[error("the transaction broke off: {0}")]
    Halted(Halt),
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
        self.execute(sender, C::SIGNATURE, &Transaction::invoke(self.deployment.contract, function))
    }

    /// [`send`](Self::send), once for `key`: sent again, the same call has the outcome of the first time.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_once<C: SolCall>(&self, sender: &Sender, function: &C, key: B256) -> Result<Sent, SendError> {
        let transaction = Transaction::invoke(self.deployment.contract, function).once(key);
        self.execute(sender, C::SIGNATURE, &transaction)
    }

    /// What a function would return to `sender` now; `None` if it would not return.
    ///
    /// # Errors
    /// When the chain gives no answer.
    pub fn rehearse<C: SolCall>(
        &self,
        sender: &Sender,
        function: &C,
    ) -> Result<Option<C::Return>, ChainError> {
        let call = Call::new(self.deployment.contract, function).by(sender.address());
        match self.chain.call(&call)? {
            Answer::Returned(data) => Ok(C::abi_decode_returns(&data).ok()),
            Answer::Reverted(_) | Answer::Halted(_) => Ok(None),
        }
    }

    fn execute(
        &self,
        sender: &Sender,
        function: &'static str,
        transaction: &Transaction,
    ) -> Result<Sent, SendError> {
        match self.chain.send(sender, transaction) {
            Ok(receipt) => match &receipt.outcome {
                Outcome::Success => Ok(Sent::Kept(Box::new(receipt))),
                Outcome::Halted(halt) => Err(SendError::Halted(*halt)),
                Outcome::Reverted(data) => refused(function, data),
            },
            // A public chain tries first what it is to send: the contract's answer is the same.
            Err(ChainError::Refused(Refusal::WouldRevert(data))) => refused(function, &data),
            Err(error) => Err(error.into()),
        }
    }
}

fn refused(function: &'static str, data: &Bytes) -> Result<Sent, SendError> {
    match decode_error::<IProofOfAttestationErrors>(data) {
        Ok(ContractError::CustomError(error)) => Ok(Sent::Refused(Box::new(error))),
        _ => Err(SendError::Unexplained { function, data: data.clone() }),
    }
}

impl core::fmt::Debug for Network {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Network").field("deployment", &self.deployment).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::SolError;
    use multee_chain::bindings::IProofOfAttestation as contract;
    use multee_chain::{Head, LogEntry, LogFilter};

    /// A chain whose trial of every transaction reverts with this.
    struct Reverts(Bytes);

    impl Chain for Reverts {
        fn head(&self) -> Result<Head, ChainError> {
            Ok(Head { chain_id: 1, number: 0, timestamp_s: 0, hash: B256::ZERO })
        }

        fn block(&self, _: u64) -> Result<Option<Head>, ChainError> {
            Ok(None)
        }

        fn call(&self, _: &Call) -> Result<Answer, ChainError> {
            Ok(Answer::Reverted(self.0.clone()))
        }

        fn send(&self, _: &Sender, _: &Transaction) -> Result<Receipt, ChainError> {
            Err(Refusal::WouldRevert(self.0.clone()).into())
        }

        fn receipt(&self, _: B256) -> Result<Option<Receipt>, ChainError> {
            Ok(None)
        }

        fn logs(&self, _: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
            Ok(Vec::new())
        }
    }

    fn sent(data: Vec<u8>) -> Result<Sent, SendError> {
        let network = Network::new(Arc::new(Reverts(data.into())), Address::ZERO).expect("a chain");
        let sender = Sender::from_key(&[1; 32]).expect("a key");
        network.send(&sender, &contract::openEpochCall {})
    }

    #[test]
    fn what_a_trial_says_is_what_the_contract_says() {
        let sent = sent(contract::EpochAlreadyOpened { epoch: 7 }.abi_encode()).expect("an outcome");
        let Sent::Refused(error) = sent else { panic!("{sent:?}") };
        assert!(matches!(*error, IProofOfAttestationErrors::EpochAlreadyOpened(_)), "{error:?}");
    }

    #[test]
    fn what_is_none_of_the_contracts_errors_is_unexplained() {
        let error = sent(vec![1, 2, 3, 4]).expect_err("no outcome");
        assert!(matches!(error, SendError::Unexplained { .. }), "{error}");
    }
}
