//! Content from peers' gateways. These are stand-ins: servers that answer as they are told.

use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use alloy_primitives::{B256, keccak256};
use multee_node::{InvalidPeer, PEERS_MAX, PeerContent, ReadContent};

const CONTENT: &[u8] = b"evidence";

#[derive(Clone, Copy, Debug)]
enum Behaviour {
    Serves,
    HasNothing,
    ServesSomethingElse,
    Fails,
    Redirects(SocketAddr),
    Floods,
    Drips,
    IsSilent,
}

struct Peer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    /// Bytes of a flood that were taken.
    flooded: Arc<AtomicUsize>,
}

impl Peer {
    fn that(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let flooded = Arc::new(AtomicUsize::new(0));
        let (noted, taken) = (Arc::clone(&asked), Arc::clone(&flooded));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (noted, taken) = (Arc::clone(&noted), Arc::clone(&taken));
                // A client that goes away is what most of this is about.
                thread::spawn(move || drop(serve(stream, behaviour, &noted, &taken)));
            }
        });
        Self { address, asked, flooded }
    }

    fn base(&self) -> String {
        format!("http://{}/base/", self.address)
    }

    fn asked(&self) -> usize {
        self.asked.lock().expect("asked").len()
    }
}

fn serve(
    mut stream: TcpStream,
    behaviour: Behaviour,
    asked: &Mutex<Vec<String>>,
    flooded: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    asked.lock().expect("asked").push(line.split(' ').nth(1).unwrap_or_default().to_owned());
    let mut answer = |status: &str, body: &[u8]| {
        write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)
    };
    match behaviour {
        Behaviour::Serves => answer("200 OK", CONTENT),
        Behaviour::HasNothing => answer("404 Not Found", b""),
        Behaviour::ServesSomethingElse => answer("200 OK", b"evidencf"),
        Behaviour::Fails => answer("500 Oh", b""),
        Behaviour::Redirects(to) => answer(&format!("302 There\r\nLocation: http://{to}/"), b""),
        Behaviour::Floods => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            let junk = vec![0; 64 * 1024];
            (0..1024).try_for_each(|_| {
                stream.write_all(&junk)?;
                flooded.fetch_add(junk.len(), Ordering::SeqCst);
                Ok(())
            })
        }
        Behaviour::Drips => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
            stream.set_read_timeout(Some(Duration::from_millis(20)))?;
            loop {
                match reader.read(&mut [0; 1024]) {
                    Ok(0) => return Ok(()),
                    _ => stream.write_all(b" ")?,
                }
            }
        }
        Behaviour::IsSilent => reader.read_to_end(&mut Vec::new()).map(drop),
    }
}

fn of(peers: &[&Peer]) -> PeerContent {
    let bases: Vec<String> = peers.iter().map(|peer| peer.base()).collect();
    PeerContent::new(bases.iter().map(String::as_str), Duration::from_millis(500)).expect("URLs")
}

#[test]
fn content_is_asked_for_by_its_hash() {
    let peer = Peer::that(Behaviour::Serves);
    let hash = keccak256(CONTENT);
    assert_eq!(of(&[&peer]).content(hash), Some(CONTENT.into()));
    assert_eq!(*peer.asked.lock().expect("asked"), [format!("/base/v1/content/{hash}")]);
    assert_eq!(of(&[]).content(hash), None);
}

#[test]
fn what_a_peer_answers_is_believed_only_with_the_right_hash() {
    let (liar, honest) = (Peer::that(Behaviour::ServesSomethingElse), Peer::that(Behaviour::Serves));
    assert_eq!(of(&[&liar]).content(keccak256(CONTENT)), None);
    assert_eq!(of(&[&liar, &honest]).content(keccak256(CONTENT)), Some(CONTENT.into()));
    assert_eq!(of(&[&honest]).content(B256::ZERO), None);
}

#[test]
fn peer_that_fails_is_passed_over_and_not_asked_again_soon() {
    let elsewhere = Peer::that(Behaviour::Serves);
    for behaviour in [
        Behaviour::Fails,
        Behaviour::Redirects(elsewhere.address),
        Behaviour::Floods,
        Behaviour::Drips,
        Behaviour::IsSilent,
    ] {
        let (failing, honest) = (Peer::that(behaviour), Peer::that(Behaviour::Serves));
        let content = of(&[&failing, &honest]);
        for _ in 0..2 {
            let found = content.content(keccak256(CONTENT));
            assert_eq!(found, Some(CONTENT.into()), "{behaviour:?}");
        }
        assert_eq!((failing.asked(), honest.asked()), (1, 2), "{behaviour:?}");
        let flooded = failing.flooded.load(Ordering::SeqCst);
        assert!(flooded < 16 << 20, "{flooded} bytes were taken");
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[test]
fn peer_that_has_not_got_one_content_is_asked_for_the_next() {
    let (without, honest) = (Peer::that(Behaviour::HasNothing), Peer::that(Behaviour::Serves));
    let content = of(&[&without, &honest]);
    for _ in 0..2 {
        assert_eq!(content.content(keccak256(CONTENT)), Some(CONTENT.into()));
    }
    assert_eq!((without.asked(), honest.asked()), (2, 2));
}

#[test]
fn peers_are_base_urls_and_shown_by_nothing() {
    let timeout = Duration::from_secs(1);
    for base in
        ["", "peer.example", "ws://peer.example", "https://peer.example/?key=1", "https://peer.example/#a"]
    {
        assert_eq!(PeerContent::new([base], timeout).err(), Some(InvalidPeer::NotABase), "{base}");
    }
    let many = vec!["https://peer.example"; PEERS_MAX + 1];
    assert_eq!(PeerContent::new(many, timeout).err(), Some(InvalidPeer::TooMany));
    let content = PeerContent::new(["https://hidden@peer.example/hidden"], timeout).expect("a URL");
    assert!(!format!("{content:?}").contains("hidden"));
}
