//! `network.state.json`: how far founding has come. It holds no secret.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256, keccak256};
use alloy_sol_types::SolValue as _;
use multee_chain::Receipt;
use serde::{Deserialize, Serialize};

use crate::NetworkConfig;
use crate::code::Contract;
use crate::config::Genesis;
use crate::step::Step;

/// Bytes that the file may have.
const STATE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const VERSION: u32 = 1;
/// Seconds to the genesis of a rehearsal, in which no time passes.
const REHEARSAL_S: u64 = 1_000_000;

/// How far founding has come. It is on the disk after every step, and says what was done, not what is to do: that the
/// chain is asked.
#[derive(Clone, Debug)]
pub struct Record {
    path: PathBuf,
    kept: Kept,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Kept {
    version: u32,
    /// Tells this founding from others with the same configuration.
    founding: B256,
    /// Over what of the configuration must not change on the way.
    fingerprint: B256,
    /// The chain's id.
    pub chain_id: u64,
    /// Who founds.
    pub founder: Address,
    /// When epoch 0 starts, in seconds since the Unix epoch.
    pub genesis_s: u64,
    /// The newest block when founding began: nothing of the network is older.
    pub from_block: u64,
    /// The token, once it is deployed or if it was there before.
    pub token: Option<Address>,
    /// The contracts, once they are deployed.
    pub reader: Option<Address>,
    /// The second one.
    pub registry: Option<Address>,
    /// The network's own.
    pub contract: Option<Address>,
    /// What was executed.
    pub steps: Vec<Executed>,
    /// Whether all of it was done, and found to be as it should.
    pub verified: bool,
}

/// A step that was executed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Executed {
    /// Which.
    pub step: String,
    /// The transaction's hash.
    pub transaction: B256,
    /// Its block.
    pub block: u64,
    /// Gas that it used.
    pub gas_used: u64,
    /// What a unit of gas cost, in wei.
    pub gas_price_wei: u128,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no record, or another version's.
    #[error("{} is no record of a founding: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It is of a founding with other settings, on another chain or by another account.
    #[error("{} is of another founding: its {what} is another", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    NoRandomness(getrandom::Error),
}

impl Kept {
    fn new(config: &NetworkConfig, founder: Address, from_block: u64, genesis_s: u64) -> Self {
        Self {
            version: VERSION,
            founding: B256::ZERO,
            fingerprint: fingerprint(config),
            chain_id: config.chain_id,
            founder,
            genesis_s,
            from_block,
            token: config.token,
            reader: None,
            registry: None,
            contract: None,
            steps: Vec::new(),
            verified: false,
        }
    }

    /// One that is written nowhere, of a founding at the time `now_s` whose genesis is late enough.
    pub(crate) fn rehearsing(config: &NetworkConfig, founder: Address, now_s: u64) -> Self {
        Self::new(config, founder, 0, now_s.saturating_add(REHEARSAL_S))
    }

    /// Where the contract of this name is, once it is deployed.
    pub fn address(&self, contract: Contract) -> Option<Address> {
        match contract {
            Contract::TestToken => self.token,
            Contract::Reader => self.reader,
            Contract::Registry => self.registry,
            Contract::ProofOfAttestation => self.contract,
        }
    }

    pub(crate) fn note(&mut self, step: Step, receipt: &Receipt) {
        match step {
            Step::Create(Contract::TestToken) => self.token = receipt.created,
            Step::Create(Contract::Reader) => self.reader = receipt.created,
            Step::Create(Contract::Registry) => self.registry = receipt.created,
            Step::Create(Contract::ProofOfAttestation) => self.contract = receipt.created,
            _ => {}
        }
        self.steps.push(Executed {
            step: step.to_string(),
            transaction: receipt.transaction_hash,
            block: receipt.block_number,
            gas_used: receipt.gas_used,
            gas_price_wei: receipt.gas_price_wei,
        });
    }
}

impl Record {
    /// The record at `path`; `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>, RecordError> {
        let failed = |source| RecordError::Io { action: "read", path: path.to_owned(), source };
        let malformed = |why: String| RecordError::Malformed { path: path.to_owned(), why };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
            Ok(metadata) if metadata.len() > STATE_BYTES_MAX => {
                return Err(malformed("it is too long".to_owned()));
            }
            Ok(_) => {}
        }
        let text = fs::read(path).map_err(failed)?;
        let kept: Kept = serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
        if kept.version != VERSION {
            return Err(malformed(format!("its version is {}", kept.version)));
        }
        Ok(Some(Self { path: path.to_owned(), kept }))
    }

    /// A new record, of a founding that begins at the chain's time `now_s`, after block `from_block`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(
        path: &Path,
        config: &NetworkConfig,
        founder: Address,
        from_block: u64,
        now_s: u64,
    ) -> Result<Self, RecordError> {
        let mut founding = B256::ZERO;
        getrandom::fill(founding.as_mut_slice()).map_err(RecordError::NoRandomness)?;
        let genesis_s = config.genesis.resolved(now_s);
        let kept = Kept { founding, ..Kept::new(config, founder, from_block, genesis_s) };
        let record = Self { path: path.to_owned(), kept };
        record.save()?;
        Ok(record)
    }

    /// What it holds.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Whether founding can go on with this configuration and account.
    ///
    /// # Errors
    /// [`RecordError::Other`] when it is of another founding.
    pub fn check(&self, config: &NetworkConfig, founder: Address) -> Result<(), RecordError> {
        let other = |what| Err(RecordError::Other { path: self.path.clone(), what });
        if self.kept.chain_id != config.chain_id {
            return other("chain id");
        }
        if self.kept.founder != founder {
            return other("account");
        }
        if self.kept.fingerprint != fingerprint(config) {
            return other(
                "token, genesis, epoch length, retention, number of seats or one of its parameters",
            );
        }
        Ok(())
    }

    /// What makes a step's transaction the same at every sending, and another in every founding.
    pub(crate) fn key(&self, step: Step) -> B256 {
        keccak256((keccak256("multee/founding/v1"), self.kept.founding, step.to_string()).abi_encode())
    }

    /// Writes down that a step was executed.
    pub(crate) fn executed(&mut self, step: Step, receipt: &Receipt) -> Result<(), RecordError> {
        self.kept.note(step, receipt);
        self.save()
    }

    pub(crate) fn verified(&mut self, verified: bool) -> Result<(), RecordError> {
        self.kept.verified = verified;
        self.save()
    }

    /// In place of the file that was there, at once: it is whole at any moment. Everybody may read it.
    fn save(&self) -> Result<(), RecordError> {
        let failed = |source| RecordError::Io { action: "write", path: self.path.clone(), source };
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let text = serde_json::to_vec_pretty(&self.kept).map_err(|error| failed(error.into()))?;
        let mut file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(directory)
            .map_err(failed)?;
        file.write_all(&text).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
    }
}

/// What of a configuration is built into contracts: with another one, what is deployed would be of no use.
fn fingerprint(config: &NetworkConfig) -> B256 {
    let genesis = match config.genesis {
        Genesis::At(at_s) => (false, at_s),
        Genesis::AfterS(after_s) => (true, after_s.into()),
    };
    let fixed = config.fixed;
    let parameters: Vec<u128> =
        crate::Parameter::ALL.iter().map(|parameter| parameter.get(&config.parameters)).collect();
    let token = (config.token.is_some(), config.token.unwrap_or_default());
    let numbers = (fixed.epoch_seconds, u32::from(fixed.retention_epochs), fixed.max_seats);
    keccak256((token, genesis, numbers, parameters).abi_encode())
}
