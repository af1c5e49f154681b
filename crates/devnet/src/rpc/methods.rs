//! The methods.

use alloy_primitives::{Address, B256, U64};
use multee_chain::embedded::{AccountState, At, BlockRecord};
use multee_chain::{CALL_GAS_MAX, Chain, TRANSACTION_GAS_MAX};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::RpcError;
use super::params::{BlockId, FilterRequest, Params, TrialRequest};
use super::{Clock, JsonRpc, gas, shown};

/// Logs in one answer.
const LOGS_MAX: usize = 10_000;
/// Bytes of data of all logs in one answer: as JSON they are twice as long.
const LOG_BYTES_MAX: usize = 6 << 20;
/// Blocks whose fees are told at a time.
const FEE_BLOCKS_MAX: u64 = 1024;
/// Percentiles of tips that are told at a time.
const PERCENTILES_MAX: usize = 100;

impl JsonRpc {
    /// The result of a method.
    pub(super) fn ask(&self, method: &str, params: &Params) -> Result<Value, RpcError> {
        match method {
            "eth_chainId" => Ok(json!(U64::from(self.chain_id))),
            "net_version" => Ok(json!(self.chain_id.to_string())),
            "web3_clientVersion" => Ok(json!(concat!("multee-devnet/", env!("CARGO_PKG_VERSION")))),
            "eth_syncing" => Ok(json!(false)),
            "eth_accounts" => Ok(json!([])),
            "eth_blockNumber" => Ok(json!(U64::from(self.chain.head()?.number))),
            "eth_gasPrice" => Ok(json!(U64::from(self.gas_price_wei))),
            // All of the price is base fee, which is burnt.
            "eth_maxPriorityFeePerGas" => Ok(json!("0x0")),
            "eth_feeHistory" => self.fee_history(params),
            "eth_getBlockByNumber" => self.block(params.get(0)?, params),
            "eth_getBlockByHash" => self.block(BlockId::Hash(params.get(0)?), params),
            "eth_getBalance" => Ok(json!(self.account(params)?.balance_wei)),
            "eth_getCode" => Ok(json!(self.account(params)?.code)),
            "eth_getTransactionCount" => Ok(json!(U64::from(self.account(params)?.nonce))),
            "eth_call" => self.call(params),
            "eth_estimateGas" => self.estimate(params),
            "eth_sendRawTransaction" => self.send(params),
            "eth_getTransactionReceipt" => {
                let receipt = self.chain.receipt(params.get(0)?)?;
                Ok(receipt.as_ref().map_or(Value::Null, shown::receipt))
            }
            "eth_getTransactionByHash" => self.transaction(params.get(0)?),
            "eth_getLogs" => self.logs(params),
            "evm_mine" if self.clock == Clock::Virtual => self.mine_at(params),
            "anvil_mine" if self.clock == Clock::Virtual => self.mine(params),
            other => Err(RpcError::method(other)),
        }
    }

    fn find(&self, id: BlockId) -> Result<Option<BlockRecord>, RpcError> {
        Ok(match id {
            BlockId::Latest => self.chain.block_record(self.chain.head()?.number)?,
            BlockId::Number(number) => self.chain.block_record(number)?,
            BlockId::Hash(hash) => self.chain.block_with_hash(hash)?,
        })
    }

    fn number_of(&self, id: BlockId) -> Result<Option<u64>, RpcError> {
        match id {
            BlockId::Number(number) => Ok(Some(number)),
            other => Ok(self.find(other)?.map(|block| block.head.number)),
        }
    }

    /// The block in this place, the newest if there is none.
    fn number_at(&self, params: &Params, place: usize) -> Result<u64, RpcError> {
        let id = params.optional(place)?.unwrap_or(BlockId::Latest);
        self.number_of(id)?.ok_or_else(|| RpcError::refused("header not found"))
    }

    fn block(&self, id: BlockId, params: &Params) -> Result<Value, RpcError> {
        let Some(block) = self.find(id)? else { return Ok(Value::Null) };
        let receipt = block.transaction_hash.map(|hash| self.chain.receipt(hash)).transpose()?.flatten();
        let in_full = params.optional(1)?.unwrap_or(false);
        let transaction = match block.transaction_hash {
            Some(hash) if in_full => Some(self.transaction(hash)?).filter(|found| !found.is_null()),
            hash => hash.map(|hash| json!(hash)),
        };
        Ok(shown::block(&block, transaction, receipt.as_ref(), self.gas_price_wei))
    }

