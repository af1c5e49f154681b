//! The gateway as a service: it follows the chain, and answers over HTTP.
//!
//! | path | answer |
//! |---|---|
//! | `/health` | 200; 206 while it reads the chain for the first time; 503 out of touch, or with a stale head |
//! | `/v1/overview` | the network in numbers, the chain's head, the contract's money |
//! | `/v1/network` | settings, parameters, reference values, seats by tier |
//! | `/v1/epochs` | newest first |
//! | `/v1/epochs/{epoch}` | one of them |
//! | `/v1/epochs/{epoch}/graph` | who judged whom in it, by seats or, if there are many, by tiers |
//! | `/v1/epochs/{epoch}/marks` | who marked whom, by block |
//! | `/v1/devices` | `tier`, `operational`, `account`, `measurement`, `tee`, `q`; `sort` is `seat`, `score`, `lowest_score`, `oldest` |
//! | `/v1/devices.csv` | the same, as a table for spreadsheets |
//! | `/v1/devices/{id}` | its seats, its score's arithmetic, what befell it |
//! | `/v1/devices/{id}/evidence` | what its newest evidence says of itself: parsed, not verified |
//! | `/v1/devices/{id}/blocks` | its blocks, with what came of them |
//! | `/v1/devices/{id}/trust` | `min_score`, `max_age`: whether it is trusted now, and why |
//! | `/v1/devices/{id}/ear` | the same as a signed token ([`crate::ear`]), with the client's `nonce` in it |
//! | `/v1/ear/key` | the key that tokens are checked with, a JWK |
//! | `/v1/blocks/{epoch}/{order}` | a confirmation block |
//! | `/v1/blocks/{epoch}/{order}/evidence` | what its evidence says of itself: parsed, not verified |
//! | `/v1/blocks/{epoch}/{order}/quote` | its quote, with the certificates in it |
//! | `/v1/blocks/{epoch}/{order}/marks` | the marks on it, by whom they were given |
//! | `/v1/changes` | `seat`, `epoch`: what happened, newest first, in sentences, too |
//! | `/v1/live` | the same as it happens, as server-sent events |
//! | `/v1/decisions` | `seat`, `epoch`: decisions on suspicious blocks, newest first |
//! | `/v1/rewards` | `seat`, `epoch`: what blocks took out of pots, newest first |
//! | `/v1/search` | `q`: whatever begins so |
//! | `/v1/weights` | what the last epochs' blocks weigh, and those of labelled devices among them |
//! | `/v1/content/{hash}` | the bytes with this keccak256 |
//! | `/metrics` | what monitoring is told |
//! | `/openapi.json` | all of this for programs; a test holds the committed `openapi.json` against it |
//! | `/`, `/assets/*` | the page for people |
//!
//! Lists take `limit` (1 to 200, else 50) and `offset`. A parameter that is not known is refused, as is any that is not
//! what it should be. Problems are `application/problem+json` (RFC 9457). There is nothing that writes.
//!
//! **Limits.** Heads of requests have at most 16 KiB and must come in time, bodies are not read; so many connections are
//! served at a time, and further ones wait; a client's rate and its connections are bounded; what takes too long is broken off. Streams of events
//! have places of their own, and further ones are refused; one that lags is told to load anew.

mod asked;
mod clients;
mod connections;
mod csv;
mod document;
mod live;
mod metrics;
mod money;
mod overview;
mod page;
mod problem;
mod rate;
mod routes;
mod status;

use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use alloy_primitives::B256;
use axum::http::{HeaderValue, StatusCode};
use multee_chain::Chain;
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use self::connections::Server;
use self::live::Live;
use self::metrics::Metrics;
use self::money::Money;
use self::problem::Problem;
use self::rate::Buckets;
use self::status::Status;
use crate::ear::Key;
use crate::index::{Index, IndexError, Newest};
use crate::reader::Reader;
use crate::trust::Clock;

pub use rate::Rate;

/// Questions that are worked on at a time.
const READERS: usize = 4;

