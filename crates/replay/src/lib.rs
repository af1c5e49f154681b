//! The audit: a chain's events are replayed through [`multee_protocol::machine`], and what comes out is compared with
//! what the chain says, to the bit.
//!
//! ```text
//! Chain ── reading ──▶ transactions ── steps ──▶ calls ── State::apply ──▶ events ── compared with the chain's
//!                                                              └───▶ views ── compared with the contract's
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`words`] | the contract's structs in the model's words, and parameters back; signers, digests of documents |
//! | [`events`] | a log of the contract as the model's event |
//! | [`views`] | the contract's views as the model's |
//! | `reading` | logs in portions, by transaction, with the token's transfers |
//! | `steps` | which call a transaction's events begin with |
//! | `publication` | publications, from what is told of them |
//! | `scene` | one transaction: its events and the transfers that must go with them |
//! | `replay` | the model, driven by transactions |
//! | `divergence` | how the two part, and where |
//! | `viewing` | every view, asked of both |
//! | `difference` | two values of one type, field by field |
//! | `audit` | all of it |
//! | `following` | the replay alone, for who wants its events and its state |
//!
//! **What an audit proves.** Every event is one that the rules give, in the state that the events before it lead to, and
//! the contract's views show what the rules lead to. Seeds are derived anew from the hashes of their source blocks,
//! digests of blocks and documents from their fields and bytes, signatures are verified.
//!
//! **What it cannot prove**, because events do not tell: who called (it is taken to be one who may: the owner, the seat's
//! operator or provider, or whom the event names); the two blocks by which an equivocation was proven, which are in the
//! call's data only; what was refused. Of a publication that was refused, the settlement and the reason are verified. A
//! token that changes balances without `Transfer` events shows as a divergence.
//!
//! This room judges no evidence, keeps no file, and reads no clock.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod audit;
mod difference;
mod divergence;
pub mod events;
mod following;
mod publication;
mod reading;
mod replay;
mod scene;
mod steps;
mod viewing;
pub mod views;
pub mod words;

pub use audit::{Audit, AuditError, Sums, Verdict, audit, deployments};
pub use difference::Difference;
pub use divergence::{Divergence, Place, Why};
pub use following::{FollowError, follow};
pub use replay::{Replayed, Watch};
pub use viewing::ViewDifference;
pub use words::Unreadable;
