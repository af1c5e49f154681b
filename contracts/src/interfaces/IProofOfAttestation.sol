// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice How far a device is trusted (R11). `Unknown`: no seat is bound to the device.
enum Tier {
    Unknown,
    Probation,
    Full,
    Warning,
    Restricted,
    Suspended,
    Blocked
}

/// @notice Why a block entered the suspicious log (R8), or entered it again (R9).
enum Suspicion {
    NegativeMark,
    Probation,
    UnverifiedPower,
    Unchecked,
    Unwinding,
    Flagged,
    Undecided
}

/// @notice Why a publication ended after its settlement (R6).
enum Refusal {
    None,
    Blocked,
    Exiting,
    Suspended,
    BoundElsewhere,
    RivalClaim,
    UndecidedBlock
}

/// @notice What may change by announcement; it takes effect with an opened epoch (docs/protocol.md, section 3).
/// @param latestChecks L1, checks of latest blocks a device; 1..=8
/// @param suspiciousChecks L2, checks of window entries a device; 2..=64 − L1
/// @param decisionMarks K, marks that decide, before fitting to the network (R5); L2..=90
/// @param maxPenalties Q, penalty points that block an admitted seat; 1..=255
/// @param fullGainStreak S, good steps in a row until the gain is full; 1..=15
/// @param finalityEpochs epochs from passing to honest for good; 1..=11
/// @param powerToleranceBps deviation from verified power that is still the same, in basis points; 0..=10000
/// @param scoreGainBps share of the distance that one step covers, in basis points; 1..=10000
/// @param admissionScore score a seat starts and restarts with, in basis points; 5000..=8999
/// @param restartCooldownEpochs epochs from suspension to restart; 0..=1000
/// @param rewardDelayEpochs epochs in which a bucket of rewards matures; 1..=1825
/// @param unbondingEpochs epochs from announcing an exit to the principal; 1..=3650
/// @param restrictedRewardBps share of the reward in tier Restricted, in basis points; 0..=10000
/// @param bountyBps share of a deposit paid to who reports or removes, in basis points; 0..=5000
/// @param minDeposit deposit of a joining seat, in the token's smallest unit; 1..=10^30
/// @param rewardPerEpoch pot of an epoch from each source, in the token's smallest unit; 0..=10^30
struct Parameters {
    uint8 latestChecks;
    uint8 suspiciousChecks;
    uint8 decisionMarks;
    uint8 maxPenalties;
    uint8 fullGainStreak;
    uint8 finalityEpochs;
    uint16 powerToleranceBps;
    uint16 scoreGainBps;
    uint16 admissionScore;
    uint16 restartCooldownEpochs;
    uint16 rewardDelayEpochs;
    uint16 unbondingEpochs;
    uint16 restrictedRewardBps;
    uint16 bountyBps;
    uint128 minDeposit;
    uint128 rewardPerEpoch;
}

/// @notice What never changes.
/// @param genesis start of epoch 0, Unix seconds; not before the deployment
/// @param epochSeconds length of an epoch, in seconds; 12..=31536000
/// @param retentionEpochs epochs for which blocks live; 16..=40
/// @param maxSeats seats that can ever be registered; 1..=2^20
struct Settings {
    address token;
    address owner;
    uint64 genesis;
    uint32 epochSeconds;
    uint16 retentionEpochs;
    uint32 maxSeats;
}

/// @notice A seat's claims at founding, joining or restart.
struct Registration {
    address operator;
    bytes32 deviceId;
    address incarnation;
    bytes32 measurement;
}

/// @notice A measurement with the epochs in which it is allowed, both included (R16).
struct ReferenceValue {
    bytes32 measurement;
    uint32 fromEpoch;
    uint32 untilEpoch;
}

/// @notice What a device publishes; the rest of its confirmation block the contract knows (R6).
/// @param previousDigest digest of the seat's block before this one; zero for the first
/// @param challenge R4's challenge for this seat and epoch
/// @param marks 64 places of four bits, place 0 lowest: latest blocks first, then window places
/// @param latestBindings hash of the evidence bindings (4.5) of those latest blocks, in order of place, that got a mark
/// other than 0; zero if none did
/// @param power benchmark result
/// @param deviceId, incarnation the seat's
/// @param measurement the incarnation's
/// @param certificatesHash of the certificates that the incarnation published last; zero if none
/// @param r first half of the incarnation's signature of the block's EIP-712 digest
/// @param vs second half, compact as in EIP-2098
/// @param evidence bundle of quote and properties
/// @param certificates what belongs into the quote; empty if as published before. With `evidence` at most 16 KiB
struct Publication {
    uint32 seat;
    uint64 power;
    bytes32 previousDigest;
    bytes32 challenge;
    bytes32 propertiesDigest;
    uint256 marks;
    bytes32 latestBindings;
    bytes32 deviceId;
    address incarnation;
    bytes32 measurement;
    bytes32 certificatesHash;
    bytes32 r;
    bytes32 vs;
    bytes evidence;
    bytes certificates;
}

