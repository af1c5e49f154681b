// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    BlockView,
    EpochView,
    NetworkView,
    Parameters,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {SuspiciousLog} from "../../src/libraries/SuspiciousLog.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R5: K_e fits the network, and windows cover the log in order.
contract R5WindowTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    function test_decision_marks_fit_the_largest_roster_of_late() public {
        runEpochs(1);
        openAndSeed();
        equal(network.epochOf(1).decisionMarks, 5, "one less than the roster");
        publishAll();
        nextEpoch();
        for (uint32 seat = 3; seat <= 6; ++seat) {
            manner[seat] = Manner.Absent;
        }
        // The small rosters begin in epoch 3; epoch 10 is the last whose 8 predecessors had 6 in one.
        for (uint32 epoch = 2; epoch <= 11; ++epoch) {
            runEpoch();
            equal(network.epochOf(epoch).rosterSize, epoch == 2 ? 6 : 2, "roster");
            equal(network.epochOf(epoch).decisionMarks, epoch <= 10 ? 5 : 1, "K_e");
            nextEpoch();
        }
    }

    function test_next_window_begins_where_the_last_ended() public {
        nature[6] = 2;
        uint40 end;
        for (uint32 epoch; epoch < 8; ++epoch) {
            runEpoch();
            EpochView memory v = network.epochOf(epoch);
            equal(v.windowStart, end, "start");
            end = v.windowStart + v.windowSize;
            nextEpoch();
        }
        isTrue(end > 0, "something was covered");
    }

    /// A window is frozen: what is logged during its epoch waits for the next.
    function test_window_covers_what_was_logged_before_its_opening() public {
        nature[6] = 2;
        runEpochs(1);
        openAndSeed();
        equal(network.epochOf(1).windowSize, 0, "nothing yet");
        publishAll();
        NetworkView memory v = network.network();
        equal(v.windowEnd, 0, "window");
        equal(v.logEnd, 1, "logged now");
        nextEpoch();
        runEpoch();
        equal(network.epochOf(2).windowSize, 1, "covered next");
    }
}

/// @dev R5 where the roster cannot keep up: capacity 2 entries an epoch.
contract R5BacklogTest is NetworkFixture {
    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        (p.suspiciousChecks, p.decisionMarks) = (2, 4);
    }

    function setUp() public {
        deploy(6);
    }

    /// N = 6, K_e = 4, c = 5: capacity ⌊6·2/5⌋ = 2.
    function test_window_is_the_oldest_entries_up_to_capacity() public {
        for (uint256 i; i < 7; ++i) {
            joinNew();
        }
        runEpochs(1);
        equal(network.network().logEnd, 7, "seven joiners");
        for (uint32 epoch = 1; epoch <= 3; ++epoch) {
            runEpoch();
            EpochView memory v = network.epochOf(epoch);
            // The two admitted after epoch 1 are in epoch 3's roster: 8·2/5.
            equal(v.windowStart, 2 * (epoch - 1), "oldest first");
            equal(v.windowSize, epoch < 3 ? 2 : 3, "capacity");
            nextEpoch();
        }
        settleLive();
        for (uint32 seat = 7; seat <= 13; ++seat) {
            isTrue(network.seatOf(seat).admitted, "admitted in turn");
        }
    }

    /// Entries that fell out of retention before a window reached them are passed over.
    function test_window_starts_no_earlier_than_what_may_still_live() public {
        for (uint256 i; i < 60; ++i) {
            nature[joinNew()] = 3;
        }
        runEpochs(16);
        // Windows of epochs 1…15 covered 30 of the 60; the rest became void.
        equal(network.network().windowEnd, 30, "covered");
        runEpoch();
        EpochView memory v = network.epochOf(16);
        equal(v.windowStart, 60, "void entries are passed over");
        for (uint32 seat = 7; seat <= 66; ++seat) {
            // What the window of epoch 15 covered was void when that epoch was over.
            isTrue((tierOf(seat) == Tier.Blocked) == (seat - 7 < 28), "in the order of the log");
        }
        equal(v.windowSize, 0, "nothing else was logged before");
        nextEpoch();
        runEpoch();
        equal(network.epochOf(17).windowStart, 60, "the others published anew");
        equal(network.epochOf(17).windowSize, 2, "and are judged now");
    }

    /// The void ones publish again and are judged at last.
    function test_void_blocks_free_their_seats() public {
        for (uint256 i; i < 40; ++i) {
            joinNew();
        }
        runEpochs(22);
        settleLive();
        for (uint32 seat = 7; seat <= 46; ++seat) {
            isTrue(network.seatOf(seat).admitted, "admitted");
        }
    }
}

