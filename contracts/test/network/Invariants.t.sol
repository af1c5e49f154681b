// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockView,
    EpochView,
    IProofOfAttestation,
    NetworkView,
    SeatView,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {Expectations} from "../support/Expectations.sol";
import {NetworkHandler} from "../support/NetworkHandler.sol";

/// @dev What holds whatever anybody does. After every action the handler holds its own books against the contract's, to the
/// smallest unit; here is what takes a look at every seat and block, every so often.
contract InvariantsTest is Expectations {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    NetworkHandler private handler;
    IProofOfAttestation private network;

    function setUp() public {
        handler = new NetworkHandler();
        network = handler.chain();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev A step is likelier than all else together, so that the network lives.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory actions = new bytes4[](48);
        bytes4[15] memory others = everything();
        for (uint256 i; i < 48; ++i) {
            actions[i] = i < 15 ? others[i] : i < 18 ? handler.settleSome.selector : handler.step.selector;
        }
        targets[0] = FuzzSelector(address(handler), actions);
    }

    function everything() private view returns (bytes4[15] memory) {
        return [
            handler.settleSome.selector,
            handler.skip.selector,
            handler.joinOne.selector,
            handler.rejoinOne.selector,
            handler.exitOne.selector,
            handler.removeOne.selector,
            handler.restartOne.selector,
            handler.setOperatorOne.selector,
            handler.withdrawSome.selector,
            handler.donate.selector,
            handler.equivocate.selector,
            handler.pause.selector,
            handler.announce.selector,
            handler.revive.selector,
            handler.intrude.selector
        ];
    }

    /// forge-config: default.invariant.runs = 210
    /// forge-config: default.invariant.depth = 1000
    /// forge-config: default.invariant.check-interval = 125
    /// forge-config: default.invariant.dictionary-weight = 0
    /// forge-config: default.invariant.include-storage = false
    /// forge-config: default.invariant.include-push-bytes = false
    function invariant_books_seats_and_blocks() public view {
        seats();
        blocks();
        purses();
    }

    /// @dev Purses are the running pot, what is left of the others, and what seats are owed.
    function purses() private view {
        NetworkView memory v = network.network();
        uint256 sum;
        uint256 latest;
        for (uint256 slot; slot < 16; ++slot) {
            uint256 epoch = handler.openedInSlot(slot);
            if (epoch == 0) continue;
            sum += network.epochOf(uint32(epoch - 1)).left;
            if (epoch > latest) latest = epoch;
        }
        if (latest != 0) sum += network.epochOf(uint32(latest - 1)).pot;
        for (uint32 seat = 1; seat <= v.seats; ++seat) {
            SeatView memory s = network.seatOf(seat);
            sum += uint256(s.funds.newRewards) + s.funds.oldRewards + s.funds.maturedRewards;
        }
        equal(v.purses, sum, "the sum of purses");
        equal(handler.held(), uint256(v.deposits) + v.bounties + v.carry + v.purses + handler.unallocated(), "books");
        equal(v.bounties, network.bountyOf(address(0xAE90)), "the sum of bounties");
    }

    function seats() private view {
        NetworkView memory network_ = network.network();
        uint256 deposits;
        for (uint32 seat = 1; seat <= network_.seats; ++seat) {
            SeatView memory v = network.seatOf(seat);
            deposits += v.funds.deposit;
            isTrue(v.score <= 10_000, "score");
            isTrue(v.streak <= 2, "streak");
            isTrue(v.penalties <= 6, "penalties");
            if (v.tier == Tier.Blocked) _blocked(seat, v);
            else equal(handler.blockedWith(seat), 0, "blocked for good");
            if (v.tier == Tier.Full || v.tier == Tier.Warning || v.tier == Tier.Restricted) {
                isTrue(v.score >= 5_000, "who is at large has 5000 or more");
                isTrue(v.admitted, "and is admitted");
            }
            if (v.admitted) equal(network.boundSeatOf(v.deviceId), seat, "one admitted seat a device");
            else isTrue(v.exiting || v.tier == Tier.Probation || v.tier == Tier.Blocked, "others are provisional");
            if (v.funds.paidOut) isTrue(v.exiting && v.funds.deposit == 0, "who was paid has left");
        }
        equal(deposits, network_.deposits, "the sum of deposits");
    }

    /// @dev A blocked seat has neither money nor, since the handler saw it blocked, a new block.
    function _blocked(uint32 seat, SeatView memory v) private view {
        equal(v.funds.deposit, 0, "no deposit");
        equal(uint256(v.funds.newRewards) + v.funds.oldRewards + v.funds.maturedRewards, 0, "no rewards");
        uint256 then = handler.blockedWith(seat);
        if (then != 0) equal(v.hasPublished ? uint256(v.lastEpoch) + 1 : 0, then - 1, "no block");
    }

    /// @dev Newest first: a tally holds no more than the weight of all blocks of later epochs.
    function blocks() private view {
        uint32 now_ = network.network().epoch;
        uint256 weightSince;
        uint256 countSince;
        for (uint32 age; age < 16 && age <= now_; ++age) {
            if (handler.openedInSlot((now_ - age) % 16) != uint256(now_ - age) + 1) continue;
            EpochView memory v = network.epochOf(now_ - age);
            isTrue(v.weightedBlocks + v.weightlessBlocks <= network.network().seats, "a block a seat");
            isTrue(v.windowSize <= 63 || v.windowSize <= v.rosterSize, "window");
            uint256 weight;
            uint256 shares;
            for (uint32 i; i < v.weightedBlocks; ++i) {
                BlockView memory b = network.blockOf(now_ - age, i);
                one(b, true, weightSince, countSince);
                weight += b.weight;
                shares += b.share;
            }
            for (uint32 i = 1; i <= v.weightlessBlocks; ++i) {
                one(network.blockOf(now_ - age, (1 << 20) - i), false, weightSince, countSince);
            }
            equal(v.shares, shares, "the sum of shares");
            isTrue(v.left <= v.pot, "what is left of a pot");
            weightSince += weight;
            countSince += v.weightedBlocks;
        }
    }

    function one(BlockView memory v, bool weighted, uint256 weightSince, uint256 countSince) private view {
        isTrue((v.weight > 0) == weighted, "order tells weight");
        if (!weighted) equal(v.countedMarks, 0, "marks without weight do not count");
        if (!weighted) equal(v.share, 0, "nor do they earn");
        if (v.off) isTrue(!weighted && v.logged, "off: without weight, and suspicious");
        // No mark weighs more than 10000, and none less than 2500.
        uint256 sum = uint256(v.positive) + v.negative;
        isTrue(sum <= uint256(v.count) * 10_000, "tally");
        isTrue(sum >= uint256(v.count) * 2_500, "tally");
        isTrue(sum <= weightSince && v.count <= countSince, "no more than those that could mark it weigh");
        isTrue(!(v.decided && !v.logged), "only logged blocks are decided");
        isTrue(!v.malicious || v.decided, "malicious by decision");
        if (v.malicious) isTrue(v.negative > v.positive, "by weight");
        else if (v.decided) isTrue(v.negative <= v.positive, "by weight");
        if (v.logged) isTrue(v.position < network.network().logEnd, "in the log");
        equal(network.blockOfSeat(v.seat, v.epoch).order, v.order, "its seat knows it");
    }

    /// The actions reach what they are for.
    function test_actions_do_something() public {
        bytes4[15] memory others = everything();
        for (uint256 i; i < 6_000; ++i) {
            uint256 dice = uint256(keccak256(abi.encode("actions", i)));
            bytes4 action = dice % 3 == 0 ? others[(dice >> 8) % 15] : handler.step.selector;
            (bool done,) = address(handler).call(abi.encodeWithSelector(action, dice >> 16));
            isTrue(done, "goes through");
            if (i % 250 == 0) this.invariant_books_seats_and_blocks();
        }
        handler.requireDone();
    }
}
