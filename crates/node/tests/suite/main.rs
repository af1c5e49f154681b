//! The Execution Controller end to end: the embedded chain with the contract as it is deployed, Confirmation
//! Applications behind their message boundary, and a SIMULATED vendor's machines.

#[allow(dead_code, reason = "the chain's tests use all of it")]
#[path = "../../../chain/tests/rpc/anvil.rs"]
mod anvil;
mod assignments;
mod certificates;
mod collateral;
mod devices;
mod failures;
mod fetching;
mod forking;
mod host;
#[path = "../../../chain/tests/rpc/http.rs"]
mod http;
mod latecomers;
#[path = "../../../collateral/tests/pcs/mod.rs"]
mod pcs;
mod peers;
mod reorganisations;
mod replay;
mod restarts;
mod support;
mod waiting;
