//! The program as it is run: a child process on a socket of its own. All evidence here is SIMULATED.

mod boots;
mod dependencies;
mod deploy;
mod duties;
mod hostile;
mod program;
mod secrets;
#[allow(dead_code, reason = "that room's tests use all of it")]
#[path = "../../../confirmation/tests/suite/world.rs"]
mod world;
