//! Why a gateway ended, and how to fix it.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use multee_chain::ChainError;
use multee_gateway::ear::KeyError;
use multee_gateway::index::IndexError;
use multee_gateway::serve::ServeError;
use multee_keystore::KeystoreError;

/// Why a gateway ended.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum GatewayError {
    #[error("it is not said which contract to follow")]
    #[diagnostic(code(multee::gateway::whom), help("give --rpc URL and --contract ADDR"))]
    Whom,

    #[error("the chain does not answer")]
    #[diagnostic(code(multee::gateway::chain_unreachable), help("check --rpc; give another endpoint, too"))]
    Chain(#[source] ChainError),

    #[error(transparent)]
    #[diagnostic(code(multee::gateway::index))]
    Index(#[from] IndexError),

    #[error(transparent)]
    #[diagnostic(code(multee::gateway::listen), help("choose another address with --listen"))]
    Serve(#[from] ServeError),

    #[error("{} holds no key", path.display())]
    #[diagnostic(code(multee::gateway::key), help("make one with `multee gateway key --out FILE`"))]
    Key {
        path: PathBuf,
        #[source]
        source: KeyError,
    },

    #[error(transparent)]
    #[diagnostic(code(multee::gateway::key_file))]
    KeyFile(#[from] KeystoreError),

    #[error("signals cannot be handled")]
    #[diagnostic(code(multee::gateway::signals))]
    Signals(#[source] io::Error),

    #[error("the address cannot be written")]
    #[diagnostic(code(multee::gateway::unwritable), help("check where stdout leads"))]
    Unwritable(#[source] io::Error),
}
