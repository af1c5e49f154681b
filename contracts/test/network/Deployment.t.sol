// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttestation, Parameters, Settings} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";
import {Vm} from "../support/Vm.sol";

/// @dev Three contracts, one network.
contract DeploymentTest is NetworkFixture {
    function test_deployment_names_registry_settings_and_parameters() public {
        vm.recordLogs();
        deploy(1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 seen;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IProofOfAttestation.NetworkDeployed.selector) continue;
            ++seen;
            equal(logs[i].emitter, address(network), "emitter");
            (Settings memory s, Parameters memory p) = abi.decode(logs[i].data, (Settings, Parameters));
            equal(keccak256(abi.encode(s)), keccak256(abi.encode(settings())), "settings");
            equal(keccak256(abi.encode(p)), keccak256(abi.encode(parameters())), "parameters");
        }
        equal(seen, 1, "once");
        equal(keccak256(abi.encode(network.settings())), keccak256(abi.encode(settings())), "view");
        equal(keccak256(abi.encode(network.parameters())), keccak256(abi.encode(parameters())), "view");
    }

    /// What the registry does in its own storage, nobody sees.
    function test_registry_called_directly_is_an_empty_network() public {
        deploy(3);
        (bool done, bytes memory answer) = address(network).call(abi.encodeWithSignature("registry()"));
        isTrue(done, "address");
        IProofOfAttestation code = IProofOfAttestation(abi.decode(answer, (address)));
        equal(code.network().seats, 0, "empty");
        code.setPolicy("of nobody");
        isTrue(network.policyDigest() != code.policyDigest(), "apart");
        equal(code.parameters().minDeposit, 0, "nothing to deposit");
    }

    function test_reader_called_directly_is_an_empty_network() public {
        deploy(3);
        IProofOfAttestation code = IProofOfAttestation(part(part(address(network), "registry()"), "reader()"));
        equal(code.network().seats, 0, "empty");
        equal(code.parameters().minDeposit, 0, "no parameters");
        equal(keccak256(abi.encode(code.settings())), keccak256(abi.encode(settings())), "its settings");
    }

    function part(address whole, string memory name) private returns (address) {
        (bool done, bytes memory answer) = whole.call(abi.encodeWithSignature(name));
        isTrue(done, "address");
        return abi.decode(answer, (address));
    }

    function test_all_three_contracts_fit_their_limit() public {
        deploy(1);
        address registry = part(address(network), "registry()");
        isTrue(address(network).code.length <= 24_576, "EIP-170");
        isTrue(registry.code.length <= 24_576, "EIP-170");
        isTrue(part(registry, "reader()").code.length <= 24_576, "EIP-170");
    }

    function test_unknown_calls_and_payments_revert() public {
        deploy(1);
        (bool done,) = address(network).call(hex"deadbeef");
        isFalse(done, "unknown");
        (done,) = address(network).call{value: 1}("");
        isFalse(done, "payment");
    }

    /// The bounds themselves are allowed.
    function test_least_and_greatest_parameters_are_allowed() public {
        deploy(1);
        vm.warp(genesis - 1 days);
        Parameters memory p = Parameters(1, 2, 2, 1, 1, 1, 0, 1, 5_000, 0, 1, 1, 0, 0, 1, 0);
        equal(keccak256(abi.encode(built(p).parameters())), keccak256(abi.encode(p)), "least");
        p = Parameters(
            8,
            56,
            90,
            255,
            15,
            11,
            10_000,
            10_000,
            8_999,
            1_000,
            1_825,
            3_650,
            10_000,
            5_000,
            1e30,
            1e30
        );
        equal(keccak256(abi.encode(built(p).parameters())), keccak256(abi.encode(p)), "greatest");
    }

    function built(Parameters memory p) private returns (IProofOfAttestation) {
        return IProofOfAttestation(deployContracts(settings(), p));
    }
}
