//! `multee key`: operator keys in web3 keystores.

mod args;

use std::path::Path;

use alloy_primitives::Address;
use miette::Diagnostic;
use multee_keystore::{Keystore, KeystoreError, Password};

pub(crate) use self::args::KeyArgs;
use self::args::{AddressArgs, ImportArgs, KeyCommand, NewArgs};
use crate::account::keystore_help;
use crate::exit::{self, Exit};

/// Why nothing was made or told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error("the answer cannot be written")]
    Unwritable(#[from] std::io::Error),
}

impl Diagnostic for KeyError {
    fn code<'a>(&'a self) -> Option<Box<dyn core::fmt::Display + 'a>> {
        Some(Box::new("multee::key"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn core::fmt::Display + 'a>> {
        match self {
            Self::Keystore(error) => keystore_help(error).map(|help| Box::new(help) as _),
            Self::Unwritable(_) => Some(Box::new("check where stdout leads")),
        }
    }
}

/// Makes a keystore, or tells whose one is.
///
/// # Errors
/// When it cannot be made or read.
pub(crate) fn run(args: &KeyArgs) -> Result<Exit, KeyError> {
    match &args.command {
        KeyCommand::New(args) => new(args),
        KeyCommand::Import(args) => import(args),
        KeyCommand::Address(args) => address(args),
    }
}

fn new(args: &NewArgs) -> Result<Exit, KeyError> {
    let password = new_password(args.password_file.as_deref())?;
    let address = Keystore::create(&args.out, None, &password)?;
    made(&args.out, address)
}

fn import(args: &ImportArgs) -> Result<Exit, KeyError> {
    let line = match &args.key_file {
        Some(file) => Password::from_file(file)?,
        None => Password::prompt("the key, 64 hexadecimal digits: ")?,
    };
    let password = new_password(args.password_file.as_deref())?;
    let address = Keystore::import(&args.out, &line, &password)?;
    made(&args.out, address)
}

fn address(args: &AddressArgs) -> Result<Exit, KeyError> {
    let address = match &args.password_file {
        Some(file) => Keystore::open(&args.file, &Password::from_file(file)?)?.address(),
        None => Keystore::address(&args.file)?,
    };
    exit::print(&format!("{address}\n"))?;
    Ok(Exit::Ok)
}

fn new_password(file: Option<&Path>) -> Result<Password, KeystoreError> {
    match file {
        Some(file) => Password::from_file(file),
        None => Password::prompt_new("a password for the new keystore: "),
    }
}

fn made(path: &Path, address: Address) -> Result<Exit, KeyError> {
    let path = path.display();
    exit::print(&format!(
        "{address}\nin {path}. Keep a copy of it and of its password: without either, what this account has is lost.\n"
    ))?;
    Ok(Exit::Ok)
}
