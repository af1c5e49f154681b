// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Registration} from "../interfaces/IProofOfAttestation.sol";
import {Governing} from "./Governing.sol";
import {History} from "./History.sol";
import {Scoring} from "./Scoring.sol";
import {Signing} from "./Signing.sol";
import {Standing, Standings} from "./Standing.sol";
import {Clock, Seat, State} from "./State.sol";

/// @dev R1 and R11: seats begin, restart and are removed.
library Seats {
    /// What a seat keeps of each of its incarnations.
    uint256 internal constant DECLARED = 1;
    uint256 internal constant CONFIRMED = 2;

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
        Seat storage seat = s.seats[seatId];
        seat.standing = Standing.wrap(0).withScore(Scoring.MAX, s.parameters.fullGainStreak).with(Standings.ADMITTED)
            .withVerifiedPower(verifiedPower, 0);
        _announce(s, seatId, provider, registration, true, verifiedPower);
        _begin(seat, seatId, registration.incarnation, registration.measurement, 0);
        seat.incarnations[registration.incarnation] = CONFIRMED;
        emit IProofOfAttestation.SeatAdmitted(seatId, 0, deviceId);
    }

    function join(
        State storage s,
        Clock memory clock,
        address provider,
        Registration calldata registration,
        uint256 maxSeats
    ) internal returns (uint32 seatId) {
        Governing.requireRunning(s, clock);
        seatId = _register(s, provider, registration, maxSeats);
        Seat storage seat = s.seats[seatId];
        seat.standing = Standing.wrap(0).withScore(s.parameters.admissionScore, 0).with(Standings.PROBATION)
            .withSince(clock.epoch);
        seat.history = seat.history.withSeenIndex(s.opening.opened);
        seat.joinedIndex = s.opening.opened;
        _announce(s, seatId, provider, registration, false, 0);
        _begin(seat, seatId, registration.incarnation, registration.measurement, clock.epoch);
    }

    function _register(State storage s, address provider, Registration calldata registration, uint256 maxSeats)
        private
        returns (uint32 seatId)
    {
        if (provider == address(0) || registration.operator == address(0) || registration.deviceId == 0) {
            revert IProofOfAttestation.RegistrationIncomplete();
        }
        requireUnbound(s, registration.deviceId);
        if (s.opening.seats == maxSeats) revert IProofOfAttestation.SeatLimitReached(uint32(maxSeats));
        seatId = ++s.opening.seats;
        Seat storage seat = s.seats[seatId];
        seat.provider = provider;
        seat.operator = registration.operator;
        seat.deviceId = registration.deviceId;
        seat.deposit = s.parameters.minDeposit;
        s.treasury.deposits += seat.deposit;
    }

    function requireUnbound(State storage s, bytes32 deviceId) internal view {
        uint32 bound = s.claims[deviceId].bound;
        if (bound != 0) revert IProofOfAttestation.DeviceIdBound(deviceId, bound);
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

    /// @dev An incarnation that the seat has not had before, without certificates yet.
    function _begin(Seat storage seat, uint32 seatId, address incarnation, bytes32 measurement, uint32 since)
        private
    {
        if (incarnation == address(0) || measurement == 0) revert IProofOfAttestation.RegistrationIncomplete();
        if (seat.incarnations[incarnation] != 0) revert IProofOfAttestation.IncarnationNotNew(incarnation);
        seat.incarnations[incarnation] = DECLARED;
        seat.incarnation = incarnation;
        seat.measurement = measurement;
        identify(seat);
        emit IProofOfAttestation.IncarnationBegun(seatId, incarnation, measurement, since);
    }

    /// @dev Fixes what publications must bring along; certificates count as not published (R6).
    function identify(Seat storage seat) internal {
        seat.identity =
            Signing.identity(seat.operator, seat.incarnation, seat.deviceId, seat.measurement, bytes32(0));
    }

    function setOperator(Seat storage seat, uint32 seatId, address operator) internal {
        if (operator == address(0)) revert IProofOfAttestation.RegistrationIncomplete();
        seat.operator = operator;
        identify(seat);
        emit IProofOfAttestation.OperatorSet(seatId, operator);
    }

    function restart(State storage s, Clock memory clock, uint32 seatId, address incarnation, bytes32 measurement)
        internal
    {
        Standing standing = s.seats[seatId].standing;
        if (standing.has(Standings.BLOCKED)) revert IProofOfAttestation.SeatIsBlocked(seatId);
        if (standing.has(Standings.EXITING)) revert IProofOfAttestation.SeatIsExiting(seatId);
        requireCool(s, clock, seatId, standing);
        begin(s, clock, seatId, incarnation, measurement);
    }

    /// @dev A suspended seat waits before it restarts (R11).
    function requireCool(State storage s, Clock memory clock, uint32 seatId, Standing standing) internal view {
        if (!standing.has(Standings.SUSPENDED)) return;
        uint256 from = uint256(standing.suspendedAt()) + s.parameters.restartCooldownEpochs;
        if (clock.epoch < from) revert IProofOfAttestation.RestartTooEarly(seatId, uint32(from));
    }

    /// @dev A new incarnation starts on probation with at most `admissionScore` (R11). Its blocks are those from the
    /// first epoch in which it can publish.
    function begin(State storage s, Clock memory clock, uint32 seatId, address incarnation, bytes32 measurement)
        internal
    {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
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
}
