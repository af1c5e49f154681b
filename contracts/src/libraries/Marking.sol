// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Suspicion} from "../interfaces/IProofOfAttestation.sol";
import {Places} from "./Assignment.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {EpochHead} from "./EpochHead.sol";
import {History, Histories} from "./History.sol";
import {Lanes} from "./Lanes.sol";
import {BlockRecord, Clock, Cursor, Rings, Seat, State} from "./State.sol";
import {SuspiciousLog, TallyWords} from "./SuspiciousLog.sol";
import {Tallies, Tally} from "./Tally.sol";

/// @dev Who marks, with what weight.
struct Marker {
    uint256 seat;
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

/// @dev Log positions that marks of one block may not reach through the window: its seat's own blocks, and latest
/// blocks met already.
struct Excluded {
    uint256 count;
    uint256[] positions;
}

/// @dev R4 and R7: a block's marks are checked against its assignment and added to the tallies.
library Marking {
    using Rings for State;
    using Rings for Seat;

    uint256 private constant HIGH_BITS = Lanes.PLACES << 3;

    /// @dev Reverts on mark values above 6, wherever they stand.
    function requireKnown(uint256 marks) internal pure {
        uint256 sevens = marks & (marks >> 1) & (marks >> 2) & Lanes.PLACES;
        if (sevens | (marks & HIGH_BITS) != 0) revert IProofOfAttestation.MarkUnknown(marks);
    }

    /// @dev How many of the 64 places hold a mark.
    function given(uint256 marks) internal pure returns (uint256) {
        return Lanes.sum((marks | (marks >> 1) | (marks >> 2) | (marks >> 3)) & Lanes.PLACES);
    }

    /// @dev Reverts on marks beyond the assigned places, and on empty ones (R4).
    function requireAssigned(EpochHead head, Places memory places, uint256 marks) internal pure {
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

    /// @dev Reverts unless `bindings` is the hash of the evidence bindings of those latest blocks that have a mark other than
    /// 0, or zero where none has: what was judged is what is kept of the blocks in these places (R6).
    function requireJudged(
        State storage s,
        Clock memory clock,
        uint256 roster,
        uint256[] memory ranks,
        uint256 marks,
        bytes32 bindings
    ) internal view {
        unchecked {
            bytes memory judged;
            for (uint256 i; i < ranks.length; ++i) {
                if ((marks >> (4 * i)) & 15 != 0) {
                    judged = bytes.concat(judged, s.blockAt(clock, roster, ranks[i]).evidenceBinding);
                }
            }
            bytes32 expected = judged.length == 0 ? bytes32(0) : keccak256(judged);
            if (bindings != expected) revert IProofOfAttestation.LatestBindingsWrong(expected);
        }
    }

    /// @dev Adds marks that fit the assignment to the tallies; the caller's weight is above zero.
    function apply_(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        EpochHead head,
        Places memory places,
        uint256[] memory ranks,
        Marker memory marker,
        uint256 marks
    ) internal returns (Marked memory marked) {
        unchecked {
            Excluded memory excluded = _own(s, clock, marker, ranks.length);
            for (uint256 i; i < ranks.length; ++i) {
                _markLatest(s, clock, cursor, marker, marked, excluded, head.roster(), ranks[i], marks, 4 * i);
            }
            uint256 shift = 4 * places.latest;
            if (marks >> shift != 0) {
                marked.counted |= _markWindow(s, clock, head.windowStart(), places, marker.weight, excluded, marks);
            }
        }
    }

    /// @dev Where the marker's own undecided blocks stand in the log, with room for `more` positions.
    function _own(State storage s, Clock memory clock, Marker memory marker, uint256 more)
        private
        view
        returns (Excluded memory excluded)
    {
        unchecked {
            uint256 undecided = marker.history.live(Histories.UNDECIDED, clock.epoch, clock.retention);
            uint256 size = more;
            for (uint256 rest = undecided; rest != 0; rest &= rest - 1) {
                ++size;
            }
            excluded.positions = new uint256[](size);
            if (undecided == 0) return excluded;
            Seat storage seat = s.seats[marker.seat];
            for (uint256 epoch = marker.history.last(); undecided != 0; --epoch) {
                if (undecided & 1 != 0) {
                    BlockHead own = s.blockAt(clock, epoch, seat.orderOf(clock, epoch)).head;
                    excluded.positions[excluded.count++] = own.position();
                }
                undecided >>= 1;
            }
        }
    }

    /// @dev Marks one latest block, whose mark stands at bit `shift`.
    function _markLatest(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        Marker memory marker,
        Marked memory marked,
        Excluded memory excluded,
        uint256 roster,
        uint256 rank,
        uint256 marks,
        uint256 shift
    ) private {
        unchecked {
            BlockRecord storage target = s.blockAt(clock, roster, rank);
            BlockHead head = target.head;
            bool logged = head.has(BlockHeads.LOGGED);
            if (logged) excluded.positions[excluded.count++] = head.position();
            uint256 mark = (marks >> shift) & 15;
            if (mark == 0 || !head.isOpen()) return;
            bool negative = mark > 1;
            if (logged) {
                if (!SuspiciousLog.addMark(s, clock, head.position(), negative, marker.weight)) return;
            } else {
                if (head.tally().isClosed()) return;
                head = head.withMark(negative, marker.weight);
                if (negative) {
                    head = SuspiciousLog.enter(s, clock, cursor, head, rank, Suspicion.NegativeMark);
                }
                target.head = head;
            }
            marked.counted |= mark << shift;
            if (negative) marked.accuser = true;
        }
    }

    /// @dev Marks the window's entries, five a word; the marks that counted. Ignored are marks on entries of void
    /// blocks, on closed tallies, and on excluded positions. A window's entries are undecided by construction: each
    /// block has one live entry, and it is decided only after its window's epoch.
    function _markWindow(
        State storage s,
        Clock memory clock,
        uint256 start,
        Places memory places,
        uint256 weight,
        Excluded memory excluded,
        uint256 marks
    ) private returns (uint256 counted) {
        unchecked {
            uint256 shift = 4 * places.latest;
            uint256 place = places.first;
            while (marks >> shift != 0) {
                // One word, up to the window's end, and the ring's: no word reaches across the ring's end.
                uint256 cell = (start + place) % clock.logRing;
                uint256 entry = cell % TallyWords.ENTRIES;
                uint256 entries = TallyWords.ENTRIES - entry;
                if (entries > places.wide - place) entries = places.wide - place;
                uint256 here = (marks >> shift) & ((1 << (4 * entries)) - 1);
                if (here != 0) {
                    here = _withoutExcluded(excluded, start + place, here);
                    counted |= _markWord(s, clock, cell, start + place, here, weight) << shift;
                }
                shift += 4 * entries;
                place += entries;
                if (place == places.wide) place = 0;
            }
        }
    }

    /// @dev `marks` from `position` on, at most five, without those on excluded positions.
    function _withoutExcluded(Excluded memory excluded, uint256 position, uint256 marks)
        private
        pure
        returns (uint256)
    {
        unchecked {
            for (uint256 i; i < excluded.count; ++i) {
                uint256 offset = excluded.positions[i] - position;
                if (offset < TallyWords.ENTRIES) marks &= ~(15 << (4 * offset));
            }
            return marks;
        }
    }

    /// @dev Adds marks to the entries of one word, from ring place `cell` on; those that counted.
    function _markWord(
        State storage s,
        Clock memory clock,
        uint256 cell,
        uint256 position,
        uint256 marks,
        uint256 weight
    ) private returns (uint256) {
        unchecked {
            uint256 word = s.tallies[cell / TallyWords.ENTRIES];
            if (TallyWords.age(word, clock.epoch) >= clock.retention) marks = _withoutVoid(s, clock, position, marks);
            uint256 entry = cell % TallyWords.ENTRIES;
            if (marks & ~uint256(0x11111) == 0 && !TallyWords.anyFull(word)) {
                if (marks != 0) s.tallies[cell / TallyWords.ENTRIES] = TallyWords.withValid(word, entry, marks, weight);
                return marks;
            }
            uint256 counted = marks;
            for (uint256 shift; marks >> shift != 0; shift += 4) {
                uint256 mark = (marks >> shift) & 15;
                if (mark != 0) {
                    Tally tally = TallyWords.tally(word, entry);
                    if (tally.isClosed()) counted &= ~(15 << shift);
                    else word += tally.increment(mark > 1, weight) << (entry * Tallies.BITS);
                }
                ++entry;
            }
            if (counted != 0) s.tallies[cell / TallyWords.ENTRIES] = word;
            return counted;
        }
    }

    /// @dev `marks` from `position` on without those on entries of void blocks.
    function _withoutVoid(State storage s, Clock memory clock, uint256 position, uint256 marks)
        private
        view
        returns (uint256)
    {
        unchecked {
            for (uint256 shift; marks >> shift != 0; shift += 4) {
                (uint256 age,) = SuspiciousLog.blockAt(s, clock, position++);
                if (age >= clock.retention) marks &= ~(15 << shift);
            }
            return marks;
        }
    }
}
