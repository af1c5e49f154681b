//! The model, driven by what a chain tells, until the two part.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use alloy_primitives::{Address, B256};
use multee_chain::{Chain, ChainError};
use multee_protocol::machine::{Call, Event, Genesis, Input, Moment, Rejection, State};
use multee_protocol::{Deployment, Epoch};

use crate::difference::{self, Difference};
use crate::reading::{Item, Transaction};
use crate::steps;
use crate::words::Unreadable;

/// Blocks of the chain for which a block's hash is to be had by contracts (R2).
const HASH_LIFETIME: u64 = 256;

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

/// How much was replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Transactions that concerned the contract.
    pub transactions: u64,
    /// Calls that the rules executed; of one that settles or revives several, each counts.
    pub calls: u64,
    /// Events of the contract.
    pub events: u64,
    /// Transfers to the contract that no call asked for.
    pub donations: u64,
    /// Confirmation blocks.
    pub blocks: u64,
}

/// What the events named, and so what is to be looked at in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Who was ever owed a bounty.
    pub(crate) accounts: BTreeSet<Address>,
    /// The orders of the blocks of the last opened epochs, twice as many as are retained.
    pub(crate) blocks: BTreeMap<Epoch, BTreeSet<u32>>,
}

/// Why a replay ended before the chain's end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Diverged(Box<Divergence>),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("the chain has no block {0}")]
    NoBlock(u64),
}

/// A replay in progress.
pub(crate) struct Replay<'a> {
    chain: &'a dyn Chain,
    deployment: Deployment,
    /// `None` until the contract is deployed.
    state: Option<State>,
    /// What came before the contract did, in the token's smallest unit.
    early: u128,
    replayed: Replayed,
    named: Named,
}

/// A transaction while it is replayed.
struct Scene {
    place: Place,
    /// By log index.
    events: Vec<Event>,
    indices: Vec<u32>,
    transfers: VecDeque<(u32, Item)>,
    /// Deposits and payments that events told and transfers must follow.
    deposits: VecDeque<u128>,
    payments: VecDeque<(Address, u128)>,
}

impl Scene {
    fn diverged(&self, log_index: Option<u32>, why: impl Into<Why>) -> Stop {
        let place = Place { log_index, ..self.place };
        Stop::Diverged(Box::new(Divergence { place, why: why.into() }))
    }
}

impl<'a> Replay<'a> {
    pub(crate) fn new(chain: &'a dyn Chain, deployment: Deployment) -> Self {
        let (replayed, named) = (Replayed::default(), Named::default());
        Self { chain, deployment, state: None, early: 0, replayed, named }
    }

    pub(crate) fn replayed(&self) -> Replayed {
        self.replayed
    }

    /// The state that the rules lead to, with what is to be looked at; `None` before the deployment.
    pub(crate) fn into_state(self) -> Option<(State, Named)> {
        self.state.map(|state| (state, self.named))
    }

    /// Replays a transaction.
    ///
    /// # Errors
    /// When the rules give anything else than the chain tells, or the chain gives no answer.
    pub(crate) fn transaction(&mut self, transaction: Transaction) -> Result<(), Stop> {
        let mut scene = self.scene(transaction)?;
        self.replayed.transactions += 1;
        let mut at = 0;
        while let Some(index) = scene.indices.get(at).copied() {
            self.transfer(&mut scene, index)?;
            at += match &self.state {
                None => self.deploy(&scene)?,
                Some(_) => self.call(&mut scene, at)?,
            };
        }
        self.transfer(&mut scene, u32::MAX)?;
        self.replayed.events += at as u64;
        if let Some(amount) = scene.deposits.front() {
            return Err(scene.diverged(None, Why::DepositMissing { amount: *amount }));
        }
        if let Some((to, amount)) = scene.payments.front() {
            return Err(scene.diverged(None, Why::PaymentMissing { to: *to, amount: *amount }));
        }
        Ok(())
    }

