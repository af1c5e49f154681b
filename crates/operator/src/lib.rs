//! What an operator runs.

pub mod config;
