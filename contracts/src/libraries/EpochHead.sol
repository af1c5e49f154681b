// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "./Bits.sol";

/// @dev What an opening froze (R2), and its place in the chain of opened epochs.
///
///   epoch 32 | roster epoch 32 | roster size 21 | window size 21 | K_e 7 | L1 7 | L2 7 | window start 40
///   | next opened 32 | previous opened 32 | index 25
///
/// `next` 0: none yet. `index` counts opened epochs from 1.
type EpochHead is uint256;

using EpochHeads for EpochHead global;

library EpochHeads {
    using Bits for uint256;

    function make(
        uint256 epoch_,
        uint256 roster_,
        uint256 rosterSize_,
        uint256 windowStart_,
        uint256 windowSize_,
        uint256 decisionMarks_,
        uint256 latestChecks_,
        uint256 suspiciousChecks_
    ) internal pure returns (EpochHead) {
        return EpochHead.wrap(
            epoch_ | (roster_ << 32) | (rosterSize_ << 64) | (windowSize_ << 85) | (decisionMarks_ << 106)
                | (latestChecks_ << 113) | (suspiciousChecks_ << 120) | (windowStart_ << 127)
        );
    }

    function epoch(EpochHead h) internal pure returns (uint32) {
        return uint32(EpochHead.unwrap(h));
    }

    function roster(EpochHead h) internal pure returns (uint32) {
        return uint32(EpochHead.unwrap(h) >> 32);
    }

    function rosterSize(EpochHead h) internal pure returns (uint256) {
        return EpochHead.unwrap(h).get(64, 21);
    }

    function windowSize(EpochHead h) internal pure returns (uint256) {
        return EpochHead.unwrap(h).get(85, 21);
    }

    function decisionMarks(EpochHead h) internal pure returns (uint256) {
        return EpochHead.unwrap(h).get(106, 7);
    }

    function latestChecks(EpochHead h) internal pure returns (uint256) {
        return EpochHead.unwrap(h).get(113, 7);
    }

    function suspiciousChecks(EpochHead h) internal pure returns (uint256) {
        return EpochHead.unwrap(h).get(120, 7);
    }

    function windowStart(EpochHead h) internal pure returns (uint40) {
        return uint40(EpochHead.unwrap(h) >> 127);
    }

    function next(EpochHead h) internal pure returns (uint32) {
        return uint32(EpochHead.unwrap(h) >> 167);
    }

    function previous(EpochHead h) internal pure returns (uint32) {
        return uint32(EpochHead.unwrap(h) >> 199);
    }

    function index(EpochHead h) internal pure returns (uint32) {
        return uint32(EpochHead.unwrap(h) >> 231);
    }

    function withNext(EpochHead h, uint256 epoch_) internal pure returns (EpochHead) {
        return EpochHead.wrap(EpochHead.unwrap(h).set(167, 32, epoch_));
    }

    function withPlace(EpochHead h, uint256 previous_, uint256 index_) internal pure returns (EpochHead) {
        return EpochHead.wrap(EpochHead.unwrap(h).set(199, 57, previous_ | (index_ << 32)));
    }
}

/// @dev The fields of `EpochRecord.counts`.
library EpochCounts {
    using Bits for uint256;

    uint256 private constant SHARES_AT = 146;

    function make(uint256 logEnd_, uint256 seedBlock_) internal pure returns (uint256) {
        return (logEnd_ << 42) | (seedBlock_ << 82);
    }

    function weighted(uint256 counts) internal pure returns (uint256) {
        return counts.get(0, 21);
    }

    function weightless(uint256 counts) internal pure returns (uint256) {
        return counts.get(21, 21);
    }

    function logEnd(uint256 counts) internal pure returns (uint40) {
        return uint40(counts >> 42);
    }

    function seedBlock(uint256 counts) internal pure returns (uint64) {
        return uint64(counts >> 82);
    }

    /// @dev Sum of the shares of its blocks (R12).
    function shares(uint256 counts) internal pure returns (uint256) {
        return counts.get(SHARES_AT, 84);
    }

    function withOneMore(uint256 counts, bool isWeighted, uint256 share) internal pure returns (uint256) {
        unchecked {
            return counts + (isWeighted ? 1 : 1 << 21) + (share << SHARES_AT);
        }
    }
}
