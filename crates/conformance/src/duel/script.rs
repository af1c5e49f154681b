//! Sequences in which things happen: epochs are opened, seeded, published in and settled, mostly; and between that
//! anybody does anything.

use super::dice::Dice;
use super::scenario::{Act, Scenario, Step};
use super::setup::Kind;

/// How a network lives, in percent.
struct Habits {
    /// Of its seats publish in an epoch.
    attendance: u64,
    /// Epochs in which agents settle what is due.
    settling: u64,
    /// Epochs that begin some epochs later, or long after.
    skipping: u64,
    /// Openings that go wrong.
    misfortune: u64,
    /// How much else happens in an epoch.
    bustle: u64,
    /// Of the seats' publications are faulty.
    hostility: u64,
}

const SELDOM: &[(u64, Act)] = &[
    (12, Act::Join),
    (14, Act::Restart),
    (3, Act::Remove),
    (5, Act::SetOperator),
    (3, Act::Exit),
    (7, Act::Rejoin),
    (1, Act::Report),
    (5, Act::ReportFalse),
    (7, Act::WithdrawDeposit),
    (10, Act::WithdrawRewards),
    (6, Act::WithdrawBounty),
    (2, Act::SetPolicy),
    (4, Act::SetReferences),
    (4, Act::Announce),
    (2, Act::Pause),
    (4, Act::Standstill),
    (5, Act::Revive),
    (3, Act::Transfer),
    (4, Act::Accept),
    (5, Act::Donate),
    (8, Act::SettleWild),
    (8, Act::Settle),
    (10, Act::PublishFaulty),
    (2, Act::Found),
    (2, Act::Open),
    (2, Act::Seed),
    (2, Act::Publish),
    (1, Act::Deploy),
    (8, Act::Moment),
];

/// A sequence of about so many calls.
pub(crate) fn scenario(dice: &mut Dice, kind: Kind, calls: usize) -> Scenario {
    let seed = dice.next();
    let mut script = Script { dice, steps: Vec::new() };
    let habits = script.habits(kind);
    let founders = Scenario { kind, seed, steps: Vec::new() }.setup().founders;
    script.found(founders.into());
    let mut calls_left = calls.saturating_sub(script.steps.len());
    let mut seats = u64::from(founders);
    while calls_left > 0 {
        let before = script.steps.len();
        let joins = script.epoch(&habits, seats);
        seats = (seats + joins).min(if kind == Kind::Hermit { 2 } else { seats + 8 }).min(300);
        let new = script.steps[before..].iter().filter(|step| !step.act.is_time()).count();
        calls_left = calls_left.saturating_sub(new.max(1));
    }
    let steps = script.steps;
    Scenario { kind, seed, steps }
}

struct Script<'a> {
    dice: &'a mut Dice,
    steps: Vec<Step>,
}

impl Script<'_> {
    fn push(&mut self, act: Act) {
        let die = u32::try_from(self.dice.next() >> 32).expect("the upper half");
        self.steps.push(Step { act, die });
    }

    fn maybe(&mut self, percent: u64, act: Act) {
        if self.dice.chance(percent) {
            self.push(act);
        }
    }

    fn habits(&mut self, kind: Kind) -> Habits {
        let dice = &mut *self.dice;
        if matches!(kind, Kind::Crowd | Kind::Hermit) {
            let attendance = if kind == Kind::Crowd { 100 } else { 95 };
            return Habits { attendance, settling: 100, skipping: 0, misfortune: 0, bustle: 0, hostility: 0 };
        }
        Habits {
            attendance: dice.pick(&[100, 97, 90, 70, 40]),
            settling: dice.pick(&[100, 100, 80, 40, 0]),
            skipping: dice.pick(&[0, 2, 5, 15]),
            misfortune: dice.pick(&[0, 3, 10, 30]),
            bustle: dice.pick(&[1, 2, 2, 4, 8]),
            hostility: dice.pick(&[0, 3, 10, 30]),
        }
    }

    /// Before genesis: founding, documents, and what is too early.
    fn found(&mut self, founders: u64) {
        self.maybe(50, Act::SetPolicy);
        self.maybe(70, Act::SetReferences);
        self.maybe(50, Act::Donate);
        if founders > 100 {
            (0..founders).for_each(|_| self.push(Act::Found));
            self.push(Act::Next);
            return;
        }
        for early in [Act::Open, Act::Join, Act::Publish, Act::Settle, Act::Announce, Act::Deploy, Act::Seed]
        {
            self.maybe(8, early);
        }
        for _ in 0..founders {
            self.push(Act::Found);
            if self.dice.chance(4) {
                let early = self.dice.weighed(SELDOM);
                self.push(early);
            }
        }
        self.maybe(20, Act::Moment);
        self.push(Act::Next);
    }

    /// One epoch; how many seats it tries to add.
    fn epoch(&mut self, habits: &Habits, seats: u64) -> u64 {
        let before = self.steps.len();
        match self.dice.below(100) {
            at if at < habits.skipping => self.push(Act::Skip),
            99 if habits.bustle > 0 => self.push(Act::Sleep),
            _ => self.push(Act::Next),
        }
        if self.dice.chance(habits.settling) {
            for _ in 0..=seats / 8 {
                self.push(Act::Settle);
            }
        }
        if habits.bustle > 0 && self.dice.chance(habits.bustle) {
            self.drought();
        }
        if !self.dice.chance(habits.misfortune) || !self.misfortune() {
            self.push(Act::Open);
            self.maybe(8, Act::Publish);
            self.push(Act::Mine);
            self.maybe(40, Act::Seed);
        }
        for _ in 0..seats {
            if self.dice.chance(habits.attendance) {
                self.push(Act::Publish);
            }
            if self.dice.chance(habits.hostility) {
                self.push(Act::PublishFaulty);
            }
            self.maybe(15, Act::Moment);
        }
        let more = self.dice.below(habits.bustle * (seats + 4) / 6 + 1);
        for _ in 0..more {
            let act = self.dice.weighed(SELDOM);
            self.push(act);
            if act == Act::Pause {
                for act in [Act::Join, Act::Open, Act::Publish, Act::Rejoin] {
                    self.maybe(50, act);
                }
                self.maybe(97, Act::Pause);
            }
        }
        if habits.bustle > 0 && self.dice.below(400) == 0 {
            self.push(Act::Renounce);
        }
        self.steps[before..].iter().filter(|step| step.act == Act::Join).count() as u64
    }

    /// An opening that goes wrong; whether the epoch is lost.
    fn misfortune(&mut self) -> bool {
        match self.dice.below(4) {
            0 => {
                self.maybe(50, Act::Publish);
                self.maybe(30, Act::Seed);
                true
            }
            1 => {
                self.push(Act::Open);
                self.maybe(40, Act::Publish);
                self.maybe(40, Act::Seed);
                self.maybe(40, Act::Open);
                true
            }
            _ => {
                self.push(Act::Open);
                self.push(Act::Expire);
                self.maybe(50, Act::Publish);
                self.maybe(30, Act::Seed);
                false
            }
        }
    }

    /// Nobody of weight publishes for a while.
    fn drought(&mut self) {
        self.maybe(60, Act::Announce);
        for _ in 0..self.dice.within(2, 4) {
            self.push(Act::Skip);
        }
        self.push(Act::Standstill);
        self.maybe(60, Act::Announce);
        self.maybe(30, Act::Revive);
        self.maybe(30, Act::Publish);
        for _ in 0..2 {
            self.push(Act::Next);
            self.maybe(20, Act::Open);
        }
        self.push(Act::Revive);
        self.maybe(50, Act::Revive);
    }
}
