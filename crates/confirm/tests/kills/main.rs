//! Controllers that are killed, over a public chain and with real applications. All evidence here is SIMULATED.

#[allow(dead_code, reason = "that room's tests use all of it")]
#[path = "../../../chain/tests/rpc/anvil.rs"]
mod anvil;
#[path = "../../../chain/tests/rpc/http.rs"]
#[allow(dead_code, reason = "that room's tests use all of it")]
mod http;
mod network;
mod points;
mod service;
mod survivors;
mod victim;
#[allow(dead_code, reason = "that room's tests use all of it")]
#[path = "../../../confirmation/tests/suite/world.rs"]
mod world;
