//! Endpoints that are reached by WebSocket.

use core::time::Duration;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use alloy_primitives::U256;
use multee_chain::rpc::{Fault, Standing};
use multee_chain::{Chain, ChainError, LogFilter};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, accept};

use crate::anvil::Anvil;
use crate::http;
use crate::support::{config, connect, count, deploy, rich, succeed, total, unforgiving, wait_until};

fn over_websocket(anvil: &Anvil) -> String {
    format!("ws://{}", anvil.address())
}

/// A server that treats each connection so, with its number.
fn server(treat: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            treat(number, stream);
        }
    });
    format!("ws://{address}")
}

/// Answers the next question as anvil does.
fn answer(socket: &mut WebSocket<TcpStream>, anvil: SocketAddr) -> Option<()> {
    let question = socket.read().ok()?.into_data();
    let answer = http::post(anvil, &question).ok()?;
    socket.send(Message::text(String::from_utf8(answer).ok()?)).ok()
}

#[test]
fn everything_goes_over_a_websocket_as_well() {
    let anvil = Anvil::start();
    let chain = connect(&config(&[over_websocket(&anvil)])).expect("connects");
    let probe = deploy(&chain);
    let receipt = succeed(&chain, &rich(), &count(probe, b"hello"));
    assert_eq!(total(&chain, probe), U256::from(6));
    assert_eq!(chain.logs(&LogFilter::of(probe, 0, 9)).expect("answers"), receipt.logs);
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    let anvil = Anvil::start();
    let address = anvil.address();
    // Hangs up after every third answer.
    let url = server(move |_, stream| {
        let mut socket = accept(stream).expect("a WebSocket");
        let _ = (0..3).try_for_each(|_| answer(&mut socket, address).ok_or(()));
    });
    let chain = connect(&unforgiving(&[url])).expect("connects");
    for _ in 0..10 {
        chain.head().expect("answers");
    }
    assert_eq!(chain.standings().remove(0).1, Standing::Good);
}

#[test]
fn a_late_or_misplaced_answer_costs_one_question() {
    let anvil = Anvil::start();
    let address = anvil.address();
    let url = server(move |number, stream| {
        thread::spawn(move || {
            let mut socket = accept(stream).expect("a WebSocket");
            for count in 0.. {
                if number == 0 && count == 4 {
                    let _ = socket.send(Message::text(json!({"id": 0, "result": Value::Null}).to_string()));
                }
                if answer(&mut socket, address).is_none() {
                    return;
                }
            }
        });
    });
    let chain = connect(&config(&[url])).expect("connects");
    let failed = (0..20).filter(|_| chain.head().is_err()).count();
    assert!(failed >= 1, "the misplaced answer was believed");
    wait_until("it is no longer one answer behind", || chain.head().is_ok());
}

/// Why the endpoint that treats connections so was left for anvil.
fn left(timeout: Duration, treat: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Fault {
    let anvil = Anvil::start();
    let mut config = unforgiving(&[server(treat), anvil.url()]);
    (config.answer_bytes_max, config.timeout) = (1 << 20, timeout);
    let chain = connect(&config).expect("the second answers");
    match chain.standings().remove(0).1 {
        Standing::Resting { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn silence_is_waited_for_only_so_long() {
    let fault = left(Duration::from_secs(4), |_, mut stream| drop(stream.read_to_end(&mut Vec::new())));
    assert_eq!(fault, Fault::Timeout { limit_ms: 4000 });
}

#[test]
fn a_server_that_hangs_up_is_left() {
    let fault = left(Duration::from_secs(20), |_, stream| drop(stream));
    assert!(matches!(fault, Fault::Connection(_)), "{fault:?}");
}

#[test]
fn a_message_above_the_limit_is_not_read() {
    let fault = left(Duration::from_secs(20), |_, stream| {
        let mut socket = accept(stream).expect("a WebSocket");
        let _ = socket.read();
        let _ = socket.send(Message::text("[".repeat(2 << 20)));
    });
    assert_eq!(fault, Fault::TooLarge { limit: 1 << 20 });
}

#[test]
fn encryption_is_not_left_out_when_the_server_has_none() {
    let anvil = Anvil::start();
    for scheme in ["https", "wss"] {
        let error = connect(&config(&[format!("{scheme}://{}", anvil.address())])).expect_err("no TLS");
        assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    }
}
