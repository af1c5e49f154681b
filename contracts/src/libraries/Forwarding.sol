// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Runs other code in this contract's storage. The code is fixed at deployment: no proxy, no upgrade.
library Forwarding {
    /// @dev Hands the call on and its answer back, both unread. Does not return.
    function forward(address code) internal {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let done := delegatecall(gas(), code, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(done) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }
}
