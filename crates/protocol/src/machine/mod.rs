//! The protocol as a state machine: `(state, call) → events`, equal to the bit to the contract in `contracts/`.
//!
//! [`State::apply`] takes one [`Call`] and gives the contract's events in the contract's order, or the contract's error;
//! a rejected call changes nothing. The views ([`State::seat_view`] and its neighbours) show what the contract's views
//! show, field by field. What the token does, and hashing of long bytes, is left to whoever feeds the machine
//! ([`Input`]).
//!
//! | module | what it holds | rules |
//! |---|---|---|
//! | `input`, `event`, `rejection`, `view` | what goes in and what comes out | |
//! | `seat`, `block`, `epoch`, `log` | what is kept, on rings like the contract's | R14 |
//! | `journal` | how a faulty publication's settlement is undone | R6 |
//! | `turn` | one call in progress: the state, the clock, the events so far | |
//! | `epochs` | openings and seeds | R2, R3, R5 |
//! | `publishing` | publications | R6, R7, R8 |
//! | `marking` | marks on tallies | R4, R7 |
//! | `settlement`, `judgement` | passing, deciding, unwinding, admitting | R9 |
//! | `power` | deviating and verified power | R10 |
//! | `penalties` | penalty points, blocking | R9, R12 |
//! | `rewards` | pots, shares, payment, maturing | R12 |
//! | `seats` | founding, joining, operators, restart | R1, R11 |
//! | `leaving` | removal, exit, rejoining, equivocation, withdrawals | R1, R13, R15 |
//! | `governing` | ownership, policy, parameters, pausing, standstill | 3, R1, R16 |
//! | `views`, `records` | what others read | R14, R17 |
//! | `variation` | what the laboratory may vary | R7, R9 |

mod block;
mod epoch;
mod epochs;
mod event;
mod governing;
mod input;
mod journal;
mod judgement;
mod leaving;
mod log;
mod marking;
mod penalties;
mod power;
mod publishing;
mod records;
mod rejection;
mod rewards;
mod seat;
mod seats;
mod settlement;
mod turn;
mod variation;
mod view;
mod views;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};

pub use event::{Event, Suspicion};
pub use input::{
    BlockRef, Call, Document, Equivocation, Input, Moment, Outcome, Publication, ReferenceValue, Refusal,
    Registration, Statement,
};
pub use rejection::Rejection;
pub use variation::{Combination, Variation};
pub use view::{
    Announced, AssignmentView, BlockView, DeviceTrust, EpochView, FundsView, LogEntryView, NetworkView,
    PowerView, SeatView, Settings,
};

use self::block::Slot;
use self::epoch::{Core, Cursor, EpochRecord, Opening, ROSTER_SIZES, Treasury};
use self::journal::Journal;
use self::log::Log;
use self::seat::Seat;
use self::turn::Turn;
use crate::{Deployment, DeviceId, Parameters, SeatId};

/// With what a network is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The contract.
    pub deployment: Deployment,
    /// The contract whose code it runs beside its own; told in an event only.
    pub registry: Address,
    /// What never changes.
    pub settings: Settings,
    /// What holds until the owner announces others.
    pub parameters: Parameters,
    /// The time of the chain's block that deploys it, Unix seconds.
    pub timestamp_s: u64,
    /// What the contract's address holds in tokens already, in the token's smallest unit.
    pub balance: u128,
}

/// A network: all that the contract stores, and its balance of the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    deployment: Deployment,
    settings: Settings,
    core: Core,
    /// By seat number − 1.
    seats: Vec<Seat>,
    claims: BTreeMap<DeviceId, Claim>,
    /// Rings over the retained epochs.
    epochs: Vec<EpochRecord>,
    blocks: Vec<Slot>,
    log: Log,
    /// What is owed to whom, not zero.
    bounties: BTreeMap<Address, u128>,
    references: Vec<ReferenceValue>,
    /// The rules, but for the laboratory.
    variation: Variation,
    /// Only within a call.
    journal: Option<Journal>,
}

/// Who holds a device id (R1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Claim {
    bound: Option<SeatId>,
    /// The provisional seat that published under it last.
    rival: Option<SeatId>,
}

