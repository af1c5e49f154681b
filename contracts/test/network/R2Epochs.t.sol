// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochView, IProofOfAttestation, NetworkView, Publication} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R2: epochs open, get a seed that nobody could know, and freeze what they are judged by.
contract R2EpochsTest is NetworkFixture {
    bytes32 private constant SEED_DOMAIN = keccak256("multee/seed/v1");

    function setUp() public {
        deploy(5);
    }

    function seedFrom(uint32 epoch, bytes32 last, uint256 source) private view returns (bytes32) {
        return keccak256(abi.encode(SEED_DOMAIN, block.chainid, address(network), epoch, last, blockhash(source)));
    }

    function test_opening_fixes_the_block_after_next_as_source() public {
        network.openEpoch();
        EpochView memory v = network.epochOf(0);
        equal(v.seedBlock, height + 2, "seed block");
        isFalse(v.opened, "opened without a seed");
        equal(v.root, bytes32(0), "root");
        equal(network.network().lastSeed, bytes32(0), "seed");
    }

    function test_seed_is_the_hash_of_the_source_block_bound_to_chain_contract_epoch_and_last_seed() public {
        network.openEpoch();
        uint256 source = height + 2;
        mine(3);
        network.seedEpoch();
        bytes32 first = network.network().lastSeed;
        equal(first, seedFrom(0, 0, source), "first seed");
        nextEpoch();
        network.openEpoch();
        source = height + 2;
        mine(200);
        network.seedEpoch();
        equal(network.network().lastSeed, seedFrom(1, first, source), "second seed");
    }

    /// @dev 4.4, from its definition alone.
    function rootFrom(EpochView memory v, bytes32 seed) private view returns (bytes32) {
        uint256 start = genesis + uint256(v.epoch) * EPOCH_SECONDS;
        return keccak256(
            abi.encode(
                keccak256("multee/epoch/v1"),
                block.chainid,
                address(network),
                v.epoch,
                start,
                seed,
                v.policyDigest,
                v.referenceDigest
            )
        );
    }

    /// Whenever in the epoch the seed is set: its root holds the epoch's start.
    function test_root_binds_seed_chain_contract_epoch_time_policy_and_list() public {
        for (uint32 epoch; epoch < 40; epoch = 2 * epoch + 1) {
            goTo(epoch);
            vm.warp(nowSeconds + EPOCH_SECONDS - 1);
            network.openEpoch();
            mine(3);
            bytes32 seed = seedFrom(epoch, network.network().lastSeed, height - 1);
            EpochView memory v = network.epochOf(epoch);
            vm.expectEmit(address(network));
            emit IProofOfAttestation.EpochSeeded(epoch, seed, rootFrom(v, seed));
            network.seedEpoch();
            equal(network.epochOf(epoch).root, rootFrom(v, seed), "root");
            equal(network.network().lastSeed, seed, "seed");
        }
    }

    function test_root_differs_by_chain_policy_and_list() public {
        network.openEpoch();
        mine(3);
        uint256 before = vm.snapshotState();
        network.seedEpoch();
        bytes32 root = network.epochOf(0).root;
        vm.revertToState(before);
        before = vm.snapshotState();
        vm.chainId(block.chainid + 1);
        network.seedEpoch();
        isTrue(network.epochOf(0).root != root, "chain");
        vm.revertToState(before);
        vm.chainId(31_337);
        vm.setBlockhash(network.epochOf(0).seedBlock, keccak256("another"));
        network.seedEpoch();
        isTrue(network.epochOf(0).root != root, "seed");
    }

    /// The opener chooses when to open, but the block whose hash counts comes after; so the seed differs with it.
    function test_opener_cannot_choose_the_seed() public {
        uint256 before = vm.snapshotState();
        bytes32 known = blockhash(height - 1);
        network.openEpoch();
        uint256 source = height + 2;
        vm.roll(height + 3);
        vm.setBlockhash(source, keccak256("one block"));
        network.seedEpoch();
        bytes32 one = network.network().lastSeed;
        bytes32 root = network.epochOf(0).root;
        vm.revertToState(before);
        vm.roll(height);
        equal(blockhash(height - 1), known, "what the opener sees");
        network.openEpoch();
        vm.roll(height + 3);
        vm.setBlockhash(source, keccak256("another block"));
        network.seedEpoch();
        isTrue(network.network().lastSeed != one, "seed follows the later block alone");
        isTrue(network.epochOf(0).root != root, "and with it the root");
    }

    function test_no_publication_up_to_the_source_block() public {
        network.openEpoch();
        uint64 source = uint64(height + 2);
        Publication memory p;
        p.seat = 1;
        for (uint256 i; i < 3; ++i) {
            vm.prank(operatorOf(1));
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeedNotYetKnown.selector, source));
            network.publish(p);
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeedNotYetKnown.selector, source));
            network.seedEpoch();
            mine(1);
        }
        network.seedEpoch();
        isTrue(network.epochOf(0).opened, "opened");
    }

    /// A publication sets the seed, too; its challenge must have foreseen it.
    function test_first_publication_sets_the_seed() public {
        network.openEpoch();
        uint256 source = height + 2;
        mine(3);
        uint256 before = vm.snapshotState();
        network.seedEpoch();
        Publication memory p = publication(1, 0);
        vm.revertToState(before);
        isFalse(network.epochOf(0).opened, "not yet");
        send(p);
        equal(network.network().lastSeed, seedFrom(0, 0, source), "seed");
        isTrue(network.epochOf(0).root != 0, "root");
    }

    function test_seed_lives_for_256_blocks() public {
        network.openEpoch();
        uint64 source = uint64(height + 2);
        mine(2 + 257);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeedExpired.selector, source));
        network.seedEpoch();
        height -= 1;
        vm.roll(height);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EpochAlreadyOpened.selector, 0));
        network.openEpoch();
        network.seedEpoch();
        isTrue(network.epochOf(0).opened, "at the last block");
    }

    function test_reopening_only_after_expiry_fixes_a_new_source() public {
        network.openEpoch();
        mine(2 + 257);
        network.openEpoch();
        equal(network.epochOf(0).seedBlock, height + 2, "new source");
        mine(3);
        network.seedEpoch();
        isTrue(network.epochOf(0).opened, "opened");
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EpochAlreadyOpened.selector, 0));
        network.openEpoch();
        mine(1_000);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EpochAlreadyOpened.selector, 0));
        network.openEpoch();
    }

    function test_seed_is_set_in_its_own_epoch_or_never() public {
        network.openEpoch();
        mine(3);
        nextEpoch();
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EpochNotOpened.selector, 1));
        network.seedEpoch();
        openAndSeed();
        EpochView memory v = network.epochOf(1);
        isFalse(network.epochOf(0).opened, "an opening without a seed is no opened epoch");
        equal(v.previousOpened, 0, "no epoch before");
        equal(network.network().openedEpochs, 1, "one opened epoch");
    }

    function test_epoch_is_the_clocks() public {
        equal(network.network().epoch, 0, "at genesis");
        vm.warp(genesis + EPOCH_SECONDS - 1);
        equal(network.network().epoch, 0, "last second");
        vm.warp(genesis + EPOCH_SECONDS);
        equal(network.network().epoch, 1, "next");
    }

    function test_opening_freezes_policy_and_reference_digests() public {
        openAndSeed();
        bytes32 policy = network.policyDigest();
        bytes32 challenge = network.challengeOf(1);
        network.setPolicy("another policy");
        equal(network.epochOf(0).policyDigest, policy, "frozen");
        equal(network.challengeOf(1), challenge, "challenge");
        nextEpoch();
        openAndSeed();
        isTrue(network.epochOf(1).policyDigest != policy, "from the next opening on");
        equal(network.epochOf(1).policyDigest, network.policyDigest(), "the new one");
    }

    function test_opening_freezes_the_roster() public {
        runEpoch();
        nextEpoch();
        openAndSeed();
        equal(network.epochOf(1).rosterSize, 5, "roster");
        publishAll();
        equal(network.epochOf(1).rosterSize, 5, "still");
        equal(network.epochOf(1).weightedBlocks, 5, "blocks");
    }

    /// A window that an unseeded opening would have covered is covered by the next.
    function test_after_an_unseeded_opening_the_window_starts_where_that_one_started() public {
        nature[5] = 3;
        runEpochs(2);
        settleLive();
        NetworkView memory before = network.network();
        isTrue(before.logEnd > before.windowEnd, "something pends");
        network.openEpoch();
        EpochView memory unseeded = network.epochOf(2);
        isTrue(unseeded.windowSize > 0, "it would have been judged");
        nextEpoch();
        settleLive();
        openAndSeed();
        EpochView memory v = network.epochOf(3);
        equal(v.windowStart, unseeded.windowStart, "start");
        isTrue(v.windowSize >= unseeded.windowSize, "size");
        equal(v.previousOpened, 1, "the unseeded one does not count");
        equal(network.epochOf(1).nextOpened, 3, "next");
    }
}
