//! From a configuration to the parts of a node.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::rpc::{self, ExternalSigner, InvalidEndpoint, Rpc};
use multee_chain::{ChainError, Sender};
use multee_collateral::{HttpConfig, Source, SourceConfig, TlsRoots};
use multee_evidence::{AMD_ARK_DER, INTEL_SGX_ROOT_CA_DER};
use multee_keystore::{Keystore, KeystoreError, Password};
use multee_node::state::State;
use multee_node::{
    Boot, FetchedCollateral, InvalidPeer, Ledger, LedgerError, Network, PeerContent, Process, ProcessConfig,
    RestartLimits, RestartPolicy, Service, ServiceConfig, SocketConfig, StateError,
};
use multee_protocol::Deployment;

use crate::config::{ApplicationConfig, CollateralConfig, ConfirmConfig, KeyConfig, NodeConfig};
use crate::metrics::now_s;
use crate::stop::Stop;

/// The largest certificate, in bytes.
const CERTIFICATE_BYTES_MAX: u64 = 64 * 1024;
/// How long before it expires collateral is fetched anew, in seconds: a week, for an outage of days.
const REFRESH_MARGIN_S: u64 = 7 * 86_400;
/// How long after it was fetched it is fetched anew, in seconds: a day, as revocations are learned of that way.
const AGE_S_MAX: u64 = 86_400;

/// How long a signer may take: some ask a person.
const SIGNER_TIME_MAX: Duration = Duration::from_mins(1);

