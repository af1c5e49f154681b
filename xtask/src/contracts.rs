//! forge, from npm, in `contracts/`.

use std::env::consts::{ARCH, OS};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::ChoreError;

/// The `forge` of this platform. The package `@foundry-rs/forge` would add a script that starts this binary, and
/// needs every platform's package to be found when the lock file is made.
///
/// # Errors
/// If `contracts/package.json` names none for this platform.
pub(crate) fn forge(root: &Path, args: &[&str]) -> Result<Command, ChoreError> {
    let contracts = root.join("contracts");
    let mut command = Command::new(contracts.join(binary(OS, ARCH)?));
    command.args(args).current_dir(contracts);
    Ok(command)
}

/// The forge tests, with further arguments for `forge test`.
///
/// # Errors
/// If a test fails.
pub(crate) fn test(root: &Path, args: &[String]) -> Result<(), ChoreError> {
    command::run(forge(root, &["test"])?.args(args))
}

fn binary(os: &'static str, arch: &'static str) -> Result<PathBuf, ChoreError> {
    let platform = match (os, arch) {
        ("linux", "x86_64") => "linux-amd64",
        ("macos", "aarch64") => "darwin-arm64",
        _ => return Err(ChoreError::NoForge { os, arch }),
    };
    Ok(PathBuf::from(format!("node_modules/@foundry-rs/forge-{platform}/bin/forge")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_has_its_binary() {
        let path = binary("linux", "x86_64").expect("published");
        assert_eq!(path, Path::new("node_modules/@foundry-rs/forge-linux-amd64/bin/forge"));
        assert!(matches!(binary("linux", "aarch64"), Err(ChoreError::NoForge { arch: "aarch64", .. })));
    }
}
