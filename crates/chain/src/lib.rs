//! The chain, as the rest of the house sees it.
//!
//! [`Chain`] is narrow: ask a contract ([`Chain::call`]), have a transaction executed ([`Chain::send`]),
//! look its receipt up again ([`Chain::receipt`]), read events ([`Chain::logs`]) and see how far the chain
//! is ([`Chain::head`]). It is synchronous and object-safe, so a caller needs no runtime and a program may
//! choose its chain when it runs.
//!
//! | module        | what it holds                                                                 |
//! |---------------|-------------------------------------------------------------------------------|
//! | `chain`       | the trait, [`Head`], [`Call`] and [`Answer`]                                   |
//! | `transaction` | [`Transaction`], [`Once`], [`Outcome`], [`Receipt`]                            |
//! | `log`         | [`LogFilter`], [`LogEntry`]                                                    |
//! | `reading`     | a contract's logs piece by piece, all of one fork                              |
//! | `sender`      | [`Sender`]: an account with the key, or the signer, of its transactions        |
//! | [`bindings`]  | the deployed contracts' functions, events and errors, generated from their ABI |
//! | `contract`    | typed reading of a contract, typed errors out of revert data                   |
//! | `error`       | [`ChainError`] and its parts                                                   |
//! | `depth`       | how deep a block is, and whether it is still the chain's                       |
//! | [`embedded`]  | a chain in this process: revm over an `SQLite` file                            |
//! | [`rpc`]       | a public chain, over JSON-RPC on HTTP or `WebSocket`                           |
//!
//! An outcome is not an error: a contract that reverts has answered, and its answer is
//! [`Outcome::Reverted`] or [`Answer::Reverted`]. [`ChainError`] means that the chain gave no answer.
//!
//! This room holds no rule of the protocol, keeps no key beyond [`Sender`], and never asks the host what time it is:
//! the embedded chain's time is set by its caller, and `rpc` only measures how long things take.

pub mod bindings;
mod chain;
mod contract;
mod depth;
pub mod embedded;
mod error;
mod log;
mod reading;
pub mod rpc;
mod sender;
mod transaction;

pub use chain::{Answer, BlockNumHash, Call, Chain, Head};
pub use contract::{ReadError, UnknownRevert, decode_error, read};
pub use depth::{head_at_depth, is_canonical};
pub use error::{ChainError, Delay, Limit, Refusal, StorageError};
pub use log::{LogEntry, LogFilter};
pub use reading::Reading;
pub use sender::{InvalidKey, Sender, SignError, SignTransaction};
pub use transaction::{Halt, Once, Outcome, Receipt, Transaction, Unsigned};

/// Gas one transaction may use at most: Ethereum's cap since Osaka, 2²⁴ (EIP-7825).
pub const TRANSACTION_GAS_MAX: u64 = 1 << 24;
/// Gas one call may use at most: a block's worth.
pub const CALL_GAS_MAX: u64 = 30_000_000;
/// Bytes of data a call or transaction may carry: what Ethereum's nodes accept into their pools.
pub const DATA_BYTES_MAX: usize = 128 * 1024;
/// Blocks one [`LogFilter`] may span.
pub const LOG_RANGE_BLOCKS_MAX: u64 = 100_000;
/// Alternatives for the address, or for one topic, in one [`LogFilter`].
pub const LOG_ALTERNATIVES_MAX: usize = 16;
/// Logs one answer may hold: more than a block of 30 million gas can emit, so a range of one block
/// always fits.
pub const LOGS_MAX: usize = 100_000;
/// Bytes of data all logs of one answer may hold together; a block of 30 million gas emits below 4 MiB.
pub const LOG_BYTES_MAX: usize = 64 * 1024 * 1024;
