// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation} from "../../src/interfaces/IProofOfAttestation.sol";
import {BlockHeads} from "../../src/libraries/BlockHead.sol";
import {Permutation} from "../../src/libraries/Permutation.sol";
import {Expectations} from "../support/Expectations.sol";
import {RoomHarness} from "../support/RoomHarness.sol";

/// @dev R4, R5, R7 where they touch packed words: marks in each fifth of a word, wraps, closed tallies, what is ignored.
contract MarkingTest is Expectations {
    RoomHarness private room;

    uint32 private constant EPOCH = 5_000;
    uint64 private constant RING = 640;
    uint256 private constant WEIGHT = 8_100;
    bytes32 private constant SEED = "seed";

    function setUp() public {
        room = new RoomHarness();
        room.setClock(EPOCH, 16, RING);
    }

    /// @dev `n` logged entries of the last epoch, and a window over them for one device of rank 0.
    function window(uint256 skipped, uint256 n) private {
        for (uint256 i; i < skipped; ++i) {
            room.append(EPOCH - 1, 900 + i % 50, 0, 0, 0);
        }
        for (uint256 i; i < n; ++i) {
            room.append(EPOCH - 1, i, 11, 22, 3);
        }
        room.setEpoch(EPOCH - 1, 1, skipped, n, 1, 2, 40, SEED);
    }

    function expectEntry(uint256 position, uint256 positive, uint256 negative, uint256 count) private view {
        (,, uint256 pos, uint256 neg, uint256 marks) = room.entryAt(position);
        equal(pos, positive, string.concat("positive at ", vm.toString(position)));
        equal(neg, negative, string.concat("negative at ", vm.toString(position)));
        equal(marks, count, string.concat("count at ", vm.toString(position)));
    }

    /// All five fifths of a word, from each offset, each mark alone: its entry changes, no other.
    function test_window_marks_in_each_fifth_of_a_word() public {
        for (uint256 skipped; skipped < 5; ++skipped) {
            for (uint256 place; place < 7; ++place) {
                for (uint256 mark = 1; mark <= 6; mark += 5) {
                    setUp();
                    window(skipped, 7);
                    (uint256 counted,) = room.mark(1, 0, WEIGHT, mark << (4 * place));
                    equal(counted, mark << (4 * place), "counted");
                    for (uint256 i; i < 7; ++i) {
                        bool it = i == place;
                        expectEntry(
                            skipped + i,
                            11 + (it && mark == 1 ? WEIGHT : 0),
                            22 + (it && mark != 1 ? WEIGHT : 0),
                            it ? 4 : 3
                        );
                    }
                }
            }
        }
    }

    function test_window_marks_all_at_once() public {
        window(2, 7);
        room.mark(1, 0, WEIGHT, 0x1312101);
        uint256[7] memory marks = [uint256(1), 0, 1, 2, 1, 3, 1];
        for (uint256 i; i < 7; ++i) {
            bool asked = marks[i] != 0;
            expectEntry(2 + i, 11 + (marks[i] == 1 ? WEIGHT : 0), 22 + (marks[i] > 1 ? WEIGHT : 0), asked ? 4 : 3);
        }
    }

    /// A device that starts late in the window goes on at its beginning.
    function test_window_wraps() public {
        for (uint256 i; i < 8; ++i) {
            room.append(EPOCH - 1, i, 0, 0, 0);
        }
        // N = 4, K_e = 3, c = 4: each device checks all eight places, from position·2.
        room.setEpoch(EPOCH - 1, 4, 0, 8, 3, 2, 40, SEED);
        for (uint256 i; i < 4; ++i) {
            room.putBlock(10 + i, EPOCH - 1, i);
        }
        for (uint256 rank; rank < 4; ++rank) {
            uint256 first = Permutation.position(SEED, 4, rank) * 2;
            // Third window place alone: latest places are two.
            room.mark(10 + rank, rank, 1 << rank, uint256(1) << (4 * (2 + 3)));
            (,, uint256 positive,,) = room.entryAt((first + 3) % 8);
            equal(positive & (1 << rank), 1 << rank, "at (first + 3) mod 8");
        }
    }

    /// The window's ring begins anew in the middle of a window.
    function test_ring_wraps_within_a_window() public {
        window(RING - 4, 9);
        equal(room.append(EPOCH - 1, 70, 0, 0, 0), RING + 5, "positions go on");
        room.mark(1, 0, WEIGHT, 0x111111111);
        for (uint256 i; i < 9; ++i) {
            expectEntry(RING - 4 + i, 11 + WEIGHT, 22, 4);
        }
        expectEntry(RING + 5, 0, 0, 0);
    }

    /// An entry of a new lap inherits nothing: neither tally nor id nor outcome.
    function test_a_new_lap_inherits_nothing() public {
        for (uint256 i; i < RING; ++i) {
            room.append(EPOCH - 1, i, 2_097_151, 2_097_151, 127);
            room.setOutcome(i, 1 + i % 15);
        }
        for (uint256 i; i < RING; ++i) {
            uint40 position = room.append(EPOCH, i, i, 2 * i, i % 128);
            expectEntry(position, i, 2 * i, i % 128);
            expectBlock(position, 0, i);
            equal(room.idAt(position), ((EPOCH % 4096) << 20) | i, "id");
            equal(room.outcomeAt(position), 0, "outcome");
            if (i > 0) {
                expectBlock(position - 1, 0, i - 1);
                expectEntry(position - 1, i - 1, 2 * (i - 1), (i - 1) % 128);
            }
            room.setOutcome(position, 15 - i % 15);
            if (i > 0) equal(room.outcomeAt(position - 1), 15 - (i - 1) % 15, "outcome before stays");
        }
    }

    function expectBlock(uint256 position, uint256 age, uint256 order) private view {
        (uint256 age_, uint256 order_,,,) = room.entryAt(position);
        equal(age_, age, string.concat("age at ", vm.toString(position)));
        equal(order_, order, string.concat("order at ", vm.toString(position)));
    }

    /// Ids stand eight to a word and tallies five: each entry has its own of both.
    function test_ids_and_tallies_of_different_words_belong_together() public {
        for (uint256 i; i < 45; ++i) {
            room.append(EPOCH - i % 7, 1_000 + i, 3 * i, 5 * i, i);
        }
        for (uint256 i; i < 45; ++i) {
            expectBlock(i, i % 7, 1_000 + i);
            expectEntry(i, 3 * i, 5 * i, i);
        }
    }

    /// R7: what reaches 2000000 closes the tally, and takes no more.
    function test_marks_on_a_closed_tally_are_not_counted() public {
        for (uint256 place; place < 5; ++place) {
            setUp();
            for (uint256 i; i < 5; ++i) {
                room.append(EPOCH - 1, i, 100, 0, i == place ? 120 : 10);
            }
            for (uint256 i; i < 5; ++i) {
                if (i == place) isTrue(room.addMark(i, false, 1_999_899 - WEIGHT + 1), "below");
            }
            expectEntry(place, 2_000_000 - WEIGHT, 0, 121);
            room.setEpoch(EPOCH - 1, 1, 0, 5, 1, 2, 40, SEED);
            (uint256 counted,) = room.mark(1, 0, WEIGHT, 0x22222);
            equal(counted, 0x22222, "the mark that closes it counts");
            expectEntry(place, 2_000_000 - WEIGHT, WEIGHT, 122);
            (counted,) = room.mark(2, 0, WEIGHT, 0x22222);
            equal(counted, 0x22222 & ~(uint256(15) << (4 * place)), "the next does not");
            expectEntry(place, 2_000_000 - WEIGHT, WEIGHT, 122);
            expectEntry((place + 1) % 5, 100, 2 * WEIGHT, 12);
            isFalse(room.addMark(place, true, 1), "nor from elsewhere");
            isTrue(room.addMark((place + 1) % 5, true, 1), "its neighbour does");
        }
    }

    /// One below the bound is not closed, whatever the mark weighs.
    function test_the_last_mark_may_exceed_the_bound() public {
        room.append(EPOCH - 1, 0, 1_000_000, 999_999, 100);
        room.append(EPOCH - 1, 1, 0, 0, 0);
        room.setEpoch(EPOCH - 1, 1, 0, 2, 1, 2, 40, SEED);
        (uint256 counted,) = room.mark(1, 0, 10_000, 0x12);
        equal(counted, 0x12, "both");
        expectEntry(0, 1_000_000, 1_009_999, 101);
        expectEntry(1, 10_000, 0, 1);
    }

    /// The number of marks stays at 127, and their weights go on counting.
    function test_number_of_marks_stays_at_127_and_weights_count_on() public {
        room.append(EPOCH - 1, 0, 100, 0, 126);
        room.setEpoch(EPOCH - 1, 1, 0, 1, 1, 2, 40, SEED);
        for (uint256 i = 1; i <= 3; ++i) {
            (uint256 counted,) = room.mark(i, 0, WEIGHT, 2);
            equal(counted, 2, "counts");
            expectEntry(0, 100, i * WEIGHT, 127);
        }
    }

    function test_marks_on_a_closed_latest_block_are_not_counted() public {
        uint256[2] memory positives = [uint256(1_999_999), 2_000_000];
        for (uint256 i; i < 2; ++i) {
            for (uint256 logged_; logged_ < 2; ++logged_) {
                setUp();
                room.setEpoch(EPOCH - 1, 2, 0, 0, 1, 1, 40, SEED);
                room.putBlock(10, EPOCH - 1, 0);
                room.putBlock(11, EPOCH - 1, 1);
                room.setTally(EPOCH - 1, 1, positives[i], 0, 127);
                if (logged_ == 1) room.logBlock(EPOCH - 1, 1);
                (uint256 counted, bool accuser) = room.mark(10, 0, WEIGHT, 2);
                equal(counted, i == 0 ? 2 : 0, "counted");
                isTrue(accuser == (i == 0), "accusation");
                (uint256 positive,, uint256 count, bool logged) = room.tallyOf(EPOCH - 1, 1);
                equal(positive, positives[i], "tally");
                equal(count, 127, "count");
                isTrue(logged == (i == 0 || logged_ == 1), "logged by what counts alone");
            }
        }
    }

    function test_own_entry_is_ignored() public {
        room.putBlock(10, EPOCH - 1, 2);
        for (uint256 i; i < 4; ++i) {
            if (i == 2) room.logBlock(EPOCH - 1, 2);
            else room.append(EPOCH - 1, i, 0, 0, 0);
        }
        room.setEpoch(EPOCH - 1, 1, 0, 4, 1, 2, 40, SEED);
        (uint256 counted,) = room.mark(10, 0, WEIGHT, 0x1111);
        equal(counted, 0x1011, "all but its own");
        expectEntry(2, 0, 0, 0);
        (counted,) = room.mark(11, 0, WEIGHT, 0x1111);
        equal(counted, 0x1111, "another's marks count there");
    }

    /// Same order, another epoch: not its own.
    function test_an_entry_of_the_same_order_of_another_epoch_is_not_its_own() public {
        room.putBlock(10, EPOCH - 2, 2);
        room.putBlock(10, EPOCH - 1, 3);
        room.logBlock(EPOCH - 2, 2);
        room.append(EPOCH - 1, 2, 0, 0, 0);
        room.setEpoch(EPOCH - 1, 1, 0, 2, 1, 2, 40, SEED);
        (uint256 counted,) = room.mark(10, 0, WEIGHT, 0x11);
        equal(counted, 0x10, "only the other");
    }

    function test_void_entries_are_ignored() public {
        room.append(EPOCH - 16, 0, 0, 0, 0);
        room.append(EPOCH - 15, 0, 0, 0, 0);
        room.append(EPOCH - 17, 0, 0, 0, 0);
        room.append(EPOCH - 4095, 0, 0, 0, 0);
        room.setEpoch(EPOCH - 1, 1, 0, 4, 1, 2, 40, SEED);
        (uint256 counted,) = room.mark(10, 0, WEIGHT, 0x2222);
        equal(counted, 0x0020, "only the living");
        expectEntry(0, 0, 0, 0);
        expectEntry(1, 0, WEIGHT, 1);
        expectEntry(3, 0, 0, 0);
    }

    /// Wherever in a word the void one stands, and whatever stands beside it; one epoch before, it counts.
    function testFuzz_void_entries_are_ignored_in_each_place(uint256 dice) public {
        uint256 voids;
        uint256 marks;
        for (uint256 i; i < 12; ++i) {
            uint256 age = (dice >> (8 * i)) % 4 == 0 ? 15 + (dice >> (8 * i + 4)) % 3 : 1;
            room.append(EPOCH - age, i, 0, 0, 0);
            if (age >= 16) voids |= uint256(15) << (4 * i);
            marks |= uint256(1 + (dice >> (96 + i)) % 2) << (4 * i);
        }
        room.setEpoch(EPOCH - 1, 1, 0, 12, 1, 2, 40, SEED);
        (uint256 counted,) = room.mark(10, 0, WEIGHT, marks);
        equal(counted, marks & ~voids, "all but the void");
        for (uint256 i; i < 12; ++i) {
            uint256 mark = (marks & ~voids) >> (4 * i) & 15;
            expectEntry(i, mark == 1 ? WEIGHT : 0, mark > 1 ? WEIGHT : 0, mark == 0 ? 0 : 1);
        }
    }

    /// Where a window place was assigned twice over the word's end, and the window's.
    /// Many valid marks are added at once where no tally is near its bounds, others one by one: both come to what a mark
    /// alone would do.
    /// forge-config: default.fuzz.runs = 512
    function testFuzz_marks_at_once_are_marks_one_by_one(uint256 dice, uint16 weight_, uint8 skipped) public {
        uint256 weight = within(weight_, 2_500, 10_000);
        uint256[3][11] memory tallies;
        uint256 first = skipped % 5;
        for (uint256 i; i < first; ++i) {
            room.append(EPOCH - 1, 900 + i, 1_999_999, 0, 127);
        }
        for (uint256 i; i < 11; ++i) {
            tallies[i] = someTally(uint256(keccak256(abi.encode(dice, i))));
            room.append(EPOCH - 1, i, tallies[i][0], tallies[i][1], tallies[i][2]);
        }
        room.setEpoch(EPOCH - 1, 1, first, 11, 1, 2, 40, SEED);
        uint256 marks;
        uint256 expected;
        for (uint256 i; i < 11; ++i) {
            uint256 mark = (dice >> (8 * i)) % 4 == 0 ? (dice >> (8 * i + 2)) % 7 : (dice >> 248) % 2;
            marks |= mark << (4 * i);
            if (mark == 0 || tallies[i][0] + tallies[i][1] >= 2_000_000) continue;
            expected |= mark << (4 * i);
            tallies[i][mark == 1 ? 0 : 1] += weight;
            if (tallies[i][2] < 127) ++tallies[i][2];
        }
        (uint256 counted,) = room.mark(1, 0, weight, marks);
        equal(counted, expected, "counted");
        for (uint256 i; i < first; ++i) {
            expectEntry(i, 1_999_999, 0, 127);
        }
        for (uint256 i; i < 11; ++i) {
            expectEntry(first + i, tallies[i][0], tallies[i][1], tallies[i][2]);
        }
    }

    /// @dev Mostly like any, sometimes about a power of two, the bound, or the greatest count.
    function someTally(uint256 dice) private pure returns (uint256[3] memory tally) {
        uint256[6] memory edges =
            [uint256(0), 1 << 19, 1 << 20, (1 << 19) + (1 << 18), 1_000_000, 2_000_000];
        for (uint256 side; side < 2; ++side) {
            uint256 edge = edges[(dice >> 8) % 6];
            tally[side] = edge + 3 < (dice >> 16) % 8 ? 0 : edge + 3 - (dice >> 16) % 8 % (edge + 4);
            if ((dice >> 24) % 2 == 0) tally[side] = (dice >> 32) % 40_000;
            dice >>= 64;
        }
        if (tally[0] + tally[1] > 2_009_999) tally[1] = tally[0] > 2_009_999 ? 0 : 2_009_999 - tally[0];
        tally[2] = (dice >> 8) % 3 == 0 ? 124 + dice % 4 : dice % 60;
    }

    function test_places_of_both_ends_of_a_window_in_one_word() public {
        for (uint256 i; i < 4; ++i) {
            room.append(EPOCH - 1, i, 0, 0, 0);
        }
        // N = 4, K_e = 3, c = 4: each device checks all four places, from its position on, in one word.
        room.setEpoch(EPOCH - 1, 4, 0, 4, 3, 1, 40, SEED);
        for (uint256 i; i < 4; ++i) {
            room.putBlock(10 + i, EPOCH - 1, i);
        }
        for (uint256 rank; rank < 4; ++rank) {
            (uint256 counted,) = room.mark(10 + rank, rank, WEIGHT, 0x11110);
            equal(counted, 0x11110, "all four");
        }
        for (uint256 i; i < 4; ++i) {
            expectEntry(i, 4 * WEIGHT, 0, 4);
        }
    }

    /// A block that is latest and in the window is marked once, where it was met first.
    function test_an_entry_met_earlier_is_ignored() public {
        room.putBlock(10, EPOCH - 1, 0);
        room.putBlock(11, EPOCH - 1, 1);
        room.append(EPOCH - 2, 50, 0, 0, 0);
        room.logBlock(EPOCH - 1, 1);
        room.setEpoch(EPOCH - 1, 2, 0, 2, 1, 1, 40, SEED);
        (uint256 counted, bool accuser) = room.mark(10, 0, WEIGHT, windowMarks(0, 2, 1, 1));
        equal(counted & 15, 2, "where it was met first");
        isTrue(accuser, "against a latest block");
        expectEntry(1, 0, WEIGHT, 1);
        // Even where the first mark abstained.
        room.mark(10, 0, WEIGHT, windowMarks(0, 0, 1, 1));
        expectEntry(1, 0, WEIGHT, 1);
    }

    /// @dev A word of one latest mark and two window marks, laid by entry position for `rank`.
    function windowMarks(uint256 rank, uint256 latest, uint256 zeroth, uint256 first) private pure returns (uint256) {
        // N = 2, W = 2, K_e = 1, c = 2: both places, from position·1.
        bool swapped = Permutation.position(SEED, 2, rank) == 1;
        return latest | ((swapped ? first : zeroth) << 4) | ((swapped ? zeroth : first) << 8);
    }

    function test_marks_on_empty_places_revert() public {
        room.append(EPOCH - 1, 0, 0, 0, 0);
        // N = 12, K_e = 3, c = 4: one entry, widened to three places, of which two are empty.
        room.setEpoch(EPOCH - 1, 12, 0, 1, 3, 1, 40, SEED);
        for (uint256 i; i < 12; ++i) {
            room.putBlock(10 + i, EPOCH - 1, i);
        }
        uint256 full;
        for (uint256 rank; rank < 12; ++rank) {
            bool empty = Permutation.position(SEED, 12, rank) * 3 / 12 != 0;
            if (empty) {
                vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.MarkUnassigned.selector, 0x10));
            } else {
                ++full;
            }
            room.mark(10 + rank, rank, WEIGHT, 0x10);
        }
        equal(full, 4, "c devices check the entry");
    }

    /// Weightless markers are held to their assignment, too.
    function test_marks_on_empty_places_revert_even_without_weight() public {
        room.setEpoch(EPOCH - 1, 2, 0, 0, 1, 1, 40, SEED);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.MarkUnassigned.selector, 0x10));
        room.mark(10, 0, 0, 0x10);
    }

    function test_marks_on_decided_and_final_latest_blocks_are_ignored() public {
        uint256[2] memory flags = [BlockHeads.DECIDED, BlockHeads.FINAL];
        for (uint256 i; i < 2; ++i) {
            setUp();
            room.setEpoch(EPOCH - 1, 2, 0, 0, 1, 1, 40, SEED);
            room.putBlock(10, EPOCH - 1, 0);
            room.putBlock(11, EPOCH - 1, 1);
            room.setFlag(EPOCH - 1, 1, flags[i]);
            (uint256 counted, bool accuser) = room.mark(10, 0, WEIGHT, 2);
            equal(counted, 0, "ignored");
            isFalse(accuser, "no accusation");
            (,, uint256 count, bool logged) = room.tallyOf(EPOCH - 1, 1);
            equal(count, 0, "tally");
            isFalse(logged, "log");
        }
    }

    function test_marks_without_weight_change_nothing() public {
        window(0, 3);
        (uint256 counted, bool accuser) = room.mark(1, 0, 0, 0x212);
        equal(counted, 0, "counted");
        isFalse(accuser, "accuser");
        for (uint256 i; i < 3; ++i) {
            expectEntry(i, 11, 22, 3);
        }
    }

    /// One tally a block: a latest block that is logged is marked in its log entry.
    function test_a_logged_latest_block_is_marked_in_its_entry() public {
        room.setEpoch(EPOCH - 1, 2, 0, 0, 1, 1, 40, SEED);
        room.putBlock(10, EPOCH - 1, 0);
        room.putBlock(11, EPOCH - 1, 1);
        room.setTally(EPOCH - 1, 1, 5, 6, 2);
        uint40 position = room.logBlock(EPOCH - 1, 1);
        expectEntry(position, 5, 6, 2);
        room.mark(10, 0, WEIGHT, 1);
        expectEntry(position, 5 + WEIGHT, 6, 3);
        (uint256 positive,, uint256 count,) = room.tallyOf(EPOCH - 1, 1);
        equal(positive, 5, "record untouched");
        equal(count, 2, "record untouched");
    }

    function test_a_negative_mark_logs_a_latest_block_with_its_tally() public {
        room.setEpoch(EPOCH - 1, 2, 0, 0, 1, 1, 40, SEED);
        room.putBlock(10, EPOCH - 1, 0);
        room.putBlock(11, EPOCH - 1, 1);
        room.setTally(EPOCH - 1, 1, 5_000, 0, 1);
        (, bool accuser) = room.mark(10, 0, WEIGHT, 4);
        isTrue(accuser, "accuser");
        (,,, bool logged) = room.tallyOf(EPOCH - 1, 1);
        isTrue(logged, "logged");
        expectEntry(0, 5_000, WEIGHT, 2);
    }
}
