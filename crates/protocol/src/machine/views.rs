//! R17: seats, devices and what governs them, as others read them: like the contract's views.

use alloy_primitives::{Address, B256};

use super::State;
use super::input::ReferenceValue;
use super::rejection::Rejection;
use super::view::{Announced, DeviceTrust, FundsView, PowerView, SeatView, Settings};
use crate::{Deployment, DeviceId, Parameters, Score, SeatId, identity};

impl State {
    /// The hash of the certificates that a seat's incarnation published last, zero if none (R6). The contract keeps it
    /// in the seat's identity.
    ///
    /// # Errors
    /// `SeatUnknown`.
    pub fn certificates_hash(&self, id: SeatId) -> Result<B256, Rejection> {
        self.known_seat(id).map(|seat| seat.certificates_hash)
    }

    /// `trustOf`.
    pub fn trust_of(&self, device_id: DeviceId) -> DeviceTrust {
        let bound = self.claim(device_id).bound.and_then(|id| self.seat(id).map(|seat| (id, seat)));
        let Some((id, seat)) = bound else {
            return DeviceTrust {
                seat: SeatId(0),
                tier: None,
                score: Score::ZERO,
                operational: false,
                flagged: false,
                incarnation: Address::ZERO,
                measurement: B256::ZERO,
                has_good_block: false,
                last_good_epoch: 0,
                deposit: 0,
            };
        };
        // What a former incarnation did proves nothing of this one.
        let last_good = seat.history.last_good().filter(|epoch| *epoch >= seat.status.since_epoch);
        DeviceTrust {
            seat: id,
            tier: Some(seat.status.standing().tier()),
            score: seat.status.trust.score,
            operational: seat.status.is_operational(),
            flagged: seat.status.is_flagged(),
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            has_good_block: last_good.is_some(),
            last_good_epoch: last_good.unwrap_or(0),
            deposit: seat.deposit,
        }
    }

    /// `isTrusted`, at a time.
    pub fn is_trusted(
        &self,
        device_id: DeviceId,
        min_score: u16,
        max_age_epochs: u32,
        timestamp_s: u64,
    ) -> bool {
        let Ok(now) = self.clock(timestamp_s) else { return false };
        let Some(seat) = self.claim(device_id).bound.and_then(|id| self.seat(id)) else { return false };
        // A revived seat may run an incarnation that no peer has seen: what a former one did proves nothing of it.
        let good = seat.history.last_good().filter(|good| *good >= seat.status.since_epoch);
        let fresh = good.is_some_and(|good| now.saturating_sub(good) <= max_age_epochs);
        let value = self.references.iter().find(|value| value.measurement == seat.measurement);
        let allowed = value.is_some_and(|value| (value.from_epoch..=value.until_epoch).contains(&now));
        seat.status.is_operational() && seat.status.trust.score.bps() >= min_score && fresh && allowed
    }

    /// `boundSeatOf`.
    pub fn bound_seat_of(&self, device_id: DeviceId) -> Option<SeatId> {
        self.claim(device_id).bound
    }

    /// `seatOf`.
    ///
    /// # Errors
    /// `SeatUnknown`.
    pub fn seat_view(&self, id: SeatId) -> Result<SeatView, Rejection> {
        let seat = self.known_seat(id)?;
        let (status, history, rewards) = (&seat.status, &seat.history, &seat.rewards);
        Ok(SeatView {
            provider: seat.provider,
            operator: seat.operator,
            device_id: seat.device_id,
            incarnation: seat.incarnation,
            measurement: seat.measurement,
            last_digest: seat.last_digest,
            identity: identity(
                seat.operator,
                seat.incarnation,
                seat.device_id,
                seat.measurement,
                seat.certificates_hash,
            ),
            since_epoch: status.since_epoch,
            joined_index: seat.joined_index,
            suspended_epoch: status.suspended_epoch,
            unbonded_epoch: seat.unbonded_epoch,
            last_epoch: history.last().unwrap_or(0),
            last_good_epoch: history.last_good().unwrap_or(0),
            seen_index: history.seen_index,
            has_published: history.last().is_some(),
            has_good_block: history.last_good().is_some(),
            admitted: status.admitted,
            exiting: status.exiting,
            tier: status.standing().tier(),
            score: status.trust.score,
            streak: status.trust.streak,
            penalties: status.penalties,
            power: PowerView {
                verified: status.verified_power,
                unverified: status.unverified_power,
                off_epoch: status.off_epoch,
                has_block: status.power_epoch.is_some(),
                block_epoch: status.power_epoch.unwrap_or(0),
            },
            funds: FundsView {
                deposit: seat.deposit,
                paid_out: status.paid_out,
                new_rewards: rewards.new,
                old_rewards: rewards.old,
                matured_rewards: rewards.matured,
                rolled_epoch: rewards.rolled_epoch,
            },
        })
    }

    /// `parameters`: the current ones.
    pub fn parameters(&self) -> &Parameters {
        &self.core.parameters
    }

    /// `announcedParameters`.
    pub fn announced_parameters(&self) -> Option<Announced> {
        self.core.announced.map(|(from_epoch, parameters)| Announced { from_epoch, parameters })
    }

    /// `referenceValues`: the values.
    pub fn reference_values(&self) -> &[ReferenceValue] {
        &self.references
    }

    /// `referenceValues`: the digest.
    pub fn reference_digest(&self) -> B256 {
        self.core.reference_digest
    }

    /// `policyDigest`.
    pub fn policy_digest(&self) -> B256 {
        self.core.policy_digest
    }

    /// `bountyOf`.
    pub fn bounty_of(&self, account: Address) -> u128 {
        self.bounties.get(&account).copied().unwrap_or(0)
    }

    /// `owner`.
    pub fn owner(&self) -> Address {
        self.core.owner
    }

    /// `pendingOwner`.
    pub fn pending_owner(&self) -> Address {
        self.core.pending_owner
    }

    /// `settings`.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The contract.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// What the contract holds of the token, in its smallest unit.
    pub fn balance(&self) -> u128 {
        self.core.treasury.balance
    }
}
