// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Suspicion} from "../interfaces/IProofOfAttestation.sol";
import {Assignment, Places} from "./Assignment.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {EpochHead} from "./EpochHead.sol";
import {History, Histories} from "./History.sol";
import {LogEntry, LogEntries, SuspiciousLog} from "./SuspiciousLog.sol";
import {BlockRecord, Clock, Cursor, EpochRecord, Rings, Seat, State} from "./State.sol";

/// @dev Who marks, with what weight.
struct Marker {
    uint256 seat;
    uint256 rank;
    uint256 weight;
    History history;
}

/// @dev What came of a block's marks.
/// @param counted the marks that counted, ignored ones as abstentions
/// @param accuser whether a negative mark on a latest block counted
struct Marked {
    uint256 counted;
    bool accuser;
}

/// @dev R4 and R7: a block's marks are checked against its assignment and added to the tallies.
library Marking {
    using Rings for State;
    using Rings for Seat;

    uint256 private constant LOW_BITS = 0x1111111111111111111111111111111111111111111111111111111111111111;
    uint256 private constant HIGH_BITS = 0x8888888888888888888888888888888888888888888888888888888888888888;

    /// @dev Reverts on mark values above 6, wherever they stand.
    function requireKnown(uint256 marks) internal pure {
        uint256 sevens = marks & (marks >> 1) & (marks >> 2) & LOW_BITS;
        if (sevens | (marks & HIGH_BITS) != 0) revert IProofOfAttestation.MarkUnknown(marks);
    }

    function apply_(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        EpochRecord storage record,
        Marker memory marker,
        uint256 marks
    ) internal returns (Marked memory marked) {
        unchecked {
            EpochHead head = record.head;
            bytes32 seed = record.seed;
            Places memory places = Assignment.placesOf(head, seed, marker.rank);
            _requireAssigned(head, places, marks);
            if (marker.weight == 0) return marked;
            uint256[] memory met = new uint256[](places.latest);
            uint256 metCount;
            for (uint256 i; i < places.latest; ++i) {
                uint256 rank = Assignment.latestRank(head, seed, places, i);
                uint256 position = _markLatest(s, clock, cursor, marker, marked, head.roster(), rank, i, marks);
                if (position != type(uint256).max) met[metCount++] = position;
            }
            uint256 shift = 4 * places.latest;
            if (marks >> shift != 0) _markWindow(s, clock, head, places, marker, marked, marks, met, metCount);
        }
    }

    /// @dev Marks on unassigned or empty places revert (R4).
    function _requireAssigned(EpochHead head, Places memory places, uint256 marks) private pure {
        unchecked {
            uint256 assigned = 4 * (places.latest + places.window);
            if (assigned < 256 && marks >> assigned != 0) revert IProofOfAttestation.MarkUnassigned(marks);
            uint256 size = head.windowSize();
            if (size == places.wide) return;
            uint256 place = places.first;
            for (uint256 rest = marks >> (4 * places.latest); rest != 0; rest >>= 4) {
                if (place >= size && rest & 15 != 0) revert IProofOfAttestation.MarkUnassigned(marks);
                if (++place == places.wide) place = 0;
            }
        }
    }

    /// @dev Marks the i-th latest block. Returns its log position as of before the mark, or the maximum.
    function _markLatest(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        Marker memory marker,
        Marked memory marked,
        uint256 roster,
        uint256 rank,
        uint256 i,
        uint256 marks
    ) private returns (uint256 position) {
        unchecked {
            BlockRecord storage target = s.blockAt(clock, roster, rank);
            BlockHead head = target.head;
            bool logged = head.has(BlockHeads.LOGGED);
            position = logged ? head.position() : type(uint256).max;
            uint256 mark = (marks >> (4 * i)) & 15;
            if (mark == 0 || !head.isOpen()) return position;
            bool negative = mark > 1;
            if (logged) {
                if (!SuspiciousLog.addMark(s, clock, position, negative, marker.weight)) return position;
            } else {
                if (head.count() == SuspiciousLog.MARKS_MAX) return position;
                head = head.withMark(negative, marker.weight);
                if (negative) {
                    head = SuspiciousLog.enter(s, clock, cursor, head, rank, Suspicion.NegativeMark);
                }
                target.head = head;
            }
            marked.counted |= mark << (4 * i);
            if (negative) marked.accuser = true;
        }
    }

    /// @dev Marks the window's entries, three a word.
    function _markWindow(
        State storage s,
        Clock memory clock,
        EpochHead head,
        Places memory places,
        Marker memory marker,
        Marked memory marked,
        uint256 marks,
        uint256[] memory met,
        uint256 metCount
    ) private {
        unchecked {
            uint256 start = head.windowStart();
            uint256 place = places.first;
            uint256 cell = type(uint256).max;
            uint256 word;
            uint256 shift = 4 * places.latest;
            for (uint256 rest = marks >> shift; rest != 0; rest >>= 4) {
                uint256 mark = rest & 15;
                if (mark != 0 && !_isMet(met, metCount, start + place)) {
                    uint256 ring = (start + place) % clock.logRing;
                    if (ring / SuspiciousLog.ENTRIES_PER_WORD != cell) {
                        if (cell != type(uint256).max) s.log[cell] = word;
                        cell = ring / SuspiciousLog.ENTRIES_PER_WORD;
                        word = s.log[cell];
                    }
                    uint256 field = (ring % SuspiciousLog.ENTRIES_PER_WORD) * LogEntries.BITS;
                    LogEntry entry = LogEntry.wrap((word >> field) & LogEntries.MASK);
                    if (_counts(s, clock, marker, entry)) {
                        word += LogEntries.increment(mark > 1, marker.weight) << field;
                        marked.counted |= mark << shift;
                    }
                }
                shift += 4;
                if (++place == places.wide) place = 0;
            }
            if (cell != type(uint256).max) s.log[cell] = word;
        }
    }

    function _isMet(uint256[] memory met, uint256 metCount, uint256 position) private pure returns (bool) {
        for (uint256 i; i < metCount; ++i) {
            if (met[i] == position) return true;
        }
        return false;
    }

    /// @dev Neither void, nor saturated, nor the marker's own. A window's entries are undecided by construction: each
    /// block has one live entry, and it is decided only after its window's epoch.
    function _counts(State storage s, Clock memory clock, Marker memory marker, LogEntry entry)
        private
        view
        returns (bool)
    {
        unchecked {
            uint256 age = entry.age(clock.epoch);
            if (age >= clock.retention || entry.count() == SuspiciousLog.MARKS_MAX) return false;
            uint256 epoch = clock.epoch - age;
            return !(
                marker.history.isSet(Histories.UNDECIDED, epoch)
                    && s.seats[marker.seat].orderOf(clock, epoch) == entry.order()
            );
        }
    }
}
