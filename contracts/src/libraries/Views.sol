// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    BlockView,
    EpochView,
    FundsView,
    IProofOfAttestation,
    NetworkView,
    PowerView,
    ReferenceValue,
    SeatView,
    Tier,
    Trust
} from "../interfaces/IProofOfAttestation.sol";
import {Assignment, Places} from "./Assignment.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {EpochCounts, EpochHead} from "./EpochHead.sol";
import {History} from "./History.sol";
import {Publishing} from "./Publishing.sol";
import {Scoring} from "./Scoring.sol";
import {Settlement} from "./Settlement.sol";
import {Signing} from "./Signing.sol";
import {Standing, Standings} from "./Standing.sol";
import {BlockRecord, Clock, Cursor, EpochRecord, Opening, ReferenceRanges, Rewards, Rings, Seat, State, Treasury} from "./State.sol";
import {SuspiciousLog} from "./SuspiciousLog.sol";
import {Tally} from "./Tally.sol";

/// @dev The state as others read it (R17).
library Views {
    using Rings for State;
    using Rings for Seat;

    uint40 internal constant EMPTY_PLACE = type(uint40).max;

    function tier(Standing standing) internal pure returns (Tier) {
        if (standing.has(Standings.BLOCKED)) return Tier.Blocked;
        if (standing.has(Standings.PROBATION)) return Tier.Probation;
        if (standing.has(Standings.SUSPENDED)) return Tier.Suspended;
        uint256 score = standing.score();
        if (score >= Scoring.FULL) return Tier.Full;
        return score >= Scoring.WARNING ? Tier.Warning : Tier.Restricted;
    }

    /// @dev Full or Warning, with verified power, and not leaving (R11).
    function isOperational(Standing standing) internal pure returns (bool) {
        return !standing.has(
            Standings.BLOCKED | Standings.PROBATION | Standings.SUSPENDED | Standings.UNVERIFIED | Standings.EXITING
        ) && standing.score() >= Scoring.WARNING;
    }

    function trustOf(State storage s, bytes32 deviceId) internal view returns (Trust memory trust) {
        uint32 seatId = s.claims[deviceId].bound;
        if (seatId == 0) return trust;
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        History history = seat.history;
        trust.seat = seatId;
        trust.tier = tier(standing);
        trust.score = uint16(standing.score());
        trust.operational = isOperational(standing);
        trust.flagged = trust.operational && standing.score() < Scoring.FULL;
        trust.incarnation = seat.incarnation;
        trust.measurement = seat.measurement;
        // What a former incarnation did proves nothing of this one.
        trust.hasGoodBlock = history.hasGood() && history.lastGood() >= standing.since();
        if (trust.hasGoodBlock) trust.lastGoodEpoch = history.lastGood();
        trust.deposit = seat.deposit;
    }

    function isTrusted(
        State storage s,
        Clock memory clock,
        bytes32 deviceId,
        uint256 minScore,
        uint256 maxAgeEpochs
    ) internal view returns (bool) {
        uint32 seatId = s.claims[deviceId].bound;
        if (seatId == 0) return false;
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        History history = seat.history;
        if (!isOperational(standing) || standing.score() < minScore) return false;
        // A revived seat may run an incarnation that no peer has seen: what a former one did proves nothing of it.
        if (!history.hasGood() || history.lastGood() < standing.since()) return false;
        if (clock.epoch - history.lastGood() > maxAgeEpochs) return false;
        return ReferenceRanges.allows(s.references[seat.measurement], clock.epoch);
    }

    function seatOf(State storage s, uint32 seatId) internal view returns (SeatView memory v) {
        Seat storage seat = s.seats[seatId];
        if (seat.provider == address(0)) revert IProofOfAttestation.SeatUnknown(seatId);
        Standing standing = seat.standing;
        History history = seat.history;
        v.provider = seat.provider;
        v.operator = seat.operator;
        v.deviceId = seat.deviceId;
        v.incarnation = seat.incarnation;
        v.measurement = seat.measurement;
        v.lastDigest = seat.lastDigest;
        v.identity = seat.identity;
        v.joinedIndex = seat.joinedIndex;
        v.unbondedEpoch = seat.unbondedAt;
        _showHistory(v, history);
        _showStanding(v, standing);
        v.power = _power(standing);
        Rewards memory rewards = seat.rewards;
        v.funds = FundsView(
            seat.deposit,
            standing.has(Standings.PAID_OUT),
            rewards.fresh,
            rewards.old,
            rewards.matured,
            rewards.rolledAt
        );
    }

    function _showHistory(SeatView memory v, History history) private pure {
        v.seenIndex = history.seenIndex();
        v.hasPublished = history.hasPublished();
        v.hasGoodBlock = history.hasGood();
        if (v.hasPublished) v.lastEpoch = history.last();
        if (v.hasGoodBlock) v.lastGoodEpoch = history.lastGood();
    }

    function _showStanding(SeatView memory v, Standing standing) private pure {
        v.sinceEpoch = standing.since();
        v.suspendedEpoch = standing.suspendedAt();
        v.admitted = standing.has(Standings.ADMITTED);
        v.tier = tier(standing);
        v.exiting = standing.has(Standings.EXITING);
        v.score = uint16(standing.score());
        v.streak = uint8(standing.streak());
        v.penalties = uint8(standing.penalties());
    }

    function _power(Standing standing) private pure returns (PowerView memory v) {
        v.verified = standing.verifiedPower();
        v.unverified = standing.has(Standings.UNVERIFIED);
        v.offEpoch = standing.offSince();
        v.hasBlock = standing.powerVerifiedBy() != 0;
        if (v.hasBlock) v.blockEpoch = standing.powerVerifiedBy() - 1;
    }

    function blockOf(State storage s, Clock memory clock, uint256 epoch, uint256 order)
        internal
        view
        returns (BlockView memory v)
    {
        BlockRecord storage record = s.blockAt(clock, epoch, order);
        BlockHead head = record.head;
        if (!head.exists() || head.epoch() != epoch || order >= Rings.ORDERS) {
            revert IProofOfAttestation.BlockUnknown(uint32(epoch), uint32(order));
        }
        v.seat = head.seat();
        v.epoch = head.epoch();
        v.order = uint32(order);
        v.weight = head.weight();
        v.logged = head.has(BlockHeads.LOGGED);
        v.passed = head.has(BlockHeads.PASSED);
        v.decided = head.has(BlockHeads.DECIDED);
        v.malicious = head.has(BlockHeads.MALICIOUS);
        v.honestForGood = head.has(BlockHeads.FINAL) || (v.decided && !v.malicious);
        v.due = Settlement.isDue(s, clock, s.cursor, head);
        v.position = head.position();
        v.countedMarks = record.marks;
        v.evidenceBinding = record.evidenceBinding;
        v.accuser = head.has(BlockHeads.ACCUSER);
        v.off = head.has(BlockHeads.OFF);
        v.rank = uint32(head.rank());
        v.share = uint64(head.share());
        v.offPower = uint64(head.offPower());
        bool inLog = v.logged && !v.decided && !Rings.isVoid(clock, epoch);
        Tally tally = inLog ? SuspiciousLog.tallyAt(s, clock, v.position) : head.tally();
        (v.positive, v.negative, v.count) = (uint32(tally.positive()), uint32(tally.negative()), uint8(tally.count()));
    }

    function blockOfSeat(State storage s, Clock memory clock, uint32 seatId, uint32 epoch)
        internal
        view
        returns (BlockView memory v)
    {
        uint256 order = s.seats[seatId].orderOf(clock, epoch);
        v = blockOf(s, clock, epoch, order);
        if (v.seat != seatId) revert IProofOfAttestation.BlockUnknown(epoch, uint32(order));
    }

    function epochOf(State storage s, Clock memory clock, uint32 epoch) internal view returns (EpochView memory v) {
        EpochRecord storage record = s.epochAt(clock, epoch);
        EpochHead head = record.head;
        if (head.epoch() != epoch || record.counts == 0) revert IProofOfAttestation.EpochNotOpened(epoch);
        v.epoch = epoch;
        v.opened = head.index() != 0;
        if (v.opened) v.root = record.root;
        v.seedBlock = EpochCounts.seedBlock(record.counts);
        v.rosterEpoch = head.roster();
        v.rosterSize = uint32(head.rosterSize());
        v.windowStart = head.windowStart();
        v.windowSize = uint32(head.windowSize());
        v.latestChecks = uint8(head.latestChecks());
        v.suspiciousChecks = uint8(head.suspiciousChecks());
        v.decisionMarks = uint8(head.decisionMarks());
        v.previousOpened = head.previous();
        v.nextOpened = head.next();
        v.weightedBlocks = uint32(EpochCounts.weighted(record.counts));
        v.weightlessBlocks = uint32(EpochCounts.weightless(record.counts));
        v.logEnd = EpochCounts.logEnd(record.counts);
        v.shares = EpochCounts.shares(record.counts);
        v.pot = record.pot;
        v.left = record.left;
        v.policyDigest = record.policyDigest;
        v.referenceDigest = record.referenceDigest;
    }

    function network(State storage s, uint32 epoch) internal view returns (NetworkView memory v) {
        Cursor memory cursor = s.cursor;
        v.epoch = epoch;
        v.lastOpened = cursor.lastOpened;
        v.hasWeighted = cursor.hasWeighted;
        v.weightedEpoch = cursor.weightedEpoch;
        v.lastSeed = s.lastSeed;
        Opening memory opening = s.opening;
        v.openedEpochs = opening.opened;
        v.seats = opening.seats;
        v.paused = s.paused;
        v.resumesEpoch = s.resumesAt;
        v.logEnd = cursor.logEnd;
        v.windowStart = cursor.windowStart;
        v.windowEnd = cursor.windowEnd;
        v.decisionMarks = cursor.decisionMarks;
        Treasury memory treasury = s.treasury;
        v.carry = treasury.carry;
        v.purses = treasury.purses;
        v.deposits = treasury.deposits;
        v.bounties = treasury.bounties;
    }

    function referenceValues(State storage s) internal view returns (bytes32 digest, ReferenceValue[] memory values) {
        uint256 length = s.referenceList.length;
        values = new ReferenceValue[](length);
        for (uint256 i; i < length; ++i) {
            bytes32 measurement = s.referenceList[i];
            uint256 range = s.references[measurement];
            values[i] = ReferenceValue(measurement, ReferenceRanges.first(range), ReferenceRanges.last(range));
        }
        digest = s.referenceDigest;
    }

    function logEntry(State storage s, Clock memory clock, uint40 position)
        internal
        view
        returns (BlockRef memory ref, uint32 positive, uint32 negative, uint8 count, uint8 outcome)
    {
        if (position >= s.cursor.logEnd) revert IProofOfAttestation.LogEntryUnknown(position);
        (uint256 age, uint256 order) = SuspiciousLog.blockAt(s, clock, position);
        ref = BlockRef(uint32(clock.epoch - age), uint32(order));
        Tally tally = SuspiciousLog.tallyAt(s, clock, position);
        positive = uint32(tally.positive());
        negative = uint32(tally.negative());
        count = uint8(tally.count());
        outcome = uint8(SuspiciousLog.outcomeAt(s, clock, position));
    }

    function assignmentOf(State storage s, Clock memory clock, uint32 seatId)
        internal
        view
        returns (bool ranked, uint32 rank, BlockRef[] memory latest, uint40[] memory positions)
    {
        EpochRecord storage record = _lastOpened(s, clock);
        EpochHead head = record.head;
        uint256 rank_;
        (ranked, rank_) = Publishing.rankOf(s.seats[seatId], clock, head);
        if (!ranked) return (ranked, rank, latest, positions);
        rank = uint32(rank_);
        bytes32 root = record.root;
        Places memory places = Assignment.placesOf(head, root, rank_);
        latest = new BlockRef[](places.latest);
        for (uint256 i; i < places.latest; ++i) {
            latest[i] = BlockRef(head.roster(), uint32(Assignment.latestRank(head, root, places, i)));
        }
        positions = new uint40[](places.window);
        for (uint256 i; i < places.window; ++i) {
            uint256 place = (places.first + i) % places.wide;
            positions[i] = place < head.windowSize() ? head.windowStart() + uint40(place) : EMPTY_PLACE;
        }
    }

    function challengeOf(State storage s, Clock memory clock, uint32 seatId) internal view returns (bytes32) {
        return Signing.challenge(_lastOpened(s, clock).root, seatId);
    }

    function _lastOpened(State storage s, Clock memory clock) private view returns (EpochRecord storage record) {
        uint32 epoch = s.cursor.lastOpened;
        record = s.epochAt(clock, epoch);
        if (s.opening.opened == 0 || record.head.epoch() != epoch) revert IProofOfAttestation.EpochNotOpened(epoch);
    }
}
