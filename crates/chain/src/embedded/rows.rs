//! How values are written to rows and read from them.

use alloy_primitives::{Address, B256, Bytes, Log, LogData, U256};
use rusqlite::Row;

use super::block::Block;
use crate::{Halt, LogEntry, Outcome, Receipt, StorageError};

/// An account's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) nonce: u64,
    pub(super) balance: U256,
    pub(super) code_hash: B256,
}

/// A number as `SQLite` holds it. All numbers stored have limits far below 2⁶³.
pub(super) fn integer(value: u64) -> Result<i64, StorageError> {
    i64::try_from(value).map_err(|_| StorageError::Corrupt(format!("number {value} is above 2^63")))
}

/// A word as the file holds it.
pub(super) fn word(value: U256) -> [u8; 32] {
    value.to_be_bytes()
}

pub(super) fn number(row: &Row<'_>, column: usize) -> Result<u64, StorageError> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| StorageError::Corrupt(format!("number {value} is negative")))
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> Result<B256, StorageError> {
    Ok(B256::from(row.get::<_, [u8; 32]>(column)?))
}

pub(super) fn optional_hash(row: &Row<'_>, column: usize) -> Result<Option<B256>, StorageError> {
    Ok(row.get::<_, Option<[u8; 32]>>(column)?.map(B256::from))
}

pub(super) fn uint(row: &Row<'_>, column: usize) -> Result<U256, StorageError> {
    Ok(U256::from_be_bytes(row.get::<_, [u8; 32]>(column)?))
}

fn address(row: &Row<'_>, column: usize) -> Result<Address, StorageError> {
    Ok(Address::from(row.get::<_, [u8; 20]>(column)?))
}

fn optional_address(row: &Row<'_>, column: usize) -> Result<Option<Address>, StorageError> {
    Ok(row.get::<_, Option<[u8; 20]>>(column)?.map(Address::from))
}

/// Columns `number, hash, parent, timestamp_s, transaction_hash`.
pub(super) fn block(row: &Row<'_>) -> Result<Block, StorageError> {
    Ok(Block {
        number: number(row, 0)?,
        hash: hash(row, 1)?,
        parent: hash(row, 2)?,
        timestamp_s: number(row, 3)?,
        transaction: optional_hash(row, 4)?,
    })
}

/// Columns `nonce, balance, code_hash`.
pub(super) fn account(row: &Row<'_>) -> Result<Account, StorageError> {
    Ok(Account { nonce: number(row, 0)?, balance: uint(row, 1)?, code_hash: hash(row, 2)? })
}

/// Columns `block, position, address, topic0, topic1, topic2, topic3, data, transaction_hash, block's hash`.
pub(super) fn log_entry(row: &Row<'_>) -> Result<LogEntry, StorageError> {
    let mut topics = Vec::with_capacity(4);
    for column in 3..7 {
        topics.extend(optional_hash(row, column)?);
    }
    let data = LogData::new_unchecked(topics, Bytes::from(row.get::<_, Vec<u8>>(7)?));
    let index = u32::try_from(number(row, 1)?)
        .map_err(|_| StorageError::Corrupt("a log's position is above 2^32".to_owned()))?;
    Ok(LogEntry {
        log: Log { address: address(row, 2)?, data },
        block_number: number(row, 0)?,
        block_hash: hash(row, 9)?,
        index,
        transaction_hash: hash(row, 8)?,
    })
}

/// Columns `transaction_hash, block, block's hash, sender, recipient, created, gas_used, gas_price_wei,
/// outcome, revert_data`; the logs are read apart.
pub(super) fn receipt(row: &Row<'_>) -> Result<Receipt, StorageError> {
    Ok(Receipt {
        transaction_hash: hash(row, 0)?,
        block_number: number(row, 1)?,
        block_hash: hash(row, 2)?,
        from: address(row, 3)?,
        to: optional_address(row, 4)?,
        created: optional_address(row, 5)?,
        gas_used: number(row, 6)?,
        gas_price_wei: number(row, 7)?.into(),
        outcome: outcome(number(row, 8)?, row.get(9)?)?,
        logs: Vec::new(),
    })
}

fn outcome(code: u64, revert_data: Vec<u8>) -> Result<Outcome, StorageError> {
    Ok(match code {
        0 => Outcome::Success,
        1 => Outcome::Reverted(revert_data.into()),
        2 => Outcome::Halted(Halt::OutOfGas),
        3 => Outcome::Halted(Halt::CodeNotStorable),
        4 => Outcome::Halted(Halt::InvalidExecution),
        5 => Outcome::Halted(Halt::Other),
        _ => return Err(StorageError::Corrupt(format!("outcome {code} is unknown"))),
    })
}

/// Code and revert data of an outcome.
pub(super) fn outcome_columns(outcome: &Outcome) -> (i64, &[u8]) {
    match outcome {
        Outcome::Success => (0, &[]),
        Outcome::Reverted(data) => (1, data),
        Outcome::Halted(Halt::OutOfGas) => (2, &[]),
        Outcome::Halted(Halt::CodeNotStorable) => (3, &[]),
        Outcome::Halted(Halt::InvalidExecution) => (4, &[]),
        Outcome::Halted(Halt::Other) => (5, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_survives_the_file() {
        let halts = [Halt::OutOfGas, Halt::CodeNotStorable, Halt::InvalidExecution, Halt::Other];
        let mut outcomes = vec![Outcome::Success, Outcome::Reverted(Bytes::from_static(&[1, 2]))];
        outcomes.extend(halts.map(Outcome::Halted));
        for expected in outcomes {
            let (code, data) = outcome_columns(&expected);
            let code = u64::try_from(code).expect("small");
            assert_eq!(outcome(code, data.to_vec()).expect("known"), expected);
        }
        assert!(outcome(6, Vec::new()).is_err());
    }
}
