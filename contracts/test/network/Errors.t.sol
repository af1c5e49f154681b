// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    Equivocation,
    IConfirmation,
    IProofOfAttestation as Face,
    IReader,
    IRegistry,
    Parameters,
    Publication,
    ReferenceValue,
    Registration,
    Settings
} from "../../src/interfaces/IProofOfAttestation.sol";
import {TestToken} from "../../src/devnet/TestToken.sol";
import {Bounds} from "../support/Bounds.sol";
import {LeakyToken} from "../support/LeakyToken.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev Each custom error is provoked, with its arguments, and a reverted call changes nothing that the views show.
///
/// One test, since it counts: what it provoked is held against the interface's own list.
contract ErrorsTest is NetworkFixture {
    mapping(bytes4 selector => bool) private provoked;
    uint256 private count;

    function test_every_error_is_provoked_and_changes_nothing() public {
        beforeGenesis();
        seatsAndFunds();
        openings();
        publications();
        governance();
        standstill();
        leaving();
        equivocation();
        pausing();
        announcing();
        construction();
        tokens();
        equal(count, declared(), "as many errors as the interface declares");
    }

    /// @dev The number of errors that the interface declares.
    function declared() private view returns (uint256 errors) {
        bytes memory source = bytes(vm.readFile("src/interfaces/IProofOfAttestation.sol"));
        bytes memory word = "\n    error ";
        for (uint256 i; i + word.length < source.length; ++i) {
            bool same = true;
            for (uint256 k; k < word.length && same; ++k) {
                same = source[i + k] == word[k];
            }
            if (same) ++errors;
        }
        isTrue(errors > 40, "the list was read");
    }

    function seen(bytes memory expected) private {
        bytes4 selector = bytes4(expected);
        if (!provoked[selector]) ++count;
        provoked[selector] = true;
    }

    /// @dev `caller`'s call must revert with exactly `expected`, and change nothing.
    function fails(bytes memory expected, address caller, bytes memory data) private {
        bytes32 before = fingerprint();
        vm.prank(caller);
        (bool done, bytes memory answer) = address(network).call(data);
        isFalse(done, "reverts");
        if (keccak256(answer) != keccak256(expected)) {
            revert DiffersBytes("error", bytes32(answer), bytes32(expected));
        }
        equal(fingerprint(), before, "nothing changed");
        seen(expected);
    }

    function with(bytes4 selector) private pure returns (bytes memory) {
        return abi.encodePacked(selector);
    }

    function with(bytes4 selector, uint256 a) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, a);
    }

    function with(bytes4 selector, uint256 a, uint256 b) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, a, b);
    }

    // ---- cases --------------------------------------------------------------------------------------------

    function beforeGenesis() private {
        deploy(6);
        vm.warp(genesis - 1);
        address self = address(this);
        fails(with(Face.NetworkNotStarted.selector, genesis), self, abi.encodeCall(IConfirmation.openEpoch, ()));
        Registration memory r = registration(7, "id", newKey());
        fails(with(Face.NetworkNotStarted.selector, genesis), self, abi.encodeCall(IRegistry.join, (r)));
        vm.warp(genesis);
        fails(with(Face.NetworkAlreadyStarted.selector, genesis), self, abi.encodeCall(IRegistry.found, (self, r, 1)));
    }

    function seatsAndFunds() private {
        address self = address(this);
        Registration memory r = registration(7, deviceId(3), newKey());
        bytes memory bound = abi.encodeWithSelector(Face.DeviceIdBound.selector, deviceId(3), 3);
        fails(bound, self, abi.encodeCall(IRegistry.join, (r)));
        r.deviceId = 0;
        fails(with(Face.RegistrationIncomplete.selector), self, abi.encodeCall(IRegistry.join, (r)));
        r = registration(7, "id", newKey());
        r.operator = address(0);
        fails(with(Face.RegistrationIncomplete.selector), self, abi.encodeCall(IRegistry.join, (r)));
        r = registration(7, "id", newKey());
        r.incarnation = address(0);
        fails(with(Face.RegistrationIncomplete.selector), self, abi.encodeCall(IRegistry.join, (r)));
        r = registration(7, "id", newKey());
        r.measurement = 0;
        fails(with(Face.RegistrationIncomplete.selector), self, abi.encodeCall(IRegistry.join, (r)));
        fails(with(Face.NothingToPay.selector, uint160(self)), self, abi.encodeCall(IRegistry.withdrawBounty, ()));
        fails(with(Face.SeatUnknown.selector, 0), self, abi.encodeCall(IRegistry.remove, (0)));
        fails(with(Face.SeatUnknown.selector, 77), self, abi.encodeCall(IReader.seatOf, (77)));
        fails(with(Face.SeatUnknown.selector, 77), self, abi.encodeCall(IReader.challengeOf, (77)));
        fails(with(Face.SeatNotRemovable.selector, 3), self, abi.encodeCall(IRegistry.remove, (3)));
        bytes memory restarted = abi.encodeCall(IRegistry.restart, (3, address(1), MEASUREMENT));
        fails(with(Face.CallerNotOperator.selector, 3, uint160(self)), self, restarted);
        address current = network.seatOf(3).incarnation;
        restarted = abi.encodeCall(IRegistry.restart, (3, current, MEASUREMENT));
        fails(with(Face.IncarnationNotNew.selector, uint160(current)), operatorOf(3), restarted);
        fails(with(Face.BlockUnknown.selector, 4, 2), self, abi.encodeCall(IReader.blockOf, (4, 2)));
        fails(with(Face.BlockUnknown.selector, 0, 0), self, abi.encodeCall(IReader.blockOfSeat, (3, 0)));
        fails(with(Face.LogEntryUnknown.selector, 0), self, abi.encodeCall(IReader.logEntry, (0)));
    }

    function openings() private {
        address self = address(this);
        bytes memory seeding = abi.encodeCall(IConfirmation.seedEpoch, ());
        fails(with(Face.EpochNotOpened.selector, 0), self, seeding);
        fails(with(Face.EpochNotOpened.selector, 0), self, abi.encodeCall(IReader.epochOf, (0)));
        fails(with(Face.EpochNotOpened.selector, 0), self, abi.encodeCall(IReader.challengeOf, (3)));
        network.openEpoch();
        fails(with(Face.EpochAlreadyOpened.selector, 0), self, abi.encodeCall(IConfirmation.openEpoch, ()));
        uint256 source = height + 2;
        fails(with(Face.SeedNotYetKnown.selector, source), self, seeding);
        mine(259);
        fails(with(Face.SeedExpired.selector, source), self, seeding);
        openAndSeed();
        for (uint32 seat = 1; seat <= 6; ++seat) {
            publish(seat);
        }
        nextEpoch();
        Publication memory p;
        p.seat = 3;
        fails(with(Face.EpochNotOpened.selector, 1), operatorOf(3), abi.encodeCall(IConfirmation.publish, (p)));
    }

    function failsToPublish(bytes memory expected, Publication memory p) private {
        fails(expected, operatorOf(p.seat), abi.encodeCall(IConfirmation.publish, (p)));
    }

    function publications() private {
        openAndSeed();
        publish(1);
        Publication memory p = publication(1, 0);
        failsToPublish(with(Face.EpochAlreadyPublished.selector, 1, 1), p);
        p = publication(3, 0);
        bytes memory sent = abi.encodeCall(IConfirmation.publish, (p));
        fails(with(Face.CallerNotOperator.selector, 3, uint160(address(this))), address(this), sent);
        p.previousDigest = 0;
        bytes32 expected = network.seatOf(3).lastDigest;
        failsToPublish(with(Face.PreviousDigestWrong.selector, uint256(expected)), signed(p, keyOf[3]));
        p = publication(3, 0);
        p.challenge = network.challengeOf(4);
        failsToPublish(
            with(Face.ChallengeWrong.selector, uint256(network.challengeOf(3))), signed(p, keyOf[3])
        );
        p = publication(3, 0);
        p.certificatesHash = "another";
        failsToPublish(with(Face.IdentityWrong.selector, 3), p);
        p = publication(3, 0);
        p.seat = 77;
        failsToPublish(with(Face.SeatUnknown.selector, 77), p);
        p = publication(3, 0);
        p.power = 0;
        failsToPublish(with(Face.SignatureWrong.selector, uint256(digestOf(p))), p);
        p = publication(3, 0);
        (p.r, p.vs) = (0, 0);
        failsToPublish(with(Face.SignatureWrong.selector, uint256(digestOf(p))), p);
        failsToPublish(with(Face.MarkUnknown.selector, 7), publication(3, 7));
        failsToPublish(with(Face.MarkUnassigned.selector, 0x100), publication(3, 0x100));
        p = publication(3, 0);
        p.latestBindings = "others";
        failsToPublish(with(Face.LatestBindingsWrong.selector, 0), signed(p, keyOf[3]));
        evidence = new bytes(16_385);
        failsToPublish(with(Face.EvidenceTooLarge.selector, 16_385), publication(3, 0));
        evidence = "";
        failsToPublish(with(Face.EvidenceMissing.selector), publication(3, 0));
        evidence = hex"01";
        bytes memory settled = abi.encodeCall(IConfirmation.settle, (new BlockRef[](17)));
        fails(with(Face.TooMany.selector, 17, 16), address(this), settled);
    }

    function governance() private {
        address self = address(this);
        fails(with(Face.DocumentMissing.selector), self, abi.encodeCall(IRegistry.setPolicy, ("")));
        bytes memory tooLong = abi.encodeCall(IRegistry.setPolicy, (new bytes(24_577)));
        fails(with(Face.DocumentTooLarge.selector, 24_577), self, tooLong);
        bytes memory many = abi.encodeCall(IRegistry.setReferenceValues, (new ReferenceValue[](33)));
        fails(with(Face.TooMany.selector, 33, 32), self, many);
        bytes memory empty = abi.encodeCall(IRegistry.setReferenceValues, (new ReferenceValue[](1)));
        fails(with(Face.ReferenceValueInvalid.selector, 0), self, empty);
        uint32[] memory seats = new uint32[](65);
        fails(with(Face.TooMany.selector, 65, 64), self, abi.encodeCall(IRegistry.revive, (seats)));
    }

    function standstill() private {
        address self = address(this);
        nature[6] = 2;
        publish(6);
        uint32 bad = joinNew();
        nature[bad] = 2;
        uint32 removed = joinNew();
        publishAll();
        nextEpoch();
        for (uint256 i; i < 3; ++i) {
            runEpoch();
            nextEpoch();
        }
        settleLive();
        bytes memory announce = abi.encodeCall(IRegistry.announceStandstill, ());
        fails(with(Face.NoStandstill.selector, nowEpoch() - 1), self, announce);
        bytes memory again = abi.encodeCall(IRegistry.restart, (6, address(6), MEASUREMENT));
        fails(with(Face.RestartTooEarly.selector, 6, nowEpoch() + 1), operatorOf(6), again);
        again = abi.encodeCall(IRegistry.restart, (bad, address(6), MEASUREMENT));
        fails(with(Face.SeatIsBlocked.selector, bad), operatorOf(bad), again);
        goTo(30);
        uint32[] memory seats = new uint32[](1);
        seats[0] = bad;
        bytes memory revival = abi.encodeCall(IRegistry.revive, (seats));
        fails(with(Face.StandstillNotAnnounced.selector), self, revival);
        network.announceStandstill();
        fails(with(Face.StandstillTooEarly.selector, 32), self, revival);
        goTo(32);
        network.revive(seats);
        removed = joinNew();
        idle(16);
        network.remove(removed);
        again = abi.encodeCall(IRegistry.restart, (removed, address(6), MEASUREMENT));
        fails(with(Face.SeatIsExiting.selector, removed), operatorOf(removed), again);
    }

    /// @dev Seat 9 leaves, is paid out, and seat 8 stays.
    function leaving() private {
        deploy(9);
        address self = address(this);
        address provider = providerOf(9);
        fails(with(Face.CallerNotProvider.selector, 9, uint160(self)), self, abi.encodeCall(IRegistry.exit, (9)));
        bytes memory withdrawal = abi.encodeCall(IRegistry.withdrawDeposit, (9));
        fails(with(Face.CallerNotProvider.selector, 9, uint160(self)), self, withdrawal);
        fails(with(Face.SeatNotExiting.selector, 9), provider, withdrawal);
        bytes memory earnings = abi.encodeCall(IRegistry.withdrawRewards, (9));
        fails(with(Face.NothingToPay.selector, uint160(provider)), provider, earnings);
        bytes memory operating = abi.encodeCall(IRegistry.setOperator, (9, address(0)));
        fails(with(Face.RegistrationIncomplete.selector), provider, operating);
        bytes memory rejoining = abi.encodeCall(IRegistry.rejoin, (9, self, address(9), MEASUREMENT));
        fails(with(Face.SeatNotPaidOut.selector, 9), provider, rejoining);
        openAndSeed();
        publishAll();
        exit(9);
        fails(with(Face.SeatIsExiting.selector, 9), provider, abi.encodeCall(IRegistry.exit, (9)));
        goTo(13);
        fails(with(Face.DepositLocked.selector, 9, 14), provider, withdrawal);
        goTo(14);
        fails(with(Face.BlocksStillOpen.selector, 9), provider, withdrawal);
        goTo(16);
        withdrawDeposit(9);
        fails(with(Face.SeatPaidOut.selector, 9), provider, withdrawal);
    }

    function equivocation() private {
        address self = address(this);
        openAndSeed();
        Equivocation memory pair = pairOf(8);
        pair.incarnation = address(7);
        bytes memory report = abi.encodeCall(IRegistry.reportEquivocation, (pair));
        fails(with(Face.IncarnationUnknown.selector, 8, 7), self, report);
        pair = pairOf(8);
        pair.second = pair.first;
        report = abi.encodeCall(IRegistry.reportEquivocation, (pair));
        fails(with(Face.EquivocationUnproven.selector), self, report);
        pair = pairOf(8);
        pair.second.power += 1;
        report = abi.encodeCall(IRegistry.reportEquivocation, (pair));
        fails(with(Face.EquivocationUnproven.selector), self, report);
        pair = pairOf(8);
        network.reportEquivocation(pair);
        report = abi.encodeCall(IRegistry.reportEquivocation, (pair));
        fails(with(Face.SeatIsBlocked.selector, 8), self, report);
        fails(with(Face.SeatIsBlocked.selector, 8), providerOf(8), abi.encodeCall(IRegistry.exit, (8)));
        fails(with(Face.SeatIsBlocked.selector, 8), providerOf(8), abi.encodeCall(IRegistry.withdrawDeposit, (8)));
    }

    function pausing() private {
        address self = address(this);
        nextEpoch();
        network.openEpoch();
        mine(3);
        network.setPaused(true);
        Publication memory p;
        (p.seat, p.evidence) = (2, evidence);
        failsToPublish(with(Face.NetworkPaused.selector), p);
        Registration memory r = registration(10, "id", newKey());
        fails(with(Face.NetworkPaused.selector), self, abi.encodeCall(IRegistry.join, (r)));
        fails(with(Face.NetworkPaused.selector), self, abi.encodeCall(IConfirmation.openEpoch, ()));
        fails(with(Face.NetworkPaused.selector), self, abi.encodeCall(IConfirmation.seedEpoch, ()));
        fails(with(Face.NetworkPaused.selector), self, abi.encodeCall(IRegistry.announceStandstill, ()));
        bytes memory rejoining = abi.encodeCall(IRegistry.rejoin, (9, self, address(9), MEASUREMENT));
        fails(with(Face.NetworkPaused.selector), providerOf(9), rejoining);
        network.setPaused(false);
        nextEpoch();
    }

    function announcing() private {
        address self = address(this);
        network.announceParameters(parameters());
        bytes memory announcement = abi.encodeCall(IRegistry.announceParameters, (parameters()));
        uint32 from = nowEpoch() + 7;
        goTo(from);
        fails(with(Face.ParametersPending.selector, from), self, announcement);
        for (uint256 i; i < 32; ++i) {
            (Parameters memory p, bytes32 name) = Bounds.outOf(parameters(), i);
            announcement = abi.encodeCall(IRegistry.announceParameters, (p));
            fails(with(Face.ParameterOutOfBounds.selector, uint256(name)), self, announcement);
        }
    }

    // ---- deployments that must fail -----------------------------------------------------------------------

    function construction() private {
        vm.warp(genesis - 1 days);
        Settings memory s = settings();
        s.token = address(0xDEAD);
        failsToBuild("token", s);
        s = settings();
        s.genesis = genesis - 1 days - 1;
        failsToBuild("genesis", s);
        s = settings();
        s.epochSeconds = 11;
        failsToBuild("epochSeconds", s);
        s = settings();
        s.retentionEpochs = 15;
        failsToBuild("retentionEpochs", s);
        s.retentionEpochs = 41;
        failsToBuild("retentionEpochs", s);
        s = settings();
        s.maxSeats = 0;
        failsToBuild("maxSeats", s);
        s.maxSeats = (1 << 20) + 1;
        failsToBuild("maxSeats", s);
        _codeOfOthers();
        _parameterBounds();
    }

    function failsToBuild(bytes32 name, Settings memory s) private {
        bytes memory expected = abi.encodeWithSelector(Face.SettingOutOfBounds.selector, name);
        vm.expectRevert(expected);
        this.buildRegistry(s);
        seen(expected);
    }

    function buildRegistry(Settings memory s) external {
        deployRegistry(s);
    }

    function buildRegistry(Settings memory s, address reader) external {
        vm.deployCode("Registry.sol:Registry", abi.encode(s, reader));
    }

    function buildNetwork(Settings memory s, Parameters memory p, address code) external {
        vm.deployCode("ProofOfAttestation.sol:ProofOfAttestation", abi.encode(s, p, code));
    }

    /// Code of other settings is refused: it would read other constants.
    function _codeOfOthers() private {
        Settings memory other = settings();
        other.maxSeats += 1;
        address code = deployRegistry(other);
        bytes memory expected = abi.encodeWithSelector(Face.SettingOutOfBounds.selector, bytes32("registry"));
        vm.expectRevert(expected);
        this.buildNetwork(settings(), parameters(), code);
        seen(expected);
        code = vm.deployCode("Reader.sol:Reader", abi.encode(other));
        expected = abi.encodeWithSelector(Face.SettingOutOfBounds.selector, bytes32("reader"));
        vm.expectRevert(expected);
        this.buildRegistry(settings(), code);
        seen(expected);
    }

    function _parameterBounds() private {
        address code = deployRegistry(settings());
        for (uint256 i; i < 32; ++i) {
            (Parameters memory p, bytes32 name) = Bounds.outOf(parameters(), i);
            bytes memory expected = abi.encodeWithSelector(Face.ParameterOutOfBounds.selector, name);
            vm.expectRevert(expected);
            this.buildNetwork(settings(), p, code);
            seen(expected);
        }
    }

    function tokens() private {
        // A seat too many.
        deploy(128);
        Registration memory r = registration(129, "id", newKey());
        bytes memory joining = abi.encodeCall(IRegistry.join, (r));
        fails(with(Face.SeatLimitReached.selector, 128), address(this), joining);
        // A token that keeps a part.
        LeakyToken leaky = new LeakyToken();
        token = TestToken(address(leaky));
        genesis = uint64(nowSeconds + 1 days);
        network = Face(deployContracts(settings(), parameters()));
        leaky.mint(address(this), 10 * DEPOSIT);
        leaky.approve(address(network), type(uint256).max);
        bytes memory founding = abi.encodeCall(IRegistry.found, (address(7), r, 1));
        fails(with(Face.DepositIncomplete.selector, DEPOSIT, DEPOSIT * 9 / 10), address(this), founding);
    }
}
