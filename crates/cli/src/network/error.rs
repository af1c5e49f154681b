//! Why nothing was founded, shown or changed, and how to fix it.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use multee_chain::{ChainError, ReadError, Refusal, StorageError};
use multee_founding::{ConfigError, DeployError, GoverningError, NoFigure, RecordError};

use crate::account::AccountError;
use crate::exit::Exit;

/// Why nothing came about.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum NetworkError {
    #[error("{} exists already", path.display())]
    #[diagnostic(
        code(multee::network::exists),
        help("name another with --out, or put it away: it is not overwritten")
    )]
    Exists { path: PathBuf },

    #[error("cannot write {}", path.display())]
    #[diagnostic(
        code(multee::network::unwritable),
        help("check the directory's rights, and that the disk has room")
    )]
    Unwritable { path: PathBuf, source: io::Error },

    #[error("the configuration cannot be used")]
    #[diagnostic(
        code(multee::network::config),
        help("`multee network init` writes one in which everything is explained")
    )]
    Config(#[from] ConfigError),

    #[error("{0}")]
    #[diagnostic(code(multee::network::account))]
    Account(AccountError, #[help] Option<&'static str>),

    #[error("no chain answers")]
    #[diagnostic(
        code(multee::network::chain_unreachable),
        help("check the URLs given with --rpc, and whether they can be reached from here")
    )]
    Unreachable(#[source] ChainError),

    #[error("the endpoints are of another chain")]
    #[diagnostic(
        code(multee::network::wrong_chain),
        help("check chain_id, in the configuration or given with --chain-id, and the URLs given with --rpc")
    )]
    WrongChain(#[source] ChainError),

    #[error("a transaction is on its way, and its outcome is open")]
    #[diagnostic(
        code(multee::network::pending),
        help(
            "run this again: it goes on with that transaction, with --max-gas-price if gas has become dearer"
        )
    )]
    Pending(#[source] ChainError),

    #[error("the chain did not do it")]
    #[diagnostic(code(multee::network::chain), help("run this again: what is done is not done twice"))]
    Chain(#[source] ChainError),

    #[error("the account cannot pay")]
    #[diagnostic(code(multee::network::funds), help("send it native coin, then run this again: it goes on"))]
    Funds(#[source] ChainError),

    #[error("another process founds in this directory, or its journal is damaged")]
    #[diagnostic(code(multee::network::journal), help("end the other one; never edit network.journal"))]
    Journal(#[source] StorageError),

    #[error("the record of this founding cannot be used")]
    #[diagnostic(
        code(multee::network::record),
        help(
            "restore what was there, or, to found another network, put network.state.json and network.journal away"
        )
    )]
    Record(#[from] RecordError),

    #[error("founding broke off")]
    #[diagnostic(
        code(multee::network::broke_off),
        help("what was done stays; mend the cause and run this again")
    )]
    BrokeOff(#[source] Box<DeployError>),

    #[error("there is no network at this address")]
    #[diagnostic(
        code(multee::network::not_the_contract),
        help("check --state, or --contract and --chain-id")
    )]
    NotTheContract(#[source] ReadError),

    #[error("the change is not made")]
    #[diagnostic(code(multee::network::refused), help("{help}"))]
    Refused { source: Box<GoverningError>, help: &'static str },

    #[error("there is no {}", path.display())]
    #[diagnostic(
        code(multee::network::no_state),
        help(
            "give the file that deploying left with --state, or the network with --contract and --chain-id"
        )
    )]
    NoState { path: PathBuf },

    #[error("{0}")]
    #[diagnostic(code(multee::network::value), help("{1}"))]
    Value(String, &'static str),

    #[error("nobody said yes")]
    #[diagnostic(
        code(multee::network::not_confirmed),
        help("nothing was sent; --yes goes on without asking")
    )]
    NotConfirmed,

    #[error(transparent)]
    #[diagnostic(code(multee::network::no_figure), help("this is a fault of the program: report it"))]
    NoFigure(#[from] NoFigure),

    #[error("the answer cannot be written")]
    #[diagnostic(code(multee::network::stdout), help("check where stdout leads"))]
    Stdout(#[source] io::Error),
}

impl NetworkError {
    /// How the program ends with it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Unreachable(_) => Exit::ChainUnreachable,
            Self::NotTheContract(_) | Self::NoState { .. } => Exit::UnknownOrStale,
            _ => Exit::Error,
        }
    }
}

impl From<AccountError> for NetworkError {
    fn from(error: AccountError) -> Self {
        let help = error.help();
        Self::Account(error, help)
    }
}

impl From<ChainError> for NetworkError {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Unreachable { .. } => Self::Unreachable(error),
            ChainError::WrongChain { .. } => Self::WrongChain(error),
            ChainError::Pending { .. } => Self::Pending(error),
            ChainError::Refused(Refusal::InsufficientFunds { .. }) => Self::Funds(error),
            ChainError::Storage(source) => Self::Journal(source),
            _ => Self::Chain(error),
        }
    }
}

impl From<ReadError> for NetworkError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Chain(error) => error.into(),
            _ => Self::NotTheContract(error),
        }
    }
}

impl From<DeployError> for NetworkError {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Chain(error) | DeployError::Read(ReadError::Chain(error)) => error.into(),
            DeployError::Record(error) => error.into(),
            _ => Self::BrokeOff(Box::new(error)),
        }
    }
}

impl From<GoverningError> for NetworkError {
    fn from(error: GoverningError) -> Self {
        let help = match &error {
            GoverningError::NotOwner { .. } => {
                "give the owner's account, or let the owner send what --calldata prints"
            }
            GoverningError::NotStarted => {
                "wait for genesis; before it the parameters are those of the founding"
            }
            GoverningError::ParametersPending { .. } => "wait until an epoch is opened, then announce",
            GoverningError::NothingChanges => "it is like that already",
            _ => "nothing was changed; the message says why",
        };
        match error {
            GoverningError::Chain(error) => error.into(),
            GoverningError::Read(error) => error.into(),
            error => Self::Refused { source: Box::new(error), help },
        }
    }
}