/// Tells the time, in Unix seconds.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How a gateway serves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Pause between two looks at the chain.
    pub poll_every: Duration,
    /// How old the newest block may be, in seconds, before answers are `stale`.
    pub head_age_s_max: u64,
    /// How long after the chain's last answer it is taken to be there.
    pub touch_max: Duration,
    /// Connections at a time; further ones wait.
    pub connections_max: usize,
    /// How long a request's head may take, and then its answer.
    pub request_max: Duration,
    /// What one client may ask; `None` for as much as it likes, behind a proxy that bounds it.
    pub rate: Option<Rate>,
    /// Origins whose pages may read answers.
    pub cors: Vec<Origin>,
    /// What the network is called in answers.
    pub name: String,
    /// Why nothing of it is real, if it is not: in a sentence that begins with SIMULATED.
    pub simulated: Option<String>,
    /// What some devices are called, to see what they weigh together: for demonstrations, whose devices are SIMULATED.
    pub labels: BTreeMap<B256, String>,
    /// Streams of events at a time, beside the connections; further ones are refused.
    pub streams_max: usize,
    /// What signs tokens; without it there are none.
    pub ear_key: Option<Arc<Key>>,
}

/// Whose pages may read answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    /// `*` for everybody's, or an origin as browsers name it: scheme and host, and the port if it is not the scheme's.
    pub fn parse(text: &str) -> Option<Self> {
        let host = ["http://", "https://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
        let is_one =
            text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '*']));
        is_one.then(|| text.parse().ok()).flatten().map(Self)
    }
}

impl Config {
    /// At this address: looks every second, a head of two minutes is stale, 256 connections and 64 a client, ten seconds a request,
    /// 50 questions a second and client, no foreign origins, no key.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            poll_every: Duration::from_secs(1),
            head_age_s_max: 120,
            touch_max: Duration::from_secs(30),
            connections_max: 256,
            request_max: Duration::from_secs(10),
            rate: Some(Rate { per_second: 50, burst: 200, connections: 64 }),
            cors: Vec::new(),
            name: "MulTEEverse".to_owned(),
            simulated: None,
            labels: BTreeMap::new(),
            streams_max: 256,
            ear_key: None,
        }
    }
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The address is taken, or not this machine's; or threads cannot be had.
    #[error("cannot serve at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// A gateway at work. It ends when dropped.
pub struct Gateway {
    server: Option<Server>,
    stop: Arc<AtomicBool>,
    follower: Option<JoinHandle<Result<(), IndexError>>>,
    shared: Arc<Shared>,
}

/// What handlers share.
struct Shared {
    readers: Mutex<Vec<Reader>>,
    free: Arc<Semaphore>,
    status: Status,
    now: Now,
    config: Config,
    buckets: Option<Buckets>,
    live: Live,
    metrics: Metrics,
}

/// How the gateway is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Health {
    /// `ok`, `catching_up`, `out_of_touch` or `stale`.
    state: &'static str,
    /// The newest block that was read.
    block_number: Option<u64>,
    /// Its time, Unix seconds.
    timestamp_s: Option<u64>,
    /// How old it is by the clock, in seconds.
    age_s: Option<u64>,
    /// Why the chain cannot be followed, if it cannot.
    trouble: Option<String>,
}

