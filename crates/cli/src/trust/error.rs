//! Why nobody could say, and how to fix it.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use multee_chain::ChainError;
use multee_gateway::ear::{KeyError, TokenError};
use multee_gateway::trust::AskError;

use crate::exit::Exit;

/// Why there is no answer.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum TrustError {
    #[error("it is not said whom to ask")]
    #[diagnostic(code(multee::trust::whom), help("give --rpc URL and --contract ADDR, or --gateway URL"))]
    Whom,

    #[error("the chain does not answer")]
    #[diagnostic(code(multee::trust::chain_unreachable), help("check --rpc; give another endpoint, too"))]
    Chain(#[source] Box<ChainError>),

    #[error(transparent)]
    #[diagnostic(
        code(multee::trust::not_the_contract),
        help("check --contract, and that --rpc is an endpoint of the contract's chain")
    )]
    Contract(Box<AskError>),

    #[error("the gateway does not answer")]
    #[diagnostic(
        code(multee::trust::gateway_unreachable),
        help("check --gateway, or ask the chain itself: --rpc URL --contract ADDR")
    )]
    Gateway(#[source] Box<ureq::Error>),

    #[error("the gateway's answer is none: {0}")]
    #[diagnostic(
        code(multee::trust::not_a_gateway),
        help("is there a gateway at that URL, and of this version?")
    )]
    NotAGateway(String),

    #[error("{} cannot be read", path.display())]
    #[diagnostic(code(multee::trust::unreadable))]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    #[error("{} holds no key to check with", path.display())]
    #[diagnostic(code(multee::trust::key), help("the gateway shows it at /v1/ear/key"))]
    PublicKey {
        path: PathBuf,
        #[source]
        source: KeyError,
    },

    #[error("{} says nothing", path.display())]
    #[diagnostic(code(multee::trust::token), help("ask the gateway for another: /v1/devices/ID/ear"))]
    Token {
        path: PathBuf,
        #[source]
        source: TokenError,
    },

    #[error("{} is not the answer to this question: {why}", path.display())]
    #[diagnostic(
        code(multee::trust::other_question),
        help("ask for a token with this device id, min_score, max_age and nonce")
    )]
    OtherQuestion { path: PathBuf, why: &'static str },

    #[error("the answer cannot be written")]
    #[diagnostic(code(multee::trust::unwritable), help("check where stdout leads"))]
    Unwritable(#[source] io::Error),
}

impl From<AskError> for TrustError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Chain(error) => error.into(),
            error => Self::Contract(Box::new(error)),
        }
    }
}

impl From<ChainError> for TrustError {
    fn from(error: ChainError) -> Self {
        Self::Chain(Box::new(error))
    }
}

impl TrustError {
    /// How the program ends with it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Chain(_) | Self::Gateway(_) => Exit::ChainUnreachable,
            Self::Whom => Exit::Usage,
            Self::Contract(_)
            | Self::NotAGateway(_)
            | Self::Unreadable { .. }
            | Self::PublicKey { .. }
            | Self::Token { .. }
            | Self::OtherQuestion { .. }
            | Self::Unwritable(_) => Exit::Error,
        }
    }
}
