//! One network on both sides: the contract on its chain, the model, the clock, and the keys of all devices.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, U256};
use multee_chain::Sender;
use multee_protocol::machine::{BlockView, Event, Genesis, Moment, SeatView, Settings, State};
use multee_protocol::{BlockId, Epoch, SeatId};

use super::setup::Setup;
use crate::evm::Evm;
use crate::stage::{self, DEPLOYED_AT_S, Stage};

/// What views do not tell of a seat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// Of the certificates in force; zero if none.
    pub(crate) certificates_hash: B256,
    /// Every incarnation it had, the newest last.
    pub(crate) incarnations: Vec<Address>,
}

/// Both sides of one network.
pub(crate) struct World {
    /// The contract's.
    pub(crate) stage: Stage,
    /// The model's.
    pub(crate) model: State,
    /// What the network is.
    pub(crate) setup: Setup,
    /// The chain's time, Unix seconds.
    pub(crate) time_s: u64,
    /// What was published, oldest first.
    pub(crate) published: Vec<(BlockId, SeatId)>,
    /// Who ever called, or was owed something.
    pub(crate) accounts: BTreeSet<Address>,
    /// Every device id that was ever claimed.
    pub(crate) devices: BTreeSet<B256>,
    /// By seat number − 1.
    pub(crate) pasts: Vec<Past>,
    /// Whose publication was tried in this epoch.
    pub(crate) tried: BTreeSet<u32>,
    keys: BTreeMap<Address, Sender>,
    funded: BTreeSet<Address>,
}

impl World {
    /// The network as it is deployed, and the events of that in the model's words.
    ///
    /// # Panics
    /// When the model refuses a deployment within bounds.
    pub(crate) fn new(setup: Setup) -> (Self, Vec<Event>) {
        let stage = Stage::deploy(setup.plan.clone());
        let genesis = genesis(&stage);
        let (model, events) = State::deploy(&genesis).expect("within bounds");
        let world = Self {
            stage,
            model,
            setup,
            time_s: DEPLOYED_AT_S,
            published: Vec::new(),
            accounts: BTreeSet::new(),
            devices: BTreeSet::new(),
            pasts: Vec::new(),
            tried: BTreeSet::new(),
            keys: BTreeMap::new(),
            funded: BTreeSet::new(),
        };
        (world, events)
    }

    /// The clock's epoch; 0 before genesis.
    pub(crate) fn epoch(&self) -> Epoch {
        self.model.network_view(self.time_s).epoch
    }

    /// Whether the clock has reached genesis.
    pub(crate) fn started(&self) -> bool {
        self.time_s >= self.stage.genesis_s
    }

    /// Epochs that the rings keep.
    pub(crate) fn retention(&self) -> u32 {
        self.setup.plan.fixed.retention_epochs.into()
    }

    /// Lets blocks and seconds pass.
    pub(crate) fn pass(&mut self, blocks: u64, seconds: u64) {
        if seconds >= self.left_s() {
            self.tried.clear();
        }
        self.time_s += seconds;
        self.stage.go_to(blocks, self.time_s);
    }

    /// Seconds until the next epoch, or until genesis.
    pub(crate) fn left_s(&self) -> u64 {
        let length = u64::from(self.setup.plan.fixed.epoch_seconds);
        match self.time_s.checked_sub(self.stage.genesis_s) {
            None => self.stage.genesis_s - self.time_s,
            Some(elapsed) => length - elapsed % length,
        }
    }

    /// Now, as the model is told.
    pub(crate) fn moment(&self) -> Moment {
        let block_number = self.stage.block_number();
        let source = self.model.epoch_view(self.epoch(), self.time_s).ok().map(|view| view.seed_block);
        Moment {
            timestamp_s: self.time_s,
            block_number,
            source_hash: source.and_then(|source| Evm::block_hash(source, block_number)),
        }
    }

    /// How many seats there are.
    pub(crate) fn seats(&self) -> u32 {
        self.model.network_view(self.time_s).seats
    }

    /// A seat that there is.
    ///
    /// # Panics
    /// When there is none.
    pub(crate) fn seat(&self, number: u32) -> SeatView {
        self.model.seat_view(SeatId(number)).expect("a seat")
    }

    /// The seats that are like this.
    pub(crate) fn seats_with(&self, like: impl Fn(&SeatView) -> bool) -> Vec<u32> {
        (1..=self.seats()).filter(|number| like(&self.seat(*number))).collect()
    }

    /// The retained blocks that are like this, oldest first.
    pub(crate) fn blocks_with(&self, like: impl Fn(&BlockView) -> bool) -> Vec<BlockId> {
        let oldest = self.epoch().saturating_sub(self.retention());
        let retained = self.published.iter().rev().take_while(|(id, _)| id.epoch >= oldest);
        let mut ids: Vec<_> = retained.map(|(id, _)| *id).collect();
        ids.reverse();
        ids.retain(|id| self.model.block_view(id.epoch, id.order, self.time_s).is_ok_and(|view| like(&view)));
        ids
    }

    /// A new key, different from all before.
    pub(crate) fn new_key(&mut self) -> Address {
        let key = stage::key(self.keys.len() as u64);
        let address = key.address();
        self.keys.insert(address, key);
        address
    }

    /// The key of an address, if a device has it.
    pub(crate) fn key(&self, address: Address) -> Option<&Sender> {
        self.keys.get(&address)
    }

    /// Every key there is.
    pub(crate) fn keys(&self) -> Vec<Address> {
        self.keys.keys().copied().collect()
    }

    /// Sees to it that an account has tokens, so that none is short of them.
    pub(crate) fn fund(&mut self, account: Address) {
        self.accounts.insert(account);
        if !account.is_zero() && self.funded.insert(account) {
            self.stage.fund(account, U256::from(u128::MAX));
        }
    }

    /// Learns from what happened what views do not tell.
    pub(crate) fn learn(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::SeatRegistered { device_id, .. } => {
                    self.devices.insert(device_id.0);
                    self.pasts.push(Past::default());
                }
                Event::IncarnationBegun { seat, incarnation, .. } => {
                    let past = self.past(*seat);
                    past.incarnations.push(*incarnation);
                    past.certificates_hash = B256::ZERO;
                }
                Event::OperatorSet { seat, .. } => self.past(*seat).certificates_hash = B256::ZERO,
                Event::CertificatesPublished { seat, certificates, .. } => {
                    self.past(*seat).certificates_hash = certificates.digest;
                }
                Event::BlockPublished { seat, epoch, order, .. } => {
                    self.published.push((BlockId { epoch: *epoch, order: *order }, *seat));
                }
                _ => {}
            }
        }
    }

    fn past(&mut self, seat: SeatId) -> &mut Past {
        &mut self.pasts[seat.0 as usize - 1]
    }
}

/// What the model is told of a deployment.
pub(crate) fn genesis(stage: &Stage) -> Genesis {
    Genesis {
        deployment: stage.deployment,
        registry: stage.registry,
        settings: Settings {
            token: stage.token,
            owner: stage.owner,
            genesis_s: stage.genesis_s,
            fixed: stage.plan.fixed,
        },
        parameters: stage.plan.parameters,
        timestamp_s: DEPLOYED_AT_S,
        balance: 0,
    }
}
