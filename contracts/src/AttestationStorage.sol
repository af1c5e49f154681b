// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IProofOfAttestation, Settings} from "./interfaces/IProofOfAttestation.sol";
import {Governing} from "./libraries/Governing.sol";
import {Clock, Seat, State} from "./libraries/State.sol";
import {SuspiciousLog} from "./libraries/SuspiciousLog.sol";

/// @dev Settings and storage, laid out alike in `ProofOfAttestation`, its `Registry` and its `Reader`.
abstract contract AttestationStorage is Ownable2Step, EIP712, ReentrancyGuardTransient {
    IERC20 internal immutable _token;
    uint64 internal immutable _genesis;
    uint32 internal immutable _epochSeconds;
    uint16 internal immutable _retentionEpochs;
    uint32 internal immutable _maxSeats;
    uint64 private immutable _logRing;

    State internal _state;

    constructor(Settings memory settings_) Ownable(settings_.owner) EIP712("MulTEEverse", "1") {
        Governing.requireSettings(settings_);
        _token = IERC20(settings_.token);
        _genesis = settings_.genesis;
        _epochSeconds = settings_.epochSeconds;
        _retentionEpochs = settings_.retentionEpochs;
        _maxSeats = settings_.maxSeats;
        _logRing = uint64(SuspiciousLog.ringSize(settings_.retentionEpochs, settings_.maxSeats));
    }

    function _settings() internal view returns (Settings memory) {
        return Settings(address(_token), owner(), _genesis, _epochSeconds, _retentionEpochs, _maxSeats);
    }

    function _clock() internal view returns (Clock memory) {
        if (block.timestamp < _genesis) revert IProofOfAttestation.NetworkNotStarted(_genesis);
        return Clock(uint32((block.timestamp - _genesis) / _epochSeconds), _retentionEpochs, _logRing);
    }

    /// @dev In Unix seconds.
    function _epochStart(Clock memory clock) internal view returns (uint256) {
        return _genesis + uint256(clock.epoch) * _epochSeconds;
    }

    function _knownSeat(uint32 seat) internal view returns (Seat storage known) {
        known = _state.seats[seat];
        if (known.provider == address(0)) revert IProofOfAttestation.SeatUnknown(seat);
    }
}
