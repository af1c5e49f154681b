//! What the owner may do (section 3, R1, R16), and the bounds of what a network is deployed with.

use alloy_primitives::{Address, B256};

use super::event::Event;
use super::input::{Document, ReferenceValue};
use super::rejection::Rejection;
use super::seat::{Seat, Status};
use super::turn::Turn;
use super::{Genesis, Settings};
use crate::{Epoch, Parameters, Power, Score, SeatId};

const DOCUMENT_MAX: usize = 24 * 1024;
const REFERENCES_MAX: usize = 32;
const REVIVED_MAX: usize = 64;
const GENESIS_MAX_S: u64 = (1 << 40) - 1;
/// Epochs between announcing the way back from standstill and taking it.
const STANDSTILL_DELAY: u32 = 2;
/// Epochs between announcing parameters and their taking effect, so that providers can leave before.
const PARAMETER_DELAY: u32 = 7;

/// Errors: `OwnableInvalidOwner`, `SettingOutOfBounds`, `ParameterOutOfBounds`.
pub(super) fn require_genesis(genesis: &Genesis) -> Result<(), Rejection> {
    let Settings { owner, genesis_s, fixed, .. } = genesis.settings;
    if owner.is_zero() {
        return Err(Rejection::OwnableInvalidOwner(owner));
    }
    if !(genesis.timestamp_s..=GENESIS_MAX_S).contains(&genesis_s) {
        return Err(Rejection::SettingOutOfBounds("genesis"));
    }
    fixed.validate().map_err(|error| Rejection::SettingOutOfBounds(error.contract_name()))?;
    require_parameters(&genesis.parameters)
}

fn require_parameters(parameters: &Parameters) -> Result<(), Rejection> {
    parameters.validate().map_err(|error| Rejection::ParameterOutOfBounds(error.contract_name()))
}

