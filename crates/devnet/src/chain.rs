//! The chain of a devnet: embedded here and served, or `anvil`.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_primitives::{Address, U256};
use multee_chain::ChainError;
use multee_chain::embedded::{Config, Embedded};
use multee_chain::rpc::{self, Endpoint, InMemory, InvalidEndpoint, Rests, Rpc};

use crate::anvil::{Anvil, AnvilError};
use crate::child::ProcessError;
use crate::crew::Programs;
use crate::http::Limits;
use crate::rpc::{Clock, JsonRpc, Serving};

/// The id of a devnet's chain, that of local chains everywhere.
pub const CHAIN_ID: u64 = 31_337;
/// What a unit of gas costs on the embedded chain, in wei.
const GAS_PRICE_WEI: u64 = 1_000_000_000;
/// What each account that sends has at first: a thousand coins.
pub(crate) const BALANCE_WEI: u128 = 1_000_000_000_000_000_000_000;
/// Seconds between blocks on `anvil`.
const BLOCK_SECONDS: u64 = 1;

/// Which chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainKind {
    /// In this process, in a file.
    Embedded,
    /// `anvil`, this program.
    Anvil(PathBuf),
}

/// A chain that runs. It ends when it is dropped.
#[derive(Debug)]
pub enum RunningChain {
    /// Embedded, and served.
    Embedded(Serving),
    /// A process.
    Anvil(Box<Anvil>),
}

/// Why there is no chain.
#[derive(Debug, thiserror::Error)]
pub enum StartChainError {
    /// The embedded one, or none that answers.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The server in front of it.
    #[error("JSON-RPC cannot be served")]
    Server(#[from] std::io::Error),
    /// Something listens there already.
    #[error("nothing can listen on 127.0.0.1:{port}")]
    Port {
        /// Where.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// `anvil`.
    #[error(transparent)]
    Anvil(#[from] AnvilError),
    /// It says it listens where nothing can.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
}

/// Looks whether a chain can be served at this port, 0 for any that is free.
///
/// # Errors
/// When something else listens there, or this program may not.
pub fn check_port(port: u16) -> Result<(), StartChainError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bound.map(drop).map_err(|source| StartChainError::Port { port, source })
}

impl RunningChain {
    /// Starts it in `directory`, with money for these accounts, at `port`, 0 for any that is free. It executes
    /// transactions at once; [`go_on`](Self::go_on) has it make blocks by time.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(
        kind: &ChainKind,
        programs: &Programs,
        directory: &Path,
        spenders: &[Address],
        port: u16,
    ) -> Result<Self, StartChainError> {
        let balance = U256::from(BALANCE_WEI);
        match kind {
            ChainKind::Embedded => {
                let mut config = Config::devnet(CHAIN_ID, now_s());
                config.gas_price_wei = GAS_PRICE_WEI;
                config.genesis_balances = spenders.iter().map(|account| (*account, balance)).collect();
                let chain = Arc::new(Embedded::open(&directory.join("chain.sqlite"), config)?);
                let served = JsonRpc::new(chain, GAS_PRICE_WEI, Clock::Real)?;
                Ok(Self::Embedded(served.serve(port, Limits::default())?))
            }
            ChainKind::Anvil(program) => {
                // Its states go when the directory goes, and not into the home directory for good.
                let states = directory.join("anvil-states").to_string_lossy().into_owned();
                let arguments = ["--cache-path", &states];
                let log = directory.join("anvil.log");
                let anvil = Anvil::start(programs, program, CHAIN_ID, port, &arguments, &log)?;
                for account in spenders {
                    anvil.set_balance(*account, balance)?;
                }
                Ok(Self::Anvil(Box::new(anvil)))
            }
        }
    }

    /// From now on blocks come by time, as on chains that others use, too.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn go_on(&self) -> Result<(), StartChainError> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Anvil(anvil) => Ok(anvil.mine_every(BLOCK_SECONDS)?),
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        match self {
            Self::Embedded(serving) => serving.url(),
            Self::Anvil(anvil) => anvil.url().to_owned(),
        }
    }

    /// Looks whether it still runs.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Anvil(anvil) => anvil.process().check(),
        }
    }
}

/// The way to a chain on this machine: nothing is waited for longer than it takes.
///
/// # Errors
/// When it does not answer.
pub fn connect(url: &str) -> Result<Rpc, StartChainError> {
    let config = rpc::Config {
        timeout: Duration::from_secs(30),
        rests: Rests { first: Duration::from_millis(50), longest: Duration::from_millis(500) },
        survey_every: Duration::ZERO,
        head_age_max: Duration::ZERO,
        confirmations: 1,
        send_within: Duration::from_mins(2),
        poll_every: Duration::from_millis(20),
        ..rpc::Config::new(CHAIN_ID, vec![Endpoint::parse(url)?])
    };
    Ok(Rpc::connect(&config, Box::new(InMemory::default()))?)
}

/// This machine's time, in seconds since the Unix epoch.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
