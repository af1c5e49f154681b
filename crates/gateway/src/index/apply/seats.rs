//! What befalls seats.

use alloy_primitives::{Address, B256};
use multee_protocol::machine::Event;
use multee_protocol::{Epoch, Score, SeatId, Trust};
use rusqlite::{OptionalExtension, params};

use super::Applying;
use super::settling::Step;
use crate::index::error::Fault;
use crate::index::seat::Seat;

impl Applying<'_> {
    #[allow(clippy::too_many_lines, reason = "one arm for each event")]
    pub(super) fn of_seat(&mut self, event: &Event) -> Result<(), Fault> {
        match *event {
            Event::SeatRegistered { .. } => self.register(event),
            Event::IncarnationBegun { seat, incarnation, measurement, since_epoch } => {
                let seat = self.change_seat(seat, |it| {
                    (it.incarnation, it.measurement) = (incarnation, measurement);
                    (it.since_epoch, it.certificates_hash) = (since_epoch, B256::ZERO);
                })?;
                self.keep_identity(&seat)
            }
            Event::OperatorSet { seat, operator } => {
                let seat = self.change_seat(seat, |it| {
                    (it.operator, it.certificates_hash) = (operator, B256::ZERO);
                })?;
                self.keep_identity(&seat)
            }
            Event::SeatAdmitted { seat, epoch, .. } => self
                .change_seat(seat, |it| {
                    (it.probation, it.admitted) = (false, true);
                    it.admitted_epoch = Some(epoch);
                })
                .map(drop),
            Event::ProbationBegun { seat, .. } => self.change_seat(seat, |it| it.probation = true).map(drop),
            // Its score is told by the decision that follows, or the passing.
            Event::SeatSuspended { seat, epoch, .. } => {
                self.change_seat(seat, |it| (it.suspended, it.suspended_epoch) = (true, epoch)).map(drop)
            }
            Event::SeatPenalised { seat, penalties, .. } => {
                self.penalised = Some(seat);
                self.change_seat(seat, |it| it.penalties = penalties).map(drop)
            }
            Event::SeatBlocked { seat, .. } => {
                self.change_seat(seat, |it| (it.blocked, it.deposit) = (true, 0)).map(drop)
            }
            Event::SeatRestarted { seat, epoch, score } => self.restart(seat, epoch, score),
            Event::SeatRevived { seat, epoch, score } => self.revive(seat, epoch, score),
            Event::SeatRemoved { seat, epoch, bounty, .. } => self.leave(seat, epoch, bounty),
            Event::SeatExiting { seat, epoch, fee } => self.leave(seat, epoch, fee),
            Event::SeatRejoined { seat, operator, deposit, .. } => self
                .change_seat(seat, |it| {
                    (it.operator, it.deposit) = (operator, deposit);
                    (it.exiting, it.paid_out) = (false, false);
                })
                .map(drop),
            Event::EquivocationProven { seat, bounty, .. } => {
                self.change_seat(seat, |it| it.deposit = it.deposit.saturating_sub(bounty)).map(drop)
            }
            Event::DepositPaid { seat, .. } => {
                self.change_seat(seat, |it| (it.deposit, it.paid_out) = (0, true)).map(drop)
            }
            Event::PowerUnverified { seat, epoch, .. } => {
                self.change_seat(seat, |it| (it.power_unverified, it.off_epoch) = (true, epoch)).map(drop)
            }
            Event::PowerVerified { seat, epoch, power } => self
                .change_seat(seat, |it| {
                    it.verified_power = power;
                    it.power_unverified &= epoch < it.off_epoch;
                })
                .map(drop),
            _ => Ok(()),
        }
    }

    fn register(&mut self, event: &Event) -> Result<(), Fault> {
        let Event::SeatRegistered { seat, device_id, provider, operator, deposit, founding, verified_power } =
            *event
        else {
            return Ok(());
        };
        let parameters = self.network()?.parameters;
        let trust = if founding {
            Trust::founding(parameters.gain())
        } else {
            Trust::joining(parameters.admission_score).map_err(|_| Fault::Misfit("an admission score"))?
        };
        let registered = Seat {
            seat: seat.0,
            told_block: self.block,
            device_id: device_id.0,
            provider,
            operator,
            incarnation: Address::ZERO,
            measurement: B256::ZERO,
            certificates_hash: B256::ZERO,
            last_digest: B256::ZERO,
            last_epoch: None,
            last_good_epoch: None,
            since_epoch: 0,
            admitted: false,
            probation: !founding,
            suspended: false,
            suspended_epoch: 0,
            blocked: false,
            exiting: false,
            paid_out: false,
            unbonded_epoch: 0,
            score: trust.score.bps(),
            streak: trust.streak,
            penalties: 0,
            verified_power,
            power_unverified: false,
            off_epoch: 0,
            deposit,
            admitted_epoch: None,
            earned: 0,
            tee: None,
        };
        registered.insert(self.db)?;
        self.keep_step(&Step::set(seat, 0, "registered", trust, trust))
    }

    fn restart(&mut self, seat: SeatId, epoch: Epoch, told: Score) -> Result<(), Fault> {
        let most = self.network()?.parameters.admission_score;
        let most = Score::new(most).map_err(|_| Fault::Misfit("an admission score"))?;
        let before = self.seat(seat)?.trust();
        let trust = before.restarted(most);
        if trust.score != told {
            return Err(Fault::Misfit("a restarted seat's score"));
        }
        self.change_seat(seat, |it| {
            it.set_trust(trust);
            (it.suspended, it.probation) = (false, true);
        })?;
        self.keep_step(&Step::set(seat, epoch, "restarted", before, trust))
    }

    fn revive(&mut self, seat: SeatId, epoch: Epoch, told: Score) -> Result<(), Fault> {
        let before = self.seat(seat)?.trust();
        let trust = Trust { score: before.score.max(Score::SUSPENSION), ..before };
        if trust.score != told {
            return Err(Fault::Misfit("a revived seat's score"));
        }
        let off = self.newest_off_power(seat)?;
        self.change_seat(seat, |it| {
            it.set_trust(trust);
            (it.suspended, it.probation, it.power_unverified) = (false, false, false);
            it.verified_power = off.unwrap_or(it.verified_power);
        })?;
        self.keep_step(&Step::set(seat, epoch, "revived", before, trust))
    }

    /// The power of the newest block that is not from after the standstill's announcement, if it was off and no later
    /// epoch took its place in the ring (R1).
    fn newest_off_power(&self, seat: SeatId) -> Result<Option<u64>, Fault> {
        let network = self.network()?;
        let sql = "SELECT power, off AND NOT EXISTS (
                SELECT 1 FROM epochs AS later WHERE later.epoch > blocks.epoch AND later.epoch % ?3 = blocks.epoch % ?3)
            FROM blocks WHERE seat = ?1 AND epoch <= ?2 ORDER BY epoch DESC LIMIT 1";
        let mut newest = self.db.prepare_cached(sql)?;
        let values = params![seat.0, network.standstill_epoch.unwrap_or(0), network.retention_epochs];
        let found = newest
            .query_row(values, |row| Ok((u64::from_be_bytes(row.get(0)?), row.get::<_, bool>(1)?)))
            .optional()?;
        Ok(found.filter(|(_, off)| *off).map(|(power, _)| power))
    }

    /// By its provider, or removed (R1, R13).
    fn leave(&mut self, seat: SeatId, epoch: Epoch, less: u128) -> Result<(), Fault> {
        let unbonding = u32::from(self.network()?.parameters.unbonding_epochs);
        self.change_seat(seat, |it| {
            it.deposit = it.deposit.saturating_sub(less);
            (it.exiting, it.unbonded_epoch) = (true, epoch.saturating_add(unbonding));
        })?;
        Ok(())
    }
}
