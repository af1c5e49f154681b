//! A network under attack, on the protocol's own state machine.
//!
//! The machine is `multee_protocol::machine`, on its own rules unless the scenario varies them: every founding, opening, publication, restart and settlement
//! is a call of it, and what the agents know they have from its events. Simulated are the people: who lies, when, and
//! who publishes first. Signatures and evidence are not made: that a liar's evidence does not verify is a fact that
//! each honest verifier finds.

mod book;
mod calls;
mod foresight;
mod settling;
#[cfg(test)]
mod tests;
mod tricks;

use std::time::Instant;

use multee_protocol::machine::{Input, Moment, Outcome, Publication, State};
use multee_protocol::{
    Assignment, Check, EpochSnapshot, Mark, Marks, Permutation, SeatId, TabulatedPermutation, challenge,
};

use self::book::{Book, Device, NO_RANK, Nature};
use crate::conduct::{Conduct, Marking, Sight};
use crate::dice::Dice;
use crate::error::SimulationError;
use crate::measure::{Meter, Run};
use crate::scenario::Scenario;
use crate::strategy::{Order, Strategy};

/// A network and those who play it.
#[derive(Debug)]
pub(crate) struct Network<'a> {
    scenario: &'a Scenario,
    state: State,
    moment: Moment,
    events: Vec<multee_protocol::machine::Event>,
    book: Book,
    dice: Dice,
    digests: u64,
    /// The start of the window before the running epoch's.
    previous_window: u64,
    /// Honest devices that cannot verify during the outage, by number.
    dark: Vec<bool>,
}

/// What all publications of an epoch share.
struct Epoch {
    snapshot: EpochSnapshot,
    order: TabulatedPermutation,
    outage: bool,
    /// On which entries of the window the adversary prevails; empty where its strategy does not ask.
    foresight: Vec<bool>,
}

/// Plays one run to its end.
///
/// # Errors
/// When the machine refuses a call, which no agent makes knowingly.
pub(crate) fn play(scenario: &Scenario, run: u32, told: &dyn Fn()) -> Result<Run, SimulationError> {
    let start = Instant::now();
    let mut network = Network::found(scenario, run)?;
    let mut meter = Meter::new(scenario.devices);
    for epoch in 0..scenario.epochs_max {
        network.play_epoch(epoch)?;
        let point = meter.read(network.book.devices.iter().map(|device| device.reading(scenario.variation)));
        told();
        let honest = scenario.honest();
        let beaten = scenario.abusive > 0 && point.abusive_blocked == scenario.abusive;
        if beaten || (honest > 0 && point.honest_blocked == honest) {
            break;
        }
    }
    let spent = start.elapsed();
    let days = meter.days();
    let run = meter.close(run, scenario.abusive, network.book.counts, spent);
    Ok(Run { reward_abusive_if_honest: reward_if_honest(scenario, scenario.abusive, days), ..run })
}

/// What so many devices are paid within so many epochs if all devices are honest, in tokens: each epoch's pot is shared
/// evenly, and paid when its blocks are honest for good (R9, R12).
#[allow(clippy::cast_precision_loss, reason = "shown with a few digits")]
fn reward_if_honest(scenario: &Scenario, devices: u32, days: u32) -> f64 {
    let finality = u32::from(scenario.parameters.finality_epochs);
    let paid = f64::from(days.saturating_sub(finality + 1));
    let pot = scenario.parameters.reward_per_epoch as f64 / 1e18;
    paid * pot * f64::from(devices) / f64::from(scenario.devices)
}

impl<'a> Network<'a> {
    fn found(scenario: &'a Scenario, run: u32) -> Result<Self, SimulationError> {
        let mut dice = Dice::new(scenario.seed, run);
        let devices = Self::cast(scenario, &mut dice);
        let dark = Self::darkened(scenario, &devices, &mut dice);
        let state = calls::deploy(scenario)?;
        let retention = scenario.fixed().retention_epochs;
        let mut network = Self {
            scenario,
            state,
            moment: calls::BEFORE_GENESIS,
            events: Vec::new(),
            book: Book::new(devices, retention),
            dice,
            digests: 0,
            previous_window: 0,
            dark,
        };
        let joining = if network.joins_at().is_some() { scenario.abusive } else { 0 };
        for device in 0..scenario.devices - joining {
            network.call(calls::owner(), calls::founding(device))?;
        }
        Ok(network)
    }

