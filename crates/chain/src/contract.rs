//! Typed reading of contracts.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{ContractError, SolCall, SolInterface};

use crate::{Answer, Call, Chain, ChainError, Halt};

/// Why a contract's answer could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The chain gave none.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The contract refused; [`decode_error`] tells why.
    #[error("the contract reverted with {0}")]
    Reverted(Bytes),
    /// Execution broke off.
    #[error("the contract's answer broke off: {0}")]
    Halted(Halt),
    /// The answer is not what the function returns; an address without code answers nothing at all.
    #[error("the answer to {function} is not what it returns")]
    Undecodable {
        /// The function's signature.
        function: &'static str,
    },
}

/// Asks `contract` a view function at the newest block.
///
/// # Errors
/// When the chain gave no answer, or the contract none that the function can give.
pub fn read<C: SolCall, T: Chain + ?Sized>(
    chain: &T,
    contract: Address,
    function: &C,
) -> Result<C::Return, ReadError> {
    match chain.call(&Call::new(contract, function))? {
        Answer::Returned(data) => C::abi_decode_returns_validate(&data)
            .map_err(|_| ReadError::Undecodable { function: C::SIGNATURE }),
        Answer::Reverted(data) => Err(ReadError::Reverted(data)),
        Answer::Halted(halt) => Err(ReadError::Halted(halt)),
    }
}

/// Revert data that no error of the interface explains.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("revert data {0} is none of the known errors")]
pub struct UnknownRevert(pub Bytes);

/// What revert data means: one of the contract's own errors, a reason string, or a panic code.
///
/// # Errors
/// When it is none of these.
pub fn decode_error<T: SolInterface>(data: &Bytes) -> Result<ContractError<T>, UnknownRevert> {
    ContractError::abi_decode_validate(data).map_err(|_| UnknownRevert(data.clone()))
}
