// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Suspicion} from "../../src/interfaces/IProofOfAttestation.sol";
import {BlockHead, BlockHeads} from "../../src/libraries/BlockHead.sol";
import {EpochHeads} from "../../src/libraries/EpochHead.sol";
import {Epochs} from "../../src/libraries/Epochs.sol";
import {Marked, Marker, Marking} from "../../src/libraries/Marking.sol";
import {Publishing} from "../../src/libraries/Publishing.sol";
import {BlockRecord, Clock, Cursor, EpochRecord, Rings, Seat, State} from "../../src/libraries/State.sol";
import {LogEntries, LogEntry, SuspiciousLog} from "../../src/libraries/SuspiciousLog.sol";

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
        position = SuspiciousLog.append(s, clock, cursor, LogEntries.make(epoch, order, positive, negative, count));
        s.cursor = cursor;
    }

    function addMark(uint256 position, bool negative, uint256 weight) external returns (bool) {
        return SuspiciousLog.addMark(s, clock, position, negative, weight);
    }

    function entryAt(uint256 position)
        external
        view
        returns (uint256 id, uint256 positive, uint256 negative, uint256 count)
    {
        LogEntry entry = SuspiciousLog.read(s, clock, position);
        return (entry.id(), entry.positive(), entry.negative(), entry.count());
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
        bytes32 seed
    ) external {
        EpochRecord storage record = s.epochAt(clock, clock.epoch);
        record.head = EpochHeads.make(
            clock.epoch, roster, rosterSize, windowStart, windowSize, decisionMarks, latestChecks, suspiciousChecks
        );
        record.seed = seed;
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
        record.head = record.head.withTally(positive, negative, count);
    }

    function mark(uint256 seat, uint256 rank, uint256 weight, uint256 marks)
        external
        returns (uint256 counted, bool accuser)
    {
        Marked memory marked = _apply(Marker(seat, rank, weight, s.seats[seat].history), marks);
        return (marked.counted, marked.accuser);
    }

    function _apply(Marker memory marker, uint256 marks) private returns (Marked memory marked) {
        Cursor memory cursor = s.cursor;
        marked = Marking.apply_(s, clock, cursor, s.epochAt(clock, clock.epoch), marker, marks);
        s.cursor = cursor;
    }

    function tallyOf(uint256 epoch, uint256 order)
        external
        view
        returns (uint256 positive, uint256 negative, uint256 count, bool logged)
    {
        BlockHead head = s.blockAt(clock, epoch, order).head;
        return (head.positive(), head.negative(), head.count(), head.has(BlockHeads.LOGGED));
    }

    // ---- epochs -------------------------------------------------------------------------------------------

    function open() external {
        Epochs.open(s, clock);
    }

    /// @dev As if `epoch` had been opened with its source at `seedBlock`, after an epoch seeded `lastSeed`.
    function seedOf(uint32 epoch, bytes32 lastSeed, uint64 seedBlock) external returns (bytes32) {
        clock.epoch = epoch;
        s.lastSeed = lastSeed;
        s.opening.epoch = epoch;
        s.opening.pending = true;
        s.opening.seedBlock = seedBlock;
        Epochs.ensureSeeded(s, clock);
        return s.lastSeed;
    }

    function challengeOf(
        uint256 epoch,
        uint256 epochStart,
        bytes32 seed,
        uint256 seat,
        bytes32 policy,
        bytes32 references
    ) external returns (bytes32) {
        EpochRecord storage record = s.epochs[0];
        record.seed = seed;
        record.policyDigest = policy;
        record.referenceDigest = references;
        return Publishing.challenge(epoch, epochStart, record, seat);
    }
}
