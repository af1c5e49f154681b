//! What is needed besides Rust: Node.js, the npm packages of a folder, Python, a browser to look at the page with, and
//! what tests the alert rules.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::ChoreError;

/// A copy of the lock file that `node_modules` was installed from, kept within it.
const STAMP: &str = "node_modules/.installed-from";
/// What distributions call it.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Node.js, npm and the locked packages: installed where they are missing or stale.
///
/// # Errors
/// If Node.js is missing and this is no Debian with root, or if npm fails.
pub(crate) fn node(root: &Path) -> Result<(), ChoreError> {
    for program in ["node", "npm"] {
        if !has(program) {
            install_node(program)?;
        }
    }
    packages(&root.join("contracts"))
}

/// An environment for Python packages at `home`; Python is installed where it is missing.
///
/// # Errors
/// If Python or its venv module is missing and this is no Debian with root.
pub(crate) fn python(home: &Path) -> Result<(), ChoreError> {
    let make = || Command::new("python3").args(["-m", "venv", "--clear"]).arg(home).status();
    if make().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    if !is_root() || !has("apt-get") {
        return Err(ChoreError::PythonMissing);
    }
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "python3", "python3-venv"])?;
    command::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home))
}

fn has(program: impl AsRef<OsStr>) -> bool {
    command::works(Command::new(program).arg("--version"))
}

fn install_node(program: &'static str) -> Result<(), ChoreError> {
    if !is_root() || !has("apt-get") {
        return Err(ChoreError::NodeMissing { program });
    }
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "nodejs", "npm"])
}

fn is_root() -> bool {
    command::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn apt(args: &[&str]) -> Result<(), ChoreError> {
    command::run(Command::new("apt-get").arg("--quiet").args(args).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// A Chromium: the one that `CHROMIUM` names, or one on the path; installed where it is missing.
///
/// # Errors
/// If it is missing and this is no Debian with root.
pub(crate) fn browser() -> Result<OsString, ChoreError> {
    let named = std::env::var_os("CHROMIUM");
    let known = BROWSERS.into_iter().map(OsString::from);
    if let Some(found) = named.into_iter().chain(known).find(|program| has(program)) {
        return on_path(&found);
    }
    if !is_root() || !has("apt-get") {
        return Err(ChoreError::BrowserMissing);
    }
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "chromium"])?;
    on_path(OsStr::new("chromium"))
}

/// Where a program on the path is: browsers are started by it.
fn on_path(program: &OsStr) -> Result<OsString, ChoreError> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&folders).map(|folder| folder.join(program));
    places.into_iter().find(|place| place.is_file()).map(Into::into).ok_or(ChoreError::BrowserMissing)
}

/// The locked packages of a folder, installed where they are missing or stale.
///
/// # Errors
/// If npm fails.
pub(crate) fn packages(folder: &Path) -> Result<(), ChoreError> {
    let path = folder.join("package-lock.json");
    let lock = fs::read(&path).map_err(|source| ChoreError::File { path, source })?;
    let stamp = folder.join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    // No package needs its install script: those of forge and esbuild would only look for the binary that is used
    // anyway.
    let args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    command::run(Command::new("npm").args(args).current_dir(folder))?;
    fs::write(&stamp, lock).map_err(|source| ChoreError::File { path: stamp, source })
}

/// Where `promtool` is put, below the workspace's root.
const TOOLS: &str = "target/tools";

/// `promtool`, which tests alert rules: the system's, or that of Debian's package, which is taken out of it: installed, it
/// would run a server. None where there is neither.
pub(crate) fn promtool(root: &Path) -> Option<PathBuf> {
    let works = |program: &Path| command::works(Command::new(program).arg("--version"));
    let (installed, kept) = (PathBuf::from("promtool"), root.join(TOOLS).join("promtool"));
    if let Some(program) = [installed, kept.clone()].into_iter().find(|program| works(program)) {
        return Some(program);
    }
    // What apt has to say about it is on the screen.
    take_promtool(root, &kept).ok().filter(|()| works(&kept)).map(|()| kept)
}

fn take_promtool(root: &Path, to: &Path) -> Result<(), ChoreError> {
    let place = root.join(TOOLS).join("prometheus");
    let failed = |source| ChoreError::File { path: place.clone(), source };
    fs::create_dir_all(&place).map_err(failed)?;
    let download = || {
        let mut apt = Command::new("apt-get");
        command::run(apt.args(["--quiet", "download", "prometheus"]).current_dir(&place))
    };
    download()
        .or_else(|error| if is_root() { apt(&["update"]).and_then(|()| download()) } else { Err(error) })?;
    let mut packages = fs::read_dir(&place).map_err(failed)?.flatten().map(|entry| entry.path());
    let package = packages.find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    command::run(Command::new("dpkg-deb").arg("--extract").args(package).arg(&place))?;
    fs::rename(place.join("usr/bin/promtool"), to).map_err(failed)?;
    fs::remove_dir_all(&place).map_err(failed)
}
