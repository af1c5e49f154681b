// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Equivocation, IProofOfAttestation, Statement} from "../interfaces/IProofOfAttestation.sol";
import {Histories} from "./History.sol";
import {Penalties} from "./Penalties.sol";
import {Rewarding} from "./Rewarding.sol";
import {Scoring} from "./Scoring.sol";
import {Seats} from "./Seats.sol";
import {ConfirmationBlock, Signing} from "./Signing.sol";
import {Standing, Standings} from "./Standing.sol";
import {Clock, Rewards, Seat, State} from "./State.sol";

/// @dev R1, R13, R15: seats are removed, exit, are paid out, rejoin, or are blocked on proof. What is paid is only booked
/// here; tokens are sent by the caller.
library Leaving {
    /// @dev A provisional seat that was not admitted within `retentionEpochs` leaves; the caller earns a bounty of its
    /// deposit, the rest unbonds (R1).
    function remove(State storage s, Clock memory clock, uint32 seatId, address remover) internal {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        bool leaves = standing.has(Standings.ADMITTED | Standings.BLOCKED | Standings.EXITING);
        if (leaves || s.opening.opened < seat.joinedIndex + clock.retention) {
            revert IProofOfAttestation.SeatNotRemovable(seatId);
        }
        uint128 bounty = _owe(s, seat, remover, seat.deposit);
        _unbond(s, clock, seat, standing);
        emit IProofOfAttestation.SeatRemoved(seatId, clock.epoch, remover, bounty);
    }

    /// @dev From now on the seat is exiting. Parameters announced later neither prolong that nor make it dearer.
    function _unbond(State storage s, Clock memory clock, Seat storage seat, Standing standing) private {
        seat.unbondedAt = clock.epoch + s.parameters.unbondingEpochs;
        seat.exitPenalties = s.parameters.maxPenalties;
        seat.standing = standing.with(Standings.EXITING);
    }

    /// @dev `bountyBps` of an amount.
    function _bounty(State storage s, uint128 amount) private view returns (uint128) {
        return uint128(uint256(amount) * s.parameters.bountyBps / Scoring.MAX);
    }

    /// @dev Moves `bountyBps` of `amount` from a seat's deposit to what is owed to `to`.
    function _owe(State storage s, Seat storage seat, address to, uint128 amount) private returns (uint128 bounty) {
        bounty = _bounty(s, amount);
        if (bounty == 0) return 0;
        seat.deposit -= bounty;
        s.treasury.deposits -= bounty;
        s.treasury.bounties += bounty;
        s.bounties[to] += bounty;
    }

    function takeBounty(State storage s, address to) internal returns (uint128 amount) {
        amount = s.bounties[to];
        if (amount == 0) revert IProofOfAttestation.NothingToPay(to);
        s.bounties[to] = 0;
        s.treasury.bounties -= amount;
        emit IProofOfAttestation.BountyPaid(to, amount);
    }

    function exit(State storage s, Clock memory clock, uint32 seatId) internal {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        if (standing.has(Standings.BLOCKED)) revert IProofOfAttestation.SeatIsBlocked(seatId);
        if (standing.has(Standings.EXITING)) revert IProofOfAttestation.SeatIsExiting(seatId);
        // Seats are limited and their numbers never come back: who leaves one unused pays what its removal would cost.
        uint128 fee = standing.has(Standings.ADMITTED) ? 0 : _bounty(s, seat.deposit);
        seat.deposit -= fee;
        s.treasury.deposits -= fee;
        s.treasury.carry += fee;
        _unbond(s, clock, seat, standing);
        emit IProofOfAttestation.SeatExiting(seatId, clock.epoch, fee);
    }

    /// @dev The principal, less what penalties withhold, once unbonded and with no block open (R13).
    function takeDeposit(State storage s, Clock memory clock, uint32 seatId, address to)
        internal
        returns (uint128 amount)
    {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        if (standing.has(Standings.BLOCKED)) revert IProofOfAttestation.SeatIsBlocked(seatId);
        if (!standing.has(Standings.EXITING)) revert IProofOfAttestation.SeatNotExiting(seatId);
        if (standing.has(Standings.PAID_OUT)) revert IProofOfAttestation.SeatPaidOut(seatId);
        if (clock.epoch < seat.unbondedAt) revert IProofOfAttestation.DepositLocked(seatId, seat.unbondedAt);
        if (seat.history.live(Histories.OPEN, clock.epoch, clock.retention) != 0) {
            revert IProofOfAttestation.BlocksStillOpen(seatId);
        }
        uint128 deposit = seat.deposit;
        uint128 withheld = _withheld(s, seat, standing);
        amount = deposit - withheld;
        seat.deposit = 0;
        seat.standing = standing.with(Standings.PAID_OUT);
        s.treasury.deposits -= deposit;
        s.treasury.carry += withheld;
        emit IProofOfAttestation.DepositPaid(seatId, to, amount, withheld);
    }

    /// @dev What penalties withhold of a deposit, by the milder Q of now and of the exit's announcement.
    function _withheld(State storage s, Seat storage seat, Standing standing) private view returns (uint128) {
        uint256 most = s.parameters.maxPenalties;
        if (standing.has(Standings.EXITING) && seat.exitPenalties > most) most = seat.exitPenalties;
        uint256 points = standing.penalties() < most ? standing.penalties() : most;
        return uint128(uint256(seat.deposit) * points / most);
    }

    function takeRewards(State storage s, Clock memory clock, uint32 seatId, address to)
        internal
        returns (uint128 amount)
    {
        Rewards storage rewards = s.seats[seatId].rewards;
        Rewarding.roll(rewards, clock.epoch, s.parameters.rewardDelayEpochs);
        amount = rewards.matured;
        if (amount == 0) revert IProofOfAttestation.NothingToPay(to);
        rewards.matured = 0;
        s.treasury.purses -= amount;
        emit IProofOfAttestation.RewardPaid(seatId, to, amount);
    }

    /// @dev A seat that is paid out restarts, with its penalties and its chain of digests (R13).
    function rejoin(
        State storage s,
        Clock memory clock,
        uint32 seatId,
        address operator,
        address incarnation,
        bytes32 measurement
    ) internal {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        if (standing.has(Standings.BLOCKED)) revert IProofOfAttestation.SeatIsBlocked(seatId);
        if (!standing.has(Standings.PAID_OUT)) revert IProofOfAttestation.SeatNotPaidOut(seatId);
        if (!standing.has(Standings.ADMITTED)) Seats.requireUnbound(s, seat.deviceId);
        Seats.requireCool(s, clock, seatId, standing);
        if (operator == address(0)) revert IProofOfAttestation.RegistrationIncomplete();
        uint128 deposit = s.parameters.minDeposit;
        seat.operator = operator;
        seat.deposit = deposit;
        seat.joinedIndex = s.opening.opened;
        seat.standing = standing.without(Standings.EXITING | Standings.PAID_OUT);
        s.treasury.deposits += deposit;
        emit IProofOfAttestation.SeatRejoined(seatId, clock.epoch, operator, deposit);
        Seats.begin(s, clock, seatId, incarnation, measurement);
    }

    /// @dev Two blocks signed by one incarnation for one epoch, challenge and previous digest block its seat (R15).
    function report(
        State storage s,
        Clock memory clock,
        bytes32 domainSeparator,
        Equivocation calldata pair,
        address reporter
    ) internal {
        Seat storage seat = s.seats[pair.seat];
        Standing standing = seat.standing;
        if (standing.has(Standings.BLOCKED)) revert IProofOfAttestation.SeatIsBlocked(pair.seat);
        if (seat.incarnations[pair.incarnation] != Seats.CONFIRMED) {
            revert IProofOfAttestation.IncarnationUnknown(pair.seat, pair.incarnation);
        }
        bytes32 first = _signed(seat, domainSeparator, pair, pair.first);
        bytes32 second = _signed(seat, domainSeparator, pair, pair.second);
        if (first == second) revert IProofOfAttestation.EquivocationUnproven();
        uint128 bounty = _owe(s, seat, reporter, seat.deposit - _withheld(s, seat, standing));
        emit IProofOfAttestation.EquivocationProven(pair.seat, pair.incarnation, pair.epoch, reporter, bounty);
        seat.standing = Penalties.block_(s, clock, pair.seat, standing);
    }

    /// @dev The digest of a statement that the incarnation signed.
    function _signed(
        Seat storage seat,
        bytes32 domainSeparator,
        Equivocation calldata pair,
        Statement calldata statement
    ) private view returns (bytes32 digest) {
        digest = Signing.digestOf(
            ConfirmationBlock(
                pair.seat,
                seat.deviceId,
                pair.incarnation,
                pair.epoch,
                pair.previousDigest,
                pair.challenge,
                statement.measurement,
                statement.power,
                statement.propertiesDigest,
                statement.marks,
                statement.latestBindings
            ),
            domainSeparator
        );
        if (!Signing.isSigner(pair.incarnation, digest, statement.r, statement.vs)) {
            revert IProofOfAttestation.EquivocationUnproven();
        }
    }
}
