// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Many small fields of one word, worked on at once.
library Lanes {
    /// The lowest bit of each of 64 places of four bits.
    uint256 internal constant PLACES = 0x1111111111111111111111111111111111111111111111111111111111111111;

    /// @dev How many of the 64 places have their lowest bit set; other bits must be clear.
    function count(uint256 ones) internal pure returns (uint256) {
        unchecked {
            // Pairs of places into bytes, then all bytes into the topmost.
            uint256 bytesMask = 0x0101010101010101010101010101010101010101010101010101010101010101;
            ones = (ones & bytesMask) + ((ones >> 4) & bytesMask);
            return (ones * bytesMask) >> 248;
        }
    }

    /// @dev 64 fields of two bits, each into a place of four bits.
    function spread(uint256 pairs) internal pure returns (uint256 x) {
        x = pairs & type(uint128).max;
        x = (x | (x << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        x = (x | (x << 32)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        x = (x | (x << 16)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        x = (x | (x << 8)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        x = (x | (x << 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
        x = (x | (x << 2)) & 0x3333333333333333333333333333333333333333333333333333333333333333;
    }

    /// @dev The place of the highest bit of a word that is not zero.
    function highest(uint256 x) internal pure returns (uint256 bit) {
        unchecked {
            for (uint256 half = 128; half != 0; half >>= 1) {
                if (x >> half != 0) (x, bit) = (x >> half, bit + half);
            }
        }
    }
}
