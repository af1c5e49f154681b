//! The confirmation protocol as Super Protocol published it (white paper, chapter "TEE Confirmation Protocol"), the
//! baseline that the rules R1 to R17 are held against.
//!
//! A device publishes once a day. It marks L1 random latest blocks of others, and L2 blocks of the suspicious table
//! as it stands at that moment. Every mark weighs the same. A block enters the table with its first negative mark; at K
//! marks it is decided at once, malicious if more than half of them are negative: a tie is honest. A malicious block
//! costs its device a penalty and sends the latest blocks that it marked valid to the table (unwinding); P penalties
//! block the device for good.
//!
//! What the paper leaves open is read so: the table is gone through by one pointer that all devices move on, going
//! round; nobody marks a block twice; blocks of a device that was blocked leave the table.

use std::collections::VecDeque;
use std::time::Instant;

use multee_protocol::Mark;

use crate::conduct::{Conduct, Marking, Sight};
use crate::dice::Dice;
use crate::measure::{Counts, Meter, Reading, Run};
use crate::scenario::Scenario;
use crate::strategy::Order;

#[derive(Clone, Copy, Debug)]
struct Device {
    abusive: bool,
    blocked: bool,
    penalties: u8,
    /// Its newest block, by index.
    latest: Option<u32>,
}

impl Device {
    /// There are no scores: who is not blocked counts fully.
    fn reading(&self) -> Reading {
        let weight = if self.blocked { 0 } else { 10_000 };
        Reading { abusive: self.abusive, blocked: self.blocked, score: 10_000, weight }
    }
}

#[derive(Clone, Debug)]
struct Block {
    device: u32,
    valid: bool,
    decided: bool,
    suspicious: bool,
    negative: u32,
    /// Who marked it.
    markers: Vec<u32>,
    /// The latest blocks that it marked valid.
    vouched: Vec<u32>,
}

struct Network<'a> {
    scenario: &'a Scenario,
    dice: Dice,
    devices: Vec<Device>,
    blocks: Vec<Block>,
    /// Undecided suspicious blocks; its front is where the pointer stands.
    table: VecDeque<u32>,
    counts: Counts,
}

/// Plays one run to its end.
pub(crate) fn play(scenario: &Scenario, run: u32, told: &dyn Fn()) -> Run {
    let start = Instant::now();
    let mut network = Network::new(scenario, run);
    let mut meter = Meter::new(scenario.devices);
    for day in 0..scenario.epochs_max {
        network.play_day(day);
        let point = meter.read(network.devices.iter().map(Device::reading));
        told();
        let honest = scenario.honest();
        let beaten = scenario.abusive > 0 && point.abusive_blocked == scenario.abusive;
        if beaten || (honest > 0 && point.honest_blocked == honest) {
            break;
        }
    }
    meter.close(run, scenario.abusive, network.counts, start.elapsed())
}

