// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token without worth, for devnets, the demo and tests: anyone mints.
contract TestToken is ERC20 {
    constructor() ERC20("MulTEEverse test token", "tMULT") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
