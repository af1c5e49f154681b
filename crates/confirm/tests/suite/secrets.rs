//! The key is in nothing that the process gives away.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use alloy_primitives::Address;
use k256::ecdsa::SigningKey;
use multee_confirmation::{Request, Response, Wire};

use crate::duties::EPOCH;
use crate::program::{LONG, MACHINE, PROGRAM, directory, mock_args, rest};
use crate::world::{World, rng};

const KEY_SEED: u64 = 42;

/// The bytes in every form that a careless line of code would print.
fn forms(key: &[u8]) -> [Vec<u8>; 4] {
    let hex = hex::encode(key);
    let list = format!("{key:?}");
    [key.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), list.trim_matches(['[', ']']).into()]
}

#[test]
fn key_is_in_no_output() {
    let key = SigningKey::random(&mut rng(KEY_SEED));
    let directory = directory();
    let (socket, errors) = (directory.path().join("socket"), directory.path().join("stderr"));
    let mut command = Command::new(PROGRAM);
    command.arg("--socket").arg(&socket).args(mock_args(MACHINE));
    command.args(["--mock-key-seed", &KEY_SEED.to_string()]);
    command.stdout(Stdio::piped()).stderr(File::create(&errors).expect("created"));
    let mut child = command.spawn().expect("starts");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut given = String::new();
    output.read_line(&mut given).expect("ready");

    let world = World::new();
    let duty = world.duty(EPOCH, Vec::new());
    let mut other = duty.clone();
    other.previous_digest.0[0] ^= 1;
    let requests = [
        Request::Hello.encode().expect("small"),
        Request::Confirm(Box::new(duty)).encode().expect("small"),
        Request::Confirm(Box::new(other)).encode().expect("small"),
        b"junk".to_vec(),
    ];
    let connect = || std::os::unix::net::UnixStream::connect(&socket).expect("connects");
    let mut wire = Wire::new(connect());
    let answers = requests.map(|request| {
        wire.send(&request, LONG).expect("sent");
        wire.receive(Response::BYTES_MAX, LONG).expect("received").expect("an answer")
    });
    drop(wire);
    let mut hostile = connect();
    std::io::Write::write_all(&mut hostile, &[0xFF; 4]).expect("sent");
    assert_eq!(rest(hostile), b"");
    // Who is served next is served after what was said about the last.
    let mut wire = Wire::new(connect());
    wire.send(b"junk", LONG).expect("sent");
    wire.receive(Response::BYTES_MAX, LONG).expect("received").expect("an answer");
    child.kill().expect("killed");
    child.wait().expect("ended");
    output.read_to_string(&mut given).expect("text");
    let errors = std::fs::read(&errors).expect("written");

    // It is the very key that is looked for, and there was something to look through.
    let Ok(Response::Hello(status)) = Response::decode(&answers[0]) else { panic!("no hello") };
    assert_eq!(status.incarnation, Address::from_public_key(key.verifying_key()));
    assert!(matches!(Response::decode(&answers[1]), Ok(Response::Confirmed(_))));
    assert!(String::from_utf8_lossy(&errors).contains("connection ended: message of 4294967295 bytes"));
    let outputs = answers.iter().map(Vec::as_slice).chain([given.as_bytes(), &errors]);
    for output in outputs {
        for form in forms(&key.to_bytes()) {
            assert!(!output.windows(form.len()).any(|window| window == form), "{output:?}");
        }
    }
}
