//! Attesters: what obtains evidence from the TEE a program runs in.

use std::error::Error;

use multee_protocol::{REPORT_DATA_BYTES, TeeType};

/// Has the TEE vouch for the program that asks.
///
/// Implementations talk to one kind of hardware (or to a simulated vendor) and hold no policy: whether the
/// quote is any good is for verifiers to say. `Send`, since a node may confirm on a thread of its own.
pub trait ObtainQuote: Send {
    /// The kind of TEE that quotes.
    fn tee(&self) -> TeeType;

    /// A quote whose report data is `report_data`: for SGX and TDX a DCAP quote that carries its platform's
    /// certificate chain, for SEV-SNP what [`snp_quote`](crate::snp_quote) puts together, at most [`QUOTE_BYTES_MAX`](crate::QUOTE_BYTES_MAX) bytes.
    ///
    /// # Errors
    /// When the TEE gives none; asking again may help.
    fn quote(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, AttestError>;
}

/// Why a TEE gave no quote.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// Its interface is missing or broken: there may be no such TEE here.
    #[error("{interface} cannot be used")]
    Unavailable {
        /// The device, file or service.
        interface: String,
        /// What happened.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It was asked and said no, or answered with something that is no quote for this report data.
    #[error("{interface} gave no quote: {reason}")]
    Refused {
        /// The device, file or service.
        interface: String,
        /// Its reason, in its words.
        reason: String,
    },
}
