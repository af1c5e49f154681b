//! What an operator runs.

pub mod assemble;
pub mod config;
pub mod log;
pub mod metrics;
pub mod node;
pub mod notify;
pub mod page;
mod stop;

pub use stop::Stop;
