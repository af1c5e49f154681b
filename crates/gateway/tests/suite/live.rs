//! What happens is told as it happens, and none of it is lost.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use multee_chain::Chain;
use multee_gateway::serve::Config;
use serde_json::Value;

use crate::served::{Served, config, header, lived, served};
use crate::story::{self, play};
use crate::town::{POWER, Town};

/// A client of a stream, which forgets what was taken back.
pub(crate) struct Listener {
    lines: BufReader<TcpStream>,
    head: String,
    pub(crate) items: Vec<Value>,
    pub(crate) heads: Vec<Value>,
    pub(crate) resets: u32,
    reorgs: u32,
    /// What has not come by then does not come.
    deadline: Instant,
}

impl Listener {
    /// Opens a stream; in HTTP/1.0 it comes as it is, without chunks.
    pub(crate) fn open(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        let request = format!("GET {path} HTTP/1.0\r\nhost: here\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).expect("written");
        let (mut lines, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).expect("a head") > 0, "{head}");
        }
        let deadline = Instant::now() + Duration::from_mins(1);
        Self { lines, head, items: Vec::new(), heads: Vec::new(), resets: 0, reorgs: 0, deadline }
    }

    /// The next event, whatever it is; `None` at the end.
    fn next(&mut self) -> Option<String> {
        let (mut event, mut id, mut data) = (String::new(), None, Value::Null);
        loop {
            assert!(Instant::now() < self.deadline, "{} items, {:?}", self.items.len(), self.heads.last());
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event),
                Some(("id", text)) => id = Some(text.to_owned()),
                Some(("data", text)) => data = serde_json::from_str(text).expect("JSON"),
                None if line == "\n" && !event.is_empty() => break,
                Some(_) | None => {}
            }
        }
        match event.as_str() {
            "change" => {
                assert_eq!(data["cursor"].as_str(), id.as_deref());
                self.items.push(data);
            }
            "head" => self.heads.push(data),
            "reset" => self.resets += 1,
            "reorg" => {
                self.reorgs += 1;
                let kept = data["block_number"].as_u64().expect("a block");
                self.items.retain(|item| item["block"].as_u64() <= Some(kept));
            }
            other => panic!("{other}"),
        }
        Some(event)
    }

    pub(crate) fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        self.deadline = Instant::now() + Duration::from_mins(1);
        while !is_so(self) {
            assert!(self.next().is_some(), "it ended");
        }
    }

    pub(crate) fn has(&self, item: &Value) -> bool {
        self.items.iter().any(|it| it["id"] == item["id"])
    }
}

/// All that the history says, oldest first.
pub(crate) fn history(served: &Served) -> Vec<Value> {
    let mut items: Vec<Value> = Vec::new();
    loop {
        let (_, page) = served.get(&format!("/v1/changes?limit=200&offset={}", items.len()));
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        if page["next_offset"].is_null() {
            assert_eq!(page["total"], items.len());
            items.reverse();
            return items;
        }
    }
}

/// That the gateway has read all that the chain has.
pub(crate) fn caught_up(served: &Served) {
    let head = served.town.chain.head().expect("a head");
    served.now_s.store(head.timestamp_s, Ordering::SeqCst);
    served.until("/health", |(_, health)| health["block_number"] == head.number);
}

pub(crate) fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[test]
fn whatever_happens_is_told_as_it_happens_and_from_wherever_one_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut served = served(dir.path(), Town::new(story::SEATS), config());
    caught_up(&served);
    let before = history(&served);
    let mut live = Listener::open(served.gateway.address(), "/v1/live", "");
    assert_eq!(header(&live.head, "content-type").as_deref(), Some("text/event-stream"));
    live.until(|it| !it.heads.is_empty());
    let mut resumed: Vec<(usize, Listener)> = Vec::new();
    for epoch in 0..12 {
        play(&mut served.town, epoch);
        caught_up(&served);
        // From the newest known, by whatever way, while things go on.
        let known = history(&served);
        let id = known.last().expect("some")["cursor"].as_str().expect("an id").to_owned();
        let listener = if epoch % 2 == 0 {
            Listener::open(served.gateway.address(), &format!("/v1/live?after={id}"), "")
        } else {
            Listener::open(served.gateway.address(), "/v1/live", &format!("last-event-id: {id}\r\n"))
        };
        resumed.push((known.len(), listener));
    }
    caught_up(&served);
    let all = history(&served);
    let last = all.last().expect("some");
    live.until(|it| it.has(last));
    assert_eq!(ids(&live.items), ids(&all[before.len()..]), "none is lost, and none is told twice");
    assert!(all.iter().any(|item| item["kind"] == "seat_suspended" && item["device_id"].is_string()));
    assert!(all.iter().all(|item| item["text"].as_str().is_some_and(|text| text.len() > 8)));
    assert!(all.iter().all(|item| !item["text"].as_str().expect("text").contains("no words")));
    for (known, mut listener) in resumed {
        listener.until(|it| known == all.len() || it.has(last));
        assert_eq!((ids(&listener.items), listener.resets), (ids(&all[known..]), 0), "after {known}");
    }
    // In the midst of a block, too.
    for known in all.len() - 25..all.len() - 1 {
        let after = all[known]["cursor"].as_str().expect("a cursor");
        let mut listener = Listener::open(served.gateway.address(), &format!("/v1/live?after={after}"), "");
        listener.until(|it| it.has(last));
        assert_eq!((ids(&listener.items), listener.resets), (ids(&all[known + 1..]), 0), "after {after}");
    }
    let heads: Vec<_> =
        live.heads.iter().map(|head| head["block_number"].as_u64().expect("a block")).collect();
    assert!(heads.is_sorted() && heads.len() > 3, "{heads:?}");
}

