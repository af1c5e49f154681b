//! Collateral from the hardware vendors' services: fetched, cached by content, refreshed before it expires.
//!
//! In: a quote, and the time at which it is to be judged. Out: what its vendor has signed about its platform, as
//! [`Collateral`](multee_evidence::Collateral) reads it. For Intel that is TCB info, quoting enclave identity and two
//! revocation lists, from the Provisioning Certification Service (PCS) or caches of it (PCCS); for AMD the root's
//! revocation list, and certificates where the evidence brings none, from the Key Distribution Service (KDS).
//!
//! | module | holds |
//! |---|---|
//! | `endpoint` | where to ask, and which URLs may be followed |
//! | `item` | what can be asked for, and its path |
//! | `http` | one request, with limits |
//! | `piece` | whether an answer is what was asked for, and how long it holds |
//! | `cache` | pieces in memory and on disk |
//! | `health` | which endpoints are let alone for now |
//! | `source` | what holds them together |
//! | `amd` | what SEV-SNP evidence needs, put together |
//! | `error` | what went wrong, and the alarm that is raised |
//!
//! Nothing here is trusted and no signature is checked: endpoints, caches and disks may lie, and get an abstention out
//! of it at worst. What is plainly not what was asked for is refused, so that the next endpoint is asked.
//!
//! Evidence is judged as of the start of its epoch, by what was issued until then (R16): so a few versions of
//! everything are kept, and the newest that fits is taken. During an outage the cache serves for as long as it holds;
//! after that there is nothing, and whoever asks abstains. An [`Alarm`] says what is missing from the first failure on.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod amd;
mod cache;
mod endpoint;
mod error;
mod health;
mod http;
mod item;
mod piece;
mod source;

pub use endpoint::{Endpoint, EndpointError};
pub use error::{Alarm, FetchError, SourceError};
pub use http::{HttpConfig, TlsRoots};
pub use item::{AmdItem, AmdKey, Evaluation, Vcek};
pub use source::{Source, SourceConfig};
