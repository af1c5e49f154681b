//! The rules of `MulTEEverse` in pure Rust, numbered as in `docs/protocol.md`.
//!
//! What the node, the chain client and the contract's tests share, so that nothing is written twice:
//! identifiers and their encodings, marks, the confirmation block and its EIP-712 digest, the challenge,
//! the seeded permutation and the assignment that follows from it (R4), weights, score steps and tiers
//! (R7, R9, R11).
//!
//! This room does no I/O, reads no clock, draws no randomness, uses no floating point and iterates over
//! nothing unordered: the contract in `contracts/` computes the same bits.

mod ids;
mod mark;

pub use ids::{BlockId, BlockIdError, DeviceId, Epoch, Power, SeatId, TeeType};
pub use mark::{Mark, MarkError, Marks};