/// @notice What differs between two blocks of one incarnation for one challenge (R15).
/// @param r first half of the incarnation's signature of the block's EIP-712 digest
/// @param vs second half, compact as in EIP-2098
struct Statement {
    bytes32 measurement;
    uint64 power;
    bytes32 propertiesDigest;
    uint256 marks;
    bytes32 latestBindings;
    bytes32 r;
    bytes32 vs;
}

/// @notice Two blocks that an honest enclave does not both sign (R15).
struct Equivocation {
    uint32 seat;
    address incarnation;
    uint32 epoch;
    bytes32 previousDigest;
    bytes32 challenge;
    Statement first;
    Statement second;
}

/// @notice A block's place: its epoch and its order there (R3).
struct BlockRef {
    uint32 epoch;
    uint32 order;
}

/// @notice A seat's power (R10).
/// @param verified last verified power
/// @param unverified whether an off block awaits confirmation
/// @param offEpoch epoch of the off block with which that began; kept when it ends
/// @param blockEpoch epoch of the block that set the verified power, if `hasBlock`
struct PowerView {
    uint64 verified;
    bool unverified;
    uint32 offEpoch;
    bool hasBlock;
    uint32 blockEpoch;
}

/// @notice A seat's money, in the token's smallest unit.
/// @param paidOut the deposit was withdrawn after exit (R13)
/// @param newRewards, oldRewards, maturedRewards as of the last roll, at `rolledEpoch` (R12)
struct FundsView {
    uint128 deposit;
    bool paidOut;
    uint128 newRewards;
    uint128 oldRewards;
    uint128 maturedRewards;
    uint32 rolledEpoch;
}

/// @notice A seat as it stands.
/// @param identity hash of what a publication brings along (R6)
/// @param joinedIndex number of opened epochs when it joined (R1)
/// @param unbondedEpoch epoch from which the deposit may be withdrawn, while `exiting` (R13)
struct SeatView {
    address provider;
    address operator;
    bytes32 deviceId;
    address incarnation;
    bytes32 measurement;
    bytes32 lastDigest;
    bytes32 identity;
    uint32 sinceEpoch;
    uint32 joinedIndex;
    uint32 suspendedEpoch;
    uint32 unbondedEpoch;
    uint32 lastEpoch;
    uint32 lastGoodEpoch;
    uint32 seenIndex;
    bool hasPublished;
    bool hasGoodBlock;
    bool admitted;
    bool exiting;
    Tier tier;
    uint16 score;
    uint8 streak;
    uint8 penalties;
    PowerView power;
    FundsView funds;
}

/// @notice A block as it stands. Its tally is that of its log entry while it is logged.
/// @param share of its epoch's pot (R12); 0 if it is off
/// @param offPower its power, if it is off (R10)
struct BlockView {
    uint32 seat;
    uint32 epoch;
    uint32 order;
    uint16 weight;
    uint32 positive;
    uint32 negative;
    uint8 count;
    bool logged;
    bool passed;
    bool decided;
    bool malicious;
    bool honestForGood;
    bool accuser;
    bool off;
    bool due;
    uint40 position;
    uint32 rank;
    uint64 share;
    uint64 offPower;
    uint256 countedMarks;
    bytes32 evidenceBinding;
}

/// @notice An epoch as its opening froze it. `opened` once its seed is set.
struct EpochView {
    uint32 epoch;
    bool opened;
    bytes32 root;
    uint64 seedBlock;
    uint32 rosterEpoch;
    uint32 rosterSize;
    uint40 windowStart;
    uint32 windowSize;
    uint8 latestChecks;
    uint8 suspiciousChecks;
    uint8 decisionMarks;
    uint32 previousOpened;
    uint32 nextOpened;
    uint32 weightedBlocks;
    uint32 weightlessBlocks;
    uint40 logEnd;
    uint128 pot;
    uint128 left;
    uint256 shares;
    bytes32 policyDigest;
    bytes32 referenceDigest;
}

