//! `network.toml`: what a network is founded with.

mod error;
mod genesis;
mod raw;
mod text;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use alloy_primitives::Address;
use multee_confirmation::ReferenceValue;
use multee_protocol::{Fixed, Parameters};

use crate::FoundingSeat;

pub use error::ConfigError;
pub use genesis::{Genesis, utc};
pub use raw::amount;

/// Bytes that a `network.toml` may have: a thousand founding seats fit.
pub const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes that a policy document may have (R16).
pub const POLICY_BYTES_MAX: u64 = 24 * 1024;

/// What a network is founded with, as its file says. Whether it can be founded is another question: see
/// [`check()`](crate::check()).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// The ERC-20 token of deposits and rewards; `None` on a devnet, which gets a worthless one of its own.
    pub token: Option<Address>,
    /// Who is to govern, if not who founds: it is offered the ownership at the end.
    pub owner: Option<Address>,
    /// When epoch 0 starts.
    pub genesis: Genesis,
    /// What never changes.
    pub fixed: Fixed,
    /// What the network runs with at first.
    pub parameters: Parameters,
    /// The evidence policy document, seen from the file's directory.
    pub policy: PathBuf,
    /// The allowed measurements, strictly ascending.
    pub references: Vec<ReferenceValue>,
    /// The founding seats; their numbers count from 1.
    pub seats: Vec<FoundingSeat>,
}

impl NetworkConfig {
    /// Reads a `network.toml`.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or a field is missing, unknown, or not of its type.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = read_limited(path, CONFIG_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|_| ConfigError::NotText { path: path.to_owned() })?;
        Self::parse(&text)
    }

    /// Reads the text of a `network.toml`.
    ///
    /// # Errors
    /// As [`NetworkConfig::read`], the file left aside.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        raw::parse(text)
    }

    /// The policy document that the file at `config_path` names.
    ///
    /// # Errors
    /// When it cannot be read, or is longer than the contract takes.
    pub fn read_policy(&self, config_path: &Path) -> Result<Vec<u8>, ConfigError> {
        let directory = config_path.parent().unwrap_or(Path::new(""));
        read_limited(&directory.join(&self.policy), POLICY_BYTES_MAX)
    }

    /// The file's text, with a comment for everything that can be set.
    pub fn to_text(&self) -> String {
        text::render(self)
    }

    /// What `multee network init` starts from: an epoch of a day, a token to be named; or on a devnet an epoch of a
    /// minute, genesis ten minutes after founding begins, and a token of its own.
    pub fn example(devnet: bool) -> Self {
        let fixed = Fixed::default();
        Self {
            chain_id: if devnet { DEVNET_CHAIN_ID } else { 1 },
            token: (!devnet).then_some(Address::ZERO),
            owner: None,
            genesis: if devnet { Genesis::AfterS(600) } else { Genesis::AfterS(7 * 86_400) },
            fixed: if devnet { Fixed { epoch_seconds: 60, ..fixed } } else { fixed },
            parameters: Parameters::default(),
            policy: PathBuf::from("policy.json"),
            references: Vec::new(),
            seats: Vec::new(),
        }
    }
}

/// The chain id that anvil and other devnets have by default.
const DEVNET_CHAIN_ID: u64 = 31_337;

fn read_limited(path: &Path, bytes_max: u64) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        return Err(ConfigError::TooLong { path: path.to_owned(), bytes_max });
    }
    Ok(bytes)
}
