//! Clients that are wrong, silent or gone. None of them ends the application or costs it its key.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use multee_confirmation::{Confirm, Refusal, Request, Response, Wire};
use rand_chacha::rand_core::RngCore;

use crate::duties::EPOCH;
use crate::program::{LONG, Program, rest};
use crate::world::{World, rng};

fn hello() -> Vec<u8> {
    Request::Hello.encode().expect("small")
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).expect("small").to_be_bytes(), message].concat()
}

fn duty() -> Vec<u8> {
    framed(&Request::Confirm(Box::new(World::new().duty(EPOCH, Vec::new()))).encode().expect("small"))
}

/// Sends what the application may hang up on before it has come.
fn send(stream: &mut UnixStream, bytes: &[u8]) {
    match stream.write_all(bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        sent => sent.expect("sent"),
    }
}

fn assert_alive(program: &mut Program) {
    // Another incarnation would be an error.
    program.status().expect("answers as before");
}

#[test]
fn lengths_beyond_the_limit_end_the_connection_at_once() {
    // It is not the time that ends it.
    let mut program = Program::with(&["--message-ms-max", "600000"]);
    let over = u32::try_from(Request::BYTES_MAX + 1).expect("small").to_be_bytes();
    for start in [&over[..], &[0xFF; 4], b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let mut client = program.connect();
        send(&mut client, start);
        assert_eq!(rest(client), b"", "{start:?}");
        assert_alive(&mut program);
    }
}

#[test]
fn junk_of_the_announced_length_is_refused_and_the_connection_goes_on() {
    let mut program = Program::start();
    let mut wire = Wire::new(program.connect());
    for junk in [&b""[..], b"\x01", b"\x02\x07", &[0xFF; 4096]] {
        wire.send(junk, LONG).expect("sent");
        let answer = wire.receive(Response::BYTES_MAX, LONG).expect("received").expect("an answer");
        let response = Response::decode(&answer).expect("proper");
        assert!(matches!(response, Response::Refused(Refusal::Unreadable(_))), "{response:?}");
    }
    wire.send(&hello(), LONG).expect("sent");
    let answer = wire.receive(Response::BYTES_MAX, LONG).expect("received").expect("an answer");
    assert!(matches!(Response::decode(&answer), Ok(Response::Hello(_))));
    drop(wire);
    assert_alive(&mut program);
}

#[test]
fn random_bytes_do_no_harm() {
    const SEED: u64 = 20;
    println!("seed {SEED}");
    let (mut program, mut rng) = (Program::start(), rng(SEED));
    for round in 0..100 {
        let mut junk = vec![0; (rng.next_u32() % 5000) as usize];
        rng.fill_bytes(&mut junk);
        // Every other one announces a length that is possible.
        let junk = if round % 2 == 0 { framed(&junk) } else { junk };
        let mut client = program.connect();
        send(&mut client, &junk);
        client.shutdown(std::net::Shutdown::Write).expect("shut");
        rest(client);
    }
    assert_alive(&mut program);
}

#[test]
fn client_that_falls_silent_is_hung_up_on() {
    let mut program = Program::with(&["--message-ms-max", "300"]);
    let duty = duty();
    for sent in [0, 1, 4, duty.len() / 2, duty.len() - 1] {
        let mut client = program.connect();
        client.write_all(&duty[..sent]).expect("sent");
        assert_eq!(rest(client), b"", "after {sent} bytes");
    }
    assert_alive(&mut program);
}

#[test]
fn client_that_leaves_in_the_middle_is_forgotten() {
    let mut program = Program::start();
    let duty = duty();
    for sent in [0, 3, duty.len() / 2, duty.len()] {
        program.connect().write_all(&duty[..sent]).expect("sent");
    }
    assert_alive(&mut program);
    // What the last one did not take was signed once, and is still there for the next.
    let again = program.confirm(&World::new().duty(EPOCH, Vec::new())).expect("confirms");
    assert_eq!(again.block.epoch, EPOCH);
}

#[test]
fn second_client_is_served_when_the_first_has_left() {
    let program = Program::with(&["--message-ms-max", "600000"]);
    let mut first = program.connect();
    first.write_all(&framed(&hello())).expect("sent");
    first.read_exact(&mut [0; 4]).expect("the first is served");
    let mut second = program.connect();
    second.write_all(&framed(&hello())).expect("sent");
    second.set_read_timeout(Some(Duration::from_millis(200))).expect("set");
    let early = second.read(&mut [0; 4]).expect_err("nothing is there for the second yet");
    assert_eq!(early.kind(), ErrorKind::WouldBlock);
    drop(first);
    second.set_read_timeout(Some(LONG)).expect("set");
    let answer = Wire::new(second).receive(Response::BYTES_MAX, LONG).expect("received").expect("an answer");
    assert!(matches!(Response::decode(&answer), Ok(Response::Hello(_))));
}
