//! JSON-RPC 2.0: requests, notifications, batches.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RpcError;
use super::params::Params;

/// Requests a batch may have.
pub const BATCH_MAX: usize = 100;
/// Bytes the answers of a batch may have together; the first one that goes beyond is the last.
const BATCH_BYTES_MAX: usize = 32 << 20;

#[derive(Deserialize)]
struct Request {
    jsonrpc: String,
    id: Option<Value>,
    method: String,
    params: Option<Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Result { result: Value },
    Error { error: RpcError },
}

#[derive(Serialize)]
struct Response {
    jsonrpc: &'static str,
    id: Value,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Answers a body: one request, or a batch. `None` if nobody wants an answer.
pub(crate) fn answer(body: &[u8], ask: impl Fn(&str, &Params) -> Result<Value, RpcError>) -> Option<Vec<u8>> {
    match serde_json::from_slice(body) {
        Err(_) => Some(encode(&failed(RpcError::unparsed()))),
        Ok(Value::Array(requests)) => batch(requests, ask),
        Ok(request) => one(request, &ask).map(|response| encode(&response)),
    }
}

fn batch(requests: Vec<Value>, ask: impl Fn(&str, &Params) -> Result<Value, RpcError>) -> Option<Vec<u8>> {
    if requests.is_empty() || requests.len() > BATCH_MAX {
        return Some(encode(&failed(RpcError::request("a batch has 1 to 100 requests"))));
    }
    let mut answers: Vec<Vec<u8>> = Vec::new();
    let mut bytes = 0;
    for request in requests {
        let Some(response) = one(request, &ask) else { continue };
        let mut encoded = encode(&response);
        if bytes + encoded.len() > BATCH_BYTES_MAX {
            let error = RpcError::too_much("response size exceeded");
            encoded = encode(&Response { outcome: Outcome::Error { error }, ..response });
        }
        bytes += encoded.len();
        answers.push(encoded);
    }
    if answers.is_empty() {
        return None;
    }
    Some([b"[", answers.join(&b',').as_slice(), b"]"].concat())
}

fn one(request: Value, ask: &impl Fn(&str, &Params) -> Result<Value, RpcError>) -> Option<Response> {
    let Ok(request) = serde_json::from_value::<Request>(request) else {
        return Some(failed(RpcError::request("invalid request")));
    };
    if request.jsonrpc != "2.0" {
        return Some(failed(RpcError::request("invalid request: jsonrpc must be \"2.0\"")));
    }
    let result = Params::read(request.params).and_then(|params| ask(&request.method, &params));
    let outcome = match result {
        Ok(result) => Outcome::Result { result },
        Err(error) => Outcome::Error { error },
    };
    request.id.map(|id| Response { jsonrpc: "2.0", id, outcome })
}

fn failed(error: RpcError) -> Response {
    Response { jsonrpc: "2.0", id: Value::Null, outcome: Outcome::Error { error } }
}

/// JSON values always encode.
fn encode(response: &Response) -> Vec<u8> {
    serde_json::to_vec(response).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(body: &str) -> Option<Value> {
        let echo = |method: &str, params: &Params| match method {
            "echo" => params.get::<Value>(0),
            other => Err(RpcError::method(other)),
        };
        answer(body.as_bytes(), echo).map(|answer| serde_json::from_slice(&answer).expect("JSON"))
    }

    #[test]
    fn one_request_gets_its_result_under_its_id() {
        let answer = asked(r#"{"jsonrpc":"2.0","id":"a","method":"echo","params":[7]}"#);
        assert_eq!(answer, Some(json!({"jsonrpc": "2.0", "id": "a", "result": 7})));
        let answer = asked(r#"{"jsonrpc":"2.0","id":1,"method":"other"}"#).expect("answered");
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32601)));
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        for (body, code) in [
            ("", -32700),
            ("{", -32700),
            ("7", -32600),
            ("[]", -32600),
            (r#"{"id":1}"#, -32600),
            (r#"{"jsonrpc":"1.0","id":1,"method":"echo"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{}}"#, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":[]}"#, -32602),
        ] {
            assert_eq!(asked(body).expect("answered")["error"]["code"], json!(code), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(asked(&deep).expect("answered")["error"]["code"], json!(-32700));
    }

    #[test]
    fn a_batch_is_answered_in_order_without_notifications_and_has_a_limit() {
        let request = |id: u32| json!({"jsonrpc": "2.0", "id": id, "method": "echo", "params": [id]});
        let notification = json!({"jsonrpc": "2.0", "method": "echo", "params": [0]});
        let answer = asked(&json!([request(1), notification, request(2)]).to_string()).expect("answered");
        assert_eq!((answer[0]["result"].clone(), answer[1]["result"].clone()), (json!(1), json!(2)));
        assert_eq!(answer.as_array().map(Vec::len), Some(2));
        assert_eq!(asked(&json!([notification]).to_string()), None);
        let many: Vec<Value> = (0..=100).map(request).collect();
        assert_eq!(asked(&json!(many).to_string()).expect("answered")["error"]["code"], json!(-32600));
    }
}