    /// Which devices are the adversary's: any, for numbers mean nothing; but those that join come last.
    fn cast(scenario: &Scenario, dice: &mut Dice) -> Vec<Device> {
        let camp = |number| Device::new(number >= scenario.honest());
        let mut devices: Vec<Device> = (0..scenario.devices).map(camp).collect();
        if !matches!(scenario.strategy, Strategy::SybilFlood { .. }) {
            dice.shuffle(&mut devices);
        }
        devices
    }

    fn darkened(scenario: &Scenario, devices: &[Device], dice: &mut Dice) -> Vec<bool> {
        let Some(outage) = scenario.outage else { return Vec::new() };
        let percent = u32::from(outage.share_percent);
        devices.iter().map(|device| !device.abusive && dice.below(100) < percent).collect()
    }

    /// From an epoch's opening to when the last of its blocks that are due is settled.
    fn play_epoch(&mut self, epoch: u32) -> Result<(), SimulationError> {
        self.previous_window = self.book.running.window_start;
        self.open(epoch)?;
        let forget = if epoch == 0 { 0 } else { self.previous_window };
        self.book.begin_epoch(forget);
        self.restart(epoch)?;
        self.play_tricks(epoch)?;
        let mut shared = self.shared(epoch);
        shared.foresight = self.foresee(&shared);
        for device in self.order() {
            self.publish(device, epoch, &shared)?;
        }
        self.moment.timestamp_s = calls::start_of(epoch + 1);
        self.settle(epoch)
    }

    fn open(&mut self, epoch: u32) -> Result<(), SimulationError> {
        self.moment.timestamp_s = calls::start_of(epoch);
        self.moment.block_number += 10;
        self.call(calls::owner(), Input::OpenEpoch)?;
        self.moment.block_number += 10;
        self.moment.source_hash = Some(self.dice.word());
        self.call(calls::owner(), Input::SeedEpoch)?;
        Ok(())
    }

    /// Suspended devices restart as soon as they may (R11); whitewashers whenever they are below Full.
    fn restart(&mut self, epoch: u32) -> Result<(), SimulationError> {
        let cooldown = u32::from(self.scenario.parameters.restart_cooldown_epochs);
        let washes = self.scenario.strategy == Strategy::WhitewashRestart;
        for number in 0..self.scenario.devices {
            let device = self.book.devices[number as usize];
            let stained = washes && device.abusive && device.score < 9000 && !device.probation;
            let cool = epoch >= device.suspended_at.saturating_add(cooldown);
            let due = if device.suspended { cool } else { stained };
            if device.blocked || device.exiting || !due {
                continue;
            }
            let incarnation = device.incarnation + 1;
            self.call(calls::operator(), calls::restart(number, incarnation))?;
            self.book.devices[number as usize].incarnation = incarnation;
        }
        Ok(())
    }

    fn shared(&self, epoch: u32) -> Epoch {
        let running = &self.book.running;
        let snapshot = EpochSnapshot {
            root: running.root,
            roster_size: running.roster_size,
            window_size: running.window_size,
            effective_decision_marks: running.decision_marks,
            latest_checks: self.scenario.parameters.latest_checks,
            suspicious_checks: self.scenario.parameters.suspicious_checks,
        };
        let order = TabulatedPermutation::from(Permutation::new(running.root, running.roster_size));
        let outage = self.scenario.outage;
        let during = |from: u32, epochs: u32| epoch.checked_sub(from).is_some_and(|since| since < epochs);
        let outage = outage.is_some_and(|outage| during(outage.from_epoch, outage.epochs));
        Epoch { snapshot, order, outage, foresight: Vec::new() }
    }

