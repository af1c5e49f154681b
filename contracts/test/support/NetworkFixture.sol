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
    ReferenceValue,
    Refusal,
    Registration,
    SeatView,
    Settings,
    Statement,
    Tier,
    Trust
} from "../../src/interfaces/IProofOfAttestation.sol";
import {TestToken} from "../../src/devnet/TestToken.sol";
import {Eip712} from "./Eip712.sol";
import {Expectations} from "./Expectations.sol";

/// @dev A network of devices with keys, and the loop they live in: open, seed, verify, publish, settle.
///
/// What honest verifiers find about a block is what its seat was when it published (`nature`): 1 valid, or the
/// negative mark. What a seat says about it is its `Manner`'s.
abstract contract NetworkFixture is Expectations {
    /// @dev How a seat marks. `Slandering` devices call the other camp's blocks bad and their own camp's valid.
    enum Manner {
        Honest,
        Lazy,
        Slandering,
        Praising,
        Absent
    }

    uint256 internal constant DEPOSIT = 1_000 ether;
    uint32 internal constant EPOCH_SECONDS = 86_400;
    bytes32 internal constant MEASUREMENT = keccak256("measurement");
    uint64 internal constant POWER = 1_000;

    TestToken internal token;
    IProofOfAttestation internal network;
    uint64 internal genesis;

    // The chain's clock, kept here: the compiler may hold `block.timestamp` for constant across a warp.
    uint256 internal nowSeconds = 1_760_000_000;
    uint256 internal height = 1_000;

    uint256 internal keysMade;
    mapping(uint32 seat => uint256) internal keyOf;
    mapping(uint32 seat => uint8) internal nature;
    mapping(uint32 seat => Manner) internal manner;
    /// Slandering devices only trust their own camp.
    mapping(uint32 seat => uint256) internal camp;
    /// What verifiers find about a seat's block of an epoch: its nature then.
    mapping(uint256 epoch => mapping(uint32 seat => uint8)) internal natureThen;
    bytes internal evidence = hex"0102030405060708";
    /// Hash of the certificates that a seat's incarnation published last; zero if none.
    mapping(uint32 seat => bytes32) internal certificatesOf;
    /// Verified power of founding seats.
    uint64 internal foundingPower = POWER;
    /// What a seat's benchmark says; `foundingPower` where nothing else was said.
    mapping(uint32 seat => uint64) internal powers;
    /// Who publishes for a seat; `operatorOf` where nobody else was named.
    mapping(uint32 seat => address) internal operators;

    // ---- deployment ---------------------------------------------------------------------------------------

    function retentionEpochs() internal pure virtual returns (uint16) {
        return 16;
    }

    function maxSeats() internal pure virtual returns (uint32) {
        return 128;
    }

    function parameters() internal view virtual returns (Parameters memory) {
        return Parameters({
            latestChecks: 2,
            suspiciousChecks: 40,
            decisionMarks: 52,
            maxPenalties: 13,
            fullGainStreak: 5,
            finalityEpochs: 8,
            powerToleranceBps: 1_000,
            scoreGainBps: 3_000,
            admissionScore: 7_500,
            restartCooldownEpochs: 1,
            rewardDelayEpochs: 90,
            unbondingEpochs: 14,
            restrictedRewardBps: 5_000,
            bountyBps: 1_000,
            minDeposit: uint128(DEPOSIT),
            rewardPerEpoch: 0
        });
    }

    function settings() internal view returns (Settings memory) {
        return Settings(address(token), address(this), genesis, EPOCH_SECONDS, retentionEpochs(), maxSeats());
    }

    /// @dev A network with `founders` seats, 1…founders, at the start of epoch 0.
    function deploy(uint256 founders) internal {
        vm.warp(nowSeconds);
        vm.roll(height);
        token = TestToken(vm.deployCode("TestToken.sol:TestToken"));
        genesis = uint64(nowSeconds + 1 days);
        network = IProofOfAttestation(deployContracts(settings(), parameters()));
        token.mint(address(this), 1_000_000_000 ether);
        token.approve(address(network), type(uint256).max);
        for (uint256 i; i < founders; ++i) {
            found();
        }
        network.setPolicy("{\"policy\":\"test\"}");
        ReferenceValue[] memory values = new ReferenceValue[](1);
        values[0] = ReferenceValue(MEASUREMENT, 0, type(uint32).max);
        network.setReferenceValues(values);
        goTo(0);
    }

    /// @dev From their artifacts: a test that contained them would be compiled with them anew.
    function deployContracts(Settings memory s, Parameters memory p) internal returns (address) {
        return vm.deployCode("ProofOfAttestation.sol:ProofOfAttestation", abi.encode(s, p, deployRegistry(s)));
    }

    function deployRegistry(Settings memory s) internal returns (address) {
        return vm.deployCode("Registry.sol:Registry", abi.encode(s, vm.deployCode("Reader.sol:Reader", abi.encode(s))));
    }

    function found() internal returns (uint32 seat) {
        uint256 key = newKey();
        uint32 next = network.network().seats + 1;
        seat = network.found(providerOf(next), registration(next, deviceId(next), key), foundingPower);
        _remember(seat, key);
    }

    /// @dev A provisional seat under `id`.
    function join(bytes32 id) internal returns (uint32 seat) {
        uint256 key = newKey();
        uint32 next = network.network().seats + 1;
        address provider = providerOf(next);
        token.mint(provider, DEPOSIT);
        vm.prank(provider);
        token.approve(address(network), DEPOSIT);
        vm.prank(provider);
        seat = network.join(registration(next, id, key));
        _remember(seat, key);
    }

    function joinNew() internal returns (uint32 seat) {
        return join(deviceId(network.network().seats + 1));
    }

    function restart(uint32 seat) internal {
        uint256 key = newKey();
        vm.prank(providerOf(seat));
        network.restart(seat, vm.addr(key), MEASUREMENT);
        (keyOf[seat], certificatesOf[seat]) = (key, 0);
    }

    function setOperator(uint32 seat, address operator) internal {
        vm.prank(providerOf(seat));
        network.setOperator(seat, operator);
        (operators[seat], certificatesOf[seat]) = (operator, 0);
    }

    function exit(uint32 seat) internal {
        vm.prank(providerOf(seat));
        network.exit(seat);
    }

    /// @dev With a new incarnation, for the deposit of the day.
    function rejoin(uint32 seat) internal {
        uint256 key = newKey();
        uint128 deposit = network.parameters().minDeposit;
        token.mint(providerOf(seat), deposit);
        vm.prank(providerOf(seat));
        token.approve(address(network), deposit);
        vm.prank(providerOf(seat));
        network.rejoin(seat, operatorOf(seat), vm.addr(key), MEASUREMENT);
        (keyOf[seat], certificatesOf[seat], operators[seat]) = (key, 0, operatorOf(seat));
    }

    function withdrawDeposit(uint32 seat) internal returns (uint256) {
        vm.prank(providerOf(seat));
        return network.withdrawDeposit(seat);
    }

    function withdrawRewards(uint32 seat) internal returns (uint256) {
        vm.prank(providerOf(seat));
        return network.withdrawRewards(seat);
    }

    function _remember(uint32 seat, uint256 key) private {
        keyOf[seat] = key;
        nature[seat] = 1;
    }

    function newKey() internal returns (uint256) {
        return uint256(keccak256(abi.encode("key", ++keysMade)));
    }

    function registration(uint32 seat, bytes32 id, uint256 key) internal pure returns (Registration memory) {
        return Registration(operatorOf(seat), id, vm.addr(key), MEASUREMENT);
    }

    function deviceId(uint32 seat) internal pure returns (bytes32) {
        return keccak256(abi.encode("device", seat));
    }

    function operatorOf(uint32 seat) internal pure returns (address) {
        return address(uint160(0x10000000 + seat));
    }

    function providerOf(uint32 seat) internal pure returns (address) {
        return address(uint160(0x20000000 + seat));
    }

    // ---- time ---------------------------------------------------------------------------------------------

    function goTo(uint256 epoch) internal {
        nowSeconds = genesis + epoch * EPOCH_SECONDS;
        vm.warp(nowSeconds);
        mine(1);
    }

    function mine(uint256 blocks) internal {
        height += blocks;
        vm.roll(height);
    }

    function nowEpoch() internal view returns (uint32) {
        return uint32((nowSeconds - genesis) / EPOCH_SECONDS);
    }

    function nextEpoch() internal {
        goTo(nowEpoch() + 1);
    }

    function openAndSeed() internal {
        network.openEpoch();
        mine(3);
        network.seedEpoch();
    }

    /// @dev Epochs are opened and seeded, and nobody publishes.
    function idle(uint256 epochs) internal {
        for (uint256 i; i < epochs; ++i) {
            openAndSeed();
            nextEpoch();
        }
    }

    // ---- publishing ---------------------------------------------------------------------------------------

    function powerOf(uint32 seat) internal view returns (uint64) {
        return powers[seat] == 0 ? foundingPower : powers[seat];
    }

    function publisherOf(uint32 seat) internal view returns (address) {
        return operators[seat] == address(0) ? operatorOf(seat) : operators[seat];
    }

    function publication(uint32 seat, uint256 marks) internal view returns (Publication memory p) {
        SeatView memory v = network.seatOf(seat);
        (p.deviceId, p.incarnation, p.measurement) = (v.deviceId, v.incarnation, v.measurement);
        p.certificatesHash = certificatesOf[seat];
        p.seat = seat;
        p.power = powerOf(seat);
        p.previousDigest = v.lastDigest;
        p.challenge = network.challengeOf(seat);
        p.propertiesDigest = keccak256("properties");
        p.marks = marks;
        p.latestBindings = latestBindings(seat, marks);
        p.evidence = evidence;
        return signed(p, keyOf[seat]);
    }

    /// @dev What a device states of the latest blocks that it marks, when it has judged what the contract keeps of them.
    function latestBindings(uint32 seat, uint256 marks) internal view returns (bytes32) {
        (,, BlockRef[] memory latest,) = network.assignmentOf(seat);
        bytes memory judged;
        for (uint256 i; i < latest.length; ++i) {
            if ((marks >> (4 * i)) & 15 != 0) judged = bytes.concat(judged, bindingOf(latest[i]));
        }
        return judged.length == 0 ? bytes32(0) : keccak256(judged);
    }

    function bindingOf(BlockRef memory ref) internal view returns (bytes32) {
        return network.blockOf(ref.epoch, ref.order).evidenceBinding;
    }

    /// @dev Signed anew, in EIP-2098's compact form.
    function signed(Publication memory p, uint256 key) internal view returns (Publication memory) {
        (p.r, p.vs) = compact(key, digestOf(p));
        return p;
    }

    function compact(uint256 key, bytes32 digest) internal pure returns (bytes32, bytes32) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return (r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    /// @dev The block's EIP-712 digest, computed here from its definition alone.
    function digestOf(Publication memory p) internal view returns (bytes32) {
        return digestOf(p, nowEpoch());
    }

    function digestOf(Publication memory p, uint32 epoch) internal view returns (bytes32) {
        bytes32 inner = keccak256(
            abi.encode(
                Eip712.BLOCK_TYPEHASH,
                p.seat,
                p.deviceId,
                p.incarnation,
                epoch,
                p.previousDigest,
                p.challenge,
                p.measurement,
                p.power,
                p.propertiesDigest,
                p.marks,
                p.latestBindings
            )
        );
        return keccak256(abi.encodePacked(hex"1901", Eip712.domainSeparator(block.chainid, address(network)), inner));
    }

    function send(Publication memory p) internal returns (Refusal) {
        if (natureThen[nowEpoch()][p.seat] == 0) natureThen[nowEpoch()][p.seat] = nature[p.seat];
        vm.prank(publisherOf(p.seat));
        Refusal refusal = network.publish(p);
        if (refusal == Refusal.None && p.certificates.length != 0) certificatesOf[p.seat] = keccak256(p.certificates);
        return refusal;
    }

    function publish(uint32 seat, uint256 marks) internal returns (Refusal) {
        return send(publication(seat, marks));
    }

    /// @dev Publishes with the marks that the seat's manner gives.
    function publish(uint32 seat) internal returns (Refusal) {
        return publish(seat, marksOf(seat));
    }

    // ---- equivocation -------------------------------------------------------------------------------------

    /// @dev Two blocks of `seat` for its present challenge, apart in their power, signed by its key.
    function pairOf(uint32 seat) internal view returns (Equivocation memory pair) {
        SeatView memory v = network.seatOf(seat);
        pair.seat = seat;
        pair.incarnation = v.incarnation;
        pair.epoch = nowEpoch();
        pair.previousDigest = v.lastDigest;
        pair.challenge = network.challengeOf(seat);
        pair.first = Statement(v.measurement, 1_000, "properties", 0, 0, 0, 0);
        pair.second = Statement(v.measurement, 1_001, "properties", 0, 0, 0, 0);
        signPair(pair, keyOf[seat]);
    }

    function signPair(Equivocation memory pair, uint256 key) internal view {
        signStatement(pair, pair.first, key);
        signStatement(pair, pair.second, key);
    }

    /// @dev Signs in place.
    function signStatement(Equivocation memory pair, Statement memory statement, uint256 key) internal view {
        (statement.r, statement.vs) = compact(key, digestOf(pair, statement));
    }

    function digestOf(Equivocation memory pair, Statement memory statement) internal view returns (bytes32) {
        Publication memory p;
        (p.seat, p.power, p.previousDigest, p.challenge) =
            (pair.seat, statement.power, pair.previousDigest, pair.challenge);
        (p.propertiesDigest, p.marks, p.latestBindings) =
            (statement.propertiesDigest, statement.marks, statement.latestBindings);
        (p.deviceId, p.incarnation, p.measurement) =
            (network.seatOf(pair.seat).deviceId, pair.incarnation, statement.measurement);
        return digestOf(p, pair.epoch);
    }

    // ---- verdicts -----------------------------------------------------------------------------------------

    function verdict(uint32 marker, uint32 target, uint256 epoch) internal view returns (uint256) {
        Manner how = manner[marker];
        if (how == Manner.Lazy) return 0;
        if (how == Manner.Praising) return 1;
        if (how == Manner.Slandering) return camp[marker] == camp[target] ? 1 : 2;
        return natureThen[epoch][target];
    }

    function marksOf(uint32 seat) internal view returns (uint256 marks) {
        (,, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(seat);
        uint256 place;
        for (uint256 i; i < latest.length; ++i) {
            marks |= verdictOn(seat, latest[i]) << (4 * place++);
        }
        for (uint256 i; i < positions.length; ++i) {
            if (positions[i] != type(uint40).max) {
                (BlockRef memory ref,,,,) = network.logEntry(positions[i]);
                marks |= verdictOn(seat, ref) << (4 * place);
            }
            ++place;
        }
    }

    /// @dev Abstains on blocks that left the rings: whatever is said of them is ignored.
    function verdictOn(uint32 marker, BlockRef memory ref) internal view returns (uint256) {
        try network.blockOf(ref.epoch, ref.order) returns (BlockView memory v) {
            return verdict(marker, v.seat, ref.epoch);
        } catch {
            return 0;
        }
    }

    // ---- whole epochs -------------------------------------------------------------------------------------

    /// @dev Opens the epoch and lets every seat that may publish do so, in the order of their numbers.
    function runEpoch() internal {
        settleLive();
        openAndSeed();
        publishAll();
    }

    function publishAll() internal {
        uint32 seats = network.network().seats;
        for (uint32 seat = 1; seat <= seats; ++seat) {
            if (mayTry(seat)) publish(seat);
        }
    }

    function mayTry(uint32 seat) internal view returns (bool) {
        if (manner[seat] == Manner.Absent) return false;
        SeatView memory v = network.seatOf(seat);
        return v.tier != Tier.Blocked && v.tier != Tier.Suspended && !v.exiting
            && !(v.hasPublished && v.lastEpoch == nowEpoch());
    }

    function runEpochs(uint256 epochs) internal {
        for (uint256 i; i < epochs; ++i) {
            runEpoch();
            nextEpoch();
        }
    }

    /// @dev Settles what is due, oldest epoch first, as agents do when an epoch ends.
    function settleLive() internal {
        uint256 epoch = nowEpoch();
        uint256 first = epoch + 1 > retentionEpochs() ? epoch + 1 - retentionEpochs() : 0;
        for (; first < epoch; ++first) {
            settleEpoch(uint32(first));
        }
    }

    function settleEpoch(uint32 epoch) internal {
        try network.epochOf(epoch) returns (EpochView memory v) {
            settleOrders(epoch, 0, v.weightedBlocks);
            settleOrders(epoch, (1 << 20) - v.weightlessBlocks, v.weightlessBlocks);
        } catch {}
    }

    function settleOrders(uint32 epoch, uint32 first, uint32 count) internal {
        while (count > 0) {
            uint32 now_ = count < 16 ? count : 16;
            BlockRef[] memory refs = new BlockRef[](now_);
            for (uint32 i; i < now_; ++i) {
                refs[i] = BlockRef(epoch, first + i);
            }
            network.settle(refs);
            (first, count) = (first + now_, count - now_);
        }
    }

    function settle(uint32 seat, uint32 epoch) internal returns (bool) {
        BlockRef[] memory refs = new BlockRef[](1);
        refs[0] = BlockRef(epoch, network.blockOfSeat(seat, epoch).order);
        return network.settle(refs) == 1;
    }

    // ---- reading ------------------------------------------------------------------------------------------

    function scoreOf(uint32 seat) internal view returns (uint256) {
        return network.seatOf(seat).score;
    }

    function tierOf(uint32 seat) internal view returns (Tier) {
        return network.seatOf(seat).tier;
    }

    function blockAt(uint32 seat, uint32 epoch) internal view returns (BlockView memory) {
        return network.blockOfSeat(seat, epoch);
    }

    /// @dev A digest of everything that the views show: equal before and after iff nothing changed.
    function fingerprint() internal view returns (bytes32 print) {
        NetworkView memory v = network.network();
        (bytes32 listDigest, ReferenceValue[] memory values) = network.referenceValues();
        print = keccak256(abi.encode(v, network.policyDigest(), listDigest, values, token.balanceOf(address(network))));
        print = keccak256(abi.encode(print, network.parameters(), network.bountyOf(address(this))));
        (bool announced, uint32 from, Parameters memory next) = network.announcedParameters();
        print = keccak256(abi.encode(print, announced, from, next));
        for (uint32 seat = 1; seat <= v.seats; ++seat) {
            SeatView memory seatView = network.seatOf(seat);
            print = keccak256(abi.encode(print, seatView, network.boundSeatOf(seatView.deviceId)));
        }
        for (uint40 position; position < v.logEnd; ++position) {
            (BlockRef memory ref, uint32 positive, uint32 negative, uint8 count, uint8 outcome) =
                network.logEntry(position);
            print = keccak256(abi.encode(print, ref, positive, negative, count, outcome));
        }
        uint32 epoch = v.epoch;
        for (uint32 i; i < retentionEpochs() && i <= epoch; ++i) {
            print = keccak256(abi.encode(print, _epochPrint(epoch - i)));
        }
    }

    function _epochPrint(uint32 epoch) private view returns (bytes32 print) {
        try network.epochOf(epoch) returns (EpochView memory v) {
            print = keccak256(abi.encode(v));
            for (uint32 i; i < v.weightedBlocks; ++i) {
                print = keccak256(abi.encode(print, network.blockOf(epoch, i)));
            }
            for (uint32 i = 1; i <= v.weightlessBlocks; ++i) {
                print = keccak256(abi.encode(print, network.blockOf(epoch, (1 << 20) - i)));
            }
        } catch {}
    }
}