    fn scene(&self, transaction: Transaction) -> Result<Scene, Stop> {
        let Transaction { block_number, hash, items } = transaction;
        let timestamp_s = self.chain.block(block_number)?.ok_or(Stop::NoBlock(block_number))?.timestamp_s;
        let mut scene = Scene {
            place: Place { block_number, timestamp_s, transaction: hash, log_index: None },
            events: Vec::new(),
            indices: Vec::new(),
            transfers: VecDeque::new(),
            deposits: VecDeque::new(),
            payments: VecDeque::new(),
        };
        for (index, item) in items {
            let Item::Log(log) = &item else {
                scene.transfers.push_back((index, item));
                continue;
            };
            let event = crate::events::event(log).map_err(|why| scene.diverged(Some(index), why))?;
            scene.events.push(event);
            scene.indices.push(index);
        }
        Ok(scene)
    }

    /// The transfers before a log: those that the calls before asked for, and donations.
    fn transfer(&mut self, scene: &mut Scene, before: u32) -> Result<(), Stop> {
        while let Some((index, item)) = scene.transfers.pop_front_if(|(index, _)| *index < before) {
            match item {
                Item::Log(_) => {}
                Item::Came(amount) if scene.deposits.front() == Some(&amount) => {
                    scene.deposits.pop_front();
                }
                Item::Came(amount) => self.donate(scene, amount),
                Item::Left { to, amount } if scene.payments.front() == Some(&(to, amount)) => {
                    scene.payments.pop_front();
                }
                Item::Left { to, amount } => {
                    return Err(scene.diverged(Some(index), Why::Unexplained { to, amount }));
                }
            }
        }
        Ok(())
    }

    fn donate(&mut self, scene: &Scene, amount: u128) {
        self.replayed.donations += 1;
        let Some(state) = &mut self.state else {
            self.early = self.early.saturating_add(amount);
            return;
        };
        let moment = Moment { timestamp_s: scene.place.timestamp_s, ..Moment::default() };
        let call = Call { caller: Address::ZERO, moment, input: Input::Donate { amount } };
        // A donation is never rejected.
        let _ = state.apply(&call);
    }

    /// The contract's first events; how many.
    fn deploy(&mut self, scene: &Scene) -> Result<usize, Stop> {
        let diverged = || scene.diverged(scene.indices.first().copied(), Why::Deployment);
        let deployed = scene.events.iter().find_map(|event| match event {
            Event::NetworkDeployed { registry, settings, parameters } => {
                Some((*registry, *settings, *parameters))
            }
            _ => None,
        });
        let (registry, settings, parameters) = deployed.ok_or_else(diverged)?;
        let genesis = Genesis {
            deployment: self.deployment,
            registry,
            settings,
            parameters,
            timestamp_s: scene.place.timestamp_s,
            balance: self.early,
        };
        let (state, given) = State::deploy(&genesis).map_err(|_| diverged())?;
        compare(scene, 0, &given)?;
        self.state = Some(state);
        Ok(given.len())
    }

    /// The call that the events from `at` on begin with; how many of them are its own.
    fn call(&mut self, scene: &mut Scene, at: usize) -> Result<usize, Stop> {
        let events = scene.events.get(at..).unwrap_or_default();
        let index = scene.indices.get(at).copied();
        let (Some(state), Some(first)) = (&mut self.state, events.first()) else { return Ok(events.len()) };
        let Some((caller, input)) = steps::first(events, state, scene.place.timestamp_s) else {
            return Err(scene.diverged(index, Why::NoCall { event: shown(first) }));
        };
        let mut moment = Moment {
            timestamp_s: scene.place.timestamp_s,
            block_number: scene.place.block_number,
            source_hash: None,
        };
        if matches!(input, Input::SeedEpoch) {
            moment.source_hash = source_hash(self.chain, state, moment)?;
        }
        let call = Call { caller, moment, input };
        let given = state.apply(&call).map_err(|rejection| {
            let refused = events.iter().find(|event| matches!(event, Event::PublicationRefused { .. }));
            let why = match (&call.input, refused) {
                (Input::Publish(dummy), Some(refused)) if dummy.signer.is_none() && told_first(events) => {
                    Why::NotRefused { event: shown(refused) }
                }
                _ => Why::Rejected { event: shown(first), rejection },
            };
            scene.diverged(index, why)
        })?;
        if given.is_empty() {
            return Err(scene.diverged(index, Why::Nothing { event: shown(first) }));
        }
        compare(scene, at, &given)?;
        self.replayed.calls += 1;
        for event in &given {
            self.follow(event, scene);
        }
        Ok(given.len())
    }

