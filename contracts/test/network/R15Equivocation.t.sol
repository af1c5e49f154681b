// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockView,
    Equivocation,
    IProofOfAttestation,
    Publication,
    Refusal,
    SeatView,
    Statement,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev R15: one incarnation, one challenge, two blocks.
contract R15EquivocationTest is NetworkFixture {
    address private constant REPORTER = address(0xAE90);
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function setUp() public {
        deploy(6);
        openAndSeed();
    }

    function report(Equivocation memory pair) private {
        vm.prank(REPORTER);
        network.reportEquivocation(pair);
    }

    function unproven(Equivocation memory pair) private {
        bytes32 before = fingerprint();
        vm.prank(REPORTER);
        vm.expectRevert(IProofOfAttestation.EquivocationUnproven.selector);
        network.reportEquivocation(pair);
        equal(fingerprint(), before, "nothing changed");
    }

    function test_a_pair_blocks_the_seat_pays_the_reporter_and_slashes_the_rest() public {
        Equivocation memory pair = pairOf(6);
        vm.expectEmit(address(network));
        emit IProofOfAttestation.EquivocationProven(6, pair.incarnation, 0, REPORTER, uint128(DEPOSIT / 10));
        vm.expectEmit(address(network));
        emit IProofOfAttestation.SeatBlocked(6, 0, uint128(DEPOSIT * 9 / 10), 0);
        report(pair);
        SeatView memory v = network.seatOf(6);
        isTrue(v.tier == Tier.Blocked, "blocked");
        equal(v.funds.deposit, 0, "slashed");
        equal(network.bountyOf(REPORTER), DEPOSIT / 10, "a tenth to the reporter");
        equal(network.network().carry, DEPOSIT * 9 / 10, "the rest to carry");
        equal(network.network().bounties, DEPOSIT / 10, "bounties");
        vm.prank(REPORTER);
        equal(network.withdrawBounty(), DEPOSIT / 10, "collected");
        equal(uint256(publish(6, 0)), uint256(Refusal.Blocked), "publishes no more");
        vm.prank(REPORTER);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatIsBlocked.selector, 6));
        network.reportEquivocation(pair);
    }

    /// Each of the fields in which two blocks may differ.
    function test_any_difference_between_the_two_proves_it() public {
        uint256 before = vm.snapshotState();
        for (uint256 i; i < 5; ++i) {
            vm.revertToState(before);
            before = vm.snapshotState();
            Equivocation memory pair = pairOf(6);
            pair.second = Statement(MEASUREMENT, 1_000, "properties", 0, 0, 0, 0);
            if (i == 0) pair.second.measurement = "another";
            else if (i == 1) pair.second.power = 7;
            else if (i == 2) pair.second.propertiesDigest = "another";
            else if (i == 3) pair.second.marks = 1;
            else pair.second.latestBindings = "others";
            signPair(pair, keyOf[6]);
            report(pair);
            isTrue(tierOf(6) == Tier.Blocked, "proven");
        }
    }

    /// What it published, and what it signed besides.
    function test_a_published_block_and_its_twin_prove_it() public {
        Publication memory p = publication(6, 0);
        Equivocation memory pair = pairOf(6);
        send(p);
        pair.first = Statement(p.measurement, p.power, p.propertiesDigest, p.marks, p.latestBindings, p.r, p.vs);
        report(pair);
        isTrue(tierOf(6) == Tier.Blocked, "blocked");
    }

    function test_the_same_block_twice_proves_nothing() public {
        Equivocation memory pair = pairOf(6);
        pair.second = pair.first;
        unproven(pair);
    }

    /// Two signatures of one digest: still one block.
    function test_two_signatures_of_one_block_prove_nothing() public {
        Equivocation memory pair = pairOf(6);
        pair.second = Statement(
            pair.first.measurement,
            pair.first.power,
            pair.first.propertiesDigest,
            pair.first.marks,
            pair.first.latestBindings,
            pair.first.r,
            0
        );
        uint256 s = uint256(pair.first.vs) & (type(uint256).max >> 1);
        // The twin signature n − s, where it fits the compact form at all.
        pair.second.vs = bytes32(((ORDER - s) & (type(uint256).max >> 1)) | ((1 - (uint256(pair.first.vs) >> 255)) << 255));
        unproven(pair);
    }

    /// The compact form has no room for a high s, and a twin is refused as what it then says.
    function test_a_malleable_signature_proves_nothing() public {
        for (uint256 which; which < 2; ++which) {
            Equivocation memory pair = pairOf(6);
            Statement memory it = which == 0 ? pair.first : pair.second;
            uint256 s = uint256(it.vs) & (type(uint256).max >> 1);
            it.vs = bytes32(((ORDER - s) & (type(uint256).max >> 1)) | ((1 - (uint256(it.vs) >> 255)) << 255));
            unproven(pair);
            pair = pairOf(6);
            it = which == 0 ? pair.first : pair.second;
            (it.r, it.vs) = (0, 0);
            unproven(pair);
            pair = pairOf(6);
            it = which == 0 ? pair.first : pair.second;
            it.vs = bytes32(uint256(it.vs) ^ (1 << 255));
            unproven(pair);
        }
    }

    /// An honest device signs every epoch, over every challenge, and after every block: nothing of that is an offence.
    function test_what_was_signed_for_another_epoch_challenge_or_previous_block_proves_nothing() public {
        for (uint256 i; i < 3; ++i) {
            Equivocation memory pair = pairOf(6);
            Equivocation memory other = pairOf(6);
            if (i == 0) other.epoch += 1;
            else if (i == 1) other.challenge = network.challengeOf(5);
            else other.previousDigest = "another";
            signStatement(other, other.second, keyOf[6]);
            pair.second = other.second;
            unproven(pair);
            // Whichever the pair names: only one of the two fits it.
            other.first = pairOf(6).first;
            unproven(other);
        }
    }

    /// A reorganisation gives another seed, so another root and challenge: to sign again after it is no offence.
    function test_signing_again_after_a_reorganisation_proves_nothing() public {
        deploy(6);
        network.openEpoch();
        mine(3);
        uint256 before = vm.snapshotState();
        network.seedEpoch();
        Publication memory one = publication(6, 0);
        vm.revertToState(before);
        vm.setBlockhash(network.epochOf(0).seedBlock, keccak256("another block"));
        network.seedEpoch();
        Publication memory two = publication(6, 0);
        isTrue(one.challenge != two.challenge, "another challenge");
        Equivocation memory pair = pairOf(6);
        pair.first = Statement(
            one.measurement, one.power, one.propertiesDigest, one.marks, one.latestBindings, one.r, one.vs
        );
        pair.second = Statement(
            two.measurement, two.power, two.propertiesDigest, two.marks, two.latestBindings, two.r, two.vs
        );
        unproven(pair);
        pair.challenge = one.challenge;
        unproven(pair);
    }

    function test_other_keys_prove_nothing() public {
        Equivocation memory pair = pairOf(6);
        signPair(pair, keyOf[5]);
        unproven(pair);
        pair = pairOf(6);
        signStatement(pair, pair.second, keyOf[5]);
        unproven(pair);
    }

    function test_an_incarnation_that_the_seat_never_had_proves_nothing() public {
        Equivocation memory pair = pairOf(6);
        pair.incarnation = vm.addr(keyOf[5]);
        signPair(pair, keyOf[5]);
        vm.prank(REPORTER);
        vm.expectRevert(
            abi.encodeWithSelector(IProofOfAttestation.IncarnationUnknown.selector, 6, pair.incarnation)
        );
        network.reportEquivocation(pair);
    }

    function test_an_unknown_seat_reverts() public {
        Equivocation memory pair = pairOf(6);
        pair.seat = 77;
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatUnknown.selector, 77));
        network.reportEquivocation(pair);
    }

    /// What a key signs for one seat is no proof against another that runs the same key.
    function test_what_is_signed_for_one_seat_proves_nothing_of_another() public {
        address shared = vm.addr(keyOf[6]);
        vm.prank(operatorOf(5));
        network.restart(5, shared, MEASUREMENT);
        keyOf[5] = keyOf[6];
        confirm();
        Equivocation memory pair = pairOf(6);
        pair.seat = 5;
        unproven(pair);
        report(pairOf(5));
        isTrue(tierOf(5) == Tier.Blocked && tierOf(6) == Tier.Full, "each for itself");
    }

    /// @dev Lets who is on probation be admitted; an epoch is open and seeded again then.
    function confirm() private {
        publishAll();
        nextEpoch();
        runEpochs(2);
        settleLive();
        openAndSeed();
    }

    function unknown(Equivocation memory pair) private {
        vm.prank(REPORTER);
        vm.expectRevert(
            abi.encodeWithSelector(IProofOfAttestation.IncarnationUnknown.selector, pair.seat, pair.incarnation)
        );
        network.reportEquivocation(pair);
    }

    /// A key that no peer has seen at work proves nothing about an enclave.
    function test_a_restarted_incarnation_proves_nothing_until_it_is_confirmed() public {
        restart(6);
        unknown(pairOf(6));
        Equivocation memory early = pairOf(6);
        confirm();
        isTrue(tierOf(6) != Tier.Probation, "admitted");
        report(early);
        isTrue(tierOf(6) == Tier.Blocked, "confirmed since: what it signed before counts, too");
    }

    /// Of the deposit, what penalties would withhold is nobody's bounty.
    function test_the_bounty_is_taken_from_what_penalties_would_leave() public {
        nature[6] = 2;
        publishAll();
        nextEpoch();
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        openAndSeed();
        equal(network.seatOf(6).penalties, 2, "two points");
        report(pairOf(6));
        uint256 bounty = (DEPOSIT - DEPOSIT * 2 / 13) / 10;
        equal(network.bountyOf(REPORTER), bounty, "a tenth of the rest");
        equal(network.network().carry, DEPOSIT - bounty, "all else to carry");
    }

    function test_what_was_signed_for_another_contract_or_chain_proves_nothing() public {
        Equivocation memory pair = pairOf(6);
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        unproven(pair);
        vm.chainId(here);
        keysMade = 0;
        deploy(6);
        openAndSeed();
        equal(network.seatOf(6).incarnation, pair.incarnation, "same keys, another network");
        unproven(pair);
    }

    /// A former incarnation's offence is the seat's, restarted or rejoined.
    function test_a_former_incarnation_proves_it_too() public {
        Equivocation memory pair = pairOf(6);
        restart(6);
        restart(6);
        isTrue(network.seatOf(6).incarnation != pair.incarnation, "former");
        report(pair);
        isTrue(tierOf(6) == Tier.Blocked, "blocked");
    }

    /// Challenge and epoch need not be the chain's: an honest enclave signs once for a challenge, whoever made it.
    function test_epoch_and_challenge_need_not_be_the_chains() public {
        Equivocation memory pair = pairOf(6);
        (pair.epoch, pair.challenge, pair.previousDigest) = (4_000_000_000, "made up", "made up too");
        signPair(pair, keyOf[6]);
        report(pair);
        isTrue(tierOf(6) == Tier.Blocked, "blocked");
    }

    /// An operator's stolen key cannot turn a joiner's deposit into a bounty.
    function test_a_provisional_seat_is_reached_once_it_is_admitted() public {
        uint32 seat = join("hardware");
        unknown(pairOf(seat));
        Equivocation memory pair = pairOf(seat);
        confirm();
        equal(network.boundSeatOf("hardware"), seat, "admitted");
        report(pair);
        isTrue(tierOf(seat) == Tier.Blocked, "blocked");
        equal(network.boundSeatOf("hardware"), seat, "and bars the id for good");
    }

    function test_an_exiting_seat_is_reached_and_one_that_is_paid_out_is_blocked_without_a_bounty() public {
        exit(6);
        exit(5);
        goTo(14);
        openAndSeed();
        Equivocation memory pair = pairOf(6);
        report(pair);
        equal(network.bountyOf(REPORTER), DEPOSIT / 10, "unbonding funds are reached");
        withdrawDeposit(5);
        report(pairOf(5));
        isTrue(tierOf(5) == Tier.Blocked, "blocked");
        equal(network.bountyOf(REPORTER), DEPOSIT / 10, "nothing to take");
        vm.prank(providerOf(5));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SeatIsBlocked.selector, 5));
        network.rejoin(5, operatorOf(5), address(9), MEASUREMENT);
    }

    /// A blocked seat's open blocks are still decided, without step or point.
    function test_blocks_of_a_blocked_seat_are_decided_without_step_or_point() public {
        nature[6] = 2;
        runEpochsFrom();
        settleLive();
        openAndSeed();
        report(pairOf(6));
        uint256 score = scoreOf(6);
        uint8 points = network.seatOf(6).penalties;
        publishAll();
        nextEpoch();
        settleLive();
        runEpochs(1);
        settleLive();
        isTrue(blockAt(6, 1).malicious, "decided");
        equal(scoreOf(6), score, "no step");
        equal(network.seatOf(6).penalties, points, "no point");
        equal(network.network().weightedEpoch, nowEpoch() - 1, "all else goes on");
    }

    /// @dev Epochs 0, whose seed is set already, and 1.
    function runEpochsFrom() private {
        publishAll();
        nextEpoch();
        runEpochs(1);
    }

    /// The bounty follows the deposit, rounded down.
    function test_the_reporter_is_paid_while_paused() public {
        network.setPaused(true);
        report(pairOf(6));
        vm.prank(REPORTER);
        equal(network.withdrawBounty(), DEPOSIT / 10, "paid");
    }
}
