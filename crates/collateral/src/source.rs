//! The way from a quote to its collateral: cache, endpoints, and what to make of both.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use multee_evidence::{ClaimedPlatform, ClaimedSnp, Collateral, CollateralKey, is_snp_quote};
use serde::Serialize;

use crate::cache::Cache;
use crate::endpoint::Endpoint;
use crate::error::{Alarm, FetchError, SourceError};
use crate::health::Health;
use crate::http::{Client, HttpConfig};
use crate::item::{AmdItem, Evaluation, Item};
use crate::piece::{self, Piece, Window};

/// How many alarms are kept at most.
const ALARMS_MAX: usize = 256;

/// Where collateral comes from and how long it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// Intel's service and caches of it, asked in this order.
    pub intel: Vec<Endpoint>,
    /// AMD's service and caches of it, asked in this order.
    pub amd: Vec<Endpoint>,
    /// A directory to keep what was fetched in; without one it is kept in memory.
    pub cache: Option<PathBuf>,
    /// How long before it expires something is fetched anew, in seconds.
    pub refresh_margin_s: u64,
    /// How long after it was fetched something is fetched anew even if it holds for longer, in seconds: revocations are
    /// learned of that way.
    pub age_s_max: u64,
    /// How to fetch.
    pub http: HttpConfig,
}

/// Collateral for quotes, from the network and a cache.
///
/// Nothing in it is trusted, and nothing that comes out of it has to be: whoever judges evidence checks signatures.
/// Time is an argument. Fetches are made one at a time, by whoever asks first for what is due.
pub struct Source {
    config: SourceConfig,
    client: Client,
    state: Mutex<State>,
}

struct State {
    cache: Cache,
    health: Health,
    alarms: BTreeMap<String, Alarm>,
}

/// The document that verifiers read, its fields named as dcap-qvl names them.
#[derive(Serialize)]
struct Document<'a> {
    pck_crl_issuer_chain: &'a str,
    root_ca_crl: &'a str,
    pck_crl: &'a str,
    tcb_info_issuer_chain: &'a str,
    tcb_info: &'a str,
    tcb_info_signature: &'a str,
    qe_identity_issuer_chain: &'a str,
    qe_identity: &'a str,
    qe_identity_signature: &'a str,
}

/// A candidate to ask: who, and the whole URL.
struct Candidate {
    endpoint: String,
    url: String,
}

impl Source {
    /// A source with what its cache's directory holds.
    ///
    /// # Errors
    /// When that directory cannot be made or read.
    pub fn open(config: SourceConfig) -> io::Result<Self> {
        let cache = config.cache.as_deref().map(Cache::open).transpose()?.unwrap_or_default();
        let client = Client::new(&config.http);
        let state = State { cache, health: Health::default(), alarms: BTreeMap::new() };
        Ok(Self { config, client, state: Mutex::new(state) })
    }

    /// The collateral that `quote` needs to be judged as of `at_s`, in the JSON form that [`Collateral`] reads: Intel's of
    /// one TCB evaluation, or AMD's, which knows none. What is due at `now_s` is fetched first; what cannot be fetched comes from the cache for as
    /// long as it holds. Both times are Unix time in seconds.
    ///
    /// # Errors
    /// When the quote does not say what it needs, or that is not to be had.
    pub fn collateral(
        &self,
        quote: &[u8],
        evaluation: Evaluation,
        at_s: u64,
        now_s: u64,
    ) -> Result<Vec<u8>, SourceError> {
        let document = if is_snp_quote(quote) {
            let claimed = ClaimedSnp::read(quote).map_err(SourceError::Quote)?;
            self.snp_document(&claimed, at_s, now_s)?
        } else {
            let key = ClaimedPlatform::read(quote).map_err(SourceError::Quote)?.collateral();
            self.document(key, evaluation, at_s, now_s)?
        };
        Collateral::from_json(&document)?;
        Ok(document)
    }

