// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    BlockView,
    IProofOfAttestation,
    Publication,
    Refusal,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev The attacks that R1–R9, R11 and R17 answer.
contract AttacksTest is NetworkFixture {
    function setUp() public {
        deploy(9);
    }

    // ---- identity -----------------------------------------------------------------------------------------

    /// A device that claims another's hardware id: its peers read the id from its evidence, and mark 4.
    function test_a_device_that_lies_about_its_hardware_id_falls() public {
        uint32 liar = join("somebody's hardware");
        nature[liar] = 4;
        runEpochs(2);
        settleLive();
        isTrue(tierOf(liar) == Tier.Blocked, "blocked");
        equal(network.seatOf(liar).funds.deposit, 0, "its deposit is gone");
        equal(network.network().carry, DEPOSIT, "to carry");
        equal(network.trustOf("somebody's hardware").seat, 0, "the id is free");
        uint32 owner = join("somebody's hardware");
        runEpochs(2);
        settleLive();
        equal(network.boundSeatOf("somebody's hardware"), owner, "for the real hardware");
    }

    /// Squatters come first, and one after the other: each loses its seat, and the hardware is admitted at last.
    function test_squatters_cannot_keep_hardware_out() public {
        uint32[3] memory squatters = [join("hw"), join("hw"), join("hw")];
        uint32 owner = join("hw");
        for (uint256 i; i < 3; ++i) {
            nature[squatters[i]] = 4;
        }
        uint256 epochs;
        for (; epochs < 12 && network.boundSeatOf("hw") == 0; ++epochs) {
            runEpoch();
            nextEpoch();
            settleLive();
        }
        equal(network.boundSeatOf("hw"), owner, "the owner");
        isTrue(epochs <= 8, "two epochs each");
        for (uint256 i; i < 3; ++i) {
            isTrue(tierOf(squatters[i]) == Tier.Blocked, "squatters blocked");
            equal(network.seatOf(squatters[i]).funds.deposit, 0, "and their deposits gone");
        }
        equal(network.network().carry, 3 * DEPOSIT, "to carry");
        isTrue(network.trustOf("hw").operational, "the owner's device is trusted");
    }

    /// A squatter who waits to be removed, or leaves in time, gains nothing either: nothing of it binds.
    function test_a_squatter_that_leaves_frees_the_id() public {
        uint32 squatter = join("hw");
        uint32 owner = join("hw");
        nature[squatter] = 4;
        openAndSeed();
        publish(squatter, 0);
        exit(squatter);
        equal(uint256(publish(owner, 0)), uint256(Refusal.RivalClaim), "until its block is judged");
        publishAll();
        nextEpoch();
        runEpochs(1);
        settleLive();
        isTrue(tierOf(squatter) == Tier.Blocked, "judged all the same");
        equal(network.seatOf(squatter).funds.deposit, 0, "and slashed");
        runEpochs(2);
        settleLive();
        equal(network.boundSeatOf("hw"), owner, "the real hardware");
    }

    /// A clone with an extracted key of an admitted device gets no seat at all.
    function test_a_second_machine_with_an_admitted_devices_id_gets_no_seat() public {
        bytes32 before = fingerprint();
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.DeviceIdBound.selector, deviceId(4), 4));
        network.join(registration(77, deviceId(4), newKey()));
        equal(fingerprint(), before, "nothing changed");
    }

    // ---- floods -------------------------------------------------------------------------------------------

    /// Joiners cannot bury the log: one undecided block each, and a malicious one costs the seat.
    function test_a_flood_of_joiners_costs_a_deposit_each_and_buries_nobody() public {
        uint32 first = network.network().seats + 1;
        for (uint256 i; i < 30; ++i) {
            nature[joinNew()] = 2;
        }
        nature[9] = 3;
        runEpochs(1);
        equal(network.network().logEnd, 30, "one entry each");
        nature[9] = 1;
        runEpochs(1);
        isTrue(network.network().logEnd <= 32, "and no more while undecided");
        runEpochs(3);
        settleLive();
        for (uint32 seat = first; seat < first + 30; ++seat) {
            isTrue(tierOf(seat) == Tier.Blocked, "blocked at once");
        }
        equal(network.network().carry, 30 * DEPOSIT, "thirty deposits");
        isTrue(blockAt(9, 0).malicious, "the admitted liar is judged all the same");
        for (uint32 seat = 1; seat <= 8; ++seat) {
            equal(scoreOf(seat), 10_000, "nobody is hurt");
        }
    }

    // ---- replay -------------------------------------------------------------------------------------------

    function test_no_replay_across_epochs() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        nextEpoch();
        openAndSeed();
        expectSignatureWrong(2, p);
        p.challenge = network.challengeOf(2);
        expectSignatureWrong(2, p);
    }

    /// A key that signs for this epoch over the challenge of another: evidence older than the seed.
    function test_no_evidence_from_before_the_seed() public {
        openAndSeed();
        bytes32 old = network.challengeOf(2);
        nextEpoch();
        openAndSeed();
        Publication memory p = publication(2, 0);
        p.challenge = old;
        p = signed(p, keyOf[2]);
        bytes32 expected = network.challengeOf(2);
        vm.prank(operatorOf(2));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.ChallengeWrong.selector, expected));
        network.publish(p);
    }

    function test_no_replay_across_seats() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        p.seat = 3;
        expectSignatureWrong(3, p);
        p.challenge = network.challengeOf(3);
        (p.deviceId, p.incarnation) = (deviceId(3), vm.addr(keyOf[3]));
        expectSignatureWrong(3, p);
    }

    /// Even where two seats run one key: seat and device are under the signature.
    function test_no_replay_across_seats_of_one_key() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        address shared = vm.addr(keyOf[2]);
        vm.prank(operatorOf(3));
        network.restart(3, shared, MEASUREMENT);
        p.seat = 3;
        p.challenge = network.challengeOf(3);
        expectSignatureWrong(3, p);
        // Nor does the shared key speak for the other seat's device.
        p = signed(p, keyOf[2]);
        vm.prank(operatorOf(3));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.IdentityWrong.selector, 3));
        network.publish(p);
    }

    function test_no_replay_across_contracts() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        IProofOfAttestation first = network;
        uint256 made = keysMade;
        keysMade = 0;
        deploy(9);
        equal(keysMade, made, "same keys, same seats");
        isTrue(address(network) != address(first), "another network");
        openAndSeed();
        isTrue(network.challengeOf(2) != first.challengeOf(2), "another challenge");
        expectSignatureWrong(2, p);
        p.challenge = network.challengeOf(2);
        expectSignatureWrong(2, p);
    }

    function test_no_replay_across_chains() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        vm.chainId(block.chainid + 1);
        expectSignatureWrong(2, p);
        nextEpoch();
        openAndSeed();
        p.challenge = network.challengeOf(2);
        expectSignatureWrong(2, p);
    }

    function expectSignatureWrong(uint32 seat, Publication memory p) private {
        bytes32 digest = digestOf(p);
        vm.prank(operatorOf(seat));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SignatureWrong.selector, digest));
        network.publish(p);
    }

    /// A signature's twin, n − s, is refused where it even fits the compact form: one block, one transaction.
    function test_no_malleable_signature() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        uint256 twin = n - (uint256(p.vs) & (type(uint256).max >> 1));
        // n − s is above n/2 and mostly has the top bit, which is the parity's place: s itself is then another's.
        p.vs = bytes32((twin & (type(uint256).max >> 1)) | ((1 - (uint256(p.vs) >> 255)) << 255));
        expectSignatureWrong(2, p);
    }

    // ---- grinding -----------------------------------------------------------------------------------------

    /// Opening again, for a better seed, is possible only when the first is out of everybody's reach.
    function test_no_second_draw_while_the_first_is_to_be_had() public {
        network.openEpoch();
        for (uint256 i; i < 258; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EpochAlreadyOpened.selector, 0));
            network.openEpoch();
            mine(1);
        }
        // Anybody's call takes the first.
        network.seedEpoch();
        isTrue(network.epochOf(0).opened, "seeded");
    }

    // ---- slander and collusion ----------------------------------------------------------------------------

    /// Slander at a quarter of the weight: honest devices keep their standing, slanderers lose theirs.
    function test_slander_at_a_fifth_does_not_pay() public {
        deploy(15);
        for (uint32 seat = 13; seat <= 15; ++seat) {
            (manner[seat], camp[seat]) = (Manner.Slandering, 1);
        }
        runEpochs(16);
        settleLive();
        for (uint32 seat = 1; seat <= 12; ++seat) {
            isTrue(scoreOf(seat) >= 9_000, "honest");
            equal(network.seatOf(seat).penalties, 0, "without a point");
        }
        for (uint32 seat = 13; seat <= 15; ++seat) {
            isTrue(tierOf(seat) == Tier.Suspended, "slanderers");
        }
    }

    /// Who publishes first, in every epoch, gains nothing: the tallies are judged when the epoch is over.
    function test_liars_who_publish_first_do_not_decide() public {
        for (uint32 seat = 1; seat <= 3; ++seat) {
            (manner[seat], camp[seat]) = (Manner.Slandering, 1);
        }
        // They have the lowest numbers: publishAll lets them go first each time.
        runEpochs(12);
        settleLive();
        for (uint32 seat = 4; seat <= 9; ++seat) {
            equal(network.seatOf(seat).penalties, 0, "nobody honest is decided malicious");
        }
        for (uint32 seat = 1; seat <= 3; ++seat) {
            isTrue(tierOf(seat) == Tier.Suspended, "they fall");
        }
    }

    // ---- outage -------------------------------------------------------------------------------------------

    /// Verifiers that cannot determine anything abstain: nobody falls, and all is as before when they are back.
    function test_a_verifier_outage_harms_nobody() public {
        runEpochs(3);
        for (uint32 seat = 1; seat <= 9; ++seat) {
            manner[seat] = Manner.Lazy;
        }
        runEpochs(4);
        for (uint32 seat = 1; seat <= 9; ++seat) {
            manner[seat] = Manner.Honest;
        }
        runEpochs(6);
        settleLive();
        for (uint32 seat = 1; seat <= 9; ++seat) {
            equal(scoreOf(seat), 10_000, "unharmed");
            isTrue(blockAt(seat, 5).decided, "what nobody had checked is judged afterwards");
        }
    }

    // ---- hostile settlement -------------------------------------------------------------------------------

    /// Settling one's own block first gains nothing: it is due only when those it judged can be decided.
    function test_a_slanderer_cannot_outrun_its_judgement() public {
        runEpochs(2);
        (manner[9], camp[9]) = (Manner.Slandering, 1);
        runEpochs(1);
        manner[9] = Manner.Honest;
        runEpochs(1);
        isFalse(settle(9, 2), "not before its victims");
        runEpochs(1);
        settleLive();
        isTrue(scoreOf(9) < 9_000, "judged");
    }
}

/// @dev Retention that is no power of two: ring places of hostile block references.
contract HostileReferencesTest is NetworkFixture {
    function retentionEpochs() internal pure override returns (uint16) {
        return 20;
    }

    /// An order beyond 20 bits must not reach a block of its slot under a false name: the log entry would name
    /// another epoch's block, and no mark would ever count for the real one.
    function test_a_block_is_settled_under_its_own_name_only() public {
        deploy(6);
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Lazy;
        }
        goTo(25);
        runEpochs(2);
        // Epoch 25 is in slot 5; order + 4·2^20 is the same place of the ring.
        BlockView memory v = blockAt(6, 25);
        isTrue(v.due && !v.logged, "unchecked, to be logged");
        BlockRef[] memory refs = new BlockRef[](1);
        refs[0] = BlockRef(25, v.order + (4 << 20));
        equal(network.settle(refs), 0, "no such block");
        isFalse(blockAt(6, 25).logged, "untouched");
        isTrue(settle(6, 25), "by its name");
        (BlockRef memory ref,,,,) = network.logEntry(blockAt(6, 25).position);
        equal(ref.epoch, 25, "entry");
        equal(ref.order, v.order, "entry");
    }
}
