//! The rules of `MulTEEverse` in pure Rust, numbered as in `docs/protocol.md`.
//!
//! What the node, the chain client and the contract's tests share, so that nothing is written twice:
//! identifiers and their encodings, marks, the confirmation block and its EIP-712 digest, the challenge,
//! the seeded permutation and the assignment that follows from it (R4), weights, score steps and tiers
//! (R7, R9, R11).
//!
//! This room does no I/O, reads no clock, draws no randomness, uses no floating point and iterates over
//! nothing unordered: the contract in `contracts/` computes the same bits.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_arithmetic
    )
)]

mod assignment;
mod block;
mod challenge;
pub mod domain;
mod ids;
mod mark;
mod permutation;

pub use assignment::{
    Assignment, AssignmentError, Check, EpochSnapshot, capacity, coverage, effective_decision_marks,
};
pub use block::{ConfirmationBlock, REPORT_DATA_BYTES, domain_separator, evidence_binding, report_data};
pub use challenge::{ChallengeInputs, Deployment, SeedInputs};
pub use ids::{BlockId, BlockIdError, DeviceId, Epoch, Power, SeatId, TeeType};
pub use mark::{Mark, MarkError, Marks};
pub use permutation::Permutation;
