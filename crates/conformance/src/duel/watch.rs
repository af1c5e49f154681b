//! Which views are compared, and which of them the contract must be asked again.
//!
//! After every call all views of both sides are equal. The model is asked all of them each time. The contract is asked
//! again only what can have changed: a view is a function of the code, of the words of storage that it reads, and of
//! the clock's epoch. So its last answer stands while no call changed one of the words that it read, and the epoch is
//! the same; which words a view reads and which a call changes is what the EVM itself tells. That the argument holds is
//! tested as well: from time to time, and at the end, everything is asked again whatever it read.

use std::collections::{BTreeMap, HashMap, HashSet};

use multee_protocol::DeviceId;

use super::difference::Difference;
use super::query::{Answer, Query};
use super::world::World;
use crate::evm::Slot;

/// How many blocks, and how many entries of the log, are compared after each call: about those that are retained. Older
/// ones, which nobody can change, are compared with all else.
fn newest(world: &World) -> usize {
    ((world.seats() * (world.retention() + 1)) as usize).clamp(64, 700)
}

/// What both sides agreed on last.
#[derive(Default)]
pub(crate) struct Watch {
    cells: BTreeMap<Query, Cell>,
    readers: HashMap<Slot, HashSet<Query>>,
    clock: (bool, u32),
    known: Known,
}

struct Cell {
    answer: Answer,
    read: Vec<Slot>,
    stale: bool,
}

/// How much of what grows is watched already.
#[derive(Default)]
struct Known {
    seats: u32,
    devices: usize,
    accounts: usize,
    published: usize,
    log: u64,
    /// Those before are not watched any more.
    old_blocks: usize,
    old_entries: u64,
}

impl Watch {
    /// Compares all views after a call that changed some words; `probes` are asked this once.
    ///
    /// # Errors
    /// The first view that differs.
    pub(crate) fn compare(
        &mut self,
        world: &mut World,
        changed: &[Slot],
        probes: &[Query],
    ) -> Result<(), Box<Difference>> {
        self.mark_stale(world, changed);
        self.extend(world);
        let Self { cells, readers, .. } = self;
        for (query, cell) in cells {
            let model = query.of_model(&world.model, world.time_s);
            if !cell.stale && model == cell.answer {
                continue;
            }
            let (answer, mut read) = ask(world, query);
            if model != answer {
                return Err(Box::new(Difference::of(format!("{query:?}"), &model, &answer)));
            }
            read.sort_unstable();
            if read != cell.read {
                for slot in &read {
                    readers.entry(*slot).or_default().insert(*query);
                }
            }
            *cell = Cell { answer, read, stale: false };
        }
        probes.iter().try_for_each(|query| same(world, query))
    }

    /// Compares everything there ever was, whatever was read.
    ///
    /// # Errors
    /// The first view that differs.
    pub(crate) fn compare_whole(&mut self, world: &mut World) -> Result<(), Box<Difference>> {
        for query in self.cells.keys() {
            same(world, query)?;
        }
        let (now, end) = (world.epoch(), world.model.network_view(world.time_s).log_end);
        for index in 0..self.known.old_blocks {
            let (id, seat) = world.published[index];
            same(world, &Query::Block { epoch: id.epoch, order: id.order })?;
            same(world, &Query::BlockOfSeat { seat: seat.0, epoch: id.epoch })?;
        }
        for seat in 0..=world.seats() + 1 {
            same(world, &Query::BlockOfSeat { seat, epoch: now })?;
            same(world, &Query::BlockOfSeat { seat, epoch: now.wrapping_sub(world.retention()) })?;
        }
        (0..self.known.old_entries.min(end)).try_for_each(|position| same(world, &Query::LogEntry(position)))
    }

    fn mark_stale(&mut self, world: &World, changed: &[Slot]) {
        for query in changed.iter().filter_map(|slot| self.readers.get(slot)).flatten() {
            if let Some(cell) = self.cells.get_mut(query) {
                cell.stale = true;
            }
        }
        let clock = (world.started(), world.epoch());
        if clock != self.clock {
            self.clock = clock;
            for (_, cell) in self.cells.iter_mut().filter(|(query, _)| query.reads_clock()) {
                cell.stale = true;
            }
            let (last, first) = (clock.1 + 1, clock.1.saturating_sub(world.retention() + 1));
            self.cells
                .retain(|query, _| !matches!(query, Query::Epoch(epoch) if !(first..=last).contains(epoch)));
            (first..=last).for_each(|epoch| self.watch(Query::Epoch(epoch)));
        }
    }

    /// Watches what is new, and no longer what is old.
    fn extend(&mut self, world: &World) {
        use Query as Q;
        if self.known.seats == 0 && self.known.accounts == 0 {
            let once = [Q::Network, Q::Parameters, Q::Announced, Q::References, Q::Policy, Q::Settings];
            for query in once.into_iter().chain([Q::Owner, Q::PendingOwner, Q::Balance]) {
                self.watch(query);
            }
        }
        let network = world.model.network_view(world.time_s);
        for seat in self.known.seats + 1..=network.seats {
            for query in [Q::Seat(seat), Q::Challenge(seat), Q::Assignment(seat)] {
                self.watch(query);
            }
        }
        if world.devices.len() > self.known.devices {
            for device in world.devices.iter().copied().map(DeviceId) {
                self.watch(Q::Bound(device));
                self.watch(Q::Trust(device));
            }
        }
        if world.accounts.len() > self.known.accounts {
            world.accounts.iter().for_each(|account| self.watch(Q::Bounty(*account)));
        }
        let blocks = |(id, seat): &(multee_protocol::BlockId, multee_protocol::SeatId)| {
            [Q::Block { epoch: id.epoch, order: id.order }, Q::BlockOfSeat { seat: seat.0, epoch: id.epoch }]
        };
        let all = &world.published;
        all[self.known.published..].iter().flat_map(blocks).for_each(|q| self.watch(q));
        let newest = newest(world);
        let old_blocks = all.len().saturating_sub(newest).max(self.known.old_blocks);
        all[self.known.old_blocks..old_blocks]
            .iter()
            .flat_map(blocks)
            .for_each(|q| drop(self.cells.remove(&q)));
        (self.known.log..network.log_end).for_each(|position| self.watch(Q::LogEntry(position)));
        let old_entries = network.log_end.saturating_sub(newest as u64).max(self.known.old_entries);
        for position in self.known.old_entries..old_entries {
            self.cells.remove(&Q::LogEntry(position));
        }
        self.known = Known {
            seats: network.seats,
            devices: world.devices.len(),
            accounts: world.accounts.len(),
            published: all.len(),
            log: network.log_end.max(self.known.log),
            old_blocks,
            old_entries,
        };
    }

    fn watch(&mut self, query: Query) {
        let none = || Cell { answer: Answer::Refused(Vec::new()), read: Vec::new(), stale: true };
        self.cells.entry(query).or_insert_with(none);
    }
}

/// The contract's answer, and what it read.
fn ask(world: &mut World, query: &Query) -> (Answer, Vec<Slot>) {
    let contract = world.stage.deployment.contract;
    let to = if *query == Query::Balance { world.stage.token } else { contract };
    let answered = world.stage.evm.look(to, query.calldata(contract));
    (query.read(answered.outcome), answered.read)
}

fn same(world: &mut World, query: &Query) -> Result<(), Box<Difference>> {
    let model = query.of_model(&world.model, world.time_s);
    let (contract, _) = ask(world, query);
    if model == contract {
        return Ok(());
    }
    Err(Box::new(Difference::of(format!("{query:?}"), &model, &contract)))
}
