// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    Equivocation,
    Parameters,
    Publication,
    ReferenceValue,
    Registration
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev Section 3.1 of docs/protocol.md: who may do what, and by which selector. What changes state is the owner's, or
/// somebody's by his part in a seat, or open to all; there is nothing else.
contract SelectorsTest is NetworkFixture {
    struct Entry {
        string signature;
        bytes call_;
    }

    address private constant STRANGER = address(0x5717A);

    Entry[] private owners;
    Entry[] private open;
    string[3] private parts = ["ProofOfAttestation", "Registry", "Reader"];
    uint256 private seen;
    mapping(bytes32 signature => bool) private met;

    function setUp() public {
        deploy(4);
        Registration memory r = registration(5, "id", newKey());
        Parameters memory p = parameters();
        ReferenceValue[] memory values = new ReferenceValue[](0);
        owner("found(address,(address,bytes32,address,bytes32),uint64)", abi.encode(STRANGER, r, 1));
        owner("setPolicy(bytes)", abi.encode(bytes("policy")));
        owner("setReferenceValues((bytes32,uint32,uint32)[])", abi.encode(values));
        owner(
            "announceParameters((uint8,uint8,uint8,uint8,uint8,uint8,uint16,uint16,uint16,uint16,uint16,uint16,uint16,"
            "uint16,uint128,uint128))",
            abi.encode(p)
        );
        owner("setPaused(bool)", abi.encode(true));
        owner("announceStandstill()", "");
        owner("revive(uint32[])", abi.encode(new uint32[](0)));
        owner("transferOwnership(address)", abi.encode(STRANGER));
        owner("renounceOwnership()", "");
        opened("openEpoch()");
        opened("seedEpoch()");
        opened(
            "publish((uint32,uint64,bytes32,bytes32,bytes32,uint256,bytes32,bytes32,address,bytes32,bytes32,bytes32,"
            "bytes32,bytes,bytes))"
        );
        opened("settle((uint32,uint32)[])");
        opened("join((address,bytes32,address,bytes32))");
        opened("restart(uint32,address,bytes32)");
        opened("remove(uint32)");
        opened("setOperator(uint32,address)");
        opened("exit(uint32)");
        opened("rejoin(uint32,address,address,bytes32)");
        opened(
            "reportEquivocation((uint32,address,uint32,bytes32,bytes32,"
            "(bytes32,uint64,bytes32,uint256,bytes32,bytes32,bytes32),"
            "(bytes32,uint64,bytes32,uint256,bytes32,bytes32,bytes32)))"
        );
        opened("withdrawDeposit(uint32)");
        opened("withdrawRewards(uint32)");
        opened("withdrawBounty()");
        // The one whom the owner named, and nobody else.
        opened("acceptOwnership()");
    }

    function owner(string memory signature, bytes memory arguments) private {
        owners.push(Entry(signature, bytes.concat(bytes4(keccak256(bytes(signature))), arguments)));
    }

    function opened(string memory signature) private {
        open.push(Entry(signature, ""));
    }

    // ---- behaviour ----------------------------------------------------------------------------------------

    function test_what_is_the_owners_is_nobody_elses() public {
        bytes32 refusal = keccak256(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", STRANGER));
        for (uint256 early; early < 2; ++early) {
            vm.warp(early == 0 ? genesis - 1 : genesis);
            for (uint256 i; i < owners.length; ++i) {
                vm.prank(STRANGER);
                (bool done, bytes memory answer) = address(network).call(owners[i].call_);
                isFalse(done, owners[i].signature);
                equal(keccak256(answer), refusal, owners[i].signature);
            }
        }
    }

    /// Nor do a seat's provider and operator govern.
    function test_what_is_the_owners_is_no_providers() public {
        for (uint256 i; i < owners.length; ++i) {
            vm.prank(providerOf(1));
            (bool done, bytes memory answer) = address(network).call(owners[i].call_);
            isFalse(done, owners[i].signature);
            equal(bytes32(bytes4(answer)), bytes32(bytes4(keccak256("OwnableUnauthorizedAccount(address)"))), "owner");
        }
    }

    function test_what_is_open_is_not_refused_to_strangers_as_such() public {
        for (uint256 i; i < open.length; ++i) {
            if (keccak256(bytes(open[i].signature)) == keccak256("acceptOwnership()")) continue;
            vm.prank(STRANGER);
            // Without arguments most revert, but none for want of ownership.
            (, bytes memory answer) = address(network).call(abi.encodePacked(bytes4(keccak256(bytes(open[i].signature)))));
            isTrue(
                bytes4(answer) != bytes4(keccak256("OwnableUnauthorizedAccount(address)")), open[i].signature
            );
        }
    }

    function test_ownership_is_accepted_by_the_one_named() public {
        vm.prank(STRANGER);
        (bool done, bytes memory answer) = address(network).call(abi.encodeWithSignature("acceptOwnership()"));
        isFalse(done, "nobody was named");
        equal(bytes32(bytes4(answer)), bytes32(bytes4(keccak256("OwnableUnauthorizedAccount(address)"))), "owner");
    }

    /// Given up, ownership is nobody's: the network goes on without one.
    function test_a_renounced_network_goes_on() public {
        (bool done,) = address(network).call(abi.encodeWithSignature("renounceOwnership()"));
        isTrue(done, "given up");
        equal(network.settings().owner, address(0), "nobody's");
        for (uint256 i; i < owners.length; ++i) {
            (done,) = address(network).call(owners[i].call_);
            isFalse(done, owners[i].signature);
        }
        runEpochs(3);
        settleLive();
        isTrue(blockAt(1, 0).passed, "and goes on");
    }

    // ---- the list is whole --------------------------------------------------------------------------------

    function listed(bytes32 signature) private view returns (bool) {
        for (uint256 i; i < owners.length; ++i) {
            if (keccak256(bytes(owners[i].signature)) == signature) return true;
        }
        for (uint256 i; i < open.length; ++i) {
            if (keccak256(bytes(open[i].signature)) == signature) return true;
        }
        return false;
    }

    /// Every function of the deployed contracts that is not view or pure is on one of the lists, and what is on the lists
    /// is there.
    function test_every_function_that_changes_state_is_listed() public {
        for (uint256 i; i < parts.length; ++i) {
            string memory path = string.concat("out/", parts[i], ".sol/", parts[i], ".json");
            string memory json = vm.readFile(path);
            string[] memory signatures = vm.parseJsonKeys(json, ".methodIdentifiers");
            isTrue(signatures.length > 4, "read");
            for (uint256 k; k < signatures.length; ++k) {
                if (changesState(json, nameOf(signatures[k]))) meet(signatures[k]);
            }
        }
        equal(seen, owners.length + open.length, "each that is listed is there");
    }

    function meet(string memory signature) private {
        bytes32 key = keccak256(bytes(signature));
        isTrue(listed(key), string.concat("listed: ", signature));
        if (!met[key]) ++seen;
        met[key] = true;
    }

    function nameOf(string memory signature) private pure returns (bytes32) {
        bytes memory all = bytes(signature);
        uint256 length;
        while (all[length] != "(") ++length;
        bytes memory name = new bytes(length);
        for (uint256 i; i < length; ++i) {
            name[i] = all[i];
        }
        return keccak256(name);
    }

    /// @dev No function is overloaded: a name tells which.
    function changesState(string memory json, bytes32 name) private pure returns (bool) {
        for (uint256 i;; ++i) {
            string memory item = string.concat(".abi[", vm.toString(i), "]");
            if (keccak256(bytes(vm.parseJsonString(json, string.concat(item, ".type")))) != keccak256("function")) {
                continue;
            }
            if (keccak256(bytes(vm.parseJsonString(json, string.concat(item, ".name")))) != name) continue;
            bytes32 kind = keccak256(bytes(vm.parseJsonString(json, string.concat(item, ".stateMutability"))));
            return kind != keccak256("view") && kind != keccak256("pure");
        }
    }

    // ---- the document -------------------------------------------------------------------------------------

    /// The document names the selectors of all that is privileged, and no others.
    function test_the_document_lists_the_owners_selectors() public view {
        bytes memory all = bytes(vm.readFile("../docs/protocol.md"));
        (uint256 from, uint256 to) = (indexOf(all, "### 3.1", 0), indexOf(all, "### 3.2", 0));
        bytes memory section = new bytes(to - from);
        for (uint256 i; i < section.length; ++i) {
            section[i] = all[from + i];
        }
        for (uint256 i; i < owners.length; ++i) {
            indexOf(section, string.concat("`", selectorOf(owners[i].signature), "`"), 0);
        }
        indexOf(section, string.concat("`", selectorOf("acceptOwnership()"), "`"), 0);
        uint256 count;
        for (uint256 i; i + 2 < section.length; ++i) {
            if (section[i] == "`" && section[i + 1] == "0" && section[i + 2] == "x") ++count;
        }
        equal(count, owners.length + 1, "and no others");
    }

    function selectorOf(string memory signature) private pure returns (string memory) {
        return vm.toString(abi.encodePacked(bytes4(keccak256(bytes(signature)))));
    }

    /// @dev Reverts if it is not there.
    function indexOf(bytes memory all, string memory wanted_, uint256 from) private pure returns (uint256) {
        bytes memory wanted = bytes(wanted_);
        for (uint256 i = from; i + wanted.length <= all.length; ++i) {
            uint256 same;
            while (same < wanted.length && all[i + same] == wanted[same]) ++same;
            if (same == wanted.length) return i;
        }
        revert IsFalse(string.concat("in the document: ", wanted_));
    }
}