impl Turn<'_> {
    /// Errors: `OwnableUnauthorizedAccount`, `DocumentMissing`, `DocumentTooLarge`.
    pub(super) fn set_policy(&mut self, document: &Document) -> Result<(), Rejection> {
        self.require_owner()?;
        match document.bytes {
            0 => return Err(Rejection::DocumentMissing),
            size if size > DOCUMENT_MAX => return Err(Rejection::DocumentTooLarge { size }),
            _ => {}
        }
        self.state.core.policy_digest = document.digest;
        self.emit(Event::PolicySet { document: *document });
        Ok(())
    }

    /// Errors: `OwnableUnauthorizedAccount`, `TooMany`, `ReferenceValueInvalid`.
    pub(super) fn set_reference_values(
        &mut self,
        digest: B256,
        values: &[ReferenceValue],
    ) -> Result<(), Rejection> {
        self.require_owner()?;
        if values.len() > REFERENCES_MAX {
            return Err(Rejection::TooMany { given: values.len(), limit: REFERENCES_MAX });
        }
        let mut last = B256::ZERO;
        for (index, value) in values.iter().enumerate() {
            if value.measurement <= last || value.from_epoch > value.until_epoch {
                return Err(Rejection::ReferenceValueInvalid { index });
            }
            last = value.measurement;
        }
        self.state.references = values.to_vec();
        self.state.core.reference_digest = digest;
        self.emit(Event::ReferenceValuesSet { digest, values: values.to_vec() });
        Ok(())
    }

    /// Errors: `OwnableUnauthorizedAccount`, `ParameterOutOfBounds`, `NetworkNotStarted`, `ParametersPending`.
    pub(super) fn announce_parameters(&mut self, parameters: &Parameters) -> Result<(), Rejection> {
        self.require_owner()?;
        require_parameters(parameters)?;
        self.require_started()?;
        // An opening may have used them already: they are adopted first.
        if let Some((from_epoch, _)) = self.state.core.announced.filter(|(from, _)| *from <= self.now) {
            return Err(Rejection::ParametersPending { from_epoch });
        }
        let from_epoch = self.now.saturating_add(PARAMETER_DELAY);
        self.state.core.announced = Some((from_epoch, *parameters));
        self.emit(Event::ParametersAnnounced { from_epoch, parameters: *parameters });
        Ok(())
    }

    /// Errors: `OwnableUnauthorizedAccount`.
    pub(super) fn set_paused(&mut self, paused: bool) -> Result<(), Rejection> {
        self.require_owner()?;
        let next = self.state.clock(self.moment.timestamp_s).map_or(0, |epoch| epoch.saturating_add(1));
        let core = &mut self.state.core;
        // Going on takes effect with the next epoch: else who knows the moment would have an epoch's end for itself.
        if core.paused && !paused {
            core.resumes_epoch = next;
        }
        core.paused = paused;
        self.emit(Event::PauseSet { paused });
        Ok(())
    }

    /// The last epoch with a block of weight, or after a pause, if that is more than `finalityEpochs` epochs ago.
    fn require_standstill(&self) -> Result<Epoch, Rejection> {
        let core = &self.state.core;
        if core.paused {
            return Err(Rejection::NetworkPaused);
        }
        let last_epoch = core.resumes_epoch.max(self.cursor().weighted_epoch.unwrap_or(0));
        if self.now <= last_epoch.saturating_add(u32::from(core.parameters.finality_epochs)) {
            return Err(Rejection::NoStandstill { last_epoch });
        }
        Ok(last_epoch)
    }

    /// Errors: `OwnableUnauthorizedAccount`, `NetworkNotStarted`, `NetworkPaused`, `NoStandstill`.
    pub(super) fn announce_standstill(&mut self) -> Result<(), Rejection> {
        self.require_owner()?;
        self.require_started()?;
        self.require_standstill()?;
        let epoch = self.now;
        self.state.core.standstill_announced = Some(epoch);
        let revive_from_epoch = epoch.saturating_add(STANDSTILL_DELAY);
        self.emit(Event::StandstillAnnounced { epoch, revive_from_epoch });
        Ok(())
    }

    /// Passes over who may not be revived, so that one who leaves does not hold up the others.
    ///
    /// Errors: `OwnableUnauthorizedAccount`, `NetworkNotStarted`, `TooMany`, `NetworkPaused`, `NoStandstill`,
    /// `StandstillNotAnnounced`, `StandstillTooEarly`.
    pub(super) fn revive(&mut self, seats: &[SeatId]) -> Result<(), Rejection> {
        self.require_owner()?;
        self.require_started()?;
        if seats.len() > REVIVED_MAX {
            return Err(Rejection::TooMany { given: seats.len(), limit: REVIVED_MAX });
        }
        let last_epoch = self.require_standstill()?;
        // An announcement from before the last block with weight, or pause, was of another standstill.
        let announced = self.state.core.standstill_announced.filter(|announced| *announced > last_epoch);
        let announced = announced.ok_or(Rejection::StandstillNotAnnounced)?;
        let from_epoch = announced.saturating_add(STANDSTILL_DELAY);
        if self.now < from_epoch {
            return Err(Rejection::StandstillTooEarly { from_epoch });
        }
        for id in seats {
            if self.is_revivable(*id, announced) {
                self.revive_seat(*id, announced);
            }
        }
        Ok(())
    }

    /// Not those whose incarnation was declared after the announcement: nobody could look at it.
    fn is_revivable(&self, id: SeatId, announced: Epoch) -> bool {
        self.state.seat(id).is_some_and(|Seat { status, .. }| {
            status.admitted && !status.blocked && !status.exiting && status.since_epoch <= announced
        })
    }

    fn revive_seat(&mut self, id: SeatId, announced: Epoch) {
        let (opened, epoch) = (self.state.core.opening.opened, self.now);
        let newest_off = self.state.seat(id).and_then(|seat| self.newest_off_power(id, seat, announced));
        let mut score = Score::SUSPENSION;
        self.state.change_seat(id, |seat| {
            // The current epoch counts as published, opened or not: the next opening's index is one above.
            seat.history.seen_index = opened;
            let Status { trust, .. } = &mut seat.status;
            trust.score = trust.score.max(Score::SUSPENSION);
            score = trust.score;
            if let Some((power, epoch)) = newest_off {
                (seat.status.verified_power, seat.status.power_epoch) = (power, Some(epoch));
            }
            (seat.status.probation, seat.status.suspended) = (false, false);
            seat.status.unverified_power = false;
        });
        self.emit(Event::SeatRevived { seat: id, epoch, score });
    }

    /// Power and epoch of the newest block that is not from after the announcement, if it was off and its record still
    /// stands: else all would be unverified again, with nobody of weight to confirm them (R1, R10).
    fn newest_off_power(&self, id: SeatId, seat: &Seat, announced: Epoch) -> Option<(Power, Epoch)> {
        let epoch = seat.history.newest_by(announced)?;
        let block = self.state.block(epoch, self.state.order_of(seat, epoch))?;
        let power = block.off_power().filter(|_| block.seat == id)?;
        Some((power, epoch))
    }

    /// Errors: `OwnableUnauthorizedAccount`.
    pub(super) fn transfer_ownership(&mut self, to: Address) -> Result<(), Rejection> {
        self.require_owner()?;
        self.state.core.pending_owner = to;
        let previous_owner = self.state.core.owner;
        self.emit(Event::OwnershipTransferStarted { previous_owner, new_owner: to });
        Ok(())
    }

    /// Errors: `OwnableUnauthorizedAccount`.
    pub(super) fn accept_ownership(&mut self) -> Result<(), Rejection> {
        if self.caller != self.state.core.pending_owner {
            return Err(Rejection::OwnableUnauthorizedAccount(self.caller));
        }
        self.own(self.caller);
        Ok(())
    }

    /// Errors: `OwnableUnauthorizedAccount`.
    pub(super) fn renounce_ownership(&mut self) -> Result<(), Rejection> {
        self.require_owner()?;
        self.own(Address::ZERO);
        Ok(())
    }

    fn own(&mut self, new_owner: Address) {
        let core = &mut self.state.core;
        let previous_owner = core.owner;
        (core.owner, core.pending_owner) = (new_owner, Address::ZERO);
        self.emit(Event::OwnershipTransferred { previous_owner, new_owner });
    }
}