    /// A certificate or list of AMD's, as AMD serves it, that holds at `at_s`. Times as for [`Self::collateral`].
    ///
    /// # Errors
    /// When it is not to be had.
    pub fn amd(&self, item: AmdItem, at_s: u64, now_s: u64) -> Result<Vec<u8>, SourceError> {
        let piece = self.piece(&Item::Amd(item), at_s, now_s)?;
        // Written by us in hex, and held against its hash since.
        Ok(hex::decode(&piece.document).unwrap_or_default())
    }

    /// What was asked for within a day and should be fresh and is not, by name.
    pub fn alarms(&self, now_s: u64) -> Vec<Alarm> {
        const ASKED_WITHIN_S: u64 = 86_400;
        let state = self.lock();
        let recent =
            state.alarms.values().filter(|alarm| alarm.last_s.saturating_add(ASKED_WITHIN_S) >= now_s);
        recent.cloned().collect()
    }

    fn document(
        &self,
        key: CollateralKey,
        evaluation: Evaluation,
        at_s: u64,
        now_s: u64,
    ) -> Result<Vec<u8>, SourceError> {
        let CollateralKey { tee, fmspc, ca } = key;
        let tcb_info = self.piece(&Item::TcbInfo { tee, fmspc, evaluation }, at_s, now_s)?;
        let qe_identity = self.piece(&Item::QeIdentity { tee, evaluation }, at_s, now_s)?;
        let pck_crl = self.piece(&Item::PckCrl { ca }, at_s, now_s)?;
        let root_crl = self.piece(&root_crl(&tcb_info), at_s, now_s)?;
        let document = Document {
            pck_crl_issuer_chain: &pck_crl.chain_pem,
            root_ca_crl: &root_crl.document,
            pck_crl: &pck_crl.document,
            tcb_info_issuer_chain: &tcb_info.chain_pem,
            tcb_info: &tcb_info.document,
            tcb_info_signature: &tcb_info.signature,
            qe_identity_issuer_chain: &qe_identity.chain_pem,
            qe_identity: &qe_identity.document,
            qe_identity_signature: &qe_identity.signature,
        };
        serde_json::to_vec(&document).map_err(|error| SourceError::Malformed(error.into()))
    }

    /// One thing as of `at_s`.
    pub(crate) fn piece(&self, item: &Item, at_s: u64, now_s: u64) -> Result<Piece, SourceError> {
        let mut state = self.lock();
        let name = item.to_string();
        if self.is_due(&state.cache, &name, now_s) {
            self.refresh(&mut state, item, &name, now_s);
        }
        match state.cache.as_of(&name, at_s) {
            Some(entry) => Ok(entry.piece.clone()),
            None => Err(state.lack(name, at_s, now_s)),
        }
    }

    /// What a service hands out shortly before it expires, or older than what is cached, is not asked for at every turn.
    fn is_due(&self, cache: &Cache, name: &str, now_s: u64) -> bool {
        const PAUSE_S: u64 = 600;
        let Some((newest, fetched_s)) = cache.newest(name).zip(cache.fetched_s(name)) else { return true };
        let until_s = newest.line.window.until_s;
        let expires_soon = until_s <= now_s.saturating_add(self.config.refresh_margin_s);
        let is_old = fetched_s.saturating_add(self.config.age_s_max) <= now_s;
        let paused = now_s < fetched_s.saturating_add(PAUSE_S);
        until_s <= now_s || !paused && (expires_soon || is_old)
    }

    /// Asks one after another, until one gives it.
    fn refresh(&self, state: &mut State, item: &Item, name: &str, now_s: u64) {
        let mut refusals = Vec::new();
        for candidate in self.candidates(item) {
            let Candidate { endpoint, .. } = &candidate;
            if let Some(obstacle) = state.health.obstacle(endpoint, name, now_s) {
                refusals.push((endpoint.clone(), obstacle));
                continue;
            }
            match self.fetch(item, &candidate, now_s) {
                Ok((piece, window)) => {
                    state.health.succeeded(endpoint);
                    return state.keep(name, piece, window, endpoint, now_s);
                }
                Err(error) => {
                    state.health.failed(endpoint, name, &error, now_s);
                    refusals.push((endpoint.clone(), error));
                }
            }
        }
        state.raise(name, refusals, now_s);
    }

