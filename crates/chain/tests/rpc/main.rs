//! The chain over JSON-RPC, against anvil and against a proxy in front of it that breaks in every way.

mod anvil;
mod bumps;
mod disagreement;
mod execution;
mod faults;
mod history;
mod http;
mod interruption;
mod logs;
mod network;
#[path = "../support/parameters.rs"]
mod parameters;
mod probe;
mod proxy;
mod reorganisation;
mod signer;
mod staleness;
mod support;
mod trust;
mod websocket;
