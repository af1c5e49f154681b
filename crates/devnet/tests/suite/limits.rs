//! What clients may not take.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use alloy_primitives::Address;
use multee_devnet::http::Limits;
use multee_devnet::rpc::Clock;
use serde_json::{Value, json};

use crate::support::Face;

fn strict() -> Face {
    Face::with(Clock::Virtual, Limits { body_bytes_max: 1000, connections_max: 2, request_ms_max: 200 })
}

fn connect(face: &Face) -> TcpStream {
    let stream = TcpStream::connect(face.url().trim_start_matches("http://")).expect("connects");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("set");
    stream
}

#[test]
fn a_body_that_is_too_long_and_methods_other_than_post_are_refused() {
    let face = strict();
    assert_eq!(face.post(&[b' '; 1001]).0, 413);
    assert_eq!(face.post(&[b' '; 1000]).0, 200, "it is only no JSON");
    let mut stream = connect(&face);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("reads");
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[test]
fn a_client_that_stops_in_its_head_or_its_body_loses_its_connection() {
    let face = strict();
    for begun in ["POST / HTTP/1.1\r\nhost:", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"] {
        let mut stream = connect(&face);
        stream.write_all(begun.as_bytes()).expect("writes");
        let mut answer = Vec::new();
        // Ends because the server hangs up, long before the time limit of this test.
        stream.read_to_end(&mut answer).expect("the server hangs up");
    }
    assert_eq!(face.ask("eth_chainId", &json!([])), json!("0x7a69"));
}

#[test]
fn connections_beyond_the_limit_wait_until_others_end() {
    let face = Face::with(Clock::Virtual, Limits { connections_max: 1, ..Limits::default() });
    let first = connect(&face);
    let mut second = connect(&face);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    second.write_all(request.as_bytes()).expect("writes");
    second.set_read_timeout(Some(Duration::from_millis(100))).expect("set");
    assert!(second.read(&mut [0]).is_err(), "nobody answers while the first is there");
    drop(first);
    second.set_read_timeout(Some(Duration::from_mins(1))).expect("set");
    let mut answer = String::new();
    second.read_to_string(&mut answer).expect("reads");
    assert!(answer.contains("0x7a69"), "{answer}");
}

#[test]
fn what_is_unknown_malformed_or_too_much_has_its_code() {
    let face = Face::start();
    let (code, message) = face.refusal("eth_mine", &json!([]));
    assert_eq!((code, message.as_str()), (-32601, "the method eth_mine does not exist/is not available"));
    assert_eq!(face.refusal("eth_getBalance", &json!([])).0, -32602);
    assert_eq!(face.refusal("eth_getBalance", &json!(["0x12", "latest"])).0, -32602);
    assert_eq!(face.refusal("eth_getBalance", &json!([Address::ZERO, "newest"])).0, -32602);
    assert_eq!(face.refusal("eth_getBalance", &json!([Address::ZERO, "0x5"])).0, -32000);
    assert_eq!(face.refusal("eth_call", &json!([{"to": Address::ZERO}, "0x5"])).0, -32000);
    let topics = json!([{"fromBlock": "0x0", "toBlock": "0x0", "topics": [null, null, null, null, null]}]);
    assert_eq!(face.refusal("eth_getLogs", &topics).0, -32602);
    let wide = json!([{"fromBlock": "0x0", "toBlock": "0xfffffff"}]);
    assert_eq!(face.refusal("eth_getLogs", &wide).0, -32005);
    let backwards = json!([{"fromBlock": "0x2", "toBlock": "0x1"}]);
    assert_eq!(face.refusal("eth_getLogs", &backwards).0, -32602);
    assert_eq!(face.ask("eth_getBlockByNumber", &json!(["0x5", false])), Value::Null);
    assert_eq!(face.ask("eth_getTransactionReceipt", &json!([alloy_primitives::B256::ZERO])), Value::Null);
    let history = face.ask("eth_feeHistory", &json!(["0x400", "latest", [25.0]]));
    assert_eq!(history["baseFeePerGas"].as_array().map(Vec::len), Some(2));
}
