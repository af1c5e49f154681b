//! A network's history indexed, and asked about.

#[allow(dead_code, reason = "the chain's tests use all of it")]
#[path = "../../../chain/tests/rpc/anvil.rs"]
mod anvil;
mod anvils;
mod api;
mod cost;
mod devices;
mod dump;
mod ear;
mod evidence;
mod forking;
#[allow(dead_code, reason = "the chain's tests use all of it")]
#[path = "../../../chain/tests/rpc/http.rs"]
mod http;
mod index;
mod live;
mod overview;
mod page;
mod questions;
mod scale;
mod schemathesis;
mod served;
mod siege;
mod story;
mod support;
mod town;
mod trust;
mod watching;
