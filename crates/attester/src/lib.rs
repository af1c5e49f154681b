//! Attesters: what has the TEE that a program runs in vouch for it. Linux only.
//!
//! Each implements [`ObtainQuote`](multee_evidence::ObtainQuote) over one interface of the operating system. They do
//! the input and output that `multee-evidence` must not, hold no policy, and trust nothing they read beyond its size
//! and that it is about the report data asked for: whether a quote is any good is for verifiers to say.
//!
//! | module | TEE | interface |
//! |---|---|---|
//! | `tsm` | TDX and SEV-SNP | Linux configfs-tsm, `/sys/kernel/config/tsm/report` (since Linux 6.7) |
//! | `tdx`, `snp` | | what differs between the two |
//! | `gramine` | SGX | Gramine's `/dev/attestation` |
//! | `dstack` | TDX | the guest agent's socket, `/var/run/dstack.sock` |
//! | `http` | | one request on a Unix socket, with limits |
//! | `files` | | what is asked of the file system: the seam at which tests put a stand-in of the kernel |
//! | `select` | | which of them to use |
//! | `error` | | what went wrong and what to do about it |
//!
//! There is no simulated TEE here: [`select`] uses one only if it is named and its caller hands one over.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod dstack;
mod error;
mod files;
mod gramine;
mod http;
#[cfg(test)]
mod kernel;
mod select;
mod snp;
mod tdx;
mod tsm;

pub use dstack::{DSTACK_SOCKET, Dstack, DstackConfig};
pub use error::{AttesterError, Fault, Owner};
pub use gramine::{GRAMINE_DIRECTORY, Gramine};
pub use select::{Choice, ChoiceError, Interface, Places, SelectError, select};
pub use snp::{EncodeSnpReport, SnpGuest, SnpReport};
pub use tdx::TdxGuest;
pub use tsm::{TSM_DIRECTORY, TsmConfig};
