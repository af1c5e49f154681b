//! The gateway's page: type-checked, tested and bundled by npm's tools under `dashboard/`.
//!
//! The bundle is committed so that cargo alone builds the gateway, and compared with a fresh one so that it never shows
//! another page than the sources beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::ChoreError;
use crate::installs;

/// Type-checks, and writes the bundle.
///
/// # Errors
/// If the sources have a fault, or a file cannot be written.
pub(crate) fn build(root: &Path) -> Result<(), ChoreError> {
    install(root)?;
    npm(root, &["run", "check"])?;
    npm(root, &["run", "build"])
}

/// That the committed bundle is what the sources give.
///
/// # Errors
/// If it is not, or the sources have a fault.
pub(crate) fn check(root: &Path) -> Result<(), ChoreError> {
    install(root)?;
    npm(root, &["run", "check"])?;
    let fresh = root.join("target").join("dashboard");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|source| ChoreError::File { path: fresh.clone(), source })?;
    }
    let fresh_name = fresh.to_string_lossy().into_owned();
    npm(root, &["run", "build", "--", "--outdir", &fresh_name])?;
    let files = differing(&files(&fresh)?, &files(&folder(root).join("dist"))?);
    if files.is_empty() { Ok(()) } else { Err(ChoreError::BundleDrift { files }) }
}

/// The unit tests, by node's runner.
///
/// # Errors
/// If npm's packages cannot be installed.
pub(crate) fn tests(root: &Path) -> Result<Command, ChoreError> {
    install(root)?;
    let mut command = Command::new("npm");
    command.args(["test"]).current_dir(folder(root));
    Ok(command)
}

fn install(root: &Path) -> Result<(), ChoreError> {
    installs::node(root)?;
    installs::packages(&folder(root))
}

fn folder(root: &Path) -> PathBuf {
    root.join("dashboard")
}

fn npm(root: &Path, args: &[&str]) -> Result<(), ChoreError> {
    command::run(Command::new("npm").args(args).current_dir(folder(root)))
}

/// A folder's files with their bytes.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, ChoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ChoreError::File { path, source }
    };
    let entries = fs::read_dir(folder).map_err(failed(folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::read(&path).map(|bytes| (name, bytes)).map_err(failed(&path))
    };
    paths.map_err(failed(folder))?.into_iter().map(read).collect()
}

/// Names of files that are not the same in both, or only in one.
fn differing(fresh: &BTreeMap<String, Vec<u8>>, committed: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut names: Vec<_> = fresh.keys().chain(committed.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter(|name| fresh.get(*name) != committed.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn changed_missing_and_foreign_files_are_told() {
        let fresh = folder_of(&[("app.css", "c"), ("app.js", "new"), ("index.html", "page")]);
        let committed = folder_of(&[("app.css", "c"), ("app.js", "old"), ("forgotten.js", "x")]);
        assert_eq!(differing(&fresh, &committed), ["app.js", "forgotten.js", "index.html"]);
        assert!(differing(&fresh, &fresh).is_empty());
    }
}
