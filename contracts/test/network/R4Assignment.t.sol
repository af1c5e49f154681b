// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, EpochView, IProofOfAttestation, Publication} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R4: who checks whom follows from the root, and so from the seed.
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

    /// What the root binds, R2 shows: the challenge binds root and seat.
    function test_challenge_binds_root_and_seat() public {
        runEpochs(3);
        openAndSeed();
        bytes32 root = network.epochOf(3).root;
        for (uint32 seat = 1; seat <= 9; ++seat) {
            bytes32 expected = keccak256(abi.encode(keccak256("multee/challenge/v2"), root, uint256(seat)));
            equal(network.challengeOf(seat), expected, "challenge");
        }
        isTrue(network.challengeOf(4) != network.challengeOf(5), "each seat has its own");
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
