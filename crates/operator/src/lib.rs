//! What an operator runs.

pub mod config;
pub mod log;
pub mod metrics;
pub mod notify;
pub mod page;
mod stop;

pub use stop::Stop;
