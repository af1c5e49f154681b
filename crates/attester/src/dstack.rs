//! dstack: a container in a confidential VM asks the VM's guest agent.
//!
//! Source: dstack's guest agent API, surface v0 (docs/guest-api-v0.md and sdk/curl/api.md of Dstack-TEE/dstack): `POST
//! /GetQuote` with `{"report_data": "<hex>"}`, at most 64 bytes, answered by `{"quote": "<hex>", …}`, or by another
//! status with `{"error": "…"}`. The surface is frozen since 0.6 and served at this path by older agents and newer ones;
//! surface v1 answers in a format of dstack's own instead of with a quote. The VM must be a TDX guest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use multee_evidence::{AttestError, ObtainQuote, QUOTE_BYTES_MAX};
use multee_protocol::{REPORT_DATA_BYTES, TeeType};
use serde::Deserialize;

use crate::error::{AttesterError, Fault};
use crate::files::{self, HostFiles};
use crate::http::{Answer, Limits, post};

/// Where the guest agent listens.
pub const DSTACK_SOCKET: &str = "/var/run/dstack.sock";

/// How to ask the guest agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DstackConfig {
    /// Its socket, usually [`DSTACK_SOCKET`].
    pub socket: PathBuf,
    /// How long one quote may take altogether, in milliseconds.
    pub time_ms_max: u64,
}

impl Default for DstackConfig {
    /// A minute: the kernel itself waits half a minute for a quote.
    fn default() -> Self {
        Self { socket: DSTACK_SOCKET.into(), time_ms_max: 60_000 }
    }
}

/// A container in a dstack VM.
pub struct Dstack {
    config: DstackConfig,
}

/// The fields of the answer that matter here; the event log and others are passed over.
#[derive(Deserialize)]
struct Quoted {
    quote: String,
}

#[derive(Deserialize)]
struct Failed {
    error: String,
}

impl Dstack {
    /// The quote in hex twice over, and room for the event log that comes along.
    const ANSWER_BYTES_MAX: usize = 2 * QUOTE_BYTES_MAX + 1024 * 1024;

    /// Nothing is asked of the agent before the first quote.
    pub fn new(config: DstackConfig) -> Self {
        Self { config }
    }

    fn obtain(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, AttesterError> {
        self.ask(report_data).map_err(|fault| files::name_owner(&HostFiles, self.socket(), fault))
    }

    fn ask(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, Fault> {
        let document = format!(r#"{{"report_data":"{}"}}"#, hex::encode(report_data));
        let time = Duration::from_millis(self.config.time_ms_max);
        let limits = Limits { time, body_bytes_max: Self::ANSWER_BYTES_MAX };
        let answer = post(self.socket(), "/GetQuote", &document, limits)?;
        files::about(report_data, read_quote(&answer)?)
    }

    fn socket(&self) -> &Path {
        &self.config.socket
    }
}

fn read_quote(answer: &Answer) -> Result<Vec<u8>, Fault> {
    const OK: u16 = 200;
    if answer.status != OK {
        return Err(Fault::Refused { reason: reason(answer) });
    }
    let quoted: Quoted =
        serde_json::from_slice(&answer.body).map_err(|_| Fault::Unexpected("answer has no quote"))?;
    let digits = quoted.quote.strip_prefix("0x").unwrap_or(&quoted.quote);
    let quote = hex::decode(digits).map_err(|_| Fault::Unexpected("quote is not in hex"))?;
    if quote.len() > QUOTE_BYTES_MAX {
        Err(Fault::TooLarge { bytes_max: QUOTE_BYTES_MAX })
    } else {
        Ok(quote)
    }
}

/// The status and the agent's words, cut to what fits a line.
fn reason(answer: &Answer) -> String {
    const CHARS_MAX: usize = 200;
    let words = serde_json::from_slice(&answer.body).map(|Failed { error }| error).unwrap_or_default();
    let words: String = words.chars().filter(|c| !c.is_control()).take(CHARS_MAX).collect();
    let status = answer.status;
    if words.is_empty() { format!("status {status}") } else { format!("status {status}: {words}") }
}

impl ObtainQuote for Dstack {
    fn tee(&self) -> TeeType {
        TeeType::Tdx
    }

    fn quote(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, AttestError> {
        Ok(self.obtain(report_data)?)
    }
}
