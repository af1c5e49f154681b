//! Ask and watch: a network's history, and whether a device is trusted now.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod index;
pub mod reader;
pub mod serve;
pub mod trust;
