//! Why nothing came of a device's command, and how to fix it.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use multee_chain::{ChainError, ReadError};
use multee_confirmation::ConfirmError;
use multee_evidence::PolicyError;
use multee_node::LedgerError;
use multee_operator::application::ApplicationError;
use multee_operator::assemble::AssemblyError;
use multee_operator::device::DeviceError;
use multee_operator::introduction::IntroductionError;
use multee_operator::status::StatusError;

use crate::config::ConfigCommandError;
use crate::node::help::of_assembly;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum DeviceCommandError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Config(#[from] ConfigCommandError),

    #[error(transparent)]
    #[diagnostic(code(multee::device::parts), help("{}", of_assembly(.0)))]
    Assembly(#[from] AssemblyError),

    #[error("the application does not answer")]
    #[diagnostic(
        code(multee::device::application),
        help("start it, or the node that starts it; `multee doctor` looks at it")
    )]
    Application(#[from] ApplicationError),

    #[error("the application does not introduce itself")]
    #[diagnostic(code(multee::device::introduction), help("its TEE must give quotes: `multee doctor`"))]
    Confirm(#[from] ConfirmError),

    #[error("the introduction does not hold")]
    #[diagnostic(
        code(multee::device::introduction),
        help(
            "the root of the TEE's vendor must be one that the policy names; others go into collateral.roots"
        )
    )]
    Introduction(#[from] IntroductionError),

    #[error("{} cannot be read as a policy", path.display())]
    #[diagnostic(
        code(multee::device::policy),
        help("give the network's evidence policy, JSON of at most 64 KiB")
    )]
    PolicyFile { path: PathBuf, source: io::Error },

    #[error("the policy cannot be read")]
    #[diagnostic(code(multee::device::policy), help("give the network's evidence policy with --policy"))]
    Policy(#[from] PolicyError),

    #[error("the network has published no policy")]
    #[diagnostic(
        code(multee::device::no_policy),
        help("check network.contract and network.from_block, or give one with --policy")
    )]
    NoPolicy,

    #[error("the chain does not answer")]
    #[diagnostic(code(multee::device::chain), help("`multee doctor` asks each endpoint by itself"))]
    Chain(#[from] ChainError),

    #[error("the network's events cannot be followed")]
    #[diagnostic(code(multee::device::ledger), help("check network.contract and network.from_block"))]
    Ledger(#[from] LedgerError),

    #[error("nothing came of it")]
    #[diagnostic(code(multee::device::failed))]
    Device(#[from] DeviceError),

    #[error("the device's status cannot be had")]
    #[diagnostic(
        code(multee::device::status),
        help("check seat.id; `multee doctor` asks each endpoint by itself")
    )]
    Status(#[from] StatusError),

    #[error("not confirmed")]
    #[diagnostic(
        code(multee::device::not_confirmed),
        help("answer yes, or give --yes where nobody can be asked")
    )]
    NotConfirmed,

    #[error("the answer cannot be written")]
    #[diagnostic(code(multee::device::output))]
    Output(#[from] io::Error),

    #[error("the answer cannot be written as JSON")]
    #[diagnostic(code(multee::device::json))]
    Json(#[from] serde_json::Error),
}

impl DeviceCommandError {
    /// Whether no endpoint answers.
    pub(crate) fn is_outage(&self) -> bool {
        let chain = match self {
            Self::Chain(error) | Self::Assembly(AssemblyError::Chain(error)) => Some(error),
            Self::Ledger(error) | Self::Assembly(AssemblyError::Ledger(error)) => of_ledger(error),
            Self::Device(DeviceError::Chain(error) | DeviceError::Read(ReadError::Chain(error)))
            | Self::Status(StatusError::Chain(error) | StatusError::Read(ReadError::Chain(error))) => {
                Some(error)
            }
            Self::Device(DeviceError::Ledger(error)) | Self::Status(StatusError::Ledger(error)) => {
                of_ledger(error)
            }
            _ => None,
        };
        matches!(chain, Some(ChainError::Unreachable { .. }))
    }
}

fn of_ledger(error: &LedgerError) -> Option<&ChainError> {
    match error {
        LedgerError::Chain(error) | LedgerError::Read(ReadError::Chain(error)) => Some(error),
        _ => None,
    }
}
