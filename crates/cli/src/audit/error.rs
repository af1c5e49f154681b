//! Why a contract could not be audited at all, and how to fix it.

use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::Address;
use miette::Diagnostic;
use multee_chain::ChainError;

use crate::exit::Exit;

/// Why no verdict came about.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum AuditError {
    #[error("chain file {} does not exist", path.display())]
    #[diagnostic(
        code(multee::audit::file_missing),
        help("give a file of an embedded chain, or the directory that `multee demo --keep DIR` left")
    )]
    Missing { path: PathBuf },

    #[error("the chain in {} does not answer", path.display())]
    #[diagnostic(
        code(multee::audit::chain_unreachable),
        help(
            "one process at a time holds a chain's file: end the other one, and check that you may write it"
        )
    )]
    Unreachable { path: PathBuf, source: ChainError },

    #[error("{} cannot be read as a chain", path.display())]
    #[diagnostic(
        code(multee::audit::not_a_chain),
        help("the file is damaged, cut short, or of something else: nothing is said about its contract")
    )]
    NotAChain { path: PathBuf, source: ChainError },

    #[error("the chain in {} has no contract of this protocol", path.display())]
    #[diagnostic(code(multee::audit::no_contract), help("is this the right file for --chain?"))]
    NoContract { path: PathBuf },

    #[error("the chain in {} has several contracts of this protocol", path.display())]
    #[diagnostic(code(multee::audit::several_contracts), help("give one with --contract: {found}"))]
    SeveralContracts { path: PathBuf, found: String },

    #[error("{address} is no contract of this protocol")]
    #[diagnostic(
        code(multee::audit::not_the_contract),
        help("check the address given with --contract, or leave it out if the chain has one only")
    )]
    NotTheContract { address: Address, source: Box<multee_replay::AuditError> },

    #[error("the audit broke off")]
    #[diagnostic(
        code(multee::audit::broke_off),
        help("audit again; if it recurs, the chain contradicts itself")
    )]
    BrokeOff(#[source] Box<multee_replay::AuditError>),

    #[error("the report cannot be written")]
    #[diagnostic(code(multee::audit::unwritable), help("check where stdout leads"))]
    Unwritable(#[source] io::Error),
}

impl AuditError {
    pub(super) fn of_chain(source: ChainError, path: &Path) -> Self {
        let path = path.to_owned();
        match source {
            ChainError::Unreachable { .. } => Self::Unreachable { path, source },
            _ => Self::NotAChain { path, source },
        }
    }

    pub(super) fn of_audit(source: multee_replay::AuditError, path: &Path) -> Self {
        match source {
            multee_replay::AuditError::Chain(source) => Self::of_chain(source, path),
            multee_replay::AuditError::NotTheContract { address, .. }
            | multee_replay::AuditError::NoDeployment(address) => {
                Self::NotTheContract { address, source: Box::new(source) }
            }
            _ => Self::BrokeOff(Box::new(source)),
        }
    }

    /// How the program ends with it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } => Exit::ChainUnreachable,
            Self::NoContract { .. } | Self::NotTheContract { .. } => Exit::UnknownOrStale,
            _ => Exit::Error,
        }
    }
}
