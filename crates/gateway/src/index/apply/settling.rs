//! Blocks pass, are decided, or become honest for good, and their seats' scores take a step (R9).

use multee_protocol::machine::Event;
use multee_protocol::{Epoch, Gain, Score, SeatId, Settled, Tally, Trust};
use rusqlite::{OptionalExtension, params};

use super::Applying;
use crate::index::error::Fault;

/// One line of a score's arithmetic.
pub(super) struct Step {
    seat: SeatId,
    epoch: Epoch,
    cause: &'static str,
    rule: &'static str,
    tally: Option<Tally>,
    terms: Option<Terms>,
    before: Trust,
    after: Trust,
}

/// What a step follows from.
struct Terms {
    validity: Score,
    judgement: Score,
    settled: Settled,
    gain: Gain,
}

impl Step {
    /// A score that is set, not moved.
    pub(super) fn set(seat: SeatId, epoch: Epoch, cause: &'static str, before: Trust, after: Trust) -> Self {
        Self { seat, epoch, cause, rule: "set", tally: None, terms: None, before, after }
    }
}

/// What a decision or a passing tells of a score.
struct Told {
    seat: SeatId,
    epoch: Epoch,
    cause: &'static str,
    tally: Option<Tally>,
    malicious: bool,
    judgement: Score,
    trust: Trust,
    /// Whether the score takes a step.
    steps: bool,
}

