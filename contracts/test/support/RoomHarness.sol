// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Suspicion} from "../../src/interfaces/IProofOfAttestation.sol";
import {Assignment, Places} from "../../src/libraries/Assignment.sol";
import {BlockHead, BlockHeads} from "../../src/libraries/BlockHead.sol";
import {EpochHead, EpochHeads} from "../../src/libraries/EpochHead.sol";
import {Epochs} from "../../src/libraries/Epochs.sol";
import {Marked, Marker, Marking} from "../../src/libraries/Marking.sol";
import {BlockRecord, Clock, Cursor, EpochRecord, Rings, Seat, State} from "../../src/libraries/State.sol";
import {SuspiciousLog} from "../../src/libraries/SuspiciousLog.sol";
import {Tallies, Tally} from "../../src/libraries/Tally.sol";

/// @dev The libraries on a state of their own, so that tests reach what a small network would take years to.
contract RoomHarness {
    using Rings for State;
    using Rings for Seat;

    State private s;
    Clock private clock;

    function setClock(uint32 epoch, uint32 retention, uint64 logRing) external {
        clock = Clock(epoch, retention, logRing);
    }

    // ---- the log ------------------------------------------------------------------------------------------

    function append(uint256 epoch, uint256 order, uint256 positive, uint256 negative, uint256 count)
        external
        returns (uint40 position)
    {
        Cursor memory cursor = s.cursor;
        position = SuspiciousLog.append(s, clock, cursor, epoch, order, Tallies.make(positive, negative, count));
        s.cursor = cursor;
    }

    function addMark(uint256 position, bool negative, uint256 weight) external returns (bool) {
        return SuspiciousLog.addMark(s, clock, position, negative, weight);
    }

    /// @param age of the block, in epochs, modulo 4096
    function entryAt(uint256 position)
        external
        view
        returns (uint256 age, uint256 order, uint256 positive, uint256 negative, uint256 count)
    {
        Tally tally = SuspiciousLog.tallyAt(s, clock, position);
        (age, order) = SuspiciousLog.blockAt(s, clock, position);
        return (age, order, tally.positive(), tally.negative(), tally.count());
    }

    /// @dev The packed id at `position`, as it stands in its word.
    function idAt(uint256 position) external view returns (uint256) {
        uint256 cell = position % clock.logRing;
        return uint32(s.ids[cell / 8] >> (32 * (cell % 8)));
    }

    function setOutcome(uint256 position, uint256 outcome) external {
        SuspiciousLog.setOutcome(s, clock, position, outcome);
    }

    function outcomeAt(uint256 position) external view returns (uint256) {
        return SuspiciousLog.outcomeAt(s, clock, position);
    }

    // ---- marking ------------------------------------------------------------------------------------------

    function setEpoch(
        uint256 roster,
        uint256 rosterSize,
        uint256 windowStart,
        uint256 windowSize,
        uint256 decisionMarks,
        uint256 latestChecks,
        uint256 suspiciousChecks,
        bytes32 root
    ) external {
        EpochRecord storage record = s.epochAt(clock, clock.epoch);
        record.head = EpochHeads.make(
            clock.epoch, roster, rosterSize, windowStart, windowSize, decisionMarks, latestChecks, suspiciousChecks
        );
        record.root = root;
    }

    /// @dev A block of `seat`, in its history, neither logged nor settled.
    function putBlock(uint256 seat, uint256 epoch, uint256 order) external {
        s.blockAt(clock, epoch, order).head = BlockHeads.make(seat, epoch, 10_000, 0);
        s.seats[seat].history = s.seats[seat].history.withBlock(epoch);
        s.seats[seat].setOrder(clock, epoch, order);
    }

    function logBlock(uint256 epoch, uint256 order) external returns (uint40 position) {
        Cursor memory cursor = s.cursor;
        BlockRecord storage record = s.blockAt(clock, epoch, order);
        record.head = SuspiciousLog.enter(s, clock, cursor, record.head, order, Suspicion.Unwinding);
        position = record.head.position();
        s.cursor = cursor;
    }

    function setFlag(uint256 epoch, uint256 order, uint256 flag) external {
        BlockRecord storage record = s.blockAt(clock, epoch, order);
        record.head = record.head.withFlag(flag);
    }

    function setTally(uint256 epoch, uint256 order, uint256 positive, uint256 negative, uint256 count) external {
        BlockRecord storage record = s.blockAt(clock, epoch, order);
        record.head = record.head.withTally(Tallies.make(positive, negative, count));
    }

    /// @dev As a publication does: without weight the marks are held to the assignment alone.
    function mark(uint256 seat, uint256 rank, uint256 weight, uint256 marks)
        external
        returns (uint256 counted, bool accuser)
    {
        EpochRecord storage record = s.epochAt(clock, clock.epoch);
        (EpochHead head, bytes32 root) = (record.head, record.root);
        Places memory places = Assignment.placesOf(head, root, rank);
        Marking.requireAssigned(head, places, marks);
        if (weight == 0) return (0, false);
        Cursor memory cursor = s.cursor;
        Marker memory marker = Marker(seat, weight, s.seats[seat].history);
        uint256[] memory ranks = Assignment.latestRanks(head, root, places);
        Marked memory marked = Marking.apply_(s, clock, cursor, head, places, ranks, marker, marks);
        s.cursor = cursor;
        return (marked.counted, marked.accuser);
    }

    function setBinding(uint256 epoch, uint256 order, bytes32 binding) external {
        s.blockAt(clock, epoch, order).evidenceBinding = binding;
    }

    function requireJudged(uint256 roster, uint256[] calldata ranks, uint256 marks, bytes32 bindings) external view {
        Marking.requireJudged(s, clock, roster, ranks, marks, bindings);
    }

    function tallyOf(uint256 epoch, uint256 order)
        external
        view
        returns (uint256 positive, uint256 negative, uint256 count, bool logged)
    {
        BlockHead head = s.blockAt(clock, epoch, order).head;
        Tally tally = head.tally();
        return (tally.positive(), tally.negative(), tally.count(), head.has(BlockHeads.LOGGED));
    }

    // ---- epochs -------------------------------------------------------------------------------------------

    /// @dev As if `epoch` had been opened with its source at `seedBlock`, after an epoch seeded `lastSeed`.
    function seedOf(uint32 epoch, bytes32 lastSeed, uint64 seedBlock) external returns (bytes32) {
        return _seed(epoch, 0, lastSeed, seedBlock);
    }

    function _seed(uint32 epoch, uint256 epochStart, bytes32 lastSeed, uint64 seedBlock) private returns (bytes32) {
        clock.epoch = epoch;
        s.lastSeed = lastSeed;
        s.opening.epoch = epoch;
        s.opening.pending = true;
        s.opening.seedBlock = seedBlock;
        Epochs.ensureSeeded(s, clock, epochStart);
        return s.lastSeed;
    }

    /// @dev An epoch's seed and root, with what its opening would have frozen.
    function rootOf(
        uint32 epoch,
        uint256 epochStart,
        bytes32 lastSeed,
        uint64 seedBlock,
        bytes32 policy,
        bytes32 references
    ) external returns (bytes32 seed, bytes32 root) {
        EpochRecord storage record = s.epochs[epoch % clock.retention];
        (record.policyDigest, record.referenceDigest) = (policy, references);
        seed = _seed(epoch, epochStart, lastSeed, seedBlock);
        return (seed, record.root);
    }
}
