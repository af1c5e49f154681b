// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochHead} from "./EpochHead.sol";
import {Permutation} from "./Permutation.sol";

/// @dev What a device checks in an epoch (R4).
/// @param position p, its image under the epoch's permutation
/// @param latest L1', latest blocks at positions p+1 … p+L1'
/// @param first first window place
/// @param window L2', window places first … first+L2'−1 modulo `wide`
/// @param wide W*, window places including empty ones
struct Places {
    uint256 position;
    uint256 latest;
    uint256 first;
    uint256 window;
    uint256 wide;
}

/// @dev R4 and R5: who checks what. It follows from the root; nobody sends a transaction for it.
library Assignment {
    function placesOf(EpochHead head, bytes32 root, uint256 rank) internal pure returns (Places memory places) {
        unchecked {
            uint256 n = head.rosterSize();
            places.position = Permutation.position(root, n, rank);
            uint256 latest = head.latestChecks();
            places.latest = latest < n ? latest : n - 1;
            uint256 size = head.windowSize();
            if (size == 0) return places;
            uint256 c = coverage(head.decisionMarks());
            uint256 wide = (n + c - 1) / c;
            if (wide < size) wide = size;
            places.wide = wide;
            places.first = places.position * wide / n;
            uint256 window = head.suspiciousChecks();
            if (window > wide) window = wide;
            uint256 fair = (c * wide + n - 1) / n;
            places.window = window < fair ? window : fair;
        }
    }

    /// @dev Latest blocks and non-empty window places (R12).
    function assigned(EpochHead head, Places memory places) internal pure returns (uint256) {
        unchecked {
            uint256 size = head.windowSize();
            if (size == places.wide) return places.latest + places.window;
            uint256 end = places.first + places.window;
            uint256 wrapped = end > places.wide ? end - places.wide : 0;
            uint256 straight = (end < size ? end : size);
            straight = straight > places.first ? straight - places.first : 0;
            return places.latest + straight + (wrapped < size ? wrapped : size);
        }
    }

    /// @dev The rank of the i-th latest block to check, from 0.
    function latestRank(EpochHead head, bytes32 root, Places memory places, uint256 i)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256 n = head.rosterSize();
            return Permutation.rankAt(root, n, (places.position + 1 + i) % n);
        }
    }

    /// @dev The ranks of all latest blocks to check, in order of place.
    function latestRanks(EpochHead head, bytes32 root, Places memory places)
        internal
        pure
        returns (uint256[] memory ranks)
    {
        unchecked {
            ranks = new uint256[](places.latest);
            for (uint256 i; i < ranks.length; ++i) {
                ranks[i] = latestRank(head, root, places, i);
            }
        }
    }

    /// @dev K_e: the marks that decide, fitted to the largest roster of late (R5).
    function decisionMarks(uint256 marks, uint256 largestRoster) internal pure returns (uint256) {
        unchecked {
            uint256 others = largestRoster > 1 ? largestRoster - 1 : 1;
            return marks < others ? marks : others;
        }
    }

    /// @dev c: the checks that a window entry is to get, a tenth above K_e (R4).
    function coverage(uint256 decisionMarks_) internal pure returns (uint256) {
        unchecked {
            return (11 * decisionMarks_ + 9) / 10;
        }
    }

    /// @dev Window entries that a roster can bring to c marks each (R5).
    function capacity(uint256 rosterSize, uint256 suspiciousChecks, uint256 decisionMarks_)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            if (rosterSize == 0) return 0;
            uint256 entries = rosterSize * suspiciousChecks / coverage(decisionMarks_);
            return entries == 0 ? 1 : entries;
        }
    }
}
