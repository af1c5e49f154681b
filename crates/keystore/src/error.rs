//! Why a keystore or a password cannot be used.

use std::io;
use std::path::PathBuf;

use alloy_primitives::Address;

/// Why a keystore or a password cannot be used. No variant holds a secret, or bytes of a file that may be one.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is a file already, and it may be somebody's only key.
    #[error("{} exists already, and is not overwritten: name another file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others can read or change a file with a secret.
    #[error("others can use {}, its mode is {mode:04o}: run `chmod 600 {}`", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is larger than any of its kind.
    #[error("{} is longer than {bytes_max} bytes: it is not what it should be", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is allowed.
        bytes_max: u64,
    },
    /// The file is no keystore of version 3, or one of a kind that is not in use.
    #[error("{} is no web3 keystore of version 3: {what}", path.display())]
    NotAKeystore {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Opening it would take more memory or time than any honest keystore's.
    #[error("{} is not opened: {what}", path.display())]
    TooCostly {
        /// The file.
        path: PathBuf,
        /// Which limit it is beyond.
        what: &'static str,
    },
    /// The password does not open it, or the file was damaged: the format cannot tell.
    #[error("the password does not open {}", path.display())]
    WrongPassword {
        /// The file.
        path: PathBuf,
    },
    /// The file does not tell whose it is; only opening it does.
    #[error("{} does not tell its address: open it with its password", path.display())]
    NoAddress {
        /// The file.
        path: PathBuf,
    },
    /// The file says that it is another account's.
    #[error("{} says that it is the key of {told}, but it is that of {found}", path.display())]
    AddressMismatch {
        /// The file.
        path: PathBuf,
        /// The address in it.
        told: Address,
        /// The address of its key.
        found: Address,
    },
    /// It is no secp256k1 key: 32 bytes, not zero and below the group's order.
    #[error("this is no secp256k1 key of 32 bytes")]
    InvalidKey,
    /// A password must have a character at least.
    #[error("the password is empty")]
    EmptyPassword,
    /// A password is UTF-8, at most [`PASSWORD_BYTES_MAX`](crate::PASSWORD_BYTES_MAX) bytes, on one line.
    #[error("the password is not one line of UTF-8 of at most {} bytes", crate::PASSWORD_BYTES_MAX)]
    NotAPassword,
    /// Two different passwords were typed.
    #[error("the passwords differ")]
    PasswordsDiffer,
    /// There is nobody to ask.
    #[error("no terminal to ask for the password: name a file that holds it")]
    NoTerminal(#[source] io::Error),
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    NoRandomness(getrandom::Error),
}

impl KeystoreError {
    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a std::path::Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}
