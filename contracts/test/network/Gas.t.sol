// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Parameters, Publication} from "../../src/interfaces/IProofOfAttestation.sol";
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
        uint256 used = vm.lastCallGas().gasTotalUsed;
        if (used < m.least) m.least = used;
        if (used > m.most) m.most = used;
        m.sum += used;
        ++m.samples;
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
}
