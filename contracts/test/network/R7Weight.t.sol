// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, BlockView, Refusal, Tier} from "../../src/interfaces/IProofOfAttestation.sol";
import {Scoring} from "../../src/libraries/Scoring.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R7: who counts, and how much.
contract R7WeightTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    function testFuzz_weight_is_the_square_of_the_score(uint16 score_) public pure {
        uint256 score = within(score_, 0, 10_000);
        equal(Scoring.weight(score), score * score / 10_000, "weight");
        isTrue(Scoring.weight(score) <= 10_000, "bounded");
    }

    /// Weight is that after settlement: a fall that is due falls first.
    function test_weight_is_fixed_after_settlement() public {
        nature[6] = 2;
        for (uint256 i; i < 3; ++i) {
            openAndSeed();
            publishAll();
            nextEpoch();
        }
        equal(scoreOf(6), 10_000, "nothing settled yet");
        openAndSeed();
        publish(6);
        equal(blockAt(6, 3).weight, 4_900, "7000 squared");
    }

    function test_restarted_seat_weighs_nothing_although_it_has_rank() public {
        runEpochs(1);
        restart(6);
        openAndSeed();
        (bool ranked,, BlockRef[] memory latest,) = network.assignmentOf(6);
        isTrue(ranked && latest.length == 2, "it has an assignment");
        equal(uint256(publish(6, 0x21)), uint256(Refusal.None), "its marks are taken");
        BlockView memory v = blockAt(6, 1);
        equal(v.weight, 0, "without weight");
        equal(v.countedMarks, 0, "none counted");
        for (uint256 i; i < 2; ++i) {
            BlockView memory target = network.blockOf(0, latest[i].order);
            equal(target.count, 0, "no mark");
            isFalse(target.logged, "no suspicion");
        }
    }

    function test_abstentions_change_nothing() public {
        runEpochs(1);
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Lazy;
        }
        runEpoch();
        for (uint32 seat = 1; seat <= 6; ++seat) {
            equal(blockAt(seat, 0).count, 0, "no mark");
            equal(blockAt(seat, 1).countedMarks, 0, "none given");
        }
    }

    function test_suspended_device_weighs_nothing() public {
        nature[6] = 2;
        runEpochs(5);
        settleLive();
        isTrue(tierOf(6) == Tier.Suspended, "suspended");
        openAndSeed();
        publishAll();
        equal(uint256(publish(6, 0)), uint256(Refusal.Suspended), "publishes nothing");
        nextEpoch();
        openAndSeed();
        equal(network.epochOf(6).rosterSize, 5, "is in no roster");
        (bool ranked,,,) = network.assignmentOf(6);
        isFalse(ranked, "checks nobody");
    }
}
