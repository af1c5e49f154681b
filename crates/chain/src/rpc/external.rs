//! Somebody else who keeps keys and signs: `Web3Signer`, or a node in front of Clef.

use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::{Address, Bytes, U64, U128};
use serde_json::{Value, json};

use super::config::{Endpoint, InvalidEndpoint};
use super::fault::Fault;
use super::http::Http;
use super::wire;
use crate::{DATA_BYTES_MAX, SignError, SignTransaction, Unsigned};

/// Bytes of an answer: the data in hexadecimal, twice, as some add the transaction in JSON, and what is around it.
const ANSWER_BYTES_MAX: u64 = 4 * DATA_BYTES_MAX as u64 + 64 * 1024;

/// A signer behind a URL, asked with `eth_signTransaction`. The URL's path, query and user are shown by nothing.
pub struct ExternalSigner {
    http: Http,
    place: String,
    asked: AtomicU64,
}

impl ExternalSigner {
    /// The signer at `url`, `https://` or `http://`, that must answer within `timeout`: long enough, where a person is
    /// asked each time.
    ///
    /// # Errors
    /// When `url` is something else.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, InvalidEndpoint> {
        Self::at(&Endpoint::parse(url)?, timeout)
    }

    /// As [`new`](Self::new), for a signer with a private authority on TLS.
    ///
    /// # Errors
    /// When the endpoint is a `WebSocket`.
    pub fn at(endpoint: &Endpoint, timeout: Duration) -> Result<Self, InvalidEndpoint> {
        if endpoint.is_websocket() {
            return Err(InvalidEndpoint);
        }
        let http = Http::new(endpoint, timeout, ANSWER_BYTES_MAX);
        Ok(Self { http, place: endpoint.name().to_owned(), asked: AtomicU64::new(1) })
    }

    fn ask(&self, params: &Value) -> Result<Value, Fault> {
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.http.exchange(&wire::request(id, "eth_signTransaction", params)?)?;
        wire::result(id, &answer)
    }
}

impl SignTransaction for ExternalSigner {
    fn sign_transaction(&self, account: Address, transaction: &Unsigned) -> Result<Bytes, SignError> {
        let answer = self.ask(&json!([request(account, transaction)])).map_err(|fault| match fault {
            Fault::Error { code, message, .. } | Fault::Pruned { code, message } => {
                SignError::Refused { place: self.place.clone(), code, message }
            }
            fault => SignError::Unreachable { place: self.place.clone(), cause: fault.to_string() },
        })?;
        // Web3Signer answers with the bytes, nodes with an object that has them as `raw`.
        let raw = answer.as_str().or_else(|| answer.get("raw")?.as_str());
        raw.and_then(|raw| raw.parse().ok()).ok_or(SignError::Malformed)
    }
}

fn request(account: Address, transaction: &Unsigned) -> Value {
    let mut asked = json!({
        "type": "0x2",
        "chainId": U64::from(transaction.chain_id),
        "nonce": U64::from(transaction.nonce),
        "from": account,
        "gas": U64::from(transaction.gas_limit),
        "maxFeePerGas": U128::from(transaction.cap_wei),
        "maxPriorityFeePerGas": U128::from(transaction.tip_wei),
        "value": transaction.value,
        "data": transaction.data,
    });
    if let (Some(to), Some(fields)) = (transaction.to, asked.as_object_mut()) {
        fields.insert("to".to_owned(), json!(to));
    }
    asked
}

impl core::fmt::Debug for ExternalSigner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ExternalSigner").field("place", &self.place).finish_non_exhaustive()
    }
}
