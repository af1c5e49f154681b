// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    BlockView,
    EpochView,
    Equivocation,
    IProofOfAttestation,
    NetworkView,
    Parameters,
    Publication,
    Refusal,
    SeatView,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "./NetworkFixture.sol";

/// @dev Does what anybody may do, in any order, to a small network, and keeps the books beside it.
///
/// An action is about one transaction, so that hundreds of thousands can be tried. The devices agree on most verdicts:
/// one in `BAD_ONE_IN` blocks is bad, and one in sixteen marks is wrong or withheld.
contract NetworkHandler is NetworkFixture {
    uint256 private constant BAD_ONE_IN = 13;
    uint256 private constant GAS_MAX = 2_000_000;
    uint32 private constant SEATS_MAX = 40;
    address private constant REPORTER = address(0xAE90);

    struct Done {
        uint256 epochs;
        uint256 published;
        uint256 refused;
        uint256 settled;
        uint256 joined;
        uint256 rejoined;
        uint256 exits;
        uint256 removed;
        uint256 restarted;
        uint256 deposits;
        uint256 rewards;
        uint256 bounties;
        uint256 equivocations;
        uint256 pauses;
        uint256 adopted;
        uint256 revived;
        uint256 unseeded;
    }

    /// What was done so far, to see that the actions reach what they are for.
    Done private done;

    // Ghosts: what the contract's books must come to.
    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public unallocated;
    uint256 public mostGas;

    /// The epoch that was opened last in each slot of the ring, + 1.
    mapping(uint256 slot => uint256) public openedInSlot;
    /// Blocked seats, with the epoch of the last block they had then, + 1.
    mapping(uint32 seat => uint256) public blockedWith;
    mapping(uint256 epoch => mapping(uint256 order => uint256)) public decided;

    mapping(uint32 seat => bytes32) private ids;
    mapping(uint32 seat => bytes32) private digests;
    mapping(uint32 seat => uint256) private publishedBy;
    bytes32 private root;
    bool private running;
    bool private paused;
    uint32 private turn;
    uint256 private actions;

    function retentionEpochs() internal pure override returns (uint16) {
        return 16;
    }

    function maxSeats() internal pure override returns (uint32) {
        return SEATS_MAX;
    }

    /// @dev Small numbers, primes where they are amounts, so that much happens and nothing divides.
    function parameters() internal pure override returns (Parameters memory) {
        return Parameters(1, 3, 3, 4, 2, 2, 1_000, 5_000, 7_500, 1, 3, 4, 5_000, 1_000, 100_003, 997);
    }

    constructor() {
        deploy(4);
        token.approve(address(network), type(uint256).max);
        paidIn = 4 * 100_003;
        for (uint32 seat = 1; seat <= 4; ++seat) {
            ids[seat] = deviceId(seat);
        }
    }

    function chain() external view returns (IProofOfAttestation) {
        return network;
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(network));
    }

    function parameterChoices(uint256 dice) private pure returns (Parameters memory p) {
        p = parameters();
        p.maxPenalties = uint8(2 + dice % 5);
        p.finalityEpochs = uint8(1 + (dice >> 8) % 5);
        p.rewardDelayEpochs = uint16(1 + (dice >> 16) % 6);
        p.unbondingEpochs = uint16(1 + (dice >> 24) % 9);
        p.bountyBps = uint16((dice >> 32) % 5_001);
        p.restrictedRewardBps = uint16((dice >> 48) % 10_001);
        p.minDeposit = uint128(1 + (dice >> 64) % 200_003);
        p.rewardPerEpoch = (dice >> 96) % 4 == 0 ? 0 : uint128((dice >> 104) % 3_001);
    }

    // ---- actions ------------------------------------------------------------------------------------------

    /// @dev The next thing that usually happens: an opening, a publication, the next epoch.
    function step(uint256 dice) external {
        if (!running && (paused || nowEpoch() < network.network().resumesEpoch)) {
            _pause(false);
            _goOn(1);
        } else if (!running) _begin(dice);
        else if (_nextSeat(dice)) _publish(turn, dice);
        else _goOn(1);
        _after();
    }

    /// @dev Blocked seats mostly do not try.
    function _nextSeat(uint256 dice) private returns (bool) {
        uint32 seats = network.network().seats;
        while (++turn <= seats) {
            if (blockedWith[turn] == 0 || dice % 32 == 7) return true;
        }
        return false;
    }

    function settleSome(uint256 dice) external {
        BlockRef[] memory refs = new BlockRef[](8);
        uint32 now_ = nowEpoch();
        for (uint256 i; i < 8; ++i) {
            uint32 age = uint32(1 + (dice >> (16 * i)) % 4);
            uint32 order = uint32((dice >> (16 * i + 8)) % 6);
            refs[i] = BlockRef(now_ > age ? now_ - age : 0, i % 3 == 2 ? (1 << 20) - 1 - order : order);
        }
        uint256 before = gasleft();
        done.settled += network.settle(refs);
        _spent(before);
        _after();
    }

    function skip(uint256 dice) external {
        if (dice % 4 == 0) _goOn(uint32(1 + ((dice >> 4) % 7 == 0 ? (dice >> 8) % 21 : (dice >> 8) % 3)));
        _after();
    }

    function joinOne(uint256 dice) external {
        uint32 seat = network.network().seats + 1;
        if (!paused && nowEpoch() >= network.network().resumesEpoch && seat <= SEATS_MAX) {
            bytes32 id = keccak256(abi.encode("hardware", dice % 12));
            if (network.boundSeatOf(id) == 0) {
                _give(providerOf(seat));
                uint256 key = newKey();
                bytes memory call_ = abi.encodeCall(network.join, (registration(seat, id, key)));
                isTrue(_try(providerOf(seat), call_), "joins");
                (ids[seat], keyOf[seat]) = (id, key);
                ++done.joined;
            }
        }
        _after();
    }

    function rejoinOne(uint256 dice) external {
        uint32 seat = _any(dice);
        uint256 key = newKey();
        _give(providerOf(seat));
        bytes memory call_ = abi.encodeCall(network.rejoin, (seat, operatorOf(seat), vm.addr(key), MEASUREMENT));
        if (_try(providerOf(seat), call_)) {
            (keyOf[seat], certificatesOf[seat], operators[seat]) = (key, 0, operatorOf(seat));
            ++done.rejoined;
        }
        _after();
    }

    function exitOne(uint256 dice) external {
        uint32 seat = _any(dice);
        bool wanted = (dice >> 16) % 8 == 0;
        if (wanted && _try(providerOf(seat), abi.encodeCall(network.exit, (seat)))) ++done.exits;
        _after();
    }

    function removeOne(uint256 dice) external {
        if (_try(REPORTER, abi.encodeCall(network.remove, (_any(dice))))) ++done.removed;
        _after();
    }

    function restartOne(uint256 dice) external {
        if (dice % 8 == 0) _restart(_any(dice >> 8));
        _after();
    }

    function _restart(uint32 seat) private {
        uint256 key = newKey();
        bytes memory call_ = abi.encodeCall(network.restart, (seat, vm.addr(key), MEASUREMENT));
        if (_try(providerOf(seat), call_)) {
            (keyOf[seat], certificatesOf[seat]) = (key, 0);
            ++done.restarted;
        }
    }

    function setOperatorOne(uint256 dice) external {
        uint32 seat = _any(dice);
        address next = dice % 2 == 0 ? operatorOf(seat) : address(0x0B0B);
        if (_try(providerOf(seat), abi.encodeCall(network.setOperator, (seat, next)))) {
            (operators[seat], certificatesOf[seat]) = (next, 0);
        }
        _after();
    }

    function withdrawSome(uint256 dice) external {
        for (uint32 i; i < 4; ++i) {
            uint32 seat = _any(dice >> (16 * i));
            address to = providerOf(seat);
            if (_try(to, abi.encodeCall(network.withdrawDeposit, (seat)))) ++done.deposits;
            if (_try(to, abi.encodeCall(network.withdrawRewards, (seat)))) ++done.rewards;
        }
        if (_try(REPORTER, abi.encodeCall(network.withdrawBounty, ()))) ++done.bounties;
        _after();
    }

    function donate(uint256 dice) external {
        uint256 amount = dice % 7_919;
        token.mint(address(network), amount);
        paidIn += amount;
        unallocated += amount;
        _after();
    }

    function equivocate(uint256 dice) external {
        uint32 seat = _any(dice);
        if (running && (dice >> 32) % 48 == 0) {
            Equivocation memory pair = pairOf(seat);
            if (dice % 3 == 0) pair.second = pair.first;
            if (_try(REPORTER, abi.encodeCall(network.reportEquivocation, (pair)))) ++done.equivocations;
        }
        _after();
    }

    function pause(uint256 dice) external {
        if (dice % 16 == 0) {
            _pause(!paused);
            ++done.pauses;
        }
        _after();
    }

    function announce(uint256 dice) external {
        bytes memory call_ = abi.encodeCall(network.announceParameters, (parameterChoices(dice)));
        if (dice % 8 == 0) _try(address(this), call_);
        _after();
    }

    /// @dev Sometimes the owner waits for a standstill first.
    function revive(uint256 dice) external {
        bool waits = dice % 8 == 0;
        if (waits) _goOn(6);
        _try(address(this), abi.encodeCall(network.announceStandstill, ()));
        if (waits) _goOn(2);
        for (uint256 i; i < 4; ++i) {
            uint32[] memory seats = new uint32[](1);
            seats[0] = _any(dice >> (8 + 16 * i));
            if (_try(address(this), abi.encodeCall(network.revive, (seats)))) ++done.revived;
        }
        _after();
    }

    /// @dev A stranger tries what is not his: nothing of it goes through.
    function intrude(uint256 dice) external {
        uint32 seat = _any(dice);
        address stranger = address(0x5717A);
        bytes[6] memory calls = [
            abi.encodeCall(network.setPaused, (true)),
            abi.encodeCall(network.exit, (seat)),
            abi.encodeCall(network.withdrawDeposit, (seat)),
            abi.encodeCall(network.withdrawRewards, (seat)),
            abi.encodeCall(network.setOperator, (seat, stranger)),
            abi.encodeCall(network.restart, (seat, stranger, MEASUREMENT))
        ];
        isFalse(_try(stranger, calls[dice % 6]), "strangers");
        _after();
    }

    function requireDone() external view {
        isTrue(done.epochs > 100 && done.published > 600 && done.refused > 100, "epochs and publications");
        isTrue(done.settled > 20 && done.restarted > 5 && done.unseeded > 0, "settlements, restarts, openings anew");
        isTrue(done.joined > 10 && done.exits > 2 && done.rejoined > 0 && done.removed > 0, "coming and going");
        isTrue(done.deposits > 0 && done.rewards > 0 && done.bounties > 0, "withdrawals");
        isTrue(done.equivocations > 0 && done.pauses > 0 && done.adopted > 0, "proofs, pauses, parameters");
        isTrue(done.revived > 0, "revivals");
    }

    // ---- inside -------------------------------------------------------------------------------------------

    function _any(uint256 dice) private view returns (uint32) {
        return uint32(1 + dice % network.network().seats);
    }

    function _goOn(uint32 epochs) private {
        goTo(nowEpoch() + epochs);
        running = false;
        turn = 0;
    }

    function _pause(bool paused_) private {
        network.setPaused(paused_);
        paused = paused_;
    }

    function _spent(uint256 before) private {
        uint256 used = before - gasleft();
        if (used > mostGas) mostGas = used;
        isTrue(used <= GAS_MAX, "no call takes more than two million gas");
    }

    /// @dev Whatever it does to tokens is what the books beside it must show.
    function _try(address caller, bytes memory call_) private returns (bool succeeded) {
        uint256 before = token.balanceOf(address(network));
        vm.prank(caller);
        uint256 gas_ = gasleft();
        (succeeded,) = address(network).call(call_);
        _spent(gas_);
        uint256 after_ = token.balanceOf(address(network));
        if (after_ > before) paidIn += after_ - before;
        else paidOut += before - after_;
    }

    /// @dev Enough for a deposit of any size, whatever parameters are in force.
    function _give(address provider) private {
        token.mint(provider, 300_000);
        vm.prank(provider);
        token.approve(address(network), type(uint256).max);
    }

    /// @dev Opens the epoch, and mostly seeds it; the pot comes out of carry and of what is unallocated, no more than R12
    /// allows.
    function _begin(uint256 dice) private {
        uint32 epoch = nowEpoch();
        NetworkView memory before = network.network();
        if (openedInSlot[epoch % 16] == uint256(epoch) + 1 && _isPending(epoch)) {
            mine(260);
            ++done.unseeded;
        }
        uint256 gas_ = gasleft();
        network.openEpoch();
        _spent(gas_);
        NetworkView memory after_ = network.network();
        uint256 allocated = uint256(after_.carry) + after_.purses;
        uint256 fresh = allocated - before.carry - before.purses;
        (, uint256 from, Parameters memory next) = network.announcedParameters();
        Parameters memory p = network.parameters();
        uint256 most = from != 0 && from <= epoch ? next.rewardPerEpoch : p.rewardPerEpoch;
        isTrue(fresh == (most < unallocated ? most : unallocated) || fresh == 0, "fresh part of the pot");
        unallocated -= fresh;
        openedInSlot[epoch % 16] = uint256(epoch) + 1;
        if (dice % 16 == 0) {
            // Nobody seeds it; later calls open it anew, or the next epoch comes.
            if (dice % 32 == 0) _goOn(1);
            return;
        }
        mine(3);
        gas_ = gasleft();
        network.seedEpoch();
        _spent(gas_);
        (running, turn) = (true, 0);
        root = network.epochOf(epoch).root;
        ++done.epochs;
        if (from != 0 && from <= epoch) ++done.adopted;
    }

    function _isPending(uint32 epoch) private view returns (bool) {
        return !network.epochOf(epoch).opened;
    }

    function _publish(uint32 seat, uint256 dice) private {
        if (publishedBy[seat] == uint256(nowEpoch()) + 1 || dice % 24 == 0) return;
        Publication memory p;
        (p.seat, p.deviceId, p.incarnation) = (seat, ids[seat], vm.addr(keyOf[seat]));
        (p.measurement, p.certificatesHash) = (MEASUREMENT, certificatesOf[seat]);
        p.power = (dice >> 8) % 8 == 0 ? uint64(850 + (dice >> 16) % 300) : POWER;
        p.previousDigest = digests[seat];
        p.challenge = keccak256(abi.encode(keccak256("multee/challenge/v2"), root, uint256(seat)));
        p.marks = _marks(seat, dice >> 32);
        p.latestBindings = latestBindings(seat, p.marks);
        p.evidence = hex"01";
        if ((dice >> 24) % 32 == 0) p.certificates = abi.encode(dice);
        bytes32 digest = digestOf(p);
        (p.r, p.vs) = compact(keyOf[seat], digest);
        vm.prank(publisherOf(seat));
        uint256 before = gasleft();
        Refusal refusal = network.publish(p);
        _spent(before);
        if (refusal != Refusal.None) {
            ++done.refused;
            if (refusal == Refusal.Suspended && (dice >> 40) % 3 == 0) _restart(seat);
            if (refusal == Refusal.Blocked && blockedWith[seat] == 0) blockedWith[seat] = publishedBy[seat] + 1;
            return;
        }
        equal(blockedWith[seat], 0, "blocked for good");
        (digests[seat], publishedBy[seat]) = (digest, uint256(nowEpoch()) + 1);
        if (p.certificates.length != 0) certificatesOf[seat] = keccak256(p.certificates);
        ++done.published;
    }

    function _marks(uint32 seat, uint256 dice) private view returns (uint256 marks) {
        (bool ranked,, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(seat);
        if (!ranked) return 0;
        uint256 place;
        for (uint256 i; i < latest.length; ++i) {
            marks |= _mark(uint256(latest[i].epoch) << 20 | latest[i].order, dice >> (4 * place)) << (4 * place);
            ++place;
        }
        for (uint256 i; i < positions.length; ++i) {
            if (positions[i] != type(uint40).max) {
                marks |= _mark(uint256(positions[i]) << 64, dice >> (4 * place)) << (4 * place);
            }
            ++place;
        }
    }

    function _mark(uint256 what, uint256 dice) private pure returns (uint256) {
        if (dice % 16 == 0) return 0;
        bool bad = uint256(keccak256(abi.encode(what))) % BAD_ONE_IN == 0;
        return bad != (dice % 16 == 1) ? 3 : 1;
    }

    // ---- what holds after each action ---------------------------------------------------------------------

    function _after() private {
        NetworkView memory v = network.network();
        uint256 balance = token.balanceOf(address(network));
        uint256 booked = uint256(v.deposits) + v.bounties + v.carry + v.purses;
        equal(balance, booked + unallocated, "every token is somebody's, or unallocated");
        equal(balance, paidIn - paidOut, "what came in less what went out");
        if (++actions % 64 == 0) remember();
    }

    /// @dev What is decided stays decided.
    function remember() private {
        uint32 now_ = nowEpoch();
        for (uint32 age; age < 16 && age <= now_; ++age) {
            if (openedInSlot[(now_ - age) % 16] != uint256(now_ - age) + 1) continue;
            EpochView memory v = network.epochOf(now_ - age);
            for (uint32 i; i < v.weightedBlocks; ++i) {
                note(now_ - age, i);
            }
            for (uint32 i = 1; i <= v.weightlessBlocks; ++i) {
                note(now_ - age, (1 << 20) - i);
            }
        }
    }

    function note(uint32 epoch, uint32 order) private {
        BlockView memory v = network.blockOf(epoch, order);
        uint256 what = v.malicious ? 2 : v.decided ? 1 : v.honestForGood ? 3 : 0;
        uint256 before = decided[epoch][order];
        isTrue(before == 0 || before == what, "what is decided stays decided");
        if (what != before) decided[epoch][order] = what;
    }
}
