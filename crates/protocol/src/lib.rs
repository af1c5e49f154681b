//! The rules of `MulTEEverse` in pure Rust, numbered as in `docs/protocol.md`.
//!
//! What the node, the chain client and the contract's tests share, so that nothing is written twice.
//!
//! | module | what it holds | rules |
//! |---|---|---|
//! | `ids` | seats, TEE types, device ids, block ids | R3, R14 |
//! | `mark` | verdicts on assigned blocks, 64 to a word | R4 |
//! | [`domain`] | the tags that keep hashes apart | R4 |
//! | `challenge` | the epoch's seed and root, the challenge to each seat | R2, R4 |
//! | `block` | the confirmation block, its EIP-712 digest, report data, bindings | R4, R6 |
//! | `permutation` | the order that a root gives a roster | R4 |
//! | `assignment` | what each device checks, and how many check each block | R4, R5 |
//! | `standing` | scores, weights, tiers | R7, R11 |
//! | `tally` | marks added up, verdicts, validity and judgement | R5, R7, R9 |
//! | `trust` | how scores move | R9 |
//! | `parameters` | defaults and bounds | all |
//! | [`machine`] | all of the rules as a state machine, equal to the contract to the bit | all |
//!
//! `vectors/protocol.json` holds values of all of them; `tests/vectors.rs` compares this crate with it, and
//! the contract's tests read the same file.
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
pub mod machine;
mod mark;
mod parameters;
mod permutation;
mod standing;
mod tally;
mod trust;

pub use assignment::{
    Assignment, AssignmentError, Check, EpochSnapshot, capacity, checkers, coverage, effective_decision_marks,
};
pub use block::{
    ConfirmationBlock, REPORT_DATA_BYTES, domain_separator, evidence_binding, identity, latest_bindings,
    report_data,
};
pub use challenge::{ChallengeInputs, Deployment, EpochRoot, SeedInputs, challenge};
pub use ids::{BlockId, BlockIdError, DeviceId, Epoch, Power, SeatId, TeeType};
pub use mark::{Mark, MarkError, Marks};
pub use parameters::{Fixed, ParameterError, Parameters};
pub use permutation::{Permutation, RosterOrder, TabulatedPermutation};
pub use standing::{Score, ScoreError, Standing, Tier};
pub use tally::{Decision, Judgement, Tally, Verdict};
pub use trust::{Gain, Settled, Trust};
