// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "../../src/libraries/Bits.sol";
import {BlockHead, BlockHeads} from "../../src/libraries/BlockHead.sol";
import {EpochHead, EpochHeads} from "../../src/libraries/EpochHead.sol";
import {EpochCounts} from "../../src/libraries/Epochs.sol";
import {History, Histories} from "../../src/libraries/History.sol";
import {Standing, Standings} from "../../src/libraries/Standing.sol";
import {LogEntries, LogEntry, SuspiciousLog} from "../../src/libraries/SuspiciousLog.sol";
import {Expectations} from "../support/Expectations.sol";

/// @dev R14: packed words keep each field apart from its neighbours. Each is held against a plain model.
contract WordsTest is Expectations {
    // ---- History ------------------------------------------------------------------------------------------

    uint256 private constant STEPS = 16;

    mapping(uint256 epoch => mapping(uint256 kind => bool)) private modelled;
    uint256 private lastPublished;
    uint256 private lastGood;
    bool private anyGood;

    /// A seat's life: it publishes after gaps, blocks pass, are logged, decided. The model is a table of booleans.
    /// forge-config: default.fuzz.runs = 96
    function testFuzz_history_is_a_table_of_booleans(uint256 seed, uint8 retention_) public {
        uint256 retention = within(retention_, 16, Histories.WIDTH);
        History history;
        uint256 epoch = within(seed >> 32, 0, 5);
        for (uint256 i; i < STEPS; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            history = history.withBlock(epoch);
            (modelled[epoch][Histories.PUBLISHED], modelled[epoch][Histories.OPEN]) = (true, true);
            lastPublished = epoch;
            history = _touchOne(history, epoch, retention, dice >> 8);
            _compare(history, epoch, retention);
            epoch += 1 + (dice % 5 == 0 ? dice % 70 : dice % 3);
        }
        equal(history.last(), lastPublished, "last");
        equal(history.hasGood() ? 1 : 0, anyGood ? 1 : 0, "any good");
        if (anyGood) equal(history.lastGood(), lastGood, "last good");
    }

    /// @dev Something happens to a published block that is not void.
    function _touchOne(History history, uint256 now_, uint256 retention, uint256 dice) private returns (History) {
        uint256 epoch = now_ > retention ? now_ - dice % retention : now_ - dice % (now_ + 1);
        if (!modelled[epoch][Histories.PUBLISHED]) return history;
        dice >>= 16;
        uint256 kind = [Histories.OPEN, Histories.UNDECIDED, Histories.PASSED][dice % 3];
        if ((dice >> 8) % 4 == 0) {
            if (!anyGood || epoch > lastGood) (lastGood, anyGood) = (epoch, true);
            return history.withGood(epoch);
        }
        bool set = (dice >> 16) % 2 == 0;
        modelled[epoch][kind] = set;
        return set ? history.with(kind, epoch) : history.without(kind, epoch);
    }

    function _compare(History history, uint256 last, uint256 retention) private view {
        uint256[4] memory kinds = [Histories.PUBLISHED, Histories.OPEN, Histories.UNDECIDED, Histories.PASSED];
        for (uint256 k; k < 4; ++k) {
            // Seen some epochs after the last publication.
            for (uint256 later; later < 50; later += 15) {
                uint256 live = history.live(kinds[k], last + later, retention);
                for (uint256 age; age < Histories.WIDTH && age <= last; ++age) {
                    bool void_ = last - age + retention <= last + later;
                    bool expected = modelled[last - age][kinds[k]] && !void_;
                    equal((live >> age) & 1, expected ? 1 : 0, "live bit");
                    if (!void_) {
                        equal(history.isSet(kinds[k], last - age) ? 1 : 0, expected ? 1 : 0, "set");
                    }
                }
            }
        }
        isFalse(history.isSet(Histories.PUBLISHED, last + 1), "the future");
    }

    function test_seat_without_blocks_has_no_history() public pure {
        History history;
        isFalse(history.hasPublished(), "published");
        isFalse(history.hasGood(), "good");
        equal(history.live(Histories.OPEN, 7, 16), 0, "live");
        isFalse(history.isSet(Histories.PUBLISHED, 0), "epoch 0");
    }

    // ---- Standing -----------------------------------------------------------------------------------------

    function _standing(Standing s) private pure returns (uint256[9] memory fields) {
        uint256 flags = (Standing.unwrap(s) >> 26) & 0xFF;
        fields = [
            s.score(),
            s.streak(),
            s.penalties(),
            flags,
            s.since(),
            s.suspendedAt(),
            s.seenIndex(),
            s.joinedAt(),
            s.verifiedPower()
        ];
    }

    function testFuzz_standing_changes_only_the_field_named(uint256 word, uint256 value, uint8 which_) public pure {
        uint256 which = within(which_, 0, 8);
        uint256[9] memory widths = [uint256(14), 4, 8, 8, 32, 32, 32, 32, 64];
        value &= (1 << widths[which]) - 1;
        Standing before = Standing.wrap(word);
        uint256[9] memory expected = _standing(before);
        expected[which] = value;
        Standing after_;
        if (which == 0) after_ = before.withScore(value, before.streak());
        else if (which == 1) after_ = before.withScore(before.score(), value);
        else if (which == 2) after_ = before.withPenalties(value);
        else if (which == 3) after_ = before.without(0xFF).with(value);
        else if (which == 4) after_ = before.withSince(value);
        else if (which == 5) after_ = before.withSuspendedAt(value);
        else if (which == 6) after_ = before.withSeenIndex(value);
        else if (which == 7) after_ = before.withJoinedAt(value);
        else after_ = before.withVerifiedPower(value);
        equal(keccak256(abi.encode(_standing(after_))), keccak256(abi.encode(expected)), "fields");
    }

    function testFuzz_standing_has_any_of_the_flags_asked(uint8 flags, uint8 asked) public pure {
        isTrue(Standing.wrap(0).with(flags).has(asked) == (flags & asked != 0), "has");
        isFalse(Standing.wrap(type(uint256).max).without(flags).has(flags), "without");
    }

    // ---- BlockHead ----------------------------------------------------------------------------------------

    struct Tally {
        uint256 positive;
        uint256 negative;
        uint256 count;
    }

    function _block(BlockHead h) private pure returns (bytes32) {
        uint256 flags = (BlockHead.unwrap(h) >> 162) & 0xFF;
        return keccak256(
            abi.encode(
                h.seat(), h.epoch(), h.weight(), h.positive(), h.negative(), h.count(), h.position(), flags, h.rank()
            )
        );
    }

    function testFuzz_block_head_keeps_its_fields_apart(
        uint24 seat,
        uint32 epoch,
        uint16 weight_,
        uint40 position,
        uint8 flags_,
        uint32 rank_,
        uint256 dice
    ) public pure {
        uint256 weight = within(weight_, 0, 10_000);
        uint256 rank = within(rank_, 0, (1 << 20) - 1);
        BlockHead h = BlockHeads.make(seat, epoch, weight, rank);
        Tally memory tally;
        for (uint256 i; i < 255; ++i) {
            uint256 markWeight = uint256(keccak256(abi.encode(dice, i))) % 10_001;
            bool negative = (dice >> (i % 256)) & 1 == 1;
            h = h.withMark(negative, markWeight);
            if (negative) tally.negative += markWeight;
            else tally.positive += markWeight;
            ++tally.count;
        }
        h = h.withFlag(flags_).withPosition(position);
        bytes32 expected = keccak256(
            abi.encode(
                seat, epoch, weight, tally.positive, tally.negative, tally.count, position, uint256(flags_), rank
            )
        );
        equal(_block(h), expected, "fields");
        equal(BlockHead.unwrap(h) >> 254, 0, "nothing beyond the rank");
        isTrue(h.isOpen() == (flags_ & (BlockHeads.DECIDED | BlockHeads.FINAL) == 0), "open");
        (tally.positive, tally.negative, tally.count) = (4_194_303, 2_550_000, 255);
        h = h.withTally(tally.positive, tally.negative, tally.count);
        expected = keccak256(
            abi.encode(
                seat, epoch, weight, tally.positive, tally.negative, tally.count, position, uint256(flags_), rank
            )
        );
        equal(_block(h), expected, "tally replaced");
    }

    /// The heaviest tally there can be does not spill: 255 marks of weight 10000.
    function test_255_marks_of_full_weight_fit() public pure {
        BlockHead h = BlockHeads.make(1, 2, 3, 4);
        for (uint256 i; i < 255; ++i) {
            h = h.withMark(true, 10_000);
        }
        equal(h.negative(), 2_550_000, "negative");
        equal(h.count(), 255, "count");
        equal(h.positive(), 0, "positive");
        equal(h.position(), 0, "position");
        uint256 entry = 1234;
        for (uint256 i; i < 255; ++i) {
            entry += LogEntries.increment(i % 2 == 0, 10_000);
        }
        equal(LogEntry.wrap(entry).id(), 1234, "id");
        equal(LogEntry.wrap(entry).negative(), 1_280_000, "logged negative");
        equal(LogEntry.wrap(entry).positive(), 1_270_000, "logged positive");
        equal(LogEntry.wrap(entry).count(), 255, "logged count");
        isTrue(entry <= LogEntries.MASK, "within its third of the word");
    }

    // ---- EpochHead ----------------------------------------------------------------------------------------

    function testFuzz_epoch_head_keeps_its_fields_apart(
        uint32[4] memory epochs,
        uint40 start,
        uint32 roster_,
        uint32 window_,
        uint32 index_,
        uint8[3] memory small
    ) public pure {
        uint256 n = within(roster_, 0, 1 << 20);
        uint256 w = within(window_, 0, 1 << 20);
        uint256 k = within(small[0], 0, 90);
        uint256 l1 = within(small[1], 0, 32);
        uint256 l2 = within(small[2], 0, 63);
        uint256 index = within(index_, 0, (1 << 25) - 1);
        EpochHead h = EpochHeads.make(epochs[0], epochs[1], n, start, w, k, l1, l2);
        h = h.withPlace(epochs[2], index).withNext(epochs[3]);
        equal(h.epoch(), epochs[0], "epoch");
        equal(h.roster(), epochs[1], "roster");
        equal(h.previous(), epochs[2], "previous");
        equal(h.next(), epochs[3], "next");
        equal(h.index(), index, "index");
        equal(h.rosterSize(), n, "size");
        equal(h.windowSize(), w, "window");
        equal(h.windowStart(), start, "start");
        equal(h.decisionMarks(), k, "K_e");
        equal(h.latestChecks(), l1, "L1");
        equal(h.suspiciousChecks(), l2, "L2");
    }

    function testFuzz_epoch_counts_keep_apart(uint40 logEnd, uint64 seedBlock, uint8 weighted, uint8 weightless)
        public
        pure
    {
        uint256 counts = EpochCounts.make(logEnd, seedBlock);
        for (uint256 i; i < weighted; ++i) {
            counts = EpochCounts.withOneMore(counts, true);
        }
        for (uint256 i; i < weightless; ++i) {
            counts = EpochCounts.withOneMore(counts, false);
        }
        equal(EpochCounts.weighted(counts), weighted, "weighted");
        equal(EpochCounts.weightless(counts), weightless, "weightless");
        equal(EpochCounts.logEnd(counts), logEnd, "log end");
        equal(EpochCounts.seedBlock(counts), seedBlock, "seed block");
    }

    // ---- LogEntry, Bits -----------------------------------------------------------------------------------

    function testFuzz_log_entry_keeps_its_fields_apart(
        uint32 epoch,
        uint32 order_,
        uint32 pos,
        uint32 neg,
        uint8 count,
        uint16 age
    ) public pure {
        uint256 order = within(order_, 0, (1 << 20) - 1);
        LogEntry entry = LogEntries.make(epoch, order, pos % (1 << 22), neg % (1 << 22), count);
        equal(entry.order(), order, "order");
        equal(entry.id(), (uint256(epoch) % 4096) * (1 << 20) + order, "id");
        equal(entry.positive(), pos % (1 << 22), "positive");
        equal(entry.negative(), neg % (1 << 22), "negative");
        equal(entry.count(), count, "count");
        equal(entry.age(uint256(epoch) + age % 4096), age % 4096, "age");
    }

    /// R14's bound: what can be logged in two retentions fits. First-time entries are blocks of the three retentions that
    /// may live then; entries logged again stood in a window of those two, of at most max(seats, 63) entries.
    function testFuzz_log_ring_holds_two_retentions(uint16 retention_, uint32 seats_) public pure {
        uint256 retention = within(retention_, 16, Histories.WIDTH);
        uint256 seats = within(seats_, 1, 1 << 20);
        uint256 ring = SuspiciousLog.ringSize(retention, seats);
        uint256 window = seats > 63 ? seats : 63;
        isTrue(ring > 3 * retention * seats + (2 * retention + 1) * window, "holds them");
        equal(ring % 384, 0, "whole words of entries and of outcomes");
    }

    function testFuzz_bits(uint256 word, uint8 offset_, uint8 bits_, uint256 value) public pure {
        uint256 bits = within(bits_, 1, 64);
        uint256 offset = within(offset_, 0, 256 - bits);
        value &= (1 << bits) - 1;
        uint256 changed = Bits.set(word, offset, bits, value);
        equal(Bits.get(changed, offset, bits), value, "set");
        equal(changed ^ word, (Bits.get(word, offset, bits) ^ value) << offset, "rest untouched");
    }
}
