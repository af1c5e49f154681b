// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "../../src/libraries/Bits.sol";
import {BlockHead, BlockHeads} from "../../src/libraries/BlockHead.sol";
import {EpochCounts, EpochHead, EpochHeads} from "../../src/libraries/EpochHead.sol";
import {History, Histories} from "../../src/libraries/History.sol";
import {Standing, Standings} from "../../src/libraries/Standing.sol";
import {SuspiciousLog, TallyWords} from "../../src/libraries/SuspiciousLog.sol";
import {Tallies, Tally} from "../../src/libraries/Tally.sol";
import {Expectations} from "../support/Expectations.sol";

/// @dev R14: packed words keep each field apart from its neighbours. Each is held against a plain model.
contract WordsTest is Expectations {
    // ---- History ------------------------------------------------------------------------------------------

    uint256 private constant STEPS = 16;

    mapping(uint256 epoch => mapping(uint256 kind => bool)) private modelled;
    uint256 private lastPublished;
    uint256 private lastGood;
    bool private anyGood;
    uint256 private seenIndex;

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
        equal(history.seenIndex(), seenIndex, "seen index");
        equal(history.hasGood() ? 1 : 0, anyGood ? 1 : 0, "any good");
        if (anyGood) equal(history.lastGood(), lastGood, "last good");
    }

    /// @dev Something happens to a published block that is not void.
    function _touchOne(History history, uint256 now_, uint256 retention, uint256 dice) private returns (History) {
        uint256 epoch = now_ > retention ? now_ - dice % retention : now_ - dice % (now_ + 1);
        if (!modelled[epoch][Histories.PUBLISHED]) return history;
        dice >>= 16;
        if ((dice >> 24) % 4 == 0) {
            seenIndex = uint32(dice >> 32);
            history = history.withSeenIndex(seenIndex);
        }
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
            s.offSince(),
            s.powerVerifiedBy(),
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
        else if (which == 6) (after_, expected[3]) = (before.withOffSince(value), expected[3] | Standings.UNVERIFIED);
        else if (which == 7) after_ = before.withVerifiedPower(before.verifiedPower(), value);
        else after_ = before.withVerifiedPower(value, before.powerVerifiedBy());
        equal(keccak256(abi.encode(_standing(after_))), keccak256(abi.encode(expected)), "fields");
    }

    function testFuzz_standing_has_any_of_the_flags_asked(uint8 flags, uint8 asked) public pure {
        isTrue(Standing.wrap(0).with(flags).has(asked) == (flags & asked != 0), "has");
        isFalse(Standing.wrap(type(uint256).max).without(flags).has(flags), "without");
    }

    // ---- BlockHead ----------------------------------------------------------------------------------------

    struct Sum {
        uint256 positive;
        uint256 negative;
        uint256 count;
    }

    function _block(BlockHead h) private pure returns (bytes32) {
        uint256 flags = (BlockHead.unwrap(h) >> 159) & 0xFF;
        Tally t = h.tally();
        return keccak256(
            abi.encode(
                h.seat(), h.epoch(), h.weight(), t.positive(), t.negative(), t.count(), h.position(), flags, h.rank()
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
        uint64 share_,
        uint256 dice
    ) public pure {
        uint256 weight = within(weight_, 0, 10_000);
        uint256 rank = within(rank_, 0, (1 << 20) - 1);
        BlockHead h = BlockHeads.make(seat, epoch, weight, rank);
        bool off = flags_ & BlockHeads.OFF != 0;
        h = off ? h.withOffPower(share_) : h.withShare(share_);
        Sum memory sum;
        for (uint256 i; i < 255; ++i) {
            uint256 markWeight = uint256(keccak256(abi.encode(dice, i))) % 10_001;
            bool negative = (dice >> (i % 256)) & 1 == 1;
            h = h.withMark(negative, markWeight);
            if (negative) sum.negative += markWeight;
            else sum.positive += markWeight;
            if (++sum.count > 127) sum.count = 127;
        }
        h = h.withFlag(flags_).withPosition(position);
        bytes32 expected = keccak256(
            abi.encode(seat, epoch, weight, sum.positive, sum.negative, sum.count, position, uint256(flags_), rank)
        );
        equal(_block(h), expected, "fields");
        equal(BlockHead.unwrap(h) >> 251, 0, "nothing beyond the rank");
        isTrue(h.isOpen() == (flags_ & (BlockHeads.DECIDED | BlockHeads.FINAL) == 0), "open");
        equal(h.share(), off ? 0 : share_, "an off block has no share");
        equal(h.offPower(), off ? share_ : 0, "another has no power to tell");
        (sum.positive, sum.negative, sum.count) = (2_097_151, 2_009_999, 127);
        h = h.withTally(Tallies.make(sum.positive, sum.negative, sum.count));
        expected = keccak256(
            abi.encode(seat, epoch, weight, sum.positive, sum.negative, sum.count, position, uint256(flags_), rank)
        );
        equal(_block(h), expected, "tally replaced");
        equal(off ? h.offPower() : h.share(), share_, "beside it");
    }

    // ---- Tally --------------------------------------------------------------------------------------------

    /// The heaviest tallies there can be do not spill: one mark of weight 10000 on what is not quite closed.
    function test_the_heaviest_tallies_fit() public pure {
        uint256[3] memory positives = [uint256(0), 1_999_999, 1_000_000];
        for (uint256 i; i < 3; ++i) {
            for (uint256 side; side < 2; ++side) {
                Tally t = Tallies.make(positives[i], 1_999_999 - positives[i], 127);
                isFalse(t.isClosed(), "not closed");
                t = Tally.wrap(Tally.unwrap(t) + t.increment(side == 1, 10_000));
                isTrue(t.isClosed(), "closed");
                equal(t.positive(), positives[i] + (side == 0 ? 10_000 : 0), "positive");
                equal(t.negative(), 1_999_999 - positives[i] + (side == 1 ? 10_000 : 0), "negative");
                equal(t.count(), 127, "count");
                isTrue(Tally.unwrap(t) <= Tallies.MASK, "within its fifth of the word");
                BlockHead h = BlockHeads.make(1, 2, 3, 4).withTally(Tallies.make(positives[i], 1_999_999 - positives[i], 127));
                h = h.withMark(side == 1, 10_000);
                equal(Tally.unwrap(h.tally()), Tally.unwrap(t), "in a block's record");
                equal(h.position(), 0, "position");
            }
        }
    }

    function test_tally_closes_at_2000000_and_no_sooner() public pure {
        isFalse(Tallies.make(1_999_999, 0, 1).isClosed(), "below");
        isTrue(Tallies.make(2_000_000, 0, 1).isClosed(), "positive");
        isTrue(Tallies.make(0, 2_000_000, 1).isClosed(), "negative");
        isTrue(Tallies.make(1_000_000, 1_000_000, 1).isClosed(), "both");
        isFalse(Tallies.make(1_000_000, 999_999, 127).isClosed(), "the number of marks closes nothing");
    }

    /// Marks that weigh next to nothing go on counting after the 127th; their number stays.
    function test_number_of_marks_stays_at_127() public pure {
        Tally t;
        for (uint256 i = 1; i <= 300; ++i) {
            t = Tally.wrap(Tally.unwrap(t) + t.increment(i % 3 == 0, 2));
            equal(t.count(), i < 127 ? i : 127, "count");
            equal(t.negative(), 2 * (i / 3), "negative");
            equal(t.positive(), 2 * (i - i / 3), "positive");
        }
    }

    function test_malicious_by_more_weight_and_a_tie_is_honest() public pure {
        isFalse(Tallies.make(0, 0, 0).isMalicious(), "nothing");
        isFalse(Tallies.make(7_000, 7_000, 9).isMalicious(), "tie");
        isTrue(Tallies.make(7_000, 7_001, 9).isMalicious(), "more");
        isFalse(Tallies.make(7_001, 7_000, 9).isMalicious(), "less");
    }

    // ---- TallyWords ---------------------------------------------------------------------------------------

    /// Five tallies a word, each beside the others; the word knows the age of its oldest block.
    function testFuzz_tally_word_is_five_tallies_and_the_oldest_age(
        uint256[5] memory tallies,
        uint32 epoch_,
        uint8[5] memory ages,
        uint256 before
    ) public pure {
        uint256 epoch = within(epoch_, 100, type(uint32).max);
        uint256 word = before;
        uint256 oldest;
        for (uint256 i; i < 5; ++i) {
            uint256 age = ages[i] % 40;
            if (age > oldest) oldest = age;
            word = TallyWords.withNext(word, i, Tally.wrap(tallies[i] & Tallies.MASK), epoch - age, epoch);
            for (uint256 k; k <= i; ++k) {
                equal(Tally.unwrap(TallyWords.tally(word, k)), tallies[k] & Tallies.MASK, "tally");
            }
            for (uint256 k = i + 1; k < 5; ++k) {
                equal(Tally.unwrap(TallyWords.tally(word, k)), 0, "what a former lap left goes");
            }
            equal(TallyWords.age(word, epoch), oldest, "oldest");
            equal(word >> 255, 1, "never a fresh word again");
        }
        equal(TallyWords.age(word, epoch + 13), oldest + 13, "it ages");
    }

    /// Entries of blocks that are long void do not make a word seem young.
    function test_an_ancient_entry_does_not_seem_young() public pure {
        uint256[4] memory ancient = [uint256(41), 64, 1_024, 4_095];
        for (uint256 i; i < 4; ++i) {
            uint256 word = TallyWords.withNext(0, 0, Tally.wrap(0), 10_000 - ancient[i], 10_000);
            for (uint256 later; later < 40; ++later) {
                isTrue(TallyWords.age(word, 10_000 + later) >= 40, "void");
                word = TallyWords.withNext(word, 1, Tally.wrap(0), 10_000 + later, 10_000 + later);
                isTrue(TallyWords.age(word, 10_000 + later) >= 40, "whatever comes beside it");
            }
        }
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

    function testFuzz_epoch_counts_keep_apart(
        uint40 logEnd,
        uint64 seedBlock,
        uint8 weighted,
        uint8 weightless,
        uint64 share
    ) public pure {
        uint256 counts = EpochCounts.make(logEnd, seedBlock);
        for (uint256 i; i < weighted; ++i) {
            counts = EpochCounts.withOneMore(counts, true, share);
        }
        for (uint256 i; i < weightless; ++i) {
            counts = EpochCounts.withOneMore(counts, false, 7);
        }
        equal(EpochCounts.shares(counts), uint256(weighted) * share + 7 * uint256(weightless), "sum of shares");
        equal(EpochCounts.weighted(counts), weighted, "weighted");
        equal(EpochCounts.weightless(counts), weightless, "weightless");
        equal(EpochCounts.logEnd(counts), logEnd, "log end");
        equal(EpochCounts.seedBlock(counts), seedBlock, "seed block");
    }

    /// 2^20 blocks of the greatest share there can be.
    function test_the_greatest_sum_of_shares_fits() public pure {
        uint256 counts = EpochCounts.make(type(uint40).max, type(uint64).max);
        counts += (uint256(type(uint64).max) << 20) << 146;
        equal(EpochCounts.shares(counts), uint256(type(uint64).max) << 20, "sum");
        equal(EpochCounts.logEnd(counts), type(uint40).max, "log end");
        equal(EpochCounts.seedBlock(counts), type(uint64).max, "seed block");
        equal(EpochCounts.weightless(counts), 0, "blocks");
    }

    // ---- the log's ring, Bits -----------------------------------------------------------------------------

    /// Section 7.5's bound: fewer than (3R − 2)·(2·maxSeats + 63) entries follow the oldest one that can be read, and 63
    /// more outcomes are cleared ahead.
    function testFuzz_log_ring_holds_what_can_be_read(uint16 retention_, uint32 seats_) public pure {
        uint256 retention = within(retention_, 16, Histories.WIDTH);
        uint256 seats = within(seats_, 1, 1 << 20);
        uint256 ring = SuspiciousLog.ringSize(retention, seats);
        isTrue(ring >= (3 * retention - 2) * (2 * seats + 63) + 63, "holds them");
        equal(ring, 320 * (3 * retention * (2 * seats + 64) / 320 + 1), "G");
        equal(ring % 5 + ring % 8 + ring % 64, 0, "whole words of tallies, ids, and outcomes");
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
