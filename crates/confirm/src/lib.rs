//! The Confirmation Application as a process of its own, `multee-confirm`: what is measured and runs inside the TEE.
//!
//! It makes a key, listens on one socket, and answers whoever connects, one client after another, with what
//! [`ConfirmationApp`](multee_confirmation::ConfirmationApp) answers. The key is in its memory and nowhere else: when
//! the process ends, the incarnation has ended.
//!
//! | module | holds |
//! |---|---|
//! | `args` | the command line |
//! | `run` | what happens in which order, and why it did not |
//! | `address` | where it listens: a Unix socket, vsock, or the loopback interface |
//! | `socket` | a Unix socket: its mode, its directory, what stood there before |
//! | `serve` | clients, one after another |
//! | `lockdown` | no core dumps, no tracing, no new privileges |
//! | `machine` | what this machine is and can do |
//! | `snp` | SEV-SNP evidence from a report and the host's certificates |
//! | `simulated` | with the feature of that name: a TEE without hardware |
//!
//! A client gains nothing by what it sends. It may be wrong, silent, slow or gone: its connection ends, and the next
//! one is served. The messages and their limits are `multee-confirmation`'s.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod address;
mod args;
mod lockdown;
mod machine;
mod run;
mod serve;
#[cfg(feature = "simulated")]
mod simulated;
mod snp;
mod socket;

pub use address::{Listener, listen};
pub use args::{Address, Args};
pub use lockdown::{LockdownError, lock_down};
pub use machine::MachineError;
pub use run::{StartError, run, run_with};
pub use snp::encode_snp_report;
pub use socket::SocketError;
