// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockView,
    IProofOfAttestation,
    Parameters,
    PowerView,
    Publication,
    Refusal,
    Suspicion,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";
import {Vm} from "../support/Vm.sol";

/// @dev R10: power counts once peers confirmed it.
contract R10PowerTest is NetworkFixture {
    function setUp() public {
        foundingPower = 10_000;
        deploy(6);
    }

    function powerIs(uint32 seat, uint64 verified, bool unverified) private view {
        PowerView memory v = network.seatOf(seat).power;
        equal(v.verified, verified, "verified power");
        isTrue(v.unverified == unverified, unverified ? "unverified" : "not unverified");
    }

    /// @dev The seat publishes `power` in an epoch of its own, all others what is verified.
    function epochWith(uint32 seat, uint64 power) private returns (uint32 epoch) {
        epoch = nowEpoch();
        powers[seat] = power;
        runEpochs(1);
    }

    // ---- the test -----------------------------------------------------------------------------------------

    function test_exactly_at_tolerance_is_not_off_and_one_above_is() public {
        uint64[4] memory values = [uint64(11_000), 9_000, 11_001, 8_999];
        uint256 before = vm.snapshotState();
        for (uint256 i; i < 4; ++i) {
            vm.revertToState(before);
            before = vm.snapshotState();
            goTo(0);
            openAndSeed();
            powers[6] = values[i];
            publish(6);
            bool off = i >= 2;
            BlockView memory v = blockAt(6, 0);
            isTrue(v.off == off, "off");
            equal(v.offPower, off ? values[i] : 0, "its power is kept if it is off");
            equal(v.weight, off ? 0 : 10_000, "weight");
            isTrue(v.logged == off, "logged");
            isTrue((v.share == 0) == off, "share");
            powerIs(6, 10_000, off);
        }
    }

    /// 10.01 % beyond, once: what it costs, and what peers' confirmation gives back.
    function test_an_off_block_weighs_nothing_earns_nothing_and_is_logged_until_confirmed() public {
        openAndSeed();
        powers[6] = 11_001;
        vm.expectEmit(address(network));
        emit IProofOfAttestation.PowerUnverified(6, 0, 11_001);
        vm.recordLogs();
        publish(6);
        equal(uint256(reasonOf(0, blockAt(6, 0).order)), uint256(Suspicion.UnverifiedPower), "reason");
        BlockView memory v = blockAt(6, 0);
        equal(uint256(v.weight) + v.share + v.countedMarks, 0, "nothing");
        isTrue(tierOf(6) == Tier.Full, "tier stays");
        isFalse(network.trustOf(deviceId(6)).operational, "not operational");
        publishAll();
        nextEpoch();
        runEpochs(1);
        isFalse(network.isTrusted(deviceId(6), 0, 100), "not trusted");
        vm.expectEmit(address(network));
        emit IProofOfAttestation.PowerVerified(6, 0, 11_001);
        isTrue(settle(6, 0), "due");
        powerIs(6, 11_001, false);
        isTrue(network.seatOf(6).power.hasBlock, "by a block");
        equal(network.seatOf(6).power.blockEpoch, 0, "of its epoch");
        isTrue(network.trustOf(deviceId(6)).operational, "operational");
        equal(network.seatOf(6).score, 10_000, "unharmed");
        runEpochs(1);
        isTrue(blockAt(6, 2).weight == 10_000 && blockAt(6, 2).share != 0, "weight and share");
    }

    /// @dev The reason of a block's only log entry since `vm.recordLogs`.
    function reasonOf(uint32 epoch, uint32 order) private returns (Suspicion reason) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IProofOfAttestation.BlockLogged.selector) continue;
            if (uint256(logs[i].topics[1]) != epoch || uint256(logs[i].topics[2]) != order) continue;
            (, reason) = abi.decode(logs[i].data, (uint40, Suspicion));
            ++count;
        }
        equal(count, 1, "logged once");
    }

    /// Every block is logged while power is unverified, one within tolerance too, and none of its marks counts.
    function test_every_block_of_an_unverified_seat_is_logged_and_weighs_nothing() public {
        runEpochs(1);
        powers[6] = 20_000;
        openAndSeed();
        publishAll();
        nextEpoch();
        powers[6] = 10_500;
        openAndSeed();
        vm.recordLogs();
        publishAll();
        BlockView memory v = blockAt(6, 2);
        equal(uint256(reasonOf(2, v.order)), uint256(Suspicion.UnverifiedPower), "reason");
        isFalse(v.off, "within tolerance");
        equal(uint256(v.weight) + v.share + v.countedMarks, 0, "nothing");
        equal(network.seatOf(6).power.offEpoch, 1, "since the first");
    }

    /// Its marks count for nothing, but must fit all the same.
    function test_marks_of_an_off_block_do_not_count() public {
        runEpochs(1);
        openAndSeed();
        powers[6] = 1;
        uint256 marks = marksOf(6);
        isTrue(marks != 0, "it has an assignment");
        publish(6, marks);
        equal(blockAt(6, 1).countedMarks, 0, "none");
    }

    // ---- creeping -----------------------------------------------------------------------------------------

    function test_nine_percent_up_a_day_is_caught_by_the_verified_baseline() public {
        creep(10_900, 11_881);
    }

    function test_nine_percent_down_a_day_is_caught_by_the_verified_baseline() public {
        creep(9_100, 8_281);
    }

    function creep(uint64 first, uint64 second) private {
        epochWith(6, first);
        equal(blockAt(6, 0).weight, 10_000, "within");
        powerIs(6, 10_000, false);
        runEpochs(3);
        settleLive();
        powerIs(6, 10_000, false);
        isTrue(blockAt(6, 0).passed, "passed, and moved nothing");
        uint32 epoch = epochWith(6, second);
        isTrue(blockAt(6, epoch).off, "off");
        powerIs(6, 10_000, true);
    }

    /// Blocks within tolerance never move V: not by passing, not by honest decisions.
    function test_an_honest_decision_within_tolerance_does_not_move_the_baseline() public {
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        uint32 epoch = epochWith(6, 10_900);
        isTrue(blockAt(6, epoch).logged, "flagged");
        runEpochs(1);
        settleLive();
        isTrue(blockAt(6, epoch).decided && !blockAt(6, epoch).malicious, "honest");
        powerIs(6, 10_000, false);
    }

    // ---- what ends it -------------------------------------------------------------------------------------

    /// A later block within tolerance shows what the machine is: the state ends, V stays.
    function test_an_honest_decision_on_a_later_block_within_tolerance_ends_it_and_leaves_V() public {
        epochWith(6, 20_000);
        epochWith(6, 10_000);
        powers[6] = 0;
        openAndSeed();
        for (uint32 seat = 1; seat <= 5; ++seat) {
            publish(seat);
        }
        nextEpoch();
        vm.expectEmit(address(network));
        emit IProofOfAttestation.PowerVerified(6, 1, 10_000);
        isTrue(settle(6, 1), "due");
        isTrue(blockAt(6, 1).decided && !blockAt(6, 1).malicious, "honest");
        powerIs(6, 10_000, false);
        isFalse(blockAt(6, 0).decided, "the off block is still open");
        settle(6, 0);
        powerIs(6, 20_000, false);
    }

    /// What comes before the off block with which it began says nothing of what came with it.
    function test_an_honest_decision_on_an_earlier_block_does_not_end_it() public {
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        runEpochs(1);
        isTrue(blockAt(6, 3).logged, "flagged, within tolerance");
        epochWith(6, 20_000);
        isTrue(settle(6, 3), "due");
        isTrue(blockAt(6, 3).decided && !blockAt(6, 3).malicious, "honest");
        powerIs(6, 10_000, true);
        equal(network.seatOf(6).power.offEpoch, 4, "since the off block");
    }

    function test_an_older_off_block_does_not_override_a_newer_one() public {
        twoOffBlocks();
        isTrue(settle(6, 1), "the newer first");
        powerIs(6, 30_000, false);
        isTrue(settle(6, 0), "then the older");
        isTrue(blockAt(6, 0).decided && !blockAt(6, 0).malicious, "honest");
        powerIs(6, 30_000, false);
        equal(network.seatOf(6).power.blockEpoch, 1, "by the newer");
    }

    function test_a_newer_off_block_overrides_an_older_one() public {
        twoOffBlocks();
        isTrue(settle(6, 0), "the older first");
        powerIs(6, 20_000, false);
        isTrue(settle(6, 1), "then the newer");
        powerIs(6, 30_000, false);
        equal(network.seatOf(6).power.blockEpoch, 1, "by the newer");
    }

    /// @dev Seat 6 publishes 20000 in epoch 0 and 30000 in epoch 1; both are due, nobody settled either.
    function twoOffBlocks() private {
        powers[6] = 20_000;
        openAndSeed();
        publishAll();
        nextEpoch();
        powers[6] = 30_000;
        openAndSeed();
        publishAll();
        nextEpoch();
        manner[6] = Manner.Absent;
        openAndSeed();
        publishAll();
        nextEpoch();
        isFalse(blockAt(6, 0).decided || blockAt(6, 1).decided, "nobody settled them");
    }

    function test_a_malicious_decision_verifies_nothing() public {
        nature[6] = 6;
        epochWith(6, 99_999);
        runEpochs(1);
        settleLive();
        isTrue(blockAt(6, 0).malicious, "beyond its platform's bounds");
        powerIs(6, 10_000, true);
        equal(network.seatOf(6).penalties, 1, "and a point");
    }

    /// Settlement goes before the test: the confirmed power is the measure at once.
    function test_power_is_tested_after_settlement() public {
        powers[6] = 20_000;
        openAndSeed();
        publishAll();
        nextEpoch();
        openAndSeed();
        publishAll();
        isTrue(blockAt(6, 1).off, "not confirmed yet");
        nextEpoch();
        openAndSeed();
        isFalse(blockAt(6, 0).decided, "nobody settled it");
        publish(6);
        isTrue(blockAt(6, 0).decided, "its own publication does");
        isFalse(blockAt(6, 2).off, "what was confirmed is the measure");
        equal(blockAt(6, 2).weight, 10_000, "weight");
    }

    /// Whose incarnation it was does not matter: it is the machine's power.
    function test_an_off_block_of_a_former_incarnation_sets_the_power() public {
        epochWith(6, 20_000);
        restart(6);
        manner[6] = Manner.Absent;
        runEpochs(1);
        settleLive();
        isTrue(blockAt(6, 0).decided, "decided");
        powerIs(6, 20_000, false);
        isTrue(tierOf(6) == Tier.Probation, "the new one is still on probation");
    }

    // ---- zero, and joiners --------------------------------------------------------------------------------

    function test_zero_power_is_off() public {
        openAndSeed();
        Publication memory p = publication(6, 0);
        p.power = 0;
        send(signed(p, keyOf[6]));
        isTrue(blockAt(6, 0).off, "off");
        powerIs(6, 10_000, true);
        publishAll();
        nextEpoch();
        manner[6] = Manner.Absent;
        runEpochs(1);
        settleLive();
        powerIs(6, 0, false);
    }

    function test_a_joiners_first_power_is_verified_with_its_admission() public {
        uint32 seat = joinNew();
        powers[seat] = 777;
        powerIs(seat, 0, false);
        runEpochs(1);
        isTrue(blockAt(seat, 0).off, "0 before the first: whatever it says is off");
        powerIs(seat, 0, true);
        runEpochs(1);
        settleLive();
        powerIs(seat, 777, false);
        isTrue(network.seatOf(seat).admitted, "admitted");
        isTrue(network.trustOf(deviceId(seat)).operational, "operational");
        uint32 epoch = epochWith(seat, 777);
        isTrue(blockAt(seat, epoch).weight > 0, "weight");
    }

    /// Nothing is nothing: a joiner of power 0 is not off, and earns nothing either.
    function test_a_joiner_of_no_power_is_not_off_and_has_no_share() public {
        uint32 seat = joinNew();
        for (uint256 i; i < 3; ++i) {
            settleLive();
            openAndSeed();
            Publication memory p = publication(seat, 0);
            p.power = 0;
            send(signed(p, keyOf[seat]));
            publishAll();
            nextEpoch();
            if (i == 0) runEpochs(1);
        }
        isFalse(blockAt(seat, 0).off, "not off");
        uint32 last = network.seatOf(seat).lastEpoch;
        isTrue(blockAt(seat, last).weight > 0, "weight");
        equal(blockAt(seat, last).share, 0, "no share");
    }

    // ---- revival ------------------------------------------------------------------------------------------

    function reviveSixth() private {
        network.announceStandstill();
        goTo(nowEpoch() + 2);
        uint32[] memory seats = new uint32[](1);
        seats[0] = 6;
        network.revive(seats);
    }

    /// Else all would be unverified again, with nobody of weight to confirm them.
    function test_revival_takes_the_newest_blocks_power_if_it_was_off() public {
        epochWith(6, 20_000);
        epochWith(6, 30_000);
        goTo(11);
        reviveSixth();
        powerIs(6, 30_000, false);
        equal(network.seatOf(6).power.blockEpoch, 1, "as of its epoch");
        // The older one is decided by nobody; were it, it would set nothing.
        powers[6] = 30_000;
        openAndSeed();
        publish(6, 0);
        equal(blockAt(6, 13).weight, 10_000, "weight at once");
    }

    /// What was published after the announcement, nobody could look at.
    function test_revival_leaves_the_power_of_a_block_after_the_announcement() public {
        runEpochs(1);
        goTo(11);
        network.announceStandstill();
        nextEpoch();
        powers[6] = 20_000;
        openAndSeed();
        publish(6, 0);
        isTrue(blockAt(6, 12).off, "off, and so without weight");
        nextEpoch();
        uint32[] memory seats = new uint32[](1);
        seats[0] = 6;
        network.revive(seats);
        powerIs(6, 10_000, false);
    }

    /// The newest that it could see counts, whatever came after.
    function test_revival_takes_the_newest_block_that_the_announcement_could_see() public {
        epochWith(6, 20_000);
        epochWith(6, 25_000);
        goTo(11);
        network.announceStandstill();
        for (uint256 i; i < 2; ++i) {
            nextEpoch();
            powers[6] = 30_000;
            openAndSeed();
            publish(6, 0);
        }
        equal(network.seatOf(6).lastEpoch, 13, "published since");
        uint32[] memory seats = new uint32[](1);
        seats[0] = 6;
        network.revive(seats);
        powerIs(6, 25_000, false);
        equal(network.seatOf(6).power.blockEpoch, 1, "as of its epoch");
    }

    function test_revival_leaves_the_power_if_the_newest_block_was_within() public {
        epochWith(6, 20_000);
        epochWith(6, 10_100);
        goTo(11);
        reviveSixth();
        powerIs(6, 10_000, false);
    }

    /// A record of the same place of the ring, but of another lap, is not its.
    function test_revival_leaves_the_power_if_the_record_was_overwritten() public {
        // Without weight, its order is the first from above; so is that of the joiner, a lap later.
        epochWith(6, 20_000);
        equal(blockAt(6, 0).order, (1 << 20) - 1, "place");
        goTo(16);
        uint32 joiner = joinNew();
        openAndSeed();
        publish(joiner, 0);
        equal(blockAt(joiner, 16).order, (1 << 20) - 1, "same place");
        nextEpoch();
        reviveSixth();
        powerIs(6, 10_000, false);
    }

    /// Void, but not overwritten: it still tells.
    function test_revival_takes_the_power_of_a_void_block_whose_record_stands() public {
        epochWith(6, 20_000);
        goTo(1_000);
        reviveSixth();
        powerIs(6, 20_000, false);
        equal(network.seatOf(6).power.blockEpoch, 0, "as of its epoch");
    }

    // ---- the whole range ----------------------------------------------------------------------------------

    /// Off iff |P − V|·10000 > tolerance·V, for whatever 64 bits hold.
    /// forge-config: default.fuzz.runs = 96
    function testFuzz_off_iff_beyond_tolerance(uint64 verified, uint64 power, uint16 near) public {
        foundingPower = verified;
        if (near % 2 == 0) {
            // About where it turns.
            uint256 edge = uint256(verified) * (near % 4 == 0 ? 11_000 : 9_000) / 10_000 + near % 7;
            power = edge < 3 ? 0 : edge - 3 > type(uint64).max ? type(uint64).max : uint64(edge - 3);
        }
        deploy(1);
        openAndSeed();
        Publication memory p = publication(1, 0);
        p.power = power;
        send(signed(p, keyOf[1]));
        uint256 apart = power > verified ? power - verified : verified - power;
        bool off = apart * 10_000 > uint256(verified) * 1_000;
        isTrue(blockAt(1, 0).off == off, "off");
        equal(blockAt(1, 0).offPower, off ? power : 0, "kept whole");
        equal(blockAt(1, 0).share, off ? 0 : power / 2, "half without rank");
    }
}

/// @dev R10 where nothing, or everything up to the double, is tolerated.
contract R10BoundsTest is NetworkFixture {
    uint16 private tolerance;

    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        p.powerToleranceBps = tolerance;
    }

    function isOff(uint16 tolerance_, uint64 power) private returns (bool) {
        tolerance = tolerance_;
        deploy(1);
        openAndSeed();
        Publication memory p = publication(1, 0);
        p.power = power;
        equal(uint256(send(signed(p, keyOf[1]))), uint256(Refusal.None), "published");
        return blockAt(1, 0).off;
    }

    function test_no_tolerance_lets_only_the_same_pass() public {
        isFalse(isOff(0, 1_000), "the same");
        isTrue(isOff(0, 1_001), "more");
        isTrue(isOff(0, 999), "less");
    }

    function test_full_tolerance_lets_up_to_the_double_pass() public {
        isFalse(isOff(10_000, 0), "nothing");
        isFalse(isOff(10_000, 2_000), "the double");
        isTrue(isOff(10_000, 2_001), "more");
    }
}
