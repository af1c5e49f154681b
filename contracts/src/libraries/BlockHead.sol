// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "./Bits.sol";
import {Tallies, Tally} from "./Tally.sol";

/// @dev A confirmation block's first word: who published it when, with what weight, and what became of it.
///
///   seat 24 | epoch 32 | weight 14 | tally 49 | log position 40 | flags 8 | share or power 64 | rank 20
///
/// `rank`: its seat's in the roster of its epoch, by which its marks were assigned (R4).
/// The tally counts until the block is logged (R5); its log entry counts from then on, and a decision
/// copies the final tally back. An off block (R10) has no share: its power stands in that field.
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

    /// Its power deviates from the seat's verified power (R10).
    uint256 internal constant OFF = 64;

    uint256 private constant TALLY_AT = 70;
    uint256 private constant POSITION_AT = 119;
    uint256 private constant FLAGS_AT = 159;
    uint256 private constant SHARE_AT = 167;
    uint256 private constant RANK_AT = 231;

    function make(uint256 seat_, uint256 epoch_, uint256 weight_, uint256 rank_) internal pure returns (BlockHead) {
        return BlockHead.wrap(seat_ | (epoch_ << 24) | (weight_ << 56) | (rank_ << RANK_AT));
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

    function tally(BlockHead head) internal pure returns (Tally) {
        return Tally.wrap((BlockHead.unwrap(head) >> TALLY_AT) & Tallies.MASK);
    }

    function position(BlockHead head) internal pure returns (uint40) {
        return uint40(BlockHead.unwrap(head) >> POSITION_AT);
    }

    function has(BlockHead head, uint256 flag) internal pure returns (bool) {
        return BlockHead.unwrap(head) & (flag << FLAGS_AT) != 0;
    }

    /// @dev Its share of the epoch's pot (R12).
    function share(BlockHead head) internal pure returns (uint256) {
        return head.has(OFF) ? 0 : BlockHead.unwrap(head).get(SHARE_AT, 64);
    }

    /// @dev The power of an off block.
    function offPower(BlockHead head) internal pure returns (uint256) {
        return head.has(OFF) ? BlockHead.unwrap(head).get(SHARE_AT, 64) : 0;
    }

    function rank(BlockHead head) internal pure returns (uint256) {
        return BlockHead.unwrap(head).get(RANK_AT, 20);
    }

    /// @dev Neither decided nor honest for good; whether it is void the clock tells.
    function isOpen(BlockHead head) internal pure returns (bool) {
        return !head.has(DECIDED | FINAL);
    }

    function withFlag(BlockHead head, uint256 flag) internal pure returns (BlockHead) {
        return BlockHead.wrap(BlockHead.unwrap(head) | (flag << FLAGS_AT));
    }

    function withPosition(BlockHead head, uint256 position_) internal pure returns (BlockHead) {
        return BlockHead.wrap(BlockHead.unwrap(head).set(POSITION_AT, 40, position_));
    }

    function withTally(BlockHead head, Tally tally_) internal pure returns (BlockHead) {
        return BlockHead.wrap(BlockHead.unwrap(head).set(TALLY_AT, Tallies.BITS, Tally.unwrap(tally_)));
    }

    /// @dev Adds one mark to a tally that is not closed.
    function withMark(BlockHead head, bool negativeMark, uint256 markWeight) internal pure returns (BlockHead) {
        unchecked {
            return BlockHead.wrap(
                BlockHead.unwrap(head) + (head.tally().increment(negativeMark, markWeight) << TALLY_AT)
            );
        }
    }

    /// @dev For a head whose share is not set yet.
    function withShare(BlockHead head, uint256 share_) internal pure returns (BlockHead) {
        return BlockHead.wrap(BlockHead.unwrap(head) | (share_ << SHARE_AT));
    }

    /// @dev For a head whose share is not set yet.
    function withOffPower(BlockHead head, uint256 power) internal pure returns (BlockHead) {
        return head.withShare(power).withFlag(OFF);
    }
}