    fn fetch(&self, item: &Item, candidate: &Candidate, now_s: u64) -> Result<(Piece, Window), FetchError> {
        let (piece, window) = piece::read(item, &self.client.get(&candidate.url)?)?;
        if window.until_s > now_s { Ok((piece, window)) } else { Err(FetchError::Expired(window.until_s)) }
    }

    fn candidates(&self, item: &Item) -> Vec<Candidate> {
        let (endpoints, path) = match item {
            Item::Amd(_) => (&self.config.amd, item.path()),
            _ => (&self.config.intel, item.path()),
        };
        let served = endpoints
            .iter()
            .map(|endpoint| Candidate { endpoint: endpoint.to_string(), url: endpoint.url(&path) });
        // Intel's own service has no such path; its root names the place.
        let named = match item {
            Item::RootCrl { root_der } => piece::distribution_point(root_der),
            _ => None,
        };
        served.chain(named.map(|url| Candidate { endpoint: url.clone(), url })).collect()
    }

    /// A thread that panicked left a cache whose entries are each whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, name: &str, piece: Piece, window: Window, endpoint: &str, now_s: u64) {
        self.alarms.remove(name);
        if let Err(error) = self.cache.put(name, piece, window, endpoint, now_s) {
            let refusal = ("cache".to_owned(), FetchError::Unreachable(error.to_string()));
            self.raise(name, vec![refusal], now_s);
        }
    }

    fn raise(&mut self, name: &str, refusals: Vec<(String, FetchError)>, now_s: u64) {
        let window = self.cache.newest(name).map(|entry| entry.line.window);
        let since_s = self.alarms.remove(name).map_or(now_s, |alarm| alarm.since_s);
        if self.alarms.len() >= ALARMS_MAX {
            let stalest =
                self.alarms.values().min_by_key(|alarm| alarm.last_s).map(|alarm| alarm.item.clone());
            self.alarms.remove(&stalest.unwrap_or_default());
        }
        let alarm = Alarm {
            item: name.to_owned(),
            since_s,
            last_s: now_s,
            cached_issued_s: window.map(|window| window.issued_s),
            cached_until_s: window.map(|window| window.until_s),
            refusals,
        };
        self.alarms.insert(name.to_owned(), alarm);
    }

    /// Why there is nothing as of `at_s`.
    fn lack(&self, name: String, at_s: u64, now_s: u64) -> SourceError {
        if let Some(alarm) = self.alarms.get(&name) {
            return SourceError::Unavailable(alarm.clone());
        }
        match self.cache.newest(&name).map(|entry| entry.line.window) {
            Some(Window { issued_s, .. }) if issued_s > at_s => {
                SourceError::IssuedLater { item: name, issued_s, at_s }
            }
            window => SourceError::Unavailable(Alarm {
                item: name,
                since_s: now_s,
                last_s: now_s,
                cached_issued_s: window.map(|window| window.issued_s),
                cached_until_s: window.map(|window| window.until_s),
                refusals: Vec::new(),
            }),
        }
    }
}

/// The list of the root that the TCB info's chain ends in.
fn root_crl(tcb_info: &Piece) -> Item {
    // Pieces are kept only with a chain that has one.
    Item::RootCrl { root_der: piece::root_of(&tcb_info.chain_pem).unwrap_or_default() }
}

impl SourceConfig {
    /// Intel's and AMD's own services, no directory; refreshed once a day and a week before expiry.
    pub fn vendors() -> Self {
        const DAY_S: u64 = 86_400;
        Self {
            intel: vec![Endpoint::intel()],
            amd: vec![Endpoint::amd()],
            cache: None,
            refresh_margin_s: 7 * DAY_S,
            age_s_max: DAY_S,
            http: HttpConfig::default(),
        }
    }
}