    /// Who publishes, in the order of the scenario.
    fn order(&mut self) -> Vec<u32> {
        let numbers = (0..).zip(&self.book.devices).filter(|(_, device)| device.may_publish());
        let mut order: Vec<u32> = numbers.map(|(number, _)| number).collect();
        self.dice.shuffle(&mut order);
        let abusive = |number: &u32| self.book.devices[*number as usize].abusive;
        match self.scenario.order {
            Order::Random => {}
            Order::AbusiveFirst => order.sort_by_key(|number| !abusive(number)),
            Order::AbusiveLast => order.sort_by_key(abusive),
        }
        let living =
            u64::try_from(self.book.devices.iter().filter(|device| device.seated && !device.blocked).count());
        self.book.counts.device_days += living.unwrap_or(0);
        order
    }

    fn publish(&mut self, number: u32, epoch: u32, shared: &Epoch) -> Result<(), SimulationError> {
        let device = self.book.devices[number as usize];
        let conduct = self.conduct(number, &device, epoch, shared);
        let marked = self.marks(&device, conduct.marking, shared);
        self.book.publishing = Nature::new(number, conduct.valid, marked.accuses);
        self.digests += 1;
        // Who lies does so about what is there: of other records the contract takes no mark.
        let judged = self.state.latest_bindings_of(SeatId(number + 1), marked.marks, self.moment.timestamp_s);
        let publication = Publication {
            latest_bindings: judged.map_err(|rejection| SimulationError::new("publish", rejection))?,
            previous_digest: device.last_digest,
            challenge: challenge(self.book.running.root, SeatId(number + 1)),
            marks: marked.marks,
            power: conduct.power,
            ..calls::publication(number, device.incarnation, self.digests)
        };
        let outcome = self.call(calls::operator(), Input::Publish(publication))?;
        if outcome == Outcome::Published {
            self.book.counts.marks += u64::from(marked.marks.count_given());
            if device.abusive {
                self.tell_on_clone(number, epoch)?;
            }
        }
        Ok(())
    }

    fn conduct(&self, number: u32, device: &Device, epoch: u32, shared: &Epoch) -> Conduct {
        if device.abusive {
            return self.scenario.strategy.conduct(self.scenario.evidence, epoch, device.score);
        }
        let dark = shared.outage && self.dark.get(number as usize).copied().unwrap_or(false);
        if dark { Conduct { marking: Marking::None, ..Conduct::HONEST } } else { Conduct::HONEST }
    }

    /// A device's verdicts on what it is assigned.
    fn marks(&mut self, device: &Device, marking: Marking, shared: &Epoch) -> Marked {
        let none = Marked { marks: Marks::default(), accuses: false };
        if device.rank == NO_RANK || marking == Marking::None {
            return none;
        }
        let Ok(assigned) = Assignment::in_order(&shared.snapshot, &shared.order, device.rank) else {
            return none;
        };
        let mut limbs = [0_u64; 4];
        let mut accuses = false;
        let running = &self.book.running;
        let roster = &self.book.blocks_of(running.roster_epoch).weighted;
        for (place, check) in assigned.checks().enumerate() {
            let nature = match check {
                Check::Latest { rank } => roster.get(rank as usize).copied(),
                Check::Suspicious { entry } => {
                    self.book.entry(running.window_start + u64::from(entry)).map(|entry| entry.nature)
                }
                Check::Empty => None,
            };
            let Some(nature) = nature else { continue };
            let friend = self.book.devices[nature.device()].abusive == device.abusive;
            let latest = matches!(check, Check::Latest { .. });
            let prevails = match check {
                Check::Suspicious { entry } => shared.foresight.get(entry as usize).copied().unwrap_or(false),
                Check::Latest { .. } | Check::Empty => false,
            };
            let sight = Sight { friend, valid: nature.valid(), latest, prevails };
            let mark = marking.mark(sight, &mut self.dice);
            accuses |= mark == Mark::EvidenceInvalid && latest;
            limbs[place / 16] |= u64::from(mark.code()) << (4 * (place % 16));
        }
        Marked { marks: Marks(alloy_primitives::U256::from_limbs(limbs)), accuses }
    }
}

/// A device's marks, and whether one of them accuses a latest block.
struct Marked {
    marks: Marks,
    accuses: bool,
}
