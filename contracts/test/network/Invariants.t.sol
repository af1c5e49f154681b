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
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev Does what anybody may do, in any order.
contract NetworkHandler is NetworkFixture {
    /// What a block was decided to be, 1 honest, 2 malicious, 3 honest for good: never to change.
    mapping(uint256 epoch => mapping(uint256 order => uint256)) public decided;
    uint256 public decisions;
    uint256 public blocksPublished;
    uint256 public contradictions;
    bool public opened;

    constructor() {
        deploy(7);
    }

    function chain() external view returns (IProofOfAttestation) {
        return network;
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(network));
    }

    function anySeat(uint256 dice) private view returns (uint32) {
        return uint32(1 + dice % network.network().seats);
    }

    // ---- actions ------------------------------------------------------------------------------------------

    /// @dev A whole epoch, as it mostly is; sometimes without agents that settle.
    function live(uint256 dice) external {
        if (dice % 3 != 0) settleLive();
        if (!opened) openAndSeed();
        publishAll();
        ++blocksPublished;
        nextEpoch();
        opened = false;
        remember();
    }

    function publishOne(uint256 dice) external {
        if (!opened) openAndSeed();
        opened = true;
        uint32 seat = anySeat(dice);
        if (mayTry(seat)) publish(seat);
        remember();
    }

    function settleSome(uint256 dice) external {
        uint32 epoch = nowEpoch();
        settleEpoch(epoch - uint32(dice % (epoch < 20 ? epoch + 1 : 20)));
        remember();
    }

    function skip(uint8 epochs) external {
        goTo(nowEpoch() + 1 + (epochs % 4 == 0 ? epochs % 21 : epochs % 3));
        opened = false;
        remember();
    }

    function turn(uint256 dice) external {
        uint32 seat = anySeat(dice);
        nature[seat] = uint8((dice >> 32) % 5 == 0 ? 2 + (dice >> 64) % 5 : 1);
        manner[seat] = (dice >> 96) % 3 == 0 ? Manner((dice >> 128) % 5) : Manner.Honest;
        camp[seat] = (dice >> 160) % 2;
    }

    function joinOne(uint256 dice) external {
        if (network.network().seats > 24) return;
        uint256 id = dice % 6;
        bytes32 device = keccak256(abi.encode("joiner", id));
        if (network.boundSeatOf(device) == 0) join(device);
    }

    function restartOne(uint256 dice) external {
        uint32 seat = anySeat(dice);
        SeatView memory v = network.seatOf(seat);
        if (v.tier == Tier.Blocked || v.exiting) return;
        if (v.tier == Tier.Suspended && nowEpoch() < v.suspendedEpoch + 1) return;
        restart(seat);
    }

    function removeOne(uint256 dice) external {
        uint32 seat = anySeat(dice);
        SeatView memory v = network.seatOf(seat);
        if (v.admitted || v.exiting || v.tier == Tier.Blocked || nowEpoch() < v.joinedEpoch + 16) return;
        network.remove(seat);
        if (dice % 2 == 0) network.withdrawBounty();
    }

    // ---- ghosts -------------------------------------------------------------------------------------------

    function remember() private {
        uint32 now_ = nowEpoch();
        for (uint32 age; age < 16 && age <= now_; ++age) {
            try network.epochOf(now_ - age) returns (EpochView memory v) {
                for (uint32 i; i < v.weightedBlocks; ++i) {
                    note(now_ - age, i);
                }
                for (uint32 i = 1; i <= v.weightlessBlocks; ++i) {
                    note(now_ - age, (1 << 20) - i);
                }
            } catch {}
        }
    }

    function note(uint32 epoch, uint32 order) private {
        BlockView memory v = network.blockOf(epoch, order);
        uint256 what = v.malicious ? 2 : v.decided ? 1 : v.honestForGood ? 3 : 0;
        uint256 before = decided[epoch][order];
        if (before != 0 && before != what) ++contradictions;
        if (before == 0 && what != 0) ++decisions;
        decided[epoch][order] = what;
    }
}

