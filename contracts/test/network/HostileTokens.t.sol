// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Equivocation, IProofOfAttestation, Parameters, Tier} from "../../src/interfaces/IProofOfAttestation.sol";
import {TestToken} from "../../src/devnet/TestToken.sol";
import {HostileToken} from "../support/HostileToken.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev A token that calls back while it is asked to move, or that lies, on the way in and on the way out.
contract HostileTokensTest is NetworkFixture {
    HostileToken private hostile;

    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        (p.rewardPerEpoch, p.rewardDelayEpochs, p.minDeposit) = (1_000, 2, 1_000);
    }

    function setUp() public {
        vm.warp(nowSeconds);
        vm.roll(height);
        hostile = new HostileToken();
        token = TestToken(address(hostile));
        genesis = uint64(nowSeconds + 1 days);
        network = IProofOfAttestation(deployContracts(settings(), parameters()));
        hostile.mint(address(this), 1_000_000);
        for (uint256 i; i < 4; ++i) {
            found();
        }
        goTo(0);
    }

    /// @dev The token itself is provider of a seat, so that what it calls back has every right.
    function ownSeat() private returns (uint32 seat) {
        uint256 key = newKey();
        seat = network.network().seats + 1;
        hostile.mint(address(hostile), 10_000);
        vm.prank(address(hostile));
        network.join(registration(seat, deviceId(seat), key));
        keyOf[seat] = key;
        nature[seat] = 1;
    }

    function booksHold() private view {
        uint256 held = hostile.trueBalanceOf(address(network));
        uint256 owed = uint256(network.network().deposits) + network.network().bounties + network.network().carry
            + network.network().purses;
        isTrue(held >= owed, "it holds what it owes");
    }

    /// Whatever a token calls back into while a deposit is on its way: nothing of it goes through twice.
    function test_a_token_that_calls_back_in_transferFrom_is_refused() public {
        uint32 seat = ownSeat();
        vm.prank(address(hostile));
        network.exit(seat);
        goTo(14);
        bytes[5] memory calls = [
            abi.encodeCall(network.join, (registration(99, "another", newKey()))),
            abi.encodeCall(network.rejoin, (seat, address(7), address(8), MEASUREMENT)),
            abi.encodeCall(network.withdrawDeposit, (seat)),
            abi.encodeCall(network.withdrawRewards, (seat)),
            abi.encodeCall(network.withdrawBounty, ())
        ];
        hostile.mint(providerOf(90), 10_000);
        for (uint256 i; i < calls.length; ++i) {
            hostile.callBack(address(network), calls[i]);
            uint32 before = network.network().seats;
            uint32 next = before + 1;
            uint256 key = newKey();
            vm.prank(providerOf(90));
            network.join(registration(next, deviceId(next), key));
            equal(network.network().seats, next, "one seat");
            isFalse(hostile.succeeded(i), "calling back is refused");
            booksHold();
        }
    }

    function test_a_token_that_calls_back_in_transfer_is_refused() public {
        uint32 seat = ownSeat();
        vm.prank(address(hostile));
        network.exit(seat);
        goTo(14);
        uint256 before = vm.snapshotState();
        for (uint256 i; i < 3; ++i) {
            vm.revertToState(before);
            before = vm.snapshotState();
            if (i == 0) hostile.callBack(address(network), abi.encodeCall(network.withdrawDeposit, (seat)));
            else if (i == 1) hostile.callBack(address(network), abi.encodeCall(network.withdrawBounty, ()));
            else hostile.callBack(address(network), abi.encodeCall(network.rejoin, (seat, address(7), address(8), MEASUREMENT)));
            vm.prank(address(hostile));
            equal(network.withdrawDeposit(seat), 900, "paid");
            equal(hostile.calls(), 1, "it called back");
            isFalse(hostile.succeeded(0), "in vain");
            isTrue(network.seatOf(seat).funds.paidOut && network.seatOf(seat).exiting, "paid out, once");
            booksHold();
        }
    }

    /// What may go on meanwhile finds the books as they are after the payment.
    function test_what_a_callback_may_do_finds_the_books_closed() public {
        hostile.mint(address(network), 50_000);
        runEpochs(12);
        settleLive();
        exit(4);
        goTo(40);
        hostile.callBack(address(this), abi.encodeCall(this.settleAll, ()));
        uint256 deposits = network.network().deposits;
        withdrawDeposit(4);
        isTrue(hostile.succeeded(0), "a settlement in the midst of a payment");
        equal(network.network().deposits, deposits - 1_000, "booked before");
        equal(seenDeposits, deposits - 1_000, "and seen so");
        booksHold();
        equal(hostile.trueBalanceOf(providerOf(4)), 1_000, "once");
    }

    uint256 private seenDeposits;

    function settleAll() external {
        seenDeposits = network.network().deposits;
        settleLive();
    }

    /// In a payment the token may show a balance of which a part is leaving: no epoch opens there.
    function test_no_epoch_opens_from_within_a_payment() public {
        hostile.mint(address(network), 50_000);
        exit(4);
        goTo(14);
        hostile.callBack(address(network), abi.encodeCall(network.openEpoch, ()));
        withdrawDeposit(4);
        isFalse(hostile.succeeded(0), "refused");
        uint32 seat = network.network().seats + 1;
        uint256 key = newKey();
        hostile.mint(providerOf(seat), 10_000);
        vm.prank(providerOf(seat));
        network.join(registration(seat, deviceId(seat), key));
        isFalse(hostile.succeeded(1), "nor while a deposit comes in");
        hostile.callBack(address(0), "");
        network.openEpoch();
        booksHold();
    }

    function test_a_callback_that_burns_gas_or_reverts_harms_the_caller_alone() public {
        exit(4);
        goTo(14);
        hostile.callBack(address(this), abi.encodeCall(this.burn, ()));
        withdrawDeposit(4);
        booksHold();
        isTrue(network.seatOf(4).funds.paidOut, "paid");
    }

    function burn() external view {
        uint256 before = gasleft();
        while (before - gasleft() < 10_000_000) {}
    }

    /// A withdrawal that the token refuses undoes itself: it can be made later.
    function test_a_payment_that_the_token_refuses_is_owed_as_before() public {
        exit(4);
        goTo(14);
        hostile.burn(address(network), 4_000);
        bytes32 before = keccak256(abi.encode(network.seatOf(4), network.network()));
        vm.prank(providerOf(4));
        (bool done,) = address(network).call(abi.encodeCall(network.withdrawDeposit, (4)));
        isFalse(done, "refused");
        equal(keccak256(abi.encode(network.seatOf(4), network.network())), before, "as before");
        hostile.mint(address(network), 4_000);
        equal(withdrawDeposit(4), 1_000, "later");
    }

    /// Some tokens refuse to move nothing, as this one does: a seat of which penalties withhold all leaves all the same.
    function test_a_payment_of_nothing_is_not_asked_of_the_token() public {
        nature[4] = 2;
        runEpochs(2);
        nature[4] = 1;
        runEpochs(3);
        settleLive();
        equal(network.seatOf(4).penalties, 2, "two points");
        Parameters memory p = parameters();
        p.maxPenalties = 2;
        network.announceParameters(p);
        idle(8);
        exit(4);
        idle(20);
        equal(withdrawDeposit(4), 0, "nothing");
        isTrue(network.seatOf(4).funds.paidOut, "paid out");
        booksHold();
    }

    /// Nobody else's payments hang on one that fails.
    function test_payments_are_pulled_one_by_one() public {
        exit(3);
        exit(4);
        goTo(14);
        hostile.burn(address(network), 3_000);
        withdrawDeposit(4);
        vm.prank(providerOf(3));
        (bool done,) = address(network).call(abi.encodeCall(network.withdrawDeposit, (3)));
        isFalse(done, "nothing is left for this one");
    }

    function test_a_token_that_lies_about_what_came_in_is_refused() public {
        hostile.mint(providerOf(5), 10_000);
        hostile.become(HostileToken.Answer.Nothing);
        uint256 key = newKey();
        vm.prank(providerOf(5));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.DepositIncomplete.selector, 1_000, 0));
        network.join(registration(5, deviceId(5), key));
    }
}
