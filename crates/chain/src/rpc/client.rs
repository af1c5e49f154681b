//! Typed questions to one endpoint.

use core::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::{Address, B256, Bytes, U64, U128, U256, keccak256};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::config::{Config, Endpoint, ExpectedCode};
use super::fault::Fault;
use super::interrupt::Interrupt;
use super::transport::Transport;
use super::wire;

/// An endpoint that can be asked.
pub(super) struct Client {
    name: String,
    transport: Transport,
    asked: AtomicU64,
    interrupt: Interrupt,
}

/// A block as an endpoint told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) timestamp_s: u64,
    pub(super) base_fee_wei: Option<u128>,
}

impl From<wire::Header> for Block {
    fn from(header: wire::Header) -> Self {
        Self {
            number: header.number.to(),
            hash: header.hash,
            timestamp_s: header.timestamp.to(),
            base_fee_wei: header.base_fee_per_gas.map(|fee| fee.to()),
        }
    }
}

impl Client {
    pub(super) fn new(endpoint: &Endpoint, config: &Config) -> Self {
        let transport = Transport::to(endpoint, config);
        let interrupt = config.interrupt.clone();
        Self { name: endpoint.name().to_owned(), transport, asked: AtomicU64::new(1), interrupt }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn ask<T: DeserializeOwned>(&self, method: &str, params: &Value) -> Result<T, Fault> {
        if self.interrupt.is_asked() {
            return Err(Fault::Interrupted);
        }
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.transport.exchange(&wire::request(id, method, params)?)?;
        let result = wire::result(id, &answer);
        if matches!(result, Err(Fault::Malformed(_))) {
            self.transport.reset();
        }
        result
    }

    pub(super) fn chain_id(&self) -> Result<u64, Fault> {
        self.ask("eth_chainId", &json!([])).map(|id: U64| id.to())
    }

    /// The newest block.
    pub(super) fn head(&self) -> Result<Block, Fault> {
        let header: Option<wire::Header> = self.ask("eth_getBlockByNumber", &json!(["latest", false]))?;
        header.map(Block::from).ok_or_else(|| Fault::Malformed("there is no newest block".to_owned()))
    }

    /// The block with this number; `None` beyond the newest.
    pub(super) fn block(&self, number: u64) -> Result<Option<Block>, Fault> {
        let params = json!([U64::from(number), false]);
        let header: Option<wire::Header> = self.ask("eth_getBlockByNumber", &params)?;
        match header.map(Block::from) {
            Some(block) if block.number != number => {
                Err(Fault::Malformed(format!("block {} was told for block {number}", block.number)))
            }
            block => Ok(block),
        }
    }

    pub(super) fn code_hash(&self, address: Address) -> Result<B256, Fault> {
        self.ask("eth_getCode", &json!([address, "latest"])).map(|code: Bytes| keccak256(code))
    }

    /// Transactions of `account` up to and including `block`: a number, `latest` or `pending`.
    pub(super) fn nonce(&self, account: Address, block: &Value) -> Result<u64, Fault> {
        self.ask("eth_getTransactionCount", &json!([account, block])).map(|count: U64| count.to())
    }

    pub(super) fn balance(&self, account: Address) -> Result<U256, Fault> {
        self.ask("eth_getBalance", &json!([account, "latest"]))
    }

    /// The suggested tip, in wei; 0 where the endpoint suggests none.
    pub(super) fn tip(&self) -> Result<u128, Fault> {
        match self.ask("eth_maxPriorityFeePerGas", &json!([])) {
            Ok(tip) => Ok(U128::to(&tip)),
            Err(Fault::Error { .. }) => Ok(0),
            Err(fault) => Err(fault),
        }
    }

    /// Whether it is the expected chain with the expected contracts.
    pub(super) fn check(&self, expected: u64, codes: &[ExpectedCode]) -> Result<(), Fault> {
        let found = self.chain_id()?;
        if found != expected {
            return Err(Fault::WrongChain { expected, found });
        }
        for &ExpectedCode { address, code_hash: expected } in codes {
            let found = self.code_hash(address)?;
            if found != expected {
                return Err(Fault::WrongCode { address, expected, found });
            }
        }
        Ok(())
    }
}
