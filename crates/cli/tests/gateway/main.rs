//! `multee gateway` and `multee trust` as users and scripts see them, over the chain that a demo kept.

mod asked;
#[allow(dead_code, reason = "shared with the tests of multee-gateway")]
#[path = "../../../gateway/tests/suite/dump.rs"]
mod dump;
mod kills;
mod running;
mod tokens;
