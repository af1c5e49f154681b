//! What an operator runs.

pub mod application;
pub mod assemble;
pub mod config;
pub mod device;
pub mod doctor;
pub mod introduction;
pub mod log;
mod machine;
pub mod metrics;
pub mod node;
pub mod notify;
pub mod page;
pub mod status;
mod stop;
mod trouble;

pub use stop::Stop;
