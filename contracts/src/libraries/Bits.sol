// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Fields of packed words. Callers bound what they store: a value wider than its field would spill.
library Bits {
    function get(uint256 word, uint256 offset, uint256 bits) internal pure returns (uint256) {
        unchecked {
            return (word >> offset) & ((1 << bits) - 1);
        }
    }

    function set(uint256 word, uint256 offset, uint256 bits, uint256 value) internal pure returns (uint256) {
        unchecked {
            uint256 mask = ((1 << bits) - 1) << offset;
            return (word & ~mask) | (value << offset);
        }
    }
}
