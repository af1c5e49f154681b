//! How a chain and the rules part, and where.

use alloy_primitives::{Address, B256};
use multee_protocol::machine::Rejection;

use crate::difference::Difference;
use crate::words::Unreadable;

/// Where a chain says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The chain's block.
    pub block_number: u64,
    /// Its time, Unix seconds.
    pub timestamp_s: u64,
    /// The transaction.
    pub transaction: B256,
    /// The log's place among its block's; `None` for what is missing.
    pub log_index: Option<u32>,
}

/// The first thing that a chain tells and the rules do not give, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("block {}, transaction {}{}: {why}", .place.block_number, .place.transaction, log_index(.place))]
pub struct Divergence {
    /// Where.
    pub place: Place,
    /// What.
    pub why: Why,
}

fn log_index(place: &Place) -> String {
    place.log_index.map(|index| format!(", log {index}")).unwrap_or_default()
}

/// How a chain and the rules part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A log of the contract has no counterpart in the model.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// The contract tells something before it is deployed, or is deployed against the rules.
    #[error("the contract's first events are not those of a deployment that the rules accept")]
    Deployment,
    /// No call of the contract begins with this event.
    #[error("no call begins with {event}")]
    NoCall {
        /// The event.
        event: String,
    },
    /// The rules reject the only call that tells this event.
    #[error("{event}, but the rules reject such a call: {rejection}")]
    Rejected {
        /// The event.
        event: String,
        /// Why.
        rejection: Rejection,
    },
    /// The seat whose publication the contract refused may publish by the rules.
    #[error("{event}, but by the rules the seat may publish")]
    NotRefused {
        /// The event.
        event: String,
    },
    /// The rules give the event with other contents.
    #[error("{event}: {}", listed(.differences))]
    Differs {
        /// The event.
        event: String,
        /// Where the contents differ; not empty.
        differences: Vec<Difference>,
    },
    /// The rules give another event.
    #[error("{chain}, but the rules give {rules}")]
    Other {
        /// The event on the chain.
        chain: String,
        /// The rules' event.
        rules: String,
    },
    /// The rules give an event that the transaction lacks.
    #[error("the rules give {rules}, and the transaction tells nothing more")]
    Missing {
        /// The rules' event.
        rules: String,
    },
    /// By the rules nothing happens.
    #[error("{event}, but by the rules there is nothing to do")]
    Nothing {
        /// The event on the chain.
        event: String,
    },
    /// The contract booked a deposit that did not come.
    #[error("a deposit of {amount} was booked and no such transfer to the contract followed")]
    DepositMissing {
        /// In the token's smallest unit.
        amount: u128,
    },
    /// The contract told a payment that was not made.
    #[error("a payment of {amount} to {to} was told and no such transfer followed")]
    PaymentMissing {
        /// Who was to be paid.
        to: Address,
        /// In the token's smallest unit.
        amount: u128,
    },
    /// Tokens left the contract that the rules do not pay.
    #[error("{amount} left the contract for {to}, and the rules pay no such thing")]
    Unexplained {
        /// Who got them.
        to: Address,
        /// In the token's smallest unit.
        amount: u128,
    },
}

fn listed(differences: &[Difference]) -> String {
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    told.join("; ")
}
