//! How bytes get to an endpoint and back.

use super::config::{Config, Endpoint};
use super::fault::Fault;
use super::http::Http;
use super::websocket::WebSocket;

/// A way to an endpoint.
pub(super) enum Transport {
    Http(Http),
    WebSocket(Box<WebSocket>),
}

impl Transport {
    pub(super) fn to(endpoint: &Endpoint, config: &Config) -> Self {
        let (timeout, bytes_max) = (config.timeout, config.answer_bytes_max);
        if endpoint.is_websocket() {
            return Self::WebSocket(Box::new(WebSocket::new(endpoint.clone(), timeout, bytes_max)));
        }
        Self::Http(Http::new(endpoint, timeout, bytes_max))
    }

    /// Sends `request` and reads the answer.
    pub(super) fn exchange(&self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Http(http) => http.exchange(request),
            Self::WebSocket(socket) => socket.exchange(request),
        }
    }

    /// Connections are not used again: what comes next on one may belong to something else.
    pub(super) fn reset(&self) {
        match self {
            // Each answer of HTTP belongs to its request.
            Self::Http(_) => {}
            Self::WebSocket(socket) => socket.reset(),
        }
    }
}
