// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @dev A confirmation block's fields (docs/protocol.md, 4.5).
struct ConfirmationBlock {
    uint256 seat;
    bytes32 deviceId;
    address incarnation;
    uint256 epoch;
    bytes32 previousDigest;
    bytes32 challenge;
    bytes32 measurement;
    uint256 power;
    bytes32 propertiesDigest;
    uint256 marks;
    bytes32 latestBindings;
}

/// @dev What is hashed and signed (docs/protocol.md, section 4).
library Signing {
    bytes32 internal constant CHALLENGE_DOMAIN = keccak256("multee/challenge/v2");
    bytes32 internal constant IDENTITY_DOMAIN = keccak256("multee/identity/v1");
    bytes32 internal constant BLOCK_TYPEHASH = keccak256(
        "ConfirmationBlock(uint32 seat,bytes32 deviceId,address incarnation,uint32 epoch,bytes32 previousDigest,"
        "bytes32 challenge,bytes32 measurement,uint64 power,bytes32 propertiesDigest,uint256 marks,"
        "bytes32 latestBindings)"
    );

    /// @dev The block's EIP-712 digest.
    function digestOf(ConfirmationBlock memory b, bytes32 domainSeparator) internal pure returns (bytes32) {
        // All fields are words, so that the struct's memory is their encoding.
        bytes32 structHash = keccak256(
            abi.encode(
                BLOCK_TYPEHASH,
                b.seat,
                b.deviceId,
                b.incarnation,
                b.epoch,
                b.previousDigest,
                b.challenge,
                b.measurement,
                b.power,
                b.propertiesDigest,
                b.marks,
                b.latestBindings
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domainSeparator, structHash));
    }

    /// @dev R4's challenge to a seat.
    function challenge(bytes32 root, uint256 seat) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHALLENGE_DOMAIN, root, seat));
    }

    /// @dev What a publication must bring along unchanged (R6).
    function identity(
        address operator,
        address incarnation,
        bytes32 deviceId,
        bytes32 measurement,
        bytes32 certificatesHash
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(IDENTITY_DOMAIN, operator, incarnation, deviceId, measurement, certificatesHash)
        );
    }

    /// @dev Whether `incarnation` signed the digest.
    function isSigner(address incarnation, bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (bool) {
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, r, vs);
        return failure == ECDSA.RecoverError.NoError && signer == incarnation;
    }
}
