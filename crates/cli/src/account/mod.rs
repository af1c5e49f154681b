//! Who sends, and where to: options that several commands share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use clap::Args;
use multee_chain::rpc::{Config, Endpoint, ExternalSigner, InvalidEndpoint, Journal, Rpc};
use multee_chain::{ChainError, Sender};
use multee_keystore::{Keystore, KeystoreError, Password};

/// How long an external signer may take: a person may be asked.
const SIGNER_TIMEOUT: Duration = Duration::from_mins(5);
/// What anvil and other devnets have by default.
const DEVNET_CHAIN_ID: u64 = 31_337;
/// How often a transaction is looked for: somebody is watching.
const POLL_EVERY: Duration = Duration::from_millis(500);
const GWEI: f64 = 1e9;

/// Where the chain is asked.
#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    /// A JSON-RPC endpoint, http, https, ws or wss; repeatable, asked in this order
    #[arg(long, value_name = "URL", required = true, value_parser = Endpoint::parse)]
    pub(crate) rpc: Vec<Endpoint>,
    /// Blocks that a transaction must be deep before it counts; 1 is in the newest block [default: 2; 1 on a devnet with
    /// chain id 31337, which may make a block only when there is something to put into it]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) confirmations: Option<u64>,
    /// The most that is paid for a unit of gas, in gwei
    #[arg(long, value_name = "GWEI", default_value_t = 200.0, value_parser = positive)]
    pub(crate) max_gas_price: f64,
}

impl ChainArgs {
    /// Blocks that a transaction must be deep.
    pub(crate) fn confirmations(&self, chain_id: u64) -> u64 {
        let default = if chain_id == DEVNET_CHAIN_ID { 1 } else { 2 };
        self.confirmations.unwrap_or(default)
    }

    /// The chain, which must have this id.
    ///
    /// # Errors
    /// When no endpoint answers, or they are of another chain.
    pub(crate) fn connect(&self, chain_id: u64, journal: Box<dyn Journal>) -> Result<Rpc, ChainError> {
        let mut config = Config::new(chain_id, self.rpc.clone());
        config.confirmations = self.confirmations(chain_id);
        config.poll_every = POLL_EVERY;
        config.fees.cap_wei_max = wei(self.max_gas_price);
        Rpc::connect(&config, journal)
    }
}

/// Who sends.
#[derive(Debug, Args)]
pub(crate) struct AccountArgs {
    /// The keystore of the account that sends
    #[arg(long, value_name = "FILE", conflicts_with = "signer")]
    pub(crate) keystore: Option<PathBuf>,
    /// A file of mode 0600 with the keystore's password in one line [default: asked for on the terminal]
    #[arg(long, value_name = "FILE", requires = "keystore")]
    pub(crate) password_file: Option<PathBuf>,
    /// A signer that has the account's key, asked to sign each transaction (`eth_signTransaction`)
    #[arg(long, value_name = "URL", requires = "account")]
    pub(crate) signer: Option<String>,
    /// The account of the signer
    #[arg(long, value_name = "ADDR", requires = "signer")]
    pub(crate) account: Option<Address>,
}

/// Why nobody can send.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("no account is named")]
    Nobody,
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error("--signer: {0}")]
    Signer(#[from] InvalidEndpoint),
}

impl AccountError {
    /// What to do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Nobody => Some("name one with --keystore FILE, or with --signer URL and --account ADDR"),
            Self::Keystore(error) => keystore_help(error),
            Self::Signer(_) => Some("a signer is asked over http or https"),
        }
    }
}

/// What to do about what is wrong with a keystore or a password, unless the error says so itself.
pub(crate) fn keystore_help(error: &KeystoreError) -> Option<&'static str> {
    match error {
        KeystoreError::NoTerminal(_) => Some("name a file of mode 0600 with --password-file"),
        KeystoreError::NoAddress { .. } => Some("give its password with --password-file: then it is opened"),
        KeystoreError::WrongPassword { .. } => Some("try another password; a damaged file looks the same"),
        KeystoreError::EmptyPassword | KeystoreError::NotAPassword => {
            Some("a password file has one line, at most 1024 bytes of UTF-8")
        }
        KeystoreError::InvalidKey => Some("a key is 64 hexadecimal digits, with or without 0x"),
        _ => None,
    }
}

impl AccountArgs {
    /// Whose transactions they will be, if anybody is named. No password is asked for, unless the keystore does not tell.
    ///
    /// # Errors
    /// When the keystore cannot be read.
    pub(crate) fn identify(&self) -> Result<Option<Identified<'_>>, AccountError> {
        let (address, opened) = match (&self.keystore, self.account) {
            (Some(keystore), _) => match Keystore::address(keystore) {
                Err(KeystoreError::NoAddress { .. }) => {
                    let sender = self.open()?;
                    (sender.address(), Some(sender))
                }
                told => (told?, None),
            },
            (None, Some(account)) => (account, None),
            (None, None) => return Ok(None),
        };
        Ok(Some(Identified { address, opened, args: self }))
    }

    /// The account, ready to sign.
    ///
    /// # Errors
    /// When nobody is named, or the keystore does not open.
    pub(crate) fn open(&self) -> Result<Sender, AccountError> {
        match (&self.keystore, &self.signer, self.account) {
            (Some(keystore), _, _) => {
                let password = match &self.password_file {
                    Some(file) => Password::from_file(file)?,
                    None => Password::prompt(&format!("the password of {}: ", keystore.display()))?,
                };
                Ok(Keystore::open(keystore, &password)?)
            }
            (None, Some(url), Some(account)) => {
                let signer = ExternalSigner::new(url, SIGNER_TIMEOUT)?;
                Ok(Sender::external(account, Arc::new(signer)))
            }
            _ => Err(AccountError::Nobody),
        }
    }
}

/// An account that is known, and opened when it is needed.
#[derive(Debug)]
pub(crate) struct Identified<'a> {
    pub(crate) address: Address,
    opened: Option<Sender>,
    args: &'a AccountArgs,
}

impl Identified<'_> {
    /// The account, ready to sign.
    ///
    /// # Errors
    /// When the keystore does not open.
    pub(crate) fn open(self) -> Result<Sender, AccountError> {
        self.opened.map_or_else(|| self.args.open(), Ok)
    }
}

/// Gwei in wei; a gas price has no use for fractions of a wei.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn wei(gwei: f64) -> u128 {
    (gwei * GWEI) as u128
}

/// A positive number.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("not a positive number".to_owned()),
    }
}