/// @dev Retention, wrapped around: three laps of every ring, and epochs that nobody opened.
contract R14RingsTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    /// After three laps the network decides as on the first.
    function test_three_laps_of_the_rings() public {
        for (uint32 epoch; epoch < 50; ++epoch) {
            nature[6] = epoch % 16 == 5 ? 3 : 1;
            runEpoch();
            nextEpoch();
            settleLive();
            for (uint32 seat = 1; seat <= 5; ++seat) {
                equal(scoreOf(seat), 10_000, "honest");
            }
            // Bad in epoch 5 of each lap: noticed one epoch on, judged the next, decided when that is over.
            if (epoch % 16 == 7) {
                BlockView memory v = blockAt(6, epoch - 2);
                isTrue(v.malicious, "decided");
                equal(network.seatOf(6).penalties, epoch / 16 + 1, "a point a lap");
            }
        }
        equal(network.seatOf(6).penalties, 3, "three points in three laps");
        isTrue(scoreOf(6) > 9_000, "regained");
    }

    function skipping(uint256 missed) private {
        runEpochs(6);
        nature[6] = 3;
        runEpochs(1);
        nature[6] = 1;
        goTo(nowEpoch() + missed);
        runEpochs(3);
        settleLive();
        for (uint32 seat = 1; seat <= 5; ++seat) {
            equal(scoreOf(seat), 10_000, "honest");
        }
        equal(network.seatOf(6).penalties, missed < 14 ? 1 : 0, "judged if it still lived");
        runEpochs(20);
        for (uint32 seat = 1; seat <= 6; ++seat) {
            equal(network.seatOf(seat).lastGoodEpoch, nowEpoch() - 2 - (seat > 0 ? 1 : 0), "alive");
        }
    }

    function test_one_epoch_skipped_by_all() public {
        skipping(1);
    }

    function test_ten_epochs_skipped_by_all() public {
        skipping(10);
    }

    function test_twenty_epochs_skipped_by_all() public {
        skipping(20);
    }

    function test_five_thousand_epochs_skipped_by_all() public {
        skipping(5_000);
    }

    /// Block ids count epochs modulo 4096: an entry that old must not be taken for a new one.
    function test_exactly_4096_epochs_skipped_by_all() public {
        skipping(4_095);
        skipping(4_096);
    }

    function test_rings_forget_what_is_void() public {
        runEpochs(17);
        BlockRef[] memory refs = new BlockRef[](3);
        refs[0] = BlockRef(0, 0);
        refs[1] = BlockRef(1, 0);
        refs[2] = BlockRef(99, 0);
        equal(network.settle(refs), 0, "nothing to settle");
        (bool known,) = address(network).staticcall(abi.encodeCall(network.blockOf, (0, 0)));
        isFalse(known, "gone");
    }
}

/// @dev The log's ring, all the way round: verifiers that abstain make every block be logged again and again.
contract R14LogRingTest is NetworkFixture {
    function maxSeats() internal pure override returns (uint32) {
        return 6;
    }

    function test_the_logs_ring_goes_round() public {
        deploy(6);
        uint256 ring = SuspiciousLog.ringSize(retentionEpochs(), maxSeats());
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Lazy;
        }
        for (uint256 i; i < 200 && network.network().logEnd <= ring; ++i) {
            this.oneEpoch();
        }
        isTrue(network.network().logEnd > ring, "a new lap");
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Honest;
        }
        uint32 bad = nowEpoch();
        nature[6] = 3;
        this.oneEpoch();
        nature[6] = 1;
        for (uint256 i; i < 4; ++i) {
            this.oneEpoch();
        }
        settleLive();
        isTrue(blockAt(6, bad).malicious, "decided in the new lap");
        equal(network.seatOf(6).penalties, 1, "once");
        for (uint32 seat = 1; seat <= 5; ++seat) {
            equal(scoreOf(seat), 10_000, "honest");
            isTrue(blockAt(seat, bad).decided || blockAt(seat, bad).passed, "and settled");
        }
    }

    function oneEpoch() external {
        runEpoch();
        nextEpoch();
    }
}
