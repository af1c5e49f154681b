//! What a network is: settings, parameters, and the hidden nature of each device.

use multee_protocol::{Fixed, Parameters};

use super::dice::{Dice, mix};
use crate::stage::Plan;

/// Kinds of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One to six devices and whoever joins.
    Hamlet,
    /// Seven to sixteen.
    Village,
    /// About forty, for some epochs.
    Town,
    /// So many that tallies close, for two epochs.
    Crowd,
    /// One or two, for more epochs than the log's ring holds.
    Hermit,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Hamlet, Self::Village, Self::Town, Self::Crowd, Self::Hermit];
}

/// How a device marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As things are.
    Honest,
    /// All valid, unseen.
    Lazy,
    /// Nothing, or little.
    Silent,
    /// Negative where things are good.
    Slander,
    /// The accomplices' blocks are valid, others as they are.
    Promote,
    /// Anything.
    Random,
}

/// A network.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What kind it is.
    pub kind: Kind,
    /// What all follows from.
    pub seed: u64,
    /// What it is deployed with.
    pub plan: Plan,
    /// How many seats are founded.
    pub founders: u32,
    /// How often a device's evidence is bad, in percent, by seat.
    bad: Vec<u64>,
    manners: Vec<Manner>,
    /// How often a device's power is not what was verified, in percent.
    pub restless: u64,
}

impl Setup {
    /// The network of a kind and seed.
    pub fn new(kind: Kind, seed: u64) -> Self {
        let mut dice = Dice::new(mix(&[seed, kind as u64]));
        let founders = match kind {
            Kind::Hamlet => dice.within(0, 6),
            Kind::Village => dice.within(7, 16),
            Kind::Town => dice.within(36, 44),
            Kind::Crowd => 197,
            Kind::Hermit => 1,
        };
        let founders = u32::try_from(founders).expect("few");
        let plan = Plan { fixed: fixed(&mut dice, kind, founders), parameters: parameters(&mut dice, kind) };
        let usual = [(70, 0), (10, 5), (8, 20), (6, 60), (6, 100)];
        let bad = (0..16).map(|_| dice.weighed(&usual)).collect();
        let mood: &[(u64, Manner)] = match dice.below(6) {
            0 => &[(1, Manner::Honest)],
            1 => &[(3, Manner::Honest), (3, Manner::Slander), (1, Manner::Silent)],
            2 => &[(4, Manner::Honest), (4, Manner::Promote), (1, Manner::Lazy)],
            3 => &[(2, Manner::Random), (2, Manner::Honest), (1, Manner::Slander)],
            _ => &[
                (8, Manner::Honest),
                (2, Manner::Lazy),
                (1, Manner::Silent),
                (2, Manner::Slander),
                (2, Manner::Promote),
                (1, Manner::Random),
            ],
        };
        let manners = (0..16).map(|_| dice.weighed(mood)).collect();
        let restless = dice.pick(&[0, 1, 1, 3, 12]);
        let mut setup = Self { kind, seed, plan, founders, bad, manners, restless };
        if matches!(kind, Kind::Crowd | Kind::Hermit) {
            // Nothing but what these are for: one block that all others mark, or years without a decision.
            (setup.manners, setup.restless) = (vec![Manner::Honest; 16], 0);
            setup.bad = vec![0; 256];
            setup.bad[7] = 100;
        }
        setup
    }

    /// How a seat's device marks.
    pub fn manner(&self, seat: u32) -> Manner {
        self.manners[seat as usize % self.manners.len()]
    }

    /// Whether a seat is away in an epoch: some are for longer than the rings keep (R1's rule of absence).
    pub fn is_away(&self, seat: u32, epoch: u32) -> bool {
        let stretch = u32::from(self.plan.fixed.retention_epochs) + 4;
        seat % 5 == 4 && self.kind != Kind::Crowd && (epoch / stretch + seat) % 3 == 1
    }

    /// Whether the evidence that a seat published in an epoch is bad.
    pub fn is_bad(&self, seat: u32, epoch: u32) -> bool {
        let percent = self.bad[seat as usize % self.bad.len()];
        mix(&[self.seed, seat.into(), epoch.into()]) % 100 < percent
    }
}

