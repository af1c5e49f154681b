// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev R4's permutation, keyed by an epoch's root, of 0..n−1: a Feistel network on 2h bits, h least with 4^h ≥ n, walked until the
/// image is below n.
library Permutation {
    /// With fewer, some pairs of ranks stand side by side noticeably more often than others.
    uint256 internal constant ROUNDS = 12;

    function position(bytes32 root, uint256 n, uint256 rank) internal pure returns (uint256 x) {
        unchecked {
            uint256 h = _halfBits(n);
            uint256 mask = (1 << h) - 1;
            uint256 preimage = _preimage(root);
            x = rank;
            do {
                uint256 left = x >> h;
                uint256 right = x & mask;
                for (uint256 i; i < ROUNDS; ++i) {
                    (left, right) = (right, left ^ (_round(preimage, i, right) & mask));
                }
                x = (left << h) | right;
            } while (x >= n);
        }
    }

    function rankAt(bytes32 root, uint256 n, uint256 position_) internal pure returns (uint256 x) {
        unchecked {
            uint256 h = _halfBits(n);
            uint256 mask = (1 << h) - 1;
            uint256 preimage = _preimage(root);
            x = position_;
            do {
                uint256 left = x >> h;
                uint256 right = x & mask;
                for (uint256 i = ROUNDS; i > 0; --i) {
                    (left, right) = (right ^ (_round(preimage, i - 1, left) & mask), left);
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

    /// @dev Memory for `abi.encode(root, i, half)`: its first word is written here, the other two by every round.
    function _preimage(bytes32 root) private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
            mstore(0x40, add(free, 0x60))
            mstore(free, root)
        }
    }

    function _round(uint256 preimage, uint256 i, uint256 half) private pure returns (uint256 digest) {
        assembly ("memory-safe") {
            mstore(add(preimage, 0x20), i)
            mstore(add(preimage, 0x40), half)
            digest := keccak256(preimage, 0x60)
        }
    }
}
