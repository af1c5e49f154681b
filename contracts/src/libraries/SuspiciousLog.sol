// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Suspicion} from "../interfaces/IProofOfAttestation.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {Histories} from "./History.sol";
import {Clock, Cursor, Rings, Seat, State} from "./State.sol";
import {Tallies, Tally} from "./Tally.sol";

/// @dev A word of five tallies. Above them: the epoch, modulo 1024, of the oldest block among its entries, by which a
/// reader knows without their ids that none is void; and a bit that is always set, so that the first mark on an entry
/// never pays for a fresh word.
library TallyWords {
    uint256 internal constant ENTRIES = 5;

    uint256 private constant OLDEST_AT = ENTRIES * Tallies.BITS;
    uint256 private constant EPOCHS = 1 << 10;
    /// The lowest bit of each entry.
    uint256 private constant LANES = 1 | (1 << 49) | (1 << 98) | (1 << 147) | (1 << 196);
    uint256 private constant PRESENT = 1 << 255;
    /// Ages are kept up to this, beyond every retention: an entry that long ago must not seem young again.
    uint256 private constant AGE_MAX = 64;

    function tally(uint256 word, uint256 entry) internal pure returns (Tally) {
        unchecked {
            return Tally.wrap((word >> (entry * Tallies.BITS)) & Tallies.MASK);
        }
    }

    /// @dev Whether any entry may be closed, or has as many marks as are counted: then they are looked at one by one.
    function anyFull(uint256 word) internal pure returns (bool) {
        unchecked {
            // A side of 2^20, or both of 2^19, without which their sum stays below what closes a tally.
            uint256 heavy = (word >> 20) | (word >> 41) | ((word >> 19) & (word >> 40));
            uint256 pairs = word & (word >> 1);
            uint256 counted = (pairs >> 42) & (pairs >> 44) & (pairs >> 46) & (word >> 48);
            return (heavy | counted) & LANES != 0;
        }
    }

    /// @dev The word with valid marks of one weight added, from `entry` on. `marks` has a bit at each fourth place.
    function withValid(uint256 word, uint256 entry, uint256 marks, uint256 weight) internal pure returns (uint256) {
        unchecked {
            // Bit 4i comes to bit 49i; all that falls elsewhere is masked, and nothing carries.
            uint256 lanes = (marks * (1 | (1 << 45) | (1 << 90) | (1 << 135) | (1 << 180))) & LANES;
            return word + ((lanes * (weight | (1 << 42))) << (entry * Tallies.BITS));
        }
    }

    /// @dev Epochs from the block of the oldest entry to `epoch`, modulo 1024. Right for entries that windows still cover:
    /// they were logged fewer than `retention` epochs ago.
    function age(uint256 word, uint256 epoch) internal pure returns (uint256) {
        unchecked {
            return (epoch - (word >> OLDEST_AT)) % EPOCHS;
        }
    }

    /// @dev The word with a next entry; what a former lap left at and after it goes.
    function withNext(uint256 word, uint256 entry, Tally tally_, uint256 blockEpoch, uint256 epoch)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256 oldest = epoch - blockEpoch;
            if (entry != 0 && age(word, epoch) > oldest) oldest = age(word, epoch);
            if (oldest > AGE_MAX) oldest = AGE_MAX;
            uint256 shift = entry * Tallies.BITS;
            return (word & ((1 << shift) - 1)) | (Tally.unwrap(tally_) << shift)
                | (((epoch - oldest) % EPOCHS) << OLDEST_AT) | PRESENT;
        }
    }
}

