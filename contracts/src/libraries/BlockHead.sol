// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "./Bits.sol";

/// @dev A confirmation block's first word: who published it when, with what weight, and what became of it.
///
///   seat 24 | epoch 32 | weight 14 | positive 22 | negative 22 | count 8 | log position 40 | flags 8
///   | share 64 | rank 20
///
/// `rank`: its seat's in the roster of its epoch, by which its marks were assigned (R4).
/// The tally counts until the block is logged (R5); its log entry counts from then on, and a decision
/// copies the final tally back.
type BlockHead is uint256;

using BlockHeads for BlockHead global;

library BlockHeads {
    using Bits for uint256;

    uint256 internal constant LOGGED = 1;
    uint256 internal constant PASSED = 2;
    uint256 internal constant DECIDED = 4;
    uint256 internal constant MALICIOUS = 8;
    uint256 internal constant FINAL = 16;
    /// Gave a counted negative mark on a latest block: due one opened epoch later (R9).
    uint256 internal constant ACCUSER = 32;

    uint256 private constant FLAGS_AT = 162;

    function make(uint256 seat_, uint256 epoch_, uint256 weight_, uint256 rank_) internal pure returns (BlockHead) {
        return BlockHead.wrap(seat_ | (epoch_ << 24) | (weight_ << 56) | (rank_ << 234));
    }

    function exists(BlockHead head) internal pure returns (bool) {
        return BlockHead.unwrap(head) != 0;
    }

    function seat(BlockHead head) internal pure returns (uint32) {
        return uint32(BlockHead.unwrap(head).get(0, 24));
    }

    function epoch(BlockHead head) internal pure returns (uint32) {
        return uint32(BlockHead.unwrap(head) >> 24);
    }

    function weight(BlockHead head) internal pure returns (uint16) {
        return uint16(BlockHead.unwrap(head).get(56, 14));
    }

    function positive(BlockHead head) internal pure returns (uint256) {
        return BlockHead.unwrap(head).get(70, 22);
    }

    function negative(BlockHead head) internal pure returns (uint256) {
        return BlockHead.unwrap(head).get(92, 22);
    }

    function count(BlockHead head) internal pure returns (uint256) {
        return BlockHead.unwrap(head).get(114, 8);
    }

    function position(BlockHead head) internal pure returns (uint40) {
        return uint40(BlockHead.unwrap(head) >> 122);
    }

    function has(BlockHead head, uint256 flag) internal pure returns (bool) {
        return BlockHead.unwrap(head) & (flag << FLAGS_AT) != 0;
    }

    function rank(BlockHead head) internal pure returns (uint256) {
        return BlockHead.unwrap(head).get(234, 20);
    }

    /// @dev Neither decided nor honest for good; whether it is void the clock tells.
    function isOpen(BlockHead head) internal pure returns (bool) {
        return !head.has(DECIDED | FINAL);
    }

    function withFlag(BlockHead head, uint256 flag) internal pure returns (BlockHead) {
        return BlockHead.wrap(BlockHead.unwrap(head) | (flag << FLAGS_AT));
    }

    function withPosition(BlockHead head, uint256 position_) internal pure returns (BlockHead) {
        return BlockHead.wrap(BlockHead.unwrap(head).set(122, 40, position_));
    }

    function withTally(BlockHead head, uint256 pos, uint256 neg, uint256 marks) internal pure returns (BlockHead) {
        return BlockHead.wrap(BlockHead.unwrap(head).set(70, 52, pos | (neg << 22) | (marks << 44)));
    }

    /// @dev Adds one mark to the tally; the caller has checked that the count is below 255.
    function withMark(BlockHead head, bool negativeMark, uint256 markWeight) internal pure returns (BlockHead) {
        unchecked {
            return BlockHead.wrap(
                BlockHead.unwrap(head) + (markWeight << (negativeMark ? 92 : 70)) + (uint256(1) << 114)
            );
        }
    }
}
