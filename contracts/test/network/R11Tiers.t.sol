// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockView,
    IProofOfAttestation,
    Refusal,
    SeatView,
    Tier,
    Trust
} from "../../src/interfaces/IProofOfAttestation.sol";
import {Standing, Standings} from "../../src/libraries/Standing.sol";
import {Views} from "../../src/libraries/Views.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R11: tiers, suspension, and the way back by restart.
contract R11TiersTest is NetworkFixture {
    function setUp() public {
        deploy(8);
    }

    function test_tiers_by_score() public pure {
        uint16[6] memory scores = [uint16(10_000), 9_000, 8_999, 7_500, 7_499, 5_000];
        Tier[6] memory tiers = [Tier.Full, Tier.Full, Tier.Warning, Tier.Warning, Tier.Restricted, Tier.Restricted];
        for (uint256 i; i < 6; ++i) {
            Standing s = Standing.wrap(0).with(Standings.ADMITTED).withScore(scores[i], 0);
            isTrue(Views.tier(s) == tiers[i], "tier");
            isTrue(Views.isOperational(s) == (scores[i] >= 7_500), "operational");
        }
    }

    function testFuzz_only_unencumbered_seats_are_operational(uint8 flags_, uint16 score_) public pure {
        uint256 score = within(score_, 0, 10_000);
        Standing s = Standing.wrap(0).with(flags_ & 127).withScore(score, 0);
        bool encumbered = (flags_ & 127) & ~uint8(Standings.ADMITTED | Standings.PAID_OUT) != 0;
        isTrue(Views.isOperational(s) == (!encumbered && score >= 7_500), "operational");
    }

    function test_tier_precedence() public pure {
        Standing s = Standing.wrap(0).withScore(10_000, 0).with(Standings.SUSPENDED);
        isTrue(Views.tier(s) == Tier.Suspended, "suspended");
        s = s.with(Standings.PROBATION);
        isTrue(Views.tier(s) == Tier.Probation, "probation");
        s = s.with(Standings.BLOCKED);
        isTrue(Views.tier(s) == Tier.Blocked, "blocked");
    }

    /// @dev Seat 8 boots another measurement in epochs 0 and 1: suspended in 4. Blocks 2 and 3 are good again.
    function suspendEighth() private {
        nature[8] = 3;
        runEpochs(2);
        nature[8] = 1;
        runEpochs(2);
    }

    /// Block 0 is decided at the end of epoch 2, block 1 at the end of epoch 3: 10000 → 7000 → 4900.
    function test_suspension_is_latched_when_the_score_falls_below_5000() public {
        suspendEighth();
        settle(8, 0);
        settle(8, 1);
        SeatView memory v = network.seatOf(8);
        equal(v.score, 4_900, "score");
        isTrue(v.tier == Tier.Suspended, "suspended");
        equal(v.suspendedEpoch, 4, "since");
        equal(v.penalties, 2, "two points");
        // Its good blocks raise the score past 5000, and it stays suspended.
        runEpochs(2);
        settleLive();
        isTrue(scoreOf(8) > 5_000, "risen");
        isTrue(tierOf(8) == Tier.Suspended, "latched");
    }

    function test_a_suspended_device_publishes_nothing() public {
        suspendEighth();
        settleLive();
        openAndSeed();
        bytes32 before = network.seatOf(8).lastDigest;
        equal(uint256(publish(8, 0)), uint256(Refusal.Suspended), "refused");
        equal(network.seatOf(8).lastDigest, before, "nothing published");
        equal(network.epochOf(4).weightedBlocks + network.epochOf(4).weightlessBlocks, 0, "no block");
    }

    function test_restart_waits_for_the_cooldown_only_if_suspended() public {
        suspendEighth();
        settleLive();
        uint256 key = newKey();
        vm.prank(operatorOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.RestartTooEarly.selector, 8, 5));
        network.restart(8, vm.addr(key), MEASUREMENT);
        restart(7);
        isTrue(tierOf(7) == Tier.Probation, "at any time");
        nextEpoch();
        restart(8);
        isTrue(tierOf(8) == Tier.Probation, "after the cool-down");
    }

    /// score = min(score, admissionScore), streak 0, penalties stay.
    function test_restart_lowers_to_the_admission_score() public {
        restart(7);
        SeatView memory v = network.seatOf(7);
        equal(v.score, 7_500, "score");
        equal(v.streak, 0, "streak");
        equal(v.sinceEpoch, 0, "it can still publish in this epoch");
        isTrue(v.admitted, "its device id stays bound");
        equal(network.boundSeatOf(deviceId(7)), 7, "bound");
    }

    function test_a_restart_after_publishing_begins_with_the_next_epoch() public {
        runEpochs(1);
        openAndSeed();
        publish(7);
        restart(7);
        equal(network.seatOf(7).sinceEpoch, 2, "since");
        nextEpoch();
        restart(6);
        equal(network.seatOf(6).sinceEpoch, 2, "nothing published in 2");
    }

    /// An honest decision on a former incarnation's block says nothing of the new one: it stays on probation.
    function test_a_former_incarnations_block_does_not_admit() public {
        nature[8] = 2;
        runEpochs(1);
        nature[8] = 1;
        runEpochs(2);
        settleLive();
        runEpochs(1);
        isTrue(blockAt(8, 3).logged, "flagged");
        restart(8);
        runEpochs(1);
        settleLive();
        isTrue(blockAt(8, 3).decided && !blockAt(8, 3).malicious, "decided honest");
        isTrue(scoreOf(8) >= 5_000, "the score would do");
        isTrue(tierOf(8) == Tier.Probation, "still on probation");
        runEpochs(2);
        settleLive();
        isTrue(tierOf(8) != Tier.Probation, "its own block admits it");
    }

    /// The former key signs no more.
    function test_former_incarnation_signs_no_more() public {
        uint256 former = keyOf[7];
        restart(7);
        openAndSeed();
        publish(6);
        bytes32 digest = digestOf(publication(7, 0));
        (bool done, bytes memory answer) = _publishSignedBy(7, former);
        isFalse(done, "refused");
        equal(
            keccak256(answer),
            keccak256(abi.encodeWithSelector(IProofOfAttestation.SignatureWrong.selector, digest)),
            "signature"
        );
        publish(7, 0);
    }

    function _publishSignedBy(uint32 seat, uint256 key) private returns (bool, bytes memory) {
        bytes memory call_ = abi.encodeCall(network.publish, (signed(publication(seat, 0), key)));
        vm.prank(operatorOf(seat));
        return address(network).call(call_);
    }

    /// The picture book: bad twice, suspended, restarted, and back to Full, epoch by epoch.
    ///
    /// 10000 − 3000 = 7000; 7000 − 2100 = 4900: suspended in epoch 4, no other block pending: it was absent.
    /// Restart in 5: min(4900, 7500). Each step adds ⌊3000·streak·(10000 − score)/50000⌋:
    ///   block of 5, decided after 6 (in 7): streak 1, +306 → 5206, admitted, Restricted
    ///   block of 7, flagged, decided in 9:  streak 2, +575 → 5781
    ///   block of 8, in 10:                  streak 3, +759 → 6540
    ///   block of 9, in 11:                  streak 4, +830 → 7370
    ///   block of 10, in 12:                 streak 5, +789 → 8159, Warning
    ///   block of 11, in 13:                 streak 5, +552 → 8711
    ///   block of 12, in 14:                 streak 5, +386 → 9097, Full
    function test_a_restarted_device_climbs_back_as_R9_and_R11_say() public {
        nature[8] = 3;
        runEpochs(2);
        manner[8] = Manner.Absent;
        runEpochs(3);
        nature[8] = 1;
        manner[8] = Manner.Honest;
        isTrue(tierOf(8) == Tier.Suspended, "suspended");
        equal(scoreOf(8), 4_900, "score");
        restart(8);
        uint16[10] memory scores = [uint16(4_900), 4_900, 5_206, 5_206, 5_781, 6_540, 7_370, 8_159, 8_711, 9_097];
        Tier[10] memory tiers = [
            Tier.Probation,
            Tier.Probation,
            Tier.Restricted,
            Tier.Restricted,
            Tier.Restricted,
            Tier.Restricted,
            Tier.Restricted,
            Tier.Warning,
            Tier.Warning,
            Tier.Full
        ];
        for (uint32 i; i < 10; ++i) {
            equal(nowEpoch(), 5 + i, "epoch");
            settleLive();
            equal(scoreOf(8), scores[i], string.concat("score in epoch ", vm.toString(5 + i)));
            isTrue(tierOf(8) == tiers[i], string.concat("tier in epoch ", vm.toString(5 + i)));
            runEpoch();
            // On probation it publishes only when nothing is undecided.
            isTrue((network.seatOf(8).lastEpoch == 5 + i) == (i != 1), "published");
            nextEpoch();
        }
        equal(network.seatOf(8).penalties, 2, "penalties stay");
    }

    /// From far below 5000 it climbs block by block on probation, and is admitted when it is back at 5000.
    function test_from_below_5000_it_climbs_on_probation() public {
        nature[8] = 3;
        runEpochs(4);
        nature[8] = 1;
        runEpochs(1);
        settleLive();
        // 10000 → 7000 → 4900 → 3430 → 2401: blocks 0…3, of which two were published before the first fell.
        equal(scoreOf(8), 2_401, "four falls");
        restart(8);
        // +455, +857, +1131 on probation, two epochs each; +1237 admits.
        uint16[5] memory scores = [uint16(2_401), 2_856, 3_713, 4_844, 6_081];
        for (uint256 i; i < 5; ++i) {
            settleLive();
            equal(scoreOf(8), scores[i], "score");
            isTrue((tierOf(8) == Tier.Probation) == (i < 4), "admitted at the end");
            runEpochs(2);
        }
    }

    /// A restart launders nothing: scores fall to the admission score at best, points stay, marks do not count.
    function test_whitewashing_by_restart_does_not_pay() public {
        nature[8] = 2;
        for (uint256 i; i < 80; ++i) {
            settleLive();
            if (tierOf(8) == Tier.Blocked) break;
            if (tierOf(8) != Tier.Suspended || network.seatOf(8).suspendedEpoch < nowEpoch()) {
                if (!network.seatOf(8).hasPublished || network.seatOf(8).lastEpoch + 1 < nowEpoch()) restart(8);
            }
            runEpoch();
            nextEpoch();
        }
        isTrue(tierOf(8) == Tier.Blocked, "thirteen points block it all the same");
        equal(network.seatOf(8).funds.deposit, 0, "and cost its deposit");
        equal(network.network().carry, DEPOSIT, "to carry");
    }

    function test_operator_and_provider_restart_others_do_not() public {
        uint256 key = newKey();
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotOperator.selector, 7, operatorOf(6)));
        vm.prank(operatorOf(6));
        network.restart(7, vm.addr(key), MEASUREMENT);
        vm.prank(providerOf(7));
        network.restart(7, vm.addr(key), MEASUREMENT);
        equal(network.seatOf(7).incarnation, vm.addr(key), "restarted");
    }
}
