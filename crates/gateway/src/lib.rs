//! Ask and watch: a network's history, and whether a device is trusted now.
//!
//! ```text
//! Chain ── index ──▶ one SQLite file ── reader ──▶ serve ──▶ HTTP
//!   │                                      └─────▶ trust ──▶ trusted, not trusted, unknown, stale
//!   └──────────────── ask_contract ──────────────────┘
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`index`] | the history: written from events, taken back with them, held against a replay |
//! | [`reader`] | what an index is asked, each answer of one moment |
//! | [`shown`] | how hashes, accounts and amounts look in answers |
//! | [`trust`] | whether a device is trusted now (R17), and why: by an index, or by the contract itself |
//! | [`ear`] | that answer as a token, signed by the gateway's own key |
//! | [`serve`] | following and answering as a service, within limits |
//!
//! **What this room may be believed.** An index is its gateway's word; [`index::Index::verify`] and the contract are the
//! proof. It is never `trusted` of a head that is old, or of a chain that does not answer. It writes to its file only, asks
//! no host what time it is (its caller tells), and judges no evidence.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod ear;
pub mod index;
pub mod reader;
pub mod serve;
pub mod shown;
pub mod trust;
