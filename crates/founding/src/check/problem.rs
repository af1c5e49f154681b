//! What can stand against a founding, and what can be done about it.

use alloy_primitives::{Address, U256};
use multee_chain::rpc::probe::Finding;
use multee_protocol::ParameterError;

use crate::config::utc;

/// What stands against founding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A number is out of its bounds.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The policy document is none that a verifier could use.
    #[error("the policy document: {0}")]
    Policy(String),
    /// The token's address is that of nobody.
    #[error("token is the zero address")]
    TokenMissing,
    /// There are more reference values than the contract takes.
    #[error("there are {given} reference values, the contract takes {max}")]
    TooManyReferences {
        /// How many there are.
        given: usize,
        /// How many there may be.
        max: usize,
    },
    /// A reference value is zero, not above the one before, or allowed in no epoch.
    #[error("reference value {number}: {what}")]
    Reference {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// There are more founding seats than seats.
    #[error("there are {given} founding seats, and max_seats is {max}")]
    TooManySeats {
        /// How many there are.
        given: usize,
        /// How many there may be.
        max: u32,
    },
    /// A field of a founding seat is zero.
    #[error("seat {seat}: {field} is zero")]
    SeatIncomplete {
        /// Which, from 1.
        seat: usize,
        /// Which field.
        field: &'static str,
    },
    /// Two founding seats are of one device or one incarnation.
    #[error("seats {first} and {second} have the same {field}")]
    SeatsAlike {
        /// The first of them.
        first: usize,
        /// The second.
        second: usize,
        /// Which field.
        field: &'static str,
    },
    /// A founding seat's measurement is not allowed in epoch 0.
    #[error("seat {seat}: its measurement is no reference value of epoch 0")]
    SeatNotAllowed {
        /// Which, from 1.
        seat: usize,
    },
    /// The chain cannot carry a network.
    #[error("the chain: {0}")]
    Chain(Finding),
    /// An epoch has too few of the chain's blocks.
    #[error("an epoch has {epoch_s} s, and the chain makes a block every {block_ms} ms")]
    EpochTooShort {
        /// An epoch's length, in seconds.
        epoch_s: u32,
        /// The time between blocks, in milliseconds.
        block_ms: u64,
    },
    /// What is at the token's address does not answer as an ERC-20.
    #[error("{0} is no ERC-20 token")]
    NotAToken(Address),
    /// The token does not deliver what is sent.
    #[error("of {sent} that are sent, the token {token} delivers {arrives}")]
    TokenTakesFee {
        /// The token.
        token: Address,
        /// What was to be sent.
        sent: U256,
        /// What would arrive.
        arrives: U256,
    },
    /// The token would refuse the deposits.
    #[error("the token {0} refuses to move the deposits")]
    TokenRefuses(Address),
    /// The founder has too few tokens for the deposits.
    #[error("the deposits take {needed} of the token's smallest unit, {founder} has {available}")]
    TooFewTokens {
        /// Who is to pay.
        founder: Address,
        /// What the deposits take.
        needed: U256,
        /// What is there.
        available: U256,
    },
    /// The founder cannot pay for gas.
    #[error("gas may cost {needed} wei, {founder} has {available}")]
    TooLittleMoney {
        /// Who is to pay.
        founder: Address,
        /// What must be there, in wei.
        needed: U256,
        /// What is there, in wei.
        available: U256,
    },
    /// Founding would not be done before epoch 0 starts.
    #[error("genesis is {}, and founding may last until {}", utc(*genesis_s), utc(*done_s))]
    GenesisTooSoon {
        /// When epoch 0 starts, in seconds since the Unix epoch.
        genesis_s: u64,
        /// When founding may be done, by the chain's clock.
        done_s: u64,
        /// Contracts that have the genesis built in are deployed already.
        begun: bool,
    },
    /// A rehearsal in memory failed.
    #[error("a rehearsal in memory failed: {0}")]
    WouldFail(String),
}

impl Problem {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Parameter(_) => "set it within its range, which network.toml tells above it",
            Self::Policy(_) => {
                "mend the file that `policy` names; crates/evidence, module policy, has its format"
            }
            Self::TokenMissing => "name the token of deposits, or leave `token` out on a devnet",
            Self::TooManyReferences { .. } => "keep those that devices run, and allow others later",
            Self::Reference { .. } => {
                "sort them by measurement, each once, with from_epoch at most until_epoch"
            }
            Self::TooManySeats { .. } => "raise max_seats, or found fewer",
            Self::SeatIncomplete { .. } => "fill it in, by what the device's provider says",
            Self::SeatsAlike { .. } => "each device and each incarnation has one seat: take one out",
            Self::SeatNotAllowed { .. } => {
                "add a [[reference]] with its measurement and from_epoch = 0, or take the seat out"
            }
            Self::Chain(_) => "choose another chain; docs/chains.md tells why",
            Self::EpochTooShort { .. } => {
                "make epochs longer: opening, seeding and publishing need ten blocks at least"
            }
            Self::NotAToken(_) => "check `token` and `chain_id`",
            Self::TokenTakesFee { .. } => {
                "choose a token that moves the whole amount: the contract refuses others' deposits"
            }
            Self::TokenRefuses(_) => "check whether the token is paused, or refuses this account",
            Self::TooFewTokens { .. } => "send it tokens, found fewer seats, or lower min_deposit",
            Self::TooLittleMoney { .. } => "send it native coin, or wait until gas is cheaper",
            Self::GenesisTooSoon { begun: false, .. } => "set a later genesis",
            Self::GenesisTooSoon { begun: true, .. } => {
                "contracts with this genesis are deployed: put network.state.json and network.journal away, set a \
                 later genesis, and begin anew"
            }
            Self::WouldFail(_) => "nothing was sent; the message says what the contract refuses",
        }
    }
}

/// What should be known before founding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// Something is known of the chain.
    #[error("the chain: {0}")]
    Chain(Finding),
    /// There is no token but a worthless one.
    #[error("no token is named: a test token without worth is deployed, from which anybody can mint")]
    TestToken,
    /// There are no founding seats.
    #[error("no founding seats: nobody can ever be admitted to this network")]
    NoSeats,
    /// There are no reference values.
    #[error("no reference values: until some are set, every device is found to run what is not allowed")]
    NoReferences,
    /// It could not be found out whether the token takes a fee.
    #[error(
        "whether the token takes a fee on transfer could not be found out: this endpoint does not offer it"
    )]
    FeeUnknown,
}
