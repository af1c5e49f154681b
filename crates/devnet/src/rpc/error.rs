//! What is wrong with a question, in the codes and words that clients know from other nodes.

use alloy_primitives::Bytes;
use multee_chain::{ChainError, Halt, Refusal};
use serde::Serialize;

/// JSON-RPC 2.0's code for a body that is no JSON.
const PARSE_ERROR: i64 = -32700;
/// JSON-RPC 2.0's code for JSON that is no request.
const INVALID_REQUEST: i64 = -32600;
/// JSON-RPC 2.0's code for a method that is not known.
const METHOD_NOT_FOUND: i64 = -32601;
/// JSON-RPC 2.0's code for parameters that a method does not take.
const INVALID_PARAMS: i64 = -32602;
/// What nodes use for all that has no code of its own.
const SERVER_ERROR: i64 = -32000;
/// EIP-1474's code for an answer that would be too large.
const LIMIT_EXCEEDED: i64 = -32005;
/// Geth's code for a revert, whose data goes along.
const REVERTED: i64 = 3;

/// An error as JSON-RPC shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("error {code}: {message}")]
pub struct RpcError {
    /// JSON-RPC's code, EIP-1474's, or geth's.
    pub code: i64,
    /// What it is about.
    pub message: String,
    /// Revert data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Bytes>,
}

impl RpcError {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    pub(crate) fn unparsed() -> Self {
        Self::new(PARSE_ERROR, "parse error")
    }

    pub(crate) fn request(what: &str) -> Self {
        Self::new(INVALID_REQUEST, what)
    }

    pub(crate) fn method(name: &str) -> Self {
        let name: String = name.chars().take(100).collect();
        Self::new(METHOD_NOT_FOUND, format!("the method {name} does not exist/is not available"))
    }

    pub(crate) fn params(what: impl Into<String>) -> Self {
        Self::new(INVALID_PARAMS, what)
    }

    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::new(SERVER_ERROR, why)
    }

    pub(crate) fn too_much(what: impl Into<String>) -> Self {
        Self::new(LIMIT_EXCEEDED, what)
    }

    pub(crate) fn reverted(data: Bytes) -> Self {
        Self { data: Some(data), ..Self::new(REVERTED, "execution reverted") }
    }

    pub(crate) fn halted(halt: Halt) -> Self {
        Self::refused(match halt {
            Halt::OutOfGas => "out of gas",
            Halt::CodeNotStorable => "max code size exceeded",
            Halt::InvalidExecution => "invalid opcode, jump or stack",
            Halt::Other => "execution aborted",
        })
    }
}

/// In the words of geth, by which clients tell refusals apart.
impl From<Refusal> for RpcError {
    fn from(refusal: Refusal) -> Self {
        Self::refused(match refusal {
            Refusal::InsufficientFunds { needed, available } => {
                format!("insufficient funds for gas * price + value: have {available} want {needed}")
            }
            Refusal::GasLimitTooSmall { limit, needed } => {
                format!("intrinsic gas too low: gas {limit}, minimum needed {needed}")
            }
            Refusal::CreationCodeTooLarge => "max initcode size exceeded".to_owned(),
            Refusal::SenderIsContract => "sender not an eoa".to_owned(),
            other => other.to_string(),
        })
    }
}

impl From<ChainError> for RpcError {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Refused(refusal) => refusal.into(),
            ChainError::Limit { what, value, limit } => {
                Self::too_much(format!("{what}: {value} is more than the limit of {limit}"))
            }
            other => Self::refused(format!("internal error: {other}")),
        }
    }
}
