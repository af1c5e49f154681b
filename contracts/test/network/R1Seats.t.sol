// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Refusal, SeatView, Suspicion, Tier} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R1: seats, claims, probation, removal, the way back from standstill.
contract R1SeatsTest is NetworkFixture {
    bytes32 private constant HARDWARE = keccak256("hardware");

    function setUp() public {
        deploy(6);
    }

    function expectRefusal(uint32 seat, Refusal expected, string memory what) private {
        equal(uint256(publish(seat, 0)), uint256(expected), what);
    }

    // ---- beginning ----------------------------------------------------------------------------------------

    function test_founding_seats_start_admitted_at_10000_with_full_streak() public view {
        SeatView memory v = network.seatOf(3);
        equal(v.score, 10_000, "score");
        equal(v.streak, 5, "streak");
        isTrue(v.admitted && v.tier == Tier.Full, "admitted");
        equal(v.power.verified, 1_000, "power");
        isFalse(v.power.unverified || v.power.hasBlock, "by founding, not by a block");
        equal(v.funds.deposit, DEPOSIT, "deposit");
        equal(network.boundSeatOf(deviceId(3)), 3, "bound");
        equal(network.network().deposits, 6 * DEPOSIT, "deposits");
        equal(token.balanceOf(address(network)), 6 * DEPOSIT, "paid by the owner");
    }

    function test_other_seats_start_provisional_on_probation_with_the_admission_score() public {
        uint32 seat = join(HARDWARE);
        SeatView memory v = network.seatOf(seat);
        equal(v.score, 7_500, "score");
        equal(v.streak, 0, "streak");
        isTrue(v.tier == Tier.Probation && !v.admitted, "provisional");
        equal(v.provider, providerOf(seat), "provider");
        equal(network.boundSeatOf(HARDWARE), 0, "not bound");
        equal(network.network().deposits, 7 * DEPOSIT, "deposit");
        equal(token.balanceOf(providerOf(seat)), 0, "paid");
    }

    function test_honest_decision_admits_and_binds() public {
        uint32 seat = join(HARDWARE);
        runEpochs(2);
        isTrue(tierOf(seat) == Tier.Probation, "not before its window's epoch is over and settled");
        settleLive();
        isTrue(network.seatOf(seat).admitted, "admitted");
        isTrue(tierOf(seat) == Tier.Warning, "tier");
        equal(network.boundSeatOf(HARDWARE), seat, "bound");
        // 7500 + 3000·1·2500/(10000·5)
        equal(scoreOf(seat), 7_650, "one step");
        openAndSeed();
        expectRefusal(seat, Refusal.None, "publishes");
        equal(blockAt(seat, 2).weight, 7_650 * 7_650 / uint256(10_000), "with weight");
    }

    // ---- claims -------------------------------------------------------------------------------------------

    function test_several_may_claim_one_id_and_the_first_admitted_binds_it() public {
        uint32 first = join(HARDWARE);
        uint32 second = join(HARDWARE);
        openAndSeed();
        publishAll();
        equal(blockAt(first, 0).seat, first, "the first published");
        isFalse(network.seatOf(second).hasPublished, "the second was barred by a rival");
        nextEpoch();
        runEpochs(1);
        settleLive();
        equal(network.boundSeatOf(HARDWARE), first, "bound");
        openAndSeed();
        expectRefusal(second, Refusal.BoundElsewhere, "bound elsewhere");
        isFalse(network.seatOf(second).admitted, "for good");
    }

    function test_joining_under_a_bound_id_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.DeviceIdBound.selector, deviceId(2), 2));
        network.join(registration(99, deviceId(2), newKey()));
    }

    function test_a_rivals_undecided_block_bars_and_its_decision_frees() public {
        uint32 squatter = join(HARDWARE);
        uint32 owner = join(HARDWARE);
        nature[squatter] = 4;
        openAndSeed();
        publishAll();
        expectRefusal(owner, Refusal.RivalClaim, "barred");
        nextEpoch();
        runEpochs(1);
        settleLive();
        isTrue(tierOf(squatter) == Tier.Blocked, "the squatter is blocked at once");
        openAndSeed();
        expectRefusal(owner, Refusal.None, "free");
        nextEpoch();
        runEpochs(1);
        settleLive();
        equal(network.boundSeatOf(HARDWARE), owner, "the real hardware is admitted all the same");
    }

    /// A rival whose block got no marks holds the others off until that block is void, not for ever.
    function test_a_rivals_void_block_does_not_bar() public {
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Absent;
        }
        uint32 first = join(HARDWARE);
        uint32 second = join(HARDWARE);
        runEpochs(15);
        openAndSeed();
        expectRefusal(second, Refusal.RivalClaim, "last epoch of retention");
        nextEpoch();
        openAndSeed();
        expectRefusal(second, Refusal.None, "void");
        expectRefusal(first, Refusal.RivalClaim, "now the other waits");
    }

    function test_blocking_the_bound_seat_bars_the_id_for_good() public {
        nature[6] = 2;
        block6();
        equal(network.boundSeatOf(deviceId(6)), 6, "still bound");
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.DeviceIdBound.selector, deviceId(6), 6));
        network.join(registration(99, deviceId(6), newKey()));
    }

    /// @dev Seat 6 publishes what verifiers call bad, restarting whenever it is suspended, until Q points block it.
    function block6() private {
        for (uint256 i; i < 60 && tierOf(6) != Tier.Blocked; ++i) {
            settleLive();
            if (tierOf(6) == Tier.Suspended && network.seatOf(6).suspendedEpoch < nowEpoch()) restart(6);
            runEpoch();
            nextEpoch();
        }
        isTrue(tierOf(6) == Tier.Blocked, "blocked");
        equal(network.seatOf(6).penalties, 13, "at Q points");
    }

    function test_blocking_a_mere_claimant_does_not_bar_the_id() public {
        uint32 seat = join(HARDWARE);
        nature[seat] = 3;
        runEpochs(2);
        settleLive();
        isTrue(tierOf(seat) == Tier.Blocked, "blocked");
        equal(network.boundSeatOf(HARDWARE), 0, "free");
        join(HARDWARE);
    }

    // ---- removal ------------------------------------------------------------------------------------------

    function test_a_seat_not_admitted_within_retention_may_be_removed_by_anyone_for_a_bounty() public {
        uint32 seat = join(HARDWARE);
        address remover = address(0xBEEF);
        // Epochs in which it could have been admitted: those that nobody opened do not count.
        goTo(100);
        idle(15);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatNotRemovable.selector, seat));
        network.remove(seat);
        idle(1);
        vm.prank(remover);
        network.remove(seat);
        SeatView memory v = network.seatOf(seat);
        isTrue(v.exiting, "leaving");
        equal(v.funds.deposit, DEPOSIT * 9 / 10, "less a tenth");
        equal(network.bountyOf(remover), DEPOSIT / 10, "bounty");
        vm.prank(remover);
        network.withdrawBounty();
        equal(token.balanceOf(remover), DEPOSIT / 10, "paid");
        equal(network.bountyOf(remover), 0, "once");
        equal(network.network().deposits + network.network().carry, token.balanceOf(address(network)), "books");
        openAndSeed();
        expectRefusal(seat, Refusal.Exiting, "it publishes no more");
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatNotRemovable.selector, seat));
        network.remove(seat);
    }

    function test_admitted_and_blocked_seats_cannot_be_removed() public {
        uint32 admitted = join(HARDWARE);
        uint32 blocked = joinNew();
        nature[blocked] = 2;
        runEpochs(2);
        settleLive();
        idle(20);
        uint32[3] memory seats = [uint32(1), admitted, blocked];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatNotRemovable.selector, seats[i]));
            network.remove(seats[i]);
        }
    }

    /// A removed seat is on its way out: an honest decision on its last block must not bind the id to it.
    function test_a_removed_seat_is_not_admitted_and_binds_nothing() public {
        uint32 seat = join(HARDWARE);
        idle(15);
        runEpochs(1);
        network.remove(seat);
        runEpochs(1);
        settleLive();
        isTrue(blockAt(seat, 15).decided, "decided");
        isFalse(blockAt(seat, 15).malicious, "honest");
        isFalse(network.seatOf(seat).admitted, "not admitted");
        equal(network.boundSeatOf(HARDWARE), 0, "the id stays free");
        join(HARDWARE);
    }

    /// Slashing reaches the deposit of a removed seat.
    function test_a_removed_seat_is_still_slashed() public {
        uint32 seat = join(HARDWARE);
        nature[seat] = 3;
        idle(15);
        runEpochs(1);
        network.remove(seat);
        runEpochs(1);
        settleLive();
        isTrue(tierOf(seat) == Tier.Blocked, "blocked");
        equal(network.seatOf(seat).funds.deposit, 0, "slashed");
        equal(network.network().carry, DEPOSIT * 9 / 10, "to carry");
    }

    // ---- absence ------------------------------------------------------------------------------------------

    function test_a_seat_that_missed_retention_opened_epochs_returns_on_probation() public {
        runEpochs(1);
        manner[6] = Manner.Absent;
        manner[5] = Manner.Absent;
        runEpochs(15);
        manner[5] = Manner.Honest;
        runEpochs(1);
        isTrue(tierOf(5) == Tier.Full, "15 missed: as before");
        isTrue(blockAt(5, 16).weight > 0, "with weight");
        manner[6] = Manner.Honest;
        runEpoch();
        isTrue(tierOf(6) == Tier.Probation, "16 missed: on probation");
        equal(blockAt(6, 17).weight, 0, "without weight");
        isTrue(blockAt(6, 17).logged, "and under suspicion");
        nextEpoch();
        runEpochs(1);
        settleLive();
        isTrue(tierOf(6) == Tier.Full, "admitted again");
    }

    /// Epochs that nobody opened are nobody's absence.
    function test_unopened_epochs_are_not_missed() public {
        runEpochs(1);
        goTo(40);
        runEpoch();
        for (uint32 seat = 1; seat <= 6; ++seat) {
            isTrue(tierOf(seat) == Tier.Full, "Full");
            equal(blockAt(seat, 40).weight, 10_000, "weight");
        }
    }

    // ---- standstill ---------------------------------------------------------------------------------------

    function test_way_back_from_standstill() public {
        nature[6] = 2;
        runEpochs(5);
        settleLive();
        isTrue(tierOf(6) == Tier.Suspended, "one is suspended");
        uint256 fallen = scoreOf(6);
        isTrue(fallen < 5_000, "low");
        uint8 penalties = network.seatOf(6).penalties;
        // Nobody publishes from epoch 5 on; the last weight was in epoch 4.
        goTo(12);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NoStandstill.selector, 4));
        network.announceStandstill();
        goTo(13);
        network.announceStandstill();
        uint32[] memory seats = new uint32[](2);
        (seats[0], seats[1]) = (6, 1);
        goTo(14);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.StandstillTooEarly.selector, 15));
        network.revive(seats);
        goTo(15);
        network.revive(seats);
        SeatView memory v = network.seatOf(6);
        isTrue(v.tier == Tier.Restricted, "no longer suspended");
        equal(v.score, 5_000, "raised");
        equal(v.penalties, penalties, "penalties stay");
        equal(scoreOf(1), 10_000, "a good score is left alone");
        openAndSeed();
        expectRefusal(6, Refusal.None, "publishes");
        equal(blockAt(6, 15).weight, 2_500, "with weight");
    }

    function test_announcement_lapses_when_weight_returns() public {
        runEpochs(1);
        goTo(9);
        network.announceStandstill();
        goTo(10);
        runEpoch();
        uint32[] memory seats = new uint32[](1);
        seats[0] = 1;
        goTo(12);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NoStandstill.selector, 10));
        network.revive(seats);
        goTo(30);
        vm.expectRevert(IProofOfAttestation.StandstillNotAnnounced.selector);
        network.revive(seats);
    }

    function test_revival_counts_the_current_epoch_as_published() public {
        runEpochs(1);
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Absent;
        }
        runEpochs(20);
        network.announceStandstill();
        nextEpoch();
        nextEpoch();
        uint32[] memory seats = new uint32[](5);
        for (uint32 i; i < 5; ++i) {
            (seats[i], manner[i + 1]) = (i + 1, Manner.Honest);
        }
        manner[6] = Manner.Honest;
        network.revive(seats);
        runEpoch();
        isTrue(blockAt(1, nowEpoch()).weight == 10_000, "revived: weight");
        isTrue(blockAt(6, nowEpoch()).weight == 0, "not revived: on probation");
    }

    /// Others are passed over: who leaves in between does not hold up the rest.
    function test_only_admitted_unblocked_seats_are_revived() public {
        uint32 provisional = joinNew();
        uint32 blocked = joinNew();
        nature[blocked] = 2;
        manner[provisional] = Manner.Absent;
        runEpochs(2);
        settleLive();
        goTo(20);
        network.announceStandstill();
        goTo(22);
        exit(2);
        uint32[] memory seats = new uint32[](5);
        (seats[0], seats[1], seats[2], seats[3], seats[4]) = (provisional, blocked, 2, 77, 1);
        bytes32 before = keccak256(
            abi.encode(network.seatOf(provisional), network.seatOf(blocked), network.seatOf(2), network.network())
        );
        vm.expectEmit(address(network));
        emit IProofOfAttestation.SeatRevived(1, 22, 10_000);
        network.revive(seats);
        equal(
            keccak256(
                abi.encode(network.seatOf(provisional), network.seatOf(blocked), network.seatOf(2), network.network())
            ),
            before,
            "passed over"
        );
    }

    /// Nobody could look at what was declared after the announcement.
    function test_incarnations_declared_after_the_announcement_are_not_revived() public {
        runEpochs(1);
        goTo(20);
        restart(5);
        network.announceStandstill();
        nextEpoch();
        restart(6);
        nextEpoch();
        uint32[] memory seats = new uint32[](2);
        (seats[0], seats[1]) = (5, 6);
        network.revive(seats);
        isTrue(tierOf(5) == Tier.Warning, "declared in the epoch of the announcement");
        isTrue(tierOf(6) == Tier.Probation, "declared after it");
    }

    /// A pause is no standstill: it takes as long after it as after a block with weight.
    function test_no_standstill_is_announced_or_used_in_or_right_after_a_pause() public {
        runEpochs(1);
        goTo(20);
        network.announceStandstill();
        network.setPaused(true);
        uint32[] memory seats = new uint32[](1);
        seats[0] = 1;
        goTo(22);
        vm.expectRevert(IProofOfAttestation.NetworkPaused.selector);
        network.announceStandstill();
        vm.expectRevert(IProofOfAttestation.NetworkPaused.selector);
        network.revive(seats);
        network.setPaused(false);
        goTo(31);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NoStandstill.selector, 23));
        network.announceStandstill();
        goTo(32);
        vm.expectRevert(IProofOfAttestation.StandstillNotAnnounced.selector);
        network.revive(seats);
        network.announceStandstill();
        goTo(34);
        network.revive(seats);
    }
}
