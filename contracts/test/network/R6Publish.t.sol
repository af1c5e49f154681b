// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    BlockView,
    IProofOfAttestation,
    Publication,
    Refusal,
    SeatView,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";
import {Vm} from "../support/Vm.sol";

/// @dev R6: one transaction a seat and epoch.
contract R6PublishTest is NetworkFixture {
    function setUp() public {
        deploy(6);
    }

    function test_publication_keeps_what_is_needed_and_emits_the_rest() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        bytes32 digest = digestOf(p);
        vm.expectEmit(address(network));
        emit IProofOfAttestation.BlockPublished(
            2, 0, digest, 0, 10_000, p.power, p.propertiesDigest, p.marks, p.latestBindings, p.r, p.vs, p.evidence
        );
        equal(uint256(send(p)), uint256(Refusal.None), "published");
        SeatView memory seat = network.seatOf(2);
        equal(seat.lastDigest, digest, "chain of digests");
        isTrue(seat.hasPublished, "published");
        equal(seat.lastEpoch, 0, "epoch");
        BlockView memory v = blockAt(2, 0);
        equal(v.evidenceBinding, keccak256(abi.encodePacked(digest, keccak256(p.evidence), bytes32(0))), "binding");
        equal(v.weight, 10_000, "weight");
    }

    function test_previous_digest_chains_blocks() public {
        openAndSeed();
        publish(2, 0);
        bytes32 first = network.seatOf(2).lastDigest;
        nextEpoch();
        openAndSeed();
        Publication memory p = publication(2, 0);
        equal(p.previousDigest, first, "chained");
        p.previousDigest = 0;
        p = signed(p, keyOf[2]);
        vm.prank(operatorOf(2));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.PreviousDigestWrong.selector, first));
        network.publish(p);
    }

    /// The digest that the contract verifies is the one computed here, and so in Rust.
    function test_every_field_is_under_the_signature() public {
        openAndSeed();
        Publication memory good = publication(2, 0);
        for (uint256 i; i < 10; ++i) {
            Publication memory p = publication(2, 0);
            (p.r, p.vs) = (good.r, good.vs);
            if (i == 0) p.power += 1;
            else if (i == 1) p.propertiesDigest = 0;
            else if (i == 2) p.marks = 1;
            else if (i == 3) p.seat = 3;
            else if (i == 4) p.deviceId = deviceId(3);
            else if (i == 5) p.incarnation = vm.addr(keyOf[3]);
            else if (i == 6) p.previousDigest = "another";
            else if (i == 7) p.latestBindings = "others";
            else if (i == 8) p.challenge = network.challengeOf(3);
            else p.measurement = "another";
            expectSignatureWrong(p);
        }
        expectSignatureWrong(signed(publication(2, 0), keyOf[3]));
        send(good);
    }

    /// Even what the seat's own key signs must be the seat's own.
    function test_device_id_measurement_and_certificates_hash_are_the_seats() public {
        openAndSeed();
        for (uint256 i; i < 3; ++i) {
            Publication memory p = publication(2, 0);
            if (i == 0) p.deviceId = deviceId(3);
            else if (i == 1) p.measurement = "another";
            else p.certificatesHash = "another";
            expectIdentityWrong(signed(p, keyOf[2]));
        }
        publish(2, 0);
    }

    /// An incarnation that is not the seat's signs for nobody, whoever's key it is.
    function test_another_incarnation_signs_for_no_seat() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        p.incarnation = vm.addr(keyOf[3]);
        expectSignatureWrong(signed(p, keyOf[3]));
    }

    function expectIdentityWrong(Publication memory p) private {
        vm.prank(publisherOf(p.seat));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.IdentityWrong.selector, p.seat));
        network.publish(p);
    }

    // ---- certificates -------------------------------------------------------------------------------------

    function with(bytes memory certificates) private view returns (Publication memory p) {
        p = publication(2, 0);
        p.certificates = certificates;
    }

    function bindingOf(Publication memory p, bytes32 certificatesHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(digestOf(p), keccak256(p.evidence), certificatesHash));
    }

    function identityOf(uint32 seat, bytes32 certificatesHash) private view returns (bytes32) {
        SeatView memory v = network.seatOf(seat);
        return keccak256(
            abi.encode(
                keccak256("multee/identity/v1"),
                v.operator,
                v.incarnation,
                v.deviceId,
                v.measurement,
                certificatesHash
            )
        );
    }

    /// Published once, they count from that block on: its binding has their hash, and those after it.
    function test_certificates_are_published_once_and_bound_from_then_on() public {
        openAndSeed();
        equal(network.seatOf(2).identity, identityOf(2, 0), "none yet");
        Publication memory p = with("certificates");
        bytes32 hash = keccak256("certificates");
        vm.expectEmit(address(network));
        emit IProofOfAttestation.CertificatesPublished(2, 0, "certificates");
        send(p);
        equal(blockAt(2, 0).evidenceBinding, bindingOf(p, hash), "bound with the block that brings them");
        equal(network.seatOf(2).identity, identityOf(2, hash), "identity");
        nextEpoch();
        openAndSeed();
        p = publication(2, 0);
        equal(p.certificatesHash, hash, "as published");
        vm.recordLogs();
        send(p);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            isTrue(logs[i].topics[0] != IProofOfAttestation.CertificatesPublished.selector, "not again");
        }
        equal(blockAt(2, 1).evidenceBinding, bindingOf(p, hash), "bound without them");
    }

    function test_new_certificates_replace_the_old() public {
        openAndSeed();
        send(with("old"));
        nextEpoch();
        openAndSeed();
        Publication memory p = with("new");
        equal(p.certificatesHash, keccak256("old"), "what is replaced is named");
        send(p);
        equal(blockAt(2, 1).evidenceBinding, bindingOf(p, keccak256("new")), "binding");
        nextEpoch();
        openAndSeed();
        p = publication(2, 0);
        p.certificatesHash = keccak256("old");
        expectIdentityWrong(p);
        publish(2, 0);
    }

    /// Who names a hash that was never published publishes nothing, with certificates or without.
    function test_a_wrong_certificates_hash_is_refused() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        p.certificatesHash = keccak256("certificates");
        expectIdentityWrong(p);
        p.certificates = "certificates";
        expectIdentityWrong(p);
        send(with("certificates"));
        nextEpoch();
        openAndSeed();
        p = publication(2, 0);
        p.certificatesHash = 0;
        expectIdentityWrong(p);
    }

    /// The hash is not under the block's signature: the operator answers for it, as for the evidence.
    function test_certificates_are_the_operators_to_choose() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        (bytes32 r, bytes32 vs) = (p.r, p.vs);
        p.certificates = "certificates";
        isTrue(p.r == r && p.vs == vs, "as signed without");
        equal(uint256(send(p)), uint256(Refusal.None), "published");
    }

    function test_a_restart_begins_without_certificates() public {
        openAndSeed();
        send(with("certificates"));
        restart(2);
        equal(network.seatOf(2).identity, identityOf(2, 0), "a new incarnation");
        nextEpoch();
        openAndSeed();
        Publication memory p = publication(2, 0);
        p.certificatesHash = keccak256("certificates");
        expectIdentityWrong(p);
        p = publication(2, 0);
        equal(uint256(send(p)), uint256(Refusal.None), "without");
        equal(blockAt(2, 1).evidenceBinding, bindingOf(p, 0), "bound to none");
    }

    function test_a_new_operator_begins_without_certificates() public {
        openAndSeed();
        send(with("certificates"));
        address former = operatorOf(2);
        setOperator(2, address(0x0B0B));
        equal(network.seatOf(2).identity, identityOf(2, 0), "none");
        nextEpoch();
        openAndSeed();
        Publication memory p = publication(2, 0);
        vm.prank(former);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotOperator.selector, 2, former));
        network.publish(p);
        p.certificatesHash = keccak256("certificates");
        expectIdentityWrong(p);
        p = with("certificates");
        equal(uint256(send(p)), uint256(Refusal.None), "published anew");
        equal(blockAt(2, 1).evidenceBinding, bindingOf(p, keccak256("certificates")), "and bound");
    }

    function test_setting_the_same_operator_again_resets_certificates_too() public {
        openAndSeed();
        send(with("certificates"));
        setOperator(2, operatorOf(2));
        equal(network.seatOf(2).identity, identityOf(2, 0), "none");
    }

    function test_evidence_and_certificates_share_one_limit() public {
        openAndSeed();
        evidence = new bytes(12_684);
        Publication memory p = with(new bytes(3_701));
        vm.prank(operatorOf(2));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EvidenceTooLarge.selector, 16_385));
        network.publish(p);
        p = with(new bytes(3_700));
        equal(uint256(send(p)), uint256(Refusal.None), "together 16 KiB");
    }

    function test_certificates_do_not_stand_in_for_evidence() public {
        openAndSeed();
        evidence = "";
        Publication memory p = with("certificates");
        vm.prank(operatorOf(2));
        vm.expectRevert(IProofOfAttestation.EvidenceMissing.selector);
        network.publish(p);
    }

    function expectSignatureWrong(Publication memory p) private {
        bytes32 digest = digestOf(p);
        vm.prank(operatorOf(p.seat));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.SignatureWrong.selector, digest));
        network.publish(p);
    }

    function test_evidence_up_to_16_KiB() public {
        openAndSeed();
        evidence = new bytes(16 * 1024 + 1);
        Publication memory p = publication(2, 0);
        vm.prank(operatorOf(2));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EvidenceTooLarge.selector, 16_385));
        network.publish(p);
        evidence = new bytes(0);
        p = publication(2, 0);
        vm.prank(operatorOf(2));
        vm.expectRevert(IProofOfAttestation.EvidenceMissing.selector);
        network.publish(p);
        evidence = new bytes(16 * 1024);
        publish(2, 0);
    }

    function test_one_block_a_seat_and_epoch() public {
        openAndSeed();
        publish(2, 0);
        Publication memory p = publication(2, 0);
        vm.prank(operatorOf(2));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.EpochAlreadyPublished.selector, 2, 0));
        network.publish(p);
    }

    function test_only_the_operator_publishes() public {
        openAndSeed();
        Publication memory p = publication(2, 0);
        address[3] memory others = [providerOf(2), operatorOf(3), address(this)];
        for (uint256 i; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotOperator.selector, 2, others[i]));
            network.publish(p);
        }
    }

    // ---- what was judged ----------------------------------------------------------------------------------

    /// @dev The latest blocks that seat 2 is to check, as kept.
    function kept() private view returns (bytes32[2] memory) {
        (,, BlockRef[] memory latest,) = network.assignmentOf(2);
        return [bindingOf(latest[0]), bindingOf(latest[1])];
    }

    function stating(uint256 marks, bytes memory judged) private view returns (Publication memory p) {
        p = publication(2, marks);
        p.latestBindings = judged.length == 0 ? bytes32(0) : keccak256(judged);
        return signed(p, keyOf[2]);
    }

    function expectBindingsWrong(Publication memory p, bytes memory expected) private {
        bytes32 hash = expected.length == 0 ? bytes32(0) : keccak256(expected);
        vm.prank(operatorOf(p.seat));
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.LatestBindingsWrong.selector, hash));
        network.publish(p);
    }

    /// Whatever the marks are, those on latest blocks are of the records that the contract keeps: all of them, in order.
    function test_marks_on_latest_blocks_are_of_the_records_that_are_kept() public {
        runEpochs(1);
        openAndSeed();
        bytes32[2] memory of_ = kept();
        bytes[7] memory statements = [
            bytes(""),
            abi.encode(of_[0]),
            abi.encode(of_[1]),
            abi.encode(of_[0], of_[1]),
            abi.encode(of_[1], of_[0]),
            abi.encode(of_[0], bindingOf(BlockRef(0, 1))),
            abi.encode(keccak256("another"))
        ];
        uint256[8] memory marks = [uint256(0), 0x01, 0x06, 0x10, 0x30, 0x11, 0x21, 0x65];
        uint256 before = vm.snapshotState();
        for (uint256 i; i < marks.length; ++i) {
            uint256 right = (marks[i] & 15 == 0 ? 0 : 1) + (marks[i] >> 4 == 0 ? 0 : 2);
            for (uint256 k; k < statements.length; ++k) {
                bool same = keccak256(statements[k]) == keccak256(statements[right]);
                if (!same) expectBindingsWrong(stating(marks[i], statements[k]), statements[right]);
            }
            equal(uint256(send(stating(marks[i], statements[right]))), uint256(Refusal.None), "published");
            vm.revertToState(before);
            before = vm.snapshotState();
        }
    }

    /// A mark that is ignored is still one that was given: here for want of weight.
    function test_ignored_marks_are_of_the_records_that_are_kept_too() public {
        runEpochs(1);
        openAndSeed();
        powers[2] = 2 * POWER;
        bytes32[2] memory of_ = kept();
        expectBindingsWrong(stating(0x11, ""), abi.encode(of_));
        expectBindingsWrong(stating(0x11, abi.encode(of_[0])), abi.encode(of_));
        send(stating(0x11, abi.encode(of_)));
        equal(blockAt(2, 1).weight, 0, "no weight");
        equal(blockAt(2, 1).countedMarks, 0, "ignored");
    }

    function test_without_rank_nothing_was_judged() public {
        openAndSeed();
        expectBindingsWrong(stating(0, "anything"), "");
        equal(uint256(send(stating(0, ""))), uint256(Refusal.None), "published");
    }

    // ---- settlement first ---------------------------------------------------------------------------------

    /// @dev Six epochs in which nobody settles but by publishing, and seat 6 does not publish for a while.
    function leaveDue(uint256 epochs) private {
        for (uint256 i; i < epochs; ++i) {
            openAndSeed();
            publishAll();
            nextEpoch();
        }
    }

    function test_a_publication_settles_its_seats_three_oldest_due_blocks() public {
        openAndSeed();
        publishAll();
        nextEpoch();
        openAndSeed();
        publishAll();
        nextEpoch();
        openAndSeed();
        publish(6);
        isTrue(blockAt(6, 0).passed, "settled on the way");
        isFalse(blockAt(5, 0).passed, "others' are not");
        // Seat 5 comes back with four due blocks.
        for (uint256 i; i < 4; ++i) {
            if (i > 0) openAndSeed();
            publishAll();
            nextEpoch();
        }
        isTrue(blockAt(5, 0).passed && blockAt(5, 3).passed, "passed in time");
    }

    function test_no_more_than_three() public {
        nature[6] = 3;
        leaveDue(2);
        // Blocks 0…3 of seat 6 are logged one after the other; nobody settles them.
        manner[6] = Manner.Absent;
        nature[6] = 1;
        openAndSeed();
        publishAll();
        nextEpoch();
        leaveDue(2);
        openAndSeed();
        uint256 due;
        for (uint32 epoch; epoch < 2; ++epoch) {
            if (blockAt(6, epoch).due) ++due;
        }
        equal(due, 2, "both are due");
        publish(6);
        isTrue(blockAt(6, 0).decided && blockAt(6, 1).decided, "both are decided");
    }

    function test_three_oldest_of_five_due() public {
        leaveDue(5);
        manner[6] = Manner.Absent;
        // Seat 6 published in 0…4, and settled 0, 1 and 2 on the way. Make more due: nothing is final before 8 more.
        leaveDue(9);
        openAndSeed();
        uint32[5] memory epochs = [uint32(0), 1, 2, 3, 4];
        for (uint256 i; i < 5; ++i) {
            isTrue(blockAt(6, epochs[i]).due, "due");
        }
        publish(6);
        for (uint256 i; i < 5; ++i) {
            isTrue(blockAt(6, epochs[i]).due == (i >= 3), "the three oldest are settled");
        }
        isTrue(blockAt(6, 0).honestForGood && blockAt(6, 2).honestForGood, "for good");
    }

    /// Reverting undoes the settlement, too.
    function test_reverted_publication_undoes_its_settlement() public {
        leaveDue(3);
        openAndSeed();
        isTrue(blockAt(6, 1).due, "due");
        Publication memory p = publication(6, 0);
        p.power += 1;
        bytes32 before = fingerprint();
        vm.prank(operatorOf(6));
        (bool done,) = address(network).call(abi.encodeCall(network.publish, (p)));
        isFalse(done, "reverted");
        equal(fingerprint(), before, "nothing changed");
        isTrue(blockAt(6, 1).due, "still due");
    }

    // ---- refusals -----------------------------------------------------------------------------------------

    /// @dev Publishes garbage for `seat`: a refusal comes before any check.
    function expectRefusal(uint32 seat, Refusal reason) private {
        Publication memory p;
        p.seat = seat;
        vm.expectEmit(address(network));
        emit IProofOfAttestation.PublicationRefused(seat, nowEpoch(), reason);
        vm.prank(operatorOf(seat));
        equal(uint256(network.publish(p)), uint256(reason), "reason");
    }

    /// The falling seat's own publication settles what suspends it, and says so.
    function test_refusal_keeps_the_settlement() public {
        nature[6] = 2;
        runEpochs(3);
        // Without others' settling: its first block was decided by now, its second is due in epoch 4.
        settleLive();
        equal(scoreOf(6), 7_000, "one fall");
        openAndSeed();
        publishAll();
        nextEpoch();
        openAndSeed();
        isTrue(blockAt(6, 1).due, "due");
        isTrue(tierOf(6) == Tier.Restricted, "not yet");
        Publication memory p;
        p.seat = 6;
        vm.expectEmit(address(network));
        emit IProofOfAttestation.PublicationRefused(6, 4, Refusal.Suspended);
        vm.prank(operatorOf(6));
        equal(uint256(network.publish(p)), uint256(Refusal.Suspended), "refused");
        isTrue(blockAt(6, 1).decided, "settled");
        equal(scoreOf(6), 4_900, "the second fall");
        isTrue(tierOf(6) == Tier.Suspended, "suspended");
        isTrue(network.seatOf(6).lastEpoch == 3, "nothing published");
    }

    function test_blocked_seats_are_refused() public {
        uint32 seat = joinNew();
        nature[seat] = 2;
        runEpochs(2);
        settleLive();
        openAndSeed();
        expectRefusal(seat, Refusal.Blocked);
    }

    function test_removed_seats_are_refused() public {
        uint32 seat = joinNew();
        idle(16);
        network.remove(seat);
        openAndSeed();
        expectRefusal(seat, Refusal.Exiting);
    }

    function test_probation_publishes_only_when_nothing_is_undecided() public {
        uint32 seat = joinNew();
        runEpochs(1);
        openAndSeed();
        expectRefusal(seat, Refusal.UndecidedBlock);
        publishAll();
        nextEpoch();
        openAndSeed();
        isTrue(blockAt(seat, 0).due, "due");
        equal(uint256(publish(seat)), uint256(Refusal.None), "its publication settles it first");
        isTrue(network.seatOf(seat).admitted, "admitted");
    }

    function test_bound_elsewhere_and_rivals_are_refused() public {
        uint32 first = join("hardware");
        uint32 second = join("hardware");
        openAndSeed();
        publish(first);
        expectRefusal(second, Refusal.RivalClaim);
        for (uint32 seat = 1; seat <= 6; ++seat) {
            publish(seat);
        }
        nextEpoch();
        runEpochs(1);
        settleLive();
        openAndSeed();
        expectRefusal(second, Refusal.BoundElsewhere);
    }
}
