// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev R4's seeded permutation of 0..n−1: a Feistel network on 2h bits, h least with 4^h ≥ n, walked until the
/// image is below n.
library Permutation {
    function position(bytes32 seed, uint256 n, uint256 rank) internal pure returns (uint256 x) {
        unchecked {
            uint256 h = _halfBits(n);
            uint256 mask = (1 << h) - 1;
            x = rank;
            do {
                uint256 left = x >> h;
                uint256 right = x & mask;
                for (uint256 i; i < 4; ++i) {
                    (left, right) = (right, left ^ (_round(seed, i, right) & mask));
                }
                x = (left << h) | right;
            } while (x >= n);
        }
    }

    function rankAt(bytes32 seed, uint256 n, uint256 position_) internal pure returns (uint256 x) {
        unchecked {
            uint256 h = _halfBits(n);
            uint256 mask = (1 << h) - 1;
            x = position_;
            do {
                uint256 left = x >> h;
                uint256 right = x & mask;
                for (uint256 i = 4; i > 0; --i) {
                    (left, right) = (right ^ (_round(seed, i - 1, left) & mask), left);
                }
                x = (left << h) | right;
            } while (x >= n);
        }
    }

    function _halfBits(uint256 n) private pure returns (uint256 h) {
        unchecked {
            while ((uint256(1) << (2 * h)) < n) ++h;
        }
    }

    function _round(bytes32 seed, uint256 i, uint256 half) private pure returns (uint256 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, seed)
            mstore(add(free, 0x20), i)
            mstore(add(free, 0x40), half)
            digest := keccak256(free, 0x60)
        }
    }
}
