// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IProofOfAttestation,
    Parameters,
    ReferenceValue,
    Settings
} from "../interfaces/IProofOfAttestation.sol";
import {BlockHead, BlockHeads} from "./BlockHead.sol";
import {History, Histories} from "./History.sol";
import {Scoring} from "./Scoring.sol";
import {Standing, Standings} from "./Standing.sol";
import {Clock, Cursor, ReferenceRanges, Rings, Seat, State} from "./State.sol";

/// @dev What the owner may do (R1, R16), and the bounds of every setting.
library Governing {
    using Rings for State;
    using Rings for Seat;

    bytes32 internal constant POLICY_DOMAIN = keccak256("multee/policy/v1");
    bytes32 internal constant REFERENCES_DOMAIN = keccak256("multee/references/v1");
    uint256 internal constant DOCUMENT_MAX = 24 * 1024;
    uint256 internal constant REFERENCES_MAX = 32;
    uint256 internal constant REVIVED_MAX = 64;
    /// Epochs between announcing the way back from standstill and taking it.
    uint256 internal constant STANDSTILL_DELAY = 2;
    /// Epochs between announcing parameters and their taking effect, so that providers can leave before.
    uint256 internal constant PARAMETER_DELAY = 7;
    uint256 internal constant AMOUNT_MAX = 1e30;

    function setPolicy(State storage s, bytes calldata document) internal {
        if (document.length == 0) revert IProofOfAttestation.DocumentMissing();
        if (document.length > DOCUMENT_MAX) revert IProofOfAttestation.DocumentTooLarge(document.length);
        bytes32 digest = keccak256(abi.encode(POLICY_DOMAIN, keccak256(document)));
        s.policyDigest = digest;
        emit IProofOfAttestation.PolicySet(digest, document);
    }

    function setReferenceValues(State storage s, ReferenceValue[] calldata values) internal {
        if (values.length > REFERENCES_MAX) revert IProofOfAttestation.TooMany(values.length, REFERENCES_MAX);
        for (uint256 i = s.referenceList.length; i > 0; --i) {
            s.references[s.referenceList[i - 1]] = 0;
            s.referenceList.pop();
        }
        // Strictly ascending, so that one set of values has one digest.
        bytes32 last;
        for (uint256 i; i < values.length; ++i) {
            ReferenceValue calldata value = values[i];
            if (value.measurement <= last || value.fromEpoch > value.untilEpoch) {
                revert IProofOfAttestation.ReferenceValueInvalid(i);
            }
            last = value.measurement;
            s.references[value.measurement] = ReferenceRanges.make(value.fromEpoch, value.untilEpoch);
            s.referenceList.push(value.measurement);
        }
        bytes32 digest = keccak256(abi.encode(REFERENCES_DOMAIN, values));
        s.referenceDigest = digest;
        emit IProofOfAttestation.ReferenceValuesSet(digest, values);
    }

    /// @dev Announces parameters for the first epoch opened from `PARAMETER_DELAY` epochs on. While announced ones are
    /// effective, an opening may have used them already: they are adopted first.
    function announceParameters(State storage s, Clock memory clock, Parameters calldata parameters) internal {
        uint32 pending = s.opening.parametersFrom;
        if (areEffective(clock, pending)) revert IProofOfAttestation.ParametersPending(pending - 1);
        uint32 from = uint32(clock.epoch + PARAMETER_DELAY);
        s.opening.parametersFrom = from + 1;
        s.announced = parameters;
        emit IProofOfAttestation.ParametersAnnounced(from, parameters);
    }

    /// @param parametersFrom epoch + 1 from which they are; 0 if none are announced
    function areEffective(Clock memory clock, uint32 parametersFrom) internal pure returns (bool) {
        return parametersFrom != 0 && clock.epoch + 1 >= parametersFrom;
    }

    /// @dev Going on takes effect with the next epoch: else who knows the moment would have an epoch's end for itself.
    /// @param next the epoch after the clock's; 0 before genesis
    function setPaused(State storage s, bool paused, uint32 next) internal {
        if (s.paused && !paused) s.resumesAt = next;
        s.paused = paused;
        emit IProofOfAttestation.PauseSet(paused);
    }

    function requireRunning(State storage s, Clock memory clock) internal view {
        if (s.paused || clock.epoch < s.resumesAt) revert IProofOfAttestation.NetworkPaused();
    }

    /// @dev No block with weight, and no pause, for `finalityEpochs` epochs. Returns the last epoch with one of them.
    function _requireStandstill(State storage s, Clock memory clock) private view returns (uint32 last) {
        if (s.paused) revert IProofOfAttestation.NetworkPaused();
        Cursor memory cursor = s.cursor;
        last = s.resumesAt;
        if (cursor.hasWeighted && cursor.weightedEpoch > last) last = cursor.weightedEpoch;
        if (clock.epoch <= uint256(last) + s.parameters.finalityEpochs) {
            revert IProofOfAttestation.NoStandstill(last);
        }
    }

    function announceStandstill(State storage s, Clock memory clock) internal {
        _requireStandstill(s, clock);
        s.standstillAnnounced = clock.epoch + 1;
        emit IProofOfAttestation.StandstillAnnounced(clock.epoch, uint32(clock.epoch + STANDSTILL_DELAY));
    }

    function revive(State storage s, Clock memory clock, uint32[] calldata seats) internal {
        if (seats.length > REVIVED_MAX) revert IProofOfAttestation.TooMany(seats.length, REVIVED_MAX);
        uint32 last = _requireStandstill(s, clock);
        // An announcement from before the last block with weight, or pause, was of another standstill.
        if (s.standstillAnnounced == 0 || s.standstillAnnounced - 1 <= last) {
            revert IProofOfAttestation.StandstillNotAnnounced();
        }
        uint32 announced = s.standstillAnnounced - 1;
        uint256 from = announced + STANDSTILL_DELAY;
        if (clock.epoch < from) revert IProofOfAttestation.StandstillTooEarly(uint32(from));
        for (uint256 i; i < seats.length; ++i) {
            _revive(s, clock, seats[i], announced);
        }
    }

    /// @dev Passes over who may not be revived, so that one who leaves does not hold up the others: also incarnations
    /// declared after the announcement, which nobody could look at.
    function _revive(State storage s, Clock memory clock, uint32 seatId, uint32 announced) private {
        Seat storage seat = s.seats[seatId];
        Standing standing = seat.standing;
        if (!standing.has(Standings.ADMITTED) || standing.has(Standings.BLOCKED | Standings.EXITING)) return;
        if (standing.since() > announced) return;
        uint256 score = standing.score();
        if (score < Scoring.RESTRICTED) score = Scoring.RESTRICTED;
        // The current epoch counts as published, opened or not: the next opening's index is one above.
        seat.history = seat.history.withSeenIndex(s.opening.opened);
        seat.standing = _withNewestPower(s, clock, seat, seatId, standing, announced)
            .without(Standings.PROBATION | Standings.SUSPENDED | Standings.UNVERIFIED)
            .withScore(score, standing.streak());
        emit IProofOfAttestation.SeatRevived(seatId, clock.epoch, uint16(score));
    }

    /// @dev The power of the newest block that is not from after the announcement, if it was off and its record still
    /// stands, becomes the verified one: else all would be unverified again, with nobody of weight to confirm them (R1,
    /// R10).
    function _withNewestPower(
        State storage s,
        Clock memory clock,
        Seat storage seat,
        uint32 seatId,
        Standing standing,
        uint256 announced
    ) private view returns (Standing) {
        History history = seat.history;
        if (!history.hasPublished()) return standing;
        uint256 last = history.last();
        uint256 epoch = last < announced ? last : announced;
        while (!history.isSet(Histories.PUBLISHED, epoch)) {
            if (epoch == 0 || last - epoch >= Histories.WIDTH) return standing;
            --epoch;
        }
        BlockHead head = s.blockAt(clock, epoch, seat.orderOf(clock, epoch)).head;
        bool stands = head.exists() && head.seat() == seatId && head.epoch() == epoch;
        if (!stands || !head.has(BlockHeads.OFF)) return standing;
        return standing.withVerifiedPower(head.offPower(), epoch + 1);
    }

    function requireSettings(Settings memory settings) internal view {
        if (settings.token.code.length == 0) revert IProofOfAttestation.SettingOutOfBounds("token");
        _setting(settings.genesis, block.timestamp, type(uint40).max, "genesis");
        _setting(settings.epochSeconds, 12, 365 days, "epochSeconds");
        _setting(settings.retentionEpochs, 16, Histories.WIDTH, "retentionEpochs");
        _setting(settings.maxSeats, 1, 1 << 20, "maxSeats");
    }

    function requireParameters(Parameters memory p) internal pure {
        _parameter(p.latestChecks, 1, 8, "latestChecks");
        _parameter(p.suspiciousChecks, 2, 64 - p.latestChecks, "suspiciousChecks");
        _parameter(p.decisionMarks, p.suspiciousChecks, 90, "decisionMarks");
        _parameter(p.maxPenalties, 1, 255, "maxPenalties");
        _parameter(p.fullGainStreak, 1, 15, "fullGainStreak");
        _parameter(p.finalityEpochs, 1, 11, "finalityEpochs");
        _parameter(p.powerToleranceBps, 0, 10_000, "powerToleranceBps");
        _parameter(p.scoreGainBps, 1, 10_000, "scoreGainBps");
        _parameter(p.admissionScore, Scoring.RESTRICTED, Scoring.FULL - 1, "admissionScore");
        _parameter(p.restartCooldownEpochs, 0, 1_000, "restartCooldownEpochs");
        _parameter(p.rewardDelayEpochs, 1, 1_825, "rewardDelayEpochs");
        _parameter(p.unbondingEpochs, 1, 3_650, "unbondingEpochs");
        _parameter(p.restrictedRewardBps, 0, 10_000, "restrictedRewardBps");
        _parameter(p.bountyBps, 0, 5_000, "bountyBps");
        _parameter(p.minDeposit, 1, AMOUNT_MAX, "minDeposit");
        _parameter(p.rewardPerEpoch, 0, AMOUNT_MAX, "rewardPerEpoch");
    }

    function _setting(uint256 value, uint256 least, uint256 most, bytes32 name) private pure {
        if (value < least || value > most) revert IProofOfAttestation.SettingOutOfBounds(name);
    }

    function _parameter(uint256 value, uint256 least, uint256 most, bytes32 name) private pure {
        if (value < least || value > most) revert IProofOfAttestation.ParameterOutOfBounds(name);
    }
}
