// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {AttestationStorage} from "./AttestationStorage.sol";
import {
    BlockRef,
    BlockView,
    EpochView,
    IProofOfAttestation,
    IRegistry,
    NetworkView,
    Parameters,
    ReferenceValue,
    Registration,
    SeatView,
    Settings,
    Trust
} from "./interfaces/IProofOfAttestation.sol";
import {Governing} from "./libraries/Governing.sol";
import {Seats} from "./libraries/Seats.sol";
import {Seat} from "./libraries/State.sol";
import {Views} from "./libraries/Views.sol";

/// @title The part of a network that is called seldom: founding, governance, seats, views
/// @notice Code only. `ProofOfAttestation` runs it by delegatecall in its own storage, since both together exceed the
/// size of one contract (EIP-170). Called directly it is an empty network.
contract Registry is IRegistry, AttestationStorage, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    constructor(Settings memory settings_) AttestationStorage(settings_) {}

    // ---- founding and governance --------------------------------------------------------------------------

    /// @inheritdoc IRegistry
    function found(address provider, Registration calldata registration, uint64 verifiedPower)
        external
        onlyOwner
        nonReentrant
        returns (uint32 seat)
    {
        if (block.timestamp >= _genesis) revert IProofOfAttestation.NetworkAlreadyStarted(_genesis);
        seat = Seats.found(_state, provider, registration, verifiedPower, _maxSeats);
        _collect(_state.parameters.minDeposit);
    }

    /// @inheritdoc IRegistry
    function setPolicy(bytes calldata document) external onlyOwner {
        Governing.setPolicy(_state, document);
    }

    /// @inheritdoc IRegistry
    function setReferenceValues(ReferenceValue[] calldata values) external onlyOwner {
        Governing.setReferenceValues(_state, values);
    }

    /// @inheritdoc IRegistry
    function announceStandstill() external onlyOwner {
        Governing.announceStandstill(_state, _clock());
    }

    /// @inheritdoc IRegistry
    function revive(uint32[] calldata seats) external onlyOwner {
        Governing.revive(_state, _clock(), seats);
    }

    // ---- seats --------------------------------------------------------------------------------------------

    /// @inheritdoc IRegistry
    function join(Registration calldata registration) external nonReentrant returns (uint32 seat) {
        seat = Seats.join(_state, _clock(), msg.sender, registration, _maxSeats);
        _collect(_state.parameters.minDeposit);
    }

    /// @inheritdoc IRegistry
    function restart(uint32 seat, address incarnation, bytes32 measurement) external {
        Seat storage known = _knownSeat(seat);
        if (msg.sender != known.operator && msg.sender != known.provider) {
            revert IProofOfAttestation.CallerNotOperator(seat, msg.sender);
        }
        Seats.restart(_state, _clock(), seat, incarnation, measurement);
    }

    /// @inheritdoc IRegistry
    function remove(uint32 seat) external {
        _knownSeat(seat);
        Seats.remove(_state, _clock(), seat, msg.sender);
    }

    /// @inheritdoc IRegistry
    function withdrawBounty() external nonReentrant returns (uint256 amount) {
        amount = _state.bounties[msg.sender];
        if (amount == 0) revert IProofOfAttestation.NothingToPay(msg.sender);
        _state.bounties[msg.sender] = 0;
        _state.bountiesOwed -= amount;
        emit IProofOfAttestation.BountyPaid(msg.sender, amount);
        _token.safeTransfer(msg.sender, amount);
    }

    // ---- views --------------------------------------------------------------------------------------------

    /// @inheritdoc IRegistry
    function trustOf(bytes32 deviceId) external view returns (Trust memory) {
        return Views.trustOf(_state, deviceId);
    }

    /// @inheritdoc IRegistry
    function isTrusted(bytes32 deviceId, uint16 minScore, uint32 maxAgeEpochs) external view returns (bool) {
        if (block.timestamp < _genesis) return false;
        return Views.isTrusted(_state, _clock(), deviceId, minScore, maxAgeEpochs);
    }

    /// @inheritdoc IRegistry
    function boundSeatOf(bytes32 deviceId) external view returns (uint32 seat) {
        return _state.claims[deviceId].bound;
    }

    /// @inheritdoc IRegistry
    function seatOf(uint32 seat) external view returns (SeatView memory) {
        return Views.seatOf(_state, seat);
    }

    /// @inheritdoc IRegistry
    function blockOf(uint32 epoch, uint32 order) external view returns (BlockView memory) {
        return Views.blockOf(_state, _clock(), epoch, order);
    }

    /// @inheritdoc IRegistry
    function blockOfSeat(uint32 seat, uint32 epoch) external view returns (BlockView memory) {
        return Views.blockOfSeat(_state, _clock(), seat, epoch);
    }

    /// @inheritdoc IRegistry
    function epochOf(uint32 epoch) external view returns (EpochView memory) {
        return Views.epochOf(_state, _clock(), epoch);
    }

    /// @inheritdoc IRegistry
    function settings() external view returns (Settings memory) {
        return Settings(address(_token), owner(), _genesis, _epochSeconds, _retentionEpochs, _maxSeats);
    }

    /// @inheritdoc IRegistry
    function network() external view returns (NetworkView memory) {
        return Views.network(_state, block.timestamp < _genesis ? 0 : _clock().epoch);
    }

    /// @inheritdoc IRegistry
    function parameters() external view returns (Parameters memory) {
        return _state.parameters;
    }

    /// @inheritdoc IRegistry
    function referenceValues() external view returns (bytes32 digest, ReferenceValue[] memory values) {
        return Views.referenceValues(_state);
    }

    /// @inheritdoc IRegistry
    function policyDigest() external view returns (bytes32) {
        return _state.policyDigest;
    }

    /// @inheritdoc IRegistry
    function bountyOf(address account) external view returns (uint256) {
        return _state.bounties[account];
    }

    /// @inheritdoc IRegistry
    function logEntry(uint40 position)
        external
        view
        returns (BlockRef memory ref, uint32 positive, uint32 negative, uint8 count, uint8 outcome)
    {
        return Views.logEntry(_state, _clock(), position);
    }

    /// @inheritdoc IRegistry
    function challengeOf(uint32 seat) external view returns (bytes32) {
        _knownSeat(seat);
        return Views.challengeOf(_state, _clock(), _genesis, _epochSeconds, seat);
    }

    /// @inheritdoc IRegistry
    function assignmentOf(uint32 seat)
        external
        view
        returns (bool ranked, uint32 rank, BlockRef[] memory latest, uint40[] memory positions)
    {
        _knownSeat(seat);
        return Views.assignmentOf(_state, _clock(), seat);
    }

    // ---- inside -------------------------------------------------------------------------------------------

    /// @dev Tokens that take a fee on transfer would leave the contract short: refused.
    function _collect(uint256 amount) private {
        if (amount == 0) return;
        uint256 before = _token.balanceOf(address(this));
        _token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _token.balanceOf(address(this)) - before;
        if (received != amount) revert IProofOfAttestation.DepositIncomplete(amount, received);
    }
}
