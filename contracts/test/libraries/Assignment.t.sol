// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Assignment, Places} from "../../src/libraries/Assignment.sol";
import {EpochHead, EpochHeads} from "../../src/libraries/EpochHead.sol";
import {Marking} from "../../src/libraries/Marking.sol";
import {Permutation} from "../../src/libraries/Permutation.sol";
import {Expectations} from "../support/Expectations.sol";

/// @dev R4: the permutation is one, coverage is even.
contract AssignmentTest is Expectations {
    mapping(uint256 place => uint256) private checks;

    function testFuzz_permutation_is_a_bijection(bytes32 seed, uint16 n_) public pure {
        uint256 n = within(n_, 1, 300);
        bool[] memory seen = new bool[](n);
        for (uint256 rank; rank < n; ++rank) {
            uint256 position = Permutation.position(seed, n, rank);
            isTrue(position < n, "in range");
            isFalse(seen[position], "once");
            seen[position] = true;
            equal(Permutation.rankAt(seed, n, position), rank, "inverse");
        }
    }

    function testFuzz_permutation_of_large_rosters_is_inverted(bytes32 seed, uint32 n_, uint32 rank_) public pure {
        uint256 n = within(n_, 1, 1 << 20);
        uint256 rank = within(rank_, 0, n - 1);
        uint256 position = Permutation.position(seed, n, rank);
        isTrue(position < n, "in range");
        equal(Permutation.rankAt(seed, n, position), rank, "inverse");
    }

    function test_seeds_permute_differently() public pure {
        uint256 moved;
        for (uint256 rank; rank < 100; ++rank) {
            if (Permutation.position("one", 100, rank) != Permutation.position("two", 100, rank)) ++moved;
        }
        isTrue(moved > 80, "moved");
    }

    /// Every entry gets at least c checks where there are c devices, and about 2c at most.
    function testFuzz_coverage_is_even_and_about_c(bytes32 seed, uint8 n_, uint8 k_, uint8 l2_, uint16 w_) public {
        uint256 n = within(n_, 1, 120);
        uint256 l2 = within(l2_, 2, 63);
        uint256 k = within(k_, l2, 90);
        uint256 fitted = Assignment.decisionMarks(k, n);
        uint256 c = Assignment.coverage(fitted);
        uint256 w = within(w_, 1, Assignment.capacity(n, l2, fitted));
        EpochHead head = EpochHeads.make(1, 0, n, 0, w, fitted, 2, l2);
        uint256 wide;
        for (uint256 rank; rank < n; ++rank) {
            Places memory places = Assignment.placesOf(head, seed, rank);
            wide = places.wide;
            isTrue(places.window <= l2 && places.window <= wide, "bounded");
            for (uint256 i; i < places.window; ++i) {
                ++checks[(places.first + i) % wide];
            }
        }
        equal(wide, w > (n + c - 1) / c ? w : (n + c - 1) / c, "W*");
        uint256 least = c < n ? c : n;
        for (uint256 place; place < w; ++place) {
            isTrue(checks[place] >= least, "at least c");
            isTrue(checks[place] <= 2 * c + 1, "about 2c at most");
        }
    }

    /// R12 asks how many places are not empty, without walking them.
    function testFuzz_assigned_counts_the_places_that_are_not_empty(
        bytes32 root,
        uint8 n_,
        uint8 k_,
        uint8 l2_,
        uint16 w_,
        uint8 rank_
    ) public pure {
        uint256 n = within(n_, 1, 200);
        uint256 l2 = within(l2_, 2, 62);
        uint256 fitted = Assignment.decisionMarks(within(k_, l2, 90), n);
        EpochHead head =
            EpochHeads.make(1, 0, n, 0, within(w_, 0, Assignment.capacity(n, l2, fitted)), fitted, 2, l2);
        Places memory places = Assignment.placesOf(head, root, within(rank_, 0, n - 1));
        uint256 counted = places.latest;
        for (uint256 i; i < places.window; ++i) {
            if ((places.first + i) % places.wide < head.windowSize()) ++counted;
        }
        equal(Assignment.assigned(head, places), counted, "assigned");
    }

    function testFuzz_given_counts_the_marks(uint256 marks) public pure {
        uint256 counted;
        for (uint256 i; i < 64; ++i) {
            if ((marks >> (4 * i)) & 15 != 0) ++counted;
        }
        equal(Marking.given(marks), counted, "given");
    }

    function test_given_of_none_one_and_all() public pure {
        equal(Marking.given(0), 0, "none");
        equal(Marking.given(type(uint256).max), 64, "all");
        for (uint256 bit; bit < 256; ++bit) {
            equal(Marking.given(uint256(1) << bit), 1, "one");
        }
    }

    function test_no_window_asks_nothing() public pure {
        Places memory places = Assignment.placesOf(EpochHeads.make(1, 0, 9, 0, 0, 8, 2, 40), "seed", 3);
        equal(places.window, 0, "window");
        equal(places.latest, 2, "latest");
    }

    function test_one_device_checks_nobody() public pure {
        equal(Assignment.placesOf(EpochHeads.make(1, 0, 1, 0, 0, 1, 2, 40), "seed", 0).latest, 0, "latest");
    }
}
