//! The gateway's page in a real browser, over a story that is played for it: `dashboard/tests/e2e`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, cargo};
use crate::error::ChoreError;
use crate::installs;

/// Below the root: the tests' files.
const TESTS: &str = "dashboard/tests/e2e";
/// Below that: those which only take pictures.
const PICTURES: &str = "pictures.test.mjs";
/// Below the root: the README's picture.
const README_PICTURE: &str = "docs/images/overview.png";
/// What a picture in the repository may take.
const PICTURE_BYTES_MAX: u64 = 300_000;
/// Files of tests that run at a time, each with a browser and a story of its own.
const AT_A_TIME: usize = 2;

/// Runs all of them. Pictures are left in `target/screenshots`.
///
/// # Errors
/// If something cannot be installed or built, or a test fails.
pub(crate) fn run(root: &Path) -> Result<(), ChoreError> {
    command::run(&mut tests(root)?)
}

/// What runs all of them, once all is there that they need.
///
/// # Errors
/// If something cannot be installed or built.
pub(crate) fn tests(root: &Path) -> Result<Command, ChoreError> {
    let files = files(&root.join(TESTS))?;
    prepared(root, &files)
}

/// Takes the README's picture anew.
///
/// # Errors
/// If it cannot be taken, or is too large for a repository.
pub(crate) fn screenshot(root: &Path) -> Result<(), ChoreError> {
    command::run(&mut prepared(root, &[root.join(TESTS).join(PICTURES)])?)?;
    let (from, to) = (screenshots(root).join("readme.png"), root.join(README_PICTURE));
    let file = |path: &Path| {
        let path = path.to_path_buf();
        |source| ChoreError::File { path, source }
    };
    let bytes = fs::metadata(&from).map_err(file(&from))?.len();
    if bytes > PICTURE_BYTES_MAX {
        return Err(ChoreError::PictureTooLarge { bytes, limit: PICTURE_BYTES_MAX });
    }
    fs::create_dir_all(to.parent().unwrap_or(root)).map_err(file(&to))?;
    fs::copy(&from, &to).map_err(file(&to))?;
    println!("{README_PICTURE}: {bytes} bytes");
    Ok(())
}

fn prepared(root: &Path, files: &[PathBuf]) -> Result<Command, ChoreError> {
    installs::node(root)?;
    installs::packages(&root.join("dashboard"))?;
    let browser = installs::browser()?;
    command::run(&mut cargo(root, &["build", "--package", "multee-cli"]))?;
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec"]).arg(format!("--test-concurrency={AT_A_TIME}"));
    command.args(files).current_dir(root);
    command.env("CHROMIUM", browser).env("SCREENSHOTS", screenshots(root));
    command.env("MULTEE", target(root).join("debug/multee"));
    Ok(command)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ChoreError> {
    let failed = |source| ChoreError::File { path: folder.to_path_buf(), source };
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let paths = entries.map_err(failed)?.into_iter().map(|entry| entry.path());
    let is_test = |path: &PathBuf| path.to_string_lossy().ends_with(".test.mjs");
    let mut files: Vec<_> = paths.filter(is_test).collect();
    files.sort();
    Ok(files)
}

fn screenshots(root: &Path) -> PathBuf {
    target(root).join("screenshots")
}

fn target(root: &Path) -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR");
    root.join(named.as_deref().unwrap_or(OsStr::new("target")))
}
