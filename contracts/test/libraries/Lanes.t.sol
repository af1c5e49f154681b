// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Lanes} from "../../src/libraries/Lanes.sol";
import {TallyWords} from "../../src/libraries/SuspiciousLog.sol";
import {Tallies, Tally} from "../../src/libraries/Tally.sol";
import {Expectations} from "../support/Expectations.sol";

/// @dev Fields of a word worked on at once are held against loops over them.
contract LanesTest is Expectations {
    function testFuzz_sum_adds_all_places(uint256 word) public pure {
        uint256 sum;
        for (uint256 i; i < 64; ++i) {
            sum += (word >> (4 * i)) & 15;
        }
        equal(Lanes.sum(word), sum, "sum");
    }

    function test_sum_of_all_and_none() public pure {
        equal(Lanes.sum(type(uint256).max), 64 * 15, "the most");
        equal(Lanes.sum(Lanes.PLACES), 64, "one each");
        equal(Lanes.sum(0), 0, "none");
    }

    function testFuzz_highest_finds_the_highest_bit(uint256 word, uint8 shift) public pure {
        word = (word | (1 << 255)) >> shift;
        equal(Lanes.highest(word), 255 - uint256(shift), "bit");
        equal(Lanes.highest(uint256(1) << shift), shift, "alone");
    }

    /// A word that is not full has no tally that one more mark could close or whose count could overflow.
    function testFuzz_a_word_that_is_not_full_takes_a_mark_on_each_tally(uint256[5] memory tallies, uint8 top) public pure {
        uint256 word = uint256(top) << 248;
        bool tight;
        for (uint256 i; i < 5; ++i) {
            Tally t = Tally.wrap(tallies[i] & Tallies.MASK & ~(uint256(tallies[i] >> 255) << 20));
            word |= Tally.unwrap(t) << (49 * i);
            if (t.isClosed() || t.count() == 127) tight = true;
        }
        if (tight) isTrue(TallyWords.anyFull(word), "looked at one by one");
    }

    function testFuzz_valid_marks_at_once(uint256[5] memory tallies, uint8 marks_, uint8 entry_, uint16 weight_) public pure {
        uint256 entry = entry_ % 5;
        uint256 weight = within(weight_, 1, 10_000);
        uint256 word = 1 << 255;
        uint256 marks;
        uint256 expected = 1 << 255;
        for (uint256 i; i < 5; ++i) {
            Tally t = Tallies.make(tallies[i] % (1 << 20), (tallies[i] >> 32) % (1 << 19), (tallies[i] >> 64) % 127);
            word |= Tally.unwrap(t) << (49 * i);
            bool marked = i >= entry && (marks_ >> i) & 1 == 1;
            if (marked) {
                marks |= 1 << (4 * (i - entry));
                t = Tally.wrap(Tally.unwrap(t) + t.increment(false, weight));
            }
            expected |= Tally.unwrap(t) << (49 * i);
        }
        equal(TallyWords.withValid(word, entry, marks, weight), expected, "as one by one");
    }
}
