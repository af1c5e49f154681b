// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, BlockView, Parameters, Tier} from "../../src/interfaces/IProofOfAttestation.sol";
import {Marks} from "../support/Marks.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R9's judgement: liars whose own evidence is genuine.
contract R9JudgementTest is NetworkFixture {
    function setUp() public {
        deploy(12);
    }

    /// Two of twelve call everyone else bad. Their evidence is genuine; their marks are contradicted.
    function test_a_liar_with_genuine_evidence_falls_by_its_judgement() public {
        runEpochs(4);
        for (uint32 seat = 11; seat <= 12; ++seat) {
            (manner[seat], camp[seat]) = (Manner.Slandering, 1);
        }
        uint256[13] memory epochsBelow;
        for (uint256 i; i < 20; ++i) {
            runEpoch();
            nextEpoch();
            for (uint32 seat = 1; seat <= 10; ++seat) {
                if (scoreOf(seat) < 9_000) ++epochsBelow[seat];
            }
        }
        settleLive();
        for (uint32 seat = 1; seat <= 10; ++seat) {
            isTrue(epochsBelow[seat] <= 2, "honest: below 9000 for two epochs at most");
            equal(network.seatOf(seat).penalties, 0, "honest: no penalty");
        }
        for (uint32 seat = 11; seat <= 12; ++seat) {
            isTrue(tierOf(seat) == Tier.Suspended, "liars are suspended");
            equal(network.seatOf(seat).penalties, 0, "without one decision against their blocks");
        }
    }

    /// @dev Lets the log end at `target`, with nothing pending: by abstentions, then by joiners, who are silent afterwards.
    function fillLog(uint256 target) private {
        everyone(Manner.Lazy);
        while (network.network().logEnd + 60 < target) {
            runEpochs(1);
        }
        everyone(Manner.Honest);
        for (uint256 i; i < 6; ++i) {
            runEpochs(1);
            settleLive();
        }
        uint32 first = network.network().seats + 1;
        uint256 missing = target - network.network().logEnd;
        for (uint256 i; i < missing; ++i) {
            joinNew();
        }
        runEpochs(1);
        for (uint32 seat = first; seat < first + missing; ++seat) {
            manner[seat] = Manner.Absent;
        }
        runEpochs(2);
        settleLive();
        equal(network.network().logEnd, target, "the log's end");
        equal(network.network().windowEnd, target, "nothing pends");
    }

    function everyone(Manner how) private {
        for (uint32 seat = 1; seat <= 12; ++seat) {
            manner[seat] = how;
        }
    }

    /// Window marks are judged by words of 64 outcomes, and windows reach across them: ten entries from 123 on, of which the
    /// odd ones are called bad. Half is contradicted, whoever settled them, or nobody.
    function test_judgement_across_words_of_outcomes() public {
        fillLog(123);
        uint32 first = network.network().seats + 1;
        for (uint256 i; i < 10; ++i) {
            joinNew();
        }
        runEpochs(1);
        equal(network.network().logEnd, 133, "ten more");
        openAndSeed();
        (,, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(12);
        equal(latest.length + positions.length, 12, "two, and all ten");
        uint256 marks = 0x11;
        for (uint256 i; i < 10; ++i) {
            isTrue(positions[i] >= 123 && positions[i] < 133, "in the window");
            marks |= uint256(positions[i] % 2 == 0 ? 1 : 4) << (4 * (2 + i));
        }
        publish(12, marks);
        publishAll();
        uint32 epoch = nowEpoch();
        nextEpoch();
        for (uint32 seat = first; seat < first + 10; ++seat) {
            manner[seat] = Manner.Absent;
        }
        openAndSeed();
        manner[12] = Manner.Absent;
        publishAll();
        nextEpoch();
        uint256 before = vm.snapshotState();
        judged(epoch);
        vm.revertToState(before);
        for (uint32 seat = first; seat < first + 10; ++seat) {
            isTrue(settle(seat, epoch - 1), "due");
            isTrue(blockAt(seat, epoch - 1).decided && !blockAt(seat, epoch - 1).malicious, "honest");
        }
        judged(epoch);
    }

    function judged(uint32 epoch) private {
        isTrue(settle(12, epoch), "due");
        isTrue(blockAt(12, epoch).passed, "passed");
        // Five of ten: 10000 − 3000·5000/10000
        equal(scoreOf(12), 8_500, "half");
    }

    /// Those who praise everything, the bad included, are contradicted, too.
    function test_a_promoter_falls_by_its_judgement() public {
        nature[12] = 3;
        manner[11] = Manner.Praising;
        manner[12] = Manner.Praising;
        runEpochs(4);
        settleLive();
        isTrue(scoreOf(11) < 10_000, "lowered");
        isTrue(scoreOf(1) == 10_000, "honest are not");
    }

    /// A slandered block is settled before its accuser, which is due one opened epoch later.
    function test_an_accuser_waits_for_its_victim() public {
        runEpochs(2);
        (manner[12], camp[12]) = (Manner.Slandering, 1);
        runEpochs(1);
        manner[12] = Manner.Honest;
        // Its block of epoch 2 slandered two blocks of epoch 1, in the window of epoch 3, decided from 4 on.
        runEpochs(1);
        isTrue(blockAt(1, 2).due, "others' blocks of epoch 2 are due");
        isFalse(blockAt(12, 2).due, "the accuser's is not");
        settleLive();
        uint256 victims;
        for (uint32 seat = 1; seat <= 11; ++seat) {
            if (blockAt(seat, 1).decided) ++victims;
        }
        equal(victims, 2, "two victims, decided honest");
        equal(scoreOf(12), 10_000, "not yet judged");
        runEpochs(1);
        isTrue(blockAt(12, 2).due, "one opened epoch later");
        settleLive();
        // Two negative marks, both contradicted; no window then: a = 0. 10000 − 3000; then its block of 3 passes.
        equal(scoreOf(12), 7_180, "judged by both");
    }

    /// Whether anybody settled the victims or not: their tallies speak for themselves.
    function test_who_settles_first_gains_nothing() public {
        runEpochs(2);
        (manner[12], camp[12]) = (Manner.Slandering, 1);
        runEpochs(1);
        manner[12] = Manner.Honest;
        runEpochs(1);
        // Nobody publishes in epoch 4, so that nobody settles the victims on the way.
        openAndSeed();
        nextEpoch();
        uint256 before = vm.snapshotState();
        isTrue(settle(12, 2), "due");
        equal(scoreOf(12), 7_000, "judged before its victims");
        vm.revertToState(before);
        for (uint32 seat = 1; seat <= 11; ++seat) {
            settle(seat, 1);
        }
        isTrue(settle(12, 2), "due");
        equal(scoreOf(12), 7_000, "judged after its victims");
    }

    /// Window marks, too: outcomes are known as soon as the window's epoch is over.
    function test_window_marks_are_judged_settled_or_not() public {
        nature[1] = 3;
        runEpochs(1);
        nature[1] = 1;
        runEpochs(1);
        openAndSeed();
        // The window of epoch 2 has seat 1's bad block; seat 12 alone calls it valid.
        uint40 position = blockAt(1, 0).position;
        for (uint32 seat = 1; seat <= 12; ++seat) {
            uint256 marks = marksOf(seat);
            (bool found_, uint256 place) = Marks.placeOfWindow(network, seat, position);
            if (seat == 12 && found_) marks = (marks & ~(uint256(15) << (4 * place))) | (uint256(1) << (4 * place));
            publish(seat, marks);
        }
        nextEpoch();
        openAndSeed();
        // Its checking epoch, without seat 1, which would settle its own.
        for (uint32 seat = 2; seat <= 12; ++seat) {
            publish(seat);
        }
        nextEpoch();
        isFalse(blockAt(1, 0).decided, "nobody settled the bad block");
        isTrue(blockAt(12, 2).count > 0, "checked");
        isTrue(settle(12, 2), "due");
        equal(scoreOf(12), 7_000, "contradicted by what the tally says");
    }

    /// Likewise an accuser whose own block is logged.
    function test_a_logged_accuser_waits_too() public {
        runEpochs(2);
        (manner[12], camp[12], nature[12]) = (Manner.Slandering, 1, 2);
        runEpochs(1);
        (manner[12], nature[12]) = (Manner.Honest, 1);
        runEpochs(2);
        BlockView memory v = blockAt(12, 2);
        isTrue(v.logged, "logged in epoch 3");
        isTrue(network.network().windowEnd > v.position, "judged in the window of epoch 4");
        isFalse(v.due, "not due at once");
        runEpochs(1);
        isTrue(blockAt(12, 2).due, "one opened epoch later");
        settle(12, 2);
        isTrue(blockAt(12, 2).malicious, "decided");
    }
}

/// @dev R9's unwinding, with one check a block: L1 = 1.
contract R9UnwindingTest is NetworkFixture {
    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        p.latestChecks = 1;
    }

    function setUp() public {
        deploy(8);
    }

    /// @dev The seat whose block of the epoch before `seat` is to check in this epoch.
    function checkedBy(uint32 seat) private view returns (uint32) {
        (,, BlockRef[] memory latest,) = network.assignmentOf(seat);
        return network.blockOf(latest[0].epoch, latest[0].order).seat;
    }

    function checkerOf(uint32 target) private view returns (uint32) {
        for (uint32 seat = 1; seat <= 8; ++seat) {
            if (checkedBy(seat) == target) return seat;
        }
        revert("nobody");
    }

    /// The chain: c's bad block of epoch 1 is checked by b alone, b's bad block of epoch 2 by a alone; both call it
    /// valid, and both pass. Then a's bad block of epoch 3 is caught by an honest device.
    function test_an_accomplice_chain_of_three_falls_by_unwinding() public {
        runEpochs(2);
        openAndSeed();
        uint32 b = 1;
        uint32 c = checkedBy(b);
        natureThen[1][c] = 3;
        natureThen[2][b] = 3;
        publishLying(b);
        nextEpoch();
        settleLive();
        openAndSeed();
        uint32 a = checkerOf(b);
        natureThen[3][a] = 3;
        publishLying(a);
        nextEpoch();
        settleLive();
        isTrue(blockAt(c, 1).passed, "c passed");
        // The next to check a is honest whoever it is, b and c included.
        runEpochs(1);
        settleLive();
        isTrue(blockAt(b, 2).passed, "b passed");
        isTrue(blockAt(a, 3).logged, "a is caught");
        isFalse(blockAt(b, 2).logged || blockAt(c, 1).logged, "none of the others");
        runEpochs(1);
        settleLive();
        isTrue(blockAt(a, 3).malicious, "a falls");
        isTrue(blockAt(b, 2).logged && !blockAt(b, 2).decided, "b is unwound");
        isFalse(blockAt(c, 1).logged, "c not yet");
        runEpochs(1);
        settleLive();
        isTrue(blockAt(b, 2).malicious, "b falls");
        isTrue(blockAt(c, 1).logged, "c is unwound");
        runEpochs(1);
        settleLive();
        isTrue(blockAt(c, 1).malicious, "c falls");
        uint256 points = uint256(network.seatOf(a).penalties) + network.seatOf(b).penalties;
        equal(a == c ? points : points + network.seatOf(c).penalties, 3, "a point each");
    }

    /// @dev Everybody publishes honestly, but `liar` calls the block it checks valid.
    function publishLying(uint32 liar) private {
        manner[liar] = Manner.Praising;
        publishAll();
        manner[liar] = Manner.Honest;
    }

    /// What is honest for good is not dug up again.
    function test_unwinding_leaves_decided_and_final_blocks_alone() public {
        runEpochs(1);
        openAndSeed();
        uint32 target = checkedBy(1);
        publishAll();
        natureThen[1][1] = 3;
        nextEpoch();
        settleLive();
        openAndSeed();
        publishAll();
        nextEpoch();
        // Nobody settles seat 1's block for long; its latest block becomes final meanwhile.
        for (uint256 i; i < 8; ++i) {
            settle(target, 0);
            openAndSeed();
            for (uint32 seat = 2; seat <= 8; ++seat) {
                publish(seat);
            }
            nextEpoch();
        }
        settle(target, 0);
        settle(target, 0);
        isTrue(blockAt(target, 0).honestForGood, "final");
        settle(1, 1);
        isTrue(blockAt(1, 1).malicious, "the marker falls");
        isFalse(blockAt(target, 0).logged, "the final block stays");
    }

    /// A passed block that is unwound and decided honest is not harmed, and takes no second step.
    function test_an_unwound_honest_block_takes_no_second_step() public {
        nature[8] = 3;
        runEpochs(1);
        nature[8] = 1;
        runEpochs(10);
        settleLive();
        isTrue(tierOf(8) == Tier.Full && scoreOf(8) < 9_800, "a step would show");
        uint32 epoch = nowEpoch();
        uint32 marker = unwindEighth();
        runEpochs(1);
        settleLive();
        isTrue(blockAt(marker, epoch).malicious, "the marker falls");
        isTrue(blockAt(8, epoch - 1).logged && blockAt(8, epoch - 1).passed, "unwound");
        runEpochs(1);
        uint256 before = scoreOf(8);
        uint256 streak = network.seatOf(8).streak;
        isTrue(settle(8, epoch - 1), "due");
        isTrue(blockAt(8, epoch - 1).decided && !blockAt(8, epoch - 1).malicious, "honest");
        equal(scoreOf(8), before, "no step");
        equal(network.seatOf(8).streak, streak, "no streak");
        isTrue(settle(8, epoch + 2), "another block passes");
        isTrue(scoreOf(8) > before, "with a step");
    }

    /// @dev The one that checks seat 8's latest block turns out bad.
    function unwindEighth() private returns (uint32 marker) {
        openAndSeed();
        marker = checkerOf(8);
        publishAll();
        natureThen[nowEpoch()][marker] = 3;
        nextEpoch();
        runEpochs(1);
    }

    /// Passed first, found malicious later: two steps, the second down.
    function test_a_passed_block_found_malicious_takes_a_second_step() public {
        runEpochs(1);
        openAndSeed();
        uint32 target = checkedBy(1);
        natureThen[0][target] = 3;
        publishLying(1);
        natureThen[1][1] = 3;
        nextEpoch();
        isTrue(settle(target, 0) && blockAt(target, 0).passed, "passed");
        runEpochs(2);
        settleLive();
        isTrue(blockAt(target, 0).logged, "unwound");
        runEpochs(1);
        uint256 before = scoreOf(target);
        settle(target, 0);
        BlockView memory v = blockAt(target, 0);
        isTrue(v.malicious, "malicious");
        // The accomplice's mark counts for it.
        isTrue(v.positive > 0, "one found it valid");
        isTrue(v.negative >= 3 * v.positive, "clear all the same: v = 0");
        equal(scoreOf(target), before - 3_000 * before / 10_000, "down by gain");
        equal(network.seatOf(target).penalties, target == 1 ? 2 : 1, "and a point");
    }
}
