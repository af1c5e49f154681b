// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IProofOfAttestation, Parameters} from "../interfaces/IProofOfAttestation.sol";
import {Assignment} from "./Assignment.sol";
import {EpochCounts, EpochHead, EpochHeads} from "./EpochHead.sol";
import {Governing} from "./Governing.sol";
import {Rewarding} from "./Rewarding.sol";
import {Clock, Cursor, EpochRecord, Opening, Rings, State} from "./State.sol";

/// @dev R2, R3, R5, R12: an opening freezes what an epoch is judged by; its seed makes it opened.
library Epochs {
    using Rings for State;

    bytes32 internal constant SEED_DOMAIN = keccak256("multee/seed/v1");
    bytes32 internal constant EPOCH_DOMAIN = keccak256("multee/epoch/v1");
    uint256 internal constant SEED_DELAY = 2;
    uint256 internal constant SEED_LIFETIME = 256;
    uint256 private constant SIZE_BITS = 21;

    function open(State storage s, Clock memory clock, IERC20 token) internal {
        Opening memory opening = s.opening;
        Cursor memory cursor = s.cursor;
        Governing.requireRunning(s, clock);
        if (opening.epoch == clock.epoch && (opening.opened != 0 || opening.pending)) {
            if (!opening.pending || block.number <= uint256(opening.seedBlock) + SEED_LIFETIME) {
                revert IProofOfAttestation.EpochAlreadyOpened(clock.epoch);
            }
        }
        Parameters storage parameters =
            Governing.areEffective(clock, opening.parametersFrom) ? s.announced : s.parameters;
        uint128 pot = Rewarding.fund(s, clock, cursor, opening, token, parameters.rewardPerEpoch);
        _dropVoidTail(s, clock, opening);
        EpochHead head = _freeze(s, clock, cursor, opening, parameters);
        opening.epoch = clock.epoch;
        opening.pending = true;
        opening.seedBlock = uint64(block.number + SEED_DELAY);
        s.opening = opening;
        _record(s.epochAt(clock, clock.epoch), s, cursor, head, opening.seedBlock, pot);
    }

    function _record(
        EpochRecord storage record,
        State storage s,
        Cursor memory cursor,
        EpochHead head,
        uint64 seedBlock,
        uint128 pot
    ) private {
        record.head = head;
        record.counts = EpochCounts.make(cursor.logEnd, seedBlock);
        record.pot = pot;
        record.policyDigest = s.policyDigest;
        record.referenceDigest = s.referenceDigest;
        emit IProofOfAttestation.EpochOpened(
            head.epoch(),
            seedBlock,
            head.roster(),
            uint32(head.rosterSize()),
            head.windowStart(),
            uint32(head.windowSize()),
            uint8(head.decisionMarks()),
            pot,
            record.policyDigest,
            record.referenceDigest
        );
    }

    /// @dev Sets the seed of the clock's epoch unless it has one; reverts while or when that is impossible.
    function ensureSeeded(State storage s, Clock memory clock, uint256 epochStart) internal {
        Opening memory opening = s.opening;
        if (opening.epoch != clock.epoch) revert IProofOfAttestation.EpochNotOpened(clock.epoch);
        if (!opening.pending) {
            if (opening.opened == 0) revert IProofOfAttestation.EpochNotOpened(clock.epoch);
            return;
        }
        Governing.requireRunning(s, clock);
        if (block.number <= opening.seedBlock) revert IProofOfAttestation.SeedNotYetKnown(opening.seedBlock);
        bytes32 source = blockhash(opening.seedBlock);
        if (source == 0) revert IProofOfAttestation.SeedExpired(opening.seedBlock);
        _seed(s, clock, opening, source, epochStart);
    }

    function _seed(
        State storage s,
        Clock memory clock,
        Opening memory opening,
        bytes32 source,
        uint256 epochStart
    ) private {
        bytes32 seed =
            keccak256(abi.encode(SEED_DOMAIN, block.chainid, address(this), clock.epoch, s.lastSeed, source));
        Cursor memory cursor = s.cursor;
        EpochRecord storage record = s.epochAt(clock, clock.epoch);
        if (opening.opened != 0) {
            EpochRecord storage before = s.epochAt(clock, cursor.lastOpened);
            if (before.head.epoch() == cursor.lastOpened) before.head = before.head.withNext(clock.epoch);
        }
        opening.opened += 1;
        opening.pending = false;
        if (!opening.hasTail) (opening.hasTail, opening.tail) = (true, clock.epoch);
        if (Governing.areEffective(clock, opening.parametersFrom)) {
            opening.parametersFrom = 0;
            s.parameters = s.announced;
            emit IProofOfAttestation.ParametersAdopted(clock.epoch);
        }
        EpochHead head = record.head.withPlace(cursor.lastOpened, opening.opened);
        record.head = head;
        record.root = _root(record, clock.epoch, epochStart, seed);
        s.lastSeed = seed;
        s.opening = opening;
        s.rosterSizes = (s.rosterSizes << SIZE_BITS) | head.rosterSize();
        cursor.previousWindowStart = cursor.windowStart;
        cursor.windowStart = head.windowStart();
        cursor.windowEnd = head.windowStart() + uint40(head.windowSize());
        cursor.decisionMarks = uint8(head.decisionMarks());
        cursor.lastOpened = clock.epoch;
        s.cursor = cursor;
        emit IProofOfAttestation.EpochSeeded(clock.epoch, seed, record.root);
    }

    /// @dev What assignments and challenges of an epoch follow from (R4): its seed, bound to chain, contract, time, policy
    /// and reference values, so that a publication needs to read one word for all.
    function _root(EpochRecord storage record, uint256 epoch, uint256 epochStart, bytes32 seed)
        private
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                EPOCH_DOMAIN,
                block.chainid,
                address(this),
                epoch,
                epochStart,
                seed,
                record.policyDigest,
                record.referenceDigest
            )
        );
    }

    function _freeze(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        Opening memory opening,
        Parameters storage parameters
    ) private view returns (EpochHead) {
        uint256 roster = cursor.weightedEpoch;
        uint256 n;
        if (cursor.hasWeighted && !Rings.isVoid(clock, roster)) {
            n = EpochCounts.weighted(s.epochAt(clock, roster).counts);
        }
        uint256 marks = Assignment.decisionMarks(
            parameters.decisionMarks, _largestRoster(s.rosterSizes, parameters.finalityEpochs, n)
        );
        uint256 size = Assignment.capacity(n, parameters.suspiciousChecks, marks);
        uint256 start = _windowStart(s, clock, cursor, opening);
        if (size > cursor.logEnd - start) size = cursor.logEnd - start;
        return EpochHeads.make(
            clock.epoch, roster, n, start, size, marks, parameters.latestChecks, parameters.suspiciousChecks
        );
    }

    /// @dev Where the last window ended, but no earlier than what may still live: the log's end at the first opening
    /// within retention (R5).
    function _windowStart(State storage s, Clock memory clock, Cursor memory cursor, Opening memory opening)
        private
        view
        returns (uint256)
    {
        uint256 oldest = opening.hasTail ? EpochCounts.logEnd(s.epochAt(clock, opening.tail).counts) : cursor.logEnd;
        return oldest > cursor.windowEnd ? oldest : cursor.windowEnd;
    }

    /// @dev Moves the tail to the oldest opened epoch that is not void.
    function _dropVoidTail(State storage s, Clock memory clock, Opening memory opening) private view {
        while (opening.hasTail && Rings.isVoid(clock, opening.tail)) {
            uint32 next = s.epochAt(clock, opening.tail).head.next();
            if (next == 0) opening.hasTail = false;
            else opening.tail = next;
        }
    }

    /// @dev M: the largest roster of this and the last `finality` opened epochs (R5).
    function _largestRoster(uint256 sizes, uint256 finality, uint256 n) private pure returns (uint256 largest) {
        largest = n;
        for (uint256 i; i < finality; ++i) {
            uint256 size = sizes & ((1 << SIZE_BITS) - 1);
            if (size > largest) largest = size;
            sizes >>= SIZE_BITS;
        }
    }
}
