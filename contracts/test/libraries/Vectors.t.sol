// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Assignment, Places} from "../../src/libraries/Assignment.sol";
import {EpochHead, EpochHeads} from "../../src/libraries/EpochHead.sol";
import {Permutation} from "../../src/libraries/Permutation.sol";
import {Scoring} from "../../src/libraries/Scoring.sol";
import {Signing} from "../../src/libraries/Signing.sol";
import {SuspiciousLog} from "../../src/libraries/SuspiciousLog.sol";
import {Tallies, Tally} from "../../src/libraries/Tally.sol";
import {Eip712} from "../support/Eip712.sol";
import {Expectations} from "../support/Expectations.sol";
import {RoomHarness} from "../support/RoomHarness.sol";

/// @dev The contract computes what the Rust model computes: `crates/protocol/vectors/protocol.json`, whose columns
/// are cases.
contract VectorsTest is Expectations {
    string private json;

    function setUp() public {
        json = vm.readFile("../crates/protocol/vectors/protocol.json");
    }

    function uints(string memory key) private view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, string.concat(".", key));
    }

    function words(string memory key) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, string.concat(".", key));
    }

    function word(string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(".", key));
    }

    /// @dev The libraries at the vectors' address, on the vectors' chain.
    function vectorRoom() private returns (RoomHarness room) {
        address place = vm.parseJsonAddress(json, ".contract");
        vm.etch(place, address(new RoomHarness()).code);
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        room = RoomHarness(place);
        room.setClock(0, 16, 640);
    }

    function test_domains() public view {
        equal(word("domainSeed"), keccak256("multee/seed/v1"), "seed");
        equal(word("domainEpoch"), keccak256("multee/epoch/v1"), "epoch");
        equal(word("domainChallenge"), Signing.CHALLENGE_DOMAIN, "challenge");
        equal(word("domainIdentity"), Signing.IDENTITY_DOMAIN, "identity");
        equal(word("domainDevice"), keccak256("multee/device/v1"), "device");
        equal(
            word("domainSeparator"),
            Eip712.domainSeparator(vm.parseJsonUint(json, ".chainId"), vm.parseJsonAddress(json, ".contract")),
            "separator"
        );
    }

    function test_seeds() public {
        RoomHarness room = vectorRoom();
        uint256[] memory epochs = uints("seedEpochs");
        bytes32[] memory last = words("seedLastSeeds");
        bytes32[] memory hashes = words("seedBlockHashes");
        bytes32[] memory seeds = words("seeds");
        vm.roll(5_000);
        for (uint256 i; i < seeds.length; ++i) {
            vm.setBlockhash(4_900 + i, hashes[i]);
            equal(room.seedOf(uint32(epochs[i]), last[i], uint64(4_900 + i)), seeds[i], "seed");
        }
        isTrue(seeds.length >= 5, "cases");
    }

    struct Frozen {
        uint256 epoch;
        uint256 epochStart;
        bytes32 policy;
        bytes32 references;
    }

    function frozenAt(uint256 i) private view returns (Frozen memory f) {
        f.epoch = uints("challengeEpochs")[i];
        f.epochStart = uints("challengeEpochStarts")[i];
        f.policy = words("challengePolicyDigests")[i];
        f.references = words("challengeReferenceListDigests")[i];
    }

    /// @dev The root by its definition, at the vectors' address and chain.
    function rootFrom(bytes32 seed, Frozen memory f) private view returns (bytes32) {
        uint256 chain = vm.parseJsonUint(json, ".chainId");
        address place = vm.parseJsonAddress(json, ".contract");
        return keccak256(
            abi.encode(word("domainEpoch"), chain, place, f.epoch, f.epochStart, seed, f.policy, f.references)
        );
    }

    /// The contract's seeds come from block hashes, so that it cannot be given the vectors' own: the definition is held
    /// against both.
    function test_roots() public {
        RoomHarness room = vectorRoom();
        bytes32[] memory seeds = words("challengeSeeds");
        bytes32[] memory roots = words("challengeRoots");
        vm.roll(5_000);
        for (uint256 i; i < roots.length; ++i) {
            Frozen memory f = frozenAt(i);
            equal(rootFrom(seeds[i], f), roots[i], "Rust's root");
            vm.setBlockhash(4_900 + i, keccak256(abi.encode(i)));
            (bytes32 seed, bytes32 root) =
                room.rootOf(uint32(f.epoch), f.epochStart, seeds[i], uint64(4_900 + i), f.policy, f.references);
            equal(root, rootFrom(seed, f), "the contract's root");
        }
        isTrue(roots.length >= 4, "cases");
    }

    function test_challenges() public view {
        uint256[] memory seats = uints("challengeSeats");
        bytes32[] memory roots = words("challengeRoots");
        bytes32[] memory challenges = words("challenges");
        for (uint256 i; i < challenges.length; ++i) {
            equal(Signing.challenge(roots[i], seats[i]), challenges[i], "challenge");
        }
        isTrue(challenges.length >= 4, "cases");
    }

    function test_identities() public view {
        bytes32[] memory identities = words("identities");
        address[] memory operators = vm.parseJsonAddressArray(json, ".identityOperators");
        address[] memory incarnations = vm.parseJsonAddressArray(json, ".blockIncarnations");
        bytes32[] memory devices = words("blockDeviceIds");
        bytes32[] memory measurements = words("blockMeasurements");
        bytes32[] memory certificates = words("blockCertificatesHashes");
        for (uint256 i; i < identities.length; ++i) {
            equal(
                Signing.identity(operators[i], incarnations[i], devices[i], measurements[i], certificates[i]),
                identities[i],
                "identity"
            );
        }
        isTrue(identities.length >= 3, "cases");
    }

    /// The digest as these tests compute it equals Rust's; that the contract takes no other, R6 shows.
    function test_block_digests_and_evidence_bindings() public view {
        bytes32[] memory digests = words("blockDigests");
        bytes32[] memory evidenceHashes = words("blockEvidenceHashes");
        bytes32[] memory certificates = words("blockCertificatesHashes");
        bytes32[] memory bindings = words("blockEvidenceBindings");
        bytes32 separator = word("domainSeparator");
        for (uint256 i; i < digests.length; ++i) {
            equal(keccak256(abi.encodePacked(hex"1901", separator, structHash(i))), digests[i], "digest");
            equal(keccak256(abi.encodePacked(digests[i], evidenceHashes[i], certificates[i])), bindings[i], "binding");
        }
        isTrue(digests.length >= 3, "cases");
        equal(Eip712.BLOCK_TYPEHASH, Signing.BLOCK_TYPEHASH, "type");
    }

    /// What is kept of as many latest blocks as were judged.
    function test_latest_bindings() public {
        RoomHarness room = vectorRoom();
        uint256[] memory counts = uints("blockJudgedCounts");
        bytes32[] memory bindings = words("blockJudgedBindings");
        bytes32[] memory hashes = words("blockLatestBindings");
        uint256 next;
        for (uint256 i; i < counts.length; ++i) {
            uint256[] memory ranks = new uint256[](counts[i]);
            uint256 marks;
            for (uint256 k; k < counts[i]; ++k) {
                ranks[k] = 7 * k;
                room.setBinding(0, ranks[k], bindings[next++]);
                marks |= (1 + k % 6) << (4 * k);
            }
            room.requireJudged(0, ranks, marks, hashes[i]);
        }
        equal(next, bindings.length, "all");
        isTrue(counts.length >= 3, "cases");
    }

    function structHash(uint256 i) private view returns (bytes32) {
        bytes memory first = abi.encode(
            Eip712.BLOCK_TYPEHASH,
            uints("blockSeats")[i],
            words("blockDeviceIds")[i],
            vm.parseJsonAddressArray(json, ".blockIncarnations")[i],
            uints("blockEpochs")[i],
            words("blockPreviousDigests")[i]
        );
        bytes memory second = abi.encode(
            words("blockChallenges")[i],
            words("blockMeasurements")[i],
            uints("blockPowers")[i],
            words("blockPropertiesDigests")[i],
            words("blockMarks")[i],
            words("blockLatestBindings")[i]
        );
        return keccak256(bytes.concat(first, second));
    }

    function test_device_ids() public view {
        uint256[] memory tees = uints("deviceTeeTypes");
        bytes[] memory hardware = vm.parseJsonBytesArray(json, ".deviceHardwareIds");
        bytes32[] memory ids = words("deviceIds");
        for (uint256 i; i < ids.length; ++i) {
            equal(
                keccak256(abi.encode(word("domainDevice"), uint8(tees[i]), keccak256(hardware[i]))), ids[i], "device id"
            );
        }
    }

    function test_block_ids() public {
        RoomHarness room = vectorRoom();
        uint256[] memory epochs = uints("blockIdEpochs");
        uint256[] memory orders = uints("blockIdOrders");
        uint256[] memory ids = uints("blockIds");
        for (uint256 i; i < ids.length; ++i) {
            room.setClock(uint32(epochs[i]), 16, 640);
            equal(room.idAt(room.append(epochs[i], orders[i], 0, 0, 0)), ids[i], "block id");
        }
    }

    function test_permutations() public view {
        bytes32[] memory seeds = words("permutationSeeds");
        uint256[] memory sizes = uints("permutationSizes");
        uint256[] memory images = uints("permutationImages");
        uint256 next;
        for (uint256 i; i < sizes.length; ++i) {
            for (uint256 rank; rank < sizes[i]; ++rank) {
                equal(Permutation.position(seeds[i], sizes[i], rank), images[next++], "image");
            }
        }
        equal(next, images.length, "all");
        seeds = words("permutationPointSeeds");
        sizes = uints("permutationPointSizes");
        images = uints("permutationPointPositions");
        uint256[] memory ranks = uints("permutationPointRanks");
        for (uint256 i; i < sizes.length; ++i) {
            equal(Permutation.position(seeds[i], sizes[i], ranks[i]), images[i], "point");
            equal(Permutation.rankAt(seeds[i], sizes[i], images[i]), ranks[i], "inverse");
        }
    }

    struct Case {
        EpochHead head;
        bytes32 seed;
        uint256 rank;
        Places places;
    }

    function test_assignments() public view {
        uint256[] memory latestRanks = uints("assignmentLatestRanks");
        uint256 next;
        uint256 cases = uints("assignmentRanks").length;
        for (uint256 i; i < cases; ++i) {
            Case memory c = assignmentCase(i);
            equal(c.places.position, uints("assignmentPositions")[i], "position");
            equal(c.places.latest, uints("assignmentLatestCounts")[i], "L1'");
            // Where nothing is in the window, its width is nobody's business.
            if (c.head.windowSize() != 0) {
                equal(c.places.wide, uints("assignmentWindowPlaces")[i], "W*");
                equal(c.places.first, uints("assignmentWindowStarts")[i], "start");
            }
            equal(c.places.window, uints("assignmentWindowCounts")[i], "L2'");
            uint256 assigned = c.places.latest;
            for (uint256 k; k < c.places.window; ++k) {
                if ((c.places.first + k) % c.places.wide < c.head.windowSize()) ++assigned;
            }
            equal(assigned, uints("assignmentAssigned")[i], "assigned");
            equal(Assignment.assigned(c.head, c.places), assigned, "as the contract counts");
            for (uint256 k; k < c.places.latest; ++k) {
                equal(Assignment.latestRank(c.head, c.seed, c.places, k), latestRanks[next++], "latest rank");
            }
        }
        equal(next, latestRanks.length, "all");
    }

    function assignmentCase(uint256 i) private view returns (Case memory c) {
        c.head = EpochHeads.make(
            1,
            0,
            uints("assignmentRosterSizes")[i],
            0,
            uints("assignmentWindowSizes")[i],
            uints("assignmentEffectiveDecisionMarks")[i],
            uints("assignmentLatestChecks")[i],
            uints("assignmentSuspiciousChecks")[i]
        );
        c.seed = words("assignmentSeeds")[i];
        c.rank = uints("assignmentRanks")[i];
        c.places = Assignment.placesOf(c.head, c.seed, c.rank);
    }

    function test_decision_marks_coverage_and_capacity() public view {
        uint256[] memory marks = uints("networkDecisionMarks");
        uint256[] memory rosters = uints("networkRosterSizes");
        uint256[] memory checks = uints("networkSuspiciousChecks");
        uint256[] memory fitted = uints("networkEffectiveDecisionMarks");
        uint256[] memory coverages = uints("networkCoverages");
        uint256[] memory capacities = uints("networkCapacities");
        for (uint256 i; i < marks.length; ++i) {
            equal(Assignment.decisionMarks(marks[i], rosters[i]), fitted[i], "K_e");
            equal(Assignment.coverage(fitted[i]), coverages[i], "c");
            equal(Assignment.capacity(rosters[i], checks[i], fitted[i]), capacities[i], "capacity");
        }
    }

    struct Steps {
        uint256[] gains;
        uint256[] streaksFull;
        uint256[] scores;
        uint256[] streaks;
        uint256[] targets;
        bool[] malicious;
        bool[] former;
        uint256[] scoresAfter;
        uint256[] streaksAfter;
    }

    function test_steps() public view {
        Steps memory c;
        c.gains = uints("stepGains");
        c.streaksFull = uints("stepFullStreaks");
        c.scores = uints("stepScores");
        c.streaks = uints("stepStreaks");
        c.targets = uints("stepTargets");
        c.malicious = vm.parseJsonBoolArray(json, ".stepMalicious");
        c.former = vm.parseJsonBoolArray(json, ".stepFormerIncarnations");
        c.scoresAfter = uints("stepScoresAfter");
        c.streaksAfter = uints("stepStreaksAfter");
        for (uint256 i; i < c.gains.length; ++i) {
            (uint256 score, uint256 streak) = Scoring.step(
                c.scores[i], c.streaks[i], c.targets[i], c.malicious[i], c.former[i], c.gains[i], c.streaksFull[i]
            );
            equal(score, c.scoresAfter[i], "score");
            equal(streak, c.streaksAfter[i], "streak");
        }
        isTrue(c.gains.length >= 36, "cases");
    }

    function test_decisions() public view {
        uint256[] memory positives = uints("decisionPositives");
        uint256[] memory negatives = uints("decisionNegatives");
        uint256[] memory clarities = uints("decisionClarities");
        uint256[] memory outcomes = uints("decisionOutcomes");
        for (uint256 i; i < positives.length; ++i) {
            Tally tally = Tallies.make(positives[i], negatives[i], 60);
            equal(tally.clarity(), clarities[i], "clarity");
            equal(SuspiciousLog.outcomeOf(tally), outcomes[i], "outcome");
        }
        isTrue(positives.length >= 14, "cases");
    }

    function test_weights() public view {
        uint256[] memory scores = uints("weightScores");
        uint256[] memory weights = uints("weights");
        for (uint256 i; i < scores.length; ++i) {
            equal(Scoring.weight(scores[i]), weights[i], "weight");
        }
    }
}
