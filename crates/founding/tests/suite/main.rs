//! Founding on a public chain: each test starts an `anvil` of its own.

mod anvil;
mod broken;
mod checks;
mod deploying;
mod governing;
#[path = "../../../chain/tests/rpc/http.rs"]
mod http;
mod interruption;
mod support;
