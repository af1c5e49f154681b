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
    Node(Box<NodeError>),
}

impl From<NodeError> for NodeCommandError {
    fn from(error: NodeError) -> Self {
        Self::Node(Box::new(error))
    }
}

impl Diagnostic for NodeCommandError {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let code = match self {
            Self::Config(error) => return error.code(),
            Self::Signals(_) => "signals",
            Self::Node(error) => match **error {
                NodeError::Assembly(_) => "not_started",
                NodeError::Controller(_) => "stopped",
                NodeError::Metrics { .. } | NodeError::CoreDumps(_) => "host",
            },
        };
        Some(Box::new(format!("multee::node::{code}")))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        match self {
            Self::Config(error) => error.help(),
            Self::Signals(_) => None,
            Self::Node(error) => of_node(error).map(|help| Box::new(help) as Box<dyn std::fmt::Display>),
        }
    }
}

fn of_node(error: &NodeError) -> Option<&'static str> {
    match error {
        NodeError::Metrics { .. } => Some("choose another address for metrics.listen"),
        NodeError::Assembly(AssemblyError::Chain(error))
        | NodeError::Controller(ControllerError::Chain(error)) => of_chain(error),
        NodeError::Assembly(AssemblyError::Ledger(LedgerError::Contradiction { .. }))
        | NodeError::Controller(ControllerError::Ledger(LedgerError::Contradiction { .. })) => Some(
            "the contract at network.contract is not one of this program's protocol, or an endpoint tells another \
             chain's events: `multee doctor` asks each endpoint",
        ),
        _ => None,
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
