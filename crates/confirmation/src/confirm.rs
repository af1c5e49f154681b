//! The boundary between controller and application as a trait, and why an application refuses.

use alloy_primitives::{Address, B256, Bytes};
use multee_evidence::EvidenceBundle;
use multee_protocol::{Epoch, Power, REPORT_DATA_BYTES, TeeType, domain, report_data};
use serde::{Deserialize, Serialize};

use crate::duty::{Duty, LimitError, SignedBlock};
use crate::messages::MessageError;

/// Confirms: verifies what is assigned, and signs one block with the verdicts.
///
/// The application does so itself; [`Remote`](crate::Remote) has it done on the other side of the boundary.
pub trait Confirm {
    /// The address of the incarnation key: the application's name as long as it runs.
    fn incarnation(&self) -> Address;

    /// What the application is and has done.
    ///
    /// # Errors
    /// When it cannot be reached.
    fn status(&mut self) -> Result<Status, ConfirmError>;

    /// Does one epoch's work for one seat. The same duty again gives the same signed block.
    ///
    /// # Errors
    /// When the application refuses, or cannot be reached.
    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError>;
}

/// What an application is and has done since its boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The address of the incarnation key.
    pub incarnation: Address,
    /// The kind of TEE it says it runs in; only a quote shows whether it does.
    pub tee: TeeType,
    /// The power it puts into its blocks.
    pub power: Power,
    /// Whether the power was measured; else somebody declared it.
    pub power_measured: bool,
    /// The encoded properties record that it publishes.
    pub properties: Bytes,
    /// Quotes verified with collateral so far.
    pub quotes_verified: u64,
}

/// Who an application is, vouched for by its TEE: what a seat is asked for with (R1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// What it says of itself.
    pub status: Status,
    /// The TEE's quote over [`report_data`](Self::report_data), with its certificates.
    pub quote: Bytes,
}

impl Introduction {
    /// The longest quote, in bytes: what the contract would take as evidence (R6).
    pub const QUOTE_BYTES_MAX: usize = EvidenceBundle::BYTES_MAX;

    /// What the quote of `incarnation`'s introduction carries: no block has a digest like that, so it is no evidence.
    pub fn report_data(incarnation: Address) -> [u8; REPORT_DATA_BYTES] {
        report_data(domain::INTRODUCTION, incarnation)
    }

    pub(crate) fn check_limits(&self) -> Result<(), LimitError> {
        if self.quote.len() <= Self::QUOTE_BYTES_MAX {
            return Ok(());
        }
        let (len, max) = (self.quote.len() as u64, Self::QUOTE_BYTES_MAX as u64);
        Err(LimitError { what: "bytes of the introduction's quote".to_owned(), len, max })
    }
}

/// Why an application does not confirm. Nothing was signed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// The request cannot be read.
    #[error("request cannot be read: {0}")]
    Unreadable(String),
    /// A part of the duty is too large.
    #[error(transparent)]
    TooLarge(#[from] LimitError),
    /// A place that marks do not have.
    #[error("place {0} is not below 64")]
    PlaceOutOfRange(u8),
    /// Two blocks for one mark.
    #[error("place {0} is assigned twice")]
    PlaceTwice(u8),
    /// An incarnation serves one seat of one network, that of its first block.
    #[error("this incarnation serves another seat or network")]
    OtherSeat,
    /// The epoch lies before the last one it signed in.
    #[error("epoch {asked} is before {last}, the last one signed in")]
    EpochPassed {
        /// The duty's.
        asked: Epoch,
        /// The last one signed in.
        last: Epoch,
    },
    /// This challenge was answered with another block; here it is, to be published after all.
    #[error("challenge {} is already answered with another block", .0.block.challenge)]
    AlreadySigned(Box<SignedBlock>),
    /// Too many challenges in one epoch: more than reorganisations of a chain explain.
    #[error("{0} challenges of this epoch are already answered")]
    TooManyChallenges(u64),
    /// The TEE gave no quote; asking again may help.
    #[error("no quote: {0}")]
    NoQuote(String),
    /// Properties and quote do not fit what the contract accepts as evidence (R6).
    #[error("evidence of {len} bytes does not fit {max}")]
    EvidenceTooLarge {
        /// How many bytes there would be.
        len: u64,
        /// How many there may be.
        max: u64,
    },
    /// The block could not be signed.
    #[error("block {0} cannot be signed")]
    NotSigned(B256),
    /// A part of the application came to an end that it should not: a fault of ours, on this request. The application
    /// lives on.
    #[error("application met a fault of its own")]
    Unexpected,
}

/// Why there is no signed block.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The application refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The way to the application broke.
    #[error("confirmation application cannot be reached")]
    Unreachable(#[from] std::io::Error),
    /// What came back is no answer to what was asked.
    #[error("confirmation application gave no proper answer: {0}")]
    BadAnswer(#[from] MessageError),
    /// Another incarnation answers where this one did: it was restarted, and its key is lost.
    #[error("incarnation {found} answers in place of {expected}")]
    OtherIncarnation {
        /// Who was to answer.
        expected: Address,
        /// Who did.
        found: Address,
    },
}
