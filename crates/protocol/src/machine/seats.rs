//! R1 and R11: seats begin, restart, and get other operators.

use alloy_primitives::{Address, B256};

use super::event::Event;
use super::input::Registration;
use super::rejection::Rejection;
use super::rewards::Rewards;
use super::seat::{HISTORY_EPOCHS, History, Seat, Status};
use super::turn::Turn;
use crate::{DeviceId, Epoch, Power, Score, SeatId, Trust};

impl Turn<'_> {
    /// Errors: `OwnableUnauthorizedAccount`, `NetworkAlreadyStarted`, and those of registering.
    pub(super) fn found(
        &mut self,
        provider: Address,
        registration: &Registration,
        verified_power: Power,
    ) -> Result<SeatId, Rejection> {
        self.require_owner()?;
        let genesis_s = self.state.settings.genesis_s;
        if self.moment.timestamp_s >= genesis_s {
            return Err(Rejection::NetworkAlreadyStarted { genesis_s });
        }
        let id = self.require_registrable(provider, registration)?;
        let trust = Trust::founding(self.state.core.parameters.gain());
        let status = Status { admitted: true, ..Status::new(trust, verified_power) };
        self.register(provider, registration, status, 0);
        self.state.confirm_incarnation(id);
        self.state.bind(registration.device_id, id);
        let device_id = registration.device_id;
        self.emit(Event::SeatAdmitted { seat: id, epoch: 0, device_id });
        Ok(id)
    }

    /// Errors: `NetworkNotStarted`, `NetworkPaused`, and those of registering.
    pub(super) fn join(&mut self, registration: &Registration) -> Result<SeatId, Rejection> {
        self.require_started()?;
        self.require_running()?;
        let id = self.require_registrable(self.caller, registration)?;
        let trust = Trust { score: self.admission_score(), streak: 0 };
        let status = Status { probation: true, since_epoch: self.now, ..Status::new(trust, 0) };
        self.register(self.caller, registration, status, self.state.core.opening.opened);
        Ok(id)
    }

    fn admission_score(&self) -> Score {
        // Parameters within their bounds have one.
        Score::new(self.state.core.parameters.admission_score).unwrap_or(Score::SUSPENSION)
    }

    /// The number of the seat that may be registered.
    ///
    /// Errors: `RegistrationIncomplete`, `DeviceIdBound`, `SeatLimitReached`, `RegistrationIncomplete`. (No
    /// incarnation can have been the new seat's before.)
    fn require_registrable(
        &self,
        provider: Address,
        registration: &Registration,
    ) -> Result<SeatId, Rejection> {
        let Registration { operator, device_id, incarnation, measurement } = registration;
        if provider.is_zero() || operator.is_zero() || device_id.0.is_zero() {
            return Err(Rejection::RegistrationIncomplete);
        }
        self.require_unbound(*device_id)?;
        let max_seats = self.state.settings.fixed.max_seats;
        let seats = u32::try_from(self.state.seats.len()).unwrap_or(u32::MAX);
        if seats >= max_seats {
            return Err(Rejection::SeatLimitReached { max_seats });
        }
        if incarnation.is_zero() || measurement.is_zero() {
            return Err(Rejection::RegistrationIncomplete);
        }
        Ok(SeatId(seats + 1))
    }

    pub(super) fn require_unbound(&self, device_id: DeviceId) -> Result<(), Rejection> {
        match self.state.claim(device_id).bound {
            Some(seat) => Err(Rejection::DeviceIdBound { device_id, seat }),
            None => Ok(()),
        }
    }

    /// Makes the seat and takes its deposit.
    fn register(&mut self, provider: Address, registration: &Registration, status: Status, seen_index: u32) {
        let deposit = self.state.core.parameters.min_deposit;
        let Registration { operator, device_id, incarnation, measurement } = *registration;
        self.state.seats.push(Seat {
            status,
            history: History::seen(seen_index),
            rewards: Rewards::default(),
            last_digest: B256::ZERO,
            certificates_hash: B256::ZERO,
            measurement,
            device_id,
            incarnation,
            operator,
            provider,
            joined_index: seen_index,
            unbonded_epoch: 0,
            exit_penalties: 0,
            deposit,
            orders: [0; HISTORY_EPOCHS as usize],
            incarnations: vec![(incarnation, false)],
        });
        self.state.claims.entry(device_id).or_default();
        self.state.core.treasury.deposits += deposit;
        let treasury = &mut self.state.core.treasury;
        treasury.balance = treasury.balance.saturating_add(deposit);
        let seat = SeatId(u32::try_from(self.state.seats.len()).unwrap_or(u32::MAX));
        self.emit(Event::SeatRegistered {
            seat,
            device_id,
            provider,
            operator,
            deposit,
            founding: status.admitted,
            verified_power: status.verified_power,
        });
        let since_epoch = status.since_epoch;
        self.emit(Event::IncarnationBegun { seat, incarnation, measurement, since_epoch });
    }

    /// Errors: `SeatUnknown`, `CallerNotProvider`, `RegistrationIncomplete`.
    pub(super) fn set_operator(&mut self, id: SeatId, operator: Address) -> Result<(), Rejection> {
        self.providers_seat(id)?;
        if operator.is_zero() {
            return Err(Rejection::RegistrationIncomplete);
        }
        self.state.change_seat(id, |seat| {
            (seat.operator, seat.certificates_hash) = (operator, B256::ZERO);
        });
        self.emit(Event::OperatorSet { seat: id, operator });
        Ok(())
    }

    /// Errors: `SeatUnknown`, `CallerNotOperator`, `NetworkNotStarted`, `SeatIsBlocked`, `SeatIsExiting`,
    /// `RestartTooEarly`, and those of [`Self::require_new_incarnation`].
    pub(super) fn restart(
        &mut self,
        id: SeatId,
        incarnation: Address,
        measurement: B256,
    ) -> Result<(), Rejection> {
        let seat = self.state.known_seat(id)?;
        if self.caller != seat.operator && self.caller != seat.provider {
            return Err(Rejection::CallerNotOperator { seat: id, caller: self.caller });
        }
        self.require_started()?;
        if seat.status.blocked {
            return Err(Rejection::SeatIsBlocked(id));
        }
        if seat.status.exiting {
            return Err(Rejection::SeatIsExiting(id));
        }
        self.require_cool(id, &seat.status)?;
        self.require_new_incarnation(id, incarnation, measurement)?;
        self.begin_incarnation(id, incarnation, measurement);
        Ok(())
    }

    /// A suspended seat waits before it restarts.
    pub(super) fn require_cool(&self, id: SeatId, status: &Status) -> Result<(), Rejection> {
        let cooldown = u32::from(self.state.core.parameters.restart_cooldown_epochs);
        let from_epoch = status.suspended_epoch.saturating_add(cooldown);
        if status.suspended && self.now < from_epoch {
            return Err(Rejection::RestartTooEarly { seat: id, from_epoch });
        }
        Ok(())
    }

    /// Errors: `RegistrationIncomplete`, `IncarnationNotNew`.
    pub(super) fn require_new_incarnation(
        &self,
        id: SeatId,
        incarnation: Address,
        measurement: B256,
    ) -> Result<(), Rejection> {
        if incarnation.is_zero() || measurement.is_zero() {
            return Err(Rejection::RegistrationIncomplete);
        }
        if self.state.known_seat(id)?.incarnations.iter().any(|(had, _)| *had == incarnation) {
            return Err(Rejection::IncarnationNotNew(incarnation));
        }
        Ok(())
    }

    /// A new incarnation starts on probation with at most `admissionScore`. Its blocks are those from the first epoch
    /// in which it can publish.
    pub(super) fn begin_incarnation(&mut self, id: SeatId, incarnation: Address, measurement: B256) {
        let (now, admission_score) = (self.now, self.admission_score());
        let mut since_epoch: Epoch = now;
        let mut score = admission_score;
        self.state.change_seat(id, |seat| {
            if seat.history.last() == Some(now) {
                since_epoch = now.saturating_add(1);
            }
            let status = &mut seat.status;
            status.trust = status.trust.restarted(admission_score);
            (status.suspended, status.probation, status.since_epoch) = (false, true, since_epoch);
            score = status.trust.score;
            (seat.incarnation, seat.measurement) = (incarnation, measurement);
            seat.certificates_hash = B256::ZERO;
            seat.incarnations.push((incarnation, false));
        });
        self.emit(Event::SeatRestarted { seat: id, epoch: now, score });
        self.emit(Event::IncarnationBegun { seat: id, incarnation, measurement, since_epoch });
    }
}