impl Health {
    fn status(&self) -> StatusCode {
        match self.state {
            "ok" => StatusCode::OK,
            "catching_up" => StatusCode::PARTIAL_CONTENT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Gateway {
    /// Follows `chain` with the index at `path`, which `index` has open, and answers.
    ///
    /// # Errors
    /// When the index cannot be read, or the address not be had.
    pub fn start(
        index: Index,
        path: &Path,
        chain: Arc<dyn Chain>,
        config: Config,
        now: Now,
    ) -> Result<Self, ServeError> {
        let readers = (0..READERS).map(|_| Reader::open(path)).collect::<Result<Vec<_>, _>>()?;
        let shared = Arc::new(Shared {
            readers: Mutex::new(readers),
            free: Arc::new(Semaphore::new(READERS)),
            status: Status::new(config.touch_max),
            now,
            buckets: config.rate.map(Buckets::new),
            live: Live::new(config.streams_max),
            metrics: Metrics::new(),
            config,
        });
        let listen = |source| ServeError::Listen { address: shared.config.listen, source };
        let server = Server::start(Arc::clone(&shared)).map_err(listen)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (shared_too, stopped) = (Arc::clone(&shared), Arc::clone(&stop));
        let follower = thread::Builder::new()
            .name("follower".to_owned())
            .spawn(move || follow(index, chain.as_ref(), &shared_too, &stopped))
            .map_err(listen)?;
        Ok(Self { server: Some(server), stop, follower: Some(follower), shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().map_or(self.shared.config.listen, Server::address)
    }

    /// Why it cannot follow the chain, if it cannot.
    pub fn trouble(&self) -> Option<String> {
        self.shared.status.trouble()
    }

    /// Why it follows the chain no more: another try would not mend it. It goes on answering that all is stale.
    pub fn gave_up(&mut self) -> Option<IndexError> {
        let follower = self.follower.take_if(|follower| follower.is_finished())?;
        follower.join().ok()?.err()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.server.take());
        if let Some(follower) = self.follower.take() {
            follower.thread().unpark();
            let _ = follower.join();
        }
    }
}

fn follow(mut index: Index, chain: &dyn Chain, shared: &Shared, stop: &AtomicBool) -> Result<(), IndexError> {
    while !stop.load(Ordering::Relaxed) {
        match index.sync(chain) {
            Ok(synced) => {
                shared.metrics.reorganisations.inc_by(synced.reorganisations);
                shared.status.synced();
                count_money(&index, chain, shared);
            }
            Err(error) => {
                shared.metrics.sync_failures.inc();
                shared.status.failed(error.to_string());
                shared.status.counted(None);
                if error.is_lasting() {
                    return Err(error);
                }
            }
        }
        shared.live.looked.notify_one();
        thread::park_timeout(shared.config.poll_every);
    }
    Ok(())
}

/// Asks the contract for its money, if it was not at this head.
fn count_money(index: &Index, chain: &dyn Chain, shared: &Shared) {
    // An index that cannot be read is the next look's trouble.
    let (Ok(Some(network)), Ok(Some(newest))) = (index.network(), index.newest()) else { return };
    if shared.status.money().is_some_and(|money| money.is_of(&newest)) {
        return;
    }
    match Money::read(chain, index.deployment().contract, network.token, &newest) {
        // The chain went on meanwhile: what was read last stands until the next look.
        Ok(None) => {}
        Ok(money) => shared.status.counted(money),
        Err(_) => shared.status.counted(None),
    }
}

impl Shared {
    fn clock(&self) -> Clock {
        Clock {
            now_s: (self.now)(),
            head_age_s_max: self.config.head_age_s_max,
            in_touch: self.status.in_touch(),
        }
    }

    fn health(&self, newest: Option<Newest>) -> Health {
        let clock = self.clock();
        let age_s = newest.map(|newest| clock.now_s.saturating_sub(newest.timestamp_s));
        let state = match age_s {
            _ if !self.status.has_caught_up() && self.status.trouble().is_none() => "catching_up",
            _ if !clock.in_touch => "out_of_touch",
            Some(age_s) if age_s <= clock.head_age_s_max => "ok",
            _ => "stale",
        };
        Health {
            state,
            block_number: newest.map(|newest| newest.number),
            timestamp_s: newest.map(|newest| newest.timestamp_s),
            age_s,
            trouble: self.status.trouble(),
        }
    }

    /// Asks the index, when one of its readers is free.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Reader) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, Problem> {
        let failed = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the index cannot be read");
        let place = Arc::clone(&self.free).acquire_owned().await.map_err(|_| failed())?;
        let shared = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            let reader = shared.readers.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let answer = ask(&reader);
            shared.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            // Only now, even if nobody waits for the answer any more.
            drop(place);
            Some(answer)
        });
        match answer.await.ok().flatten() {
            Some(Ok(answer)) => Ok(answer),
            _ => Err(failed()),
        }
    }
}

impl core::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Gateway").field("address", &self.address()).finish_non_exhaustive()
    }
}