fn fixed(dice: &mut Dice, kind: Kind, founders: u32) -> Fixed {
    let more = u32::try_from(dice.within(1, 8)).expect("few");
    Fixed {
        epoch_seconds: dice.pick(&[12, 13, 100, 3_600, 86_400, 31_536_000]),
        retention_epochs: dice.pick(&[16, 16, 16, 16, 17, 24, 40]),
        max_seats: match kind {
            Kind::Hermit => founders + more % 2,
            _ => dice.pick(&[founders + more, founders + more, 64, 1 << 20]).max(founders),
        },
    }
}

/// Parameters within their bounds: mostly such as make things happen soon, sometimes extremes.
#[allow(
    clippy::field_reassign_with_default,
    reason = "some follow from others, and all from the dice in turn"
)]
pub(crate) fn parameters(dice: &mut Dice, kind: Kind) -> Parameters {
    let mut p = Parameters::default();
    p.latest_checks = byte(dice, &[(6, 2, 3), (3, 1, 8), (1, 8, 8)]);
    let places = u64::from(64 - p.latest_checks);
    p.suspicious_checks = byte(dice, &[(6, 2, 4), (4, 2, 12), (1, 2, places), (1, places, places)]);
    let l2 = u64::from(p.suspicious_checks);
    p.decision_marks = byte(dice, &[(6, l2, l2 + 4), (3, l2, 90), (1, 90, 90)]);
    p.max_penalties = byte(dice, &[(4, 1, 4), (3, 5, 13), (1, 1, 255)]);
    p.full_gain_streak = byte(dice, &[(4, 1, 5), (1, 1, 15)]);
    p.finality_epochs = byte(dice, &[(5, 1, 4), (3, 5, 11)]);
    p.power_tolerance_bps = number(dice, &[(4, 1000, 1000), (2, 0, 0), (3, 0, 10_000), (1, 10_000, 10_000)]);
    p.score_gain_bps = number(dice, &[(5, 1000, 6000), (2, 1, 10_000), (1, 10_000, 10_000), (1, 1, 40)]);
    p.admission_score = number(dice, &[(3, 7500, 7500), (2, 5000, 8999), (1, 5000, 5000), (1, 8999, 8999)]);
    p.restart_cooldown_epochs = number(dice, &[(4, 0, 2), (2, 3, 9), (1, 0, 1000)]);
    p.reward_delay_epochs = number(dice, &[(5, 1, 4), (2, 5, 20), (1, 1, 1825)]);
    p.unbonding_epochs = number(dice, &[(5, 1, 4), (2, 5, 20), (1, 1, 3650)]);
    p.restricted_reward_bps = number(dice, &[(2, 5000, 5000), (2, 0, 10_000), (1, 0, 0)]);
    p.bounty_bps = number(dice, &[(2, 1000, 1000), (3, 0, 5000), (1, 0, 0), (1, 5000, 5000)]);
    p.min_deposit = amount(dice).max(1);
    p.reward_per_epoch = if dice.chance(10) { 0 } else { amount(dice) };
    if kind == Kind::Crowd {
        (p.latest_checks, p.suspicious_checks, p.decision_marks, p.finality_epochs) = (8, 32, 90, 4);
    }
    p
}

/// An amount within the bounds of deposit and reward.
pub(crate) fn amount(dice: &mut Dice) -> u128 {
    const MOST: u128 = 10_u128.pow(30);
    const UNIT: u128 = 10_u128.pow(18);
    match dice.below(8) {
        0 => 1,
        1 => u128::from(dice.within(1, 20)),
        2 => 104_729,
        3 => MOST,
        4 => (u128::from(dice.next()) * u128::from(dice.next())) % MOST,
        _ => u128::from(dice.within(1, 1000)) * UNIT,
    }
}

/// A number from one of some ranges, each as often as its weight says.
fn number(dice: &mut Dice, ranges: &[(u64, u64, u64)]) -> u16 {
    let weighed: Vec<_> = ranges.iter().map(|(weight, first, last)| (*weight, (*first, *last))).collect();
    let (first, last) = dice.weighed(&weighed);
    u16::try_from(dice.within(first, last)).expect("ranges of the field")
}

fn byte(dice: &mut Dice, ranges: &[(u64, u64, u64)]) -> u8 {
    u8::try_from(number(dice, ranges).min(255)).expect("bounded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_is_within_its_bounds() {
        for seed in 0..2000 {
            for kind in Kind::ALL {
                let Plan { fixed, parameters } = Setup::new(*kind, seed).plan;
                assert_eq!((fixed.validate(), parameters.validate()), (Ok(()), Ok(())), "{seed}");
            }
        }
    }
}
