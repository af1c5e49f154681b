// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, ReferenceValue} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R16: the owner's policy and reference values.
contract R16ReferenceTest is NetworkFixture {
    function setUp() public {
        deploy(3);
    }

    function list(uint256 n) private pure returns (ReferenceValue[] memory values) {
        values = new ReferenceValue[](n);
        for (uint256 i; i < n; ++i) {
            values[i] = ReferenceValue(bytes32(i + 1), uint32(i), uint32(i + 10));
        }
    }

    function test_policy_is_published_and_its_digest_kept() public {
        bytes memory document = "{\"roots\":[]}";
        bytes32 digest = keccak256(abi.encode(keccak256("multee/policy/v1"), keccak256(document)));
        vm.expectEmit(address(network));
        emit IProofOfAttestation.PolicySet(digest, document);
        network.setPolicy(document);
        equal(network.policyDigest(), digest, "digest");
    }

    function test_policy_up_to_24_KiB() public {
        network.setPolicy(new bytes(24 * 1024));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.DocumentTooLarge.selector, 24 * 1024 + 1));
        network.setPolicy(new bytes(24 * 1024 + 1));
        vm.expectRevert(IProofOfAttestation.DocumentMissing.selector);
        network.setPolicy("");
    }

    function test_reference_values_are_replaced_wholesale() public {
        ReferenceValue[] memory values = list(32);
        bytes32 digest = keccak256(abi.encode(keccak256("multee/references/v1"), values));
        vm.expectEmit(address(network));
        emit IProofOfAttestation.ReferenceValuesSet(digest, values);
        network.setReferenceValues(values);
        (bytes32 kept, ReferenceValue[] memory read) = network.referenceValues();
        equal(kept, digest, "digest");
        equal(keccak256(abi.encode(read)), keccak256(abi.encode(values)), "values");
        network.setReferenceValues(list(1));
        (, read) = network.referenceValues();
        equal(read.length, 1, "replaced");
        network.setReferenceValues(list(0));
        (kept, read) = network.referenceValues();
        equal(read.length, 0, "none");
        isTrue(kept != digest, "digest");
    }

    function test_one_set_has_one_order() public {
        ReferenceValue[] memory values = list(3);
        (values[0], values[1]) = (values[1], values[0]);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.ReferenceValueInvalid.selector, 1));
        network.setReferenceValues(values);
        values = list(3);
        values[2].measurement = values[1].measurement;
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.ReferenceValueInvalid.selector, 2));
        network.setReferenceValues(values);
        values = list(3);
        values[0].measurement = 0;
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.ReferenceValueInvalid.selector, 0));
        network.setReferenceValues(values);
        values = list(3);
        values[1].fromEpoch = values[1].untilEpoch + 1;
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.ReferenceValueInvalid.selector, 1));
        network.setReferenceValues(values);
    }

    function test_list_is_frozen_at_the_opening_and_in_the_challenge() public {
        openAndSeed();
        (bytes32 digest,) = network.referenceValues();
        bytes32 challenge = network.challengeOf(1);
        network.setReferenceValues(list(2));
        equal(network.epochOf(0).referenceDigest, digest, "frozen");
        equal(network.challengeOf(1), challenge, "challenge");
        publish(1, 0);
        nextEpoch();
        openAndSeed();
        (digest,) = network.referenceValues();
        equal(network.epochOf(1).referenceDigest, digest, "next");
    }

    function test_only_the_owner_governs() public {
        address stranger = address(0x5717);
        bytes[4] memory calls = [
            abi.encodeCall(network.setPolicy, ("x")),
            abi.encodeCall(network.setReferenceValues, (list(1))),
            abi.encodeCall(network.announceStandstill, ()),
            abi.encodeCall(network.revive, (new uint32[](0)))
        ];
        bytes32 refusal = keccak256(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", stranger));
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(stranger);
            (bool done, bytes memory answer) = address(network).call(calls[i]);
            isFalse(done, "refused");
            equal(keccak256(answer), refusal, "owner only");
        }
    }

    /// The two contracts share one owner slot: a new owner governs through both, once it accepted.
    function test_ownership_moves_in_two_steps() public {
        address next = address(0x0E47);
        (bool done,) = address(network).call(abi.encodeWithSignature("transferOwnership(address)", next));
        isTrue(done, "offered");
        network.setPolicy("still ours");
        vm.prank(next);
        (done,) = address(network).call(abi.encodeWithSignature("acceptOwnership()"));
        isTrue(done, "accepted");
        equal(network.settings().owner, next, "owner");
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(this)));
        network.setPolicy("no longer");
        vm.prank(next);
        network.setPolicy("theirs");
    }
}
