//! Networks of real processes on one machine.
//!
//! | module | holds |
//! |---|---|
//! | `up` | a devnet: founded, started, watched, ended |
//! | `chaos` | a devnet whose processes are killed, and what must hold all the same |
//! | `chain` | its chain: embedded and served, or `anvil` |
//! | `network` | founding, and the files of its nodes |
//! | `crew` | the devices' processes |
//! | `gateway` | its index, API and page, a process too |
//! | `chronicle` | what becomes of it, epoch by epoch |
//! | `observed` | what the contract's events and views show |
//! | `devices` | the devices and their vendor, SIMULATED, from a seed |
//! | `confirm` | the Confirmation Application over a SIMULATED TEE |
//! | `pcs` | the vendor's service, SIMULATED |
//! | `rpc` | JSON-RPC in front of the embedded chain |
//! | `http` | a server for this machine, with limits |
//! | `anvil` | Foundry's chain, as a process |
//! | `child` | processes, watched and ended |
//! | `tether` | how they end with the devnet when it is killed |
//!
//! Everything here that stands for hardware says SIMULATED, and nothing here is in what is measured. Nodes know of no
//! simulation: their vendor's service and root certificate are simply the devnet's.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod anvil;
pub mod chain;
pub mod chaos;
pub mod child;
pub mod chronicle;
pub mod confirm;
pub mod crew;
pub mod devices;
mod gateway;
pub mod http;
pub mod network;
pub mod observed;
pub mod pcs;
pub mod rpc;
pub mod tether;
pub mod up;
