// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {AttestationStorage} from "./AttestationStorage.sol";
import {
    Equivocation,
    IProofOfAttestation,
    IRegistry,
    Parameters,
    ReferenceValue,
    Registration,
    Settings,
    Trust
} from "./interfaces/IProofOfAttestation.sol";
import {Forwarding} from "./libraries/Forwarding.sol";
import {Governing} from "./libraries/Governing.sol";
import {Leaving} from "./libraries/Leaving.sol";
import {Seats} from "./libraries/Seats.sol";
import {Clock, Seat} from "./libraries/State.sol";
import {Views} from "./libraries/Views.sol";
import {Reader} from "./Reader.sol";

/// @title The part of a network that is called seldom: founding, governance, seats, withdrawals
/// @notice Code only. `ProofOfAttestation` runs it by delegatecall in its own storage, since all together exceed the size
/// of one contract (EIP-170). Called directly it is an empty network.
contract Registry is IRegistry, AttestationStorage {
    using SafeERC20 for IERC20;

    /// @notice The code that answers what this one does not.
    Reader public immutable reader;

    /// @param reader_ deployed with the same settings
    constructor(Settings memory settings_, Reader reader_) AttestationStorage(settings_) {
        if (keccak256(abi.encode(reader_.settings())) != keccak256(abi.encode(settings_))) {
            revert IProofOfAttestation.SettingOutOfBounds("reader");
        }
        reader = reader_;
    }

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
    function announceParameters(Parameters calldata parameters_) external onlyOwner {
        Governing.requireParameters(parameters_);
        Governing.announceParameters(_state, _clock(), parameters_);
    }

    /// @inheritdoc IRegistry
    function setPaused(bool paused) external onlyOwner {
        Governing.setPaused(_state, paused, block.timestamp < _genesis ? 0 : _clock().epoch + 1);
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
        Leaving.remove(_state, _clock(), seat, msg.sender);
    }

    /// @inheritdoc IRegistry
    function setOperator(uint32 seat, address operator) external {
        Seats.setOperator(_providersSeat(seat), seat, operator);
    }

    /// @inheritdoc IRegistry
    function exit(uint32 seat) external {
        _providersSeat(seat);
        Leaving.exit(_state, _clock(), seat);
    }

    /// @inheritdoc IRegistry
    function rejoin(uint32 seat, address operator, address incarnation, bytes32 measurement) external nonReentrant {
        Clock memory clock = _clock();
        Governing.requireRunning(_state, clock);
        _providersSeat(seat);
        Leaving.rejoin(_state, clock, seat, operator, incarnation, measurement);
        _collect(_state.parameters.minDeposit);
    }

    /// @inheritdoc IRegistry
    function reportEquivocation(Equivocation calldata pair) external {
        _knownSeat(pair.seat);
        Leaving.report(_state, _clock(), _domainSeparatorV4(), pair, msg.sender);
    }

    // ---- withdrawals --------------------------------------------------------------------------------------

    /// @inheritdoc IRegistry
    function withdrawDeposit(uint32 seat) external nonReentrant returns (uint256 amount) {
        _providersSeat(seat);
        amount = Leaving.takeDeposit(_state, _clock(), seat, msg.sender);
        // Penalties may withhold all of it, and some tokens refuse to move nothing.
        if (amount != 0) _token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IRegistry
    function withdrawRewards(uint32 seat) external nonReentrant returns (uint256 amount) {
        _providersSeat(seat);
        amount = Leaving.takeRewards(_state, _clock(), seat, msg.sender);
        _token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IRegistry
    function withdrawBounty() external nonReentrant returns (uint256 amount) {
        amount = Leaving.takeBounty(_state, msg.sender);
        _token.safeTransfer(msg.sender, amount);
    }

    // ---- what relying contracts ask -----------------------------------------------------------------------

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
    function settings() external view returns (Settings memory) {
        return _settings();
    }

    // ---- all else -----------------------------------------------------------------------------------------

    /// @dev Hands the call on to the reader's code.
    fallback() external {
        Forwarding.forward(address(reader));
    }

    // ---- inside -------------------------------------------------------------------------------------------

    function _providersSeat(uint32 seat) private view returns (Seat storage known) {
        known = _knownSeat(seat);
        if (msg.sender != known.provider) revert IProofOfAttestation.CallerNotProvider(seat, msg.sender);
    }

    /// @dev Tokens that take a fee on transfer would leave the contract short: refused.
    function _collect(uint256 amount) private {
        if (amount == 0) return;
        uint256 before = _token.balanceOf(address(this));
        _token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _token.balanceOf(address(this)) - before;
        if (received != amount) revert IProofOfAttestation.DepositIncomplete(amount, received);
    }
}
