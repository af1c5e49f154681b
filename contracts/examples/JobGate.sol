// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IRegistry} from "../src/interfaces/IProofOfAttestation.sol";

/// @title Jobs that only a trusted device may take: an example of a relying party on chain (docs/protocol.md, R17)
/// @notice Two questions, and both are needed. Is the device trusted now? `isTrusted` tells. And is it the device that
/// asks? A device id is public, so anybody can name one. What only the device has is the key of its incarnation, which
/// was made in its TEE and does not leave it: `trustOf` tells its address, and its signature over the request is the
/// proof. Who sends the transaction does not matter, so that a device needs no ether.
///
/// What you should know before you copy this:
///
/// - The answer is of this moment. Who acts later (pays, releases a key) asks again then.
/// - A restart changes the key and puts the device on probation. Never store an incarnation as if it were the device.
/// - `isTrusted` is true of every program that the network's reference values allow. If only one program may take your
///   jobs, compare `trustOf(deviceId).measurement`, too.
/// - `maxAgeEpochs` below 3 may refuse the healthy, for a block is judged after its epoch. A large one trusts a device
///   for long after it was last seen. It is what ends trust when the network stands still or is paused.
/// - `trustOf(deviceId).deposit` is what a device has to lose. Take no jobs that are worth much more.
/// - `multee-confirm` signs confirmation blocks and nothing else. The program that signs requests like this one must be
///   part of the measured image, and must not sign for whoever asks.
contract JobGate is EIP712 {
    /// @dev A request is for one job, one device, until a deadline; and, by its domain, for this contract on this chain.
    bytes32 public constant TAKE_TYPEHASH = keccak256("Take(bytes32 job,bytes32 deviceId,uint64 deadline)");

    /// @notice The network whose word is taken.
    IRegistry public immutable network;
    /// @notice The least score, in basis points: 9000 is tier Full.
    uint16 public immutable minScore;
    /// @notice How many epochs old a device's newest good block may be.
    uint32 public immutable maxAgeEpochs;

    /// @notice The device that took a job; zero while nobody has.
    mapping(bytes32 job => bytes32 deviceId) public takenBy;

    event JobTaken(bytes32 indexed job, bytes32 indexed deviceId, address incarnation);

    error NoNetwork(address account);
    error RequestExpired(uint64 deadline);
    error JobAlreadyTaken(bytes32 job, bytes32 deviceId);
    error DeviceNotTrusted(bytes32 deviceId);
    error SignerNotDevice(bytes32 deviceId, address signer);

    constructor(IRegistry network_, uint16 minScore_, uint32 maxAgeEpochs_) EIP712("JobGate", "1") {
        if (address(network_).code.length == 0) revert NoNetwork(address(network_));
        (network, minScore, maxAgeEpochs) = (network_, minScore_, maxAgeEpochs_);
    }

    /// @notice Gives a job to a device that is trusted now and signed for it. Anybody may bring the request.
    /// @param deadline Unix seconds until which the request holds
    /// @param r, vs the incarnation's signature over `requestDigest`, in EIP-2098's compact form
    function take(bytes32 job, bytes32 deviceId, uint64 deadline, bytes32 r, bytes32 vs) external {
        if (block.timestamp > deadline) revert RequestExpired(deadline);
        if (takenBy[job] != 0) revert JobAlreadyTaken(job, takenBy[job]);
        // First of all, for nothing is known of a device that no seat is bound to, not even a key.
        if (!network.isTrusted(deviceId, minScore, maxAgeEpochs)) revert DeviceNotTrusted(deviceId);
        address signer = ECDSA.recover(requestDigest(job, deviceId, deadline), r, vs);
        if (signer != network.trustOf(deviceId).incarnation) revert SignerNotDevice(deviceId, signer);
        takenBy[job] = deviceId;
        emit JobTaken(job, deviceId, signer);
    }

    /// @notice What the device signs.
    function requestDigest(bytes32 job, bytes32 deviceId, uint64 deadline) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(TAKE_TYPEHASH, job, deviceId, deadline)));
    }
}
