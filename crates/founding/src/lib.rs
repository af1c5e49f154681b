//! Founding a network on a chain, and governing it.
//!
//! | module      | what it holds                                                                          |
//! |-------------|----------------------------------------------------------------------------------------|
//! | `config`    | [`NetworkConfig`]: `network.toml`, read and written with a comment for everything       |
//! | `parameter` | [`Parameter`]: the parameters by name, with unit, range and rule                        |
//! | `check`     | [`check()`]: everything that can be known to be wrong before anybody pays               |
//! | `rehearsal` | [`rehearse`]: what each step costs, measured in an EVM in memory                        |
//! | `step`      | [`Step`]: what each step sends, and how the chain shows that it is done                 |
//! | `deploy`    | [`deploy()`]: step after step, to be gone on with after any interruption                |
//! | `verify`    | [`verify()`]: the chain held against what founding was to leave there                   |
//! | `code`      | [`check_code`]: the committed bytecode with immutables masked                           |
//! | `record`    | [`Record`]: `network.state.json`, how far founding has come                             |
//! | `journal`   | [`FileJournal`]: what was signed, in a file                                             |
//! | `governing` | [`propose`]: changes by the owner (R16): what, from when, sent or as calldata          |
//! | `cost`      | [`estimate`]: what a device costs in gas                                               |
//! | `site`      | [`Site`]: the chain, with what only founders ask of one                                 |
//! | `transfer`  | whether a token moves the whole amount                                                  |
//! | `creation`  | what contracts are created with                                                        |
//! | `encoding`  | the protocol's types as the contract's ABI has them                                    |
//! | `seat`      | [`FoundingSeat`]                                                                       |
//! | `devnet`    | [`found_devnet`]: founding in one go, for demos and tests                              |
//!
//! Founding survives being interrupted at any moment. What is done, the chain is asked; what was signed, the journal
//! knows; what was deployed where, the record says. A step's transaction is the same at every attempt, and the chain
//! executes it once ([`Once::Key`](multee_chain::Once::Key)).
//!
//! This room judges no evidence and holds no key: who signs is a [`Sender`](multee_chain::Sender) that it is given.

mod check;
mod code;
mod config;
mod cost;
mod creation;
mod deploy;
mod devnet;
mod encoding;
mod governing;
mod journal;
mod parameter;
mod record;
mod rehearsal;
mod seat;
mod site;
mod step;
mod transfer;
mod verify;

pub use check::{Checked, Cost, Problem, Warning, check, check_offline};
pub use code::{CodeMismatch, Contract, check_code};
pub use config::{CONFIG_BYTES_MAX, ConfigError, Genesis, NetworkConfig, POLICY_BYTES_MAX, amount, utc};
pub use cost::{Estimate, Item, NoFigure, Prices, Settling, estimate};
pub use deploy::{DeployError, Progress, deploy};
pub use devnet::{Founded, Founding, FoundingError, found_devnet, fund_devnet, join_devnet};
pub use governing::{
    Change, Difference, Governed, GoverningError, NEVER, Proposal, apply, policy_document, propose,
};
pub use journal::FileJournal;
pub use parameter::Parameter;
pub use record::{Executed, Kept, Record, RecordError};
pub use rehearsal::{Rehearsed, rehearse};
pub use seat::FoundingSeat;
pub use site::Site;
pub use step::{Plan, Step};
pub use verify::{Mismatch, verify, verify_code};
