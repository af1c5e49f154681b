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

    function test_a_pause_stops_joining_rejoining_opening_and_seeding() public {
        exit(6);
        goTo(14);
        withdrawDeposit(6);
        network.openEpoch();
        mine(3);
        pause();
        refused(address(this), abi.encodeCall(network.seedEpoch, ()));
        Publication memory p;
        (p.seat, p.evidence) = (1, evidence);
        refused(operatorOf(1), abi.encodeCall(network.publish, (p)));
        Registration memory r = registration(7, "id", newKey());
        refused(address(this), abi.encodeCall(network.join, (r)));
        refused(providerOf(6), abi.encodeCall(network.rejoin, (6, operatorOf(6), address(9), MEASUREMENT)));
        nextEpoch();
        refused(address(this), abi.encodeCall(network.openEpoch, ()));
        network.setPaused(false);
        nextEpoch();
        openAndSeed();
        publishAll();
        rejoin(6);
        joinNew();
    }

    /// Else who chooses the moment would have an epoch, its pot and its decisions for itself.
    function test_an_epoch_that_has_its_seed_runs_to_its_end() public {
        openAndSeed();
        publish(1);
        pause();
        publishAll();
        equal(network.epochOf(0).weightedBlocks, 6, "all of them");
        nextEpoch();
        refused(address(this), abi.encodeCall(network.openEpoch, ()));
    }

    function test_going_on_takes_effect_with_the_next_epoch() public {
        runEpochs(1);
        pause();
        vm.warp(nowSeconds + EPOCH_SECONDS / 2);
        network.setPaused(false);
        isFalse(network.network().paused, "not paused");
        equal(network.network().resumesEpoch, 2, "from 2 on");
        refused(address(this), abi.encodeCall(network.openEpoch, ()));
        Registration memory r = registration(7, "id", newKey());
        refused(address(this), abi.encodeCall(network.join, (r)));
        vm.warp(genesis + 2 * EPOCH_SECONDS - 1);
        refused(address(this), abi.encodeCall(network.openEpoch, ()));
        goTo(2);
        openAndSeed();
        publishAll();
        joinNew();
    }

    /// Going on when nothing is paused, and pausing twice, shift nothing.
    function test_going_on_without_a_pause_does_nothing() public {
        network.setPaused(false);
        equal(network.network().resumesEpoch, 0, "there was none");
        openAndSeed();
        nextEpoch();
        pause();
        pause();
        goTo(5);
        network.setPaused(false);
        network.setPaused(false);
        goTo(6);
        network.setPaused(false);
        equal(network.network().resumesEpoch, 6, "the first time counts");
        openAndSeed();
    }

    function test_a_pause_from_before_genesis_ends_before_it() public {
        vm.warp(genesis - 1);
        pause();
        network.setPaused(false);
        vm.warp(genesis);
        openAndSeed();
        equal(network.network().resumesEpoch, 0, "as if there was none");
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
        network.setPaused(false);
        nextEpoch();
        idle(16);
        pause();
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
        idle(3);
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
        (bool done,) = address(network).call(abi.encodeWithSignature("transferOwnership(address)", address(7)));
        isTrue(done, "ownership");
    }

    /// A pause is no reprieve: blocks age, and become void.
    function test_time_goes_on_while_paused() public {
        runEpochs(1);
        pause();
        goTo(16);
        network.setPaused(false);
        isFalse(settle(1, 0), "void");
        nextEpoch();
        runEpochs(2);
        settleLive();
        isTrue(blockAt(1, 17).passed, "and the network goes on");
    }
}
