//! The Confirmation Application against peers and hosts. All evidence here is SIMULATED.

mod boundary;
mod host_lies;
mod sign_once;
mod snp;
mod verdicts;
mod world;
