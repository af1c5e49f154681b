// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    BlockView,
    EpochView,
    IProofOfAttestation,
    Parameters,
    SeatView,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {Scoring} from "../../src/libraries/Scoring.sol";
import {Marks} from "../support/Marks.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R9: passing, deciding, scores.
contract R9SettlementTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    // ---- hand-made verdicts -------------------------------------------------------------------------------

    /// @dev Logs seat 6's block of epoch 0 by one negative mark in epoch 1, and opens epoch 2, whose window has it.
    /// All founders weigh 10000; K_e = 5; the tally is 0 : 10000 with one mark.
    function logSixth() private returns (uint40 position, uint32 accuser) {
        openAndSeed();
        for (uint32 seat = 1; seat <= 6; ++seat) {
            publish(seat, 0);
        }
        nextEpoch();
        openAndSeed();
        BlockRef memory victim = BlockRef(0, blockAt(6, 0).order);
        for (uint32 seat = 1; seat <= 6; ++seat) {
            uint256 marks;
            if (accuser == 0) {
                (bool found_, uint256 place) = Marks.placeOfLatest(network, seat, victim);
                if (found_) (marks, accuser) = (uint256(2) << (4 * place), seat);
            }
            publish(seat, marks);
        }
        nextEpoch();
        openAndSeed();
        BlockView memory v = blockAt(6, 0);
        isTrue(v.logged && v.count == 1 && v.negative == 10_000, "logged");
        return (v.position, accuser);
    }

    /// @dev Seats 1…n publish `mark` on the entry at `position`, all others abstain.
    function markWindow(uint40 position, uint8[5] memory marks) private {
        for (uint32 seat = 1; seat <= 5; ++seat) {
            (bool found_, uint256 place) = Marks.placeOfWindow(network, seat, position);
            isTrue(found_, "everyone checks the only entry");
            publish(seat, uint256(marks[seat - 1]) << (4 * place));
        }
        publish(6, 0);
    }

    function decideSixth(uint8[5] memory marks) private returns (BlockView memory) {
        (uint40 position,) = logSixth();
        markWindow(position, marks);
        nextEpoch();
        isTrue(settle(6, 0), "due");
        return blockAt(6, 0);
    }

    function test_tie_is_honest() public {
        BlockView memory v = decideSixth([1, 0, 1, 3, 0]);
        equal(v.positive, 20_000, "positive");
        equal(v.negative, 20_000, "negative");
        isTrue(v.decided && !v.malicious, "honest");
        equal(scoreOf(6), 10_000, "unharmed");
    }

    function test_more_negative_than_positive_weight_is_malicious() public {
        BlockView memory v = decideSixth([1, 0, 2, 3, 0]);
        isTrue(v.decided && v.malicious, "malicious");
        equal(v.positive, 10_000, "positive");
        equal(v.negative, 30_000, "negative");
        // Three quarters against it, which is clear: v = 0. 10000 − 3000
        equal(scoreOf(6), 7_000, "by the whole gain");
        equal(network.seatOf(6).streak, 0, "streak");
        equal(network.seatOf(6).penalties, 1, "one point");
    }

    function test_a_close_decision_lowers_little() public {
        BlockView memory v = decideSixth([1, 1, 2, 3, 0]);
        isTrue(v.decided && v.malicious, "malicious");
        equal(v.positive, 20_000, "positive");
        equal(v.negative, 30_000, "negative");
        // v = 10000 − 20000·10000/50000 = 6000: 10000 − 3000·4000/10000, and three of five steps are left of the streak.
        equal(scoreOf(6), 8_800, "by its clarity");
        equal(network.seatOf(6).streak, 3, "streak");
        equal(network.seatOf(6).penalties, 1, "one point all the same");
    }

    function test_half_of_K_e_decides_and_less_does_not() public {
        uint256 before = vm.snapshotState();
        BlockView memory v = decideSixth([0, 1, 1, 0, 0]);
        isTrue(v.decided && !v.malicious, "three of five marks");
        vm.revertToState(before);
        goTo(0);
        v = decideSixth([0, 1, 0, 0, 0]);
        isFalse(v.decided, "two of five");
        isTrue(v.logged && v.position == network.network().logEnd - 1, "logged again");
        equal(v.count, 2, "with its tally");
        equal(v.positive, 10_000, "with its tally");
        equal(v.negative, 10_000, "with its tally");
        isFalse(v.due, "until its next window's epoch is over");
        openAndSeed();
        isTrue(network.epochOf(3).windowSize > 0, "which covers it");
        (bool found_, uint256 place) = Marks.placeOfWindow(network, 1, v.position);
        isTrue(found_, "assigned again");
        publish(1, uint256(1) << (4 * place));
        equal(blockAt(6, 0).count, 3, "marks add up");
        nextEpoch();
        settle(6, 0);
        isTrue(blockAt(6, 0).decided, "decided at last");
    }

    /// However many marks there are: nothing is decided before the window's epoch is over.
    function test_nothing_is_decided_before_its_windows_epoch_ends() public {
        (uint40 position,) = logSixth();
        isFalse(settle(6, 0), "not before any mark");
        markWindow(position, [2, 2, 2, 2, 2]);
        equal(blockAt(6, 0).count, 6, "more than enough");
        isFalse(blockAt(6, 0).due, "not due");
        isFalse(settle(6, 0), "not settled");
        vm.warp(genesis + 3 * EPOCH_SECONDS - 1);
        isFalse(settle(6, 0), "not in the last second");
        vm.warp(genesis + 3 * EPOCH_SECONDS);
        isTrue(settle(6, 0), "when it is over");
        isTrue(blockAt(6, 0).malicious, "decided");
        isFalse(settle(6, 0), "once");
    }

    /// Whoever publishes first or last: the tally is the same.
    function test_order_of_publication_does_not_matter() public {
        (uint40 position,) = logSixth();
        uint256 before = vm.snapshotState();
        markWindow(position, [1, 1, 2, 2, 2]);
        nextEpoch();
        settle(6, 0);
        BlockView memory one = blockAt(6, 0);
        vm.revertToState(before);
        goTo(2);
        for (uint32 seat = 5; seat >= 1; --seat) {
            (, uint256 place) = Marks.placeOfWindow(network, seat, position);
            publish(seat, uint256(seat <= 2 ? 1 : 2) << (4 * place));
        }
        nextEpoch();
        settle(6, 0);
        BlockView memory two = blockAt(6, 0);
        isTrue(one.malicious && two.malicious, "same decision");
        equal(one.negative, two.negative, "same tally");
        equal(one.positive, two.positive, "same tally");
    }

    // ---- passing ------------------------------------------------------------------------------------------

    function test_an_unlogged_block_passes_when_its_checking_epoch_is_over() public {
        runEpochs(1);
        isFalse(blockAt(2, 0).due, "not unchecked");
        runEpoch();
        equal(blockAt(2, 0).count, 2, "checked");
        isFalse(blockAt(2, 0).due, "not in its checking epoch");
        nextEpoch();
        isTrue(settle(2, 0), "when that is over");
        isTrue(blockAt(2, 0).passed, "passed");
        isFalse(blockAt(2, 0).honestForGood, "not for good");
        equal(network.seatOf(2).lastGoodEpoch, 0, "good");
        isFalse(settle(2, 0), "once");
    }

    /// After an opened epoch without weight the same roster is checked once more: nothing of it settles meanwhile.
    function test_latest_blocks_are_not_settled_in_an_epoch_that_marks_them() public {
        runEpochs(1);
        openAndSeed();
        nextEpoch();
        isTrue(blockAt(2, 0).due, "its checking epoch is over");
        openAndSeed();
        equal(network.epochOf(2).rosterEpoch, 0, "and here it is checked again");
        isFalse(settle(2, 0), "not in the midst of it");
        publishAll();
        isFalse(settle(2, 0), "nor at its end");
        equal(blockAt(2, 0).count, 2, "checked at last");
        nextEpoch();
        isTrue(settle(2, 0) && blockAt(2, 0).passed, "passed");
    }

    function test_checking_epoch_is_the_next_opened_one() public {
        runEpochs(1);
        goTo(5);
        isFalse(settle(2, 0), "nobody could check it");
        runEpoch();
        isFalse(settle(2, 0), "not yet");
        nextEpoch();
        isTrue(settle(2, 0), "over");
    }

    function test_a_passed_block_is_honest_for_good_after_finality() public {
        runEpochs(2);
        settle(2, 0);
        goTo(9);
        isFalse(settle(2, 0), "8 epochs after its checking epoch are not over");
        goTo(10);
        isTrue(settle(2, 0), "over");
        isTrue(blockAt(2, 0).honestForGood, "for good");
        isFalse(settle(2, 0), "once");
    }

    function test_void_blocks_are_not_due() public {
        runEpochs(2);
        goTo(15);
        isTrue(blockAt(2, 0).due, "last epoch");
        goTo(16);
        isFalse(settle(2, 0), "void");
        equal(network.blockOf(0, blockAt(2, 0).order).due ? 1 : 0, 0, "view agrees");
        isFalse(blockAt(2, 1).due, "the next was never checked");
    }

    function test_settlement_is_permissionless_idempotent_and_skips_what_is_not_due() public {
        runEpochs(2);
        BlockRef[] memory refs = new BlockRef[](5);
        refs[0] = BlockRef(0, 0);
        refs[1] = BlockRef(0, 0);
        refs[2] = BlockRef(1, 0);
        refs[3] = BlockRef(7, 3);
        refs[4] = BlockRef(0, 1);
        vm.prank(address(0xABCD));
        equal(network.settle(refs), 2, "two due");
        bytes32 before = fingerprint();
        equal(network.settle(refs), 0, "none again");
        equal(fingerprint(), before, "nothing changed");
    }

    // ---- falling and rising, in numbers -------------------------------------------------------------------

    /// Bad in one epoch: 10000 → 7000, then up by the streak: 7180, 7518, 7964, 8452, 8916, 9241.
    function test_fall_and_rise_in_numbers() public {
        nature[6] = 3;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settle(6, 0);
        equal(scoreOf(6), 7_000, "10000 - 3000*10000/10000");
        uint16[6] memory expected = [uint16(7_180), 7_518, 7_964, 8_452, 8_916, 9_241];
        uint256 seen;
        uint256 last = 7_000;
        for (uint256 i; i < 12 && seen < 6; ++i) {
            if (i > 0) {
                runEpoch();
                nextEpoch();
            }
            for (uint32 epoch = 1; epoch < nowEpoch() && seen < 6; ++epoch) {
                if (!settle(6, epoch)) continue;
                if (scoreOf(6) == last) continue;
                last = scoreOf(6);
                equal(last, expected[seen++], "step");
            }
        }
        equal(seen, 6, "six steps to Full");
        isTrue(tierOf(6) == Tier.Full, "Full");
    }

    /// Blocks of a former incarnation only lower.
    function test_blocks_of_a_former_incarnation_only_lower() public {
        runEpochs(2);
        restart(6);
        equal(scoreOf(6), 7_500, "restarted");
        settleLive();
        isTrue(blockAt(6, 0).passed, "passed");
        equal(scoreOf(6), 7_500, "no gain");
        equal(network.seatOf(6).streak, 0, "no streak");
    }

    function test_bad_blocks_of_a_former_incarnation_lower() public {
        nature[6] = 2;
        runEpochs(3);
        restart(6);
        nature[6] = 1;
        settleLive();
        isTrue(blockAt(6, 0).malicious, "decided");
        // min(10000, 7500) − 3000·7500/10000
        equal(scoreOf(6), 5_250, "lowered");
    }

    function testFuzz_a_step_keeps_scores_within_bounds(
        uint16 score_,
        uint8 streak_,
        uint16 r_,
        bool malicious,
        bool former,
        uint16 gain_,
        uint8 full_
    ) public pure {
        uint256 full = within(full_, 1, 15);
        uint256 score = within(score_, 0, 10_000);
        uint256 streak = within(streak_, 0, 15);
        uint256 r = within(r_, 0, 10_000);
        (uint256 after_, uint256 streakAfter) =
            Scoring.step(score, streak, r, malicious, former, within(gain_, 1, 10_000), full);
        isTrue(after_ <= 10_000, "bounded");
        isTrue(r < score ? after_ <= score && after_ >= r : after_ >= score && after_ <= r, "toward r, not past it");
        if (r < score) equal(streakAfter, streak * r / 10_000, "streak lost in proportion");
        else if (malicious || former) isTrue(after_ == score && streakAfter == streak, "unchanged");
        else isTrue(streakAfter <= full && streakAfter > 0, "streak");
    }
}

