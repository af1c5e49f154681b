// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockRef, Parameters, Publication, ReferenceValue} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev What one publication costs, with 1350 bytes of evidence, in the second lap of the rings: alone, where agents
/// have settled what was due; with the settlement of its own seat's blocks; and with 3700 bytes of certificates, as the first of
/// an incarnation has them. Every call is a transaction of its own here, so that the figures hold its base fee, its
/// calldata and cold storage. They are printed with `-vv`.
///
/// The gain is so small that devices that joined stay in tier Warning: all their blocks are flagged, and each window is
/// as full as there are such devices, up to capacity.
/// forge-config: default.isolate = true
contract GasTest is NetworkFixture {
    struct Spread {
        uint256 least;
        uint256 most;
        uint256 sum;
        uint256 samples;
        uint256 marks;
    }

    address private constant CONSOLE = 0x000000000000000000636F6e736F6c652e6c6f67;

    function parameters() internal view override returns (Parameters memory p) {
        p = super.parameters();
        p.scoreGainBps = 1;
        p.rewardPerEpoch = 100 ether;
    }

    /// What `sample` adds to publications.
    bytes private certificates;

    /// @dev `founders` in tier Full and `others` in Warning, in the second lap of the rings.
    function grow(uint256 founders, uint256 others) private {
        deploy(founders);
        token.mint(address(network), 1_000_000 ether);
        for (uint256 i; i < others; ++i) {
            joinNew();
        }
        // In calls of their own, whose memory is freed.
        for (uint256 i; i < 20; ++i) {
            this.warmUp();
        }
    }

    function warmUp() external {
        settleLive();
        openAndSeed();
        publishAll();
        nextEpoch();
    }

    /// @dev Publications after agents settled, and, an epoch later, some that settle themselves.
    function both(string memory what) private returns (Spread memory m) {
        this.settleAsAgents();
        m = measure(what);
        nextEpoch();
        Spread memory own = measure(string.concat(what, ", settling its own"));
        equal(own.marks, m.marks, "as many marks");
        isTrue(own.sum > m.sum && own.most < 3 * m.most / 2, "settlement is paid for, and bounded");
    }

    /// @dev The same, where every seat brings certificates along.
    function first(string memory what) private returns (Spread memory m) {
        nextEpoch();
        this.settleAsAgents();
        certificates = filled(3_700);
        m = measure(string.concat(what, ", with certificates"));
    }

    function filled(uint256 size) private pure returns (bytes memory data) {
        data = new bytes(size);
        for (uint256 i; i < size; ++i) {
            data[i] = bytes1(uint8(1 + i % 255));
        }
    }

    function settleAsAgents() external {
        settleLive();
    }

    function measure(string memory what) private returns (Spread memory m) {
        m.least = type(uint256).max;
        evidence = filled(1_350);
        openAndSeed();
        network.seedEpoch();
        uint256 idle = vm.lastCallGas().gasTotalUsed;
        isTrue(idle > 21_000 && idle < 40_000, "figures hold the base fee and cold storage");
        uint32 seats = network.network().seats;
        for (uint32 seat = 1; seat <= seats; ++seat) {
            uint256 free;
            assembly {
                free := mload(0x40)
            }
            sample(m, seat);
            // Each sample's memory is used again: 58 of them would be too much.
            assembly {
                mstore(0x40, free)
            }
        }
        print(what, m);
    }

    function sample(Spread memory m, uint32 seat) private {
        Publication memory p = publication(seat, marksOf(seat));
        p.certificates = certificates;
        natureThen[nowEpoch()][seat] = nature[seat];
        vm.prank(operatorOf(seat));
        network.publish(p);
        count_(m);
        if (certificates.length != 0) certificatesOf[seat] = keccak256(certificates);
        for (uint256 rest = p.marks; rest != 0; rest >>= 4) {
            if (rest & 15 != 0) ++m.marks;
        }
    }

    function print(string memory what, Spread memory m) private view {
        string memory line = string.concat(what, ": least ", vm.toString(m.least));
        line = string.concat(line, ", mean ", vm.toString(m.sum / m.samples), ", most ", vm.toString(m.most));
        (bool done,) = CONSOLE.staticcall(abi.encodeWithSignature("log(string)", line));
        isTrue(done, "printed");
    }

    function test_gas_of_12_seats_without_suspicion() public {
        grow(12, 0);
        Spread memory m = both("12 seats, 2 marks");
        equal(m.marks / m.samples, 2, "marks");
        isTrue(m.most < 260_000, "bounded");
        Spread memory f = first("12 seats, 2 marks");
        isTrue(f.least > m.least + 3_700 * 24 && f.most < 420_000, "certificates are paid for once");
    }

    function test_gas_of_12_seats_with_6_suspicious_blocks() public {
        grow(6, 6);
        Spread memory m = both("12 seats, 2 + 6 marks");
        equal(m.marks / m.samples, 8, "marks");
        isTrue(m.most < 280_000, "bounded");
    }

    function test_gas_of_58_seats_with_a_full_window() public {
        grow(18, 40);
        Spread memory m = both("58 seats, 2 + 40 marks");
        equal(network.epochOf(nowEpoch() - 1).windowSize, 40, "W");
        equal(m.marks / m.samples, 42, "marks");
        isTrue(m.most < 400_000, "bounded");
        isTrue(first("58 seats, 2 + 40 marks").most < 560_000, "bounded");
    }

    // ---- the greatest calls -------------------------------------------------------------------------------

    /// What the limits of section 3 are for: the greatest call of each kind stays below two million.
    function test_no_call_takes_more_than_two_million_gas() public {
        grow(24, 40);
        this.settleAsAgents();
        certificates = filled(3_700);
        openAndSeed();
        evidence = filled(16_384 - 3_700);
        // Nobody settles, so that publications settle three blocks each.
        measureSome("greatest publication");
        certificates = "";
        evidence = filled(10);
        publishAll();
        for (uint256 i; i < 3; ++i) {
            nextEpoch();
            openAndSeed();
            publishAll();
        }
        nextEpoch();
        nextEpoch();
        settleSixteen();
        governing();
    }

    function measureSome(string memory what) private {
        Spread memory m;
        m.least = type(uint256).max;
        for (uint32 seat = 1; seat <= 60; seat += 12) {
            sample(m, seat);
        }
        print(what, m);
        isTrue(m.most < 2_000_000, "publication");
    }

    function settleSixteen() private {
        Spread memory m;
        m.least = type(uint256).max;
        uint256 settled;
        for (uint32 epoch = nowEpoch() - 4; epoch < nowEpoch() - 1; ++epoch) {
            uint32 count = network.epochOf(epoch).weightedBlocks;
            for (uint32 first_; first_ + 16 <= count; first_ += 16) {
                BlockRef[] memory refs = new BlockRef[](16);
                for (uint32 i; i < 16; ++i) {
                    refs[i] = BlockRef(epoch, first_ + i);
                }
                settled += network.settle(refs);
                count_(m);
            }
        }
        isTrue(settled >= 32, "many were due");
        print("settlement of sixteen", m);
        isTrue(m.most < 2_000_000, "settlement");
    }

    function count_(Spread memory m) private view {
        uint256 used = vm.lastCallGas().gasTotalUsed;
        if (used < m.least) m.least = used;
        if (used > m.most) m.most = used;
        m.sum += used;
        ++m.samples;
    }

    function governing() private {
        Spread memory m;
        m.least = type(uint256).max;
        network.setPolicy(filled(24_576));
        count_(m);
        for (uint256 round; round < 2; ++round) {
            ReferenceValue[] memory values = new ReferenceValue[](32);
            for (uint256 i; i < 32; ++i) {
                values[i] = ReferenceValue(bytes32(1 + 2 * i + round), 1, type(uint32).max);
            }
            network.setReferenceValues(values);
            count_(m);
        }
        network.announceParameters(parameters());
        count_(m);
        goTo(nowEpoch() + 60);
        network.openEpoch();
        count_(m);
        mine(3);
        network.seedEpoch();
        count_(m);
        network.announceStandstill();
        goTo(nowEpoch() + 2);
        uint32[] memory seats = new uint32[](64);
        for (uint32 i; i < 64; ++i) {
            seats[i] = i + 1;
        }
        network.revive(seats);
        count_(m);
        print("the owner's calls and an opening after a long time", m);
        isTrue(m.most < 2_000_000, "governance");
    }
}
