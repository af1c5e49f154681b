// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttestationStorage} from "./AttestationStorage.sol";
import {
    BlockRef,
    IConfirmation,
    IProofOfAttestation,
    Parameters,
    Publication,
    Refusal,
    Settings
} from "./interfaces/IProofOfAttestation.sol";
import {Epochs} from "./libraries/Epochs.sol";
import {Governing} from "./libraries/Governing.sol";
import {Forwarding} from "./libraries/Forwarding.sol";
import {Publishing} from "./libraries/Publishing.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Clock, Cursor} from "./libraries/State.sol";
import {Registry} from "./Registry.sol";

/// @title One network of devices that verify each other (docs/protocol.md)
/// @notice Guards, delegates, emits; the rules are in the libraries. What is called each epoch is here, all else in the
/// `Registry`, whose address is fixed at deployment: no proxy, no upgrade. The whole face is `IProofOfAttestation`.
contract ProofOfAttestation is IConfirmation, AttestationStorage {
    uint256 private constant SETTLED_MAX = 16;

    /// @notice The code that answers what this contract does not.
    Registry public immutable registry;

    /// @param registry_ deployed with the same settings
    constructor(Settings memory settings_, Parameters memory parameters_, Registry registry_)
        AttestationStorage(settings_)
    {
        Governing.requireParameters(parameters_);
        if (keccak256(abi.encode(registry_.settings())) != keccak256(abi.encode(settings_))) {
            revert IProofOfAttestation.SettingOutOfBounds("registry");
        }
        registry = registry_;
        _state.parameters = parameters_;
        emit IProofOfAttestation.NetworkDeployed(address(registry_), settings_, parameters_);
    }

    // ---- epochs -------------------------------------------------------------------------------------------

    /// @inheritdoc IConfirmation
    /// @dev Not from within a payment, in which the token may show a balance of which a part is leaving.
    function openEpoch() external nonReentrant {
        Epochs.open(_state, _clock(), _token);
    }

    /// @inheritdoc IConfirmation
    function seedEpoch() external {
        Clock memory clock = _clock();
        Epochs.ensureSeeded(_state, clock, _epochStart(clock));
    }

    /// @inheritdoc IConfirmation
    function publish(Publication calldata publication) external returns (Refusal refusal) {
        Clock memory clock = _clock();
        Epochs.ensureSeeded(_state, clock, _epochStart(clock));
        return Publishing.publish(_state, clock, _domainSeparatorV4(), publication);
    }

    /// @inheritdoc IConfirmation
    function settle(BlockRef[] calldata blocks) external returns (uint256 settled) {
        if (blocks.length > SETTLED_MAX) revert IProofOfAttestation.TooMany(blocks.length, SETTLED_MAX);
        Clock memory clock = _clock();
        Cursor memory cursor = _state.cursor;
        for (uint256 i; i < blocks.length; ++i) {
            if (Settlement.settle(_state, clock, cursor, blocks[i].epoch, blocks[i].order)) ++settled;
        }
        _state.cursor = cursor;
    }

    // ---- all else -----------------------------------------------------------------------------------------

    /// @dev Hands the call on to the registry's code.
    fallback() external {
        Forwarding.forward(address(registry));
    }
}
