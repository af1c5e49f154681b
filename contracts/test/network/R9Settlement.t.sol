// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, BlockView, Tier} from "../../src/interfaces/IProofOfAttestation.sol";
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
