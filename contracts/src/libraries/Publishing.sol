// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IProofOfAttestation, Publication, Refusal, Suspicion} from "../interfaces/IProofOfAttestation.sol";
import {Assignment} from "./Assignment.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {EpochCounts} from "./Epochs.sol";
import {EpochHead} from "./EpochHead.sol";
import {History, Histories} from "./History.sol";
import {Marked, Marker, Marking} from "./Marking.sol";
import {Scoring} from "./Scoring.sol";
import {Settlement} from "./Settlement.sol";
import {Standing, Standings} from "./Standing.sol";
import {SuspiciousLog} from "./SuspiciousLog.sol";
import {BlockRecord, Claim, Clock, Cursor, EpochRecord, Rings, Seat, State} from "./State.sol";

/// @dev What the host contract knows of the epoch and of itself.
/// @param epochStart Unix seconds
/// @param domainSeparator of the contract's EIP-712 domain
struct Context {
    uint256 epochStart;
    bytes32 domainSeparator;
}

/// @dev R6: one transaction a seat and epoch. Settles, checks, marks, appends.
library Publishing {
    using Rings for State;
    using Rings for Seat;

    bytes32 internal constant CHALLENGE_DOMAIN = keccak256("multee/challenge/v1");
    bytes32 internal constant BLOCK_TYPEHASH = keccak256(
        "ConfirmationBlock(uint32 seat,bytes32 deviceId,address incarnation,uint32 epoch,bytes32 previousDigest,"
        "bytes32 challenge,bytes32 measurement,uint64 power,bytes32 propertiesDigest,uint256 marks)"
    );
    uint256 internal constant EVIDENCE_MAX = 16 * 1024;
    uint256 internal constant SETTLED_PER_PUBLICATION = 3;

    function publish(State storage s, Clock memory clock, Context memory context, Publication calldata p)
        internal
        returns (Refusal refusal)
    {
        Seat storage seat = s.seats[p.seat];
        Cursor memory cursor = s.cursor;
        Settlement.settleOldest(s, clock, cursor, p.seat, SETTLED_PER_PUBLICATION);
        refusal = _refusal(s, clock, seat, p.seat);
        if (refusal != Refusal.None) {
            s.cursor = cursor;
            emit IProofOfAttestation.PublicationRefused(p.seat, clock.epoch, refusal);
            return refusal;
        }
        EpochRecord storage record = s.epochAt(clock, clock.epoch);
        bytes32 digest = _check(seat, clock, context, record, p);
        Standing standing = _returning(clock, record.head, seat.standing, p.seat);
        uint256 weight =
            standing.has(Standings.PROBATION | Standings.UNVERIFIED) ? 0 : Scoring.weight(standing.score());
        BlockHead head;
        uint256 marks;
        (head, marks) = _mark(s, clock, cursor, record, seat, p, weight);
        uint256 order = _order(record, weight != 0);
        _emit(clock, p, digest, order, weight);
        BlockRecord storage block_ = s.blockAt(clock, clock.epoch, order);
        block_.marks = marks;
        block_.evidenceBinding = keccak256(abi.encodePacked(digest, keccak256(p.evidence)));
        seat.lastDigest = digest;
        _append(s, clock, cursor, record, seat, standing, head, order);
        s.cursor = cursor;
    }

    /// @dev Whether the seat may publish now (R6, R1).
    function _refusal(State storage s, Clock memory clock, Seat storage seat, uint32 seatId)
        private
        returns (Refusal)
    {
        Standing standing = seat.standing;
        if (standing.has(Standings.BLOCKED)) return Refusal.Blocked;
        if (standing.has(Standings.EXITING)) return Refusal.Exiting;
        if (standing.has(Standings.SUSPENDED)) return Refusal.Suspended;
        if (!standing.has(Standings.PROBATION)) return Refusal.None;
        if (!standing.has(Standings.ADMITTED)) {
            Claim memory claim = s.claims[seat.deviceId];
            if (claim.bound != 0) return Refusal.BoundElsewhere;
            if (claim.rival != seatId) {
                if (claim.rival != 0 && hasUndecided(s.seats[claim.rival], clock)) return Refusal.RivalClaim;
                if (!hasUndecided(seat, clock)) s.claims[seat.deviceId].rival = seatId;
            }
        }
        return hasUndecided(seat, clock) ? Refusal.UndecidedBlock : Refusal.None;
    }

    function hasUndecided(Seat storage seat, Clock memory clock) internal view returns (bool) {
        return seat.history.live(Histories.UNDECIDED, clock.epoch, clock.retention) != 0;
    }

    /// @dev Everything that a publication can have wrong; the block's digest.
    function _check(
        Seat storage seat,
        Clock memory clock,
        Context memory context,
        EpochRecord storage record,
        Publication calldata p
    ) private view returns (bytes32 digest) {
        History history = seat.history;
        if (history.hasPublished() && history.last() == clock.epoch) {
            revert IProofOfAttestation.EpochAlreadyPublished(p.seat, clock.epoch);
        }
        if (p.evidence.length > EVIDENCE_MAX) revert IProofOfAttestation.EvidenceTooLarge(p.evidence.length);
        if (p.evidence.length == 0) revert IProofOfAttestation.EvidenceMissing();
        bytes32 previous = seat.lastDigest;
        if (p.previousDigest != previous) revert IProofOfAttestation.PreviousDigestWrong(previous);
        bytes32 expected = challenge(clock.epoch, context.epochStart, record, p.seat);
        if (p.challenge != expected) revert IProofOfAttestation.ChallengeWrong(expected);
        Marking.requireKnown(p.marks);
        digest = _digest(seat, clock.epoch, context, p);
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, p.r, p.vs);
        if (failure != ECDSA.RecoverError.NoError || signer != seat.incarnation) {
            revert IProofOfAttestation.SignatureWrong(digest);
        }
    }

    /// @dev R4's challenge: binds evidence to chain, contract, epoch, time, seat, policy and reference values.
    function challenge(uint256 epoch, uint256 epochStart, EpochRecord storage record, uint256 seatId)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                CHALLENGE_DOMAIN,
                block.chainid,
                address(this),
                epoch,
                epochStart,
                record.seed,
                seatId,
                record.policyDigest,
                record.referenceDigest
            )
        );
    }

    function _digest(Seat storage seat, uint256 epoch, Context memory context, Publication calldata p)
        private
        view
        returns (bytes32)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                BLOCK_TYPEHASH,
                p.seat,
                seat.deviceId,
                seat.incarnation,
                epoch,
                p.previousDigest,
                p.challenge,
                seat.measurement,
                p.power,
                p.propertiesDigest,
                p.marks
            )
        );
        return keccak256(abi.encodePacked(hex"1901", context.domainSeparator, structHash));
    }

    /// @dev A seat that missed `retentionEpochs` opened epochs is on probation when it returns (R1).
    function _returning(Clock memory clock, EpochHead head, Standing standing, uint32 seatId)
        private
        returns (Standing)
    {
        unchecked {
            uint256 index = head.index();
            if (index - standing.seenIndex() > clock.retention && !standing.has(Standings.PROBATION)) {
                standing = standing.with(Standings.PROBATION);
                emit IProofOfAttestation.ProbationBegun(seatId, clock.epoch);
            }
            return standing.withSeenIndex(index);
        }
    }

    /// @dev Applies the marks; the head of the new block and the marks that counted. Without rank, marks must be 0.
    function _mark(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        EpochRecord storage record,
        Seat storage seat,
        Publication calldata p,
        uint256 weight
    ) private returns (BlockHead, uint256) {
        (bool ranked, uint256 rank) = rankOf(seat, clock, record.head);
        BlockHead head = BlockHeads.make(p.seat, clock.epoch, weight, rank);
        if (!ranked) {
            if (p.marks != 0) revert IProofOfAttestation.MarkUnassigned(p.marks);
            return (head, 0);
        }
        Marked memory marked =
            Marking.apply_(s, clock, cursor, record, Marker(p.seat, rank, weight, seat.history), p.marks);
        return (marked.accuser ? head.withFlag(BlockHeads.ACCUSER) : head, marked.counted);
    }

    /// @dev A seat's place in the epoch's roster, if its block of the roster's epoch had weight (R3).
    function rankOf(Seat storage seat, Clock memory clock, EpochHead head)
        internal
        view
        returns (bool ranked, uint256 rank)
    {
        uint256 n = head.rosterSize();
        if (n == 0 || !seat.history.isSet(Histories.PUBLISHED, head.roster())) return (false, 0);
        rank = seat.orderOf(clock, head.roster());
        return rank < n ? (true, rank) : (false, 0);
    }

    /// @dev The new block's order: with weight upward from 0, without downward from 2^20 − 1 (R3).
    function _order(EpochRecord storage record, bool weighted) private returns (uint256) {
        unchecked {
            uint256 counts = record.counts;
            record.counts = EpochCounts.withOneMore(counts, weighted);
            return weighted ? EpochCounts.weighted(counts) : Rings.ORDERS - 1 - EpochCounts.weightless(counts);
        }
    }

    /// @dev Writes the block and what it changes of its seat; logs it if it is suspicious from the start (R8).
    function _append(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        EpochRecord storage record,
        Seat storage seat,
        Standing standing,
        BlockHead head,
        uint256 order
    ) private {
        if (head.weight() != 0) (cursor.hasWeighted, cursor.weightedEpoch) = (true, clock.epoch);
        seat.setOrder(clock, clock.epoch, order);
        seat.history = seat.history.withBlock(clock.epoch);
        seat.standing = standing;
        (bool suspicious, Suspicion reason) = _suspicion(cursor, record.head, standing);
        if (suspicious) head = SuspiciousLog.enter(s, clock, cursor, head, order, reason);
        s.blockAt(clock, clock.epoch, order).head = head;
    }

    function _suspicion(Cursor memory cursor, EpochHead head, Standing standing)
        private
        pure
        returns (bool, Suspicion)
    {
        unchecked {
            if (standing.has(Standings.PROBATION)) return (true, Suspicion.Probation);
            if (standing.has(Standings.UNVERIFIED)) return (true, Suspicion.UnverifiedPower);
            if (standing.score() >= Scoring.FULL) return (false, Suspicion.Flagged);
            uint256 capacity = Assignment.capacity(head.rosterSize(), head.suspiciousChecks(), head.decisionMarks());
            return (cursor.logEnd - cursor.windowEnd < capacity, Suspicion.Flagged);
        }
    }

    function _emit(Clock memory clock, Publication calldata p, bytes32 digest, uint256 order, uint256 weight) private {
        emit IProofOfAttestation.BlockPublished(
            p.seat,
            clock.epoch,
            digest,
            uint32(order),
            uint16(weight),
            p.power,
            p.propertiesDigest,
            p.marks,
            p.r,
            p.vs,
            p.evidence
        );
    }
}
