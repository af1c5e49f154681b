//! Content by its hash: what only old events hold, from whoever kept it.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use alloy_primitives::{B256, Bytes, keccak256};
use multee_chain::rpc::Endpoint;
use ureq::Agent;

/// Bytes that one content may have: more than a policy document, evidence or a list of reference values can.
pub const CONTENT_BYTES_MAX: u64 = 64 * 1024;
/// Peers that are asked at most.
pub const PEERS_MAX: usize = 16;
/// How long a peer that failed is asked no more.
const REST: Duration = Duration::from_secs(30);

/// Finds content by its hash.
pub trait ReadContent: Send + Sync {
    /// The bytes whose keccak256 is `hash`; `None` if nobody has them. The caller checks the hash, too.
    fn content(&self, hash: B256) -> Option<Bytes>;
}

/// Nobody has anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoContent;

impl ReadContent for NoContent {
    fn content(&self, _: B256) -> Option<Bytes> {
        None
    }
}

/// Gateways of peers, asked one after the other with `GET {base}/v1/content/0x{hash}`. What they answer is believed only
/// where it has the hash.
pub struct PeerContent {
    agent: Agent,
    peers: Vec<Peer>,
}

struct Peer {
    base: String,
    rests_until: Mutex<Option<Instant>>,
}

/// The text is no base URL of a gateway, or there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeer {
    /// It is something else.
    #[error("not a URL of the form https://host (http), with port and path as needed and without a query")]
    NotABase,
    /// More than [`PEERS_MAX`].
    #[error("more than {PEERS_MAX} peers")]
    TooMany,
}

impl PeerContent {
    /// Asks the gateways at these base URLs, each of which must have answered within `timeout`.
    ///
    /// # Errors
    /// When a text is no such URL, or there are more than [`PEERS_MAX`].
    pub fn new<'a>(bases: impl IntoIterator<Item = &'a str>, timeout: Duration) -> Result<Self, InvalidPeer> {
        let peers = bases.into_iter().map(Peer::at).collect::<Result<Vec<_>, _>>()?;
        if peers.len() > PEERS_MAX {
            return Err(InvalidPeer::TooMany);
        }
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .proxy(None)
            .user_agent("multee")
            .build();
        Ok(Self { agent: config.new_agent(), peers })
    }
}

impl ReadContent for PeerContent {
    fn content(&self, hash: B256) -> Option<Bytes> {
        self.peers.iter().find_map(|peer| peer.content(&self.agent, hash))
    }
}

impl Peer {
    fn at(base: &str) -> Result<Self, InvalidPeer> {
        let endpoint = Endpoint::parse(base).map_err(|_| InvalidPeer::NotABase)?;
        if !endpoint.name().starts_with("http") || base.contains(['?', '#']) {
            return Err(InvalidPeer::NotABase);
        }
        Ok(Self { base: base.trim_end_matches('/').to_owned(), rests_until: Mutex::default() })
    }

    /// Something else than what was asked for is a failure as any other; not to have it is none.
    fn content(&self, agent: &Agent, hash: B256) -> Option<Bytes> {
        let mut rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        if rests_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let answer = match self.ask(agent, hash) {
            Ok(bytes) if keccak256(&bytes) == hash => Ok(Some(bytes.into())),
            Err(ureq::Error::StatusCode(404)) => Ok(None),
            _ => Err(Instant::now() + REST),
        };
        *rests_until = answer.as_ref().err().copied();
        answer.ok().flatten()
    }

    fn ask(&self, agent: &Agent, hash: B256) -> Result<Vec<u8>, ureq::Error> {
        let mut response = agent.get(format!("{}/v1/content/{hash}", self.base)).call()?;
        response.body_mut().with_config().limit(CONTENT_BYTES_MAX).read_to_vec()
    }
}

impl core::fmt::Debug for PeerContent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PeerContent").field("peers", &self.peers.len()).finish_non_exhaustive()
    }
}
