//! The devnet's parts as other programs meet them.

mod face;
mod limits;
mod pcs;
mod raw;
mod support;
