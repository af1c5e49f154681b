//! `cargo xtask reproduce`: builds what is measured twice, as two strangers would, and compares the bytes.
//!
//! The two builds differ in everything that should not matter: where the checkout is, where cargo unpacks packages,
//! where the target directory is, who builds, in which language and time zone, and when. The toolchain is the same.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, cargo};
use crate::elf;
use crate::error::ChoreError;

/// What is measured, and the whole command that a stranger builds it with.
const PACKAGE: &str = "multee-confirm";
const BUILD: [&str; 6] = ["build", "--release", "--locked", "--offline", "--package", PACKAGE];

/// What it is built for: other platforms' packages need not be there.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// All that a build of the workspace reads.
const SOURCES: [&str; 5] = ["Cargo.toml", "Cargo.lock", ".cargo", "crates", "xtask"];

/// Folders that hold what was built, not what is built from.
const NOT_SOURCES: [&str; 2] = ["target", "node_modules"];

/// Variables without which cargo or the linker cannot be found. All others are left out.
const KEPT: [&str; 4] = ["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"];

/// One of the two builders.
struct Builder {
    name: &'static str,
    /// Below the scratch directory.
    checkout: &'static str,
    target: &'static str,
    environment: [(&'static str, &'static str); 3],
}

const BUILDERS: [Builder; 2] = [
    Builder {
        name: "first",
        checkout: "a",
        target: "a/target",
        environment: [("USER", "alice"), ("LANG", "C"), ("TZ", "UTC")],
    },
    Builder {
        name: "second",
        checkout: "b/another longer path/checkout",
        target: "b/elsewhere",
        environment: [("USER", "bob"), ("LANG", "C.UTF-8"), ("TZ", "Asia/Tokyo")],
    },
];

/// Builds twice and says what the hash is.
///
/// # Errors
/// If a build fails or the two differ: then with the first section of the program that does.
pub(crate) fn run(root: &Path) -> Result<(), ChoreError> {
    let scratch = Scratch::new()?;
    let home = cargo_home();
    // Both builders take packages from what is downloaded here; they unpack them for themselves.
    command::run(&mut cargo(root, &["fetch", "--locked", "--target", TRIPLE]))?;
    for builder in &BUILDERS {
        builder.settle(root, &home, &scratch.0)?;
    }
    let [first, second] = BUILDERS.map(|builder| builder.build(&scratch.0));
    let hash = elf::same(&first?, &second?)?;
    println!("{PACKAGE}: sha256 {hash}, the same from two builds");
    Ok(())
}

impl Builder {
    /// Makes a checkout and a cargo home.
    fn settle(&self, root: &Path, home: &Path, scratch: &Path) -> Result<(), ChoreError> {
        let checkout = scratch.join(self.checkout);
        for source in SOURCES {
            copy(&root.join(source), &checkout.join(source))?;
        }
        lend_packages(home, &scratch.join(self.name))
    }

    fn build(&self, scratch: &Path) -> Result<Vec<u8>, ChoreError> {
        println!("==> {} build of {PACKAGE}", self.name);
        let target = scratch.join(self.target);
        let own_home = scratch.join(self.name);
        command::run(&mut self.command(&scratch.join(self.checkout), &own_home, &target))?;
        let program = target.join("release").join(PACKAGE);
        fs::read(&program).map_err(|source| ChoreError::File { path: program, source })
    }

    fn command(&self, checkout: &Path, home: &Path, target: &Path) -> Command {
        let mut command = cargo(checkout, &BUILD);
        command.env_clear().envs(KEPT.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        if std::env::var_os("RUSTUP_HOME").is_none() {
            command.env("RUSTUP_HOME", home_directory().join(".rustup"));
        }
        command.env("HOME", home).env("CARGO_HOME", home).env("CARGO_TARGET_DIR", target);
        command.envs(self.environment);
        command
    }
}

/// A cargo home of its own, with the packages that were downloaded to another, and where that had them from.
fn lend_packages(home: &Path, own_home: &Path) -> Result<(), ChoreError> {
    let registry = own_home.join("registry");
    fs::create_dir_all(&registry).map_err(|source| ChoreError::File { path: registry, source })?;
    for part in ["registry/index", "registry/cache", "config.toml"] {
        let (from, to) = (home.join(part), own_home.join(part));
        if from.exists() {
            symlink(&from, &to).map_err(|source| ChoreError::File { path: to, source })?;
        }
    }
    Ok(())
}

fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(|| home_directory().join(".cargo"), PathBuf::from)
}

fn home_directory() -> PathBuf {
    std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

/// Copies a file, or a folder with all that it is built from.
fn copy(from: &Path, to: &Path) -> Result<(), ChoreError> {
    let failed = |source| ChoreError::File { path: from.to_owned(), source };
    if !from.is_dir() {
        return copy_file(from, to).map_err(failed);
    }
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if !NOT_SOURCES.iter().any(|not| *not == name) {
            copy(&entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

/// With its mode: the compiler's wrapper is executed.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::copy(from, to).map(|_| ())
}

/// A directory that is gone in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, ChoreError> {
        let path = std::env::temp_dir().join(format!("multee-reproduce-{}", std::process::id()));
        fs::create_dir(&path).map_err(|source| ChoreError::File { path: path.clone(), source })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is in the system's directory for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builders_have_nothing_in_common_but_the_toolchain() {
        let [first, second] = BUILDERS;
        assert_ne!(first.checkout, second.checkout);
        assert_ne!(first.checkout.len(), second.checkout.len());
        assert_ne!(first.target, second.target);
        for (one, other) in first.environment.iter().zip(second.environment) {
            assert_eq!(one.0, other.0);
            assert_ne!(one.1, other.1);
        }
    }

    #[test]
    fn folders_are_copied_without_what_was_built_in_them() {
        let scratch = Scratch::new().expect("made");
        let from = scratch.0.join("from");
        for file in ["src/lib.rs", "target/debug/lib", "inner/node_modules/x", "inner/x"] {
            let file = from.join(file);
            fs::create_dir_all(file.parent().expect("inner")).expect("made");
            fs::write(file, "x").expect("written");
        }
        let to = scratch.0.join("to");
        copy(&from, &to).expect("copied");
        let there =
            ["src/lib.rs", "target", "inner/node_modules", "inner/x"].map(|path| to.join(path).exists());
        assert_eq!(there, [true, false, false, true]);
        let gone = scratch.0.clone();
        drop(scratch);
        assert!(!gone.exists());
    }
}
