// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {BlockHead} from "./BlockHead.sol";
import {EpochCounts} from "./EpochHead.sol";
import {Clock, Cursor, EpochRecord, Opening, Rewards, Rings, Seat, State, Treasury} from "./State.sol";

/// @dev R12: pots, shares and rewards. Tokens move between what the treasury counts; none leaves here.
library Rewarding {
    using Rings for State;

    uint256 private constant BPS = 10_000;
    uint256 private constant BALANCE_GAS = 100_000;

    /// @dev A block's share of its epoch's pot. Without rank, as if of one place assigned none had been marked.
    function shareOf(uint256 power, uint256 tierBps, uint256 given, uint256 assigned) internal pure returns (uint256) {
        unchecked {
            return power * tierBps * (1 + given) / (BPS * (1 + assigned));
        }
    }

    /// @dev At an opening: closes the last opened epoch, empties the ring's slot, and fills a pot, or takes over that of
    /// an opening that got no seed.
    function fund(
        State storage s,
        Clock memory clock,
        Cursor memory cursor,
        Opening memory before,
        IERC20 token,
        uint256 rewardPerEpoch
    ) internal returns (uint128 pot) {
        Treasury memory treasury = s.treasury;
        if (before.pending) {
            EpochRecord storage kept = s.epochAt(clock, before.epoch);
            pot = kept.pot;
            kept.pot = 0;
        } else if (before.opened != 0) {
            EpochRecord storage last = s.epochAt(clock, cursor.lastOpened);
            if (EpochCounts.shares(last.counts) != 0) last.left = last.pot;
            else _toCarry(treasury, last.pot);
        }
        EpochRecord storage reused = s.epochAt(clock, clock.epoch);
        _toCarry(treasury, reused.left);
        reused.left = 0;
        if (!before.pending) pot = _fill(treasury, token, rewardPerEpoch);
        s.treasury = treasury;
    }

    function _toCarry(Treasury memory treasury, uint128 amount) private pure {
        treasury.purses -= amount;
        treasury.carry += amount;
    }

    function _fill(Treasury memory treasury, IERC20 token, uint256 rewardPerEpoch) private view returns (uint128 pot) {
        if (rewardPerEpoch == 0) return 0;
        uint128 carried = uint128(rewardPerEpoch < treasury.carry ? rewardPerEpoch : treasury.carry);
        uint256 fresh = _unallocated(treasury, token);
        if (fresh > rewardPerEpoch) fresh = rewardPerEpoch;
        pot = carried + uint128(fresh);
        treasury.carry -= carried;
        treasury.purses += pot;
    }

    /// @dev What the contract holds beyond what it owes and keeps. A token that does not tell the balance, or burns gas,
    /// stops no opening.
    function _unallocated(Treasury memory treasury, IERC20 token) private view returns (uint256) {
        (bool told, uint256 held) = _balance(token);
        uint256 allocated =
            uint256(treasury.deposits) + treasury.bounties + treasury.carry + treasury.purses;
        return told && held > allocated ? held - allocated : 0;
    }

    /// @dev In assembly, so that an answer of any length costs nothing to copy.
    function _balance(IERC20 token) private view returns (bool told, uint256 held) {
        bytes memory question = abi.encodeCall(IERC20.balanceOf, (address(this)));
        assembly ("memory-safe") {
            told := staticcall(BALANCE_GAS, token, add(question, 0x20), mload(question), 0, 0x20)
            told := and(told, gt(returndatasize(), 0x1f))
            held := mload(0)
        }
    }

    /// @dev Takes a block's part out of what is left of its epoch's pot: for its seat, or for carry.
    function take(
        State storage s,
        Clock memory clock,
        EpochRecord storage record,
        BlockHead head,
        bool toSeat
    ) internal returns (uint128 reward) {
        uint256 share = head.share();
        if (share == 0) return 0;
        uint128 pot = record.pot;
        if (pot == 0) return 0;
        reward = uint128(uint256(pot) * share / EpochCounts.shares(record.counts));
        if (reward == 0) return 0;
        record.left -= reward;
        if (toSeat) {
            _credit(s.seats[head.seat()].rewards, clock.epoch, s.parameters.rewardDelayEpochs, reward);
        } else {
            s.treasury.purses -= reward;
            s.treasury.carry += reward;
        }
    }

    function _credit(Rewards storage rewards, uint256 epoch, uint256 delay, uint128 reward) private {
        roll(rewards, epoch, delay);
        rewards.fresh += uint112(reward);
    }

    /// @dev Moves the buckets on: what is older than one to two delays has matured.
    function roll(Rewards storage rewards, uint256 epoch, uint256 delay) internal {
        uint256 rolledAt = rewards.rolledAt;
        uint256 delays = (epoch - rolledAt) / delay;
        if (delays == 0) return;
        (uint112 fresh, uint112 old) = (rewards.fresh, rewards.old);
        uint128 matured = delays == 1 ? old : uint128(old) + fresh;
        if (matured != 0) rewards.matured += matured;
        (rewards.fresh, rewards.old) = (0, delays == 1 ? fresh : 0);
        rewards.rolledAt = uint32(rolledAt + delays * delay);
    }

    /// @dev All that is owed to a seat, matured or not, goes to carry. Returns how much.
    function forfeit(State storage s, Seat storage seat) internal returns (uint128 lost) {
        Rewards storage rewards = seat.rewards;
        lost = uint128(rewards.fresh) + rewards.old + rewards.matured;
        if (lost == 0) return 0;
        (rewards.fresh, rewards.old, rewards.matured) = (0, 0, 0);
        s.treasury.purses -= lost;
        s.treasury.carry += lost;
    }
}
