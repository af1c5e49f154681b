// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, EpochView, IProofOfAttestation, Publication} from "../src/interfaces/IProofOfAttestation.sol";
import {Assignment, Places} from "../src/libraries/Assignment.sol";
import {EpochHead, EpochHeads} from "../src/libraries/EpochHead.sol";
import {Permutation} from "../src/libraries/Permutation.sol";
import {Expectations} from "./support/Expectations.sol";
import {NetworkFixture} from "./support/NetworkFixture.sol";

/// @dev R4, pure: the permutation is one, coverage is even.
contract R4PermutationTest is Expectations {
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

    /// Every entry gets at least c checks where there are c devices and L2 suffices, and about 2c at most.
    function testFuzz_coverage_is_even_and_about_c(bytes32 seed, uint8 n_, uint8 k_, uint8 l2_, uint16 w_) public {
        uint256 n = within(n_, 1, 120);
        uint256 l2 = within(l2_, 1, 63);
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
        // Empty places dilute what a small L2 can bring: never so far that no decision is possible.
        if (l2 < (c * wide + n - 1) / n) least = n * l2 / wide < least ? n * l2 / wide : least;
        isTrue(2 * least >= fitted, "enough to decide");
        for (uint256 place; place < w; ++place) {
            isTrue(checks[place] >= least, "at least c");
            isTrue(checks[place] <= 2 * c + 1, "about 2c at most");
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

/// @dev R4 on a network.
contract R4AssignmentTest is NetworkFixture {
    mapping(uint256 order => uint256) private checked;

    function setUp() public {
        deploy(9);
    }

    function test_each_latest_block_gets_exactly_L1_checks_and_nobody_its_own() public {
        runEpochs(3);
        openAndSeed();
        for (uint32 seat = 1; seat <= 9; ++seat) {
            (bool ranked, uint32 rank, BlockRef[] memory latest,) = network.assignmentOf(seat);
            isTrue(ranked, "ranked");
            equal(network.blockOf(2, rank).seat, seat, "rank is the order in the roster's epoch");
            equal(latest.length, 2, "L1");
            for (uint256 i; i < latest.length; ++i) {
                equal(latest[i].epoch, 2, "of the roster");
                isTrue(network.blockOf(2, latest[i].order).seat != seat, "not its own");
                ++checked[latest[i].order];
            }
            isTrue(latest[0].order != latest[1].order, "two of them");
        }
        for (uint256 order; order < 9; ++order) {
            equal(checked[order], 2, "checks");
        }
    }

    function test_assignments_change_with_the_seed() public {
        runEpochs(1);
        network.openEpoch();
        mine(3);
        uint256 before = vm.snapshotState();
        network.seedEpoch();
        bytes32 one = _allAssignments();
        vm.revertToState(before);
        vm.setBlockhash(network.epochOf(1).seedBlock, keccak256("another"));
        network.seedEpoch();
        isTrue(_allAssignments() != one, "another assignment");
    }

    function _allAssignments() private view returns (bytes32 print) {
        for (uint32 seat = 1; seat <= 9; ++seat) {
            (, uint32 rank, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(seat);
            print = keccak256(abi.encode(print, rank, latest, positions));
        }
    }

    function test_two_devices_check_each_other() public {
        deploy(2);
        runEpochs(1);
        openAndSeed();
        for (uint32 seat = 1; seat <= 2; ++seat) {
            (,, BlockRef[] memory latest,) = network.assignmentOf(seat);
            equal(latest.length, 1, "L1'");
            equal(network.blockOf(0, latest[0].order).seat, 3 - seat, "the other");
        }
    }

    function test_challenge_binds_chain_contract_epoch_time_seed_seat_policy_and_list() public {
        runEpochs(3);
        openAndSeed();
        EpochView memory v = network.epochOf(3);
        bytes32 expected = keccak256(
            abi.encode(
                keccak256("multee/challenge/v1"),
                block.chainid,
                address(network),
                uint256(3),
                uint256(genesis) + 3 * uint256(EPOCH_SECONDS),
                v.seed,
                uint256(4),
                v.policyDigest,
                v.referenceDigest
            )
        );
        equal(network.challengeOf(4), expected, "challenge");
        isTrue(network.challengeOf(5) != expected, "each seat has its own");
    }

    function test_without_rank_marks_must_be_zero() public {
        uint32 joiner = joinNew();
        runEpochs(1);
        settleLive();
        openAndSeed();
        (bool ranked,,,) = network.assignmentOf(joiner);
        isFalse(ranked, "its block weighed nothing");
        publishAll();
        nextEpoch();
        settleLive();
        openAndSeed();
        // By now decided honest: it publishes, still without rank.
        Publication memory p = publication(joiner, 1);
        vm.prank(operatorOf(joiner));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.MarkUnassigned.selector, uint256(1)));
        network.publish(p);
        publish(joiner, 0);
    }

    function test_marks_beyond_the_assignment_revert() public {
        runEpochs(1);
        openAndSeed();
        (,, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(1);
        uint256 assigned = latest.length + positions.length;
        uint256 marks = uint256(1) << (4 * assigned);
        Publication memory p = publication(1, marks);
        vm.prank(operatorOf(1));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.MarkUnassigned.selector, marks));
        network.publish(p);
        publish(1, uint256(1) << (4 * (assigned - 1)));
    }

    function testFuzz_mark_values_above_6_revert_wherever_they_stand(uint8 place, uint8 value_) public {
        openAndSeed();
        uint256 marks = within(value_, 7, 15) << (4 * (place % 64));
        Publication memory p = publication(1, marks);
        vm.prank(operatorOf(1));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.MarkUnknown.selector, marks));
        network.publish(p);
    }
}
