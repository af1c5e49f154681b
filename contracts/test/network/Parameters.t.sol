// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochView, IProofOfAttestation, Parameters, Tier} from "../../src/interfaces/IProofOfAttestation.sol";
import {Bounds} from "../support/Bounds.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev Section 3: how parameters change.
contract ParametersTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    /// @dev Unlike the present ones in every field.
    function others() private pure returns (Parameters memory) {
        return Parameters(3, 30, 50, 11, 4, 6, 900, 2_900, 7_400, 3, 80, 10, 4_000, 900, uint128(DEPOSIT / 2), 77);
    }

    function same(Parameters memory a, Parameters memory b) private pure returns (bool) {
        return keccak256(abi.encode(a)) == keccak256(abi.encode(b));
    }

    function announcedFrom() private view returns (bool announced, uint32 from, Parameters memory p) {
        return network.announcedParameters();
    }

    function pendingReverts(uint32 from) private {
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.ParametersPending.selector, from));
        network.announceParameters(others());
    }

    function test_announcing_is_told_and_shown_and_changes_nothing_yet() public {
        goTo(3);
        vm.expectEmit(address(network));
        emit IProofOfAttestation.ParametersAnnounced(10, others());
        network.announceParameters(others());
        (bool announced, uint32 from, Parameters memory p) = announcedFrom();
        isTrue(announced && same(p, others()), "announced");
        equal(from, 10, "seven epochs on");
        isTrue(same(network.parameters(), parameters()), "the current ones stay");
    }

    function test_nothing_is_announced_at_first() public view {
        (bool announced, uint32 from, Parameters memory p) = announcedFrom();
        isFalse(announced, "none");
        equal(from, 0, "none");
        equal(p.minDeposit, 0, "none");
    }

    function test_announced_parameters_are_held_to_the_same_bounds() public {
        for (uint256 i; i < 32; ++i) {
            (Parameters memory p, bytes32 name) = Bounds.outOf(parameters(), i);
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.ParameterOutOfBounds.selector, name));
            network.announceParameters(p);
        }
        network.announceParameters(Parameters(1, 2, 2, 1, 1, 1, 0, 1, 5_000, 0, 1, 1, 0, 0, 1, 0));
        network.announceParameters(
            Parameters(8, 56, 90, 255, 15, 11, 10_000, 10_000, 8_999, 1_000, 1_825, 3_650, 10_000, 5_000, 1e30, 1e30)
        );
    }

    function test_they_are_adopted_with_the_first_seed_from_their_epoch_on() public {
        network.announceParameters(others());
        goTo(6);
        openAndSeed();
        isTrue(same(network.parameters(), parameters()), "not in the epoch before");
        nextEpoch();
        network.openEpoch();
        isTrue(same(network.parameters(), parameters()), "not by the opening");
        mine(3);
        vm.expectEmit(address(network));
        emit IProofOfAttestation.ParametersAdopted(7);
        network.seedEpoch();
        isTrue(same(network.parameters(), others()), "with the seed");
        (bool announced,,) = announcedFrom();
        isFalse(announced, "adopted");
    }

    /// The opening that will adopt them is frozen by them already.
    function test_the_adopting_epoch_is_frozen_by_the_new_parameters() public {
        Parameters memory p = parameters();
        (p.latestChecks, p.suspiciousChecks, p.decisionMarks, p.rewardPerEpoch) = (1, 3, 3, 55);
        token.mint(address(network), 1_000);
        network.announceParameters(p);
        goTo(5);
        runEpochs(2);
        openAndSeed();
        EpochView memory v = network.epochOf(7);
        equal(v.latestChecks, 1, "L1");
        equal(v.suspiciousChecks, 3, "L2");
        equal(v.decisionMarks, 3, "K_e");
        equal(v.pot, 55, "pot");
        equal(network.epochOf(6).latestChecks, 2, "the one before stays");
        equal(network.epochOf(6).pot, 0, "as frozen");
    }

    /// Assignment and window of an epoch that was opened before go by what it froze.
    function test_settlement_of_earlier_blocks_goes_by_their_epochs_assignment() public {
        nature[6] = 3;
        goTo(4);
        Parameters memory p = parameters();
        (p.latestChecks, p.suspiciousChecks, p.decisionMarks) = (1, 3, 3);
        network.announceParameters(p);
        goTo(9);
        runEpochs(1);
        nature[6] = 1;
        runEpochs(4);
        equal(network.parameters().latestChecks, 1, "adopted in 11, when 9's block stood in the window");
        settleLive();
        isTrue(blockAt(6, 9).malicious, "decided");
        for (uint32 seat = 1; seat <= 5; ++seat) {
            equal(scoreOf(seat), 10_000, "all are judged by what they were assigned");
        }
    }

    function test_the_largest_roster_of_late_counts_by_the_new_finality() public {
        runEpochs(1);
        for (uint32 seat = 3; seat <= 6; ++seat) {
            manner[seat] = Manner.Absent;
        }
        Parameters memory p = parameters();
        p.finalityEpochs = 2;
        network.announceParameters(p);
        runEpochs(7);
        // Epoch 1 had a roster of six; in 8, two opened epochs back, all had two.
        equal(network.epochOf(7).decisionMarks, 5, "by eight");
        openAndSeed();
        equal(network.epochOf(8).decisionMarks, 1, "by two");
    }

    function test_unseeded_openings_adopt_nothing() public {
        network.announceParameters(others());
        goTo(7);
        network.openEpoch();
        isTrue(same(network.parameters(), parameters()), "not adopted");
        pendingReverts(7);
        nextEpoch();
        isTrue(same(network.parameters(), parameters()), "not by time alone");
        openAndSeed();
        isTrue(same(network.parameters(), others()), "with a seed at last");
        equal(network.epochOf(8).latestChecks, 3, "frozen by them");
    }

    function test_a_new_announcement_replaces_one_that_is_not_yet_effective() public {
        network.announceParameters(others());
        goTo(6);
        Parameters memory p = parameters();
        p.maxPenalties = 5;
        network.announceParameters(p);
        (, uint32 from, Parameters memory announced) = announcedFrom();
        equal(from, 13, "its own delay");
        isTrue(same(announced, p), "its own parameters");
        goTo(12);
        openAndSeed();
        isTrue(same(network.parameters(), parameters()), "the first is gone");
        goTo(13);
        openAndSeed();
        isTrue(same(network.parameters(), p), "the second");
    }

    function test_while_one_is_effective_and_not_adopted_announcing_reverts() public {
        network.announceParameters(others());
        goTo(7);
        pendingReverts(7);
        goTo(300);
        pendingReverts(7);
        openAndSeed();
        network.announceParameters(parameters());
        (, uint32 from,) = announcedFrom();
        equal(from, 307, "once it is adopted");
    }

    function test_before_genesis_nothing_is_announced() public {
        vm.warp(genesis - 1);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NetworkNotStarted.selector, genesis));
        network.announceParameters(others());
    }

    // ---- what goes by the current ones --------------------------------------------------------------------

    /// Whatever they were when a seat joined or a block was published.
    function test_deposits_unbonding_and_bounties_go_by_the_current_ones() public {
        uint32 seat = joinNew();
        exit(6);
        Parameters memory p = parameters();
        (p.minDeposit, p.unbondingEpochs, p.bountyBps) = (uint128(DEPOSIT / 4), 40, 2_000);
        network.announceParameters(p);
        idle(16);
        openAndSeed();
        // An exit announced in time is not prolonged.
        equal(withdrawDeposit(6), DEPOSIT, "as it was at its announcement");
        exit(5);
        equal(network.seatOf(5).unbondedEpoch, 56, "from now on");
        network.remove(seat);
        equal(network.bountyOf(address(this)), DEPOSIT / 5, "a fifth");
        uint32 later = joinNew();
        equal(network.seatOf(later).funds.deposit, DEPOSIT / 4, "a quarter");
        goTo(55);
        vm.prank(providerOf(5));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.DepositLocked.selector, 5, 56));
        network.withdrawDeposit(5);
        goTo(56);
        equal(withdrawDeposit(5), DEPOSIT, "at last");
    }

    function test_gain_penalties_and_finality_go_by_the_current_ones() public {
        goTo(5);
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        Parameters memory p = parameters();
        (p.scoreGainBps, p.maxPenalties, p.finalityEpochs) = (1_000, 1, 1);
        runEpochs(1);
        // Decided when 7 is over, after the adoption in 13 if nobody settles before.
        network.announceParameters(p);
        openAndSeed();
        manner[6] = Manner.Absent;
        publishAll();
        goTo(14);
        openAndSeed();
        isTrue(settle(6, 5) && blockAt(6, 5).malicious, "decided");
        equal(scoreOf(6), 9_000, "a tenth of the way");
        isTrue(tierOf(6) == Tier.Blocked, "one point blocks");
        isTrue(settle(1, 5), "passed long ago, and final two epochs later");
        isTrue(blockAt(1, 5).honestForGood, "final");
    }

    /// What a block was found to weigh and share when it was published stays.
    function test_share_stays_as_published() public {
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        Parameters memory p = parameters();
        p.restrictedRewardBps = 0;
        network.announceParameters(p);
        runEpochs(1);
        equal(blockAt(6, 3).share, 500, "half");
        goTo(10);
        openAndSeed();
        equal(blockAt(6, 3).share, 500, "half");
    }

    function test_rewards_mature_by_the_current_delay() public {
        Parameters memory p = parameters();
        (p.rewardPerEpoch, p.rewardDelayEpochs) = (1_000, 2);
        token.mint(address(network), 100_000);
        network.announceParameters(p);
        goTo(7);
        runEpochs(12);
        settleLive();
        isTrue(network.seatOf(1).funds.newRewards + network.seatOf(1).funds.oldRewards > 0, "earned");
        goTo(24);
        isTrue(withdrawRewards(1) > 0, "matured in two to four epochs");
    }
}
