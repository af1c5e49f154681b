// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttestationStorage} from "./AttestationStorage.sol";
import {
    BlockRef,
    BlockView,
    EpochView,
    IReader,
    NetworkView,
    Parameters,
    ReferenceValue,
    SeatView,
    Settings
} from "./interfaces/IProofOfAttestation.sol";
import {Views} from "./libraries/Views.sol";

/// @title The part of a network that is only looked at
/// @notice Code only, like `Registry`, which hands to it what it does not know itself.
contract Reader is IReader, AttestationStorage {
    constructor(Settings memory settings_) AttestationStorage(settings_) {}

    /// @notice What this code was deployed with.
    function settings() external view returns (Settings memory) {
        return _settings();
    }

    /// @inheritdoc IReader
    function seatOf(uint32 seat) external view returns (SeatView memory) {
        return Views.seatOf(_state, seat);
    }

    /// @inheritdoc IReader
    function blockOf(uint32 epoch, uint32 order) external view returns (BlockView memory) {
        return Views.blockOf(_state, _clock(), epoch, order);
    }

    /// @inheritdoc IReader
    function blockOfSeat(uint32 seat, uint32 epoch) external view returns (BlockView memory) {
        return Views.blockOfSeat(_state, _clock(), seat, epoch);
    }

    /// @inheritdoc IReader
    function epochOf(uint32 epoch) external view returns (EpochView memory) {
        return Views.epochOf(_state, _clock(), epoch);
    }

    /// @inheritdoc IReader
    function network() external view returns (NetworkView memory) {
        return Views.network(_state, block.timestamp < _genesis ? 0 : _clock().epoch);
    }

    /// @inheritdoc IReader
    function parameters() external view returns (Parameters memory) {
        return _state.parameters;
    }

    /// @inheritdoc IReader
    function announcedParameters()
        external
        view
        returns (bool announced, uint32 fromEpoch, Parameters memory parameters_)
    {
        uint32 from = _state.opening.parametersFrom;
        if (from == 0) return (announced, fromEpoch, parameters_);
        return (true, from - 1, _state.announced);
    }

    /// @inheritdoc IReader
    function referenceValues() external view returns (bytes32 digest, ReferenceValue[] memory values) {
        return Views.referenceValues(_state);
    }

    /// @inheritdoc IReader
    function policyDigest() external view returns (bytes32) {
        return _state.policyDigest;
    }

    /// @inheritdoc IReader
    function bountyOf(address account) external view returns (uint256) {
        return _state.bounties[account];
    }

    /// @inheritdoc IReader
    function logEntry(uint40 position)
        external
        view
        returns (BlockRef memory ref, uint32 positive, uint32 negative, uint8 count, uint8 outcome)
    {
        return Views.logEntry(_state, _clock(), position);
    }

    /// @inheritdoc IReader
    function challengeOf(uint32 seat) external view returns (bytes32) {
        _knownSeat(seat);
        return Views.challengeOf(_state, _clock(), seat);
    }

    /// @inheritdoc IReader
    function assignmentOf(uint32 seat)
        external
        view
        returns (bool ranked, uint32 rank, BlockRef[] memory latest, uint40[] memory positions)
    {
        _knownSeat(seat);
        return Views.assignmentOf(_state, _clock(), seat);
    }
}