/// @notice Where the network stands.
/// @param resumesEpoch first epoch after the last pause; 0 if there was none
/// @param lastSeed the last seed set, of whatever epoch (R2)
/// @param carry, purses, deposits, bounties what the contract owes or keeps (R12), in the token's smallest unit
struct NetworkView {
    uint32 epoch;
    uint32 lastOpened;
    uint32 openedEpochs;
    uint32 seats;
    uint40 logEnd;
    uint40 windowStart;
    uint40 windowEnd;
    uint8 decisionMarks;
    bool paused;
    uint32 resumesEpoch;
    bool hasWeighted;
    uint32 weightedEpoch;
    bytes32 lastSeed;
    uint128 carry;
    uint128 purses;
    uint128 deposits;
    uint128 bounties;
}

/// @notice What a relying party learns of a device (R17).
struct Trust {
    uint32 seat;
    Tier tier;
    uint16 score;
    bool operational;
    bool flagged;
    address incarnation;
    bytes32 measurement;
    bool hasGoodBlock;
    uint32 lastGoodEpoch;
    uint128 deposit;
}

/// @title What devices call each epoch
interface IConfirmation {
    /// @notice Opens the clock's epoch and fixes the block whose hash seeds it (R2).
    function openEpoch() external;

    /// @notice Sets the opened epoch's seed, once its source block is known (R2). Publication does it, too.
    function seedEpoch() external;

    /// @notice Publishes a confirmation block (R6). By the seat's operator, who answers for the evidence.
    /// @return refusal None if published; else only the settlement took place
    function publish(Publication calldata publication) external returns (Refusal refusal);

    /// @notice Settles up to 16 blocks, skipping those not due (R9).
    /// @return settled how many were due
    function settle(BlockRef[] calldata blocks) external returns (uint256 settled);
}

/// @title Founding, governance, seats, and what relying contracts ask
interface IRegistry {
    // ---- founding and governance (owner) ------------------------------------------------------------------

    /// @notice Names a founding seat before genesis: admitted, score 10000, full streak (R1). The owner pays.
    function found(address provider, Registration calldata registration, uint64 verifiedPower)
        external
        returns (uint32 seat);

    /// @notice Sets the evidence policy; it holds from the next opening on (R16). At most 24 KiB.
    function setPolicy(bytes calldata document) external;

    /// @notice Replaces the reference values; they hold from the next opening on (R16). At most 32, in strictly
    /// ascending order of measurement.
    function setReferenceValues(ReferenceValue[] calldata values) external;

    /// @notice Announces parameters; they take effect with the first epoch opened from 7 epochs after this one on.
    function announceParameters(Parameters calldata parameters_) external;

    /// @notice Pauses joining and opening, or goes on from the next epoch. What is opened runs to its end, and it never
    /// stops settlement, exits or withdrawals.
    function setPaused(bool paused) external;

    /// @notice Announces the way back from standstill (R1).
    function announceStandstill() external;

    /// @notice Revives up to 64 admitted seats after an announced standstill, passing over who may not be (R1).
    function revive(uint32[] calldata seats) external;

    // ---- seats --------------------------------------------------------------------------------------------

    /// @notice Makes a provisional seat; the caller is its provider and pays `minDeposit` (R1).
    function join(Registration calldata registration) external returns (uint32 seat);

    /// @notice Begins a new incarnation (R11). By operator or provider.
    function restart(uint32 seat, address incarnation, bytes32 measurement) external;

    /// @notice Removes a seat that was not admitted within `retentionEpochs`; pays the caller a bounty (R1).
    function remove(uint32 seat) external;

    /// @notice Names another operator (R1). By the provider. The certificates count as not published.
    function setOperator(uint32 seat, address operator) external;

    /// @notice Announces exit: the seat publishes no more, and its deposit unbonds (R13). By the provider.
    function exit(uint32 seat) external;

    /// @notice Takes a seat that is paid out up again, as a restart, for `minDeposit` (R13). By its provider.
    function rejoin(uint32 seat, address operator, address incarnation, bytes32 measurement) external;

    /// @notice Blocks the seat of an incarnation that signed two blocks for one challenge (R15). Pays the caller a
    /// bounty.
    function reportEquivocation(Equivocation calldata pair) external;

    // ---- withdrawals: never paused ------------------------------------------------------------------------

    /// @notice Pays the deposit of a seat that has left, less what its penalties withhold (R13). To its provider.
    function withdrawDeposit(uint32 seat) external returns (uint256 amount);

    /// @notice Pays a seat's matured rewards (R12). To its provider.
    function withdrawRewards(uint32 seat) external returns (uint256 amount);

    /// @notice Pays the caller's bounties.
    function withdrawBounty() external returns (uint256 amount);

    // ---- what relying contracts ask (R17) -----------------------------------------------------------------

