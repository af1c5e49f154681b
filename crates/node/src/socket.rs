//! The way to an application that listens.

use std::io;
use std::time::Duration;

use multee_confirmation::{ConfirmError, Exchange, Remote, Response, Wire, WireError};

use crate::link::Link;

/// How often in a row an application may give no answer in time before it is taken for one that never will.
pub(crate) const UNANSWERED_MAX: u32 = 3;

/// Where an application listens, and how long it is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketConfig {
    /// Where it listens.
    pub link: Link,
    /// How long connecting may take, and then sending a request, in milliseconds.
    pub send_ms_max: u64,
    /// How long the response may take, in milliseconds: the work of an epoch and the TEE's quote.
    pub answer_ms_max: u64,
}

/// The way to an application that listens on a socket. It is found anew for each exchange: what broke once is no
/// matter the next time. [`Remote`] notices when another incarnation answers.
#[derive(Clone, Debug)]
pub struct Socket {
    config: SocketConfig,
}

impl SocketConfig {
    /// Ten seconds for a request, and two minutes for the answer: a kernel may take one to give a quote.
    pub fn new(link: impl Into<Link>) -> Self {
        Self { link: link.into(), send_ms_max: 10_000, answer_ms_max: 120_000 }
    }
}

impl Socket {
    /// Nothing is connected before the first exchange.
    pub fn new(config: SocketConfig) -> Self {
        Self { config }
    }

    /// Says hello to the application that listens there.
    ///
    /// # Errors
    /// When it cannot be reached or gives no proper answer.
    pub fn hello(self) -> Result<Remote<Self>, ConfirmError> {
        Remote::connect(self)
    }

    /// The application that listens there, which may be busy with what an earlier controller asked. None if nobody is
    /// there, or nobody who ever answers in a way that this program understands.
    pub(crate) fn find(&self) -> Option<Remote<Self>> {
        for _ in 0..UNANSWERED_MAX {
            match self.clone().hello() {
                Ok(remote) => return Some(remote),
                Err(ConfirmError::Unreachable(error)) if !is_nobody(&error) => {}
                Err(_) => return None,
            }
        }
        None
    }
}

impl Exchange for Socket {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let send_time_max = Duration::from_millis(self.config.send_ms_max);
        let mut wire = Wire::new(self.config.link.connect(send_time_max)?);
        wire.send(request, send_time_max)?;
        let answer_time_max = Duration::from_millis(self.config.answer_ms_max);
        let answer = wire.receive(Response::BYTES_MAX, answer_time_max)?;
        Ok(answer.ok_or(WireError::CutOff)?)
    }
}

/// Whether nobody listens there.
pub(crate) fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}
