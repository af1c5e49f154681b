// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Publication, Refusal, Suspicion} from "../interfaces/IProofOfAttestation.sol";
import {Assignment, Places} from "./Assignment.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {EpochCounts, EpochHead} from "./EpochHead.sol";
import {History, Histories} from "./History.sol";
import {Marked, Marker, Marking} from "./Marking.sol";
import {Rewarding} from "./Rewarding.sol";
import {Scoring} from "./Scoring.sol";
import {Settlement} from "./Settlement.sol";
import {ConfirmationBlock, Signing} from "./Signing.sol";
import {Standing, Standings} from "./Standing.sol";
import {BlockRecord, Claim, Clock, Cursor, EpochRecord, Rings, Seat, State} from "./State.sol";
import {SuspiciousLog} from "./SuspiciousLog.sol";

/// @dev A block in the making.
/// @param root, epoch of the running epoch
/// @param standing, history of the seat, as the block leaves them
struct Draft {
    EpochHead epoch;
    bytes32 root;
    Standing standing;
    History history;
    uint256 weight;
    BlockHead head;
    uint256 marks;
}

/// @dev R6: one transaction a seat and epoch. Settles, checks, marks, appends.
library Publishing {
    using Rings for State;
    using Rings for Seat;

    uint256 internal constant EVIDENCE_MAX = 16 * 1024;
    uint256 internal constant SETTLED_PER_PUBLICATION = 3;

    function publish(State storage s, Clock memory clock, bytes32 domainSeparator, Publication calldata p)
        internal
        returns (Refusal refusal)
    {
        Seat storage seat = s.seats[p.seat];
        Cursor memory cursor = s.cursor;
        Settlement.settleOldest(s, clock, cursor, p.seat, SETTLED_PER_PUBLICATION);
        refusal = _refusal(s, clock, seat, p.seat);
        if (refusal != Refusal.None) {
            if (msg.sender != seat.operator) revert IProofOfAttestation.CallerNotOperator(p.seat, msg.sender);
            s.cursor = cursor;
            emit IProofOfAttestation.PublicationRefused(p.seat, clock.epoch, refusal);
            return refusal;
        }
        EpochRecord storage record = s.epochAt(clock, clock.epoch);
        Draft memory draft;
        draft.epoch = record.head;
        draft.root = record.root;
        draft.history = seat.history;
        draft.standing = seat.standing;
        bytes32 digest = _check(seat, clock, domainSeparator, draft, p);
        _return(clock, draft, p.seat);
        bool off = _testPower(s, clock, draft, p);
        _mark(s, clock, cursor, draft, seat, p);
        if (off) draft.head = draft.head.withOffPower(p.power);
        uint256 order = _order(record, draft);
        _emit(clock, p, digest, order, draft.weight);
        _keep(s.blockAt(clock, clock.epoch, order), seat, draft.marks, digest, p, clock.epoch);
        _append(s, clock, cursor, draft, seat, order);
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

    /// @dev Everything that a publication can have wrong but for where its marks stand; the block's digest.
    function _check(
        Seat storage seat,
        Clock memory clock,
        bytes32 domainSeparator,
        Draft memory draft,
        Publication calldata p
    ) private view returns (bytes32 digest) {
        digest = _identified(seat, clock.epoch, domainSeparator, p);
        if (draft.history.hasPublished() && draft.history.last() == clock.epoch) {
            revert IProofOfAttestation.EpochAlreadyPublished(p.seat, clock.epoch);
        }
        if (p.evidence.length == 0) revert IProofOfAttestation.EvidenceMissing();
        uint256 size = p.evidence.length + p.certificates.length;
        if (size > EVIDENCE_MAX) revert IProofOfAttestation.EvidenceTooLarge(size);
        bytes32 previous = seat.lastDigest;
        if (p.previousDigest != previous) revert IProofOfAttestation.PreviousDigestWrong(previous);
        bytes32 expected = Signing.challenge(draft.root, p.seat);
        if (p.challenge != expected) revert IProofOfAttestation.ChallengeWrong(expected);
        Marking.requireKnown(p.marks);
    }

    /// @dev The digest, if operator, key and what the publication brings along are the seat's. One word is read for all
    /// of them; which of them is wrong is only looked up when one is.
    function _identified(Seat storage seat, uint256 epoch, bytes32 domainSeparator, Publication calldata p)
        private
        view
        returns (bytes32 digest)
    {
        digest = Signing.digestOf(
            ConfirmationBlock(
                p.seat,
                p.deviceId,
                p.incarnation,
                epoch,
                p.previousDigest,
                p.challenge,
                p.measurement,
                p.power,
                p.propertiesDigest,
                p.marks,
                p.latestBindings
            ),
            domainSeparator
        );
        bool signed = Signing.isSigner(p.incarnation, digest, p.r, p.vs);
        bytes32 given =
            Signing.identity(msg.sender, p.incarnation, p.deviceId, p.measurement, p.certificatesHash);
        if (signed && seat.identity == given) return digest;
        if (seat.provider == address(0)) revert IProofOfAttestation.SeatUnknown(p.seat);
        if (msg.sender != seat.operator) revert IProofOfAttestation.CallerNotOperator(p.seat, msg.sender);
        if (!signed || p.incarnation != seat.incarnation) revert IProofOfAttestation.SignatureWrong(digest);
        revert IProofOfAttestation.IdentityWrong(p.seat);
    }

    /// @dev A seat that missed `retentionEpochs` opened epochs is on probation when it returns (R1).
    function _return(Clock memory clock, Draft memory draft, uint32 seatId) private {
        unchecked {
            uint256 index = draft.epoch.index();
            if (
                index - draft.history.seenIndex() > clock.retention
                    && !draft.standing.has(Standings.PROBATION)
            ) {
                draft.standing = draft.standing.with(Standings.PROBATION);
                emit IProofOfAttestation.ProbationBegun(seatId, clock.epoch);
            }
            draft.history = draft.history.withSeenIndex(index);
        }
    }

    /// @dev Whether the block is off: its power deviates from the verified one by more than the tolerance (R10).
    function _testPower(State storage s, Clock memory clock, Draft memory draft, Publication calldata p)
        private
        returns (bool off)
    {
        unchecked {
            uint256 verified = draft.standing.verifiedPower();
            uint256 deviation = p.power > verified ? p.power - verified : verified - p.power;
            off = deviation * Scoring.MAX > verified * s.parameters.powerToleranceBps;
            if (off && !draft.standing.has(Standings.UNVERIFIED)) {
                draft.standing = draft.standing.withOffSince(clock.epoch);
                emit IProofOfAttestation.PowerUnverified(p.seat, clock.epoch, p.power);
            }
            bool weighs = !draft.standing.has(Standings.PROBATION | Standings.UNVERIFIED);
            if (weighs) draft.weight = Scoring.weight(draft.standing.score());
        }
    }

    /// @dev Applies the marks and fixes the share. Without rank there are none.
    function _mark(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        Draft memory draft,
        Seat storage seat,
        Publication calldata p
    ) private {
        (bool ranked, uint256 rank) = rankOf(seat, clock, draft.epoch);
        draft.head = BlockHeads.make(p.seat, clock.epoch, draft.weight, rank);
        uint256 assigned = 1;
        Places memory places;
        uint256[] memory ranks;
        if (ranked) {
            places = Assignment.placesOf(draft.epoch, draft.root, rank);
            Marking.requireAssigned(draft.epoch, places, p.marks);
            assigned = Assignment.assigned(draft.epoch, places);
            ranks = Assignment.latestRanks(draft.epoch, draft.root, places);
        } else if (p.marks != 0) {
            revert IProofOfAttestation.MarkUnassigned(p.marks);
        }
        Marking.requireJudged(s, clock, draft.epoch.roster(), ranks, p.marks, p.latestBindings);
        if (ranked && draft.weight != 0) {
            Marked memory marked = Marking.apply_(
                s,
                clock,
                cursor,
                draft.epoch,
                places,
                ranks,
                Marker(p.seat, draft.weight, draft.history),
                p.marks
            );
            draft.marks = marked.counted;
            if (marked.accuser) draft.head = draft.head.withFlag(BlockHeads.ACCUSER);
        }
        draft.head = draft.head.withShare(_share(s, draft.standing, p, assigned));
    }

    function _share(State storage s, Standing standing, Publication calldata p, uint256 assigned)
        private
        view
        returns (uint256)
    {
        if (standing.has(Standings.PROBATION | Standings.UNVERIFIED)) return 0;
        uint256 tierBps =
            standing.score() >= Scoring.WARNING ? Scoring.MAX : s.parameters.restrictedRewardBps;
        return Rewarding.shareOf(p.power, tierBps, Marking.given(p.marks), assigned);
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
    function _order(EpochRecord storage record, Draft memory draft) private returns (uint256) {
        unchecked {
            uint256 counts = record.counts;
            bool weighted = draft.weight != 0;
            record.counts = EpochCounts.withOneMore(counts, weighted, draft.head.share());
            return weighted ? EpochCounts.weighted(counts) : Rings.ORDERS - 1 - EpochCounts.weightless(counts);
        }
    }

    /// @dev Keeps what others may ask of the block, and the certificates' hash if they are new.
    function _keep(
        BlockRecord storage record,
        Seat storage seat,
        uint256 marks,
        bytes32 digest,
        Publication calldata p,
        uint32 epoch
    ) private {
        bytes32 certificatesHash = p.certificatesHash;
        if (p.certificates.length != 0) {
            certificatesHash = keccak256(p.certificates);
            seat.identity =
                Signing.identity(msg.sender, p.incarnation, p.deviceId, p.measurement, certificatesHash);
            emit IProofOfAttestation.CertificatesPublished(p.seat, epoch, p.certificates);
        }
        record.marks = marks;
        record.evidenceBinding = keccak256(abi.encodePacked(digest, keccak256(p.evidence), certificatesHash));
        seat.lastDigest = digest;
    }

    /// @dev Writes the block and what it changes of its seat; logs it if it is suspicious from the start (R8).
    function _append(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        Draft memory draft,
        Seat storage seat,
        uint256 order
    ) private {
        if (draft.weight != 0) (cursor.hasWeighted, cursor.weightedEpoch) = (true, clock.epoch);
        seat.setOrder(clock, clock.epoch, order);
        seat.history = draft.history.withBlock(clock.epoch);
        seat.standing = draft.standing;
        BlockHead head = draft.head;
        (bool suspicious, Suspicion reason) = _suspicion(cursor, draft.epoch, draft.standing);
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
            p.latestBindings,
            p.r,
            p.vs,
            p.evidence
        );
    }
}
