//! Why a chore could not be done.

use std::path::PathBuf;
use std::process::ExitStatus;

use thiserror::Error;

/// Why a chore failed. Each names what to look at; the failed tool has already said the rest.
#[derive(Debug, Error)]
pub(crate) enum ChoreError {
    /// The program could not be started at all, most often because it is not installed.
    #[error("cannot start `{program}`: {source}")]
    Start { program: String, source: std::io::Error },
    /// The program ran and said no.
    #[error("`{line}` ended with {status}")]
    Failed { line: String, status: ExitStatus },
    /// The program succeeded, but it ran no test or its summary was not understood.
    #[error("`{line}` reported no tests")]
    NoTests { line: String },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// A file or a tool's output is not the JSON it should be.
    #[error("{what}: {source}")]
    Json { what: String, source: serde_json::Error },
    /// The sources define no such contract, or several.
    #[error("{found} contracts named {name} under contracts/src, expected one")]
    ContractNotUnique { name: &'static str, found: usize },
    /// EIP-170: a larger contract cannot be deployed anywhere.
    #[error("{name} takes {size} bytes on chain, {limit} are allowed (EIP-170)")]
    ContractTooLarge { name: &'static str, size: usize, limit: usize },
    /// The committed artifacts are not what the sources compile to.
    #[error("stale: {}; run `cargo xtask contracts build` and commit the result", files.join(", "))]
    Drift { files: Vec<String> },
    /// The committed page is not what its sources give.
    #[error("stale: dashboard/dist/{{{}}}; run `cargo xtask dashboard` and commit the result", files.join(","))]
    BundleDrift { files: Vec<String> },
    /// Node or npm is absent and cannot be installed without root.
    #[error("`{program}` is not installed; install Node.js 20 or later with npm")]
    NodeMissing { program: &'static str },
    /// Python is absent and cannot be installed without root.
    #[error("python3 with its venv module is not installed")]
    PythonMissing,
    /// The gateway to be asked ended before it told its address.
    #[error("no gateway came up to be asked")]
    NoGateway,
    /// No browser is there, and none can be installed without root.
    #[error("Chromium is not installed; install it, or name it by CHROMIUM")]
    BrowserMissing,
    /// A picture would bloat the repository.
    #[error("the picture takes {bytes} bytes, {limit} are allowed")]
    PictureTooLarge { bytes: u64, limit: u64 },
    /// No fuzz target of that name.
    #[error("no fuzz target is named {0}")]
    NoTarget(String),
    /// Whoever builds it gets another program.
    #[error("two builds differ, first in {section}: sha256 {first_hash} and {second_hash}")]
    NotReproduced { section: String, first_hash: String, second_hash: String },
    /// No benchmark target, or none of that name.
    #[error("no benchmark matches")]
    NoBench,
    /// The locked npm packages hold no forge for this platform.
    #[error("contracts/package.json names no forge for {os} on {arch}")]
    NoForge { os: &'static str, arch: &'static str },
}