impl<'a> Network<'a> {
    fn new(scenario: &'a Scenario, run: u32) -> Self {
        let device = |number| Device {
            abusive: number < scenario.abusive,
            blocked: false,
            penalties: 0,
            latest: None,
        };
        Self {
            scenario,
            dice: Dice::new(scenario.seed, run),
            devices: (0..scenario.devices).map(device).collect(),
            blocks: Vec::new(),
            table: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    fn play_day(&mut self, day: u32) {
        let living = (0..).zip(&self.devices).filter(|(_, device)| !device.blocked);
        let mut order: Vec<u32> = living.map(|(number, _)| number).collect();
        self.counts.device_days += order.len() as u64;
        self.dice.shuffle(&mut order);
        let abusive = |number: &u32| self.devices[*number as usize].abusive;
        match self.scenario.order {
            Order::Random => {}
            Order::AbusiveFirst => order.sort_by_key(|number| !abusive(number)),
            Order::AbusiveLast => order.sort_by_key(abusive),
        }
        for number in order {
            // It may have been blocked since the morning.
            if !self.devices[number as usize].blocked {
                self.publish(number, day);
            }
        }
    }

    fn publish(&mut self, number: u32, day: u32) {
        let scenario = self.scenario;
        let conduct = if self.devices[number as usize].abusive {
            scenario.strategy.conduct(scenario.evidence, day, 10_000)
        } else {
            Conduct::HONEST
        };
        let mut vouched = Vec::new();
        if conduct.marking != Marking::None {
            for target in self.draw_latest(number) {
                if self.mark(number, target, conduct.marking) == Mark::Valid {
                    vouched.push(target);
                }
            }
            self.mark_table(number, conduct.marking);
        }
        let index = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        self.blocks.push(Block {
            device: number,
            valid: conduct.valid,
            decided: false,
            suspicious: false,
            negative: 0,
            markers: Vec::new(),
            vouched,
        });
        self.devices[number as usize].latest = Some(index);
        self.counts.publications += 1;
    }

    /// L1 random latest blocks of others.
    fn draw_latest(&mut self, number: u32) -> Vec<u32> {
        let wanted = usize::from(self.scenario.parameters.latest_checks);
        let mut drawn = Vec::with_capacity(wanted);
        // Where few devices are left, fewer blocks than wanted are found.
        for _ in 0..4 * wanted {
            if drawn.len() == wanted {
                break;
            }
            let other = self.dice.below(self.scenario.devices);
            let device = &self.devices[other as usize];
            if let Some(latest) = device.latest.filter(|_| other != number && !device.blocked)
                && !drawn.contains(&latest)
            {
                drawn.push(latest);
            }
        }
        drawn
    }

    /// L2 blocks of the table from the pointer on.
    fn mark_table(&mut self, number: u32, marking: Marking) {
        let wanted = usize::from(self.scenario.parameters.suspicious_checks);
        for _ in 0..wanted.min(self.table.len()) {
            let Some(target) = self.table.pop_front() else { return };
            let block = &self.blocks[target as usize];
            if block.decided || self.devices[block.device as usize].blocked {
                continue;
            }
            self.mark(number, target, marking);
            if !self.blocks[target as usize].decided {
                self.table.push_back(target);
            }
        }
    }

    /// Marks a block, which this may decide; gives back the mark.
    fn mark(&mut self, number: u32, target: u32, marking: Marking) -> Mark {
        let block = &self.blocks[target as usize];
        let friend = self.devices[block.device as usize].abusive == self.devices[number as usize].abusive;
        let mark = marking
            .mark(Sight { friend, valid: block.valid, latest: false, prevails: false }, &mut self.dice);
        if block.decided || block.device == number || block.markers.contains(&number) {
            return mark;
        }
        let block = &mut self.blocks[target as usize];
        block.markers.push(number);
        self.counts.marks += 1;
        if mark.is_negative() {
            block.negative += 1;
        }
        let suspected = mark.is_negative();
        if block.suspicious && block.markers.len() >= usize::from(self.scenario.parameters.decision_marks) {
            self.decide(target);
        } else if suspected {
            self.suspect(target);
        }
        mark
    }

    fn suspect(&mut self, target: u32) {
        let block = &mut self.blocks[target as usize];
        if !block.suspicious && !block.decided {
            block.suspicious = true;
            self.table.push_back(target);
        }
    }

    fn decide(&mut self, target: u32) {
        let block = &mut self.blocks[target as usize];
        block.decided = true;
        let malicious = 2 * block.negative as usize > block.markers.len();
        block.markers = Vec::new();
        let (vouched, device) = (std::mem::take(&mut block.vouched), block.device as usize);
        if !malicious {
            return;
        }
        let device = &mut self.devices[device];
        device.penalties = device.penalties.saturating_add(1);
        device.blocked |= device.penalties >= self.scenario.parameters.max_penalties;
        for accomplice in vouched {
            self.suspect(accomplice);
        }
    }
}
