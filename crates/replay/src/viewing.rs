//! Every view, asked of the rules' state and of the contract at the same head.

use core::fmt::{self, Debug, Display};
use std::collections::BTreeSet;

use alloy_primitives::{Address, aliases::U40};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::{Registry, TestToken};
use multee_chain::{Chain, ChainError, Head, ReadError, read};
use multee_protocol::machine::{Rejection, Settings, State};
use multee_protocol::{DeviceId, Epoch, SeatId};

use crate::difference::{self, Difference};
use crate::replay::Named;
use crate::views;
use crate::words::{self, Unreadable};

/// Differences that are kept; of more, the number only.
const DIFFERENCES_MAX: usize = 32;
/// Entries of the log that are looked at: the newest so many.
const LOG_ENTRIES_MAX: u64 = 1 << 20;
/// Orders have 20 bits; those of blocks without weight run downward from the last (R3).
const ORDERS: u32 = 1 << 20;
/// What `isTrusted` is asked: at least this score, at most so many epochs old.
const TRUST: (u16, u32) = (7500, 3);

/// A view that does not show what the rules give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewDifference {
    /// The view with its arguments, as in `seatOf(3)`.
    pub view: String,
    /// A field of it.
    pub difference: Difference,
}

impl Display for ViewDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.view, self.difference)
    }
}

/// What came of looking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Viewed {
    /// How many views were compared.
    pub(crate) views: u64,
    /// How many fields of them differ.
    pub(crate) differing: u64,
    /// The first of these.
    pub(crate) differences: Vec<ViewDifference>,
}

struct Viewing<'a> {
    chain: &'a dyn Chain,
    contract: Address,
    state: &'a State,
    time_s: u64,
    viewed: Viewed,
}

/// Compares all views at `head`: settings, owner, parameters, documents and sums; every seat with its device, its trust,
/// its challenge, its assignment and its blocks; every epoch and block that a ring may hold; the log's newest 2²⁰ entries;
/// every bounty; and the token's balance.
///
/// # Errors
/// When the chain gives no answer.
pub(crate) fn compare(
    chain: &dyn Chain,
    head: &Head,
    state: &State,
    named: &Named,
) -> Result<Viewed, ChainError> {
    let contract = state.deployment().contract;
    let mut viewing = Viewing { chain, contract, state, time_s: head.timestamp_s, viewed: Viewed::default() };
    viewing.network()?;
    for seat in (1..=state.network_view(head.timestamp_s).seats).map(SeatId) {
        viewing.seat(seat, named)?;
    }
    for (epoch, orders) in &named.blocks {
        viewing.epoch(*epoch, orders)?;
    }
    viewing.log()?;
    for account in &named.accounts {
        let rules = Ok(state.bounty_of(*account));
        let call = contract::bountyOfCall { account: *account };
        viewing.ask(|| format!("bountyOf({account})"), &call, |it| words::amount("a bounty", *it), rules)?;
    }
    Ok(viewing.viewed)
}

