//! The command line of `multee key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exit;

/// Keep operator keys in web3 keystores (version 3, scrypt)
///
/// Files are made with mode 0600, are never overwritten, and are not read while others than their owner can read them.
/// Keys and passwords come from files or the terminal, never from the command line, which every user of a machine can
/// see.
#[derive(Debug, Args)]
#[command(after_help = exit::table())]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    pub(super) command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    New(NewArgs),
    Import(ImportArgs),
    Address(AddressArgs),
}

/// Make a new key in a new keystore
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The keystore to write
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// A file of mode 0600 with the password in one line [default: asked for on the terminal]
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
}

/// Put a key that exists into a new keystore
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The keystore to write
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// A file of mode 0600 with the key in one line, in hex [default: asked for on the terminal]
    #[arg(long, value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,
    /// A file of mode 0600 with the password in one line [default: asked for on the terminal]
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
}

/// Tell whose key a keystore holds: what it says itself, or with a password what it is
#[derive(Debug, Args)]
pub(super) struct AddressArgs {
    /// The keystore
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// A file of mode 0600 with the password in one line: the keystore is opened
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
}
