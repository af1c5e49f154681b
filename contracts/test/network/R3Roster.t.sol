// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochView} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R3: block ids, rosters, ranks.
contract R3RosterTest is NetworkFixture {
    function setUp() public {
        deploy(4);
    }

    function test_blocks_with_weight_count_up_and_those_without_count_down() public {
        uint32 first = joinNew();
        uint32 second = joinNew();
        openAndSeed();
        publish(first);
        publish(3);
        publish(second);
        publish(1);
        equal(blockAt(3, 0).order, 0, "first with weight");
        equal(blockAt(1, 0).order, 1, "second with weight");
        equal(blockAt(first, 0).order, (1 << 20) - 1, "first without");
        equal(blockAt(second, 0).order, (1 << 20) - 2, "second without");
        EpochView memory v = network.epochOf(0);
        equal(v.weightedBlocks, 2, "weighted");
        equal(v.weightlessBlocks, 2, "weightless");
    }

    function test_roster_is_the_blocks_with_weight_of_the_last_opened_epoch() public {
        joinNew();
        runEpochs(1);
        openAndSeed();
        equal(network.epochOf(1).rosterSize, 4, "without the joiner");
        equal(network.epochOf(1).rosterEpoch, 0, "epoch");
    }

    function test_epochs_without_weight_are_passed_over() public {
        runEpochs(1);
        uint32 joiner = joinNew();
        openAndSeed();
        publish(joiner);
        nextEpoch();
        openAndSeed();
        equal(network.epochOf(2).rosterEpoch, 0, "the last that had any");
        equal(network.epochOf(2).rosterSize, 4, "size");
    }

    function test_roster_of_a_void_epoch_is_empty() public {
        runEpochs(1);
        goTo(15);
        openAndSeed();
        equal(network.epochOf(15).rosterSize, 4, "still alive");
        goTo(16);
        openAndSeed();
        equal(network.epochOf(16).rosterSize, 0, "void");
        (bool ranked,,,) = network.assignmentOf(1);
        isFalse(ranked, "without roster, no rank");
        publishAll();
        nextEpoch();
        openAndSeed();
        equal(network.epochOf(17).rosterSize, 4, "it begins anew");
    }

    function test_first_epoch_has_no_roster() public {
        openAndSeed();
        equal(network.epochOf(0).rosterSize, 0, "size");
        equal(network.epochOf(0).windowSize, 0, "window");
        equal(network.epochOf(0).decisionMarks, 1, "K_e");
    }
}
