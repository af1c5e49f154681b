//! A transaction while it is replayed.

use std::collections::VecDeque;

use alloy_primitives::Address;
use multee_chain::{Chain, ChainError};
use multee_protocol::machine::Event;

use crate::difference;
use crate::divergence::{Divergence, Place, Why};
use crate::events;
use crate::reading::{Item, Transaction};

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

/// A transaction while it is replayed.
pub(crate) struct Scene {
    /// Where it is; the log's place is that of what is looked at.
    pub(crate) place: Place,
    /// What the contract told, with each event's place among the block's logs.
    told: Vec<(u32, Event)>,
    transfers: VecDeque<(u32, Item)>,
    /// Deposits that events told, and transfers must follow; in the token's smallest unit.
    deposits: VecDeque<u128>,
    /// Payments likewise.
    payments: VecDeque<(Address, u128)>,
}

impl Scene {
    /// # Errors
    /// When a log of the contract cannot be read, or the chain gives no answer.
    pub(crate) fn new(chain: &dyn Chain, transaction: Transaction) -> Result<Self, Stop> {
        let Transaction { block_number, hash, items } = transaction;
        let timestamp_s = chain.block(block_number)?.ok_or(Stop::NoBlock(block_number))?.timestamp_s;
        let mut scene = Self {
            place: Place { block_number, timestamp_s, transaction: hash, log_index: None },
            told: Vec::new(),
            transfers: VecDeque::new(),
            deposits: VecDeque::new(),
            payments: VecDeque::new(),
        };
        for (index, item) in items {
            if let Item::Log(log) = &item {
                let event = events::event(log).map_err(|why| scene.diverged(Some(index), why))?;
                scene.told.push((index, event));
            } else {
                scene.transfers.push_back((index, item));
            }
        }
        Ok(scene)
    }

    /// The place among the block's logs of the event at `at`.
    pub(crate) fn index(&self, at: usize) -> Option<u32> {
        self.told.get(at).map(|(index, _)| *index)
    }

    /// Where the event at `at` is.
    pub(crate) fn place_of(&self, at: usize) -> Place {
        Place { log_index: self.index(at), ..self.place }
    }

    /// The events from `at` on.
    pub(crate) fn events(&self, at: usize) -> impl Iterator<Item = &Event> {
        self.told.iter().skip(at).map(|(_, event)| event)
    }

    pub(crate) fn diverged(&self, log_index: Option<u32>, why: impl Into<Why>) -> Stop {
        let place = Place { log_index, ..self.place };
        Stop::Diverged(Box::new(Divergence { place, why: why.into() }))
    }

    /// Holds the rules' events against those told from `at` on.
    ///
    /// # Errors
    /// At the first that differs, or was not told.
    pub(crate) fn hold(&self, at: usize, given: &[Event]) -> Result<(), Stop> {
        for (at, rules) in (at..).zip(given) {
            let why = match self.told.get(at) {
                Some((_, chain)) if chain == rules => continue,
                Some((_, chain)) if core::mem::discriminant(chain) == core::mem::discriminant(rules) => {
                    Why::Differs { event: shown(chain), differences: difference::between(rules, chain) }
                }
                Some((_, chain)) => Why::Other { chain: shown(chain), rules: shown(rules) },
                None => Why::Missing { rules: shown(rules) },
            };
            return Err(self.diverged(self.index(at), why));
        }
        Ok(())
    }

    /// Remembers what must be transferred for an event that the rules give.
    pub(crate) fn expect(&mut self, event: &Event) {
        match event {
            Event::SeatRegistered { deposit, .. } | Event::SeatRejoined { deposit, .. } => {
                self.deposits.push_back(*deposit);
            }
            Event::DepositPaid { to, amount, .. }
            | Event::RewardPaid { to, amount, .. }
            | Event::BountyPaid { to, amount } => self.payments.push_back((*to, *amount)),
            _ => {}
        }
    }

    /// The next transfer to the contract before a log that no event asked for, in the token's smallest unit; those that
    /// events asked for are passed over.
    ///
    /// # Errors
    /// For a transfer from the contract that no event asked for.
    pub(crate) fn donation(&mut self, before: u32) -> Result<Option<u128>, Stop> {
        while let Some((index, item)) = self.transfers.pop_front_if(|(index, _)| *index < before) {
            match item {
                Item::Log(_) => {}
                Item::Came(amount) if self.deposits.front() == Some(&amount) => {
                    self.deposits.pop_front();
                }
                Item::Came(amount) => return Ok(Some(amount)),
                Item::Left { to, amount } if self.payments.front() == Some(&(to, amount)) => {
                    self.payments.pop_front();
                }
                Item::Left { to, amount } => {
                    return Err(self.diverged(Some(index), Why::Unexplained { to, amount }));
                }
            }
        }
        Ok(None)
    }

    /// # Errors
    /// When a deposit or a payment was told and not made.
    pub(crate) fn close(&self) -> Result<(), Stop> {
        if let Some(amount) = self.deposits.front() {
            return Err(self.diverged(None, Why::DepositMissing { amount: *amount }));
        }
        if let Some((to, amount)) = self.payments.front() {
            return Err(self.diverged(None, Why::PaymentMissing { to: *to, amount: *amount }));
        }
        Ok(())
    }
}

/// An event's name, with seat, epoch and order if it has them.
pub(crate) fn shown(event: &Event) -> String {
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
