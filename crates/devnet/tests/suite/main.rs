//! The devnet's parts as other programs meet them.

mod face;
mod limits;
mod raw;
mod support;
