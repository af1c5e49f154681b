//! Foundry's `anvil` as the chain of a devnet.

use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::{Address, U64, U256};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::child::{Process, ProcessError};
use crate::crew::Programs;

/// How long it may take to start.
const START: Duration = Duration::from_mins(1);
/// How long it may take to answer.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// Where npm puts it, below the repository.
const FROM_NPM: &str = "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

/// A running `anvil`. It is killed when dropped.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    url: String,
    agent: ureq::Agent,
}

/// Why `anvil` does not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum AnvilError {
    /// The process.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It cannot be asked.
    #[error("anvil cannot be asked for {method}")]
    Unreachable {
        /// What it was asked for.
        method: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// It refuses, or answers something else.
    #[error("anvil answers to {method}: {answer}")]
    Refused {
        /// What it was asked for.
        method: String,
        /// What it says.
        answer: String,
    },
}

impl Anvil {
    /// Where it is, if nobody says: where npm puts it, seen from the working directory; else wherever the system looks
    /// for programs.
    pub fn usual_program() -> PathBuf {
        let installed = Path::new(FROM_NPM);
        if installed.is_file() { installed.to_owned() } else { PathBuf::from("anvil") }
    }

    /// Starts it, `program`, on 127.0.0.1 at `port`, 0 for any that is free, writing to `log`.
    ///
    /// # Errors
    /// When it is not there or does not come up.
    pub fn start(
        programs: &Programs,
        program: &Path,
        chain_id: u64,
        port: u16,
        arguments: &[&str],
        log: &Path,
    ) -> Result<Self, AnvilError> {
        let mut command = programs.child(program);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--chain-id", &chain_id.to_string()]).args(arguments);
        let mut process = Process::start("anvil", command, log)?;
        let listening = || {
            let said = std::fs::read_to_string(log).ok()?;
            let (_, rest) = said.split_once("Listening on ")?;
            rest.split_once('\n').map(|(address, _)| address.trim().to_owned())
        };
        let address = process.wait_for(START, listening)?;
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            // A connection may be closed just when it is used again; a new one costs little.
            .max_idle_connections(0)
            .build()
            .into();
        Ok(Self { process, url: format!("http://{address}"), agent })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Asks for a method's result.
    ///
    /// # Errors
    /// When there is none of this type.
    pub fn ask<T: DeserializeOwned>(&self, method: &str, params: &Value) -> Result<T, AnvilError> {
        let unreachable =
            |source| AnvilError::Unreachable { method: method.to_owned(), source: Box::new(source) };
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let sent = self.agent.post(&self.url).content_type("application/json").send(request);
        let mut response = sent.map_err(unreachable)?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let body = body.map_err(unreachable)?;
        let refused =
            || AnvilError::Refused { method: method.to_owned(), answer: body.chars().take(300).collect() };
        let answer: Value = serde_json::from_str(&body).map_err(|_| refused())?;
        let Some(result) = answer.get("result") else { return Err(refused()) };
        T::deserialize(result).map_err(|_| refused())
    }

    /// Gives an account this much, in wei.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn set_balance(&self, account: Address, wei: U256) -> Result<(), AnvilError> {
        self.ask::<Value>("anvil_setBalance", &json!([account, wei])).map(drop)
    }

    /// A block every so many seconds from now on, instead of one for each transaction.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn mine_every(&self, seconds: u64) -> Result<(), AnvilError> {
        self.ask::<Value>("evm_setIntervalMining", &json!([seconds])).map(drop)
    }

    /// One block for each transaction, or none but those that are asked for.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn set_automine(&self, on: bool) -> Result<(), AnvilError> {
        self.ask::<Value>("evm_setAutomine", &json!([on])).map(drop)
    }

    /// So many blocks.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn mine(&self, blocks: u64) -> Result<(), AnvilError> {
        self.ask::<Value>("anvil_mine", &json!([U64::from(blocks)])).map(drop)
    }

    /// A block with this time, in seconds since the Unix epoch; those after it go on from there.
    ///
    /// # Errors
    /// When the newest block is later, or it does not answer.
    pub fn mine_at(&self, time_s: u64) -> Result<(), AnvilError> {
        self.ask::<Value>("evm_setNextBlockTimestamp", &json!([U64::from(time_s)]))?;
        self.mine(1)
    }

    /// Transactions that wait for a block.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn pending(&self) -> Result<u64, AnvilError> {
        #[derive(serde::Deserialize)]
        struct Status {
            pending: U64,
        }
        Ok(self.ask::<Status>("txpool_status", &json!([]))?.pending.to())
    }
}
