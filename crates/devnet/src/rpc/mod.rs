//! JSON-RPC in front of the embedded chain: other programs use it as they would use any EVM chain.
//!
//! It has what nodes, wallets and `cast` ask for; see `methods`. Transactions are EIP-1559's, their signatures, chain
//! id and nonces are checked here, and each is executed at once, in a block of its own: nothing is ever pending, and
//! no block is taken back. States can be asked [`STATES_KEPT`](multee_chain::embedded::STATES_KEPT) blocks back.
//!
//! A server, [`JsonRpc::serve`], answers on 127.0.0.1. With [`Clock::Real`] a block is made every second, and before
//! each transaction if time went on; with [`Clock::Virtual`] time and empty blocks are what `evm_mine` and
//! `anvil_mine` say.

mod envelope;
mod error;
mod gas;
mod methods;
mod params;
mod raw;
mod sending;
mod sent;
mod shown;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::{Method, StatusCode};
use multee_chain::ChainError;
use multee_chain::embedded::Embedded;

use crate::http::{Answer, Asked, Given, Limits, Server};
use sent::SentTransactions;

pub use envelope::BATCH_MAX;
pub use error::RpcError;

/// Who says what time it is on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// This machine.
    Real,
    /// Whoever asks for `evm_mine` or `anvil_mine`, which exist only then.
    Virtual,
}

/// Answers JSON-RPC from an embedded chain.
pub struct JsonRpc {
    chain: Arc<Embedded>,
    chain_id: u64,
    gas_price_wei: u64,
    clock: Clock,
    /// Held while a transaction is checked and executed.
    sent: Mutex<SentTransactions>,
}

/// A server with its clock. Both are gone when it is dropped.
#[derive(Debug)]
pub struct Serving {
    server: Server,
    stop: Option<mpsc::Sender<()>>,
    ticking: Option<JoinHandle<()>>,
}

impl JsonRpc {
    /// In front of `chain`, on which gas costs what its configuration said when it was opened.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub fn new(chain: Arc<Embedded>, gas_price_wei: u64, clock: Clock) -> Result<Self, ChainError> {
        let chain_id = multee_chain::Chain::head(chain.as_ref())?.chain_id;
        Ok(Self { chain, chain_id, gas_price_wei, clock, sent: Mutex::default() })
    }

    /// Serves on 127.0.0.1 at `port`, 0 for any that is free.
    ///
    /// # Errors
    /// When the port is taken, or threads cannot be had.
    pub fn serve(self, port: u16, limits: Limits) -> io::Result<Serving> {
        let face = Arc::new(self);
        let shared: Arc<dyn Answer> = Arc::<Self>::clone(&face);
        let server = Server::start(port, limits, shared)?;
        let (stop, stopped) = mpsc::channel();
        let ticking = match face.clock {
            Clock::Real => {
                Some(thread::Builder::new().name("clock".to_owned()).spawn(move || tick(&face, &stopped))?)
            }
            Clock::Virtual => None,
        };
        Ok(Serving { server, stop: Some(stop), ticking })
    }

    /// Lets the chain's time catch up with this machine's, if that is its clock.
    fn tell_time(&self) -> Result<(), ChainError> {
        if self.clock == Clock::Virtual {
            return Ok(());
        }
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        match self.chain.set_time(now_s) {
            // A machine's clock may be set back; the chain's waits until it has been caught up with.
            Ok(_) | Err(ChainError::TimeGoesBack { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn sent(&self) -> MutexGuard<'_, SentTransactions> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A block every second, until the other end of the channel is gone. A chain that is broken says so when it is asked.
fn tick(face: &JsonRpc, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
        let _ = face.tell_time();
    }
}

impl Answer for JsonRpc {
    fn answer(&self, asked: &Asked) -> Given {
        if asked.method != Method::POST {
            return Given::status(StatusCode::METHOD_NOT_ALLOWED);
        }
        match envelope::answer(&asked.body, |method, params| self.ask(method, params)) {
            Some(answer) => Given::json(answer),
            None => Given::status(StatusCode::NO_CONTENT),
        }
    }
}

impl Serving {
    /// Its URL.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.ticking.take().map(JoinHandle::join);
    }
}

impl core::fmt::Debug for JsonRpc {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("JsonRpc").field("chain_id", &self.chain_id).finish_non_exhaustive()
    }
}