#[test]
fn what_was_taken_back_is_told_and_what_happened_instead() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    caught_up(&served);
    let former = history(&served);
    let mut live = Listener::open(served.gateway.address(), "/v1/live", "");
    live.until(|it| !it.heads.is_empty());
    live.items.clone_from(&former);
    // Once with the same transactions, once with half of them.
    for (depth, every) in [(6, 1), (11, 2)] {
        let mut count = 0;
        served.town.chain.reorganise(depth, || {
            count += 1;
            count % every == 0
        });
        let reorgs = live.reorgs;
        live.until(|it| it.reorgs > reorgs);
        caught_up(&served);
        let now = history(&served);
        live.until(|it| {
            it.items.last().map(|item| &item["cursor"]) == now.last().map(|item| &item["cursor"])
        });
        assert_eq!((ids(&live.items), live.resets), (ids(&now), 0), "{depth} blocks");
        assert_ne!(now.last().expect("some")["cursor"], former.last().expect("some")["cursor"]);
    }
    // Who was away meanwhile asks to go on after what was taken back.
    let gone = former.last().expect("some")["cursor"].as_str().expect("an id");
    let mut away = Listener::open(served.gateway.address(), &format!("/v1/live?after={gone}"), "");
    away.until(|it| it.resets == 1);
    served.town.begin(6);
    served.town.publish(1, POWER, b"");
    caught_up(&served);
    let all = history(&served);
    away.until(|it| it.has(all.last().expect("some")));
}

#[test]
fn too_much_to_resume_or_an_id_of_nobodys_is_a_reset() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    for id in ["99999999-0", "1-0-00000000", "nonsense"] {
        let mut listener =
            Listener::open(served.gateway.address(), "/v1/live", &format!("last-event-id: {id}\r\n"));
        listener.until(|it| it.resets == 1);
        assert!(listener.items.is_empty());
    }
    for wrong in ["?after=", "?after=1", "?after=-", "?after=1-2-3-4", "?before=1-2"] {
        assert_eq!(served.get(&format!("/v1/live{wrong}")).0, 400, "{wrong}");
    }
}

#[test]
fn streams_have_places_of_their_own_and_end_with_the_gateway() {
    let dir = tempfile::tempdir().expect("a directory");
    let few = Config { connections_max: 1, streams_max: 3, ..config() };
    let served = served(dir.path(), lived(), few);
    let address = served.gateway.address();
    let open = || {
        let mut listener = Listener::open(address, "/v1/live", "");
        listener.until(|it| !it.heads.is_empty());
        listener
    };
    let mut streams: Vec<_> = (0..3).map(|_| open()).collect();
    assert_eq!(served.get("/v1/overview").0, 200, "the one connection is free");
    let (head, _) = served.answer(b"GET /v1/live HTTP/1.1\r\nhost: here\r\n");
    assert!(head.starts_with("HTTP/1.1 503") && header(&head, "retry-after").is_some(), "{head}");
    streams.pop();
    // The server learns of a client's end when it next has something to say.
    let place = || {
        served.town.chain.mine(1);
        Listener::open(address, "/v1/live", "")
    };
    let again = std::iter::repeat_with(place).take(2000).find(|it| it.head.starts_with("HTTP/1.0 200"));
    streams.push(again.expect("a place is free again"));
    drop(served);
    for mut stream in streams {
        while stream.next().is_some() {}
        let mut rest = Vec::new();
        assert!(
            !matches!(stream.lines.read_to_end(&mut rest), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
        );
    }
}

#[test]
fn a_stream_outlives_the_time_that_an_answer_may_take() {
    let dir = tempfile::tempdir().expect("a directory");
    let hasty = Config { request_max: Duration::from_millis(300), ..config() };
    let served = served(dir.path(), lived(), hasty);
    let mut live = Listener::open(served.gateway.address(), "/v1/live", "");
    live.until(|it| !it.heads.is_empty());
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(900) {
        let number = served.town.chain.head().expect("a head").number;
        served.town.chain.mine(1);
        live.until(|it| it.heads.last().is_some_and(|head| head["block_number"].as_u64() > Some(number)));
    }
}
