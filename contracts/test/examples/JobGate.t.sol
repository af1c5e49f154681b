// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {JobGate} from "../../examples/JobGate.sol";
import {IRegistry, ReferenceValue, Tier} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev The example for relying contracts, over a network of the contract itself.
contract JobGateTest is NetworkFixture {
    bytes32 private constant JOB = "job";
    uint16 private constant MIN_SCORE = 9_000;
    uint32 private constant MAX_AGE = 3;

    JobGate private gate;

    function setUp() public {
        deploy(6);
        runEpochs(4);
        settleLive();
        gate = new JobGate(network, MIN_SCORE, MAX_AGE);
    }

    // ---- asking -------------------------------------------------------------------------------------------

    function take(bytes32 id, uint256 key) private {
        (bytes32 r, bytes32 vs) = compact(key, gate.requestDigest(JOB, id, deadline()));
        gate.take(JOB, id, deadline(), r, vs);
    }

    function take(uint32 seat) private {
        take(deviceId(seat), keyOf[seat]);
    }

    function deadline() private view returns (uint64) {
        return uint64(nowSeconds + 1 hours);
    }

    /// @dev Rightly signed, and yet the device is not trusted.
    function refused(uint32 seat) private {
        (bytes32 r, bytes32 vs) = compact(keyOf[seat], gate.requestDigest(JOB, deviceId(seat), deadline()));
        vm.expectRevert(abi.encodeWithSelector(JobGate.DeviceNotTrusted.selector, deviceId(seat)));
        gate.take(JOB, deviceId(seat), deadline(), r, vs);
    }

    /// @dev The device is trusted, but it is another key that signs.
    function refusedSigner(uint32 seat, uint256 key) private {
        (bytes32 r, bytes32 vs) = compact(key, gate.requestDigest(JOB, deviceId(seat), deadline()));
        vm.expectRevert(abi.encodeWithSelector(JobGate.SignerNotDevice.selector, deviceId(seat), vm.addr(key)));
        gate.take(JOB, deviceId(seat), deadline(), r, vs);
    }

    // ---- who may ------------------------------------------------------------------------------------------

    function test_a_trusted_device_takes_a_job_whoever_brings_its_request() public {
        vm.expectEmit(address(gate));
        emit JobGate.JobTaken(JOB, deviceId(2), vm.addr(keyOf[2]));
        take(2);
        equal(gate.takenBy(JOB), deviceId(2), "taken");
    }

    function test_a_device_that_nobody_knows_takes_none() public {
        (bytes32 r, bytes32 vs) = compact(keyOf[1], gate.requestDigest(JOB, "nobody", deadline()));
        vm.expectRevert(abi.encodeWithSelector(JobGate.DeviceNotTrusted.selector, bytes32("nobody")));
        gate.take(JOB, "nobody", deadline(), r, vs);
    }

    function test_a_score_too_low_by_one_takes_none() public {
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(4);
        settleLive();
        uint16 score = network.trustOf(deviceId(6)).score;
        isTrue(tierOf(6) == Tier.Warning && score < MIN_SCORE, "operational, and not enough for this gate");
        refused(6);
        gate = new JobGate(network, score + 1, MAX_AGE);
        refused(6);
        gate = new JobGate(network, score, MAX_AGE);
        take(6);
    }

    function test_a_device_last_seen_too_long_ago_takes_none() public {
        uint32 good = network.trustOf(deviceId(2)).lastGoodEpoch;
        goTo(good + MAX_AGE + 1);
        refused(2);
        vm.warp(nowSeconds - 1);
        take(2);
    }

    function test_a_suspended_device_takes_none() public {
        nature[5] = 2;
        runEpochs(5);
        settleLive();
        isTrue(tierOf(5) == Tier.Suspended, "suspended");
        refused(5);
        gate = new JobGate(network, 0, type(uint32).max);
        refused(5);
    }

    function test_a_blocked_device_takes_none() public {
        openAndSeed();
        network.reportEquivocation(pairOf(5));
        isTrue(tierOf(5) == Tier.Blocked, "blocked");
        refused(5);
        take(4);
    }

    function test_a_measurement_no_longer_allowed_takes_none() public {
        ReferenceValue[] memory values = new ReferenceValue[](1);
        values[0] = ReferenceValue("another", 0, type(uint32).max);
        network.setReferenceValues(values);
        refused(2);
    }

    // ---- who asks -----------------------------------------------------------------------------------------

    /// Neither somebody with a key of their own, nor the device's operator or provider, nor another trusted device.
    function test_nobody_takes_a_job_for_a_device() public {
        refusedSigner(2, newKey());
        refusedSigner(2, keyOf[3]);
        bytes32 digest = gate.requestDigest(JOB, deviceId(2), deadline());
        (bytes32 r, bytes32 vs) = compact(keyOf[2], digest);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignature.selector));
        gate.take(JOB, deviceId(2), deadline(), 0, vs);
        address operator = operatorOf(2);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignature.selector));
        vm.prank(operator);
        gate.take(JOB, deviceId(2), deadline(), 0, 0);
        gate.take(JOB, deviceId(2), deadline(), r, vs);
    }

    /// What a device signed for one job, device, time, gate or chain holds for no other.
    function test_a_signature_is_good_for_one_request() public {
        (bytes32 r, bytes32 vs) = compact(keyOf[2], gate.requestDigest(JOB, deviceId(2), deadline()));
        JobGate other = new JobGate(network, MIN_SCORE, MAX_AGE);
        uint64 until = deadline();
        vm.expectRevert();
        other.take(JOB, deviceId(2), until, r, vs);
        vm.expectRevert();
        gate.take("other job", deviceId(2), until, r, vs);
        vm.expectRevert();
        gate.take(JOB, deviceId(3), until, r, vs);
        isTrue(
            gate.requestDigest(JOB, deviceId(2), until) != gate.requestDigest(JOB, deviceId(3), until), "of one device"
        );
        vm.expectRevert();
        gate.take(JOB, deviceId(2), until + 1, r, vs);
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        vm.expectRevert();
        gate.take(JOB, deviceId(2), until, r, vs);
        vm.chainId(chain);
        gate.take(JOB, deviceId(2), until, r, vs);
    }

    function test_a_request_holds_until_its_deadline() public {
        uint64 until = deadline();
        (bytes32 r, bytes32 vs) = compact(keyOf[2], gate.requestDigest(JOB, deviceId(2), until));
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(JobGate.RequestExpired.selector, until));
        gate.take(JOB, deviceId(2), until, r, vs);
        vm.warp(until);
        gate.take(JOB, deviceId(2), until, r, vs);
    }

    function test_a_job_is_taken_once() public {
        take(2);
        (bytes32 r, bytes32 vs) = compact(keyOf[3], gate.requestDigest(JOB, deviceId(3), deadline()));
        uint64 until = deadline();
        vm.expectRevert(abi.encodeWithSelector(JobGate.JobAlreadyTaken.selector, JOB, deviceId(2)));
        gate.take(JOB, deviceId(3), until, r, vs);
    }

    // ---- what changes -------------------------------------------------------------------------------------

    /// Not with the former key, which may be anywhere by now, and with the new one only when peers have seen it.
    function test_a_restarted_device_takes_jobs_with_its_new_key_once_admitted() public {
        uint256 former = keyOf[6];
        restart(6);
        refused(6);
        while (tierOf(6) != Tier.Full) {
            runEpochs(1);
            settleLive();
        }
        refusedSigner(6, former);
        take(6);
    }

    /// A pause refuses nobody by itself; but nobody publishes any more, and age ends it.
    function test_while_the_network_is_paused_trust_ends_by_age() public {
        network.setPaused(true);
        uint32 good = network.trustOf(deviceId(3)).lastGoodEpoch;
        goTo(good + MAX_AGE);
        take(3);
        goTo(good + MAX_AGE + 1);
        gate = new JobGate(network, MIN_SCORE, MAX_AGE);
        refused(3);
    }

    function test_where_there_is_no_contract_nobody_takes_a_job() public {
        address nowhere = address(0xdead);
        vm.expectRevert(abi.encodeWithSelector(JobGate.NoNetwork.selector, nowhere));
        new JobGate(IRegistry(nowhere), MIN_SCORE, MAX_AGE);
        (bytes32 r, bytes32 vs) = compact(keyOf[2], gate.requestDigest(JOB, deviceId(2), deadline()));
        uint64 until = deadline();
        vm.etch(address(network), "");
        vm.expectRevert();
        gate.take(JOB, deviceId(2), until, r, vs);
    }
}
