//! Blocks, transactions, receipts and logs as JSON-RPC shows them. What this chain has not (roots of tries, uncles,
//! proposers) is shown as nothing.

use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U64, U128, U256, b256, logs_bloom};
use multee_chain::embedded::BlockRecord;
use multee_chain::{CALL_GAS_MAX, LogEntry, Outcome, Receipt};
use serde_json::{Value, json};

use super::raw::Raw;

/// keccak256 of the RLP of an empty list: a block without uncles.
const NO_UNCLES: B256 = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");

/// A block with its transaction, as a hash or in full, and that one's receipt.
pub(crate) fn block(
    block: &BlockRecord,
    transaction: Option<Value>,
    receipt: Option<&Receipt>,
    base_fee_wei: u64,
) -> Value {
    let transactions: Vec<Value> = transaction.into_iter().collect();
    json!({
        "number": U64::from(block.head.number),
        "hash": block.head.hash,
        "parentHash": block.parent_hash,
        "timestamp": U64::from(block.head.timestamp_s),
        "mixHash": block.randomness,
        "baseFeePerGas": U64::from(base_fee_wei),
        "gasLimit": U64::from(CALL_GAS_MAX),
        "gasUsed": U64::from(receipt.map_or(0, |receipt| receipt.gas_used)),
        "logsBloom": receipt.map_or(Bloom::ZERO, bloom),
        "transactions": transactions,
        "sha3Uncles": NO_UNCLES,
        "uncles": [],
        "miner": Address::ZERO,
        "difficulty": "0x0",
        "extraData": "0x",
        "nonce": B64::ZERO,
        "size": "0x0",
        "stateRoot": B256::ZERO,
        "transactionsRoot": B256::ZERO,
        "receiptsRoot": B256::ZERO,
    })
}

/// What came of a transaction.
pub(crate) fn receipt(receipt: &Receipt) -> Value {
    let logs: Vec<Value> = receipt.logs.iter().map(log).collect();
    json!({
        "type": "0x2",
        "transactionHash": receipt.transaction_hash,
        "transactionIndex": "0x0",
        "blockNumber": U64::from(receipt.block_number),
        "blockHash": receipt.block_hash,
        "from": receipt.from,
        "to": receipt.to,
        "contractAddress": receipt.created,
        "gasUsed": U64::from(receipt.gas_used),
        "cumulativeGasUsed": U64::from(receipt.gas_used),
        "effectiveGasPrice": U128::from(receipt.gas_price_wei),
        "status": U64::from(u64::from(receipt.outcome == Outcome::Success)),
        "logsBloom": bloom(receipt),
        "logs": logs,
    })
}

/// An event.
pub(crate) fn log(entry: &LogEntry) -> Value {
    json!({
        "address": entry.log.address,
        "topics": entry.log.topics(),
        "data": entry.log.data.data,
        "blockNumber": U64::from(entry.block_number),
        "blockHash": entry.block_hash,
        "transactionHash": entry.transaction_hash,
        "transactionIndex": "0x0",
        "logIndex": U64::from(u64::from(entry.index)),
        "removed": false,
    })
}

/// A transaction in the block that its receipt tells of.
pub(crate) fn transaction(raw: &Raw, receipt: &Receipt) -> Value {
    let (signed, signature) = (raw.signed.tx(), raw.signed.signature());
    let parity = U64::from(u64::from(signature.v()));
    json!({
        "type": "0x2",
        "hash": raw.authorised.hash,
        "chainId": U64::from(signed.chain_id),
        "nonce": U64::from(signed.nonce),
        "gas": U64::from(signed.gas_limit),
        "maxFeePerGas": U128::from(signed.max_fee_per_gas),
        "maxPriorityFeePerGas": U128::from(signed.max_priority_fee_per_gas),
        "gasPrice": U128::from(receipt.gas_price_wei),
        "from": raw.authorised.sender,
        "to": raw.authorised.transaction.to,
        "value": signed.value,
        "input": Bytes::clone(&signed.input),
        "accessList": [],
        "r": signature.r(),
        "s": signature.s(),
        "v": parity,
        "yParity": parity,
        "blockNumber": U64::from(receipt.block_number),
        "blockHash": receipt.block_hash,
        "transactionIndex": "0x0",
    })
}

/// Fees of blocks from `oldest` on: the same in each. One more base fee than there are blocks, for the next one.
pub(crate) fn fee_history(oldest: u64, blocks: u64, percentiles: usize, base_fee_wei: u64) -> Value {
    let count = usize::try_from(blocks).unwrap_or(0);
    json!({
        "oldestBlock": U64::from(oldest),
        "baseFeePerGas": vec![U64::from(base_fee_wei); count.saturating_add(1)],
        "gasUsedRatio": vec![0.0; count],
        "reward": vec![vec![U256::ZERO; percentiles]; count],
    })
}

fn bloom(receipt: &Receipt) -> Bloom {
    logs_bloom(receipt.logs.iter().map(|entry| &entry.log))
}
