//! What can be seen of a network from outside: by its contract's events and views.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{Chain, ChainError, LogFilter, ReadError, read};
use serde::Serialize;

/// A seat's tier in words (R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Not known to this program.
    Unknown,
    /// On probation.
    Probation,
    /// From 9000 on.
    Full,
    /// From 7500 on.
    Warning,
    /// From 5000 on.
    Restricted,
    /// Fell below 5000.
    Suspended,
    /// For good.
    Blocked,
}

/// Blocks published, as events told of them.
#[derive(Clone, Debug, Default)]
pub struct Publications {
    next_block: u64,
    digests: BTreeMap<(u32, u32), B256>,
}

/// Why nothing can be seen.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Two blocks of one seat in one epoch.
    #[error("seat {seat} published twice in epoch {epoch}: {first} and {second}")]
    Twice {
        /// The seat.
        seat: u32,
        /// The epoch.
        epoch: u32,
        /// The digest of the first block.
        first: B256,
        /// That of the second.
        second: B256,
    },
}

impl Publications {
    /// Reads the events up to the newest block.
    ///
    /// # Errors
    /// When the chain gives no answer, or two blocks are of one seat and epoch.
    pub fn follow(&mut self, chain: &dyn Chain, network: Address) -> Result<(), ObserveError> {
        let head = chain.head()?.number;
        if head < self.next_block {
            return Ok(());
        }
        let published = contract::BlockPublished::SIGNATURE_HASH;
        let filter = LogFilter::of(network, self.next_block, head).event(published);
        for entry in chain.logs(&filter)? {
            let Ok(event) = contract::BlockPublished::decode_log(&entry.log) else { continue };
            let (seat, epoch, second) = (event.seat, event.epoch, event.digest);
            if let Some(first) = self.digests.insert((epoch, seat), second) {
                return Err(ObserveError::Twice { seat, epoch, first, second });
            }
        }
        self.next_block = head.saturating_add(1);
        Ok(())
    }

    /// The digest of the seat's block of this epoch.
    pub fn of(&self, seat: u32, epoch: u32) -> Option<B256> {
        self.digests.get(&(epoch, seat)).copied()
    }

    /// Seats that published in this epoch.
    pub fn in_epoch(&self, epoch: u32) -> Vec<u32> {
        self.digests.range((epoch, 0)..=(epoch, u32::MAX)).map(|((_, seat), _)| *seat).collect()
    }

    /// All there are.
    pub fn count(&self) -> usize {
        self.digests.len()
    }
}

/// A seat as the contract shows it.
///
/// # Errors
/// When the view gives no answer.
pub fn seat(chain: &dyn Chain, network: Address, seat: u32) -> Result<contract::SeatView, ObserveError> {
    Ok(read(chain, network, &contract::seatOfCall { seat })?)
}

impl Tier {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Probation => "probation",
            Self::Full => "full",
            Self::Warning => "warning",
            Self::Restricted => "restricted",
            Self::Suspended => "suspended",
            Self::Blocked => "blocked",
        }
    }
}

impl From<u8> for Tier {
    /// By its number in the contract.
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Probation,
            2 => Self::Full,
            3 => Self::Warning,
            4 => Self::Restricted,
            5 => Self::Suspended,
            6 => Self::Blocked,
            _ => Self::Unknown,
        }
    }
}
