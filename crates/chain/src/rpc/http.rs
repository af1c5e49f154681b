//! One exchange with an endpoint over HTTP: bounded in time and bytes.

use core::time::Duration;

use ureq::http::{Response, Uri, header};
use ureq::{Agent, Body};

use super::config::Endpoint;
use super::fault::Fault;
use super::wire;

/// Bytes read of an answer whose status is a failure: enough for the error in it.
const ERROR_BYTES_MAX: u64 = 64 * 1024;
/// Connections kept open for the next question.
const IDLE_CONNECTIONS_MAX: usize = 4;

pub(super) struct Http {
    agent: Agent,
    uri: Uri,
    timeout: Duration,
    bytes_max: u64,
}

impl Http {
    /// No redirects: who is asked is the operator's choice. No proxy from the environment: neither.
    pub(super) fn new(endpoint: &Endpoint, timeout: Duration, bytes_max: u64) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .max_idle_connections_per_host(IDLE_CONNECTIONS_MAX)
            .user_agent("multee")
            .tls_config(endpoint.tls_roots().for_http())
            .build();
        Self { agent: config.new_agent(), uri: endpoint.uri().clone(), timeout, bytes_max }
    }

    /// Sends `request` and reads the answer.
    pub(super) fn exchange(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let sent = self.agent.post(&self.uri).content_type("application/json").send(request);
        let mut response = sent.map_err(|error| self.fault(&error))?;
        if response.status().is_success() {
            return self.read(&mut response, self.bytes_max);
        }
        let status = status(&response);
        let limited = matches!(status, Fault::Status { status: 429 | 503, .. });
        let said = self.read(&mut response, ERROR_BYTES_MAX).unwrap_or_default();
        Err(if limited { status } else { wire::error(&said).unwrap_or(status) })
    }

    /// Never holds more than the limit.
    fn read(&self, response: &mut Response<Body>, limit: u64) -> Result<Vec<u8>, Fault> {
        let body = response.body_mut().with_config().limit(limit);
        body.read_to_vec().map_err(|error| self.fault(&error))
    }

    /// Of the library's errors only the kind is told: a text may hold the URL.
    fn fault(&self, error: &ureq::Error) -> Fault {
        let limit_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let cause = match error {
            ureq::Error::Timeout(_) => return Fault::Timeout { limit_ms },
            ureq::Error::BodyExceedsLimit(limit) => return Fault::TooLarge { limit: *limit },
            ureq::Error::Io(error) => error.kind().to_string(),
            ureq::Error::HostNotFound => "host not found".to_owned(),
            ureq::Error::Protocol(_) => "not HTTP".to_owned(),
            ureq::Error::Rustls(error) => format!("tls: {error}"),
            ureq::Error::Tls(cause) => format!("tls: {cause}"),
            _ => "failed".to_owned(),
        };
        Fault::Connection(cause)
    }
}

fn status(response: &Response<Body>) -> Fault {
    let asked = response.headers().get(header::RETRY_AFTER);
    let retry_after_s = asked.and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse().ok());
    Fault::Status { status: response.status().as_u16(), retry_after_s }
}