/// @dev The append-only log of suspicious blocks on rings (R5, R8, R14). A block's id is (epoch mod 4096)·2^20 + order.
library SuspiciousLog {
    using Rings for Seat;

    /// Outcomes have four bits: the upper one says malicious, the lower three a decision's clarity in sixths, plus one. None
    /// of these alone says that nothing is decided yet, or with the upper one that the block was logged again.
    uint256 internal constant OUTCOMES_PER_WORD = 64;
    uint256 internal constant OUTCOME_MALICIOUS = 8;
    uint256 internal constant OUTCOME_LOGGED_AGAIN = 8;
    uint256 internal constant CLARITY = 7;
    uint256 internal constant CLEAR = 6;

    uint256 private constant IDS_PER_WORD = 8;
    uint256 private constant ID_BITS = 32;
    uint256 private constant ID_EPOCHS = 4096;
    /// The least common multiple of entries a word, over the three rings.
    uint256 private constant STRIDE = 320;

    /// @dev A ring that keeps every entry within retention, and every outcome that a judgement may read.
    ///
    /// A judgement reads outcomes of windows up to `retention` epochs old, whose entries were logged up to
    /// `retention` epochs before: 2R epochs. What is logged in that time is, for the first time, a block of
    /// the 3R epochs that may still live then, or, logged again, an entry of a window of those; a window holds
    /// at most max(seats, 63) entries.
    function ringSize(uint256 retention, uint256 maxSeats) internal pure returns (uint256) {
        uint256 entries = 3 * retention * (2 * maxSeats + 64);
        return (entries / STRIDE + 1) * STRIDE;
    }

    function tallyAt(State storage s, Clock memory clock, uint256 position) internal view returns (Tally) {
        unchecked {
            uint256 cell = position % clock.logRing;
            return TallyWords.tally(s.tallies[cell / TallyWords.ENTRIES], cell % TallyWords.ENTRIES);
        }
    }

    /// @dev The id of the entry's block: its age in epochs (modulo 4096; void from `retention` on) and its order.
    function blockAt(State storage s, Clock memory clock, uint256 position)
        internal
        view
        returns (uint256 age, uint256 order)
    {
        unchecked {
            uint256 cell = position % clock.logRing;
            uint256 id = uint32(s.ids[cell / IDS_PER_WORD] >> ((cell % IDS_PER_WORD) * ID_BITS));
            return ((clock.epoch - (id >> Rings.ORDER_BITS)) % ID_EPOCHS, id & (Rings.ORDERS - 1));
        }
    }

    /// @dev Adds one mark to the entry at `position`, unless its tally is closed (R7). Whether it counted.
    function addMark(State storage s, Clock memory clock, uint256 position, bool negativeMark, uint256 weight)
        internal
        returns (bool)
    {
        unchecked {
            uint256 cell = position % clock.logRing;
            uint256 word = s.tallies[cell / TallyWords.ENTRIES];
            uint256 entry = cell % TallyWords.ENTRIES;
            Tally tally = TallyWords.tally(word, entry);
            if (tally.isClosed()) return false;
            s.tallies[cell / TallyWords.ENTRIES] =
                word + (tally.increment(negativeMark, weight) << (entry * Tallies.BITS));
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
        uint40 position = append(s, clock, cursor, head.epoch(), order, head.tally());
        Seat storage seat = s.seats[head.seat()];
        seat.history = seat.history.with(Histories.UNDECIDED, head.epoch());
        emit IProofOfAttestation.BlockLogged(head.epoch(), uint32(order), position, reason);
        return head.withFlag(BlockHeads.LOGGED).withPosition(position);
    }

    function append(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        uint256 epoch,
        uint256 order,
        Tally tally
    ) internal returns (uint40 position) {
        unchecked {
            position = cursor.logEnd++;
            uint256 cell = position % clock.logRing;
            uint256 word = cell / TallyWords.ENTRIES;
            s.tallies[word] =
                TallyWords.withNext(s.tallies[word], cell % TallyWords.ENTRIES, tally, epoch, clock.epoch);
            word = cell / IDS_PER_WORD;
            uint256 shift = (cell % IDS_PER_WORD) * ID_BITS;
            uint256 id = ((epoch % ID_EPOCHS) << Rings.ORDER_BITS) | order;
            s.ids[word] = (shift == 0 ? 0 : s.ids[word] & ((1 << shift) - 1)) | (id << shift);
            if (cell % OUTCOMES_PER_WORD == 0) s.outcomes[cell / OUTCOMES_PER_WORD] = 0;
        }
    }

    /// @dev What a tally decides.
    function outcomeOf(Tally tally) internal pure returns (uint256) {
        unchecked {
            uint256 sixths = (tally.clarity() * CLEAR + 5_000) / 10_000;
            return tally.isMalicious() ? OUTCOME_MALICIOUS + 1 + sixths : 1 + sixths;
        }
    }

    function outcomeAt(State storage s, Clock memory clock, uint256 position) internal view returns (uint256) {
        unchecked {
            uint256 cell = position % clock.logRing;
            return (s.outcomes[cell / OUTCOMES_PER_WORD] >> (4 * (cell % OUTCOMES_PER_WORD))) & 15;
        }
    }

    function setOutcome(State storage s, Clock memory clock, uint256 position, uint256 outcome) internal {
        unchecked {
            uint256 cell = position % clock.logRing;
            s.outcomes[cell / OUTCOMES_PER_WORD] |= outcome << (4 * (cell % OUTCOMES_PER_WORD));
        }
    }
}
