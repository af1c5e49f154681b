// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "./Bits.sol";

/// @dev How a seat stands.
///
///   score 14 | streak 4 | penalties 8 | flags 8 | since 32 | suspended at 32 | off since 32 | power verified by 32
///   | power 64
///
/// `since`: first epoch whose block is the current incarnation's. `off since`: epoch of the off block with which the
/// unverified state began. `power verified by`: epoch + 1 of the block that set the verified power, 0 if none (R10).
type Standing is uint256;

using Standings for Standing global;

library Standings {
    using Bits for uint256;

    /// Admitted once: its device id is bound to it (R1). Without it the seat is provisional.
    uint256 internal constant ADMITTED = 1;
    uint256 internal constant PROBATION = 2;
    uint256 internal constant SUSPENDED = 4;
    uint256 internal constant BLOCKED = 8;
    uint256 internal constant EXITING = 16;
    /// Its power is unverified (R10).
    uint256 internal constant UNVERIFIED = 32;
    /// It left, and its principal was paid (R13).
    uint256 internal constant PAID_OUT = 64;

    uint256 private constant FLAGS_AT = 26;

    function score(Standing s) internal pure returns (uint256) {
        return Standing.unwrap(s).get(0, 14);
    }

    function streak(Standing s) internal pure returns (uint256) {
        return Standing.unwrap(s).get(14, 4);
    }

    function penalties(Standing s) internal pure returns (uint256) {
        return Standing.unwrap(s).get(18, 8);
    }

    function has(Standing s, uint256 flags) internal pure returns (bool) {
        return Standing.unwrap(s) & (flags << FLAGS_AT) != 0;
    }

    function since(Standing s) internal pure returns (uint32) {
        return uint32(Standing.unwrap(s) >> 34);
    }

    function suspendedAt(Standing s) internal pure returns (uint32) {
        return uint32(Standing.unwrap(s) >> 66);
    }

    function offSince(Standing s) internal pure returns (uint32) {
        return uint32(Standing.unwrap(s) >> 98);
    }

    function powerVerifiedBy(Standing s) internal pure returns (uint32) {
        return uint32(Standing.unwrap(s) >> 130);
    }

    function verifiedPower(Standing s) internal pure returns (uint64) {
        return uint64(Standing.unwrap(s) >> 162);
    }

    function withScore(Standing s, uint256 value, uint256 newStreak) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s).set(0, 18, value | (newStreak << 14)));
    }

    function withPenalties(Standing s, uint256 value) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s).set(18, 8, value));
    }

    function with(Standing s, uint256 flags) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s) | (flags << FLAGS_AT));
    }

    function without(Standing s, uint256 flags) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s) & ~(flags << FLAGS_AT));
    }

    function withSince(Standing s, uint256 epoch) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s).set(34, 32, epoch));
    }

    function withSuspendedAt(Standing s, uint256 epoch) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s).set(66, 32, epoch));
    }

    /// @dev Power becomes unverified with the off block of `epoch` (R10).
    function withOffSince(Standing s, uint256 epoch) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s).set(98, 32, epoch)).with(UNVERIFIED);
    }

    /// @param by epoch + 1 of the block that sets it, 0 at founding
    function withVerifiedPower(Standing s, uint256 power, uint256 by) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s).set(130, 96, by | (power << 32)));
    }
}
