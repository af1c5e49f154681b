// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IProofOfAttestation,
    Parameters,
    Publication,
    Registration,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev Section 3.1: what a pause stops, and what it never stops.
contract PausingTest is NetworkFixture {
    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        (p.rewardPerEpoch, p.rewardDelayEpochs) = (1_000_000, 2);
    }

    function setUp() public {
        deploy(6);
        token.mint(address(network), 1 ether);
    }

    function pause() private {
        vm.expectEmit(address(network));
        emit IProofOfAttestation.PauseSet(true);
        network.setPaused(true);
        isTrue(network.network().paused, "shown");
    }

    function refused(address caller, bytes memory call_) private {
        bytes32 before = fingerprint();
        vm.prank(caller);
        (bool done, bytes memory answer) = address(network).call(call_);
        isFalse(done, "refused");
        equal(keccak256(answer), keccak256(abi.encodePacked(IProofOfAttestation.NetworkPaused.selector)), "paused");
        equal(fingerprint(), before, "nothing changed");
    }

    function test_a_pause_stops_joining_rejoining_opening_seeding_and_publication() public {
        exit(6);
        goTo(14);
        withdrawDeposit(6);
        network.openEpoch();
        mine(3);
        pause();
        refused(address(this), abi.encodeCall(network.seedEpoch, ()));
        network.setPaused(false);
        network.seedEpoch();
        Publication memory p = publication(1, 0);
        pause();
        refused(operatorOf(1), abi.encodeCall(network.publish, (p)));
        Registration memory r = registration(7, "id", newKey());
        refused(address(this), abi.encodeCall(network.join, (r)));
        refused(providerOf(6), abi.encodeCall(network.rejoin, (6, operatorOf(6), address(9), MEASUREMENT)));
        nextEpoch();
        refused(address(this), abi.encodeCall(network.openEpoch, ()));
        network.setPaused(false);
        openAndSeed();
        publishAll();
        rejoin(6);
        joinNew();
    }

    /// Even a publication that would end in a refusal is stopped: nothing is told of it.
    function test_a_pause_goes_before_every_other_reason() public {
        openAndSeed();
        pause();
        Publication memory p;
        p.seat = 77;
        refused(address(this), abi.encodeCall(network.publish, (p)));
    }

    function test_a_pause_does_not_stop_settlement_restart_exit_removal_reports_or_operators() public {
        uint32 provisional = joinNew();
        manner[provisional] = Manner.Absent;
        runEpochs(2);
        openAndSeed();
        pause();
        isTrue(settle(1, 0), "settlement");
        restart(2);
        isTrue(tierOf(2) == Tier.Probation, "restart");
        setOperator(3, address(0x0B0B));
        exit(4);
        isTrue(network.seatOf(4).exiting, "exit");
        network.reportEquivocation(pairOf(5));
        isTrue(tierOf(5) == Tier.Blocked, "report");
        goTo(16);
        network.remove(provisional);
        isTrue(network.seatOf(provisional).exiting, "removal");
    }

    /// The owner can hold back nothing that is owed.
    function test_a_pause_never_stops_a_withdrawal() public {
        uint32 provisional = joinNew();
        manner[provisional] = Manner.Absent;
        for (uint256 i; i < 14; ++i) {
            runEpochs(1);
            settleLive();
        }
        exit(6);
        goTo(17);
        pause();
        network.remove(provisional);
        isTrue(network.withdrawBounty() == DEPOSIT / 10, "bounty");
        goTo(40);
        isTrue(withdrawRewards(6) > 0, "rewards");
        equal(withdrawDeposit(6), DEPOSIT, "deposit");
        equal(withdrawDeposit(provisional), DEPOSIT * 9 / 10, "what a removed seat has left");
    }

    function test_a_pause_does_not_stop_the_owner_from_governing() public {
        pause();
        network.setPolicy("another");
        network.announceParameters(parameters());
        goTo(20);
        network.announceStandstill();
        goTo(22);
        uint32[] memory seats = new uint32[](1);
        seats[0] = 1;
        network.revive(seats);
        (bool done,) = address(network).call(abi.encodeWithSignature("transferOwnership(address)", address(7)));
        isTrue(done, "ownership");
    }

    function test_pausing_is_idempotent_and_allowed_before_genesis() public {
        vm.warp(genesis - 1);
        pause();
        pause();
        network.setPaused(false);
        vm.warp(genesis);
        openAndSeed();
    }

    /// A pause is no reprieve: blocks age, and become void.
    function test_time_goes_on_while_paused() public {
        runEpochs(1);
        pause();
        goTo(16);
        network.setPaused(false);
        isFalse(settle(1, 0), "void");
        runEpochs(2);
        settleLive();
        isTrue(blockAt(1, 16).passed, "and the network goes on");
    }
}
