//! More of the chaos test than the gate has time for.

use std::path::Path;
use std::process::Command;

use crate::command::{self, cargo};
use crate::error::ChoreError;

/// Runs the test with so many epochs and this seed.
///
/// # Errors
/// If it cannot be built, or something did not hold.
pub(crate) fn run(root: &Path, epochs: u32, seed: u64) -> Result<(), ChoreError> {
    command::run(&mut program(root, epochs, seed))
}

fn program(root: &Path, epochs: u32, seed: u64) -> Command {
    let mut command = cargo(root, &["test", "-p", "multee-cli", "--test", "chaos", "--", "--nocapture"]);
    command.env("MULTEE_CHAOS_EPOCHS", epochs.to_string()).env("MULTEE_CHAOS_SEED", seed.to_string());
    command
}
