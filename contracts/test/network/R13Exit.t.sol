// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockView,
    IProofOfAttestation,
    Parameters,
    Refusal,
    SeatView,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R13: leaving, being paid, and coming back as the same seat.
contract R13ExitTest is NetworkFixture {
    uint16 internal cooldown = 1;

    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        p.restartCooldownEpochs = cooldown;
    }

    function setUp() public {
        deploy(8);
    }

    function withdrawalFails(uint32 seat, bytes memory expected) private {
        vm.prank(providerOf(seat));
        vm.expectRevert(expected);
        network.withdrawDeposit(seat);
    }

    function locked(uint32 seat, uint32 from) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IProofOfAttestation.DepositLocked.selector, seat, from);
    }

    // ---- leaving ------------------------------------------------------------------------------------------

    function test_exit_is_announced_and_ends_publication_and_operation() public {
        runEpochs(3);
        settleLive();
        isTrue(network.isTrusted(deviceId(8), 0, 100), "before");
        vm.expectEmit(address(network));
        emit IProofOfAttestation.SeatExiting(8, 3, 0);
        exit(8);
        SeatView memory v = network.seatOf(8);
        isTrue(v.exiting && !v.funds.paidOut, "exiting");
        equal(v.unbondedEpoch, 17, "unbonds fourteen epochs on");
        isTrue(v.tier == Tier.Full, "its tier stays");
        isFalse(network.trustOf(deviceId(8)).operational, "not operational");
        isFalse(network.isTrusted(deviceId(8), 0, 100), "not trusted");
        openAndSeed();
        equal(uint256(publish(8, 0)), uint256(Refusal.Exiting), "publishes nothing");
        equal(network.boundSeatOf(deviceId(8)), 8, "its device id stays bound");
    }

    function test_only_the_provider_exits() public {
        address[3] memory others = [operatorOf(8), providerOf(7), address(this)];
        for (uint256 i; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotProvider.selector, 8, others[i]));
            network.exit(8);
        }
        exit(8);
        vm.prank(providerOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatIsExiting.selector, 8));
        network.exit(8);
    }

    function test_provisional_and_suspended_seats_exit_too() public {
        uint32 provisional = joinNew();
        manner[provisional] = Manner.Absent;
        nature[8] = 2;
        runEpochs(4);
        settleLive();
        isTrue(tierOf(8) == Tier.Suspended, "suspended");
        exit(8);
        exit(provisional);
        goTo(30);
        equal(withdrawDeposit(provisional), DEPOSIT * 9 / 10, "less what its removal would have cost");
        isTrue(withdrawDeposit(8) < DEPOSIT, "less what penalties withhold");
    }

    function test_the_principal_is_paid_when_unbonding_is_over_to_the_provider() public {
        goTo(3);
        exit(8);
        goTo(16);
        withdrawalFails(8, locked(8, 17));
        vm.warp(genesis + 17 * EPOCH_SECONDS - 1);
        withdrawalFails(8, locked(8, 17));
        goTo(17);
        vm.prank(operatorOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotProvider.selector, 8, operatorOf(8)));
        network.withdrawDeposit(8);
        vm.expectEmit(address(network));
        emit IProofOfAttestation.DepositPaid(8, providerOf(8), uint128(DEPOSIT), 0);
        equal(withdrawDeposit(8), DEPOSIT, "all");
        equal(token.balanceOf(providerOf(8)), DEPOSIT, "paid");
        equal(network.network().deposits, 7 * DEPOSIT, "deposits");
        isTrue(network.seatOf(8).funds.paidOut, "paid out");
        withdrawalFails(8, abi.encodeWithSelector(IProofOfAttestation.SeatPaidOut.selector, 8));
    }

    function test_who_has_not_announced_is_not_paid() public {
        goTo(100);
        withdrawalFails(8, abi.encodeWithSelector(IProofOfAttestation.SeatNotExiting.selector, 8));
    }

    /// However long unbonding was: what is still to be judged keeps the deposit, until it is void.
    function test_open_blocks_keep_the_deposit() public {
        exit(8);
        goTo(30);
        equal(withdrawDeposit(8), DEPOSIT, "without blocks at once");
        runEpochs(1);
        exit(7);
        goTo(45);
        withdrawalFails(7, abi.encodeWithSelector(IProofOfAttestation.BlocksStillOpen.selector, 7));
        goTo(46);
        equal(withdrawDeposit(7), DEPOSIT, "void: every exit ends");
    }

    function test_settled_blocks_free_the_deposit_before_they_are_void() public {
        runEpochs(2);
        exit(8);
        runEpochs(1);
        settleLive();
        goTo(14);
        withdrawalFails(8, locked(8, 16));
        settleLive();
        goTo(16);
        settleLive();
        equal(withdrawDeposit(8), DEPOSIT, "all are honest for good");
    }

    // ---- slashing -----------------------------------------------------------------------------------------

    /// What it did before it left is judged after.
    function test_blocks_of_an_exiting_seat_are_settled_and_its_penalties_withhold() public {
        nature[8] = 2;
        runEpochs(2);
        exit(8);
        equal(network.seatOf(8).penalties, 0, "nothing was judged yet");
        runEpochs(2);
        settleLive();
        equal(network.seatOf(8).penalties, 2, "two points all the same");
        goTo(16);
        uint256 withheld = DEPOSIT * 2 / 13;
        vm.expectEmit(address(network));
        emit IProofOfAttestation.DepositPaid(8, providerOf(8), uint128(DEPOSIT - withheld), uint128(withheld));
        equal(withdrawDeposit(8), DEPOSIT - withheld, "less two thirteenths");
        equal(network.network().carry, withheld, "which go to carry");
        equal(token.balanceOf(address(network)), 7 * DEPOSIT + withheld, "books");
    }

    function test_a_provisional_seat_that_exits_in_time_is_slashed_all_the_same() public {
        uint32 seat = joinNew();
        nature[seat] = 3;
        runEpochs(1);
        exit(seat);
        runEpochs(1);
        settleLive();
        isTrue(tierOf(seat) == Tier.Blocked, "blocked");
        equal(network.seatOf(seat).funds.deposit, 0, "slashed");
        equal(network.network().carry, DEPOSIT, "to carry, the fee and the rest");
        goTo(100);
        withdrawalFails(seat, abi.encodeWithSelector(IProofOfAttestation.SeatIsBlocked.selector, seat));
    }

    /// Points above a Q that was lowered before withhold everything, and no more than that.
    function test_at_Q_and_above_nothing_is_left() public {
        for (uint8 most = 4; most >= 2; --most) {
            threePoints(most);
            idle(8);
            equal(network.parameters().maxPenalties, most, "Q");
            exit(8);
            goTo(nowEpoch() + 20);
            uint256 withheld = most == 4 ? DEPOSIT * 3 / 4 : DEPOSIT;
            equal(withdrawDeposit(8), DEPOSIT - withheld, "what is left");
            equal(network.network().carry, withheld, "the rest");
            isTrue(network.seatOf(8).funds.paidOut, "paid out, be it nothing");
        }
    }

    /// What is announced after an exit makes it no dearer; what makes it cheaper counts.
    function test_the_milder_Q_of_exit_and_payment_counts() public {
        threePoints(4);
        exit(8);
        idle(20);
        equal(network.parameters().maxPenalties, 4, "Q was lowered since");
        equal(withdrawDeposit(8), DEPOSIT - DEPOSIT * 3 / 13, "as announced");
        threePoints(39);
        exit(8);
        idle(20);
        equal(network.parameters().maxPenalties, 39, "Q was raised since");
        equal(withdrawDeposit(8), DEPOSIT - DEPOSIT / 13, "as it is now");
    }

    /// @dev Seat 8 has three points, and another Q is announced.
    function threePoints(uint8 most) private {
        deploy(8);
        nature[8] = 2;
        runEpochs(3);
        nature[8] = 1;
        runEpochs(3);
        settleLive();
        equal(network.seatOf(8).penalties, 3, "three points");
        Parameters memory p = parameters();
        p.maxPenalties = most;
        network.announceParameters(p);
    }

    /// Seats are limited, and nobody is to use them up with one deposit.
    function test_a_provisional_seat_leaves_what_its_removal_would_cost() public {
        uint32 seat = joinNew();
        vm.expectEmit(address(network));
        emit IProofOfAttestation.SeatExiting(seat, 0, uint128(DEPOSIT / 10));
        exit(seat);
        equal(network.seatOf(seat).funds.deposit, DEPOSIT * 9 / 10, "less a tenth");
        equal(network.network().carry, DEPOSIT / 10, "to carry");
        equal(network.network().deposits, 8 * DEPOSIT + DEPOSIT * 9 / 10, "deposits");
        goTo(14);
        equal(withdrawDeposit(seat), DEPOSIT * 9 / 10, "the rest");
        rejoin(seat);
        equal(network.seatOf(seat).funds.deposit, DEPOSIT, "a whole deposit again");
        exit(seat);
        equal(network.network().carry, DEPOSIT / 5, "and again");
    }

    function test_exit_does_not_end_suspension_and_an_honest_decision_does_not_admit_who_leaves() public {
        restart(8);
        runEpochs(1);
        exit(8);
        runEpochs(2);
        settleLive();
        isTrue(blockAt(8, 0).decided && !blockAt(8, 0).malicious, "honest");
        isTrue(tierOf(8) == Tier.Probation, "still on probation");
    }

    // ---- removal ------------------------------------------------------------------------------------------

    function test_a_removed_seats_rest_unbonds() public {
        uint32 seat = joinNew();
        idle(20);
        network.remove(seat);
        equal(network.seatOf(seat).unbondedEpoch, 34, "as if its provider had announced it");
        goTo(33);
        withdrawalFails(seat, locked(seat, 34));
        goTo(34);
        equal(withdrawDeposit(seat), DEPOSIT * 9 / 10, "less the bounty");
    }

    // ---- rejoining ----------------------------------------------------------------------------------------

    function paidOut(uint32 seat) private {
        exit(seat);
        goTo(nowEpoch() + 20);
        withdrawDeposit(seat);
    }

    function rejoinFails(uint32 seat, address caller, bytes memory expected) private {
        token.mint(caller, DEPOSIT);
        vm.prank(caller);
        token.approve(address(network), DEPOSIT);
        address incarnation = vm.addr(newKey());
        vm.prank(caller);
        vm.expectRevert(expected);
        network.rejoin(seat, operatorOf(seat), incarnation, MEASUREMENT);
    }

    function test_a_seat_rejoins_as_the_same_seat() public {
        nature[8] = 2;
        runEpochs(1);
        nature[8] = 1;
        powers[8] = 2_000;
        runEpochs(2);
        settleLive();
        runEpochs(2);
        settleLive();
        SeatView memory before = network.seatOf(8);
        equal(before.penalties, 1, "a point");
        equal(before.power.verified, 2_000, "power");
        paidOut(8);
        rejoin(8);
        SeatView memory v = network.seatOf(8);
        isTrue(v.tier == Tier.Probation && v.admitted && !v.exiting && !v.funds.paidOut, "a restart");
        equal(v.penalties, 1, "penalties stay");
        equal(v.lastDigest, before.lastDigest, "so does the chain of digests");
        equal(v.power.verified, 2_000, "and the verified power");
        isTrue(v.score <= 7_500 && v.streak == 0, "at most the admission score");
        equal(v.funds.deposit, DEPOSIT, "a deposit like anybody's");
        equal(v.sinceEpoch, nowEpoch(), "since");
        equal(network.boundSeatOf(deviceId(8)), 8, "bound as ever");
        equal(network.network().deposits, 8 * DEPOSIT, "deposits");
        isTrue(v.lastDigest != 0, "the digest to go on from");
        runEpochs(3);
        settleLive();
        isTrue(tierOf(8) != Tier.Probation, "admitted by an honest decision");
    }

    function test_rejoining_is_told_with_operator_and_deposit() public {
        paidOut(8);
        token.mint(providerOf(8), DEPOSIT);
        vm.prank(providerOf(8));
        token.approve(address(network), DEPOSIT);
        vm.expectEmit(address(network));
        emit IProofOfAttestation.SeatRejoined(8, nowEpoch(), address(0x0B0B), uint128(DEPOSIT));
        vm.prank(providerOf(8));
        network.rejoin(8, address(0x0B0B), address(0x1234), "another measurement");
        SeatView memory v = network.seatOf(8);
        equal(v.operator, address(0x0B0B), "operator");
        equal(v.incarnation, address(0x1234), "incarnation");
        equal(v.measurement, "another measurement", "measurement");
    }

    function test_only_the_provider_of_a_seat_that_is_paid_out_rejoins() public {
        bytes memory early = abi.encodeWithSelector(IProofOfAttestation.SeatNotPaidOut.selector, 8);
        rejoinFails(8, providerOf(8), early);
        exit(8);
        rejoinFails(8, providerOf(8), early);
        goTo(14);
        withdrawDeposit(8);
        address[2] memory others = [operatorOf(8), address(0xABC)];
        for (uint256 i; i < 2; ++i) {
            rejoinFails(
                8, others[i], abi.encodeWithSelector(IProofOfAttestation.CallerNotProvider.selector, 8, others[i])
            );
        }
        rejoin(8);
        rejoinFails(8, providerOf(8), early);
    }

    function test_rejoining_needs_a_new_incarnation_and_an_operator() public {
        paidOut(8);
        address former = network.seatOf(8).incarnation;
        token.mint(providerOf(8), DEPOSIT);
        vm.prank(providerOf(8));
        token.approve(address(network), DEPOSIT);
        vm.prank(providerOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.IncarnationNotNew.selector, former));
        network.rejoin(8, operatorOf(8), former, MEASUREMENT);
        address[3] memory operators_ = [address(0), operatorOf(8), operatorOf(8)];
        address[3] memory incarnations = [address(9), address(0), address(9)];
        for (uint256 i; i < 3; ++i) {
            bytes32 measurement = i == 2 ? bytes32(0) : MEASUREMENT;
            vm.prank(providerOf(8));
            vm.expectRevert(IProofOfAttestation.RegistrationIncomplete.selector);
            network.rejoin(8, operators_[i], incarnations[i], measurement);
        }
    }

    /// The whole of a restart, its cool-down too.
    function test_a_suspended_seat_cools_down_before_it_rejoins() public {
        cooldown = 100;
        deploy(8);
        nature[8] = 2;
        runEpochs(4);
        settleLive();
        isTrue(tierOf(8) == Tier.Suspended, "suspended");
        uint32 from = network.seatOf(8).suspendedEpoch + 100;
        paidOut(8);
        rejoinFails(
            8, providerOf(8), abi.encodeWithSelector(IProofOfAttestation.RestartTooEarly.selector, 8, from)
        );
        goTo(from);
        rejoin(8);
        isTrue(tierOf(8) == Tier.Probation, "cooled down");
    }

    function test_a_provisional_seat_cannot_rejoin_under_an_id_bound_elsewhere() public {
        uint32 first = join("hardware");
        paidOut(first);
        uint32 second = join("hardware");
        runEpochs(2);
        settleLive();
        equal(network.boundSeatOf("hardware"), second, "bound");
        rejoinFails(
            first,
            providerOf(first),
            abi.encodeWithSelector(IProofOfAttestation.DeviceIdBound.selector, bytes32("hardware"), second)
        );
    }

    /// It counts as joined anew: there is time to be admitted.
    function test_a_provisional_seat_that_rejoins_may_be_removed_only_after_retention() public {
        uint32 seat = join("hardware");
        paidOut(seat);
        uint32 epoch = nowEpoch();
        rejoin(seat);
        equal(network.seatOf(seat).joinedIndex, network.network().openedEpochs, "joined");
        goTo(epoch + 100);
        idle(15);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatNotRemovable.selector, seat));
        network.remove(seat);
        idle(1);
        network.remove(seat);
    }

    function test_a_provisional_seat_that_rejoins_can_be_admitted() public {
        uint32 seat = join("hardware");
        paidOut(seat);
        rejoin(seat);
        runEpochs(2);
        settleLive();
        equal(network.boundSeatOf("hardware"), seat, "bound");
    }

    /// Leaving launders nothing: the points that were there count on, and withhold again.
    function test_whitewashing_by_exit_does_not_pay() public {
        nature[8] = 2;
        runEpochs(2);
        nature[8] = 1;
        runEpochs(2);
        settleLive();
        uint8 points = network.seatOf(8).penalties;
        equal(points, 2, "points");
        paidOut(8);
        rejoin(8);
        equal(network.seatOf(8).penalties, points, "stay");
        paidOut(8);
        equal(network.network().carry, 2 * (DEPOSIT * 2 / 13), "withheld twice");
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.DeviceIdBound.selector, deviceId(8), 8));
        network.join(registration(77, deviceId(8), newKey()));
    }

    /// Blocking needs no deposit to take: a seat that was paid out is blocked for what it did.
    function test_a_blocked_seat_does_not_rejoin() public {
        openAndSeed();
        network.reportEquivocation(pairOf(8));
        vm.prank(providerOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatIsBlocked.selector, 8));
        network.rejoin(8, operatorOf(8), address(9), MEASUREMENT);
    }

    function test_an_exiting_seat_neither_restarts_nor_is_revived_nor_removed() public {
        exit(8);
        vm.prank(operatorOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatIsExiting.selector, 8));
        network.restart(8, address(9), MEASUREMENT);
        uint32 provisional = joinNew();
        exit(provisional);
        idle(40);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatNotRemovable.selector, provisional));
        network.remove(provisional);
        network.announceStandstill();
        goTo(42);
        uint32[] memory seats = new uint32[](1);
        seats[0] = 8;
        bytes32 before = keccak256(abi.encode(network.seatOf(8)));
        network.revive(seats);
        equal(keccak256(abi.encode(network.seatOf(8))), before, "passed over");
    }

    // ---- operators ----------------------------------------------------------------------------------------

    function test_only_the_provider_names_an_operator_at_any_time() public {
        address next = address(0x0B0B);
        vm.prank(operatorOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotProvider.selector, 8, operatorOf(8)));
        network.setOperator(8, next);
        vm.prank(providerOf(8));
        vm.expectRevert(IProofOfAttestation.RegistrationIncomplete.selector);
        network.setOperator(8, address(0));
        vm.expectEmit(address(network));
        emit IProofOfAttestation.OperatorSet(8, next);
        setOperator(8, next);
        equal(network.seatOf(8).operator, next, "operator");
        openAndSeed();
        equal(uint256(publish(8, 0)), uint256(Refusal.None), "the new one publishes");
        exit(8);
        setOperator(8, operatorOf(8));
    }

    function test_a_new_operator_restarts_and_the_former_does_not() public {
        setOperator(8, address(0x0B0B));
        vm.prank(operatorOf(8));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotOperator.selector, 8, operatorOf(8)));
        network.restart(8, address(9), MEASUREMENT);
        vm.prank(address(0x0B0B));
        network.restart(8, address(9), MEASUREMENT);
    }
}