/// @dev What holds whatever anybody does.
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

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory actions = new bytes4[](11);
        // Twice as likely: an epoch that goes by as usual.
        (actions[0], actions[1], actions[2]) = (handler.live.selector, handler.live.selector, handler.live.selector);
        (actions[3], actions[4]) = (handler.publishOne.selector, handler.settleSome.selector);
        (actions[5], actions[6], actions[7]) = (handler.skip.selector, handler.turn.selector, handler.joinOne.selector);
        (actions[8], actions[9]) = (handler.restartOne.selector, handler.removeOne.selector);
        actions[10] = handler.turn.selector;
        targets[0] = FuzzSelector(address(handler), actions);
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 60
    function invariant_books_seats_and_blocks() public view {
        books();
        seats();
        blocks();
        equal(handler.contradictions(), 0, "what is decided stays decided");
    }

    /// @dev Every token is somebody's: deposits, carry and bounties.
    function books() private view {
        NetworkView memory v = network.network();
        equal(handler.held(), v.deposits + v.carry + v.bounties + v.purses, "every token accounted for");
        uint256 deposits;
        for (uint32 seat = 1; seat <= v.seats; ++seat) {
            deposits += network.seatOf(seat).funds.deposit;
        }
        equal(deposits, v.deposits, "the sum of deposits");
    }

    function seats() private view {
        uint32 count = network.network().seats;
        for (uint32 seat = 1; seat <= count; ++seat) {
            SeatView memory v = network.seatOf(seat);
            isTrue(v.score <= 10_000, "score");
            isTrue(v.streak <= 5, "streak");
            isTrue(v.penalties <= 13, "penalties");
            if (v.tier == Tier.Blocked) equal(v.funds.deposit, 0, "a blocked seat has no deposit");
            if (v.tier == Tier.Full || v.tier == Tier.Warning || v.tier == Tier.Restricted) {
                isTrue(v.score >= 5_000, "who is at large has 5000 or more");
                isTrue(v.admitted, "and is admitted");
            }
            if (v.admitted) equal(network.boundSeatOf(v.deviceId), seat, "one admitted seat a device");
            else isTrue(v.exiting || v.tier == Tier.Probation || v.tier == Tier.Blocked, "others are provisional");
        }
    }

    function blocks() private view {
        uint32 now_ = network.network().epoch;
        for (uint32 age; age < 16 && age <= now_; ++age) {
            try network.epochOf(now_ - age) returns (EpochView memory v) {
                isTrue(v.weightedBlocks + v.weightlessBlocks <= network.network().seats, "a block a seat");
                isTrue(v.windowSize <= 63 || v.windowSize <= v.rosterSize, "window");
                for (uint32 i; i < v.weightedBlocks; ++i) {
                    one(network.blockOf(now_ - age, i), true);
                }
                for (uint32 i = 1; i <= v.weightlessBlocks; ++i) {
                    one(network.blockOf(now_ - age, (1 << 20) - i), false);
                }
            } catch {}
        }
    }

    function one(BlockView memory v, bool weighted) private view {
        isTrue((v.weight > 0) == weighted, "order tells weight");
        if (!weighted) equal(v.countedMarks, 0, "marks without weight do not count");
        // No mark weighs more than 10000, and none less than 2500.
        isTrue(uint256(v.positive) + v.negative <= uint256(v.count) * 10_000, "tally");
        isTrue(uint256(v.positive) + v.negative >= uint256(v.count) * 2_500, "tally");
        isTrue(!(v.decided && !v.logged), "only logged blocks are decided");
        isTrue(!v.malicious || v.decided, "malicious by decision");
        if (v.malicious) isTrue(v.negative > v.positive, "by weight");
        else if (v.decided) isTrue(v.negative <= v.positive, "by weight");
        if (v.logged) isTrue(v.position < network.network().logEnd, "in the log");
        equal(network.blockOfSeat(v.seat, v.epoch).order, v.order, "its seat knows it");
    }

    /// The actions reach what they are for.
    function test_actions_do_something() public {
        for (uint256 i; i < 10; ++i) {
            handler.joinOne(i);
            handler.turn(uint256(keccak256(abi.encode(i))));
            handler.live(i);
        }
        isTrue(handler.decisions() > 5, "decisions");
        isTrue(network.network().seats > 10, "joiners");
    }
}
