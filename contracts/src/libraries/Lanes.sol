// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Many small fields of one word, worked on at once.
library Lanes {
    /// The lowest bit of each of 64 places of four bits.
    uint256 internal constant PLACES = 0x1111111111111111111111111111111111111111111111111111111111111111;

    /// @dev What the 64 places of four bits add up to.
    function sum(uint256 places) internal pure returns (uint256) {
        unchecked {
            // Pairs of places into bytes, pairs of bytes into 16 bits, then all of these into the topmost: 64 · 15 fit.
            uint256 nibbles = 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            uint256 halves = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            places = (places & nibbles) + ((places >> 4) & nibbles);
            places = (places & halves) + ((places >> 8) & halves);
            return (places * (halves / 0xff)) >> 240;
        }
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
