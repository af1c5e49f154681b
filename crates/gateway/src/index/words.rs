//! What is in the file as this house has it.

use alloy_primitives::{Address, B256, FixedBytes};
use multee_protocol::Parameters;
use multee_protocol::machine::ReferenceValue;
use rusqlite::Row;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Fault;
use crate::shown::Hash;

/// A row's values, from the first on.
pub(crate) struct Taking<'a> {
    row: &'a Row<'a>,
    at: usize,
}

impl<'a> Taking<'a> {
    pub(crate) fn of(row: &'a Row<'a>) -> Self {
        Self { row, at: 0 }
    }

    /// Goes on after so many values.
    pub(crate) fn skip(&mut self, values: usize) -> &mut Self {
        self.at += values;
        self
    }

    pub(crate) fn next<T: rusqlite::types::FromSql>(&mut self) -> rusqlite::Result<T> {
        self.at += 1;
        self.row.get(self.at - 1)
    }

    /// A number that is not negative.
    pub(crate) fn number(&mut self) -> rusqlite::Result<u64> {
        let number: i64 = self.next()?;
        u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(self.at - 1, number))
    }

    pub(crate) fn hash(&mut self) -> rusqlite::Result<B256> {
        self.next::<[u8; 32]>().map(B256::from)
    }

    pub(crate) fn address(&mut self) -> rusqlite::Result<Address> {
        self.next::<[u8; 20]>().map(Address::from)
    }

    pub(crate) fn amount(&mut self) -> rusqlite::Result<u128> {
        self.next::<[u8; 16]>().map(u128::from_be_bytes)
    }

    pub(crate) fn power(&mut self) -> rusqlite::Result<u64> {
        self.next::<[u8; 8]>().map(u64::from_be_bytes)
    }
}

pub(super) fn bytes<const N: usize>(bytes: FixedBytes<N>) -> Value {
    Value::Blob(bytes.to_vec())
}

pub(super) fn address(address: Address) -> Value {
    Value::Blob(address.to_vec())
}

pub(super) fn amount(amount: u128) -> Value {
    Value::Blob(amount.to_be_bytes().to_vec())
}

pub(super) fn power(power: u64) -> Value {
    Value::Blob(power.to_be_bytes().to_vec())
}

pub(super) fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::Misfit("a value that has no text"))
}

/// Parameters as they were written.
pub(super) fn parameters(text: &str) -> Result<Parameters, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Misfit("parameters"))
}

/// A measurement with the epochs in which it is allowed, both included (R16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reference {
    /// The measurement.
    #[schema(value_type = Hash)]
    pub measurement: B256,
    /// The first epoch in which it is allowed.
    pub from_epoch: u32,
    /// The last epoch in which it is allowed.
    pub until_epoch: u32,
}

impl From<&ReferenceValue> for Reference {
    fn from(value: &ReferenceValue) -> Self {
        let ReferenceValue { measurement, from_epoch, until_epoch } = *value;
        Self { measurement, from_epoch, until_epoch }
    }
}
