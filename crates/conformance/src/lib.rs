//! Holds the contract's bytecode in a real EVM against the Rust model, and measures what its calls cost.

pub mod duel;
pub mod evm;
pub mod gas;
pub mod stage;
