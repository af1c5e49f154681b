//! Why a node ended, and how to fix it.

use std::io;

use miette::Diagnostic;
use multee_operator::node::NodeError;

use super::help::of_node;
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
                NodeError::Assembly(_) | NodeError::NoSeat { .. } | NodeError::NotOperator { .. } => {
                    "not_started"
                }
                NodeError::Controller(_) => "stopped",
                NodeError::Metrics { .. } | NodeError::CoreDumps(_) => "host",
            },
        };
        Some(Box::new(format!("multee::node::{code}")))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        match self {
            Self::Config(error) => error.help(),
            Self::Signals(_) => {
                Some(Box::new("a sandbox may forbid it: let the program handle SIGTERM and SIGINT"))
            }
            Self::Node(error) => Some(Box::new(of_node(error))),
        }
    }
}
