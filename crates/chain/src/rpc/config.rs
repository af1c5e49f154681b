//! What a chain over RPC is reached with.

use core::time::Duration;

use alloy_primitives::{Address, B256};
use ureq::http::Uri;

use super::backoff::Rests;
use super::fees::FeeLimits;
use super::interrupt::Interrupt;
use super::trust::TlsRoots;

/// Where a JSON-RPC server listens. Its path, query and user may be secrets of the operator: they are shown by nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    uri: Uri,
    name: String,
    tls_roots: TlsRoots,
}

/// The text is no URL of a JSON-RPC server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a URL of the form https://host or wss://host (http, ws), with port and path as needed")]
pub struct InvalidEndpoint;

impl Endpoint {
    /// The endpoint at `url`: `https://`, `wss://`, or without encryption `http://`, `ws://`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(url: &str) -> Result<Self, InvalidEndpoint> {
        let uri: Uri = url.parse().map_err(|_| InvalidEndpoint)?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https" | "ws" | "wss"));
        let (scheme, host) = (scheme.ok_or(InvalidEndpoint)?, uri.host().ok_or(InvalidEndpoint)?);
        let port = uri.port_u16().map_or_else(String::new, |port| format!(":{port}"));
        let name = format!("{scheme}://{host}{port}");
        Ok(Self { uri, name, tls_roots: TlsRoots::Public })
    }

    /// The same endpoint, with other authorities to check its server by.
    #[must_use]
    pub fn trusting(self, tls_roots: TlsRoots) -> Self {
        Self { tls_roots, ..self }
    }

    /// Scheme, host and port.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_websocket(&self) -> bool {
        matches!(self.uri.scheme_str(), Some("ws" | "wss"))
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn tls_roots(&self) -> &TlsRoots {
        &self.tls_roots
    }
}

impl core::str::FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(url: &str) -> Result<Self, InvalidEndpoint> {
        Self::parse(url)
    }
}

impl core::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A contract that every endpoint must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedCode {
    /// Where it is.
    pub address: Address,
    /// keccak256 of its code.
    pub code_hash: B256,
}

/// What a chain over RPC is reached with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The chain's id (EIP-155), which every endpoint must have.
    pub chain_id: u64,
    /// Where to ask, in order of preference, at most [`ENDPOINTS_MAX`](super::ENDPOINTS_MAX).
    pub endpoints: Vec<Endpoint>,
    /// Contracts that every endpoint must have.
    pub expected_codes: Vec<ExpectedCode>,
    /// Within which a whole answer must have come.
    pub timeout: Duration,
    /// Bytes one answer may have.
    pub answer_bytes_max: u64,
    /// How long an endpoint that failed is left alone.
    pub rests: Rests,
    /// How long an endpoint's agreement on chain id and contracts is taken for granted. After a failure it is not.
    pub recheck_after: Duration,
    /// How often all endpoints are asked for their newest block, to tell which are stale. Nobody is asked between a
    /// caller's questions.
    pub survey_every: Duration,
    /// How old the knowledge of an endpoint's newest block may be when a question is put to it.
    pub head_age_max: Duration,
    /// How many blocks an endpoint may be behind others.
    pub stale_blocks_max: u64,
    /// How many seconds older than others' an endpoint's newest block may be.
    pub stale_s_max: u64,
    /// Blocks a transaction must be deep before its receipt is believed; 1 is in the newest block. At most
    /// [`CONFIRMATIONS_MAX`](super::CONFIRMATIONS_MAX).
    pub confirmations: u64,
    /// What is paid for gas.
    pub fees: FeeLimits,
    /// How long a transaction may wait, while blocks are made, before it is replaced by one that pays more.
    pub bump_after: Duration,
    /// How long to wait for a transaction before its outcome is left open.
    pub send_within: Duration,
    /// How often to look for its receipt.
    pub poll_every: Duration,
    /// Spreads the ends of rests; another for each node.
    pub jitter_seed: u64,
    /// Ends all waiting when it is asked for.
    pub interrupt: Interrupt,
}

impl Config {
    /// What suits a public chain with a block every few seconds: answers of 16 MiB within 10 s, 5 blocks or 60 s
    /// behind is stale, 2 confirmations, at most 200 gwei for gas, 4 bumps, each after a minute, 10 minutes in all.
    pub fn new(chain_id: u64, endpoints: Vec<Endpoint>) -> Self {
        Self {
            chain_id,
            endpoints,
            expected_codes: Vec::new(),
            timeout: Duration::from_secs(10),
            answer_bytes_max: 16 << 20,
            rests: Rests { first: Duration::from_millis(500), longest: Duration::from_mins(1) },
            recheck_after: Duration::from_mins(5),
            survey_every: Duration::from_secs(15),
            head_age_max: Duration::from_millis(500),
            stale_blocks_max: 5,
            stale_s_max: 60,
            confirmations: 2,
            fees: FeeLimits { cap_wei_max: 200_000_000_000, tip_wei_min: 1, bumps_max: 4 },
            bump_after: Duration::from_mins(1),
            send_within: Duration::from_mins(10),
            poll_every: Duration::from_secs(1),
            jitter_seed: 0,
            interrupt: Interrupt::default(),
        }
    }

    /// Every endpoint must have a contract with this code hash at this address.
    #[must_use]
    pub fn expect_code(mut self, address: Address, code_hash: B256) -> Self {
        self.expected_codes.push(ExpectedCode { address, code_hash });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_shown_without_its_secrets() {
        for url in
            ["https://user:hidden@rpc.example:8443/v3/hidden?key=hidden", "http://hidden@127.0.0.1:80/hidden"]
        {
            let endpoint = Endpoint::parse(url).expect("a URL");
            let shown = format!("{endpoint:?} {}", endpoint.name());
            assert!(!shown.contains("hidden"), "{shown}");
        }
        let endpoint = Endpoint::parse("https://user:x@rpc.example:8443/v3").expect("a URL");
        assert_eq!(endpoint.name(), "https://rpc.example:8443");
    }

    #[test]
    fn other_schemes_and_things_are_no_endpoints() {
        for text in ["", "rpc.example", "/path", "ftp://rpc.example", "http://", "file:///etc", "http:// x"] {
            assert_eq!(Endpoint::parse(text), Err(InvalidEndpoint), "{text}");
        }
    }
}
