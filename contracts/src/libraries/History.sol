// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "./Bits.sol";

/// @dev A seat's blocks of the last 40 epochs, one bit an epoch, bit a standing for the epoch `last − a` (R14).
///
///   published 40 | open 40 | logged and undecided 40 | passed 40 | last epoch + 1 32 | last good epoch + 1 32
///   | seen index 32
///
/// `seen index`: number of opened epochs when the seat last published, for the rule of absence (R1).
/// Publishing shifts the bits, so that those of void blocks fall out by themselves; what became void since
/// the last publication is masked when read.
type History is uint256;

using Histories for History global;

library Histories {
    using Bits for uint256;

    uint256 internal constant PUBLISHED = 0;
    uint256 internal constant OPEN = 40;
    uint256 internal constant UNDECIDED = 80;
    uint256 internal constant PASSED = 120;

    /// @dev Bounds `retentionEpochs`.
    uint256 internal constant WIDTH = 40;

    uint256 private constant LAST_AT = 160;
    uint256 private constant GOOD_AT = 192;
    uint256 private constant SEEN_AT = 224;

    function hasPublished(History h) internal pure returns (bool) {
        return uint32(History.unwrap(h) >> LAST_AT) != 0;
    }

    /// @dev Only meaningful if `hasPublished`.
    function last(History h) internal pure returns (uint32) {
        unchecked {
            return uint32(History.unwrap(h) >> LAST_AT) - 1;
        }
    }

    function hasGood(History h) internal pure returns (bool) {
        return uint32(History.unwrap(h) >> GOOD_AT) != 0;
    }

    /// @dev Epoch of the newest passed or honest block; only meaningful if `hasGood`.
    function lastGood(History h) internal pure returns (uint32) {
        unchecked {
            return uint32(History.unwrap(h) >> GOOD_AT) - 1;
        }
    }

    /// @dev The bits of `kind`, those of blocks void at `epoch` masked.
    function live(History h, uint256 kind, uint256 epoch, uint256 retention) internal pure returns (uint256) {
        unchecked {
            if (!h.hasPublished()) return 0;
            uint256 last_ = h.last();
            uint256 gap = epoch > last_ ? epoch - last_ : 0;
            if (gap >= retention) return 0;
            return History.unwrap(h).get(kind, retention - gap);
        }
    }

    /// @dev Whether `kind`'s bit is set for `epoch`, which must not be void.
    function isSet(History h, uint256 kind, uint256 epoch) internal pure returns (bool) {
        unchecked {
            if (!h.hasPublished()) return false;
            uint256 last_ = h.last();
            if (epoch > last_ || last_ - epoch >= WIDTH) return false;
            return (History.unwrap(h) >> (kind + last_ - epoch)) & 1 != 0;
        }
    }

    function with(History h, uint256 kind, uint256 epoch) internal pure returns (History) {
        unchecked {
            return History.wrap(History.unwrap(h) | (uint256(1) << (kind + h.last() - epoch)));
        }
    }

    function without(History h, uint256 kind, uint256 epoch) internal pure returns (History) {
        unchecked {
            return History.wrap(History.unwrap(h) & ~(uint256(1) << (kind + h.last() - epoch)));
        }
    }

    function withGood(History h, uint256 epoch) internal pure returns (History) {
        unchecked {
            if (uint32(History.unwrap(h) >> GOOD_AT) > epoch) return h;
            return History.wrap(History.unwrap(h).set(GOOD_AT, 32, epoch + 1));
        }
    }

    function seenIndex(History h) internal pure returns (uint32) {
        return uint32(History.unwrap(h) >> SEEN_AT);
    }

    function withSeenIndex(History h, uint256 index) internal pure returns (History) {
        return History.wrap(History.unwrap(h).set(SEEN_AT, 32, index));
    }

    /// @dev Adds an open block of `epoch`, later than any before.
    function withBlock(History h, uint256 epoch) internal pure returns (History) {
        unchecked {
            uint256 word = History.unwrap(h);
            uint256 gap = h.hasPublished() ? epoch - h.last() : WIDTH;
            uint256 shifted = (epoch + 1) << LAST_AT;
            if (gap < WIDTH) {
                uint256 keep = WIDTH - gap;
                shifted |= word.get(PUBLISHED, keep) << (PUBLISHED + gap);
                shifted |= word.get(OPEN, keep) << (OPEN + gap);
                shifted |= word.get(UNDECIDED, keep) << (UNDECIDED + gap);
                shifted |= word.get(PASSED, keep) << (PASSED + gap);
            }
            shifted |= (word >> GOOD_AT) << GOOD_AT;
            return History.wrap(shifted | (1 << PUBLISHED) | (1 << OPEN));
        }
    }
}
