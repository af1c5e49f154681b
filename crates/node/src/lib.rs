//! The Execution Controller: the part of a node that runs on the host.
//!
//! | module | holds |
//! |---|---|
//! | `network` | the contract: typed calls in, typed refusals out |
//! | `ledger` | what the contract's events say of seats, epochs and blocks |
//! | `duty` | what a seat is to check in an epoch, for its Confirmation Application |
//! | `controller` | one seat's duties, done as soon as the chain allows |
//! | `boot` | machines that run Confirmation Applications |
//! | `keeper` | the seat's application: taken over, booted anew, recorded |
//! | `restart` | when a seat is restarted by itself |
//! | `socket` | Confirmation Applications asked through a socket |
//! | `process` | Confirmation Applications as processes of the controller's, which outlive it |
//! | `survivor` | processes that an earlier controller left |
//! | `service` | the Confirmation Application as a service of the system's |
//! | `claim` | one controller at a time for such a service |
//! | [`state`] | what a controller must not forget, in one file |
//! | `link` | where an application is reached that somebody else starts: Unix socket, vsock, loopback |
//! | `collateral` | where collateral comes from |
//! | `content` | what hashes stand for, asked of peers |
//!
//! This room sees evidence but never judges it: verdicts and keys are the Confirmation Application's, on the
//! other side of a message boundary. It holds no rule: what is due, who may publish and what counts the
//! contract says.

mod boot;
mod claim;
mod collateral;
mod content;
mod controller;
mod duty;
mod keeper;
mod ledger;
mod link;
mod network;
mod process;
mod restart;
mod service;
mod socket;
pub mod state;
mod survivor;

pub use boot::{Boot, Booted};
pub use collateral::{FetchedCollateral, ReadCollateral};
pub use content::{CONTENT_BYTES_MAX, InvalidPeer, NoContent, PEERS_MAX, PeerContent, ReadContent};
pub use controller::{Action, Controller, ControllerConfig, ControllerError, publication};
pub use duty::{DutyError, assigned, duty, rank};
pub use ledger::{
    BlockRecord, Certificates, EpochRecord, Fate, Ledger, LedgerError, REORG_BLOCKS_MAX, SeatRecord,
    reference_value,
};
pub use link::{Link, LinkError};
pub use network::{Network, SendError, Sent};
pub use process::{Process, ProcessConfig, ProcessError, Running};
pub use restart::{RestartLimits, RestartPolicy};
pub use service::{Service, ServiceConfig, ServiceError};
pub use socket::{Socket, SocketConfig};
pub use state::{State, StateError};