impl State {
    /// The state of a new deployment, and the events of it.
    ///
    /// # Errors
    /// For an owner zero, and settings or parameters out of their bounds (docs/protocol.md, section 3). That the token
    /// has code is not tested.
    pub fn deploy(genesis: &Genesis) -> Result<(Self, Vec<Event>), Rejection> {
        governing::require_genesis(genesis)?;
        let Genesis { deployment, registry, settings, parameters, timestamp_s: _, balance } = *genesis;
        let retention = usize::from(settings.fixed.retention_epochs);
        let core = Core {
            owner: settings.owner,
            pending_owner: Address::ZERO,
            parameters,
            announced: None,
            cursor: Cursor::default(),
            opening: Opening::default(),
            roster_sizes: [0; ROSTER_SIZES],
            last_seed: B256::ZERO,
            policy_digest: B256::ZERO,
            reference_digest: B256::ZERO,
            treasury: Treasury { balance, ..Treasury::default() },
            standstill_announced: None,
            paused: false,
            resumes_epoch: 0,
        };
        let state = Self {
            deployment,
            settings,
            core,
            seats: Vec::new(),
            claims: BTreeMap::new(),
            epochs: vec![EpochRecord::NONE; retention],
            blocks: vec![Slot::default(); retention],
            log: Log::new(&settings.fixed),
            bounties: BTreeMap::new(),
            references: Vec::new(),
            variation: Variation::default(),
            journal: None,
        };
        let owned = Event::OwnershipTransferred { previous_owner: Address::ZERO, new_owner: settings.owner };
        Ok((state, vec![owned, Event::NetworkDeployed { registry, settings, parameters }]))
    }

    /// The same network on varied rules, which no contract computes.
    #[must_use]
    pub fn varied(self, variation: Variation) -> Self {
        Self { variation, ..self }
    }

    /// Executes one call; its events, in the contract's order.
    ///
    /// # Errors
    /// The contract's error. The state is then as it was.
    pub fn apply(&mut self, call: &Call) -> Result<Vec<Event>, Rejection> {
        let mut events = Vec::new();
        self.apply_into(call, &mut events).map(|_| events)
    }

    /// Executes one call, adds its events to `events`, and gives back what the contract's function does.
    ///
    /// # Errors
    /// The contract's error. State and events are then as they were.
    pub fn apply_into(&mut self, call: &Call, events: &mut Vec<Event>) -> Result<Outcome, Rejection> {
        let before = events.len();
        let outcome = Turn::new(self, call, events).execute(&call.input);
        self.forget();
        if outcome.is_err() {
            events.truncate(before);
        }
        outcome
    }
}

impl Turn<'_> {
    fn execute(&mut self, input: &Input) -> Result<Outcome, Rejection> {
        match input {
            Input::Publish(publication) => return self.publish(publication),
            Input::Settle(blocks) => return self.settle_all(blocks).map(Outcome::Settled),
            Input::Found { provider, registration, verified_power } => {
                return self.found(*provider, registration, *verified_power).map(Outcome::Seat);
            }
            Input::Join(registration) => return self.join(registration).map(Outcome::Seat),
            Input::WithdrawDeposit(seat) => return self.withdraw_deposit(*seat).map(Outcome::Amount),
            Input::WithdrawRewards(seat) => return self.withdraw_rewards(*seat).map(Outcome::Amount),
            Input::WithdrawBounty => return self.withdraw_bounty().map(Outcome::Amount),
            Input::OpenEpoch => self.open_epoch(),
            Input::SeedEpoch => self.seed_epoch(),
            Input::SetPolicy(document) => self.set_policy(document),
            Input::SetReferenceValues { digest, values } => self.set_reference_values(*digest, values),
            Input::AnnounceParameters(parameters) => self.announce_parameters(parameters),
            Input::SetPaused(paused) => self.set_paused(*paused),
            Input::AnnounceStandstill => self.announce_standstill(),
            Input::Revive(seats) => self.revive(seats),
            Input::Restart { seat, incarnation, measurement } => {
                self.restart(*seat, *incarnation, *measurement)
            }
            Input::Remove(seat) => self.remove(*seat),
            Input::SetOperator { seat, operator } => self.set_operator(*seat, *operator),
            Input::Exit(seat) => self.exit(*seat),
            Input::Rejoin { seat, operator, incarnation, measurement } => {
                self.rejoin(*seat, *operator, *incarnation, *measurement)
            }
            Input::ReportEquivocation(pair) => self.report_equivocation(pair),
            Input::TransferOwnership(to) => self.transfer_ownership(*to),
            Input::AcceptOwnership => self.accept_ownership(),
            Input::RenounceOwnership => self.renounce_ownership(),
            Input::Donate { amount } => {
                let treasury = &mut self.state.core.treasury;
                treasury.balance = treasury.balance.saturating_add(*amount);
                Ok(())
            }
        }?;
        Ok(Outcome::Done)
    }
}