impl Applying<'_> {
    pub(super) fn pass(&mut self, event: &Event) -> Result<(), Fault> {
        let Event::BlockPassed { seat, epoch, judgement, score, streak } = *event else { return Ok(()) };
        self.change_block("passed = 1", seat, epoch)?;
        self.count("passed", epoch)?;
        self.change_seat(seat, |it| it.has_good(epoch))?;
        self.step(&Told {
            seat,
            epoch,
            cause: "passed",
            tally: None,
            malicious: false,
            judgement,
            trust: Trust { score, streak },
            steps: !self.seat(seat)?.blocked,
        })
    }

    pub(super) fn decide(&mut self, event: &Event) -> Result<(), Fault> {
        let Event::BlockDecided {
            seat,
            epoch,
            malicious,
            positive,
            negative,
            count,
            judgement,
            score,
            streak,
            reward,
        } = *event
        else {
            return Ok(());
        };
        // A seat that is blocked by this very decision was told to be before it, and its penalty, too.
        let penalised = self.penalised.take() == Some(seat);
        let blocked = self.seat(seat)?.blocked;
        let steps = if malicious { penalised } else { !blocked && !self.has_passed(seat, epoch)? };
        let decided = if malicious { "decided = 'malicious'" } else { "decided = 'honest'" };
        self.change_block(decided, seat, epoch)?;
        self.count(if malicious { "malicious" } else { "honest" }, epoch)?;
        if !malicious {
            self.change_seat(seat, |it| it.has_good(epoch))?;
        }
        self.keep_reward(seat, epoch, reward, !malicious && !blocked)?;
        self.step(&Told {
            seat,
            epoch,
            cause: if malicious { "malicious" } else { "honest" },
            tally: Some(Tally::told(positive, negative, count)),
            malicious,
            judgement,
            trust: Trust { score, streak },
            steps,
        })
    }

    pub(super) fn finish(&mut self, seat: SeatId, epoch: Epoch, reward: u128) -> Result<(), Fault> {
        self.change_block("final = 1", seat, epoch)?;
        let to_seat = !self.seat(seat)?.blocked;
        self.keep_reward(seat, epoch, reward, to_seat)
    }

    /// The step by the rules; it must be the one that was told.
    fn step(&mut self, told: &Told) -> Result<(), Fault> {
        let seat = self.seat(told.seat)?;
        let (before, gain) = (seat.trust(), self.network()?.parameters.gain());
        let validity = told.tally.map_or(Score::MAX, |tally| tally.validity());
        let former_incarnation = told.epoch < seat.since_epoch;
        let settled =
            Settled { former_incarnation, ..Settled::new(validity, told.judgement, told.malicious) };
        let after = if told.steps { before.step(settled, gain) } else { before };
        if after != told.trust {
            return Err(Fault::Misfit("a score's step"));
        }
        self.change_seat(told.seat, |it| it.set_trust(after))?;
        self.keep_step(&Step {
            seat: told.seat,
            epoch: told.epoch,
            cause: told.cause,
            rule: rule(told.steps, settled, before),
            tally: told.tally,
            terms: Some(Terms { validity, judgement: told.judgement, settled, gain }),
            before,
            after,
        })
    }

    pub(super) fn keep_step(&self, step: &Step) -> Result<(), Fault> {
        let (tally, terms) = (step.tally.as_ref(), step.terms.as_ref());
        let sql = "INSERT INTO steps (told_block, log_index, seat, epoch, cause, rule, positive, negative, marks, \
            validity, judgement, target, gain_bps, full_streak, score_before, streak_before, score, streak) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.db.prepare_cached(sql)?.execute(params![
            self.block,
            self.log_index,
            step.seat.0,
            step.epoch,
            step.cause,
            step.rule,
            tally.map(Tally::positive),
            tally.map(Tally::negative),
            tally.map(Tally::count),
            terms.map(|it| it.validity.bps()),
            terms.map(|it| it.judgement.bps()),
            terms.map(|it| it.settled.target.bps()),
            terms.map(|it| it.gain.gain_bps),
            terms.map(|it| it.gain.full_streak),
            step.before.score.bps(),
            step.before.streak,
            step.after.score.bps(),
            step.after.streak,
        ])?;
        Ok(())
    }

    fn keep_reward(&self, seat: SeatId, epoch: Epoch, amount: u128, to_seat: bool) -> Result<(), Fault> {
        let sql = "INSERT INTO rewards (told_block, log_index, seat, epoch, amount, to_seat) VALUES (?, ?, ?, ?, ?, ?)";
        let values = params![self.block, self.log_index, seat.0, epoch, amount.to_be_bytes(), to_seat];
        self.db.prepare_cached(sql)?.execute(values)?;
        if to_seat {
            self.change_seat(seat, |it| it.earned = it.earned.saturating_add(amount))?;
        }
        self.add_reward(epoch, amount)
    }

    /// An epoch's blocks took so much more out of its pot.
    fn add_reward(&self, epoch: Epoch, amount: u128) -> Result<(), Fault> {
        let mut found = self.db.prepare_cached("SELECT rewarded FROM epochs WHERE epoch = ?")?;
        let before = found.query_row([epoch], |row| row.get(0).map(u128::from_be_bytes))?;
        let after = before.saturating_add(amount).to_be_bytes();
        let sql = "UPDATE epochs SET rewards = rewards + 1, rewarded = ? WHERE epoch = ?";
        self.db.prepare_cached(sql)?.execute(params![after, epoch])?;
        Ok(())
    }

    fn has_passed(&self, seat: SeatId, epoch: Epoch) -> Result<bool, Fault> {
        let mut found = self.db.prepare_cached("SELECT passed FROM blocks WHERE seat = ? AND epoch = ?")?;
        let passed = found.query_row([seat.0, epoch], |row| row.get(0)).optional()?;
        passed.ok_or(Fault::Misfit("the fate of an unknown block"))
    }

    fn change_block(&self, change: &str, seat: SeatId, epoch: Epoch) -> Result<(), Fault> {
        let sql = format!("UPDATE blocks SET {change} WHERE seat = ? AND epoch = ?");
        if self.db.prepare_cached(&sql)?.execute([seat.0, epoch])? == 1 {
            return Ok(());
        }
        Err(Fault::Misfit("the fate of an unknown block"))
    }
}

/// By which of R9's lines the score moved, or why it did not.
fn rule(steps: bool, settled: Settled, before: Trust) -> &'static str {
    match () {
        () if !steps => "none",
        () if settled.target < before.score => "falls",
        () if settled.malicious => "malicious_never_rises",
        () if settled.former_incarnation => "former_never_rises",
        () => "rises",
    }
}
