//! The Execution Controller: the part of a node that runs on the host.
//!
//! | module | holds |
//! |---|---|
//! | `network` | the contract: typed calls in, typed refusals out |
//! | `ledger` | what the contract's events say of seats, epochs and blocks |
//! | `duty` | what a seat is to check in an epoch, for its Confirmation Application |
//! | `controller` | one seat's duties, done as soon as the chain allows |
//! | `process` | Confirmation Applications as processes: started, and asked through a socket |
//! | [`state`] | what a controller must not forget, in one file |
//! | `collateral` | where collateral comes from |
//! | `founding` | deploying a contract and naming its founding seats |
//!
//! This room sees evidence but never judges it: verdicts and keys are the Confirmation Application's, on the
//! other side of a message boundary. It holds no rule: what is due, who may publish and what counts the
//! contract says.

mod collateral;
mod controller;
mod duty;
pub mod founding;
mod ledger;
mod network;
mod process;
pub mod state;

pub use collateral::{FetchedCollateral, ReadCollateral};
pub use controller::{
    Action, Boot, Booted, Controller, ControllerConfig, ControllerError, RestartPolicy, publication,
};
pub use duty::{DutyError, assigned, duty, rank};
pub use ledger::{BlockRecord, Certificates, EpochRecord, Fate, Ledger, LedgerError, SeatRecord};
pub use network::{Network, SendError, Sent};
pub use process::{Process, ProcessConfig, ProcessError, Running, Socket, SocketConfig};
pub use state::{State, StateError};
