//! Founding on a public chain: each test starts an `anvil` of its own.

mod anvil;
mod broken;
mod checks;
mod deploying;
mod governing;
mod http;
mod interruption;
mod support;
