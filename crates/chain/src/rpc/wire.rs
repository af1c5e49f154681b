//! JSON-RPC as it is on the wire: the fields that matter here, and none that some chains lack.

use alloy_primitives::{Address, B256, Bytes, LogData, U64, U128, U256};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::fault::Fault;
use crate::LogEntry;

#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: &'a Value,
}

#[derive(Deserialize)]
struct Response<'a> {
    id: Option<u64>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    error: Option<ResponseError>,
}

#[derive(Deserialize)]
struct ResponseError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<Value>,
}

/// A block's header.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    pub(super) number: U64,
    pub(super) hash: B256,
    pub(super) timestamp: U64,
    pub(super) base_fee_per_gas: Option<U128>,
}

/// A logged event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    pub(super) address: Address,
    pub(super) topics: Vec<B256>,
    pub(super) data: Bytes,
    pub(super) block_number: U64,
    pub(super) block_hash: B256,
    pub(super) transaction_hash: B256,
    #[serde(rename = "logIndex")]
    pub(super) index: U64,
    #[serde(default)]
    pub(super) removed: bool,
}

/// What came of a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    pub(super) transaction_hash: B256,
    pub(super) block_number: U64,
    pub(super) block_hash: B256,
    pub(super) from: Address,
    pub(super) to: Option<Address>,
    pub(super) contract_address: Option<Address>,
    pub(super) gas_used: U64,
    pub(super) effective_gas_price: U128,
    pub(super) status: U64,
    pub(super) logs: Vec<Log>,
}

/// A transaction, as far as it takes to see why it failed.
#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) hash: B256,
    pub(super) input: Bytes,
    pub(super) value: U256,
    pub(super) gas: U64,
}

/// A request's bytes.
pub(super) fn request(id: u64, method: &str, params: &Value) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(&Request { jsonrpc: "2.0", id, method, params }).map_err(|error| malformed(&error))
}

/// What an answer says. Nothing of it is parsed beyond the envelope until it is known to be an answer to `id`.
pub(super) fn result<T: DeserializeOwned>(id: u64, answer: &[u8]) -> Result<T, Fault> {
    let response: Response<'_> = serde_json::from_slice(answer).map_err(|error| malformed(&error))?;
    if let Some(error) = response.error {
        return Err(Fault::error(error.code, &error.message, error.data.as_ref().and_then(revert_data)));
    }
    if response.id != Some(id) {
        return Err(Fault::Malformed("the answer is to another question".to_owned()));
    }
    // A result of `null` is read as no result: for what may be absent, that is the same.
    let result = response.result.map_or("null", RawValue::get);
    serde_json::from_str(result).map_err(|error| malformed(&error))
}

/// The error an answer carries, if it is one: some servers send it with an HTTP status of failure.
pub(super) fn error(answer: &[u8]) -> Option<Fault> {
    let response: Response<'_> = serde_json::from_slice(answer).ok()?;
    response
        .error
        .map(|error| Fault::error(error.code, &error.message, error.data.as_ref().and_then(revert_data)))
}

/// Nodes put a revert's data into `data`, some within an object.
fn revert_data(data: &Value) -> Option<Bytes> {
    match data {
        Value::String(text) => text.parse().ok(),
        Value::Object(fields) => fields.get("data").and_then(revert_data_within),
        _ => None,
    }
}

fn revert_data_within(data: &Value) -> Option<Bytes> {
    data.as_str()?.parse().ok()
}

/// The place is told, the text is not: it may be anything.
fn malformed(error: &serde_json::Error) -> Fault {
    Fault::Malformed(format!(
        "{:?} error at line {} column {}",
        error.classify(),
        error.line(),
        error.column()
    ))
}

impl Log {
    pub(super) fn into_entry(self) -> Result<LogEntry, Fault> {
        let index = u32::try_from(self.index.to::<u64>()).map_err(|_| beyond("a log's index"))?;
        let data = LogData::new(self.topics, self.data).ok_or_else(|| beyond("a log's number of topics"))?;
        Ok(LogEntry {
            log: alloy_primitives::Log { address: self.address, data },
            block_number: self.block_number.to(),
            block_hash: self.block_hash,
            index,
            transaction_hash: self.transaction_hash,
        })
    }
}

fn beyond(what: &str) -> Fault {
    Fault::Malformed(format!("{what} is beyond what there is"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read<T: DeserializeOwned>(answer: &Value) -> Result<T, Fault> {
        result(7, answer.to_string().as_bytes())
    }

    #[test]
    fn a_request_is_what_the_specification_says() {
        let bytes = request(7, "eth_chainId", &json!([])).expect("encodes");
        assert_eq!(bytes, br#"{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]}"#);
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        assert_eq!(read::<U64>(&json!({"id": 7, "result": "0x10"})), Ok(U64::from(16)));
        let other = read::<U64>(&json!({"id": 8, "result": "0x10"}));
        assert!(matches!(other, Err(Fault::Malformed(_))), "{other:?}");
        let none = read::<U64>(&json!({"result": "0x10"}));
        assert!(matches!(none, Err(Fault::Malformed(_))), "{none:?}");
    }

    #[test]
    fn null_is_absence_where_that_may_be_and_malformed_elsewhere() {
        assert_eq!(read::<Option<U64>>(&json!({"id": 7, "result": null})), Ok(None));
        assert!(matches!(read::<U64>(&json!({"id": 7, "result": null})), Err(Fault::Malformed(_))));
        assert!(matches!(read::<U64>(&json!({"id": 7})), Err(Fault::Malformed(_))));
    }

    #[test]
    fn an_answer_cut_anywhere_is_malformed() {
        let whole = json!({"jsonrpc": "2.0", "id": 7, "result": "0x10"}).to_string();
        for end in 0..whole.len() {
            let cut = result::<U64>(7, &whole.as_bytes()[..end]);
            assert!(matches!(cut, Err(Fault::Malformed(_))), "{cut:?} at {end}");
        }
    }

    #[test]
    fn revert_data_is_found_where_nodes_put_it() {
        let data = Some(Bytes::from_static(&[1, 2]));
        for shape in [json!("0x0102"), json!({"data": "0x0102"})] {
            let answer =
                json!({"id": 7, "error": {"code": 3, "message": "execution reverted", "data": shape}});
            let Err(Fault::Error { code: 3, data: found, .. }) = read::<U64>(&answer) else {
                panic!("{answer}")
            };
            assert_eq!(found, data);
        }
    }

    #[test]
    fn deep_nesting_is_malformed_and_harmless() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let answer = format!(r#"{{"id":7,"result":{deep}}}"#);
        assert!(matches!(result::<Value>(7, answer.as_bytes()), Err(Fault::Malformed(_))));
    }
}
