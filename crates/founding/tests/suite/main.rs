//! Founding on a public chain: each test starts an `anvil` of its own.

#[allow(dead_code, reason = "the chain's tests use all of it")]
#[path = "../../../chain/tests/rpc/anvil.rs"]
mod anvil;
mod broken;
mod checks;
mod deploying;
mod governing;
#[path = "../../../chain/tests/rpc/http.rs"]
mod http;
mod interruption;
mod support;
