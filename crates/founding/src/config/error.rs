//! Why a `network.toml` cannot be read.

use std::io;
use std::path::PathBuf;

/// Why a `network.toml`, or what it names, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The operating system does not give it.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is longer than any of its kind.
    #[error("{} is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is allowed.
        bytes_max: u64,
    },
    /// It is not UTF-8.
    #[error("{} is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// It is no TOML, or a field is missing, unknown or of another type. The message names line and column.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Parameters are missing, unknown, or no whole numbers.
    #[error("in [parameters]: {}", .0.join("; "))]
    Parameters(Vec<String>),
    /// The genesis is neither a time nor a number.
    #[error("genesis: {0}")]
    Genesis(&'static str),
}
