//! Many clients at once, most of them of ill will.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use multee_gateway::serve::Config;

use crate::live::{Listener, caught_up, history, ids};
use crate::served::{config, lived, served};
use crate::story::{self, play};
use crate::town::Town;

/// How long anything here may take before a test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// Set in the process that has a test for itself.
const ALONE: &str = "MULTEE_TEST_ALONE";

/// Whether this process runs the one test and no other, so that its memory is that test's. If not, such a process has run
/// it, and well.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("a program");
    let run =
        Command::new(program).args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().expect("runs");
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    println!("{told}");
    assert!(run.status.success() && told.contains("1 passed"), "{}", String::from_utf8_lossy(&run.stderr));
    false
}

/// Memory of this process that is in use, in bytes.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

/// Sends `bytes` one at a time, as slowly as it may without being idle, until the server has enough of it; what the server
/// said.
fn dribble(address: SocketAddr, bytes: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("set");
    let (deadline, mut said) = (Instant::now() + PATIENCE, Vec::new());
    for byte in bytes {
        assert!(Instant::now() < deadline, "it is served without end");
        let sent = stream.write_all(&[byte]);
        let mut answer = [0; 1024];
        match stream.read(&mut answer) {
            Ok(0) => return said,
            Ok(length) => said.extend(&answer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return said,
        }
        if sent.is_err() {
            return said;
        }
    }
    panic!("all was sent")
}

fn heads() -> impl Iterator<Item = u8> {
    let begin = b"GET /v1/network HTTP/1.1\r\nhost: here\r\n".to_vec();
    begin.into_iter().chain(b"x-header: and again\r\n".iter().copied().cycle())
}

fn bodies() -> impl Iterator<Item = u8> {
    let begin = b"POST /v1/network HTTP/1.1\r\nhost: here\r\ncontent-length: 100000000\r\n\r\n".to_vec();
    begin.into_iter().chain(b"body".iter().copied().cycle())
}

/// Three times as many as there are places dribble heads or bodies: each is rid of in the time that a head may take, and
/// who asks meanwhile as one should is answered.
#[test]
fn who_dribbles_is_cut_off_and_others_are_answered_meanwhile() {
    if !is_alone("siege::who_dribbles_is_cut_off_and_others_are_answered_meanwhile") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let request_max = Duration::from_millis(700);
    let config = Config { connections_max: 32, request_max, ..config() };
    let served = served(dir.path(), lived(), config);
    let address = served.gateway.address();
    let before = resident_bytes();
    thread::scope(|scope| {
        let slow: Vec<_> = (0..96)
            .map(|number| {
                scope.spawn(move || {
                    if number % 3 == 0 { dribble(address, bodies()) } else { dribble(address, heads()) }
                })
            })
            .collect();
        let mut answered = 0;
        while slow.iter().any(|client| !client.is_finished()) {
            let start = Instant::now();
            assert_eq!(served.get("/v1/network").0, 200);
            assert!(start.elapsed() < PATIENCE / 2, "answered after {:?}", start.elapsed());
            answered += 1;
        }
        assert!(answered > 0);
        for client in slow {
            let said = String::from_utf8(client.join().expect("cut off")).expect("text");
            assert!(!said.contains("HTTP/1.1 200"), "{said}");
        }
    });
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
}

const STREAMS: usize = 200;
/// Streams that nobody reads.
const DEAF: usize = 40;

/// All events reach all, whoever else does not listen.
#[test]
fn two_hundred_streams_tell_all_that_happens() {
    if !is_alone("siege::two_hundred_streams_tell_all_that_happens") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let mut served = served(dir.path(), Town::new(story::SEATS), config());
    (0..6).for_each(|epoch| play(&mut served.town, epoch));
    caught_up(&served);
    let (known, address) = (history(&served).len(), served.gateway.address());
    let before = resident_bytes();
    let deaf: Vec<_> = (0..DEAF).map(|_| Listener::open(address, "/v1/live", "")).collect();
    let listeners: Vec<_> = (0..STREAMS).map(|_| Listener::open(address, "/v1/live", "")).collect();
    (6..story::EPOCHS).for_each(|epoch| play(&mut served.town, epoch));
    caught_up(&served);
    // Of those who listen, nobody has yet.
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    let all = history(&served);
    let last = all.last().expect("some");
    let told: usize = thread::scope(|scope| {
        let all = &all;
        let listening = listeners.into_iter().map(|mut listener| {
            scope.spawn(move || {
                listener.until(|it| it.has(last));
                assert_eq!((ids(&listener.items), listener.resets), (ids(&all[known..]), 0));
                listener.items.len()
            })
        });
        // All of them listen before one is waited for.
        let listening: Vec<_> = listening.collect();
        listening.into_iter().map(|listener| listener.join().expect("told all")).sum()
    });
    drop(deaf);
    println!("{told} events by {STREAMS} streams, {} KiB more", grown >> 10);
    assert_eq!(told, STREAMS * (all.len() - known));
    assert!(all.len() - known > 200, "{} events", all.len() - known);
}
