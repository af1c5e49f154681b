// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A token that behaves until it is told otherwise: it lies about balances, burns gas, or calls back when it is asked
/// to transfer.
contract HostileToken {
    enum Answer {
        Honest,
        Revert,
        BurnGas,
        Short,
        Long,
        Empty,
        Everything,
        Nothing
    }

    Answer public answer;
    mapping(address account => uint256) private balances;
    address private target;
    bytes private call_;
    bool private inTransfer;
    /// What calling back came to, for each call.
    bool[] public succeeded;

    function mint(address to, uint256 amount) external {
        balances[to] += amount;
    }

    /// @dev Tokens vanish from an account.
    function burn(address from, uint256 amount) external {
        balances[from] -= amount;
    }

    function become(Answer answer_) external {
        answer = answer_;
    }

    /// @dev From now on each transfer calls `target_` with `data` first.
    function callBack(address target_, bytes calldata data) external {
        (target, call_) = (target_, data);
    }

    function calls() external view returns (uint256) {
        return succeeded.length;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        require(amount != 0, "nothing to move");
        if (target != address(0)) {
            (bool done,) = target.call(call_);
            succeeded.push(done);
        }
        balances[from] -= amount;
        balances[to] += amount;
        return true;
    }

    function trueBalanceOf(address account) external view returns (uint256) {
        return balances[account];
    }

    function balanceOf(address account) external view returns (uint256) {
        Answer now_ = answer;
        if (now_ == Answer.Honest) return balances[account];
        if (now_ == Answer.Everything) return type(uint256).max;
        if (now_ == Answer.Nothing) return 0;
        if (now_ == Answer.Revert) revert("no");
        if (now_ == Answer.BurnGas) {
            for (uint256 i; gasleft() > 0; ++i) {
                keccak256(abi.encode(i));
            }
        }
        uint256 held = balances[account];
        assembly {
            mstore(0, held)
            // Short, empty, or a hundred thousand bytes.
            if eq(now_, 3) { return(0, 31) }
            if eq(now_, 5) { return(0, 0) }
            return(0, 100000)
        }
    }
}
