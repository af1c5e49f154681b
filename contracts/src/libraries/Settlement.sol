// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Suspicion} from "../interfaces/IProofOfAttestation.sol";
import {Assignment, Places} from "./Assignment.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {EpochHead} from "./EpochHead.sol";
import {History, Histories} from "./History.sol";
import {Lanes} from "./Lanes.sol";
import {Penalties} from "./Penalties.sol";
import {Rewarding} from "./Rewarding.sol";
import {Scoring} from "./Scoring.sol";
import {Seats} from "./Seats.sol";
import {Standing, Standings} from "./Standing.sol";
import {BlockRecord, Clock, Cursor, EpochRecord, Rings, Seat, State} from "./State.sol";
import {SuspiciousLog} from "./SuspiciousLog.sol";
import {Tally} from "./Tally.sol";

/// @dev R9: blocks pass, are decided, or become honest for good; their seats' scores take a step.
library Settlement {
    using Rings for State;
    using Rings for Seat;

    /// @dev Settles the block if it is due.
    function settle(State storage s, Clock memory clock, Cursor memory cursor, uint256 epoch, uint256 order)
        internal
        returns (bool)
    {
        // A wider order would reach another place of the ring, and a log entry would carry it.
        if (order >= Rings.ORDERS) return false;
        BlockRecord storage record = s.blockAt(clock, epoch, order);
        BlockHead head = record.head;
        if (!head.exists() || head.epoch() != epoch || !isDue(s, clock, cursor, head)) return false;
        if (head.has(BlockHeads.LOGGED)) _judge(s, clock, cursor, record, head, order);
        else if (head.has(BlockHeads.PASSED)) _finish(s, clock, record, head);
        else if (head.tally().count() == 0) {
            record.head = SuspiciousLog.enter(s, clock, cursor, head, order, Suspicion.Unchecked);
        } else {
            _pass(s, clock, cursor, record, head);
        }
        return true;
    }

    /// @dev Settles up to `limit` due blocks of a seat, oldest first.
    function settleOldest(State storage s, Clock memory clock, Cursor memory cursor, uint256 seatId, uint256 limit)
        internal
    {
        unchecked {
            Seat storage seat = s.seats[seatId];
            History history = seat.history;
            uint256 candidates = _candidates(s, clock, history);
            if (candidates == 0) return;
            uint256 last = history.last();
            while (candidates != 0 && limit > 0) {
                uint256 age = Lanes.highest(candidates);
                candidates ^= uint256(1) << age;
                if (settle(s, clock, cursor, last - age, seat.orderOf(clock, last - age))) --limit;
            }
        }
    }

    /// @dev A seat's open blocks that may be due, by age: what cannot be costs no storage read. An unlogged block is not
    /// due before its checking epoch is over, which is its own successor at the earliest, nor for good before finality.
    function _candidates(State storage s, Clock memory clock, History history) private view returns (uint256) {
        unchecked {
            uint256 open = history.live(Histories.OPEN, clock.epoch, clock.retention);
            if (open == 0) return 0;
            uint256 undecided = history.live(Histories.UNDECIDED, clock.epoch, clock.retention);
            uint256 passed = history.live(Histories.PASSED, clock.epoch, clock.retention);
            uint256 elapsed = clock.epoch - history.last();
            return open
                & (undecided | (~passed & _olderThan(1, elapsed))
                    | (passed & _olderThan(uint256(s.parameters.finalityEpochs) + 1, elapsed)));
        }
    }

    /// @dev Bits of ages above `wait`, counted from `elapsed` epochs after the newest.
    function _olderThan(uint256 wait, uint256 elapsed) private pure returns (uint256) {
        unchecked {
            return elapsed > wait ? type(uint256).max : type(uint256).max << (wait + 1 - elapsed);
        }
    }

    function isDue(State storage s, Clock memory clock, Cursor memory cursor, BlockHead head)
        internal
        view
        returns (bool)
    {
        unchecked {
            if (!head.isOpen() || Rings.isVoid(clock, head.epoch())) return false;
            if (_isBeingChecked(s, clock, cursor, head)) return false;
            bool accuser = head.has(BlockHeads.ACCUSER);
            if (head.has(BlockHeads.LOGGED)) return head.position() < _horizon(clock, cursor, accuser);
            uint256 check = s.epochAt(clock, head.epoch()).head.next();
            if (check == 0) return false;
            if (head.has(BlockHeads.PASSED)) return clock.epoch > check + s.parameters.finalityEpochs;
            if (accuser) {
                check = s.epochAt(clock, check).head.next();
                if (check == 0) return false;
            }
            return clock.epoch > check;
        }
    }

    /// @dev A latest block of the running epoch gets marks still: after an epoch without weighted blocks its checking
    /// epoch may be over already (R3), and nothing is settled inside an epoch that marks it.
    function _isBeingChecked(State storage s, Clock memory clock, Cursor memory cursor, BlockHead head)
        private
        view
        returns (bool)
    {
        if (clock.epoch != cursor.lastOpened || head.weight() == 0) return false;
        EpochHead running = s.epochAt(clock, clock.epoch).head;
        return running.rosterSize() != 0 && running.roster() == head.epoch();
    }

    /// @dev Entries below this position stood in a window whose epoch is over; for an accuser's block, in one
    /// after which one more opened epoch is over.
    function _horizon(Clock memory clock, Cursor memory cursor, bool accuser) private pure returns (uint256) {
        bool over = clock.epoch > cursor.lastOpened;
        if (accuser) return over ? cursor.windowStart : cursor.previousWindowStart;
        return over ? cursor.windowEnd : cursor.windowStart;
    }

    function _finish(State storage s, Clock memory clock, BlockRecord storage record, BlockHead head) private {
        record.head = head.withFlag(BlockHeads.FINAL);
        Seat storage seat = s.seats[head.seat()];
        seat.history = seat.history.without(Histories.OPEN, head.epoch());
        bool toSeat = !seat.standing.has(Standings.BLOCKED);
        uint128 reward = Rewarding.take(s, clock, s.epochAt(clock, head.epoch()), head, toSeat);
        emit IProofOfAttestation.BlockFinal(head.seat(), head.epoch(), reward);
    }

    function _pass(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        BlockRecord storage record,
        BlockHead head
    ) private {
        Seat storage seat = s.seats[head.seat()];
        record.head = head.withFlag(BlockHeads.PASSED);
        seat.history = seat.history.with(Histories.PASSED, head.epoch()).withGood(head.epoch());
        uint256 judgement = _judgement(s, clock, cursor, head, record.marks);
        Standing standing = seat.standing;
        if (!standing.has(Standings.BLOCKED)) {
            standing = _step(s, clock, head, standing, judgement, false);
            seat.standing = standing;
        }
        emit IProofOfAttestation.BlockPassed(
            head.seat(), head.epoch(), uint16(judgement), uint16(standing.score()), uint8(standing.streak())
        );
    }

    /// @dev Decides a logged block, or logs it again with its tally if too few marks came.
    function _judge(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        BlockRecord storage record,
        BlockHead head,
        uint256 order
    ) private {
        Tally tally = SuspiciousLog.tallyAt(s, clock, head.position());
        if (2 * tally.count() < cursor.decisionMarks) {
            SuspiciousLog.setOutcome(s, clock, head.position(), SuspiciousLog.OUTCOME_LOGGED_AGAIN);
            uint40 position = SuspiciousLog.append(s, clock, cursor, head.epoch(), order, tally);
            record.head = head.withPosition(position);
            emit IProofOfAttestation.BlockLogged(head.epoch(), uint32(order), position, Suspicion.Undecided);
            return;
        }
        bool malicious = tally.isMalicious();
        SuspiciousLog.setOutcome(s, clock, head.position(), SuspiciousLog.outcomeOf(tally));
        record.head = head.withTally(tally)
            .withFlag(malicious ? BlockHeads.DECIDED | BlockHeads.MALICIOUS : BlockHeads.DECIDED);
        _decide(s, clock, head, tally, malicious, _judgement(s, clock, cursor, head, record.marks));
        if (malicious) _unwind(s, clock, cursor, head, record.marks);
    }

    function _decide(
        State storage s,
        Clock memory clock,
        BlockHead head,
        Tally tally,
        bool malicious,
        uint256 judgement
    ) private {
        Seat storage seat = s.seats[head.seat()];
        History history = seat.history.without(Histories.OPEN, head.epoch()).without(Histories.UNDECIDED, head.epoch());
        seat.history = malicious ? history : history.withGood(head.epoch());
        Standing standing = seat.standing;
        if (!standing.has(Standings.BLOCKED)) {
            standing = _afterDecision(s, clock, head, tally, malicious, judgement, standing);
            seat.standing = standing;
        }
        uint128 reward = Rewarding.take(
            s, clock, s.epochAt(clock, head.epoch()), head, !malicious && !standing.has(Standings.BLOCKED)
        );
        _emitDecided(head, tally, malicious, judgement, standing, reward);
    }

    /// @dev What a decision does to a seat that is not blocked.
    function _afterDecision(
        State storage s,
        Clock memory clock,
        BlockHead head,
        Tally tally,
        bool malicious,
        uint256 judgement,
        Standing standing
    ) private returns (Standing) {
        if (malicious || !head.has(BlockHeads.PASSED)) {
            uint256 validity = malicious ? Scoring.MAX - tally.clarity() : Scoring.MAX;
            standing = _step(s, clock, head, standing, validity * judgement / Scoring.MAX, malicious);
        }
        if (malicious) return Penalties.penalise(s, clock, head.seat(), standing);
        return _admit(s, clock, head, _verifyPower(head, standing));
    }

    function _emitDecided(
        BlockHead head,
        Tally tally,
        bool malicious,
        uint256 judgement,
        Standing standing,
        uint128 reward
    ) private {
        emit IProofOfAttestation.BlockDecided(
            head.seat(),
            head.epoch(),
            malicious,
            uint32(tally.positive()),
            uint32(tally.negative()),
            uint8(tally.count()),
            uint16(judgement),
            uint16(standing.score()),
            uint8(standing.streak()),
            reward
        );
    }

    /// @dev An honest decision on an off block sets the verified power, unless a later block did; one on a block from the
    /// first off one on ends the unverified state (R10).
    function _verifyPower(BlockHead head, Standing standing) private returns (Standing) {
        uint256 epoch = head.epoch();
        bool sets = head.has(BlockHeads.OFF) && epoch >= standing.powerVerifiedBy();
        bool ends = standing.has(Standings.UNVERIFIED) && epoch >= standing.offSince();
        if (sets) standing = standing.withVerifiedPower(head.offPower(), epoch + 1);
        if (ends) standing = standing.without(Standings.UNVERIFIED);
        if (sets || ends) {
            emit IProofOfAttestation.PowerVerified(head.seat(), head.epoch(), standing.verifiedPower());
        }
        return standing;
    }

    /// @dev One step of the seat's score; below 5000, out of probation, it is suspended (R11).
    function _step(
        State storage s,
        Clock memory clock,
        BlockHead head,
        Standing standing,
        uint256 r,
        bool malicious
    ) private returns (Standing) {
        (uint256 score, uint256 streak) = Scoring.step(
            standing.score(),
            standing.streak(),
            r,
            malicious,
            head.epoch() < standing.since(),
            s.parameters.scoreGainBps,
            s.parameters.fullGainStreak
        );
        standing = standing.withScore(score, streak);
        if (score < Scoring.RESTRICTED && !standing.has(Standings.PROBATION | Standings.SUSPENDED)) {
            standing = standing.with(Standings.SUSPENDED).withSuspendedAt(clock.epoch);
            emit IProofOfAttestation.SeatSuspended(head.seat(), clock.epoch, uint16(score));
        }
        return standing;
    }

    /// @dev Ends probation after an honest decision on a block of the current incarnation, and binds the device id
    /// to the first seat that is admitted under it (R1, R9).
    function _admit(State storage s, Clock memory clock, BlockHead head, Standing standing)
        private
        returns (Standing)
    {
        if (!standing.has(Standings.PROBATION) || standing.has(Standings.EXITING)) return standing;
        if (head.epoch() < standing.since()) return standing;
        if (standing.score() < Scoring.RESTRICTED) return standing;
        Seat storage seat = s.seats[head.seat()];
        bytes32 deviceId = seat.deviceId;
        if (!standing.has(Standings.ADMITTED)) {
            if (s.claims[deviceId].bound != 0) return standing;
            s.claims[deviceId].bound = head.seat();
        }
        // Peers have seen this incarnation at work: what it signs twice counts against the seat (R15).
        seat.incarnations[seat.incarnation] = Seats.CONFIRMED;
        emit IProofOfAttestation.SeatAdmitted(head.seat(), clock.epoch, deviceId);
        return standing.without(Standings.PROBATION).with(Standings.ADMITTED);
    }

    /// @dev a: how far outcomes contradict this block's own counted marks, each by its clarity (R9). An outcome is known
    /// once the window's epoch is over and enough marks came, settled or not: who settles first gains nothing.
    function _judgement(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        BlockHead head,
        uint256 marks
    ) private view returns (uint256) {
        unchecked {
            if (marks == 0) return Scoring.MAX;
            EpochRecord storage record = s.epochAt(clock, head.epoch());
            EpochHead epochHead = record.head;
            (uint256 latestMarks, uint256 windowMarks, Places memory places, bytes32 root) =
                _assigned(record, epochHead, head, marks);
            (uint256 judged, uint256 contradicted) = (0, 0);
            if (windowMarks != 0) {
                (judged, contradicted) = _judgeWindow(s, clock, cursor, epochHead, places, windowMarks);
            }
            for (uint256 i; latestMarks != 0; ++i) {
                if (latestMarks & 15 > 1) {
                    uint256 outcome = _latestOutcome(s, clock, cursor, epochHead, root, places, i);
                    if (outcome != 0) ++judged;
                    if (outcome != 0 && outcome < SuspiciousLog.OUTCOME_MALICIOUS) contradicted += outcome - 1;
                }
                latestMarks >>= 4;
            }
            return judged == 0 ? Scoring.MAX : Scoring.MAX - Scoring.MAX * contradicted / (SuspiciousLog.CLEAR * judged);
        }
    }

    /// @dev Compares all marks at once with the outcomes that were decided; then one by one with those that nobody has
    /// settled yet.
    function _judgeWindow(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        EpochHead epochHead,
        Places memory places,
        uint256 marks
    ) private view returns (uint256 judged, uint256 contradicted) {
        unchecked {
            uint256 outcomes = _decidedOutcomes(s, clock, epochHead.windowStart(), places);
            uint256 given = (marks | (marks >> 1) | (marks >> 2)) & Lanes.PLACES;
            uint256 open = given & ~(outcomes | (outcomes >> 1) | (outcomes >> 2) | (outcomes >> 3));
            uint256 end = uint256(epochHead.windowStart()) + places.wide;
            uint256 position = uint256(epochHead.windowStart()) + places.first;
            for (uint256 place; open >> place != 0; place += 4) {
                if ((open >> place) & 1 != 0) outcomes |= _unsettled(s, clock, cursor, position) << place;
                if (++position == end) position -= places.wide;
            }
            uint256 decided = given & (outcomes | (outcomes >> 1) | (outcomes >> 2));
            // A negative mark is contradicted by honest, a valid one by malicious.
            uint256 wrong = decided & (((marks >> 1) | (marks >> 2)) ^ (outcomes >> 3));
            judged = Lanes.sum(decided);
            contradicted = Lanes.sum(outcomes & (wrong * SuspiciousLog.CLARITY)) - Lanes.sum(wrong);
        }
    }

    /// @dev The outcomes decided in an assignment's window places, four bits each.
    function _decidedOutcomes(State storage s, Clock memory clock, uint256 start, Places memory places)
        private
        view
        returns (uint256 outcomes)
    {
        unchecked {
            uint256 place = places.first;
            for (uint256 done; done < places.window;) {
                // One word, up to the window's end; no word reaches across the ring's end.
                uint256 cell = (start + place) % clock.logRing;
                uint256 entry = cell % SuspiciousLog.OUTCOMES_PER_WORD;
                uint256 entries = SuspiciousLog.OUTCOMES_PER_WORD - entry;
                if (entries > places.wide - place) entries = places.wide - place;
                outcomes |= (s.outcomes[cell / SuspiciousLog.OUTCOMES_PER_WORD] >> (4 * entry)) << (4 * done);
                // What lies beyond this stretch is overwritten by the next one's.
                done += entries;
                outcomes &= (uint256(1) << (4 * done)) - 1;
                place += entries;
                if (place == places.wide) place = 0;
            }
        }
    }

    /// @dev The outcome at a log position that nobody has settled: that of its tally, if its window's epoch is over.
    function _unsettled(State storage s, Clock memory clock, Cursor memory cursor, uint256 position)
        private
        view
        returns (uint256)
    {
        if (position >= _horizon(clock, cursor, false)) return 0;
        Tally tally = SuspiciousLog.tallyAt(s, clock, position);
        return 2 * tally.count() < cursor.decisionMarks ? 0 : SuspiciousLog.outcomeOf(tally);
    }

    /// @dev The outcome of the i-th latest block of an assignment; 0 if there is none.
    function _latestOutcome(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        EpochHead epochHead,
        bytes32 root,
        Places memory places,
        uint256 i
    ) private view returns (uint256) {
        if (Rings.isVoid(clock, epochHead.roster())) return 0;
        uint256 rank = Assignment.latestRank(epochHead, root, places, i);
        BlockHead target = s.blockAt(clock, epochHead.roster(), rank).head;
        if (!target.has(BlockHeads.DECIDED)) {
            return target.has(BlockHeads.LOGGED) ? _unsettled(s, clock, cursor, target.position()) : 0;
        }
        return SuspiciousLog.outcomeOf(target.tally());
    }

    /// @dev A malicious block's accomplices enter the log: latest blocks that it marked valid, open and not yet
    /// logged (R9).
    function _unwind(State storage s, Clock memory clock, Cursor memory cursor, BlockHead head, uint256 marks)
        private
    {
        unchecked {
            if (marks == 0) return;
            EpochRecord storage record = s.epochAt(clock, head.epoch());
            EpochHead epochHead = record.head;
            (uint256 latestMarks,, Places memory places, bytes32 root) =
                _assigned(record, epochHead, head, marks);
            uint256 roster = epochHead.roster();
            if (Rings.isVoid(clock, roster)) return;
            for (uint256 i; latestMarks != 0; ++i) {
                if (latestMarks & 15 == 1) {
                    uint256 rank = Assignment.latestRank(epochHead, root, places, i);
                    BlockRecord storage target = s.blockAt(clock, roster, rank);
                    BlockHead targetHead = target.head;
                    if (targetHead.isOpen() && !targetHead.has(BlockHeads.LOGGED)) {
                        target.head = SuspiciousLog.enter(s, clock, cursor, targetHead, rank, Suspicion.Unwinding);
                    }
                }
                latestMarks >>= 4;
            }
        }
    }

    /// @dev A block's marks, parted into those on latest blocks and on window places, and its assignment. Only
    /// blocks with rank have marks.
    function _assigned(EpochRecord storage record, EpochHead epochHead, BlockHead head, uint256 marks)
        private
        view
        returns (uint256 latestMarks, uint256 windowMarks, Places memory places, bytes32 root)
    {
        unchecked {
            root = record.root;
            places = Assignment.placesOf(epochHead, root, head.rank());
            latestMarks = marks & ((uint256(1) << (4 * places.latest)) - 1);
            windowMarks = marks >> (4 * places.latest);
        }
    }
}
