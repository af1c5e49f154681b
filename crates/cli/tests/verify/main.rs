//! `multee verify` as users and scripts see it: on Intel-signed quotes from the published dcap-qvl crate, and on
//! SIMULATED ones for what Intel does not sign; the same for AMD, with the published sev crate. Snapshots hold the exact
//! text.

mod desk;
mod documents;
mod failures;
mod fetching;
mod output;
#[path = "../../../collateral/tests/pcs/mod.rs"]
mod pcs;
#[path = "../../../evidence/tests/samples/mod.rs"]
mod samples;
mod snp;
mod verdicts;
