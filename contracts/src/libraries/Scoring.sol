// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Weights, steps and tiers in basis points (R7, R9, R11).
library Scoring {
    uint256 internal constant MAX = 10_000;
    uint256 internal constant FULL = 9_000;
    uint256 internal constant WARNING = 7_500;
    uint256 internal constant RESTRICTED = 5_000;

    function weight(uint256 score) internal pure returns (uint256) {
        unchecked {
            return score * score / MAX;
        }
    }

    /// @dev One step toward `r`: down at once, up by the streak, which falls in proportion (R9).
    /// @param former the block is of a former incarnation: it only lowers
    function step(
        uint256 score,
        uint256 streak,
        uint256 r,
        bool malicious,
        bool former,
        uint256 gain,
        uint256 fullStreak
    ) internal pure returns (uint256, uint256) {
        unchecked {
            if (r < score) return (score - gain * (score - r) / MAX, streak * r / MAX);
            if (malicious || former) return (score, streak);
            if (streak < fullStreak) ++streak;
            else streak = fullStreak;
            return (score + gain * streak * (r - score) / (MAX * fullStreak), streak);
        }
    }
}
