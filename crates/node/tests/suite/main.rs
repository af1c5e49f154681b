//! The Execution Controller end to end: the embedded chain with the contract as it is deployed, Confirmation
//! Applications behind their message boundary, and a SIMULATED vendor's machines.

mod assignments;
mod certificates;
mod collateral;
mod devices;
mod failures;
mod fetching;
#[path = "../../../collateral/tests/pcs/mod.rs"]
mod pcs;
mod replay;
mod support;
mod waiting;
