//! `multee network` and `multee key` as users and scripts see them, on an `anvil` that each test starts.

#[allow(dead_code, reason = "shared with the tests of multee-chain")]
#[path = "../../../chain/tests/rpc/anvil.rs"]
mod anvil;
mod cost;
mod desk;
mod founding;
mod governing;
#[allow(dead_code, reason = "shared with the tests of multee-chain")]
#[path = "../../../chain/tests/rpc/http.rs"]
mod http;
mod keys;
