// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReferenceValue, Tier, Trust} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R17: what relying parties learn.
contract R17TrustTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    function trusted(uint32 seat, uint16 minScore, uint32 maxAge) private view returns (bool) {
        return network.isTrusted(deviceId(seat), minScore, maxAge);
    }

    function test_trust_of_a_healthy_device() public {
        runEpochs(4);
        settleLive();
        Trust memory t = network.trustOf(deviceId(2));
        equal(t.seat, 2, "seat");
        isTrue(t.tier == Tier.Full && t.operational && !t.flagged, "Full");
        equal(t.score, 10_000, "score");
        equal(t.incarnation, vm.addr(keyOf[2]), "incarnation");
        equal(t.measurement, MEASUREMENT, "measurement");
        isTrue(t.hasGoodBlock, "good");
        equal(t.lastGoodEpoch, 2, "the last checked");
        equal(t.deposit, DEPOSIT, "cover");
        isTrue(trusted(2, 10_000, 3), "trusted");
    }

    function test_unknown_devices_are_not_trusted() public view {
        Trust memory t = network.trustOf(keccak256("nobody"));
        isTrue(t.tier == Tier.Unknown && t.seat == 0, "unknown");
        isFalse(network.isTrusted(keccak256("nobody"), 0, type(uint32).max), "not trusted");
    }

    function test_a_device_without_a_good_block_is_not_trusted() public {
        isFalse(trusted(2, 0, type(uint32).max), "founded, not yet checked");
        runEpochs(2);
        settleLive();
        isTrue(trusted(2, 0, 2), "checked");
    }

    /// Age counts from the block's epoch: healthy ones are two to three epochs old.
    function test_stale_devices_are_not_trusted() public {
        runEpochs(4);
        settleLive();
        isTrue(trusted(2, 0, 2), "two old");
        isFalse(trusted(2, 0, 1), "not one");
        goTo(9);
        isTrue(trusted(2, 0, 7), "seven old");
        isFalse(trusted(2, 0, 6), "not six");
    }

    function test_a_low_score_is_not_trusted() public {
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        equal(scoreOf(6), 7_180, "Restricted");
        isFalse(trusted(6, 0, 10), "not operational");
        runEpochs(2);
        settleLive();
        Trust memory t = network.trustOf(deviceId(6));
        isTrue(t.tier == Tier.Warning && t.operational && t.flagged, "Warning: operational, flagged");
        isTrue(trusted(6, t.score, 10), "enough");
        isFalse(trusted(6, t.score + 1, 10), "not enough");
    }

    function test_suspended_restarted_and_blocked_devices_are_not_trusted() public {
        runEpochs(4);
        settleLive();
        isTrue(trusted(6, 0, 10), "before");
        restart(6);
        isFalse(trusted(6, 0, 10), "on probation");
        isTrue(network.trustOf(deviceId(6)).tier == Tier.Probation, "tier");
        nature[5] = 2;
        runEpochs(5);
        settleLive();
        isTrue(tierOf(5) == Tier.Suspended, "suspended");
        isFalse(trusted(5, 0, 20), "suspended");
        isTrue(trusted(6, 0, 10), "admitted again");
    }

    function test_only_the_bound_seat_answers() public {
        uint32 first = join("hardware");
        join("hardware");
        equal(network.trustOf("hardware").seat, 0, "nobody yet");
        runEpochs(2);
        settleLive();
        equal(network.trustOf("hardware").seat, first, "the admitted one");
        isTrue(network.isTrusted("hardware", 7_500, 3), "trusted");
    }

    function test_a_measurement_no_longer_allowed_is_not_trusted() public {
        runEpochs(3);
        settleLive();
        ReferenceValue[] memory values = new ReferenceValue[](1);
        values[0] = ReferenceValue(MEASUREMENT, 0, 3);
        network.setReferenceValues(values);
        isTrue(trusted(1, 0, 10), "last epoch");
        nextEpoch();
        isFalse(trusted(1, 0, 10), "over");
        values[0] = ReferenceValue(MEASUREMENT, 5, 9);
        network.setReferenceValues(values);
        isFalse(trusted(1, 0, 10), "not yet");
        nextEpoch();
        isTrue(trusted(1, 0, 10), "from its epoch on");
        values[0].measurement = keccak256("another");
        network.setReferenceValues(values);
        isFalse(trusted(1, 0, 10), "not listed");
    }

    /// Revived off probation, an incarnation that no peer has seen is not trusted for what a former one did.
    function test_a_revived_incarnation_is_not_trusted_unseen() public {
        runEpochs(4);
        settleLive();
        restart(6);
        goTo(14);
        network.announceStandstill();
        goTo(16);
        uint32[] memory seats = new uint32[](2);
        (seats[0], seats[1]) = (5, 6);
        network.revive(seats);
        isTrue(network.trustOf(deviceId(6)).operational, "operational");
        isTrue(trusted(5, 0, 30), "the one that did not restart");
        isFalse(trusted(6, 0, 30), "not this one");
        Trust memory t = network.trustOf(deviceId(6));
        isTrue(!t.hasGoodBlock && t.lastGoodEpoch == 0, "no good block of this incarnation");
        isTrue(network.trustOf(deviceId(5)).hasGoodBlock, "unlike the other");
        runEpochs(2);
        settleLive();
        isTrue(trusted(6, 0, 30), "once its peers have seen it");
    }

    function test_before_genesis_nobody_is_trusted() public {
        vm.warp(genesis - 1);
        isFalse(trusted(1, 0, type(uint32).max), "not started");
    }
}
