// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @dev What a test expects. A failed expectation reverts with what was compared.
abstract contract Expectations {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// Tells forge to run the functions that begin with `test`.
    bool public constant IS_TEST = true;

    error Differs(string what, uint256 is_, uint256 expected);
    error DiffersBytes(string what, bytes32 is_, bytes32 expected);
    error IsFalse(string what);

    function equal(uint256 is_, uint256 expected, string memory what) internal pure {
        if (is_ != expected) revert Differs(what, is_, expected);
    }

    function equal(bytes32 is_, bytes32 expected, string memory what) internal pure {
        if (is_ != expected) revert DiffersBytes(what, is_, expected);
    }

    function equal(address is_, address expected, string memory what) internal pure {
        if (is_ != expected) {
            revert DiffersBytes(what, bytes32(uint256(uint160(is_))), bytes32(uint256(uint160(expected))));
        }
    }

    function isTrue(bool value, string memory what) internal pure {
        if (!value) revert IsFalse(what);
    }

    function isFalse(bool value, string memory what) internal pure {
        if (value) revert IsFalse(what);
    }

    /// @dev `value` brought into low..=high, all values about equally likely.
    function within(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        if (high - low == type(uint256).max) return value;
        return low + value % (high - low + 1);
    }
}
