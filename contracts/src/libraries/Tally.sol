// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What the counted marks on one block add up to (R7): positive 21 | negative 21 | count 7.
type Tally is uint256;

using Tallies for Tally global;

library Tallies {
    uint256 internal constant BITS = 49;
    uint256 internal constant MASK = (1 << BITS) - 1;
    /// A tally whose weights sum to this takes no more marks, which keeps each side below 2^21.
    uint256 internal constant CLOSED_AT = 2_000_000;
    uint256 internal constant COUNT_MAX = 127;

    uint256 private constant SIDE_BITS = 21;
    uint256 private constant SIDE = (1 << SIDE_BITS) - 1;
    uint256 private constant COUNT_AT = 42;

    function make(uint256 pos, uint256 neg, uint256 marks) internal pure returns (Tally) {
        return Tally.wrap(pos | (neg << SIDE_BITS) | (marks << COUNT_AT));
    }

    function positive(Tally t) internal pure returns (uint256) {
        return Tally.unwrap(t) & SIDE;
    }

    function negative(Tally t) internal pure returns (uint256) {
        return (Tally.unwrap(t) >> SIDE_BITS) & SIDE;
    }

    function count(Tally t) internal pure returns (uint256) {
        return (Tally.unwrap(t) >> COUNT_AT) & COUNT_MAX;
    }

    function isClosed(Tally t) internal pure returns (bool) {
        unchecked {
            return t.positive() + t.negative() >= CLOSED_AT;
        }
    }

    /// @dev Malicious iff negative weight exceeds positive weight: a tie is honest (R9).
    function isMalicious(Tally t) internal pure returns (bool) {
        return t.negative() > t.positive();
    }

    /// @dev How far the verdict is from a toss-up, in basis points: 0 at a tie, all of it from three quarters of the
    /// weight on (R9).
    function clarity(Tally t) internal pure returns (uint256) {
        unchecked {
            (uint256 pos, uint256 neg) = (t.positive(), t.negative());
            if (pos == neg) return 0;
            uint256 margin = 20_000 * (pos > neg ? pos - neg : neg - pos) / (pos + neg);
            return margin > 10_000 ? 10_000 : margin;
        }
    }

    /// @dev What one mark adds to a tally that is not closed, wherever it stands in a word.
    function increment(Tally t, bool negativeMark, uint256 weight) internal pure returns (uint256) {
        unchecked {
            uint256 added = negativeMark ? weight << SIDE_BITS : weight;
            return t.count() == COUNT_MAX ? added : added | (1 << COUNT_AT);
        }
    }
}
