//! A gateway over a small network, and who asks it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use multee_chain::{
    Answer, Call, Chain, ChainError, Head, LogEntry, LogFilter, Receipt, Sender, Transaction,
};
use multee_gateway::index::Index;
use multee_gateway::serve::{Config, Gateway};
use serde_json::Value;

use crate::forking::Forking;
use crate::town::{POWER, Town};

/// A chain that can be out of reach.
pub(crate) struct Switch {
    pub(crate) chain: Arc<Forking>,
    pub(crate) off: AtomicBool,
}

impl Switch {
    fn ask<T>(&self, ask: impl FnOnce(&Forking) -> Result<T, ChainError>) -> Result<T, ChainError> {
        if self.off.load(Ordering::SeqCst) {
            return Err(ChainError::Unreachable {
                place: "here".to_owned(),
                cause: "switched off".to_owned(),
            });
        }
        ask(&self.chain)
    }
}

impl Chain for Switch {
    fn head(&self) -> Result<Head, ChainError> {
        self.ask(Chain::head)
    }

    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        self.ask(|chain| chain.block(number))
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        self.ask(|chain| chain.call(call))
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        self.ask(|chain| chain.send(sender, transaction))
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.ask(|chain| chain.receipt(transaction_hash))
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        self.ask(|chain| chain.logs(filter))
    }
}

pub(crate) struct Served {
    pub(crate) gateway: Gateway,
    pub(crate) town: Town,
    pub(crate) switch: Arc<Switch>,
    pub(crate) now_s: Arc<AtomicU64>,
}

pub(crate) fn config() -> Config {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Config { poll_every: Duration::from_millis(20), rate: None, ..Config::new(listen) }
}

pub(crate) fn served(dir: &Path, town: Town, config: Config) -> Served {
    let path = dir.join("index");
    let index =
        Index::open(&path, town.deployment(), multee_gateway::index::Config::default()).expect("an index");
    let switch = Arc::new(Switch { chain: Arc::clone(&town.chain), off: AtomicBool::new(false) });
    let now_s = Arc::new(AtomicU64::new(town.chain.head().expect("a head").timestamp_s));
    let (told, chain) = (Arc::clone(&now_s), Arc::<Switch>::clone(&switch));
    let now = Arc::new(move || told.load(Ordering::SeqCst));
    let gateway = Gateway::start(index, &path, chain, config, now).expect("serves");
    let served = Served { gateway, town, switch, now_s };
    served.until("/health", |(status, _)| *status == 200);
    served
}

impl Served {
    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let (status, kind, body) = self.raw("GET", path, "");
        let known = ["application/json", "application/problem+json"];
        assert!(known.contains(&kind.as_str()), "{path}: {kind}");
        assert_eq!(
            status >= 400 && status != 503,
            kind == known[1] && status != 503,
            "{path}: {status} {kind}"
        );
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    /// Status, content type and body of an answer to whatever was asked.
    pub(crate) fn raw(&self, method: &str, path: &str, headers: &str) -> (u16, String, Vec<u8>) {
        let (head, body) =
            self.answer(format!("{method} {path} HTTP/1.1\r\nhost: here\r\n{headers}").as_bytes());
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, header(&head, "content-type").unwrap_or_default(), body)
    }

    /// Head and body of the answer to these lines.
    pub(crate) fn answer(&self, lines: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.gateway.address()).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        stream.write_all(&[lines, b"connection: close\r\n\r\n"].concat()).expect("written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("read");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        (String::from_utf8(answer[..end].to_vec()).expect("text"), answer[end + 4..].to_vec())
    }

    /// Asks until the answer is as it should be.
    pub(crate) fn until(&self, path: &str, is_so: impl Fn(&(u16, Value)) -> bool) -> (u16, Value) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.get(path);
            if is_so(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{path}: {answer:?}");
            std::thread::yield_now();
        }
    }
}

pub(crate) fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

pub(crate) fn lived() -> Town {
    let mut town = Town::new(4);
    for epoch in 0..6 {
        town.bad = if epoch > 1 { [3].into() } else { [].into() };
        town.begin(epoch);
        town.settle(epoch);
        (1..=4).for_each(|seat| town.publish(seat, POWER, b""));
    }
    town
}