impl Viewing<'_> {
    fn network(&mut self) -> Result<(), ChainError> {
        let (state, time_s) = (self.state, self.time_s);
        let settings = Settings { owner: state.owner(), ..*state.settings() };
        self.ask(|| "settings()".to_owned(), &contract::settingsCall {}, words::settings, Ok(settings))?;
        self.ask(|| "owner()".to_owned(), &Registry::ownerCall {}, |it| Ok(*it), Ok(state.owner()))?;
        let pending = Ok(state.pending_owner());
        self.ask(|| "pendingOwner()".to_owned(), &Registry::pendingOwnerCall {}, |it| Ok(*it), pending)?;
        let parameters = Ok(*state.parameters());
        let read = |it: &_| Ok(words::parameters(it));
        self.ask(|| "parameters()".to_owned(), &contract::parametersCall {}, read, parameters)?;
        let (call, announced) = (contract::announcedParametersCall {}, Ok(state.announced_parameters()));
        self.ask(|| "announcedParameters()".to_owned(), &call, |it| Ok(views::announced(it)), announced)?;
        let references = Ok((state.reference_digest(), state.reference_values().to_vec()));
        let read = |it: &contract::referenceValuesReturn| Ok((it.digest, views::references(it)));
        self.ask(|| "referenceValues()".to_owned(), &contract::referenceValuesCall {}, read, references)?;
        let policy = Ok(state.policy_digest());
        self.ask(|| "policyDigest()".to_owned(), &contract::policyDigestCall {}, |it| Ok(*it), policy)?;
        let (call, network) = (contract::networkCall {}, Ok(state.network_view(time_s)));
        self.ask(|| "network()".to_owned(), &call, |it| Ok(views::network(it)), network)?;
        let call = TestToken::balanceOfCall { account: self.contract };
        let name = || "the token's balanceOf the contract".to_owned();
        let read = |it: &_| words::amount("a balance", *it);
        self.ask_of(state.settings().token, name, &call, read, Ok(state.balance()))
    }

    fn seat(&mut self, id: SeatId, named: &Named) -> Result<(), ChainError> {
        let (state, time_s, seat) = (self.state, self.time_s, id.0);
        let rules = state.seat_view(id);
        let device = rules.as_ref().ok().map(|view| view.device_id);
        self.ask(|| format!("seatOf({seat})"), &contract::seatOfCall { seat }, views::seat, rules)?;
        let challenge = state.challenge_of(id, time_s);
        let call = contract::challengeOfCall { seat };
        self.ask(|| format!("challengeOf({seat})"), &call, |it| Ok(*it), challenge)?;
        let (call, assignment) = (contract::assignmentOfCall { seat }, state.assignment_of(id, time_s));
        self.ask(|| format!("assignmentOf({seat})"), &call, |it| Ok(views::assignment(it)), assignment)?;
        if let Some(device) = device {
            self.device(device)?;
        }
        for epoch in named.blocks.keys().copied() {
            let (call, block) =
                (contract::blockOfSeatCall { seat, epoch }, state.block_view_of_seat(id, epoch, time_s));
            let name = || format!("blockOfSeat({seat}, {epoch})");
            self.ask(name, &call, |it| Ok(views::block(it)), block)?;
        }
        Ok(())
    }

    fn device(&mut self, device: DeviceId) -> Result<(), ChainError> {
        let (state, time_s, id) = (self.state, self.time_s, device.0);
        let (call, trust) = (contract::trustOfCall { deviceId: id }, Ok(state.trust_of(device)));
        self.ask(|| format!("trustOf({id})"), &call, views::trust, trust)?;
        let bound = Ok(state.bound_seat_of(device).map_or(0, |seat| seat.0));
        let call = contract::boundSeatOfCall { deviceId: id };
        self.ask(|| format!("boundSeatOf({id})"), &call, |it| Ok(*it), bound)?;
        let (score, age) = TRUST;
        let trusted = Ok(state.is_trusted(device, score, age, time_s));
        let call = contract::isTrustedCall { deviceId: id, minScore: score, maxAgeEpochs: age };
        self.ask(|| format!("isTrusted({id}, {score}, {age})"), &call, |it| Ok(*it), trusted)
    }

    /// The epoch, its blocks, and that there is none beyond them.
    fn epoch(&mut self, epoch: Epoch, orders: &BTreeSet<u32>) -> Result<(), ChainError> {
        let (state, time_s) = (self.state, self.time_s);
        let (call, view) = (contract::epochOfCall { epoch }, state.epoch_view(epoch, time_s));
        let mut orders = orders.clone();
        if let Ok(view) = &view {
            orders.extend([view.weighted_blocks, (ORDERS - 1).saturating_sub(view.weightless_blocks)]);
        }
        self.ask(|| format!("epochOf({epoch})"), &call, views::epoch, view)?;
        for order in orders {
            let (call, block) =
                (contract::blockOfCall { epoch, order }, state.block_view(epoch, order, time_s));
            self.ask(|| format!("blockOf({epoch}, {order})"), &call, |it| Ok(views::block(it)), block)?;
        }
        Ok(())
    }

    fn log(&mut self) -> Result<(), ChainError> {
        let (state, time_s) = (self.state, self.time_s);
        let end = state.network_view(time_s).log_end;
        for position in end.saturating_sub(LOG_ENTRIES_MAX)..end {
            // Positions have 40 bits.
            let call = contract::logEntryCall { position: U40::saturating_from(position) };
            let entry = state.log_entry(position, time_s);
            self.ask(|| format!("logEntry({position})"), &call, |it| Ok(views::log_entry(it)), entry)?;
        }
        Ok(())
    }

    fn ask<C: SolCall, T: PartialEq + Debug>(
        &mut self,
        name: impl Fn() -> String,
        call: &C,
        convert: impl Fn(&C::Return) -> Result<T, Unreadable>,
        rules: Result<T, Rejection>,
    ) -> Result<(), ChainError> {
        self.ask_of(self.contract, name, call, convert, rules)
    }

    /// What the one refuses, the other must refuse as well.
    fn ask_of<C: SolCall, T: PartialEq + Debug>(
        &mut self,
        whom: Address,
        name: impl Fn() -> String,
        call: &C,
        convert: impl Fn(&C::Return) -> Result<T, Unreadable>,
        rules: Result<T, Rejection>,
    ) -> Result<(), ChainError> {
        self.viewed.views += 1;
        let chain = match read(self.chain, whom, call) {
            Ok(answer) => convert(&answer).map_err(|error| error.to_string()),
            Err(ReadError::Chain(error)) => return Err(error),
            Err(ReadError::Reverted(_)) if rules.is_err() => return Ok(()),
            Err(error) => Err(error.to_string()),
        };
        match (&rules, &chain) {
            (Ok(rules), Ok(chain)) if rules == chain => {}
            (Ok(rules), Ok(chain)) => {
                for difference in difference::between(rules, chain) {
                    self.differs(name(), difference);
                }
            }
            _ => {
                let rules =
                    rules.map_or_else(|rejection| format!("refused ({rejection})"), |it| format!("{it:?}"));
                let chain = chain.map_or_else(|error| error, |it| format!("{it:?}"));
                self.differs(name(), Difference { field: String::new(), rules, chain });
            }
        }
        Ok(())
    }

    fn differs(&mut self, view: String, difference: Difference) {
        self.viewed.differing += 1;
        if self.viewed.differences.len() < DIFFERENCES_MAX {
            self.viewed.differences.push(ViewDifference { view, difference });
        }
    }
}
