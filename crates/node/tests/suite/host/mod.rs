//! A host that alters what passes between controller and application gains abstentions, refusals, publications that
//! the contract rejects, or marks that its own judgement pays for (R9), and nothing else.
//!
//! Every field is altered. What the application then signs is held against what it signs unaltered, mark by mark, and
//! is put to the contract.

mod answers;
mod duties;
mod records;
mod scene;
mod whole;
