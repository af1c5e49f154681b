//! What methods are asked with.

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use multee_chain::{LogFilter, Once, Transaction};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::RpcError;

/// Parameters by place.
pub(crate) struct Params(Vec<Value>);

impl Params {
    pub(crate) fn read(params: Option<Value>) -> Result<Self, RpcError> {
        match params {
            None | Some(Value::Null) => Ok(Self(Vec::new())),
            Some(Value::Array(values)) => Ok(Self(values)),
            Some(_) => Err(RpcError::params("parameters must be an array")),
        }
    }

    /// The one at `place`, which must be there.
    pub(crate) fn get<T: DeserializeOwned>(&self, place: usize) -> Result<T, RpcError> {
        self.optional(place)?.ok_or_else(|| RpcError::params(format!("missing value for argument {place}")))
    }

    pub(crate) fn optional<T: DeserializeOwned>(&self, place: usize) -> Result<Option<T>, RpcError> {
        let Some(value) = self.0.get(place).filter(|value| !value.is_null()) else { return Ok(None) };
        let read = T::deserialize(value);
        read.map(Some).map_err(|error| RpcError::params(format!("invalid argument {place}: {error}")))
    }
}

/// Which block is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockId {
    /// The newest. Nothing is pending here, and nothing is taken back.
    Latest,
    Number(u64),
    Hash(B256),
}

impl<'de> Deserialize<'de> for BlockId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Number(U64),
            Tag(String),
            Object(Object),
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Object {
            block_number: Option<U64>,
            block_hash: Option<B256>,
        }
        let unknown = || serde::de::Error::custom("no such block tag");
        match Shape::deserialize(deserializer)? {
            Shape::Number(number)
            | Shape::Object(Object { block_number: Some(number), block_hash: None }) => {
                Ok(Self::Number(number.to()))
            }
            Shape::Tag(tag) => match tag.as_str() {
                "latest" | "pending" | "safe" | "finalized" => Ok(Self::Latest),
                "earliest" => Ok(Self::Number(0)),
                _ => Err(unknown()),
            },
            Shape::Object(Object { block_hash: Some(hash), .. }) => Ok(Self::Hash(hash)),
            Shape::Object(_) => Err(unknown()),
        }
    }
}

/// A transaction that is to be tried. Prices and nonces are not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct TrialRequest {
    #[serde(default)]
    pub(crate) from: Address,
    to: Option<Address>,
    /// The newer name. Clients that know servers of either kind send both.
    input: Option<Bytes>,
    data: Option<Bytes>,
    #[serde(default)]
    value: U256,
    gas: Option<U64>,
}

impl TrialRequest {
    /// With the gas it names, at most `gas_max`.
    pub(crate) fn transaction(&self, gas_max: u64) -> Result<Transaction, RpcError> {
        if self.input.is_some() && self.data.is_some() && self.input != self.data {
            return Err(RpcError::params("both \"data\" and \"input\" are set and not equal"));
        }
        Ok(Transaction {
            to: self.to,
            data: self.input.clone().or_else(|| self.data.clone()).unwrap_or_default(),
            value: self.value,
            gas_limit: self.gas.map_or(gas_max, |gas| gas.to::<u64>().min(gas_max)),
            once: Once::Nonce,
        })
    }
}

/// Which logs are asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FilterRequest {
    from_block: Option<BlockId>,
    to_block: Option<BlockId>,
    block_hash: Option<B256>,
    address: Option<OneOrMany<Address>>,
    #[serde(default)]
    topics: Vec<Option<OneOrMany<B256>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> From<OneOrMany<T>> for Vec<T> {
    fn from(some: OneOrMany<T>) -> Self {
        match some {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

impl FilterRequest {
    /// With the numbers that `number_of` gives blocks; `None` if there is no such block.
    pub(crate) fn filter(
        self,
        number_of: impl Fn(BlockId) -> Result<Option<u64>, RpcError>,
    ) -> Result<Option<LogFilter>, RpcError> {
        if self.topics.len() > 4 {
            return Err(RpcError::params("logs have at most four topics"));
        }
        let (from, to) = match self.block_hash {
            Some(hash) => (BlockId::Hash(hash), BlockId::Hash(hash)),
            None => (self.from_block.unwrap_or(BlockId::Latest), self.to_block.unwrap_or(BlockId::Latest)),
        };
        let (Some(from_block), Some(to_block)) = (number_of(from)?, number_of(to)?) else { return Ok(None) };
        let mut filter = LogFilter { from_block, to_block, ..LogFilter::default() };
        filter.addresses = self.address.map(Vec::from).unwrap_or_default();
        for (topic, asked) in filter.topics.iter_mut().zip(self.topics) {
            *topic = asked.map(Vec::from).unwrap_or_default();
        }
        Ok(Some(filter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_are_named_in_every_way_that_clients_know() {
        let read = |value: Value| serde_json::from_value::<BlockId>(value).ok();
        assert_eq!(read(json!("latest")), Some(BlockId::Latest));
        assert_eq!(read(json!("pending")), Some(BlockId::Latest));
        assert_eq!(read(json!("earliest")), Some(BlockId::Number(0)));
        assert_eq!(read(json!("0x10")), Some(BlockId::Number(16)));
        assert_eq!(read(json!({"blockNumber": "0x10"})), Some(BlockId::Number(16)));
        let hash = B256::repeat_byte(3);
        assert_eq!(read(json!({"blockHash": hash, "requireCanonical": true})), Some(BlockId::Hash(hash)));
        for wrong in [json!("newest"), json!({}), json!("0x1ffffffffffffffff"), json!(-1)] {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn data_goes_by_either_name_or_both_but_not_by_two_values() {
        let read =
            |value: Value| serde_json::from_value::<TrialRequest>(value).expect("a request").transaction(9);
        let data = |value| read(value).map(|transaction| transaction.data);
        let one = Ok(Bytes::from_static(&[1]));
        assert_eq!(data(json!({"data": "0x01"})), one);
        assert_eq!(data(json!({"input": "0x01"})), one);
        assert_eq!(data(json!({"input": "0x01", "data": "0x01"})), one);
        assert!(data(json!({"input": "0x01", "data": "0x02"})).is_err());
        assert_eq!(data(json!({"gas": "0xff"})), Ok(Bytes::new()));
        assert_eq!(read(json!({"gas": "0xff"})).expect("good").gas_limit, 9, "no more than may be");
    }

    #[test]
    fn filters_take_one_or_many_and_null_for_any() {
        let (a, b) = (Address::repeat_byte(1), B256::repeat_byte(2));
        let asked = json!({"fromBlock": "0x1", "address": a, "topics": [null, [b]]});
        let asked: FilterRequest = serde_json::from_value(asked).expect("a filter");
        let number = |id| Ok(Some(if let BlockId::Number(number) = id { number } else { 9 }));
        let filter = asked.filter(number).expect("good").expect("there");
        assert_eq!((filter.from_block, filter.to_block), (1, 9));
        assert_eq!((filter.addresses, filter.topics), (vec![a], [vec![], vec![b], vec![], vec![]]));
    }
}