    function trustOf(bytes32 deviceId) external view returns (Trust memory);
    function isTrusted(bytes32 deviceId, uint16 minScore, uint32 maxAgeEpochs) external view returns (bool);
    function boundSeatOf(bytes32 deviceId) external view returns (uint32 seat);
    function settings() external view returns (Settings memory);
}

/// @title The state as it can be looked at
interface IReader {
    function seatOf(uint32 seat) external view returns (SeatView memory);
    function blockOf(uint32 epoch, uint32 order) external view returns (BlockView memory);
    function blockOfSeat(uint32 seat, uint32 epoch) external view returns (BlockView memory);
    function epochOf(uint32 epoch) external view returns (EpochView memory);
    function network() external view returns (NetworkView memory);
    function parameters() external view returns (Parameters memory);

    /// @notice Parameters announced and not adopted yet, and the epoch from which they take effect.
    function announcedParameters()
        external
        view
        returns (bool announced, uint32 fromEpoch, Parameters memory parameters_);

    function referenceValues() external view returns (bytes32 digest, ReferenceValue[] memory values);
    function policyDigest() external view returns (bytes32);
    function bountyOf(address account) external view returns (uint256);

    /// @notice The log entry at `position`: its block, tally, and outcome: 0 none yet, 8 logged
    /// again, 1 to 7 honest and 9 to 15 malicious, from a toss-up to beyond doubt (R9).
    function logEntry(uint40 position)
        external
        view
        returns (BlockRef memory ref, uint32 positive, uint32 negative, uint8 count, uint8 outcome);

    /// @notice The challenge of `seat` in the last opened epoch (R4).
    function challengeOf(uint32 seat) external view returns (bytes32);

    /// @notice What `seat` is assigned in the last opened epoch: rank, latest blocks, log positions (R4).
    /// Positions of empty places are 2^40 − 1.
    function assignmentOf(uint32 seat)
        external
        view
        returns (bool ranked, uint32 rank, BlockRef[] memory latest, uint40[] memory positions);
}

/// @title Proof of Attestation: devices verify each other's evidence, the contract keeps the score
/// @notice Rules are numbered R1–R17 as in docs/protocol.md. The events suffice to rebuild the state.
interface IProofOfAttestation is IConfirmation, IRegistry, IReader {
    // ---- events -------------------------------------------------------------------------------------------

    event NetworkDeployed(address indexed registry, Settings settings, Parameters parameters);
    event SeatRegistered(
        uint32 indexed seat,
        bytes32 indexed deviceId,
        address indexed provider,
        address operator,
        uint128 deposit,
        bool founding,
        uint64 verifiedPower
    );
    event IncarnationBegun(
        uint32 indexed seat, address indexed incarnation, bytes32 measurement, uint32 sinceEpoch
    );
    event SeatRestarted(uint32 indexed seat, uint32 epoch, uint16 score);
    event SeatAdmitted(uint32 indexed seat, uint32 epoch, bytes32 indexed deviceId);
    event ProbationBegun(uint32 indexed seat, uint32 epoch);
    event SeatSuspended(uint32 indexed seat, uint32 epoch, uint16 score);
    event SeatPenalised(uint32 indexed seat, uint32 epoch, uint8 penalties);
    event SeatBlocked(uint32 indexed seat, uint32 epoch, uint128 slashed, uint128 rewardsLost);
    event SeatRemoved(uint32 indexed seat, uint32 epoch, address indexed remover, uint128 bounty);
    event OperatorSet(uint32 indexed seat, address indexed operator);
    event SeatExiting(uint32 indexed seat, uint32 epoch, uint128 fee);
    event SeatRejoined(uint32 indexed seat, uint32 epoch, address operator, uint128 deposit);
    event EquivocationProven(
        uint32 indexed seat,
        address indexed incarnation,
        uint32 epoch,
        address indexed reporter,
        uint128 bounty
    );
    event DepositPaid(uint32 indexed seat, address indexed to, uint128 amount, uint128 withheld);
    event RewardPaid(uint32 indexed seat, address indexed to, uint128 amount);
    event BountyPaid(address indexed to, uint128 amount);

    event EpochOpened(
        uint32 indexed epoch,
        uint64 seedBlock,
        uint32 rosterEpoch,
        uint32 rosterSize,
        uint40 windowStart,
        uint32 windowSize,
        uint8 decisionMarks,
        uint128 pot,
        bytes32 policyDigest,
        bytes32 referenceDigest
    );
    event EpochSeeded(uint32 indexed epoch, bytes32 seed, bytes32 root);
    event ParametersAnnounced(uint32 fromEpoch, Parameters parameters);
    event ParametersAdopted(uint32 indexed epoch);
    event PauseSet(bool paused);

