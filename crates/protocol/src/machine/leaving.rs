//! R1, R13, R15: seats are removed, exit, are paid out, rejoin, or are blocked on proof.

use alloy_primitives::{Address, B256};

use super::event::Event;
use super::input::Equivocation;
use super::rejection::Rejection;
use super::seat::{Kind, Seat};
use super::turn::Turn;
use crate::{Parameters, Score, SeatId};

impl Turn<'_> {
    /// A provisional seat that was not admitted within R opened epochs leaves; the caller earns a bounty of its deposit, the
    /// rest unbonds (R1).
    ///
    /// Errors: `SeatUnknown`, `NetworkNotStarted`, `SeatNotRemovable`.
    pub(super) fn remove(&mut self, id: SeatId) -> Result<(), Rejection> {
        let seat = self.state.known_seat(id)?;
        self.require_started()?;
        let status = seat.status;
        let early = self.state.core.opening.opened < seat.joined_index.saturating_add(self.state.retention());
        if status.admitted || status.blocked || status.exiting || early {
            return Err(Rejection::SeatNotRemovable(id));
        }
        let (remover, epoch) = (self.caller, self.now);
        let bounty = self.owe_bounty(id, remover, seat.deposit);
        self.unbond(id);
        self.emit(Event::SeatRemoved { seat: id, epoch, remover, bounty });
        Ok(())
    }

    /// `bountyBps` of an amount.
    fn bounty_of_amount(&self, amount: u128) -> u128 {
        amount * u128::from(self.state.core.parameters.bounty_bps) / u128::from(Score::MAX.bps())
    }

    /// Moves `bountyBps` of `amount` from a seat's deposit to what is owed to `to`.
    fn owe_bounty(&mut self, id: SeatId, to: Address, amount: u128) -> u128 {
        let bounty = self.bounty_of_amount(amount);
        if bounty != 0 {
            self.state.change_seat(id, |seat| seat.deposit -= bounty);
            let treasury = &mut self.state.core.treasury;
            treasury.deposits -= bounty;
            treasury.bounties += bounty;
            *self.state.bounties.entry(to).or_default() += bounty;
        }
        bounty
    }

    /// Errors: `NothingToPay`.
    pub(super) fn withdraw_bounty(&mut self) -> Result<u128, Rejection> {
        let to = self.caller;
        let amount = self.state.bounties.remove(&to).ok_or(Rejection::NothingToPay(to))?;
        self.state.core.treasury.bounties -= amount;
        self.pay(amount);
        self.emit(Event::BountyPaid { to, amount });
        Ok(amount)
    }

    fn pay(&mut self, amount: u128) {
        let treasury = &mut self.state.core.treasury;
        treasury.balance = treasury.balance.saturating_sub(amount);
    }

    /// From now on the seat is exiting. Parameters announced later neither prolong that nor make it dearer (R13).
    fn unbond(&mut self, id: SeatId) {
        let Parameters { unbonding_epochs, max_penalties, .. } = self.state.core.parameters;
        let epoch = self.now.saturating_add(u32::from(unbonding_epochs));
        self.state.change_seat(id, |seat| {
            (seat.unbonded_epoch, seat.exit_penalties, seat.status.exiting) = (epoch, max_penalties, true);
        });
    }

    /// Errors: `SeatUnknown`, `CallerNotProvider`, `NetworkNotStarted`, `SeatIsBlocked`, `SeatIsExiting`.
    pub(super) fn exit(&mut self, id: SeatId) -> Result<(), Rejection> {
        let Seat { status, deposit, .. } = *self.providers_seat(id)?;
        self.require_started()?;
        if status.blocked {
            return Err(Rejection::SeatIsBlocked(id));
        }
        if status.exiting {
            return Err(Rejection::SeatIsExiting(id));
        }
        // Seats are limited and their numbers never come back: who leaves one unused pays what its removal would cost.
        let fee = if status.admitted { 0 } else { self.bounty_of_amount(deposit) };
        self.state.change_seat(id, |seat| seat.deposit -= fee);
        let treasury = &mut self.state.core.treasury;
        treasury.deposits -= fee;
        treasury.carry += fee;
        let epoch = self.now;
        self.unbond(id);
        self.emit(Event::SeatExiting { seat: id, epoch, fee });
        Ok(())
    }

    /// What penalties withhold of a seat's deposit, by the milder Q of now and of its exit's announcement (R13).
    fn withheld(&self, seat: &Seat) -> u128 {
        let current = self.state.core.parameters.max_penalties.max(1);
        let most = if seat.status.exiting { current.max(seat.exit_penalties) } else { current };
        seat.deposit * u128::from(seat.status.penalties.min(most)) / u128::from(most)
    }

    /// The principal, less what penalties withhold, once unbonded and with no block open (R13).
    ///
    /// Errors: `SeatUnknown`, `CallerNotProvider`, `NetworkNotStarted`, `SeatIsBlocked`, `SeatNotExiting`,
    /// `SeatPaidOut`, `DepositLocked`, `BlocksStillOpen`.
    pub(super) fn withdraw_deposit(&mut self, id: SeatId) -> Result<u128, Rejection> {
        let seat = self.providers_seat(id)?;
        self.require_started()?;
        let (status, deposit, to) = (seat.status, seat.deposit, seat.provider);
        let (from_epoch, withheld) = (seat.unbonded_epoch, self.withheld(seat));
        let open = seat.history.live(Kind::Open, self.now, self.state.retention()) != 0;
        if status.blocked {
            return Err(Rejection::SeatIsBlocked(id));
        }
        if !status.exiting {
            return Err(Rejection::SeatNotExiting(id));
        }
        if status.paid_out {
            return Err(Rejection::SeatPaidOut(id));
        }
        if self.now < from_epoch {
            return Err(Rejection::DepositLocked { seat: id, from_epoch });
        }
        if open {
            return Err(Rejection::BlocksStillOpen(id));
        }
        let amount = deposit - withheld;
        self.state.change_seat(id, |seat| (seat.deposit, seat.status.paid_out) = (0, true));
        let treasury = &mut self.state.core.treasury;
        treasury.deposits -= deposit;
        treasury.carry += withheld;
        self.pay(amount);
        self.emit(Event::DepositPaid { seat: id, to, amount, withheld });
        Ok(amount)
    }

    /// Errors: `SeatUnknown`, `CallerNotProvider`, `NetworkNotStarted`, `NothingToPay`.
    pub(super) fn withdraw_rewards(&mut self, id: SeatId) -> Result<u128, Rejection> {
        let seat = self.providers_seat(id)?;
        self.require_started()?;
        let to = seat.provider;
        let mut rewards = seat.rewards.rolled(self.now, self.state.core.parameters.reward_delay_epochs);
        let amount = rewards.matured;
        if amount == 0 {
            return Err(Rejection::NothingToPay(to));
        }
        rewards.matured = 0;
        self.state.change_seat(id, |seat| seat.rewards = rewards);
        self.state.core.treasury.purses -= amount;
        self.pay(amount);
        self.emit(Event::RewardPaid { seat: id, to, amount });
        Ok(amount)
    }

    /// A seat that is paid out restarts, with its penalties and its chain of digests (R13).
    ///
    /// Errors: `NetworkNotStarted`, `NetworkPaused`, `SeatUnknown`, `CallerNotProvider`, `SeatIsBlocked`,
    /// `SeatNotPaidOut`, `DeviceIdBound`, `RestartTooEarly`, `RegistrationIncomplete`, `IncarnationNotNew`.
    pub(super) fn rejoin(
        &mut self,
        id: SeatId,
        operator: Address,
        incarnation: Address,
        measurement: B256,
    ) -> Result<(), Rejection> {
        self.require_started()?;
        self.require_running()?;
        let seat = self.providers_seat(id)?;
        if seat.status.blocked {
            return Err(Rejection::SeatIsBlocked(id));
        }
        if !seat.status.paid_out {
            return Err(Rejection::SeatNotPaidOut(id));
        }
        if !seat.status.admitted {
            self.require_unbound(seat.device_id)?;
        }
        self.require_cool(id, &seat.status)?;
        if operator.is_zero() {
            return Err(Rejection::RegistrationIncomplete);
        }
        self.require_new_incarnation(id, incarnation, measurement)?;
        let (epoch, deposit) = (self.now, self.state.core.parameters.min_deposit);
        let opened = self.state.core.opening.opened;
        self.state.change_seat(id, |seat| {
            (seat.operator, seat.deposit, seat.joined_index) = (operator, deposit, opened);
            (seat.status.exiting, seat.status.paid_out) = (false, false);
        });
        let treasury = &mut self.state.core.treasury;
        treasury.deposits += deposit;
        treasury.balance = treasury.balance.saturating_add(deposit);
        self.emit(Event::SeatRejoined { seat: id, epoch, operator, deposit });
        self.begin_incarnation(id, incarnation, measurement);
        Ok(())
    }

    /// Two blocks signed by one incarnation for one epoch, challenge and previous digest block its seat (R15).
    ///
    /// Errors: `SeatUnknown`, `NetworkNotStarted`, `SeatIsBlocked`, `IncarnationUnknown`, `EquivocationUnproven`.
    pub(super) fn report_equivocation(&mut self, pair: &Equivocation) -> Result<(), Rejection> {
        let Equivocation { seat: id, incarnation, epoch, first, second } = *pair;
        let seat = self.state.known_seat(id)?;
        self.require_started()?;
        if seat.status.blocked {
            return Err(Rejection::SeatIsBlocked(id));
        }
        if !seat.incarnations.contains(&(incarnation, true)) {
            return Err(Rejection::IncarnationUnknown { seat: id, incarnation });
        }
        let signed = first.signer == Some(incarnation) && second.signer == Some(incarnation);
        if !signed || first.digest == second.digest {
            return Err(Rejection::EquivocationUnproven);
        }
        let (status, reporter) = (seat.status, self.caller);
        let bounty = self.owe_bounty(id, reporter, seat.deposit - self.withheld(seat));
        self.emit(Event::EquivocationProven { seat: id, incarnation, epoch, reporter, bounty });
        let blocked = self.block_seat(id, status);
        self.state.set_status(id, blocked);
        Ok(())
    }
}