    fn account(&self, params: &Params) -> Result<AccountState, RpcError> {
        let (account, number): (Address, u64) = (params.get(0)?, self.number_at(params, 1)?);
        self.chain.account_at(number, account)?.ok_or_else(|| not_kept(number))
    }

    fn call(&self, params: &Params) -> Result<Value, RpcError> {
        let (asked, number): (TrialRequest, u64) = (params.get(0)?, self.number_at(params, 1)?);
        let tried = self.chain.try_at(At::Block(number), asked.from, &asked.transaction(CALL_GAS_MAX)?)?;
        Ok(json!(gas::returned(tried.ok_or_else(|| not_kept(number))?.answer)?))
    }

    /// In the next block, whatever block is named: that is where it is to be executed.
    fn estimate(&self, params: &Params) -> Result<Value, RpcError> {
        let asked: TrialRequest = params.get(0)?;
        self.tell_time()?;
        let needed = gas::estimate(&self.chain, asked.from, &asked.transaction(TRANSACTION_GAS_MAX)?)?;
        Ok(json!(U64::from(needed)))
    }

    fn transaction(&self, hash: B256) -> Result<Value, RpcError> {
        let sent = self.sent();
        let Some(raw) = sent.find(hash) else { return Ok(Value::Null) };
        let receipt = self.chain.receipt(hash)?;
        Ok(receipt.map_or(Value::Null, |receipt| shown::transaction(raw, &receipt)))
    }

    fn logs(&self, params: &Params) -> Result<Value, RpcError> {
        let asked: FilterRequest = params.get(0)?;
        let Some(filter) = asked.filter(|id| self.number_of(id))? else {
            return Err(RpcError::refused("header not found"));
        };
        if filter.from_block > filter.to_block {
            return Err(RpcError::params("invalid block range params"));
        }
        let entries = self.chain.logs(&filter)?;
        let bytes: usize = entries.iter().map(|entry| entry.log.data.data.len()).sum();
        if entries.len() > LOGS_MAX || bytes > LOG_BYTES_MAX {
            return Err(RpcError::too_much(
                "query returned more than 10000 results or 6 MiB: response size exceeded",
            ));
        }
        let shown: Vec<Value> = entries.iter().map(shown::log).collect();
        Ok(json!(shown))
    }

    fn fee_history(&self, params: &Params) -> Result<Value, RpcError> {
        let (count, newest): (U64, u64) = (params.get(0)?, self.number_at(params, 1)?);
        let percentiles = params.optional::<Vec<f64>>(2)?.unwrap_or_default().len();
        if percentiles > PERCENTILES_MAX {
            return Err(RpcError::params("over the query limit 100 of percentiles"));
        }
        let blocks = count.to::<u64>().min(FEE_BLOCKS_MAX).min(newest.saturating_add(1));
        let oldest = newest.saturating_add(1).saturating_sub(blocks);
        Ok(shown::fee_history(oldest, blocks, percentiles, self.gas_price_wei))
    }

    /// An empty block, at this time if one is given.
    fn mine_at(&self, params: &Params) -> Result<Value, RpcError> {
        match params.optional::<Time>(0)? {
            Some(time) => self.chain.set_time(time.seconds())?,
            None => self.chain.mine(1)?,
        };
        Ok(json!("0x0"))
    }

    /// So many empty blocks, with the newest one's time.
    fn mine(&self, params: &Params) -> Result<Value, RpcError> {
        let count = params.optional::<U64>(0)?.map_or(1, |count| count.to());
        self.chain.mine(count)?;
        Ok(Value::Null)
    }
}

/// Seconds since the Unix epoch, as a number or in hex.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Number(u64),
    Hex(U64),
}

impl Time {
    fn seconds(&self) -> u64 {
        match self {
            Self::Number(seconds) => *seconds,
            Self::Hex(seconds) => seconds.to(),
        }
    }
}

fn not_kept(number: u64) -> RpcError {
    RpcError::refused(format!("missing trie node: the state of block {number} is not kept"))
}