    /// @dev `reward` of `BlockDecided` and `BlockFinal`: what the block took out of its epoch's pot, for its seat; for carry
    /// if it is malicious or the seat is blocked (R12).
    event BlockPublished(
        uint32 indexed seat,
        uint32 indexed epoch,
        bytes32 digest,
        uint32 order,
        uint16 weight,
        uint64 power,
        bytes32 propertiesDigest,
        uint256 marks,
        bytes32 latestBindings,
        bytes32 r,
        bytes32 vs,
        bytes evidence
    );
    event CertificatesPublished(uint32 indexed seat, uint32 indexed epoch, bytes certificates);
    event PowerUnverified(uint32 indexed seat, uint32 indexed epoch, uint64 power);
    event PowerVerified(uint32 indexed seat, uint32 indexed epoch, uint64 power);
    event PublicationRefused(uint32 indexed seat, uint32 indexed epoch, Refusal reason);
    event BlockLogged(uint32 indexed epoch, uint32 indexed order, uint40 position, Suspicion reason);
    event BlockPassed(
        uint32 indexed seat, uint32 indexed epoch, uint16 judgement, uint16 score, uint8 streak
    );
    event BlockDecided(
        uint32 indexed seat,
        uint32 indexed epoch,
        bool malicious,
        uint32 positive,
        uint32 negative,
        uint8 count,
        uint16 judgement,
        uint16 score,
        uint8 streak,
        uint128 reward
    );
    event BlockFinal(uint32 indexed seat, uint32 indexed epoch, uint128 reward);

    event PolicySet(bytes32 indexed digest, bytes document);
    event ReferenceValuesSet(bytes32 indexed digest, ReferenceValue[] values);
    event StandstillAnnounced(uint32 epoch, uint32 reviveFromEpoch);
    event SeatRevived(uint32 indexed seat, uint32 epoch, uint16 score);

    // ---- errors -------------------------------------------------------------------------------------------

    error SettingOutOfBounds(bytes32 name);
    error ParameterOutOfBounds(bytes32 name);
    error NetworkNotStarted(uint64 genesis);
    error NetworkAlreadyStarted(uint64 genesis);
    error NetworkPaused();
    error ParametersPending(uint32 fromEpoch);
    error SeatLimitReached(uint32 maxSeats);
    error SeatUnknown(uint32 seat);
    error CallerNotOperator(uint32 seat, address caller);
    error CallerNotProvider(uint32 seat, address caller);
    error IdentityWrong(uint32 seat);
    error RegistrationIncomplete();
    error DeviceIdBound(bytes32 deviceId, uint32 seat);
    error DepositIncomplete(uint256 expected, uint256 received);
    error SeatIsBlocked(uint32 seat);
    error SeatIsExiting(uint32 seat);
    error SeatNotRemovable(uint32 seat);
    error SeatNotExiting(uint32 seat);
    error SeatNotPaidOut(uint32 seat);
    error SeatPaidOut(uint32 seat);
    error DepositLocked(uint32 seat, uint32 fromEpoch);
    error BlocksStillOpen(uint32 seat);
    error IncarnationUnknown(uint32 seat, address incarnation);
    error EquivocationUnproven();
    error RestartTooEarly(uint32 seat, uint32 fromEpoch);
    error IncarnationNotNew(address incarnation);
    error NothingToPay(address to);
    error EpochAlreadyOpened(uint32 epoch);
    error EpochNotOpened(uint32 epoch);
    error SeedNotYetKnown(uint64 seedBlock);
    error SeedExpired(uint64 seedBlock);
    error EpochAlreadyPublished(uint32 seat, uint32 epoch);
    error PreviousDigestWrong(bytes32 expected);
    error ChallengeWrong(bytes32 expected);
    error SignatureWrong(bytes32 digest);
    error MarkUnknown(uint256 marks);
    error MarkUnassigned(uint256 marks);
    error LatestBindingsWrong(bytes32 expected);
    error EvidenceTooLarge(uint256 size);
    error EvidenceMissing();
    error TooMany(uint256 given, uint256 limit);
    error DocumentTooLarge(uint256 size);
    error DocumentMissing();
    error ReferenceValueInvalid(uint256 index);
    error NoStandstill(uint32 lastEpoch);
    error StandstillTooEarly(uint32 fromEpoch);
    error StandstillNotAnnounced();
    error BlockUnknown(uint32 epoch, uint32 order);
    error LogEntryUnknown(uint40 position);
}