/// Why a part cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The chain cannot be used.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The network's events cannot be followed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Reading events begins after the network's.
    #[error("network.from_block is after the block in which the contract was deployed")]
    BeginsLate,
    /// A peer's URL is none.
    #[error("rpc.peers")]
    Peer(#[from] InvalidPeer),
    /// The state cannot.
    #[error(transparent)]
    State(#[from] StateError),
    /// The keystore cannot.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The signer's URL is none.
    #[error("operator.signer")]
    Signer(#[from] InvalidEndpoint),
    /// A file of certificates cannot be read.
    #[error("certificate {} cannot be read", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory of collateral cannot be used.
    #[error("collateral cannot be kept in {}", path.display())]
    Cache {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The network that a configuration names.
pub fn deployment(config: &NodeConfig) -> Deployment {
    Deployment { chain_id: config.chain_id, contract: config.contract }
}

/// The operator's account. Without a file, the password is asked on the terminal.
///
/// # Errors
/// When the keystore cannot be opened.
pub fn operator(key: &KeyConfig) -> Result<Sender, AssemblyError> {
    match key {
        KeyConfig::Keystore { path, password_file } => {
            let password = match password_file {
                Some(file) => Password::from_file(file)?,
                None => Password::prompt(&format!("password of {}: ", path.display()))?,
            };
            Ok(Keystore::open(path, &password)?)
        }
        KeyConfig::Signer { url, address } => {
            Ok(Sender::external(*address, Arc::new(ExternalSigner::new(url, SIGNER_TIME_MAX)?)))
        }
    }
}

/// The file of what must not be forgotten.
///
/// # Errors
/// When another node has it, or it is not this node's.
pub fn state(config: &NodeConfig) -> Result<State, AssemblyError> {
    Ok(State::open(&config.state, deployment(config), config.seat.id)?)
}

/// The way to the chain, until `stop` is asked for; what is sent is remembered in `state`.
///
/// # Errors
/// When no endpoint can be used.
pub fn chain(config: &NodeConfig, state: State, stop: &Stop) -> Result<Rpc, AssemblyError> {
    let config = rpc::Config { interrupt: stop.interrupt(), ..config.chain_config() };
    Ok(Rpc::connect(&config, Box::new(state))?)
}

/// What the network's events say, read up to now. Where nobody has the oldest ones any more it begins late, and what is
/// missing is asked of `rpc.peers` by its hash.
///
/// # Errors
/// When the chain gives no answer, or the events do not fit together.
pub fn ledger(network: &Network, config: &NodeConfig) -> Result<Ledger, AssemblyError> {
    let blocks_max = config.rpc.reorg_blocks_max;
    let mut ledger = Ledger::new(network.clone(), config.from_block)?.taking_back(blocks_max);
    match ledger.sync() {
        // There are seats, and no event of them: reading began after the deployment.
        Ok(_) if ledger.seats().next().is_none() && has_seats(network)? => Err(AssemblyError::BeginsLate),
        Ok(_) => Ok(ledger),
        Err(LedgerError::HistoryMissing { .. } | LedgerError::Chain(ChainError::Pruned { .. })) => {
            tracing::warn!(
                event = "history_missing",
                "no endpoint has the oldest events: the node begins with the recent ones"
            );
            let peers = config.rpc.peers.iter().map(String::as_str);
            let content = PeerContent::new(peers, config.rpc.timeout)?;
            Ok(Ledger::recent(network.clone(), &content)?.taking_back(blocks_max))
        }
        Err(error) => Err(error.into()),
    }
}

fn has_seats(network: &Network) -> Result<bool, LedgerError> {
    Ok(network.read(&contract::networkCall {})?.seats > 0)
}

/// Where collateral comes from, with Intel's and AMD's roots and those of the configuration.
///
/// # Errors
/// When a certificate cannot be read, or the directory cannot be used.
pub fn collateral(config: &CollateralConfig) -> Result<FetchedCollateral, AssemblyError> {
    Ok(FetchedCollateral::new(source(config)?, roots(config)?, now_s))
}

/// Intel's and AMD's root certificates and those of the configuration, DER.
///
/// # Errors
/// When one cannot be read.
pub fn roots(config: &CollateralConfig) -> Result<Vec<Vec<u8>>, AssemblyError> {
    let mut roots: Vec<Vec<u8>> = vec![INTEL_SGX_ROOT_CA_DER.to_vec()];
    roots.extend(AMD_ARK_DER.iter().map(|root| root.to_vec()));
    roots.extend(certificates(&config.roots)?);
    Ok(roots)
}

/// The services and the cache alone.
///
/// # Errors
/// As [`collateral`].
pub fn source(config: &CollateralConfig) -> Result<Source, AssemblyError> {
    let tls_roots = match certificates(&config.tls_roots)? {
        none if none.is_empty() => TlsRoots::Public,
        these => TlsRoots::These(these),
    };
    let source = SourceConfig {
        intel: config.pcs.clone(),
        amd: config.amd.clone(),
        cache: Some(config.cache.clone()),
        refresh_margin_s: REFRESH_MARGIN_S,
        age_s_max: AGE_S_MAX,
        http: HttpConfig { tls_roots, ..HttpConfig::default() },
    };
    let failed = |source| AssemblyError::Cache { path: config.cache.clone(), source };
    Source::open(source).map_err(failed)
}

/// The machine that runs the Confirmation Application.
pub fn machine(config: &ConfirmConfig) -> Box<dyn Boot> {
    let (measurement, start_ms_max) = (config.measurement, config.start_ms_max);
    match &config.application {
        ApplicationConfig::Program { program, args, directory } => {
            let defaults = ProcessConfig::new(program.clone(), directory.clone(), measurement);
            let answer_ms_max = config.answer_ms_max;
            let args = args.clone();
            Box::new(Process::new(ProcessConfig { args, start_ms_max, answer_ms_max, ..defaults }))
        }
        ApplicationConfig::Socket { link, restart_command } => {
            let socket =
                SocketConfig { answer_ms_max: config.answer_ms_max, ..SocketConfig::new(link.clone()) };
            let restart = restart_command.clone();
            let restart_ms_max = start_ms_max;
            Box::new(Service::new(ServiceConfig {
                socket,
                measurement,
                restart,
                restart_ms_max,
                start_ms_max,
            }))
        }
    }
}

/// Why and when the seat is restarted.
pub fn restart_policy(config: &NodeConfig) -> RestartPolicy {
    if config.seat.restart {
        RestartPolicy::WhenNeeded(RestartLimits::default())
    } else {
        RestartPolicy::Never
    }
}

/// The certificates in these files.
///
/// # Errors
/// When one cannot be read.
pub fn certificates(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, AssemblyError> {
    let failed = |path: &PathBuf, source| AssemblyError::Certificate { path: path.clone(), source };
    paths.iter().map(|path| certificate(path).map_err(|error| failed(path, error))).collect()
}

fn certificate(path: &Path) -> io::Result<Vec<u8>> {
    let mut der = Vec::new();
    let bytes = File::open(path)?.take(CERTIFICATE_BYTES_MAX + 1).read_to_end(&mut der)?;
    if bytes as u64 > CERTIFICATE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than any certificate"));
    }
    Ok(der)
}
