//! What calls cost, on the deployed bytecode, in a network's steady state.
//!
//! A network of the size asked for is founded and joined, and lives through a whole lap of its rings with real
//! signatures. Some seats are founding seats in tier Full; so many others joined that each window is full: the
//! gain is so small that those stay in tier Warning, whose blocks are flagged (R8). Then each call is measured
//! as a transaction of its own: base fee, calldata and cold storage included.
//!
//! The log's ring is sized for far more entries than a few epochs bring. Its words are therefore filled before,
//! as a lap before would have left them.

mod network;
mod snapshot;
mod table;

pub use network::measure;
pub use snapshot::{Snapshot, SnapshotError};
pub use table::{CALL_MAX, CALLS, FIRST_PUBLICATION_MAX, PUBLICATION_MAX, Table};

/// How large the parts of a publication are, in bytes: those of a TDX quote of about 5 kB.
pub const EVIDENCE_BYTES: usize = 1_400;
/// The certificate chain of its platform, published once for an incarnation.
pub const CERTIFICATES_BYTES: usize = 3_700;
