// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Registration} from "../interfaces/IProofOfAttestation.sol";
import {History, Histories} from "./History.sol";
import {Scoring} from "./Scoring.sol";
import {Standing, Standings} from "./Standing.sol";
import {Clock, Seat, State} from "./State.sol";

/// @dev R1 and R11: seats begin, restart and are removed.
library Seats {
    function found(
        State storage s,
        address provider,
        Registration calldata registration,
        uint64 verifiedPower,
        uint256 maxSeats
    ) internal returns (uint32 seatId) {
        bytes32 deviceId = registration.deviceId;
        seatId = _register(s, provider, registration, maxSeats);
        s.claims[deviceId].bound = seatId;
        s.seats[seatId].standing = Standing.wrap(0).withScore(Scoring.MAX, s.parameters.fullGainStreak)
            .with(Standings.ADMITTED).withVerifiedPower(verifiedPower);
        _announce(s, seatId, provider, registration, true, verifiedPower);
        _begin(s.seats[seatId], seatId, registration.incarnation, registration.measurement, 0);
        emit IProofOfAttestation.SeatAdmitted(seatId, 0, deviceId);
    }

    function join(
        State storage s,
        Clock memory clock,
        address provider,
        Registration calldata registration,
        uint256 maxSeats
    ) internal returns (uint32 seatId) {
        seatId = _register(s, provider, registration, maxSeats);
        s.seats[seatId].standing = Standing.wrap(0).withScore(s.parameters.admissionScore, 0)
            .with(Standings.PROBATION).withSince(clock.epoch).withJoinedAt(clock.epoch).withSeenIndex(s.opening.opened);
        _announce(s, seatId, provider, registration, false, 0);
        _begin(s.seats[seatId], seatId, registration.incarnation, registration.measurement, clock.epoch);
    }

    function _register(State storage s, address provider, Registration calldata registration, uint256 maxSeats)
        private
        returns (uint32 seatId)
    {
        if (provider == address(0) || registration.operator == address(0) || registration.deviceId == 0) {
            revert IProofOfAttestation.RegistrationIncomplete();
        }
        uint32 bound = s.claims[registration.deviceId].bound;
        if (bound != 0) revert IProofOfAttestation.DeviceIdBound(registration.deviceId, bound);
        if (s.opening.seats == maxSeats) revert IProofOfAttestation.SeatLimitReached(uint32(maxSeats));
        seatId = ++s.opening.seats;
        Seat storage seat = s.seats[seatId];
        seat.provider = provider;
        seat.operator = registration.operator;
        seat.deviceId = registration.deviceId;
        seat.deposit = s.parameters.minDeposit;
        s.deposits += seat.deposit;
    }

    function _announce(
        State storage s,
        uint32 seatId,
        address provider,
        Registration calldata registration,
        bool founding,
        uint64 verifiedPower
    ) private {
        emit IProofOfAttestation.SeatRegistered(
            seatId,
            registration.deviceId,
            provider,
            registration.operator,
            s.parameters.minDeposit,
            founding,
            verifiedPower
        );
    }

    function _begin(Seat storage seat, uint32 seatId, address incarnation, bytes32 measurement, uint32 since)
        private
    {
        if (incarnation == address(0) || measurement == 0) revert IProofOfAttestation.RegistrationIncomplete();
        if (incarnation == seat.incarnation) revert IProofOfAttestation.IncarnationNotNew(incarnation);
        seat.incarnation = incarnation;
        seat.measurement = measurement;
        emit IProofOfAttestation.IncarnationBegun(seatId, incarnation, measurement, since);
    }

    /// @dev A new incarnation starts on probation with at most `admissionScore` (R11). Its blocks are those from the
    /// first epoch in which it can publish.
    function restart(State storage s, Clock memory clock, uint32 seatId, address incarnation, bytes32 measurement)
        internal
    {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        if (standing.has(Standings.BLOCKED)) revert IProofOfAttestation.SeatIsBlocked(seatId);
        if (standing.has(Standings.EXITING)) revert IProofOfAttestation.SeatIsExiting(seatId);
        if (standing.has(Standings.SUSPENDED)) {
            uint256 from = uint256(standing.suspendedAt()) + s.parameters.restartCooldownEpochs;
            if (clock.epoch < from) revert IProofOfAttestation.RestartTooEarly(seatId, uint32(from));
        }
        History history = seat.history;
        uint32 since = clock.epoch;
        if (history.hasPublished() && history.last() == since) ++since;
        uint256 score = standing.score();
        if (score > s.parameters.admissionScore) score = s.parameters.admissionScore;
        seat.standing =
            standing.without(Standings.SUSPENDED).with(Standings.PROBATION).withScore(score, 0).withSince(since);
        emit IProofOfAttestation.SeatRestarted(seatId, clock.epoch, uint16(score));
        _begin(seat, seatId, incarnation, measurement, since);
    }

    /// @dev A provisional seat that was not admitted within `retentionEpochs` leaves; the caller earns a bounty of its
    /// deposit, the rest unbonds (R1).
    function remove(State storage s, Clock memory clock, uint32 seatId, address remover) internal {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        bool leaves = standing.has(Standings.ADMITTED | Standings.BLOCKED | Standings.EXITING);
        if (leaves || clock.epoch < uint256(standing.joinedAt()) + clock.retention) {
            revert IProofOfAttestation.SeatNotRemovable(seatId);
        }
        uint128 bounty = uint128(uint256(seat.deposit) * s.parameters.bountyBps / Scoring.MAX);
        seat.deposit -= bounty;
        s.deposits -= bounty;
        s.bountiesOwed += bounty;
        s.bounties[remover] += bounty;
        seat.standing = standing.with(Standings.EXITING);
        emit IProofOfAttestation.SeatRemoved(seatId, clock.epoch, remover, bounty);
    }
}
