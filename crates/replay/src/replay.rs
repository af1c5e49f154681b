//! The model, driven by what a chain tells, until the two part.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use multee_chain::Chain;
use multee_protocol::machine::{Call, Event, Genesis, Input, Moment, State};
use multee_protocol::{Deployment, Epoch};

use crate::divergence::{Place, Why};
use crate::publication;
use crate::reading::Transaction;
use crate::scene::{Scene, Stop, shown};
use crate::steps;

/// Blocks of the chain for which a block's hash is to be had by contracts (R2).
const HASH_LIFETIME: u64 = 256;

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

/// Is told of what was replayed.
pub trait Watch {
    /// The rules gave this event, as the chain tells it at this place. `state` is as the event's call left it.
    fn event(&mut self, place: &Place, event: &Event, state: &State);
}

/// Looks at nothing.
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    fn event(&mut self, _: &Place, _: &Event, _: &State) {}
}

/// A replay in progress.
pub(crate) struct Replay<'a> {
    chain: &'a dyn Chain,
    watch: &'a mut dyn Watch,
    deployment: Deployment,
    /// `None` until the contract is deployed.
    state: Option<State>,
    /// What came before the contract did, in the token's smallest unit.
    early: u128,
    replayed: Replayed,
    named: Named,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(chain: &'a dyn Chain, deployment: Deployment, watch: &'a mut dyn Watch) -> Self {
        let (replayed, named) = (Replayed::default(), Named::default());
        Self { chain, watch, deployment, state: None, early: 0, replayed, named }
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
        let mut scene = Scene::new(self.chain, transaction)?;
        self.replayed.transactions += 1;
        let mut at = 0;
        while let Some(index) = scene.index(at) {
            self.donations(&mut scene, index)?;
            let told = match &self.state {
                None => self.deploy(&scene)?,
                Some(_) => self.call(&mut scene, at)?,
            };
            at += told;
            self.replayed.events += told as u64;
        }
        self.donations(&mut scene, u32::MAX)?;
        scene.close()
    }

    /// The transfers before a log that no call asked for.
    fn donations(&mut self, scene: &mut Scene, before: u32) -> Result<(), Stop> {
        while let Some(amount) = scene.donation(before)? {
            self.replayed.donations += 1;
            let Some(state) = &mut self.state else {
                self.early = self.early.saturating_add(amount);
                continue;
            };
            let moment = Moment { timestamp_s: scene.place.timestamp_s, ..Moment::default() };
            let call = Call { caller: Address::ZERO, moment, input: Input::Donate { amount } };
            // A donation is never rejected.
            let _ = state.apply(&call);
        }
        Ok(())
    }

    /// The contract's first events; how many.
    fn deploy(&mut self, scene: &Scene) -> Result<usize, Stop> {
        let diverged = || scene.diverged(scene.index(0), Why::Deployment);
        let deployed = scene.events(0).find_map(|event| match event {
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
        scene.hold(0, &given)?;
        for (at, event) in given.iter().enumerate() {
            self.watch.event(&scene.place_of(at), event, &state);
        }
        self.state = Some(state);
        Ok(given.len())
    }

    /// The call that the events from `at` on begin with; how many of them are its own.
    fn call(&mut self, scene: &mut Scene, at: usize) -> Result<usize, Stop> {
        let events: Vec<&Event> = scene.events(at).collect();
        let (Some(state), Some(first)) = (&mut self.state, events.first()) else { return Ok(events.len()) };
        let diverged = |why| scene.diverged(scene.index(at), why);
        let Some((caller, input)) = steps::first(&events, state, scene.place.timestamp_s) else {
            return Err(diverged(Why::NoCall { event: shown(first) }));
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
            let event = shown(first);
            diverged(if publication::is_refusal(&call.input) {
                Why::NotRefused { event }
            } else {
                Why::Rejected { event, rejection }
            })
        })?;
        if given.is_empty() {
            return Err(diverged(Why::Nothing { event: shown(first) }));
        }
        scene.hold(at, &given)?;
        self.replayed.calls += 1;
        for (at, event) in (at..).zip(&given) {
            self.watch.event(&scene.place_of(at), event, state);
        }
        for event in &given {
            scene.expect(event);
            self.follow(event);
        }
        Ok(given.len())
    }

    /// Keeps what an event names.
    fn follow(&mut self, event: &Event) {
        match event {
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
