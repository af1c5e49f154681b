//! Why a node ended, and how to fix it.

use std::io;

use miette::Diagnostic;
use multee_chain::ChainError;
use multee_node::{ControllerError, LedgerError};
use multee_operator::assemble::AssemblyError;
use multee_operator::node::NodeError;

use crate::config::ConfigCommandError;

/// Why a node ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeCommandError {
    #[error(transparent)]
    Config(#[from] ConfigCommandError),
    #[error("signals cannot be handled")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl Diagnostic for NodeCommandError {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let code = match self {
            Self::Config(error) => return error.code(),
            Self::Signals(_) => "signals",
            Self::Node(NodeError::Assembly(_)) => "not_started",
            Self::Node(NodeError::Controller(_)) => "stopped",
            Self::Node(NodeError::Metrics { .. } | NodeError::CoreDumps(_)) => "host",
        };
        Some(Box::new(format!("multee::node::{code}")))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let help = match self {
            Self::Config(error) => return error.help(),
            Self::Node(NodeError::Metrics { .. }) => "choose another address for metrics.listen",
            Self::Node(NodeError::Assembly(AssemblyError::Chain(error))) => of_chain(error)?,
            Self::Node(NodeError::Controller(ControllerError::Chain(error))) => of_chain(error)?,
            Self::Node(NodeError::Controller(ControllerError::Ledger(LedgerError::Contradiction {
                ..
            }))) => {
                "the contract at network.contract is not one of this program's protocol, or an endpoint tells another \
                 chain's events: `multee audit` says more, `multee doctor` asks each endpoint"
            }
            Self::Node(_) | Self::Signals(_) => return None,
        };
        Some(Box::new(help))
    }
}

fn of_chain(error: &ChainError) -> Option<&'static str> {
    match error {
        ChainError::WrongChain { .. } => Some("rpc.endpoints and network.chain_id are of different chains"),
        ChainError::WrongCode { .. } => {
            Some("check network.contract and network.code_hash with whoever founded the network")
        }
        ChainError::Storage(_) => Some("check the disk that state.path is on"),
        _ => None,
    }
}
