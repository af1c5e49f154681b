// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, IProofOfAttestation, Parameters, Suspicion} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";
import {Vm} from "../support/Vm.sol";

/// @dev R8: what enters the log, and why.
contract R8SuspicionTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    /// @dev Reasons, as BlockLogged gave them since `vm.recordLogs`, of the block that `seat` published in `epoch`.
    function reasons(uint32 epoch, uint32 order) private returns (Suspicion[] memory found_) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count;
        Suspicion[] memory all = new Suspicion[](logs.length);
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IProofOfAttestation.BlockLogged.selector) continue;
            if (uint256(logs[i].topics[1]) != epoch || uint256(logs[i].topics[2]) != order) continue;
            (, Suspicion reason) = abi.decode(logs[i].data, (uint40, Suspicion));
            all[count++] = reason;
        }
        found_ = new Suspicion[](count);
        for (uint256 i; i < count; ++i) {
            found_[i] = all[i];
        }
    }

    function expectOnly(uint32 epoch, uint32 order, Suspicion expected) private {
        Suspicion[] memory found_ = reasons(epoch, order);
        equal(found_.length, 1, "logged once");
        equal(uint256(found_[0]), uint256(expected), "reason");
    }

    function test_a_counted_negative_mark_logs() public {
        nature[6] = 5;
        runEpochs(1);
        vm.recordLogs();
        runEpoch();
        expectOnly(0, blockAt(6, 0).order, Suspicion.NegativeMark);
        isTrue(blockAt(6, 0).logged, "logged");
        for (uint32 seat = 1; seat <= 5; ++seat) {
            isFalse(blockAt(seat, 0).logged, "others are not");
        }
    }

    function test_probation_logs() public {
        uint32 seat = joinNew();
        openAndSeed();
        vm.recordLogs();
        publish(seat);
        expectOnly(0, blockAt(seat, 0).order, Suspicion.Probation);
    }

    function test_a_block_without_a_counted_mark_logs() public {
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Lazy;
        }
        runEpochs(2);
        isTrue(blockAt(3, 0).due, "due");
        vm.recordLogs();
        settle(3, 0);
        expectOnly(0, blockAt(3, 0).order, Suspicion.Unchecked);
        isFalse(blockAt(3, 0).passed, "it does not pass");
        isFalse(blockAt(3, 1).due, "its checking epoch is not over");
    }

    function test_a_device_below_Full_is_flagged_while_there_is_capacity() public {
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        equal(scoreOf(6), 7_180, "below Full");
        openAndSeed();
        vm.recordLogs();
        publishAll();
        expectOnly(3, blockAt(6, 3).order, Suspicion.Flagged);
        for (uint32 seat = 1; seat <= 5; ++seat) {
            isFalse(blockAt(seat, 3).logged, "Full ones are not");
        }
    }

    function test_unwinding_and_undecided_log() public {
        uint32 joiner = joinNew();
        nature[joiner] = 1;
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Lazy;
        }
        runEpochs(2);
        vm.recordLogs();
        isTrue(settle(joiner, 0), "due");
        expectOnly(0, blockAt(joiner, 0).order, Suspicion.Undecided);
        isFalse(blockAt(joiner, 0).decided, "logged again");
    }
}

/// @dev R8's flagging where capacity is small.
contract R8CapacityTest is NetworkFixture {
    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        (p.suspiciousChecks, p.decisionMarks) = (2, 4);
    }

    /// N = 6, c = 5, capacity 2: with two pending, a device below Full is not flagged.
    function test_flagging_stops_where_capacity_ends() public {
        deploy(6);
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        equal(scoreOf(6), 7_180, "below Full");
        uint256 before = vm.snapshotState();
        for (uint256 joiners; joiners < 4; ++joiners) {
            vm.revertToState(before);
            before = vm.snapshotState();
            for (uint256 i; i < joiners; ++i) {
                joinNew();
            }
            openAndSeed();
            equal(network.network().logEnd, network.network().windowEnd, "nothing pends");
            for (uint256 i; i < joiners; ++i) {
                publish(uint32(7 + i));
            }
            publish(6);
            isTrue(blockAt(6, 3).logged == (joiners < 2), "fewer than two pend");
        }
    }
}
