// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Suspicion} from "../interfaces/IProofOfAttestation.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {History, Histories} from "./History.sol";
import {BlockRecord, Clock, Cursor, Rings, State} from "./State.sol";

/// @dev A log entry: block id 32 | positive 22 | negative 22 | count 8. The id is (epoch mod 4096)·2^20 + order.
type LogEntry is uint256;

using LogEntries for LogEntry global;

library LogEntries {
    uint256 internal constant BITS = 84;
    uint256 internal constant MASK = (1 << BITS) - 1;
    uint256 internal constant ID_EPOCHS = 4096;

    function make(uint256 epoch, uint256 order_, uint256 pos, uint256 neg, uint256 marks)
        internal
        pure
        returns (LogEntry)
    {
        unchecked {
            uint256 id_ = ((epoch % ID_EPOCHS) << Rings.ORDER_BITS) | order_;
            return LogEntry.wrap(id_ | (pos << 32) | (neg << 54) | (marks << 76));
        }
    }

    function id(LogEntry entry) internal pure returns (uint256) {
        return uint32(LogEntry.unwrap(entry));
    }

    function order(LogEntry entry) internal pure returns (uint256) {
        return LogEntry.unwrap(entry) & (Rings.ORDERS - 1);
    }

    /// @dev Epochs from the block's to `epoch`, modulo 4096; what is `retention` or more is void.
    function age(LogEntry entry, uint256 epoch) internal pure returns (uint256) {
        unchecked {
            return (epoch - (entry.id() >> Rings.ORDER_BITS)) % ID_EPOCHS;
        }
    }

    function positive(LogEntry entry) internal pure returns (uint256) {
        return (LogEntry.unwrap(entry) >> 32) & 0x3FFFFF;
    }

    function negative(LogEntry entry) internal pure returns (uint256) {
        return (LogEntry.unwrap(entry) >> 54) & 0x3FFFFF;
    }

    function count(LogEntry entry) internal pure returns (uint256) {
        return LogEntry.unwrap(entry) >> 76;
    }

    /// @dev What one mark adds to an entry.
    function increment(bool negativeMark, uint256 weight) internal pure returns (uint256) {
        return (weight << (negativeMark ? 54 : 32)) | (1 << 76);
    }
}

/// @dev The append-only log of suspicious blocks on a ring (R5, R8, R14).
library SuspiciousLog {
    uint256 internal constant ENTRIES_PER_WORD = 3;
    uint256 internal constant OUTCOMES_PER_WORD = 128;
    uint256 internal constant OUTCOME_HONEST = 1;
    uint256 internal constant OUTCOME_MALICIOUS = 2;
    uint256 internal constant OUTCOME_LOGGED_AGAIN = 3;
    uint256 internal constant MARKS_MAX = 255;

    /// @dev A ring that keeps every entry within retention, and every outcome that a judgement may read.
    ///
    /// A judgement reads outcomes of windows up to `retention` epochs old, whose entries were logged up to
    /// `retention` epochs before: 2R epochs. What is logged in that time is, for the first time, a block of
    /// the 3R epochs that may still live then, or, logged again, an entry of a window of those; a window holds
    /// at most max(seats, 63) entries.
    function ringSize(uint256 retention, uint256 maxSeats) internal pure returns (uint256) {
        uint256 entries = 3 * retention * (2 * maxSeats + 64);
        return (entries / 384 + 1) * 384;
    }

    function read(State storage s, Clock memory clock, uint256 position) internal view returns (LogEntry) {
        unchecked {
            uint256 cell = position % clock.logRing;
            uint256 word = s.log[cell / ENTRIES_PER_WORD];
            return LogEntry.wrap((word >> ((cell % ENTRIES_PER_WORD) * LogEntries.BITS)) & LogEntries.MASK);
        }
    }

    /// @dev Adds one mark to the entry at `position`, unless it has had 255 (R7). Whether it counted.
    function addMark(State storage s, Clock memory clock, uint256 position, bool negativeMark, uint256 weight)
        internal
        returns (bool)
    {
        unchecked {
            uint256 cell = position % clock.logRing;
            uint256 shift = (cell % ENTRIES_PER_WORD) * LogEntries.BITS;
            uint256 word = s.log[cell / ENTRIES_PER_WORD];
            if (LogEntry.wrap((word >> shift) & LogEntries.MASK).count() == MARKS_MAX) return false;
            s.log[cell / ENTRIES_PER_WORD] = word + (LogEntries.increment(negativeMark, weight) << shift);
            return true;
        }
    }

    /// @dev Logs a block for the first time, with the tally of its record. Returns its head.
    function enter(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        BlockHead head,
        uint256 order,
        Suspicion reason
    ) internal returns (BlockHead) {
        uint40 position = append(
            s,
            clock,
            cursor,
            LogEntries.make(head.epoch(), order, head.positive(), head.negative(), head.count())
        );
        History history = s.seats[head.seat()].history;
        s.seats[head.seat()].history = history.with(Histories.UNDECIDED, head.epoch());
        emit IProofOfAttestation.BlockLogged(head.epoch(), uint32(order), position, reason);
        return head.withFlag(BlockHeads.LOGGED).withPosition(position);
    }

    function append(State storage s, Clock memory clock, Cursor memory cursor, LogEntry entry)
        internal
        returns (uint40 position)
    {
        unchecked {
            position = cursor.logEnd++;
            uint256 cell = position % clock.logRing;
            uint256 shift = (cell % ENTRIES_PER_WORD) * LogEntries.BITS;
            // What a former lap left in this word at and after the entry goes.
            uint256 kept = shift == 0 ? 0 : s.log[cell / ENTRIES_PER_WORD] & ((1 << shift) - 1);
            s.log[cell / ENTRIES_PER_WORD] = kept | (LogEntry.unwrap(entry) << shift);
            if (cell % OUTCOMES_PER_WORD == 0) s.outcomes[cell / OUTCOMES_PER_WORD] = 0;
        }
    }

    function outcomeAt(State storage s, Clock memory clock, uint256 position) internal view returns (uint256) {
        unchecked {
            uint256 cell = position % clock.logRing;
            return (s.outcomes[cell / OUTCOMES_PER_WORD] >> (2 * (cell % OUTCOMES_PER_WORD))) & 3;
        }
    }

    function setOutcome(State storage s, Clock memory clock, uint256 position, uint256 outcome) internal {
        unchecked {
            uint256 cell = position % clock.logRing;
            s.outcomes[cell / OUTCOMES_PER_WORD] |= outcome << (2 * (cell % OUTCOMES_PER_WORD));
        }
    }
}
