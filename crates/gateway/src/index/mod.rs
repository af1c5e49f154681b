//! The history of a network, in one `SQLite` file.
//!
//! **What it is.** Everything that the contract's events tell, by seat, epoch and block, beyond the chain's own rings; how
//! each score came about, line by line; and what hashes stand for. [`Index::sync`] follows the chain as a ledger does: a
//! batch of blocks is one transaction, logs are of one fork, and what a reorganisation took away is taken back, up to
//! [`Config::reorg_blocks_max`] blocks deep. [`Index::verify`] holds all of it against a replay from genesis by
//! [`multee_protocol::machine`].
//!
//! **What is not told, and not in it.** Of a block that passed: the weights of the marks on it, for no event tells them;
//! they are on chain while the block's record lives. Which marks counted (R4). What matured of a seat's rewards (R12).
//!
//! **Losing it.** Nothing: it is built anew from the chain, as long as somebody has the chain's logs.

pub(crate) mod apply;
pub(crate) mod error;
pub(crate) mod file;
mod following;
pub(crate) mod network;
mod rewinding;
mod schema;
pub(crate) mod seat;
pub(crate) mod trail;
mod verify;
pub(crate) mod words;

use std::path::{Path, PathBuf};

use multee_chain::LOG_RANGE_BLOCKS_MAX;
use multee_protocol::Deployment;
use rusqlite::Connection;

pub use error::IndexError;
pub use following::Synced;
pub use network::Network;
pub use seat::Seat;
pub use trail::Newest;
pub use verify::Verified;
pub use words::Reference;

/// Blocks that an index can take back unless it is told otherwise: two of Ethereum's epochs, after which its blocks are
/// final.
pub const REORG_BLOCKS_MAX: u64 = 64;

/// How an index follows the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The chain's block in which the contract was deployed, or any before.
    pub from_block: u64,
    /// Blocks that can be taken back, at least.
    pub reorg_blocks_max: u64,
    /// Blocks of the chain that are read and written at once, at least one.
    pub batch_blocks_max: u64,
}

impl Default for Config {
    /// From the chain's first block; [`REORG_BLOCKS_MAX`]; as many as one answer may span.
    fn default() -> Self {
        Self { from_block: 0, reorg_blocks_max: REORG_BLOCKS_MAX, batch_blocks_max: LOG_RANGE_BLOCKS_MAX }
    }
}

/// The history of a network. See the [module](self).
pub struct Index {
    db: Connection,
    path: PathBuf,
    deployment: Deployment,
    config: Config,
}

impl Index {
    /// The index in the file at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// When the file is something else, another version's, another network's, or cannot be used.
    pub fn open(path: &Path, deployment: Deployment, config: Config) -> Result<Self, IndexError> {
        let db = file::open(path, deployment)?;
        Ok(Self { db, path: path.to_owned(), deployment, config })
    }

    /// The contract whose history it is.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// The network, once its deployment was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn network(&self) -> Result<Option<Network>, IndexError> {
        Network::find(&self.db).map_err(|fault| fault.at(&self.path))
    }

    /// The newest block of the chain that was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest(&self) -> Result<Option<Newest>, IndexError> {
        trail::newest(&self.db).map_err(|fault| fault.at(&self.path))
    }
}

impl core::fmt::Debug for Index {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Index").field("path", &self.path).finish_non_exhaustive()
    }
}