    /// Keeps what an event names, and what must be paid for it.
    fn follow(&mut self, event: &Event, scene: &mut Scene) {
        match event {
            Event::SeatRegistered { deposit, .. } | Event::SeatRejoined { deposit, .. } => {
                scene.deposits.push_back(*deposit);
            }
            Event::DepositPaid { to, amount, .. }
            | Event::RewardPaid { to, amount, .. }
            | Event::BountyPaid { to, amount } => scene.payments.push_back((*to, *amount)),
            Event::SeatRemoved { remover: account, .. }
            | Event::EquivocationProven { reporter: account, .. } => {
                self.named.accounts.insert(*account);
            }
            Event::EpochOpened { epoch, .. } => {
                self.named.blocks.entry(*epoch).or_default();
                let retention =
                    self.state.as_ref().map_or(0, |state| state.settings().fixed.retention_epochs);
                while self.named.blocks.len() > 2 * usize::from(retention) {
                    self.named.blocks.pop_first();
                }
            }
            Event::BlockPublished { epoch, order, .. } => {
                self.replayed.blocks += 1;
                self.named.blocks.entry(*epoch).or_default().insert(*order);
            }
            _ => {}
        }
    }
}

/// Whether a refusal comes before any publication among the events.
fn told_first(events: &[Event]) -> bool {
    let told = events
        .iter()
        .find(|event| matches!(event, Event::PublicationRefused { .. } | Event::BlockPublished { .. }));
    matches!(told, Some(Event::PublicationRefused { .. }))
}

/// The hash of the block that seeds the clock's epoch, if contracts can still have it.
fn source_hash(chain: &dyn Chain, state: &State, moment: Moment) -> Result<Option<B256>, Stop> {
    let epoch = state.network_view(moment.timestamp_s).epoch;
    let Ok(view) = state.epoch_view(epoch, moment.timestamp_s) else { return Ok(None) };
    let age = moment.block_number.saturating_sub(view.seed_block);
    if !(1..=HASH_LIFETIME).contains(&age) {
        return Ok(None);
    }
    let block = chain.block(view.seed_block)?.ok_or(Stop::NoBlock(view.seed_block))?;
    Ok(Some(block.hash))
}

/// Holds the rules' events against the transaction's from `at` on.
fn compare(scene: &Scene, at: usize, given: &[Event]) -> Result<(), Stop> {
    for (number, rules) in given.iter().enumerate() {
        let index = scene.indices.get(at + number).copied();
        let why = match scene.events.get(at + number) {
            Some(chain) if chain == rules => continue,
            Some(chain) if core::mem::discriminant(chain) == core::mem::discriminant(rules) => {
                Why::Differs { event: shown(chain), differences: difference::between(rules, chain) }
            }
            Some(chain) => Why::Other { chain: shown(chain), rules: shown(rules) },
            None => Why::Missing { rules: shown(rules) },
        };
        return Err(scene.diverged(index, why));
    }
    Ok(())
}

/// An event's name, with seat, epoch and order if it has them.
fn shown(event: &Event) -> String {
    let text = format!("{event:?}");
    let mut said = difference::name(&text).to_owned();
    let fields = difference::leaves(&text);
    for (label, field) in [("seat", "seat"), ("epoch", "epoch"), ("order", "order")] {
        if let Some((_, value)) = fields.iter().find(|(name, _)| name == field) {
            said.extend([" ", label, " ", value]);
        }
    }
    said
}
