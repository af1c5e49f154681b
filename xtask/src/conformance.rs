//! The program `multee-conformance`: contract against model, and what calls cost.

use std::path::Path;
use std::process::Command;

use crate::command::{self, cargo};
use crate::error::ChoreError;

/// Runs one of its subcommands, arguments passed through, as fast as it gets.
///
/// # Errors
/// If it cannot be built, or fails: contract and model part, say.
pub(crate) fn run(root: &Path, subcommand: &str, args: &[String]) -> Result<(), ChoreError> {
    let mut command = program(root, "release", subcommand);
    command::run(command.args(args))
}

/// The gate's part: 50000 calls of one seed, and everything seen. In the profile in which the tests have compiled the
/// EVM already; its sums are checked for overflow, too.
pub(crate) fn gate(root: &Path) -> Command {
    program(root, "dev", "conformance")
}

/// The gate's part of the gas table: 58 and 1,000 seats, held against the snapshot.
pub(crate) fn gas_gate(root: &Path) -> Command {
    program(root, "dev", "gas")
}

fn program(root: &Path, profile: &str, subcommand: &str) -> Command {
    cargo(root, &["run", "--profile", profile, "-p", "multee-conformance", "--", subcommand])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_follow_the_subcommand() {
        let mut command = program(Path::new("/"), "release", "gas");
        command.args(["--seats", "58"]);
        let line = command::line(&command);
        assert!(line.ends_with("run --profile release -p multee-conformance -- gas --seats 58"), "{line}");
        let line = command::line(&gate(Path::new("/")));
        assert!(line.ends_with("run --profile dev -p multee-conformance -- conformance"), "{line}");
    }
}