/// @dev R9 where K_e is even, so that there is a half: seven seats, K_e = 6.
contract R9HalfTest is NetworkFixture {
    function setUp() public {
        deploy(7);
    }

    /// @dev Honest marks, but `mark` wherever seat 7's block of epoch 0 stands.
    function marksWith(uint32 seat, uint256 mark) private view returns (uint256 marks) {
        marks = marksOf(seat);
        BlockView memory v = blockAt(7, 0);
        (bool found_, uint256 place) = Marks.placeOfLatest(network, seat, BlockRef(0, v.order));
        if (!found_ && v.logged) (found_, place) = Marks.placeOfWindow(network, seat, v.position);
        if (found_) marks = (marks & ~(uint256(15) << (4 * place))) | (mark << (4 * place));
    }

    /// @dev Seat 7's block of epoch 0 is doubted once, and gets `marks` in its window in epoch 2, of seats 1 to 6.
    function markSeventh(uint8[6] memory marks) private {
        runEpochs(1);
        openAndSeed();
        bool doubted;
        for (uint32 seat = 1; seat <= 7; ++seat) {
            uint256 given = marksWith(seat, doubted ? 0 : 2);
            doubted = doubted || given != marksWith(seat, 0);
            publish(seat, given);
        }
        nextEpoch();
        openAndSeed();
        equal(network.epochOf(2).decisionMarks, 6, "K_e");
        equal(blockAt(7, 0).count, 1, "doubted once");
        for (uint32 seat = 1; seat <= 6; ++seat) {
            publish(seat, marksWith(seat, marks[seat - 1]));
        }
        nextEpoch();
    }

    function test_exactly_half_of_K_e_decides() public {
        markSeventh([1, 1, 0, 0, 0, 0]);
        equal(blockAt(7, 0).count, 3, "three of six");
        isTrue(settle(7, 0) && blockAt(7, 0).decided, "decided");
        isFalse(blockAt(7, 0).malicious, "honest");
    }

    function test_one_below_half_of_K_e_does_not_decide() public {
        markSeventh([0, 1, 0, 0, 0, 0]);
        equal(blockAt(7, 0).count, 2, "two of six");
        uint40 position = blockAt(7, 0).position;
        isTrue(settle(7, 0), "due");
        isFalse(blockAt(7, 0).decided, "not decided");
        isTrue(blockAt(7, 0).position > position, "logged again");
    }

    /// @dev The judgement of seat 1's block of epoch 2, while nobody has settled what it judged.
    function judgementUnsettled(uint8[6] memory marks) private returns (uint256 score) {
        markSeventh(marks);
        openAndSeed();
        for (uint32 seat = 2; seat <= 6; ++seat) {
            publish(seat);
        }
        nextEpoch();
        isFalse(blockAt(7, 0).decided, "nobody settled it");
        isTrue(settle(1, 2) && blockAt(1, 2).passed, "passed");
        return scoreOf(1);
    }

    /// The outcome is known at half, settled or not: seat 1 found valid what half of K_e decide to be malicious.
    function test_at_half_of_K_e_the_outcome_is_known_unsettled() public {
        // One against two: clarity 6666, four sixths. a = 10000 − 10000·4/6 = 3334; 10000 − ⌊3000·6666/10000⌋
        equal(judgementUnsettled([1, 3, 0, 0, 0, 0]), 8_001, "contradicted by all it judged");
    }

    function test_below_half_of_K_e_there_is_no_outcome() public {
        equal(judgementUnsettled([1, 0, 0, 0, 0, 0]), 10_000, "not judged");
    }
}

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
