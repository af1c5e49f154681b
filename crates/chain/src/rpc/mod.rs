//! A public chain, over JSON-RPC on HTTP or `WebSocket`.
//!
//! **Endpoints.** Several, in order of preference. The first that can answer is asked; one that fails (see [`Fault`])
//! is left alone for a while, doubled with every failure, and the next is asked. Before it is asked anything, and again
//! after each failure, an endpoint must agree on the chain's id and on the code of [`Config::expected_codes`]. One
//! whose newest block is behind the others', or behind what a caller was told, is passed over, so that answers never
//! go back in time because another endpoint gives them. [`Rpc::standings`] says how each of them stands.
//!
//! This guards against broken endpoints, not against one that lies with care: who can be asked is the operator's
//! choice, and what an endpoint says of blocks is believed. With three or more, one alone cannot make the others look
//! stale.
//!
//! **Transactions.** They are tried first; what would fail is not sent
//! ([`Refusal::WouldRevert`](crate::Refusal::WouldRevert)). They
//! are signed here or by an [`ExternalSigner`] (EIP-1559), whose answer is checked, then written to the [`Journal`], and given to all endpoints. One that is stuck is replaced
//! by one with the same nonce that pays at least an eighth more, up to [`FeeLimits`]. [`Chain::send`] returns when
//! the receipt is [`Config::confirmations`] deep, and until then brings back what a reorganisation dropped. When time
//! or fees run out first, the outcome is open ([`ChainError::Pending`]): sending again, anything, goes on with it
//! first. [`Once::Key`](crate::Once::Key) holds as far as the journal remembers, and all attempts for a key have one
//! nonce until another transaction has used that up for good.
//!
//! **Reorganisations.** A receipt whose block is no longer the chain's is none. [`head_at_depth`](crate::head_at_depth)
//! gives a block that is unlikely to go away. Logs can be asked for [upon blocks](LogFilter::upon) that whoever answers
//! must have.
//!
//! **History.** An endpoint that has deleted what was asked about is passed over ([`Fault::Pruned`]); when nobody has it,
//! the answer is [`ChainError::Pruned`].
//!
//! **Trust.** A server on TLS is vouched for by public authorities, or by those that its [`Endpoint`] is
//! [given](Endpoint::trusting).
//!
//! **Interruption.** When [`Config::interrupt`] is asked for, nobody is asked anything more: a question that has gone out
//! ends within [`Config::timeout`], everything else at once ([`ChainError::Interrupted`]). What was sent until then is in
//! the journal.
//!
//! **Bounds.** Each answer in time and bytes; bytes beyond the limit are not read. Nothing here sends in the background,
//! and of the host's clocks only the monotonic one is read.

mod account;
mod backoff;
mod client;
mod config;
mod deadline;
mod external;
mod fault;
mod fees;
mod http;
mod interrupt;
mod journal;
mod logs;
mod outcome;
mod pace;
mod passage;
mod pool;
pub mod probe;
mod roster;
mod sending;
mod signing;
mod transport;
mod trust;
mod verdict;
mod websocket;
mod wire;

use core::time::Duration;

use alloy_primitives::{B256, U64};
use serde_json::json;

use crate::{
    Answer, CALL_GAS_MAX, Call, Chain, ChainError, DATA_BYTES_MAX, Head, Limit, LogEntry, LogFilter, Receipt,
    Sender, Transaction,
};
use client::Block;
use pool::Pool;
use sending::Sending;

pub use account::GasPrice;
pub use backoff::Rests;
pub use config::{Config, Endpoint, ExpectedCode, InvalidEndpoint};
pub use external::ExternalSigner;
pub use fault::Fault;
pub use fees::{FeeLimits, Fees};
pub use interrupt::Interrupt;
pub use journal::{Attempt, Entry, IN_MEMORY_MAX, InMemory, Journal};
pub use roster::Standing;
pub use trust::{InvalidRoots, TLS_ROOTS_MAX, TlsRoots};

/// Endpoints a chain may have.
pub const ENDPOINTS_MAX: usize = 16;
/// Blocks a transaction can be asked to be deep: endpoints keep the states of twice as many at least.
pub const CONFIRMATIONS_MAX: u64 = 64;

/// A public chain. See the [module](self).
pub struct Rpc {
    chain_id: u64,
    pool: Pool,
    sending: Sending,
}

impl Rpc {
    /// The chain behind these endpoints, one of which must answer. What is sent is remembered by `journal`.
    ///
    /// # Errors
    /// [`ChainError::WrongChain`] or [`ChainError::WrongCode`] when all endpoints are of another chain or contract,
    /// [`ChainError::Unreachable`] when for these or other reasons none can be used, [`ChainError::Limit`] when the
    /// configuration is out of bounds.
    pub fn connect(config: &Config, journal: Box<dyn Journal>) -> Result<Self, ChainError> {
        Limit::Endpoints.check(config.endpoints.len() as u64, ENDPOINTS_MAX as u64)?;
        Limit::Confirmations.check(config.confirmations, CONFIRMATIONS_MAX)?;
        let (pool, sending) = (Pool::new(config), Sending::new(config, journal));
        let chain = Self { chain_id: config.chain_id, pool, sending };
        chain.head()?;
        Ok(chain)
    }

    /// How each endpoint stands, by its name and in order of preference.
    pub fn standings(&self) -> Vec<(String, Standing)> {
        self.pool.standings()
    }

    fn shown(&self, block: Block) -> Head {
        Head {
            chain_id: self.chain_id,
            number: block.number,
            timestamp_s: block.timestamp_s,
            hash: block.hash,
        }
    }
}

impl core::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Rpc").field("chain_id", &self.chain_id).finish_non_exhaustive()
    }
}

impl Chain for Rpc {
    fn head(&self) -> Result<Head, ChainError> {
        let block = self.pool.ask_knowing(Duration::ZERO, |visit| Ok(visit.head))?;
        self.pool.told(block.number);
        Ok(self.shown(block))
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        Ok(self.pool.ask(|visit| visit.client.block(number))?.map(|block| self.shown(block)))
    }

    /// Asked of the newest block that the endpoint is known to have, not of whatever `latest` is for it.
    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        Limit::DataBytes.check(call.data.len() as u64, DATA_BYTES_MAX as u64)?;
        Limit::CallGas.check(call.gas_limit, CALL_GAS_MAX)?;
        let gas = U64::from(call.gas_limit);
        let asked = json!({"from": call.from, "to": call.to, "data": call.data, "gas": gas});
        self.pool.ask(|visit| {
            let at = U64::from(visit.head.number);
            outcome::answer(visit.client.ask("eth_call", &json!([asked, at])))
        })
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        self.sending.send(&self.pool, sender, transaction)
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.pool.ask(|visit| outcome::receipt(visit.client, transaction_hash))
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        filter.check()?;
        self.pool.ask(|visit| logs::read(visit, filter))?
    }
}
