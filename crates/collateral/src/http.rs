//! Fetching, with limits on time, size and redirects. Nothing is taken from the environment.

use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use ureq::Agent;
use ureq::http::header::{LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, Response, StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::error::FetchError;

/// The largest answer, in bytes. Intel's and AMD's have up to some ten thousand.
pub(crate) const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// How to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConfig {
    /// How long one request may take altogether, in milliseconds.
    pub time_ms_max: u64,
    /// Who may vouch for endpoints.
    pub tls_roots: TlsRoots,
}

/// The certificate authorities that TLS connections are checked by. What is fetched is signed by the vendors besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsRoots {
    /// Those that the Mozilla project accepts.
    Public,
    /// These, DER: for a PCCS of one's own.
    These(Vec<Vec<u8>>),
}

impl Default for HttpConfig {
    /// Twenty seconds, public authorities.
    fn default() -> Self {
        Self { time_ms_max: 20_000, tls_roots: TlsRoots::Public }
    }
}

/// What came with status 200.
#[derive(Debug)]
pub(crate) struct Answer {
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A certificate chain in a header: PEM, percent-encoded.
    pub(crate) fn chain(&self, names: &[&str]) -> Result<String, FetchError> {
        let header = names.iter().find_map(|name| self.headers.get(*name));
        let text = header.ok_or(FetchError::Unexpected("answer has no issuer chain"))?.to_str();
        let text = text.map_err(|_| FetchError::Unexpected("issuer chain is no text"))?;
        let decoded = percent_decode_str(text).decode_utf8();
        Ok(decoded.map_err(|_| FetchError::Unexpected("issuer chain is no text"))?.into_owned())
    }

    #[cfg(test)]
    pub(crate) fn new(headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| {
            (ureq::http::HeaderName::from_static(name), value.parse().expect("header's value"))
        });
        Self { headers: headers.collect(), body: body.into() }
    }
}

/// Asks endpoints.
pub(crate) struct Client(Agent);

impl Client {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_millis(config.time_ms_max)))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A service may close an idle connection just when it is used again; a new one costs little.
            .max_idle_connections(0)
            .proxy(None)
            .user_agent(concat!("multee/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls(&config.tls_roots))
            .build();
        Self(agent.into())
    }

    /// What is at `url`, following redirects within its host.
    pub(crate) fn get(&self, url: &str) -> Result<Answer, FetchError> {
        const REDIRECTS_MAX: usize = 3;
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTS_MAX {
            let mut response = self.0.get(&url).call()?;
            if response.status() == StatusCode::OK {
                let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
                return Ok(Answer { headers: response.headers().clone(), body });
            }
            url = redirection(&url, &response)?;
        }
        Err(FetchError::Redirected("in a circle".to_owned()))
    }
}

fn tls(roots: &TlsRoots) -> TlsConfig {
    let roots = match roots {
        TlsRoots::Public => RootCerts::WebPki,
        TlsRoots::These(roots) => {
            let certificates = roots.iter().map(|der| Certificate::from_der(der).to_owned());
            RootCerts::Specific(Arc::new(certificates.collect()))
        }
    };
    TlsConfig::builder().root_certs(roots).build()
}

/// Where to look instead, or why not.
fn redirection<T>(url: &str, response: &Response<T>) -> Result<String, FetchError> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => {
            let to = header(LOCATION).ok_or(FetchError::Unexpected("redirect leads nowhere"))?;
            within_host(url, to).ok_or_else(|| FetchError::Redirected(to.chars().take(200).collect()))
        }
        400 | 404 | 410 => Err(FetchError::NotThere(response.status().as_u16())),
        429 | 503 => {
            // A date is not worth a parser: the endpoint rests for the usual time.
            let retry_after_s = header(RETRY_AFTER).and_then(|value| value.parse().ok());
            Err(FetchError::Overloaded { status: response.status().as_u16(), retry_after_s })
        }
        status => Err(FetchError::Status(status)),
    }
}

fn within_host(from: &str, to: &str) -> Option<String> {
    let from: Uri = from.parse().ok()?;
    let origin = format!("{}://{}", from.scheme_str()?, from.authority()?);
    if to.starts_with('/') && !to.starts_with("//") {
        return Some(origin + to);
    }
    let target: Uri = to.parse().ok()?;
    (target.scheme_str() == from.scheme_str() && target.authority() == from.authority())
        .then(|| to.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_within_scheme_and_host() {
        let from = "https://pccs.example.org:8081/a";
        assert_eq!(within_host(from, "/b?c"), Some("https://pccs.example.org:8081/b?c".to_owned()));
        let same = "https://pccs.example.org:8081/b";
        assert_eq!(within_host(from, same), Some(same.to_owned()));
        for to in [
            "http://pccs.example.org:8081/b",
            "https://pccs.example.org/b",
            "https://example.org:8081/b",
            "//example.org/b",
            "https://pccs.example.org:8081@example.org/b",
            "b",
            "",
        ] {
            assert_eq!(within_host(from, to), None, "{to}");
        }
    }

    #[test]
    fn chains_in_headers_are_decoded() {
        let answer = Answer::new(&[("tcb-info-issuer-chain", "-----BEGIN%20CERTIFICATE-----%0A")], "");
        let chain = answer.chain(&["SGX-TCB-Info-Issuer-Chain", "TCB-Info-Issuer-Chain"]);
        assert_eq!(chain.expect("text"), "-----BEGIN CERTIFICATE-----\n");
        assert!(answer.chain(&["SGX-PCK-CRL-Issuer-Chain"]).is_err());
        assert!(Answer::new(&[("x", "%ff%fe")], "").chain(&["x"]).is_err());
    }
}
