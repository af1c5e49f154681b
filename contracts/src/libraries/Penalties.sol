// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation} from "../interfaces/IProofOfAttestation.sol";
import {Rewarding} from "./Rewarding.sol";
import {Standing, Standings} from "./Standing.sol";
import {Clock, Seat, State} from "./State.sol";

/// @dev R9, R12: penalty points, and what blocking takes.
library Penalties {
    /// @dev One penalty point; a provisional seat is blocked at once, another at Q (R9).
    function penalise(State storage s, Clock memory clock, uint32 seatId, Standing standing)
        internal
        returns (Standing)
    {
        unchecked {
            uint256 points = standing.penalties() + 1;
            standing = standing.withPenalties(points);
            emit IProofOfAttestation.SeatPenalised(seatId, clock.epoch, uint8(points));
            if (standing.has(Standings.ADMITTED) && points < s.parameters.maxPenalties) return standing;
            return block_(s, clock, seatId, standing);
        }
    }

    /// @dev Blocks a seat for good: its deposit and all its unpaid rewards go to carry (R9, R12).
    function block_(State storage s, Clock memory clock, uint32 seatId, Standing standing)
        internal
        returns (Standing)
    {
        Seat storage seat = s.seats[seatId];
        uint128 slashed = seat.deposit;
        seat.deposit = 0;
        s.treasury.deposits -= slashed;
        s.treasury.carry += slashed;
        uint128 lost = Rewarding.forfeit(s, seat);
        emit IProofOfAttestation.SeatBlocked(seatId, clock.epoch, slashed, lost);
        return standing.with(Standings.BLOCKED);
    }
}
